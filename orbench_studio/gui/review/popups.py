"""Menus for the category and the reason, and the note dialog. None of them covers the prompt."""

from collections.abc import Sequence
from itertools import zip_longest

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QMenu, QPlainTextEdit, QVBoxLayout, QWidget

from orbench_studio.domain.core.category import Category
from orbench_studio.domain.review.override_reasons import REASONS
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.widgets import ENTER, label

_KEYS = "1234567890"
_MENU_HEIGHT = 640


class CategoryMenu(QMenu):
    """The ten categories, each with a digit, then the workspace's own."""

    chosen = Signal(str)  # when the user has picked a category

    def __init__(self, parent: QWidget, current: str | None, own: Sequence[str]) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMaximumHeight(_MENU_HEIGHT)
        for key, category in zip_longest(_KEYS, (*Category, *own)):
            name = category.replace("&", "&&")
            action = self.addAction(f"&{key}   {name}" if key else name)
            action.setCheckable(True)
            action.setChecked(category == current)
            action.triggered.connect(lambda _checked=False, value=category: self.chosen.emit(str(value)))

    def open_above(self, widget: QWidget) -> None:
        """Open with the lower edge on the widget's upper edge."""
        corner = widget.mapToGlobal(QPoint(widget.width(), 0))
        self.popup(corner - QPoint(self.sizeHint().width(), self.sizeHint().height()))


class ReasonMenu(QMenu):
    """Reasons for the answer class of a response, each with a digit."""

    chosen = Signal(str)  # when the user has picked a reason

    def __init__(self, parent: QWidget, current: str | None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for key, reason in zip(_KEYS, REASONS, strict=False):
            action = self.addAction(f"&{key}   {tr('It {reason}').format(reason=tr(reason))}")
            action.setCheckable(True)
            action.setChecked(reason == current)
            action.triggered.connect(lambda _checked=False, value=reason: self.chosen.emit(value))

    def open_above(self, widget: QWidget) -> None:
        """Open with the lower edge on the widget's upper edge."""
        corner = widget.mapToGlobal(QPoint(0, 0))
        self.popup(corner - QPoint(0, self.sizeHint().height()))


class NoteDialog(QDialog):
    """A note on the prompt; an empty one removes it. Stays open until the caller has saved it."""

    written = Signal(str)  # when the user wants the note saved

    def __init__(self, parent: QWidget, before: str) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Note"))
        self._before = before
        self._text = QPlainTextEdit(before)
        self._text.setObjectName("input")
        self._text.setAccessibleName(tr("Note"))
        self._text.setTabChangesFocus(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        layout.addWidget(self._text)
        layout.addWidget(label(tr("Ctrl+Enter saves, Esc discards. Save an empty text to remove the note."), "meta"))
        layout.addWidget(buttons)
        self.resize(480, 260)

    def accept(self) -> None:
        text = self._text.toPlainText().strip()
        if text == self._before:
            super().accept()
        else:
            self.written.emit(text)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in ENTER and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.accept()
        else:
            super().keyPressEvent(event)
