"""Curating: what a recipe makes of the workspace, and what the models do on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from orbench_studio.domain.audit.refusal_rates import Tally
from orbench_studio.domain.curation.near_duplicates import Grouping
from orbench_studio.domain.curation.recipe import COUNTS, PEOPLE, Recipe, RecipeError, read_recipe
from orbench_studio.domain.curation.selection import Candidate, Selection, Shortage, Step, select
from orbench_studio.errors import StudioError
from orbench_studio.formats.small_text import text_of
from orbench_studio.resources_dir import resources
from orbench_studio.services.audit import audit_counts
from orbench_studio.services.audit.rater_reliability import safe_probabilities
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.curation import candidates, near_duplicates
from orbench_studio.store.review import queue

__all__ = ["RecipeError", "Selection", "Shortage", "Step", "Tally"]


@dataclass(frozen=True, slots=True)
class RecipeRun:
    """A recipe with every prompt of the workspace as it looks at them."""

    recipe: Recipe
    candidates: Sequence[Candidate]


def recipe_in(file: Path) -> Recipe:
    """The recipe in a file; a StudioError names the file, and the line where the text is no recipe."""
    try:
        return read_recipe(text_of(file))
    except RecipeError as error:
        raise StudioError(f"{file.name}: {error}") from error


def default_recipes() -> dict[str, str]:
    """The recipes that come with the studio, by name."""
    files = sorted((resources() / "recipes").glob("*.toml"))
    return {file.stem: file.read_text(encoding="utf-8") for file in files}


def run_recipe(workspace: Workspace, recipe: Recipe) -> Selection:
    """What the recipe makes of the workspace as it is now. Raises StudioError where it asks for what is not there."""
    return compute(preview(workspace, recipe))


def preview(workspace: Workspace, recipe: Recipe) -> RecipeRun:
    """Read what the recipe looks at. Raises StudioError where it asks for a judge, a family, or groups not there."""
    with workspace.reading() as db:
        return preview_in(db, workspace, recipe)


def preview_in(db: Connection, workspace: Workspace, recipe: Recipe) -> RecipeRun:
    """The same in a transaction that is under way."""
    if recipe.judgement not in (COUNTS, PEOPLE):
        _require([recipe.judgement], candidates.judge_names(db), "judge", [COUNTS, PEOPLE])
    _require(recipe.of, candidates.family_names(db), "model family")
    if recipe.per_group:
        _require_groups(near_duplicates.grouping(db), queue.total(db))
    # The counts are read in another transaction: they are the same because this one has written nothing yet.
    p_safe = safe_probabilities(workspace, audit_counts.read(workspace)) if recipe.p_safe is not None else {}
    return RecipeRun(recipe, candidates.candidates(db, recipe, p_safe))


def compute(looked: RecipeRun) -> Selection:
    """Apply the recipe to what has been read; computes only, and needs no workspace."""
    return select(looked.recipe, looked.candidates)


def rates(workspace: Workspace, prompt_ids: Sequence[int]) -> Mapping[str, Tally]:
    """How every model's responses to these prompts ended, by the answer class that counts."""
    with workspace.reading() as db:
        return candidates.tallies(db, prompt_ids)


def _require(wanted: Sequence[str], there: Sequence[str], what: str, besides: Sequence[str] = ()) -> None:
    for name in wanted:
        if name not in there:
            known = ", ".join([*besides, *there]) or "none"
            raise StudioError(f"There is no {what} “{name}” in this workspace. There are: {known}.")


def _require_groups(grouping: Grouping | None, prompts: int) -> None:
    if grouping is None:
        raise StudioError(
            "per_group needs the groups of near duplicates, and nobody has looked for any yet. Find them first."
        )
    if grouping.compared != prompts:
        new = prompts - grouping.compared
        raise StudioError(f"{new:,} prompts came after the near duplicates were found. Find them again.")
