"""What the curate page asks of the workspace: a recipe applied off the window's thread, and saved subsets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from orbench_studio.domain.audit.refusal_rates import Tally
from orbench_studio.domain.core.changes import Changes
from orbench_studio.domain.curation.recipe import Recipe
from orbench_studio.domain.curation.selection import Selection
from orbench_studio.domain.curation.subset import Difference, Subset, SubsetSummary
from orbench_studio.domain.review.queue import QueueRow
from orbench_studio.errors import CancelledError
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.curation.run_recipe import RecipeRun
    from orbench_studio.services.workspace.workspace import Workspace

SHOWN = 200  # prompts of a subset that are listed
_PIECE = 2_000  # prompts whose responses are counted before a decision can get in between


class RecipeOperations(QObject):
    """Applies one recipe at a time: a new one, or `stop`, ends the work on the one before."""

    curated = Signal(object)  # a Curated
    listed = Signal(object)  # lines of the queue, of the first prompts that were taken
    rated = Signal(object)  # a Tally by model
    failed = Signal(str)  # what the recipe asks for and is not there

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._turn = 0

    def stop(self) -> None:
        """Nothing that was asked for is wanted any more."""
        self._turn += 1

    def apply(self, recipe: Recipe) -> None:
        """Tell what a recipe makes of the workspace as it is now."""
        self.stop()
        turn = self._turn

        def look(workspace: Workspace) -> RecipeRun:
            from orbench_studio.services.curation import run_recipe

            self._go_on(turn)
            return run_recipe.preview(workspace, recipe)

        self._session.run(
            look, lambda looked: self._reckon(looked, turn), lambda error: self._tell(error, turn), tells=False
        )

    def _reckon(self, looked: RecipeRun, turn: int) -> None:
        def work() -> Selection:
            from orbench_studio.services.curation import run_recipe

            self._go_on(turn)
            return run_recipe.compute(looked)

        def done(found: Selection) -> None:
            if turn == self._turn:
                self.curated.emit(found)
                self._list(found.chosen[:SHOWN], turn)
                self._rate(found.chosen, {}, turn)

        self._session.background.run(work, done, lambda error: self._tell(error, turn), tells=False)

    def _list(self, chosen: Sequence[int], turn: int) -> None:
        def work(workspace: Workspace) -> list[QueueRow]:
            from orbench_studio.services.review import search

            return search.queue_rows(workspace, chosen)

        self._session.run(work, lambda rows: self.listed.emit(rows) if turn == self._turn else None)

    def _rate(self, left: Sequence[int], before: Mapping[str, Tally], turn: int) -> None:
        """Count a piece, add it up, go on with the next."""

        def work(workspace: Workspace) -> Mapping[str, Tally]:
            from orbench_studio.services.curation import run_recipe

            self._go_on(turn)
            return run_recipe.rates(workspace, left[:_PIECE])

        def done(found: Mapping[str, Tally]) -> None:
            if turn != self._turn:
                return
            names = sorted({*before, *found})
            whole = {name: before.get(name, Tally()) + found.get(name, Tally()) for name in names}
            if len(left) > _PIECE:
                self._rate(left[_PIECE:], whole, turn)
            else:
                self.rated.emit(whole)

        self._session.run(work, done, lambda error: self._tell(error, turn), tells=False)

    def _go_on(self, turn: int) -> None:
        if turn != self._turn:
            raise CancelledError("Another recipe is asked for.")

    def _tell(self, error: Exception, turn: int) -> None:
        if turn == self._turn:
            self.failed.emit(str(error))


def recipes(session: Session, done: Callable[[dict[str, str]], object]) -> None:
    """Ask for the recipes to begin with, by name: those of the studio, then those of saved subsets."""

    def work(workspace: Workspace) -> dict[str, str]:
        from orbench_studio.services.curation import run_recipe, subsets

        saved = [subsets.saved_subset(workspace, one.name) for one in subsets.saved_subsets(workspace)]
        return run_recipe.default_recipes() | {f"of {one.name}": one.recipe for one in saved if one.recipe.strip()}

    session.run(work, done)


def subsets(session: Session, done: Callable[[list[SubsetSummary]], object]) -> None:
    """Ask for the saved subsets."""

    def work(workspace: Workspace) -> list[SubsetSummary]:
        from orbench_studio.services.curation import subsets

        return subsets.saved_subsets(workspace)

    session.run(work, done)


def subset(session: Session, name: str, done: Callable[[Subset], object]) -> None:
    """Ask for a saved subset."""

    def work(workspace: Workspace) -> Subset:
        from orbench_studio.services.curation import subsets

        return subsets.saved_subset(workspace, name)

    session.run(work, done)


def save(
    session: Session, name: str, recipe: Recipe, done: Callable[[Changes], object], *, replace: bool = False
) -> None:
    """Keep what a recipe makes of the workspace under a name."""

    def work(workspace: Workspace) -> Changes:
        from orbench_studio.services.curation import subsets

        return subsets.save_subset(workspace, name, recipe, replace=replace)

    session.run(work, done)


def remove(session: Session, name: str, done: Callable[[Changes], object]) -> None:
    """Forget a saved subset."""

    def work(workspace: Workspace) -> Changes:
        from orbench_studio.services.curation import subsets

        return subsets.remove_subset(workspace, name)

    session.run(work, done)


def compare(session: Session, first: str, second: str | Path, done: Callable[[Difference], object],
            failed: Callable[[Exception], object]) -> None:  # fmt: skip
    """Ask what two sets differ in; `failed` shows what cannot be compared."""

    def work(workspace: Workspace) -> Difference:
        from orbench_studio.services.curation import subsets

        return subsets.compare(workspace, first, str(second))

    session.run(work, done, failed, tells=False)
