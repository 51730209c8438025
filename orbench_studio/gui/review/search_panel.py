"""The filter of the queue: the search field, the facets and the saved views."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal

from orbench_studio.domain.review.queue import Field, QueueFilter, Term
from orbench_studio.gui.common.actions import key_text, tr
from orbench_studio.gui.review.facet_row import FacetRow
from orbench_studio.gui.review.filter_bar import FilterBar
from orbench_studio.gui.review.saved_views import SavedViews
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.workspace.workspace import Workspace


class SearchPanel(QObject):
    """Keeps the search field, the facets and the saved views on the same filter."""

    changed = Signal()  # when the filter has changed
    message = Signal(str)
    left = Signal()  # when the user leaves the search field to continue reviewing

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self.bar = FilterBar()
        self.facets = FacetRow()
        self.views = SavedViews(session, self.bar)
        self._cleared: QueueFilter | None = None
        self.bar.changed.connect(self._show)
        self.bar.out.clicked.connect(self.clear)
        self.bar.search.returnPressed.connect(self.left)
        self.bar.completion.values_wanted.connect(self._complete)
        self.facets.wanted.connect(self.bar.ask)
        self.facets.counts_wanted.connect(self._count)

    @property
    def current(self) -> QueueFilter:
        return self.bar.current

    def search(self) -> None:
        self.bar.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.bar.search.selectAll()

    def clear(self) -> None:
        """Clear the filter, or restore the one that was just cleared; then continue reviewing."""
        if not self.current.is_open:
            cleared = self.current
            self.bar.clear()
            self._cleared = cleared
            text = tr("Filter cleared. Press {key} to restore it.")
            self.message.emit(text.format(key=key_text("clear_filter")))
        elif self._cleared is not None:
            self.bar.ask(self._cleared)
            self.message.emit(tr("Filter restored"))
        self.left.emit()

    def drop(self, term: Term) -> None:
        """Remove one condition of the filter."""
        self.bar.ask(self.current.without_term(term))

    def count_without(self, done: Callable[[list[tuple[Term, int]]], None]) -> None:
        """Count the prompts that match without each condition of the filter."""
        wanted = self.current

        def work(workspace: Workspace) -> list[tuple[Term, int]]:
            from orbench_studio.services.review import search

            return search.counts_without(workspace, wanted)

        if wanted.terms:
            self._session.run(work, lambda counts: done(counts) if wanted == self.current else None)

    def _show(self, wanted: QueueFilter) -> None:
        self._cleared = None
        self.facets.show_filter(wanted)
        self.changed.emit()

    def _count(self, field: Field, done: Callable[[dict[str, int]], None]) -> None:
        self._counts(self.current, field, done)

    def _complete(self, field: Field) -> None:
        learn = self.bar.completion.learn
        self._counts(QueueFilter(), field, lambda counts: learn(field, list(counts)))

    def _counts(self, wanted: QueueFilter, field: Field, done: Callable[[dict[str, int]], None]) -> None:
        def work(workspace: Workspace) -> dict[str, int]:
            from orbench_studio.services.review import search

            return search.counts_of(workspace, wanted, field)

        self._session.run(work, done)
