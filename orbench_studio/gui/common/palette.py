"""The command palette: a list of commands that is filtered while typing and used with the keyboard alone."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.layouts import column_layout
from orbench_studio.gui.common.painting import elided
from orbench_studio.gui.common.theme import BODY, META, Theme, font, px

_WIDTH, _ROW, _ROWS, _GAP = 640, 32, 12, 8
_FRAME = 6  # pixels above and below the rows: two borders and the padding of the list
_MOST = 60  # commands in the list
_BESIDE = 10_000  # of a score: a title that matches precedes every note: "label" first finds no value to decide
_RECENT_BONUS = 20  # of a score: a recent command precedes one that matches about as well
_COMMAND = Qt.ItemDataRole.UserRole
_MOVES = {Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown}


@dataclass(frozen=True, slots=True)
class PaletteCommand:
    """A command of the palette. `key` identifies it among the recent ones; `note` is its kind, its shortcut or both.

    `note` and `description` are searched where the title does not match.
    """

    key: str
    title: str
    note: str
    run: Callable[[], object]
    description: str = ""

    def score(self, query: str) -> int | None:
        """How well the command matches a query; None if it does not."""
        if (score := match_score(query, self.title)) is not None:
            return score
        beside = match_score(query, f"{self.title} {self.note} {self.description}")
        return None if beside is None else beside - _BESIDE


class Palette(QFrame):
    """A field and the commands that match its text, the recent ones first."""

    chosen = Signal(str)  # the key of the command that runs

    def __init__(self, window: QWidget, theme: Theme, recent: Sequence[str]) -> None:
        super().__init__(window, Qt.WindowType.Popup)
        self._window = window
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("card")
        self.setWindowTitle(tr("Command palette"))
        self._recent = {key: place for place, key in enumerate(recent)}
        self._commands: list[PaletteCommand] = []
        self._numbered: Callable[[int], PaletteCommand | None] = lambda _number: None
        self.line = QLineEdit()
        self.list = QListWidget()
        self._build_ui(theme)

    def offer(self, commands: Sequence[PaletteCommand]) -> None:
        self._commands += commands
        self._filter()

    def offer_numbers(self, numbered: Callable[[int], PaletteCommand | None]) -> None:
        self._numbered = numbered

    def open(self) -> None:
        """Show the palette below the upper edge of its window."""
        window = self._window
        self.resize(min(px(_WIDTH), window.width() - 40), self.height())
        self.move(window.mapToGlobal(window.rect().topLeft()).x() + (window.width() - self.width()) // 2,
                  window.mapToGlobal(window.rect().topLeft()).y() + px(60))  # fmt: skip
        self.show()
        self.line.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _MOVES:
            self.list.keyPressEvent(event)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._run(self.list.currentItem())
        elif event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._window.activateWindow()  # a popup takes the activation with it where there is no window manager

    def _filter(self) -> None:
        """List the matching commands, best first."""
        query = self.line.text().strip()
        rated = []
        for place, command in enumerate(self._commands):
            recent = self._recent.get(command.key)
            if not query:
                rated.append((-1 if recent is None else len(self._recent) - recent, -place, command))
            elif (score := command.score(query)) is not None:
                rated.append((score + (0 if recent is None else _RECENT_BONUS), -place, command))
        matching = [command for *_, command in sorted(rated, key=lambda one: one[:2], reverse=True)]
        number = query.removeprefix("#")
        if number.isascii() and number.isdigit() and (numbered := self._numbered(int(number))) is not None:
            matching.insert(0, numbered)
        self.list.clear()
        for command in matching[:_MOST]:
            item = QListWidgetItem(command.title, self.list)
            item.setData(_COMMAND, command)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{command.title}, {command.note}")
        if not matching:
            item = QListWidgetItem(tr("No matches"), self.list)
            item.setData(_COMMAND, PaletteCommand("", item.text(), "", lambda: None))
            item.setFlags(Qt.ItemFlag.NoItemFlags)
        self.list.setCurrentRow(0)
        rows = px(_ROW) * min(max(len(matching), 1), _ROWS) + 2 * _FRAME
        self.resize(self.width(), self.line.sizeHint().height() + rows + 3 * _GAP)

    def _run(self, item: QListWidgetItem | None) -> None:
        if item is None or not item.flags() & Qt.ItemFlag.ItemIsEnabled:
            return
        command: PaletteCommand = item.data(_COMMAND)
        self.chosen.emit(command.key)
        self.close()
        QTimer.singleShot(0, self._window, command.run)  # after the focus is back in the window

    def _build_ui(self, theme: Theme) -> None:
        self.line.setPlaceholderText(tr("Command, page, saved view, setting or prompt number"))
        self.line.setAccessibleName(tr("Command"))
        self.line.textChanged.connect(self._filter)
        self.list.setAccessibleName(tr("Commands"))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setObjectName("completion")
        self.list.setMinimumHeight(1)  # Qt's would be two rows
        self.list.setItemDelegate(_CommandDelegate(theme, self.list))
        self.list.itemClicked.connect(self._run)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column_layout(self, self.line, (self.list, 1), margins=(_GAP, _GAP, _GAP, _GAP), spacing=_GAP)


class _CommandDelegate(QStyledItemDelegate):
    """Paints the title on the left, and the kind or shortcut on the right."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(0, px(_ROW))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        command: PaletteCommand = index.data(_COMMAND)
        area = option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area, self._theme.colour("selection"))
        area = area.adjusted(8, 0, -8, 0)
        width = elided(painter, area, command.note, font(META), self._theme.colour("quiet"), right=True)
        area.setRight(area.right() - width - 16)
        elided(painter, area, command.title, font(BODY), self._theme.colour("ink"))


_WORD_START, _INITIALS = 300, 250


def match_score(query: str, text: str) -> int | None:
    """Rate how well a text matches a query, higher is better; None if a word of the query does not match.

    Each word matches the beginning of a word, or the initials of words. Letters inside a word do not: "over" must not
    find "controversial", which Enter would then decide.
    """
    text = text.casefold()
    score = -len(text)
    for word in query.casefold().split():
        if at := re.search(rf"(?<![^\W_]){re.escape(word)}", text):
            score += _WORD_START - at.start()
        elif at := re.search(r"\b" + r"\w*\W+".join(map(re.escape, word)), text):
            score += _INITIALS - at.start()
        else:
            return None
    return score
