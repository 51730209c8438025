"""Every action with its keys, and how to give it others: by the keyboard alone."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from orbench_studio.gui.common.actions import ACTIONS, KEYS, tr
from orbench_studio.gui.common.shortcuts import native, pressed_key
from orbench_studio.gui.common.theme import BODY, font, px
from orbench_studio.gui.common.widgets import label, set_role

_NAME = Qt.ItemDataRole.UserRole
_HELP = "Enter changes the key, Insert adds one more, Backspace takes the last one away, Delete brings its own back."


class KeysDialog(QDialog):
    """A sheet of all keys. Select an action, press Enter, then the new key; it is in force at once."""

    def __init__(self, parent: QWidget, changed: Callable[[], object] = lambda: None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Keys"))
        self._changed = changed  # called after other keys are in force, to keep them
        self.sheet = _Sheet()
        self.said = label(tr(_HELP), "quiet")
        self._waiting_for = ""  # the action that the next key is for
        self._adding = False
        self._lines: dict[str, QTreeWidgetItem] = {}
        self._build_ui()
        self.sheet.installEventFilter(self)
        self.sheet.currentItemChanged.connect(lambda *_: self._stop_waiting())
        self.sheet.itemDoubleClicked.connect(lambda *_: self._wait())
        self._show_keys()

    def select(self, name: str) -> None:
        """Make an action's line the current one."""
        self.sheet.setCurrentItem(self._lines[name])

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QKeyEvent):
            return False
        if event.type() is QEvent.Type.ShortcutOverride:
            event.accept()
            return bool(self._waiting_for)
        if event.type() is not QEvent.Type.KeyPress:
            return False
        return self._hear(event) if self._waiting_for else self._command(event)

    def _command(self, event: QKeyEvent) -> bool:
        deeds: dict[int, Callable[[], object]] = {
            Qt.Key.Key_Return: self._wait,
            Qt.Key.Key_Enter: self._wait,
            Qt.Key.Key_F2: self._wait,
            Qt.Key.Key_Insert: lambda: self._wait(adding=True),
            Qt.Key.Key_Backspace: self._take_away,
            Qt.Key.Key_Delete: self._reset,
        }
        deed = deeds.get(event.key())
        if deed is not None:
            deed()
        return deed is not None

    def _hear(self, event: QKeyEvent) -> bool:
        key = pressed_key(event)
        if not key or event.isAutoRepeat():
            return True
        name, before = self._waiting_for, KEYS.of(self._waiting_for)
        if key == "Esc" and "Esc" not in before:
            self._stop_waiting()
            return True
        why = KEYS.refusal(name, key)
        self._stop_waiting()
        if why:
            self._say(why, "error")
        else:
            KEYS.put(name, (*before, key) if self._adding else (key,))
            self._done(f"{self._lines[name].text(0)}: {self._lines[name].text(1)}")
        return True

    def _wait(self, *, adding: bool = False) -> None:
        name = self._current()
        if name:
            self._waiting_for, self._adding = name, adding
            self._lines[name].setText(1, tr("press the new key…"))
            self._say(f"{self._lines[name].text(0)}: {tr('press the new key. Esc leaves it as it is.')}", "quiet")
            self.sheet.setFocus()

    def _stop_waiting(self) -> None:
        if self._waiting_for:
            self._waiting_for = ""
            self._show_keys()
            self._say(tr(_HELP), "quiet")

    def _take_away(self) -> None:
        name = self._current()
        if name and KEYS.of(name):
            KEYS.put(name, KEYS.of(name)[:-1])
            self._done(f"{self._lines[name].text(0)}: {self._lines[name].text(1)}")

    def _reset(self) -> None:
        name = self._current()
        if name:
            why = KEYS.reset(name)
            if why:
                self._say(why, "error")
            else:
                self._done(f"{self._lines[name].text(0)}: {self._lines[name].text(1)}")

    def _reset_all(self) -> None:
        KEYS.reset_all()
        self._done(tr("Every action has its own keys again."))

    def _done(self, said: str) -> None:
        self._changed()
        self._say(said, "quiet")

    def _current(self) -> str:
        item = self.sheet.currentItem()
        return str(item.data(0, _NAME) or "") if item is not None else ""

    def _say(self, text: str, role: str) -> None:
        set_role(self.said, "role", role)
        self.said.setText(text)
        self.said.setAccessibleName(text)

    def _show_keys(self) -> None:
        for spec in ACTIONS:
            line = self._lines[spec.name]
            keys = KEYS.of(spec.name)
            shown = f"  {tr('or')}  ".join(map(native, keys)) or tr("no key")
            line.setText(1, shown + (f"   {tr('(changed)')}" if keys != spec.keys else ""))
            line.setData(1, Qt.ItemDataRole.AccessibleTextRole, shown)

    def _build_ui(self) -> None:
        for group in dict.fromkeys(spec.group for spec in ACTIONS):
            heading = QTreeWidgetItem(self.sheet, [tr(group)])
            heading.setFirstColumnSpanned(True)
            heading.setFont(0, font(BODY, strong=True))
            heading.setFlags(Qt.ItemFlag.ItemIsEnabled)
            for spec in (spec for spec in ACTIONS if spec.group == group):
                line = QTreeWidgetItem(heading, [tr(spec.title).rstrip("…"), ""])
                line.setData(0, _NAME, spec.name)
                self._lines[spec.name] = line
        self.sheet.expandAll()
        KEYS.changed.connect(self._show_keys)
        self.said.setWordWrap(True)
        self.said.setMinimumHeight(px(40))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        layout.addWidget(self.sheet, 1)
        layout.addWidget(self.said)
        layout.addLayout(self._buttons())
        self.resize(px(600), min(px(680), self.screen().availableSize().height() - 80))
        self.select(ACTIONS[0].name)
        self.sheet.setFocus()

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        deeds: tuple[tuple[str, Callable[[], object]], ...] = (
            ("Change key", self._wait),
            ("Add a key", lambda: self._wait(adding=True)),
            ("Its own key", self._reset),
            ("All as at first", self._reset_all),
        )
        for words, deed in deeds:
            button = QPushButton(tr(words))
            button.setAutoDefault(False)
            button.clicked.connect(lambda _checked=False, d=deed: d())
            row.addWidget(button)
        row.addStretch()
        close = QPushButton(tr("Close"))
        close.setAutoDefault(False)
        close.clicked.connect(self.accept)
        row.addWidget(close)
        return row


class _Sheet(QTreeWidget):
    """Actions and keys in two columns, under the headings of their groups."""

    def __init__(self) -> None:
        super().__init__()
        self.setColumnCount(2)
        self.setHeaderLabels([tr("Action"), tr("Key")])
        self.setRootIsDecorated(False)
        self.setItemsExpandable(False)
        self.setIndentation(16)
        self.setUniformRowHeights(True)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.header().setSectionsMovable(False)
        self.setAccessibleName(tr("Actions and their keys"))
