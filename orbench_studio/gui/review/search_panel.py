"""Everything that asks for another queue: the line, the chips, the saved views."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal

from orbench_studio.domain.review.queue import Field, QueueFilter
from orbench_studio.gui.common.actions import key_text, tr
from orbench_studio.gui.review.facet_row import FacetRow
from orbench_studio.gui.review.filter_bar import FilterBar
from orbench_studio.gui.review.saved_views import SavedViews
from orbench_studio.gui.workspace.session import Session


class SearchPanel(QObject):
    """Keeps line, chips and views of one filter in step."""

    changed = Signal()  # when another queue is asked for
    message = Signal(str)
    left = Signal()  # when the user is done with the line and wants to go on reviewing

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
        """The filter in force."""
        return self.bar.current

    def search(self) -> None:
        """Go to the line."""
        self.bar.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.bar.search.selectAll()

    def clear(self) -> None:
        """Let every prompt through, or bring back what was just cleared; and go on reviewing."""
        if not self.current.is_open:
            cleared = self.current
            self.bar.clear()
            self._cleared = cleared
            self.message.emit(
                f"{tr('The filter is cleared.')} {key_text('clear_filter')} {tr('again brings it back.')}"
            )
        elif self._cleared is not None:
            self.bar.ask(self._cleared)
        self.left.emit()

    def _show(self, wanted: QueueFilter) -> None:
        self._cleared = None
        self.facets.show_filter(wanted)
        self.changed.emit()

    def _count(self, field: Field, done: Callable[[dict[str, int]], None]) -> None:
        self._session.counts_of(self.current, field, done)

    def _complete(self, field: Field) -> None:
        learn = self.bar.completion.learn
        self._session.counts_of(QueueFilter(), field, lambda counts: learn(field, list(counts)))
