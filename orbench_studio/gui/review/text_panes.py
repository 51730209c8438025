"""The prompt above the response, or beside it where both have reading width."""

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter

from orbench_studio.gui.common.theme import px
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

    def fit(self) -> None:
        """Fit the panes to the prompt on the screen."""
        whole = int(sum(self.sizes()))
        stored: list[int] = self._settings.panes.get(_NAMES[self.orientation()], [])
        if self._responses.isHidden() or whole == 0:
            return
        if len(stored) == self.count() and any(stored):
            wanted = whole * stored[0] // sum(stored)
        elif self.orientation() is Qt.Orientation.Horizontal:
            wanted = whole // 2
        else:
            spare = whole - self._responses.focused.wanted_height()
            wanted = min(self.prompt.wanted_height(), max(int(whole * _SHARE), spare))
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
        QTimer.singleShot(0, self, self.fit)  # after the texts have their new width

    def _remember(self) -> None:
        self._settings.panes[_NAMES[self.orientation()]] = self.sizes()
