"""Completion in the search field: conditions first, then values of the condition that is being typed.

The list is part of the window and never takes the focus from the search field.
"""

import re

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QListWidget

from orbench_studio.domain.review.query import VALUES, write_term
from orbench_studio.domain.review.queue import Field, Order, Term
from orbench_studio.gui.common.actions import tr

_TYPED = re.compile(r'(?:^|(?<=\s))-?(?:([a-z]+):)?([^\s"]*)$', re.IGNORECASE)
_MOST = 12
_ARROWS = (Qt.Key.Key_Down, Qt.Key.Key_Up)
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab)


class Completion(QListWidget):
    """Completions for the text before the cursor; values of the data are added by `learn`."""

    values_wanted = Signal(object)  # a Field whose values are not known yet

    def __init__(self, line: QLineEdit) -> None:
        super().__init__(line)  # until it is shown: a widget without a parent outlives the window
        self.setObjectName("completion")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(tr("Completions"))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._line = line
        self._known: dict[str, list[str]] = {}
        self.hide()
        line.textEdited.connect(lambda _: self._offer())
        line.installEventFilter(self)
        self.itemClicked.connect(lambda item: self._complete(item.text()))

    def learn(self, field: Field, values: list[str]) -> None:
        self._known[field] = [write_term(Term(field, (value,))) for value in values]
        self._offer()

    def forget(self) -> None:
        """Drop all values, because the data changed."""
        self._known.clear()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut:
            self.hide()
        if self.isHidden() or not isinstance(event, QKeyEvent):
            return False
        if event.type() == QEvent.Type.ShortcutOverride and event.key() in (Qt.Key.Key_Escape, *_ARROWS):
            event.accept()
            return True
        return event.type() == QEvent.Type.KeyPress and self._key(event.key())

    def _key(self, key: int) -> bool:
        """Handle a key; False if the list does not use it."""
        if key in _ARROWS:
            step = 1 if key == Qt.Key.Key_Down else -1
            self.setCurrentRow((self.currentRow() + step) % self.count())
        elif key in _ENTER and self.currentRow() >= 0:
            self._complete(self.currentItem().text())
        elif key == Qt.Key.Key_Escape:
            self.hide()
        else:
            return False
        return True

    def _offer(self) -> None:
        typed = _TYPED.search(self._line.text()[: self._line.cursorPosition()])
        word = typed[0].removeprefix("-").lower() if typed else ""
        candidates = self._candidates(typed) if typed and word else []
        offered = [text for text in candidates if text.lower().startswith(word) and text.lower() != word]
        self.clear()
        self.addItems(offered)
        if offered and self._line.hasFocus():
            self._place()
        else:
            self.hide()

    def _place(self) -> None:
        if self.parent() is not self._line.window():
            self.setParent(self._line.window())
        shown = min(self.count(), _MOST)
        self.setFixedSize(self._line.width(), shown * self.sizeHintForRow(0) + 2 * self.frameWidth())
        self.move(self._line.mapTo(self._line.window(), QPoint(0, self._line.height())))
        self.show()
        self.raise_()

    def _candidates(self, typed: re.Match[str]) -> list[str]:
        name = (typed[1] or "").lower()
        if name == "sort":
            return [f"sort:{order}" for order in Order]
        if name not in tuple(Field):
            return [f"{field}:" for field in Field if field is not Field.TEXT] + ["sort:"]
        usual = [f"{name}:{value}" for value in VALUES.get(Field(name), ())]
        if usual and name != Field.CATEGORY:
            return usual
        if name not in self._known:
            self.values_wanted.emit(Field(name))
        return list(dict.fromkeys((*usual, *self._known.get(name, ()))))

    def _complete(self, text: str) -> None:
        place = self._line.cursorPosition()
        typed = _TYPED.search(self._line.text()[:place])
        if typed is None:
            return
        start = typed.start() + typed[0].startswith("-")
        after = self._line.text()[place:]
        ending = "" if text.endswith(":") or after.startswith(" ") else " "
        self._line.setText(self._line.text()[:start] + text + ending + after)
        self._line.setCursorPosition(start + len(text) + len(ending))
        self._line.textEdited.emit(self._line.text())
