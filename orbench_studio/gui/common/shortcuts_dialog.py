"""The dialog that lists and changes keyboard shortcuts. It works with the keyboard alone."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QFont, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QPushButton, QTreeWidget, QTreeWidgetItem, QWidget

from orbench_studio.gui.common.actions import ACTIONS, SHORTCUTS, by_menu, tr
from orbench_studio.gui.common.dialogs import Dialog
from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.shortcuts import native, pressed_key
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import label, show_status

_NAME = Qt.ItemDataRole.UserRole
_FIRST = {"page_review": "label_safe"}  # the first action of a page that has some
_HELP = (
    "Select an action and press Enter to change its shortcut. Esc cancels. Undo reverts your last change of the "
    "shortcuts."
)


class ShortcutsDialog(Dialog):
    """All shortcuts, from those of a page. Enter waits for the new key of the selected action, which then applies."""

    def __init__(self, parent: QWidget, changed: Callable[[], object] = lambda: None, page: str = "") -> None:
        super().__init__(parent, tr("Keyboard shortcuts"))
        self._window = parent
        self._changed = changed  # called after shortcuts have changed, to store them
        self.table = _ShortcutTable()
        self.status = label(tr(_HELP), "quiet", wrap=True)
        self._waiting_for = ""  # the action that the next key press is for
        self._adding = False
        self._lines: dict[str, QTreeWidgetItem] = {}
        self._before: list[dict[str, list[str]]] = []  # the custom shortcuts before each change, latest last
        self.buttons: dict[str, QPushButton] = {}
        self._build_ui()
        self.table.installEventFilter(self)
        self.table.currentItemChanged.connect(lambda *_: self._stop_waiting())
        self.table.itemDoubleClicked.connect(lambda *_: self._wait())
        self._update_lines()
        self.select(_FIRST.get(page, page) or ACTIONS[0].name)

    def select(self, name: str) -> None:
        """Select the line of an action, below the heading of its menu."""
        line = self._lines[name]
        self.table.setCurrentItem(line)
        self.table.scrollToItem(line.parent() or line, QAbstractItemView.ScrollHint.PositionAtTop)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QKeyEvent):
            return False
        if event.type() is QEvent.Type.ShortcutOverride:
            event.accept()
            return bool(self._waiting_for)
        if event.type() is not QEvent.Type.KeyPress:
            return False
        return self._take_key(event) if self._waiting_for else self._command(event)

    def _command(self, event: QKeyEvent) -> bool:
        commands: dict[int, Callable[[], object]] = {
            Qt.Key.Key_Return: self._wait,
            Qt.Key.Key_Enter: self._wait,
            Qt.Key.Key_F2: self._wait,
        }
        command = self._quit if pressed_key(event) in SHORTCUTS.of("quit") else commands.get(event.key())
        if command is not None:
            command()
        return command is not None

    def _quit(self) -> None:
        """Close the window, which asks if something would be lost; a changed shortcut is saved already."""
        self.reject()
        self._window.close()

    def _take_key(self, event: QKeyEvent) -> bool:
        key = pressed_key(event)
        if not key or event.isAutoRepeat():
            return True
        name, before = self._waiting_for, SHORTCUTS.of(self._waiting_for)
        if key == "Esc" and "Esc" not in before:
            self._stop_waiting()
            return True
        why = SHORTCUTS.conflict(name, key)
        self._stop_waiting()
        if why:
            self._show(why, "error")
        else:
            self._assign(name, (*before, key) if self._adding else (key,))
        return True

    def _wait(self, *, adding: bool = False) -> None:
        name = self._current()
        if name:
            self._waiting_for, self._adding = name, adding
            self._lines[name].setText(1, tr("press the new key…"))
            action = self._lines[name].text(0)
            self._show(tr("{action}: press the new key. Esc cancels.").format(action=action), "quiet")
            self.table.setFocus()

    def _stop_waiting(self) -> None:
        if self._waiting_for:
            self._waiting_for = ""
            self._update_lines()
            self._show(tr(_HELP), "quiet")

    def _remove(self) -> None:
        name = self._current()
        if name and SHORTCUTS.of(name):
            self._assign(name, SHORTCUTS.of(name)[:-1])

    def _reset(self) -> None:
        name = self._current()
        if name:
            keys, custom = _words(name), SHORTCUTS.custom()
            why = SHORTCUTS.reset(name)
            if why:
                self._show(why, "error")
            else:
                self._done(custom, self._change(name, keys))

    def _reset_all(self) -> None:
        custom = SHORTCUTS.custom()
        SHORTCUTS.reset_all()
        self._done(custom, tr("All defaults are restored."))

    def _assign(self, name: str, keys: tuple[str, ...]) -> None:
        before, custom = _words(name), SHORTCUTS.custom()
        SHORTCUTS.assign(name, keys)
        self._done(custom, self._change(name, before))

    def _change(self, name: str, before: str) -> str:
        text = tr("{action}: changed from {before} to {now}.")
        return text.format(action=self._lines[name].text(0), before=before, now=_words(name))

    def _undo(self) -> None:
        self._stop_waiting()
        SHORTCUTS.load(self._before.pop())
        self._changed()
        self.buttons["undo"].setEnabled(bool(self._before))
        self._show(tr("The last change is undone."), "quiet")
        self.table.setFocus()

    def _done(self, custom: dict[str, list[str]], text: str) -> None:
        self._stop_waiting()
        self._before.append(custom)
        self.buttons["undo"].setEnabled(True)
        self._changed()
        self._show(text, "quiet")

    def _current(self) -> str:
        item = self.table.currentItem()
        return str(item.data(0, _NAME) or "") if item is not None else ""

    def _show(self, text: str, role: str) -> None:
        show_status(self.status, text, role)
        self.status.setAccessibleName(text)

    def _update_lines(self) -> None:
        for spec in ACTIONS:
            line = self._lines[spec.name]
            keys, shown = SHORTCUTS.of(spec.name), _words(spec.name)
            line.setText(1, shown if keys == spec.keys else tr("{keys}  (custom)").format(keys=shown))
            line.setData(1, Qt.ItemDataRole.AccessibleTextRole, shown)

    def _build_ui(self) -> None:
        strong = QFont()
        strong.setWeight(QFont.Weight.DemiBold)  # the size is that of the table, also after it changes
        for title, specs in by_menu().items():
            heading = QTreeWidgetItem(self.table, [tr(title)])
            heading.setFirstColumnSpanned(True)
            heading.setFont(0, strong)
            heading.setFlags(Qt.ItemFlag.ItemIsEnabled)
            for spec in specs:
                line = QTreeWidgetItem(heading, [tr(spec.title).rstrip("…"), ""])
                line.setData(0, _NAME, spec.name)
                self._lines[spec.name] = line
        self.table.expandAll()
        SHORTCUTS.changed.connect(self._update_lines)
        self.status.setMinimumHeight(px(40))
        self.fill((self.table, 1), self.status, self._buttons(), size=(860, 680))
        self.table.setFocus()

    def _buttons(self) -> Flow:
        commands: tuple[tuple[str, str, Callable[[], object]], ...] = (
            ("change", tr("Change…"), self._wait),
            ("add", tr("Add…"), lambda: self._wait(adding=True)),
            ("remove", tr("Remove"), self._remove),
            ("reset", tr("Restore default"), self._reset),
            ("reset_all", tr("Restore all defaults"), self._reset_all),
            ("undo", tr("Undo"), self._undo),
        )
        for name, text, command in commands:
            button = self.buttons[name] = QPushButton(text, autoDefault=False)
            button.clicked.connect(lambda _checked=False, c=command: c())
        self.buttons["undo"].setEnabled(False)
        close = QPushButton(tr("Close"), autoDefault=False)
        close.clicked.connect(self.accept)
        return Flow(*self.buttons.values(), close)  # large text does not fit into one line


def _words(name: str) -> str:
    return ", ".join(map(native, SHORTCUTS.of(name))) or tr("none")


class _ShortcutTable(QTreeWidget):
    """Actions and shortcuts in two columns, by menu."""

    def __init__(self) -> None:
        super().__init__()
        self.setColumnCount(2)
        self.setHeaderLabels([tr("Action"), tr("Shortcut")])
        self.setRootIsDecorated(False)
        self.setItemsExpandable(False)
        self.setIndentation(16)
        self.setUniformRowHeights(True)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.header().setSectionsMovable(False)
        self.setAccessibleName(tr("Actions and shortcuts"))
