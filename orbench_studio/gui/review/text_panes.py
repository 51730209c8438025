"""The prompt above the response, or beside it where both have reading width; in a compact window in one scroll area."""

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QApplication, QSplitter

from orbench_studio.gui.common.compact import is_compact, move
from orbench_studio.gui.common.text_pane import TextPane
from orbench_studio.gui.common.theme import PROMPT_LINE, px
from orbench_studio.gui.review.prompt_pane import PromptPane
from orbench_studio.gui.review.response_reader import ResponseReaders
from orbench_studio.settings import Settings

_BESIDE = 1_200  # pixels of width from which both have reading width
_SHARE = 0.45  # of the height that a long prompt gets
_NAMES = {Qt.Orientation.Horizontal: "texts_beside", Qt.Orientation.Vertical: "texts"}


class TextPanes(QSplitter):
    """Fits the prompt to its text until the user drags the border, whose place is remembered."""

    def __init__(self, prompt: PromptPane, responses: ResponseReaders, settings: Settings) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self.prompt = prompt
        self._responses = responses
        self._settings = settings
        for part in (prompt, responses):
            self.addWidget(part)
        self.setHandleWidth(1)
        self.setChildrenCollapsible(False)
        self.splitterMoved.connect(self._remember)

    @property
    def joined(self) -> bool:
        """Whether prompt and responses scroll together."""
        return self.indexOf(self._responses) < 0

    def show_response(self) -> None:
        """Scroll to the beginning of the response if it is out of view, where it scrolls with the prompt."""
        top = self._responses.visibleRegion().boundingRect().top()
        if self.joined and (top > 0 or self._responses.visibleRegion().isEmpty()):
            self.prompt.verticalScrollBar().setValue(self._responses.y())

    def scroll_by(self, screens: int) -> None:
        """Scroll the prompt by screens, and where it ends the response in focus; upwards in the reverse order."""
        bars = [pane.verticalScrollBar() for pane in (self.prompt, self._responses.focused.text)]
        for bar in bars if screens > 0 else reversed(bars):
            before, line = bar.value(), px(PROMPT_LINE)
            bar.setValue(before + screens * max(bar.pageStep() - line, line))  # the last line stays in view
            if bar.value() != before:
                return

    def fit(self) -> None:
        whole = int(sum(self.sizes()))
        stored: list[int] = self._settings.panes.get(_NAMES[self.orientation()], [])
        if self._responses.isHidden() or whole == 0 or self.joined:
            return
        if len(stored) == self.count() and any(stored):
            wanted = whole * stored[0] // sum(stored)
        elif self.orientation() is Qt.Orientation.Horizontal:
            wanted = whole // 2
        else:
            spare = whole - self._responses.focused.wanted_height()
            wanted = min(self.prompt.wanted_height(), max(int(whole * _SHARE), spare, self.prompt.least_height()))
        if abs(self.sizes()[0] - wanted) > 1:
            self.setSizes([wanted, whole - wanted])

    def show_responses(self, *, shown: bool) -> None:
        """Give the prompt the whole room where it has no responses."""
        self._responses.setVisible(shown)
        self.fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        beside = event.size().width() >= px(_BESIDE)
        self.setOrientation(Qt.Orientation.Horizontal if beside else Qt.Orientation.Vertical)
        self._join(joined=is_compact(self) and not beside)
        QTimer.singleShot(0, self, self.fit)  # after the texts have their new width

    def _join(self, *, joined: bool) -> None:
        if joined is self.joined:
            return
        focused = QApplication.focusWidget()
        is_reading = isinstance(focused, TextPane) and focused.reading
        self._responses.grow(grows=joined)
        move(self._responses, self.prompt.append if joined else self.addWidget)
        if isinstance(focused, TextPane) and is_reading:
            focused.read()

    def _remember(self) -> None:
        self._settings.panes[_NAMES[self.orientation()]] = self.sizes()
