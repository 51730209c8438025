"""Saved subsets: kept with the recipe and what the workspace was like, listed, removed, compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Connection

from orbench_studio.domain.core.annotation import Basis
from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.core.prompt import text_identity
from orbench_studio.domain.core.rates import Rate
from orbench_studio.domain.curation.recipe import Recipe
from orbench_studio.domain.curation.selection import Selection
from orbench_studio.domain.curation.subset import Difference, DifferingPrompt, Subset, SubsetState, SubsetSummary
from orbench_studio.errors import StudioError
from orbench_studio.formats.reading import read_columns
from orbench_studio.formats.records import RowFault
from orbench_studio.services.curation.run_recipe import RecipeRun, compute, preview_in
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.curation import near_duplicates, subsets
from orbench_studio.store.data.known_records import prompts as known_prompts

_LONGEST = 100  # characters of a name


def save_subset(workspace: Workspace, name: str, recipe: Recipe, *, replace: bool = False) -> Changes:
    """Keep what the recipe makes of the workspace under a name, in one transaction.

    Where the same recipe has made the same prompts under this name before, nothing changes. Raises StudioError for a
    name that another subset has, unless that is to be replaced, and for a recipe that takes nothing.
    """
    name = _checked(name)
    with workspace.writing() as db:
        looked = preview_in(db, workspace, recipe)
        found = compute(looked)
        _require_some(found)
        subset = Subset(name, recipe.text, datetime.now(UTC), found.chosen, _state(db, workspace, looked, found))
        before = subsets.load(db, name)
        if before is not None and _same(before, subset):
            return Changes(
                message=f"{name} is as it was: the same recipe makes the same {len(found.chosen):,} prompts."
            )
        if before is not None and not replace:
            raise StudioError(
                f"There is a subset “{name}” already, with other prompts or another recipe. Choose another name, or "
                "replace it."
            )
        subsets.save(db, subset, found.fell)
    return Changes(frozenset({Kind.SUBSETS}), None, f"{name}: {len(found.chosen):,} prompts saved.")


def saved_subsets(workspace: Workspace) -> list[SubsetSummary]:
    """The subsets of the workspace, the newest first."""
    with workspace.reading() as db:
        return subsets.listed(db)


def saved_subset(workspace: Workspace, name: str) -> Subset:
    """A subset with all that was kept of it. Raises StudioError where there is none of that name."""
    with workspace.reading() as db:
        return _required(db, name)


def remove_subset(workspace: Workspace, name: str) -> Changes:
    """Forget a subset; the prompts stay as they are."""
    with workspace.writing() as db:
        _required(db, name)
        subsets.remove(db, name)
    return Changes(frozenset({Kind.SUBSETS}), None, f"{name} is gone; its prompts are as they were.")


def compare(workspace: Workspace, first: str, second: str) -> Difference:
    """What two sets of prompts differ in. Each is a subset's name, or a table with a column `prompt`, as published.

    Of what a subset lacks, the reason is the step of its recipe at which the prompt fell when the subset was saved.
    Raises StudioError for what is neither.
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
    """A set of prompts by the identities of their texts; `subset` is None for a file."""

    name: str
    texts: Mapping[bytes, tuple[str, str | None]]
    subset: Subset | None = None
    ids: Mapping[bytes, int] = field(default_factory=dict)


def _checked(name: str) -> str:
    name = name.strip()
    if not name or len(name) > _LONGEST or not name.isprintable():
        raise StudioError(f"A subset needs a name of up to {_LONGEST} characters, all of which can be seen.")
    return name


def _require_some(found: Selection) -> None:
    if found.stopped:
        message = "; ".join(one.words for one in found.short)
        raise StudioError(
            f"The recipe stops where prompts fall short, and there are only {message}. Nothing was saved."
        )
    if not found.chosen:
        raise StudioError("No prompt is left at the end of the recipe. Nothing was saved.")


def _same(before: Subset, now: Subset) -> bool:
    if before.state is None or now.state is None:
        return False
    return (before.recipe, before.state.prompts_sha256) == (now.recipe, now.state.prompts_sha256)


def _state(db: Connection, workspace: Workspace, looked: RecipeRun, found: Selection) -> SubsetState:
    chosen = set(found.chosen)
    human = sum(one.basis == Basis.HUMAN for one in looked.candidates if one.prompt_id in chosen)
    grouping = near_duplicates.grouping(db)
    return SubsetState(
        workspace.uuid,
        subsets.journal_length(db),
        subsets.workspace_counts(db),
        Rate(human, len(chosen)),
        sha256(looked.recipe.text.encode()).hexdigest(),
        subsets.content_hash(db, found.chosen),
        grouping.threshold if grouping else None,
        found.steps,
    )


def _required(db: Connection, name: str) -> Subset:
    subset = subsets.load(db, name)
    if subset is None:
        there = ", ".join(subsets.names(db)) or "none yet"
        raise StudioError(f"There is no subset “{name}”. Subsets here: {there}.")
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
    fell = subsets.fell(db, lacks.name, ids) if lacks.subset else {}
    now = subsets.texts_and_categories(db, ids)
    found = []
    for identity in identities:
        prompt_id = has.ids.get(identity)
        category = now[prompt_id][1] if prompt_id is not None else has.texts[identity][1]
        why = _why(lacks, prompt_id, fell)
        found.append(DifferingPrompt(prompt_id, has.texts[identity][0], category, why))
    return found


def _why(lacks: _Side, prompt_id: int | None, fell: Mapping[int, int]) -> str:
    if lacks.subset is None:
        return "not in the file"
    if prompt_id is None:
        return "not in this workspace"
    if lacks.subset.state is None or not lacks.subset.recipe.strip():
        return "not known: no recipe was kept"
    if (step := fell.get(prompt_id)) is None:
        return "not known: the prompt or the subset came with a later import"
    return lacks.subset.state.steps[step].words
