"""Save, list, delete and compare subsets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Connection

from orbench_studio.domain.core.amounts import counted
from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.core.prompt import text_identity
from orbench_studio.domain.core.rates import Rate
from orbench_studio.domain.curation.recipe import Recipe
from orbench_studio.domain.curation.selection import Selection, select
from orbench_studio.domain.curation.subset import Difference, DifferingPrompt, Subset, SubsetState, SubsetSummary
from orbench_studio.errors import StudioError
from orbench_studio.formats.reading import read_columns
from orbench_studio.formats.records import RowFault
from orbench_studio.services.curation.run_recipe import candidates_in
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.curation import near_duplicates, subsets
from orbench_studio.store.data.known_records import prompts as known_prompts

_MAX_NAME = 100  # characters of a name


def save_subset(workspace: Workspace, name: str, recipe: Recipe, *, replace: bool = False) -> Changes:
    """Apply a recipe and save the result as a subset, in one transaction.

    Saving the same recipe with the same result again changes nothing. Raises StudioError if another subset has the name
    and `replace` is False, and if the recipe selects no prompts.
    """
    name = _checked(name)
    with workspace.writing() as db:
        found = select(recipe, candidates_in(db, workspace, recipe))
        _require_prompts(found)
        subset = Subset(name, recipe.text, datetime.now(UTC), found.chosen, _state(db, workspace, recipe, found))
        before = subsets.load(db, name)
        if before is not None and _is_same(before, subset):
            prompts = counted(len(found.chosen), "prompt")
            return Changes(message=f"{name} is unchanged: the recipe selects the same {prompts}.")
        if before is not None and not replace:
            raise StudioError(
                f"The subset “{name}” already exists with other prompts or another recipe. Choose another name, or "
                "replace it."
            )
        subsets.save(db, subset, found.removed_at)
    return Changes(frozenset({Kind.SUBSETS}), None, f"{name}: {counted(len(found.chosen), 'prompt')} saved.")


def saved_subsets(workspace: Workspace) -> list[SubsetSummary]:
    """List the subsets, newest first."""
    with workspace.reading() as db:
        return subsets.listed(db)


def saved_subset(workspace: Workspace, name: str) -> Subset:
    """Read a subset. Raises StudioError if it does not exist."""
    with workspace.reading() as db:
        return _required(db, name)


def remove_subset(workspace: Workspace, name: str) -> Changes:
    """Delete a subset; its prompts are kept."""
    with workspace.writing() as db:
        _required(db, name)
        subsets.remove(db, name)
    return Changes(frozenset({Kind.SUBSETS}), None, f"Subset {name} deleted. Its prompts are kept.")


def compare(workspace: Workspace, first: str, second: str) -> Difference:
    """Compare two sets of prompts. Each is the name of a subset or a table with a column `prompt`.

    The reason for a missing prompt is the recipe step that removed it when the subset was saved. Raises StudioError for
    a name that is neither.
    """
    with workspace.reading() as db:
        sides = [_side(db, name) for name in (first, second)]
        one, other = sides
        only_one = [identity for identity in one.texts if identity not in other.texts]
        only_other = [identity for identity in other.texts if identity not in one.texts]
        return Difference(
            first,
            second,
            len(one.texts) - len(only_one),
            _differing(db, one, only_one, other),
            _differing(db, other, only_other, one),
        )


@dataclass(frozen=True, slots=True)
class _Side:
    """A set of prompts by identity of the text; `subset` is None for a file."""

    name: str
    texts: Mapping[bytes, tuple[str, str | None]]
    subset: Subset | None = None
    ids: Mapping[bytes, int] = field(default_factory=dict)


def _checked(name: str) -> str:
    name = name.strip()
    if not name or len(name) > _MAX_NAME or not name.isprintable():
        raise StudioError(f"A subset needs a name of 1 to {_MAX_NAME} printable characters.")
    return name


def _require_prompts(found: Selection) -> None:
    if found.stopped:
        shortages = "; ".join(one.message for one in found.shortages)
        raise StudioError(f"Nothing was saved: the recipe stops because there are only {shortages}.")
    if not found.chosen:
        raise StudioError("Nothing was saved: the recipe selects no prompts.")


def _is_same(before: Subset, now: Subset) -> bool:
    if before.state is None or now.state is None:
        return False
    states = before.state, now.state
    return before.recipe == now.recipe and len({(state.prompts_sha256, state.refusals) for state in states}) == 1


def _state(db: Connection, workspace: Workspace, recipe: Recipe, found: Selection) -> SubsetState:
    grouping = near_duplicates.grouping(db)
    return SubsetState(
        workspace.uuid,
        subsets.journal_length(db),
        subsets.workspace_counts(db),
        Rate(found.human_labels, len(found.chosen)),
        sha256(recipe.text.encode()).hexdigest(),
        subsets.content_hash(db, found.chosen),
        grouping.threshold if grouping else None,
        found.steps,
        recipe.refusals,
    )


def _required(db: Connection, name: str) -> Subset:
    subset = subsets.load(db, name)
    if subset is None:
        there = ", ".join(subsets.names(db)) or "none yet"
        raise StudioError(f"There is no subset “{name}”. Subsets in this workspace: {there}.")
    return subset


def _side(db: Connection, name: str) -> _Side:
    subset = subsets.load(db, name)
    if subset is None and Path(name).is_file():
        return _published(db, Path(name))
    subset = subset or _required(db, name)
    known = subsets.texts_and_categories(db, subset.prompt_ids)
    ids = {text_identity(known[prompt_id][0]): prompt_id for prompt_id in subset.prompt_ids}
    return _Side(name, {identity: known[prompt_id] for identity, prompt_id in ids.items()}, subset, ids)


def _published(db: Connection, file: Path) -> _Side:
    texts: dict[bytes, tuple[str, str | None]] = {}
    with read_columns(file, ["prompt"]) as rows:
        for row in rows:
            if isinstance(row, RowFault):
                raise StudioError(f"{file.name}, line {row.line}: {row.reason}")
            texts[text_identity(row[1][0])] = (row[1][0], None)
    known, _ = known_prompts(db, set(texts), ())
    return _Side(file.name, texts, None, {identity: one.id for identity, one in known.items()})


def _differing(db: Connection, has: _Side, identities: Sequence[bytes], lacks: _Side) -> list[DifferingPrompt]:
    ids = [has.ids[identity] for identity in identities if identity in has.ids]
    steps = subsets.removal_steps(db, lacks.name, ids) if lacks.subset else {}
    now = subsets.texts_and_categories(db, ids)
    found = []
    for identity in identities:
        prompt_id = has.ids.get(identity)
        category = now[prompt_id][1] if prompt_id is not None else has.texts[identity][1]
        why = _reason(lacks, prompt_id, steps)
        found.append(DifferingPrompt(prompt_id, has.texts[identity][0], category, why))
    return found


def _reason(lacks: _Side, prompt_id: int | None, steps: Mapping[int, int]) -> str:
    if lacks.subset is None:
        return "not in the file"
    if prompt_id is None:
        return "not in this workspace"
    if lacks.subset.state is None or not lacks.subset.recipe.strip():
        return "unknown: the subset was saved without a recipe"
    if (step := steps.get(prompt_id)) is None:
        return "unknown: the prompt or the subset was imported later"
    return lacks.subset.state.steps[step].name
