"""Apply recipes to the workspace, and count the models' answers on the selected prompts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from sqlalchemy import Connection

from orbench_studio.domain.audit.refusal_rates import AuditOptions, Group, Tally
from orbench_studio.domain.curation.near_duplicates import Grouping
from orbench_studio.domain.curation.recipe import FINAL_CLASS, HUMAN_CLASS, Recipe, RecipeError, read_recipe
from orbench_studio.domain.curation.recipe_text import with_value
from orbench_studio.domain.curation.selection import Candidate, Selection, select
from orbench_studio.errors import StudioError
from orbench_studio.formats.small_text import text_of
from orbench_studio.resources_dir import resources
from orbench_studio.services.audit import audit_counts
from orbench_studio.services.audit.audit_counts import AuditCounts
from orbench_studio.services.audit.refusal_audit import audit
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.curation import candidates, near_duplicates
from orbench_studio.store.review import queue


@dataclass(frozen=True, slots=True)
class SubsetRates:
    """Responses of each model to selected prompts; `intervals` is the kind of the intervals of their rates.

    `by_others` counts the prompts that enough families refuse without the model's own one; empty if refusals did not
    select the prompts.
    """

    models: Mapping[str, Tally]
    intervals: str
    by_others: Mapping[str, Tally]


def recipe_in(file: Path) -> Recipe:
    """Read a recipe file. Raises StudioError with the file and the line of the fault."""
    if not file.suffix and not file.exists():
        raise StudioError(f"There is no recipe “{file}”. Built-in recipes: {', '.join(default_recipes())}.")
    try:
        return read_recipe(text_of(file))
    except RecipeError as error:
        raise StudioError(f"{file.name}: {error}") from error


def default_recipes() -> dict[str, str]:
    """Texts of the built-in recipes, by name."""
    files = sorted((resources() / "recipes").glob("*.toml"))
    return {file.stem: file.read_text(encoding="utf-8") for file in files}


def run_recipe(workspace: Workspace, recipe: Recipe) -> Selection:
    """Apply a recipe to the workspace. Raises StudioError for a judge, model family or groups that do not exist."""
    return select(recipe, read_candidates(workspace, recipe))


def read_candidates(workspace: Workspace, recipe: Recipe) -> Sequence[Candidate]:
    """Read the prompts for a recipe. Raises StudioError for a judge, model family or groups that do not exist."""
    with workspace.reading() as db:
        return candidates_in(db, workspace, recipe)


def candidates_in(db: Connection, workspace: Workspace, recipe: Recipe) -> Sequence[Candidate]:
    """Read the prompts for a recipe in an open transaction; see `read_candidates`."""
    if recipe.judgement not in (FINAL_CLASS, HUMAN_CLASS):
        _require([recipe.judgement], candidates.judge_names(db), "judge", [FINAL_CLASS, HUMAN_CLASS])
    _require(recipe.of, candidates.family_names(db), "model family")
    if recipe.per_group:
        _require_groups(near_duplicates.grouping(db), queue.total(db))
    if recipe.p_safe is None:
        return candidates.candidates(db, recipe, {})
    # Imported on first use: scipy takes long to import.
    from orbench_studio.services.audit.rater_reliability import safe_probabilities

    # `audit_counts.read` opens its own transaction. It sees the same rows, because nothing was written in this one yet.
    return candidates.candidates(db, recipe, safe_probabilities(workspace, audit_counts.read(workspace)))


def split(workspace: Workspace, recipe: Recipe) -> Recipe:
    """Return the recipe with the refusals of a random half of the model families only, so that the others can be rated.

    The half follows from the seed of the recipe. Raises StudioError if refusals do not select, or if the half has fewer
    families than must refuse.
    """
    with workspace.reading() as db:
        families = list(recipe.of) or candidates.family_names(db)
    half = sorted(Random(recipe.seed).sample(families, len(families) // 2))
    if not 0 < recipe.families <= len(half):
        raise StudioError(
            f"Half of {len(families):,} model families must be at least the {recipe.families:,} that refuse a prompt, "
            "and at least one. Change “families” in the recipe."
        )
    return read_recipe(with_value(recipe.text, "refused", "of", half))


def rates(workspace: Workspace, recipe: Recipe, found: Selection) -> SubsetRates:
    """Count each model's responses to the selected prompts by final answer class, by all and by other families."""
    if not found.chosen:
        return SubsetRates({}, "", {})
    with workspace.reading() as db:
        families = candidates.families_of_models(db)
    counts = audit_counts.read(workspace, found.chosen)
    if recipe.measures_others:
        counts = counts.of_prompts(found.chosen, "", "", without_first=True)
    others: dict[str, Tally] = {}
    for own in sorted(set(families.values())) if recipe.families else ():
        left = [one for one in found.chosen if len(found.refused_by[one] - {own}) >= recipe.families]
        tallies, _ = _tallies(counts.of_prompts(left, "", "")) if left else ({}, "")
        others |= {model: tallies.get(model, Tally()) for model, family in families.items() if family == own}
    return SubsetRates(*_tallies(counts), others)


def _tallies(counts: AuditCounts) -> tuple[dict[str, Tally], str]:
    """Count the responses of each model to all prompts, whatever their label; and the kind of the intervals."""
    found = audit(counts.labelled_safe(np.ones(len(counts.prompt_ids), bool)), AuditOptions())
    tallies = {model: found.tally(Group.SAFE, model) for model in sorted(counts.names)}
    return {model: tally for model, tally in tallies.items() if tally.responses}, found.intervals


def _require(wanted: Sequence[str], there: Sequence[str], kind: str, besides: Sequence[str] = ()) -> None:
    for name in wanted:
        if name not in there:
            known = ", ".join([*besides, *there]) or "none"
            raise StudioError(f"The workspace has no {kind} “{name}”. It has: {known}.")


def _require_groups(grouping: Grouping | None, prompts: int) -> None:
    if grouping is None:
        raise StudioError("per_group needs the groups of near duplicates. Find near duplicates first.")
    if grouping.compared != prompts:
        new = prompts - grouping.compared
        raise StudioError(
            f"{new:,} prompts were added after the last search for near duplicates. Find near duplicates again."
        )
