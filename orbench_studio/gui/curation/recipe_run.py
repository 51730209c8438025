"""Apply recipes outside the GUI thread, and list the saved subsets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from orbench_studio.domain.curation.recipe import Recipe
from orbench_studio.domain.curation.selection import Candidate, Selection, select
from orbench_studio.domain.curation.subset import SubsetSummary
from orbench_studio.domain.review.queue import QueueRow
from orbench_studio.errors import CancelledError
from orbench_studio.gui.workspace.session import Session
from orbench_studio.services.review import search

if TYPE_CHECKING:
    from orbench_studio.services.curation.run_recipe import SubsetRates
    from orbench_studio.services.workspace.workspace import Workspace

_SHOWN = 200  # listed prompts


class RecipeOperations(QObject):
    """Applies one recipe at a time; `apply` and `stop` cancel the recipe before."""

    selected = Signal(object)  # Selection
    listed = Signal(object)  # list of QueueRow: the first selected prompts
    rated = Signal(object)  # SubsetRates
    failed = Signal(str)  # error message

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._turn = 0

    def stop(self) -> None:
        self._turn += 1

    def apply(self, recipe: Recipe) -> None:
        """Apply a recipe to the workspace; the signals deliver the result."""
        self.stop()
        turn = self._turn

        def work(workspace: Workspace) -> Sequence[Candidate]:
            from orbench_studio.services.curation import run_recipe

            self._check_cancelled(turn)
            return run_recipe.read_candidates(workspace, recipe)

        def done(candidates: Sequence[Candidate]) -> None:
            self._select(recipe, candidates, turn)

        self._session.run(work, done, lambda error: self._fail(error, turn), show_errors=False)

    def _select(self, recipe: Recipe, candidates: Sequence[Candidate], turn: int) -> None:
        def work() -> Selection:
            self._check_cancelled(turn)
            return select(recipe, candidates)

        def done(found: Selection) -> None:
            if turn == self._turn:
                self.selected.emit(found)
                self._list(found.chosen[:_SHOWN], turn)
                self._rate(recipe, found, turn)

        self._session.background.run(work, done, lambda error: self._fail(error, turn), show_errors=False)

    def _list(self, chosen: Sequence[int], turn: int) -> None:
        def work(workspace: Workspace) -> list[QueueRow]:
            return search.queue_rows(workspace, chosen)

        self._session.run(work, lambda rows: self.listed.emit(rows) if turn == self._turn else None)

    def _rate(self, recipe: Recipe, found: Selection, turn: int) -> None:
        """Count the models' answers on the selected prompts."""

        def work(workspace: Workspace) -> SubsetRates:
            from orbench_studio.services.curation import run_recipe

            self._check_cancelled(turn)
            return run_recipe.rates(workspace, recipe, found)

        def done(rates: SubsetRates) -> None:
            if turn == self._turn:
                self.rated.emit(rates)

        self._session.run(work, done, lambda error: self._fail(error, turn), show_errors=False)

    def _check_cancelled(self, turn: int) -> None:
        if turn != self._turn:
            raise CancelledError("Cancelled by another recipe.")

    def _fail(self, error: Exception, turn: int) -> None:
        if turn == self._turn:
            self.failed.emit(str(error))


def subsets(session: Session, done: Callable[[list[SubsetSummary]], object]) -> None:
    def work(workspace: Workspace) -> list[SubsetSummary]:
        from orbench_studio.services.curation import subsets

        return subsets.saved_subsets(workspace)

    session.run(work, done)
