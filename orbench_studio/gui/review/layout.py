"""Where the panes of the review page are: resizable, remembered, folding on small windows, and what shows instead of
them where there is nothing to review."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from orbench_studio.gui.actions import Actions, tr
from orbench_studio.gui.widgets import label, rule
from orbench_studio.settings import Settings

FOLD = 1_100  # pixels of width below which the queue folds away, and the guidelines; both together need theirs more
STACK = 900  # pixels of width below which the responses go under the prompt
_WIDTHS = [292, 680, 404]
_ASIDE = 320


class ReviewLayout:
    """Arranges the panes on the page; the page tells it the width and whether there is anything to show."""

    def __init__(
        self,
        page: QWidget,
        settings: Settings,
        *,
        facets: QWidget,
        queue: QWidget,
        prompt: QWidget,
        responses: QWidget,
        bar: QWidget,
        aside: QWidget,
    ) -> None:
        self._settings = settings
        self._facets = facets
        self._queue = queue
        self._prompt = prompt
        self._aside = aside
        self._wanted = True
        self._narrow = False
        self._inner = QSplitter(Qt.Orientation.Horizontal)
        self._outer = QSplitter(Qt.Orientation.Horizontal)
        self._empty = EmptyState()
        self._stack = QStackedWidget()
        self._build_ui(page, prompt, responses, bar)

    def fit(self, width: int) -> None:
        """Fold the queue away, then the guidelines, then put the responses under the prompt, as it gets narrow."""
        self._aside.setVisible(self._aside_wanted and width >= FOLD)
        self._fold_queue(width)
        self._inner.setOrientation(Qt.Orientation.Vertical if width < STACK else Qt.Orientation.Horizontal)

    def toggle_queue(self) -> None:
        """Show or hide the queue, whatever the width."""
        self._wanted = self._queue.isHidden()
        self._narrow = False
        self._show_queue()

    def toggle_aside(self) -> None:
        """Show or hide the guidelines, whatever the width."""
        self._aside_wanted = self._aside.isHidden()
        self._aside.setVisible(self._aside_wanted)
        self._fold_queue(self._outer.width())

    def show_empty(self, *, total: int, matches: int) -> None:
        """Say what to do where there is nothing to review; otherwise show the panes."""
        self._empty.say(total)
        self._facets.setVisible(total > 0)
        self._stack.setCurrentIndex(0 if matches else 1)

    def offer(self, actions: Actions) -> None:
        """Bind the buttons of the empty state."""
        self._empty.offer(actions)

    def remember(self) -> None:
        """Keep the panes' sizes."""
        if not self._queue.isHidden() and self._inner.orientation() is Qt.Orientation.Horizontal:
            self._settings.panes["review"] = [*self._outer.sizes()[:2], *self._inner.sizes()]
        if not self._aside.isHidden():
            self._aside_width = self._outer.sizes()[2]
        self._settings.panes["guidelines"] = [int(self._aside_wanted), self._aside_width]

    def _fold_queue(self, width: int) -> None:
        self._narrow = width < FOLD + (0 if self._aside.isHidden() else self._aside_width)
        self._show_queue()

    def _show_queue(self) -> None:
        shown = self._wanted and not self._narrow
        self._queue.setVisible(shown)
        if not shown:
            self._prompt.setFocus()

    def _build_ui(self, page: QWidget, prompt: QWidget, responses: QWidget, bar: QWidget) -> None:
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(prompt, 1)
        column.addWidget(bar)
        self._inner.addWidget(middle)
        self._inner.addWidget(responses)
        self._outer.addWidget(self._queue)
        self._outer.addWidget(self._inner)
        self._outer.addWidget(self._aside)
        self._outer.setStretchFactor(1, 1)
        self._inner.setStretchFactor(0, 3)
        self._inner.setStretchFactor(1, 2)
        for splitter in (self._outer, self._inner):
            splitter.setHandleWidth(1)
            splitter.setChildrenCollapsible(False)
        self._restore()
        self._stack.addWidget(self._outer)
        self._stack.addWidget(self._empty)
        whole = QVBoxLayout(page)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self._facets)
        whole.addWidget(rule())
        whole.addWidget(self._stack, 1)

    def _restore(self) -> None:
        kept = self._settings.panes.get("review", [])
        sizes = kept if len(kept) == 4 and all(isinstance(size, int) for size in kept) else None
        kept = self._settings.panes.get("guidelines", [])
        wanted, self._aside_width = kept if len(kept) == 2 else (0, _ASIDE)
        self._aside_wanted = bool(wanted)
        self._aside.setVisible(self._aside_wanted)
        queue = sizes[:2] if sizes else [_WIDTHS[0], _WIDTHS[1] + _WIDTHS[2]]
        self._outer.setSizes([*queue, self._aside_width])
        self._inner.setSizes(sizes[2:] if sizes else _WIDTHS[1:])


class EmptyState(QWidget):
    """What to do next where there is nothing to review."""

    def __init__(self) -> None:
        super().__init__()
        self._title = label("", "title")
        self._words = label("", "quiet")
        self._words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._import = QPushButton(tr("Import files…"))
        self._import.setProperty("role", "primary")
        self._clear = QPushButton(tr("Clear the filter"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(40, 40, 40, 40)
        layout.setSpacing(16)
        layout.addStretch(2)
        for part in (self._title, self._words, self._import, self._clear):
            layout.addWidget(part, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)

    def say(self, total: int) -> None:
        """State which of the two it is: no prompts at all, or none that match."""
        empty = total == 0
        self._title.setText(tr("No prompts yet") if empty else tr("No prompt matches"))
        files = tr("Import OR-Bench or XSTest files, or any table of prompts:\nCSV, TSV, JSON, JSONL or Parquet.")
        self._words.setText(files if empty else tr("Every condition of the filter must hold. Take one away."))
        self._import.setVisible(empty)
        self._clear.setVisible(not empty)

    def offer(self, actions: Actions) -> None:
        """Bind the buttons."""
        self._import.clicked.connect(lambda: actions["import"].trigger())
        self._clear.clicked.connect(lambda: actions["clear_filter"].trigger())
