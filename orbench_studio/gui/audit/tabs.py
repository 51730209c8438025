"""Tabs within a page."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QStackedWidget, QToolButton, QWidget

from orbench_studio.gui.common.elided_label import FoldingLabel
from orbench_studio.gui.common.layouts import Stretch, column_layout, row_layout
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import ENTER, rule, scrolled, set_role, set_tip

_NOTE_HEIGHT = 520  # the minimum height for a line with the note below a tab page


class Tabs(QWidget):
    """A row of tabs above the current page; Left and Right move between tabs."""

    shown = Signal(QWidget)  # the page that became current

    def __init__(self) -> None:
        super().__init__()
        self._group = QButtonGroup(self)
        self._stack = QStackedWidget()
        self._pages: list[QWidget] = []
        self._notes: list[QWidget] = []
        self._line = row_layout(None, Stretch(), margins=(40, 0, 40, 4), spacing=4)
        column_layout(self, self._line, rule(), (self._stack, 1), spacing=0)
        self._group.idClicked.connect(self.go)

    def add(self, name: str, page: QWidget, note_text: str = "") -> None:
        """Add a page; the first one is current. Its note is below it, as far as there is room, and a tooltip."""
        button = _Tab(self)
        button.setText(name)
        set_tip(button, note_text)
        self._pages.append(page)
        # With large text in a small window the page scrolls; the head above the tabs is never cut off.
        index = self._stack.addWidget(scrolled(self._with_note(page, note_text) if note_text else page))
        self._group.addButton(button, index)
        self._line.insertWidget(index, button)
        self.go(0)

    def current(self) -> QWidget | None:
        return self._pages[self._stack.currentIndex()] if self._pages else None

    def go(self, index: int) -> None:
        self._stack.setCurrentIndex(index)
        for button in self._group.buttons():
            set_role(button, "active", self._group.id(button) == index)
        self.shown.emit(self.current())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for below in self._notes:
            below.setVisible(self.height() >= px(_NOTE_HEIGHT))

    def _with_note(self, page: QWidget, note_text: str) -> QWidget:
        widget, below = QWidget(), QWidget()
        column_layout(below, FoldingLabel(note_text, "meta").with_link(), margins=(40, 0, 40, 12))
        column_layout(widget, (page, 1), below, spacing=0)
        self._notes.append(below)
        return widget

    def step(self, by: int) -> None:
        """Make the next or previous page current and focus its tab."""
        index = min(max(self._stack.currentIndex() + by, 0), self._stack.count() - 1)
        self.go(index)
        self._group.button(index).setFocus()


class _Tab(QToolButton):
    def __init__(self, tabs: Tabs) -> None:
        super().__init__()
        self._tabs = tabs
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # the focused widget may be on a page that is hidden

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._tabs.step(1 if event.key() == Qt.Key.Key_Right else -1)
        elif event.key() in ENTER:
            self.click()
        else:
            super().keyPressEvent(event)
