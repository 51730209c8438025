"""Parts of a page under names, one of them in front."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from orbench_studio.gui.common.text_table import note
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import ENTER, rule, set_role, set_tip

_ROOM = 360  # how high it must be for words below a part


class Tabs(QWidget):
    """A line of names above the part in front; left and right go from one to the next."""

    shown = Signal(QWidget)  # the part that has come to the front

    def __init__(self) -> None:
        super().__init__()
        self._group = QButtonGroup(self)
        self._line = QHBoxLayout()
        self._parts = QStackedWidget()
        self._shown: list[QWidget] = []
        self._feet: list[QWidget] = []
        self._line.setContentsMargins(40, 0, 40, 4)
        self._line.setSpacing(4)
        self._line.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._line)
        column.addWidget(rule())
        column.addWidget(self._parts, 1)
        self._group.idClicked.connect(self.go)

    def add(self, name: str, part: QWidget, assumes: str = "") -> None:
        """Add a part under a name; the first one is in front. What it assumes is told below it, where there is room."""
        button = _Tab(self)
        button.setText(name)
        set_tip(button, assumes)
        self._shown.append(part)
        place = self._parts.addWidget(self._with_foot(part, assumes) if assumes else part)
        self._group.addButton(button, place)
        self._line.insertWidget(place, button)
        self.go(0)

    def current(self) -> QWidget | None:
        """The part in front."""
        return self._shown[self._parts.currentIndex()] if self._shown else None

    def go(self, place: int) -> None:
        """Bring a part to the front."""
        self._parts.setCurrentIndex(place)
        for button in self._group.buttons():
            set_role(button, "active", self._group.id(button) == place)
        self.shown.emit(self.current())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for foot in self._feet:
            foot.setVisible(self.height() >= px(_ROOM))

    def _with_foot(self, part: QWidget, assumes: str) -> QWidget:
        whole, foot = QWidget(), note(assumes)
        foot.setContentsMargins(40, 0, 40, 12)
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(part, 1)
        column.addWidget(foot)
        self._feet.append(foot)
        return whole

    def step(self, by: int) -> None:
        """Bring the next part to the front, and its name into focus."""
        place = min(max(self._parts.currentIndex() + by, 0), self._parts.count() - 1)
        self.go(place)
        self._group.button(place).setFocus()


class _Tab(QToolButton):
    def __init__(self, tabs: Tabs) -> None:
        super().__init__()
        self._tabs = tabs
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # what had the focus may go behind

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._tabs.step(1 if event.key() == Qt.Key.Key_Right else -1)
        elif event.key() in ENTER:
            self.click()
        else:
            super().keyPressEvent(event)
