"""The bar above the pages: the workspace's name, the filter of the review page, today's labels, the reviewer."""

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QToolButton

from orbench_studio.gui.common.actions import plural, tr
from orbench_studio.gui.common.compact import is_compact
from orbench_studio.gui.common.dialogs import ask_text
from orbench_studio.gui.common.elided_label import ElidedLabel
from orbench_studio.gui.common.layouts import Stretch, row_layout
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import label, set_tip
from orbench_studio.gui.review.filter_bar import FilterBar
from orbench_studio.gui.review.pace import Pace
from orbench_studio.gui.workspace.session import Session

_HEIGHT, _LOW, _SEARCH = 48, 36, 160  # of the bar, of a compact one; width of the search field
_NAME = 0.28  # share of the width that the name has, where it needs it
_BREAK = "1 minute without a pause. Take a short break."
_BREAK_MANY = "{count} minutes without a pause. Take a short break."
_NARROW, _NARROWEST = 1_100, 900  # pixels of width below which the progress bar and the room for the name are gone


class TopBar(QFrame):
    """Shows where the reviewer is and how fast; suggests breaks."""

    suggestion = Signal(str)

    def __init__(self, session: Session, search: FilterBar, pace: Pace) -> None:
        super().__init__()
        self._session = session
        self.pace = pace
        self._search = search
        self._labelled = 0
        self.workspace_name = ElidedLabel("", "strong")
        self.today = label("", "quiet")
        self.today.setToolTip(
            tr("Prompts that you have labelled today, and the median time of your last 20 labels and skips")
        )
        self.reviewer = ReviewerName(session)
        self.setObjectName("panel")
        # Without the search, the reviewer stays at the right.
        parts = self.workspace_name, (search, 1), Stretch(), self.today, self.reviewer
        self._row = row_layout(self, *parts, margins=(16, 0, 16, 0), spacing=16)

    def show_workspace(self) -> None:
        workspace = self._session.workspace
        assert workspace is not None  # the caller has opened one
        name = tr("{name} · invented data") if workspace.illustrative else "{name}"
        shown = tr("Demo (temporary copy)") if self._session.is_demo else workspace.name
        self.workspace_name.setText(name.format(name=shown))
        self.fit()
        set_tip(self.workspace_name, str(workspace.place))

    def fit(self) -> None:
        """Set the height, and what fits into the width, for the current text size."""
        self.setMinimumHeight(px(_LOW if is_compact(self) else _HEIGHT))
        self._search.search.setMinimumWidth(px(_SEARCH))
        self._search.progress.show_bar(self.width() >= px(_NARROW))
        name = min(self.workspace_name.sizeHint().width(), round(self.width() * _NAME))
        self.workspace_name.least = name if self.width() >= px(_NARROWEST) else 0
        self.workspace_name.updateGeometry()
        self._fit_today()

    def _fit_today(self) -> None:
        """Show as much of today's work as fits: first the pace goes, then the count, beside a search also the name."""
        self.workspace_name.setVisible(not (is_compact(self) and self._search.isVisibleTo(self)))
        beside = self._row.minimumSize().width()
        if self.today.isVisibleTo(self):
            beside -= self.today.minimumSizeHint().width() + self._row.spacing()
        room = self.width() - beside - self._row.spacing()
        count = plural(self._labelled, "1 prompt labelled by you today", "{count} prompts labelled by you today")
        whole = "  ·  ".join(filter(None, (count, self.pace.words())))
        wide = self.today.fontMetrics().horizontalAdvance
        text = next((text for text in (whole, count) if wide(text) < room), "")
        self.today.setText(text)
        self.today.setVisible(bool(text))

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.LayoutRequest:  # the search field or its progress has another size
            self._fit_today()
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def count_today(self, count: int) -> None:
        """Show how many prompts the reviewer has labelled today, and the pace."""
        self._labelled = count
        self._fit_today()

    def decided(self) -> None:
        """Show the pace after a decision."""
        self.count_today(self._labelled)
        after = self._session.settings.break_after
        if self.pace.suggests_break(after):
            self.suggestion.emit(plural(after, _BREAK, _BREAK_MANY))


class ReviewerName(QToolButton):
    """The name under which decisions are recorded: chosen by the user, unless the server sets it."""

    changed = Signal()
    message = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.setToolTip(tr("The name under which your decisions are recorded"))
        session.opened.connect(self._show)
        self._show()

    def ask(self) -> None:
        workspace = self._session.workspace
        if workspace is not None and workspace.decides_as is not None:
            text = tr("This server records your decisions under your user name, {name}.")
            self.message.emit(text.format(name=self._session.annotator))
            return
        question = tr("Your decisions are recorded under this name:")
        ask_text(self, tr("Annotator"), question, self._named, text=self._session.annotator)

    def _named(self, name: str) -> None:
        if name.strip():
            self._session.settings.annotator = name.strip()
            self._session.save_settings()
            self._show()
            self.changed.emit()

    def _show(self) -> None:
        self.setText(self._session.annotator.replace("&", "&&"))
