"""The layout of the review page: resizable panes that fold on small windows, and the empty state."""

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import QPushButton, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from orbench_studio.gui.common.actions import Actions, tr
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import label, rule
from orbench_studio.gui.review.decision_bar import DecisionBar
from orbench_studio.gui.review.responses_pane import ResponsesPane
from orbench_studio.settings import Settings

FOLD = 1_100  # pixels of width below which the queue and the guidelines fold; both together need more
FOLD_CHIPS = 400  # pixels of height below which chips and hints fold
ROOMY = 1_600  # pixels of width from which two responses and the queue have room
STACK = 900  # pixels of width below which the responses go under the prompt
_WIDTHS = [292, 680, 404]
_ASIDE = 320
_HEIGHTS = [1_300, 700]  # larger than any window: Qt shrinks both in this proportion


class ReviewLayout:
    """Arranges the panes on the page by its size."""

    _wanted = True  # the queue
    _narrow = False
    _low = False
    _any = False  # prompts at all
    _roomy = False  # while two responses have been given more room
    _width = 0

    def __init__(
        self,
        page: QWidget,
        settings: Settings,
        *,
        facets: QWidget,
        queue: QWidget,
        prompt: QWidget,
        responses: ResponsesPane,
        bar: DecisionBar,
        aside: QWidget,
    ) -> None:
        self._settings = settings
        self._facets = facets
        self._queue = queue
        self._prompt = prompt
        self._aside = aside
        self._responses = responses
        self._bar = bar
        self._inner = QSplitter(Qt.Orientation.Horizontal)
        self._outer = QSplitter(Qt.Orientation.Horizontal)
        self._inner_sizes = [self._kept("beside", _WIDTHS[1:]), self._kept("stacked", _HEIGHTS)]
        self._empty = EmptyState()
        self._stack = QStackedWidget()
        self._build_ui(page, prompt, responses, bar)

    def fit(self, size: QSize) -> None:
        """Fold the queue, then the guidelines, then stack the responses under the prompt as the width shrinks.

        A low window hides the chips, because the search field shows the same filter, and the hints.
        """
        width, self._low = size.width(), size.height() < px(FOLD_CHIPS)
        self._width = width
        self._aside.setVisible(self._aside_wanted and width >= px(FOLD))
        self._fold_queue(width)
        self._show_facets()
        self._bar.show_hints(not self._low)
        stacked = width < px(STACK)
        if stacked != self._stacked:
            self._inner.setOrientation(Qt.Orientation.Vertical if stacked else Qt.Orientation.Horizontal)
            QTimer.singleShot(0, self._inner, self._lay_inner)  # after the panes have their new minimum sizes

    @property
    def _stacked(self) -> bool:
        return self._inner.orientation() is Qt.Orientation.Vertical

    def make_room(self, *, on: bool) -> None:
        """Give two responses side by side more room, or take it back."""
        if on and not self._roomy:
            self._keep_inner()
        self._roomy = on
        self._show_queue()
        self._lay_inner()

    def _lay_inner(self) -> None:
        if not self._roomy or self._stacked:
            self._inner.setSizes(self._inner_sizes[self._stacked])
            return
        whole = self._width - (0 if self._queue.isHidden() else self._outer.sizes()[0])
        prompt = max(self._bar.sizeHint().width(), whole * 2 // 5)
        self._inner.setSizes([prompt, max(whole - prompt, 1)])

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
        """Show the empty state if no prompt matches, else the panes."""
        self._empty.say(total)
        self._any = total > 0
        self._show_facets()
        self._stack.setCurrentIndex(0 if matches else 1)

    def offer(self, actions: Actions) -> None:
        """Bind the buttons of the empty state."""
        self._empty.offer(actions)

    def remember(self) -> None:
        """Save the sizes of the panes."""
        if not self._queue.isHidden():
            self._settings.panes["queue"] = self._outer.sizes()[:2]
        if not self._aside.isHidden():
            self._aside_width = self._outer.sizes()[2]
        self._settings.panes["guidelines"] = [int(self._aside_wanted), self._aside_width]
        self._settings.panes["beside"], self._settings.panes["stacked"] = self._inner_sizes

    def _keep_inner(self) -> None:
        if not self._roomy and all(self._inner.sizes()):
            self._inner_sizes[self._stacked] = self._inner.sizes()

    def _show_facets(self) -> None:
        self._facets.setVisible(self._any and not self._low)

    def _fold_queue(self, width: int) -> None:
        self._narrow = width < px(FOLD) + (0 if self._aside.isHidden() else self._aside_width)
        self._show_queue()

    def _show_queue(self) -> None:
        crowded = self._roomy and self._width < px(ROOMY)
        shown = self._wanted and not self._narrow and not crowded
        hides = not shown and not self._queue.isHidden()
        self._queue.setVisible(shown)
        if hides:
            self._prompt.setFocus()

    def _build_ui(self, page: QWidget, prompt: QWidget, responses: ResponsesPane, bar: QWidget) -> None:
        page.setFocusProxy(self._queue)
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
        self._inner.splitterMoved.connect(self._keep_inner)
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
        wanted, self._aside_width = self._kept("guidelines", [0, _ASIDE])
        self._aside_wanted = bool(wanted)
        self._aside.setVisible(self._aside_wanted)
        queue = self._kept("queue", [_WIDTHS[0], _WIDTHS[1] + _WIDTHS[2]])
        self._outer.setSizes([*queue, self._aside_width])
        self._inner.setSizes(self._inner_sizes[self._stacked])

    def _kept(self, name: str, usual: list[int]) -> list[int]:
        sizes = self._settings.panes.get(name, [])
        return sizes if len(sizes) == len(usual) else usual


class EmptyState(QWidget):
    """What to do if there is nothing to review."""

    def __init__(self) -> None:
        super().__init__()
        self._title = label("", "title")
        self._words = label("", "quiet")
        self._words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._import = QPushButton(tr("Import files…"))
        self._import.setProperty("role", "primary")
        self._clear = QPushButton(tr("Clear filter"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(40, 40, 40, 40)
        layout.setSpacing(16)
        layout.addStretch(2)
        for part in (self._title, self._words, self._import, self._clear):
            layout.addWidget(part, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(3)

    def say(self, total: int) -> None:
        """Show the text for a workspace without prompts, or for a filter without matches."""
        empty = total == 0
        self._title.setText(tr("No prompts yet") if empty else tr("No prompts match the filter"))
        files = tr("Import OR-Bench or XSTest files, or any table of prompts:\nCSV, TSV, JSON, JSONL or Parquet.")
        self._words.setText(files if empty else tr("All conditions must be met. Remove one, or clear the filter."))
        self._import.setVisible(empty)
        self._clear.setVisible(not empty)

    def offer(self, actions: Actions) -> None:
        """Bind the buttons."""
        self._import.clicked.connect(lambda: actions["import"].trigger())
        self._clear.clicked.connect(lambda: actions["clear_filter"].trigger())
