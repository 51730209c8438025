"""Menus made from the action table: the menu bar, and context menus of rows, cells and texts."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QAction, QContextMenuEvent
from PySide6.QtWidgets import QAbstractItemView, QMenu, QMenuBar, QWidget

from orbench_studio.gui.common.actions import ACTIONS, MENUS, SUBMENUS, Actions, plain, tr


@dataclass(frozen=True, slots=True)
class Command:
    """An entry of a context menu that is no action of the window."""

    text: str
    run: Callable[[], object]
    enabled: bool = True


Entry = Command | str | None  # a command, the name of an action, or a separator


def fill_menu_bar(bar: QMenuBar, actions: Actions) -> dict[str, QMenu]:
    """Add the menus of the action table to a menu bar; return them by title."""
    menus = {}
    for title, groups in MENUS.items():
        menu = menus[plain(title)] = bar.addMenu(tr(title))
        for place, group in enumerate(groups):
            if place:
                menu.addSeparator()
            into = menu.addMenu(tr(group)) if group in SUBMENUS else menu
            into.addActions([actions[spec.name] for spec in ACTIONS if spec.group == group])
    return menus


def add_menu(menu: QMenu, title: str, before: QAction, entries: Callable[[], Sequence[Command]]) -> None:
    """Add a submenu that is filled each time it is shown."""
    submenu = QMenu(title, menu)

    def fill() -> None:
        submenu.clear()
        for entry in entries():
            _add_command(submenu, entry)

    submenu.aboutToShow.connect(fill)
    menu.insertMenu(before, submenu)


def context_menu(parent: QWidget, entries: Iterable[Entry]) -> QMenu:
    """Build a context menu; the actions are those of the window that contains `parent`."""
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for entry in entries:
        if entry is None:
            menu.addSeparator()
        elif isinstance(entry, str):
            menu.addAction(_action(parent, entry))
        else:
            _add_command(menu, entry)
    return menu


def offer_context_menu(widget: QWidget, entries: Callable[[QPoint], Sequence[Entry]]) -> None:
    """Show a context menu on a right click or the menu key; `entries` gets the position in the widget's viewport.

    Without entries no menu is shown.
    """

    def show(at: QPoint) -> None:
        offered = entries(at)
        if offered:
            viewport = getattr(widget, "viewport", lambda: widget)()
            context_menu(widget, offered).popup(viewport.mapToGlobal(at))

    widget.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
    widget.customContextMenuRequested.connect(show)
    if isinstance(widget, QAbstractItemView):
        _MenuKey(widget, show)


class _MenuKey(QObject):
    """Opens the menu of the current row or cell with the menu key; Qt would open the one in the middle of the view."""

    def __init__(self, view: QAbstractItemView, show: Callable[[QPoint], None]) -> None:
        super().__init__(view)
        self._view = view
        self._show = show
        view.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QContextMenuEvent) or event.reason() is not QContextMenuEvent.Reason.Keyboard:
            return False
        self._show(self._view.visualRect(self._view.currentIndex()).center())
        return True


def _add_command(menu: QMenu, command: Command) -> None:
    action = menu.addAction(command.text.replace("&", "&&"))
    action.setEnabled(command.enabled)
    action.triggered.connect(lambda: command.run())


def _action(widget: QWidget, name: str) -> QAction:
    at: QWidget | None = widget
    while at is not None:
        if action := at.findChild(QAction, name, Qt.FindChildOption.FindDirectChildrenOnly):
            return action
        at = at.parentWidget()
    raise KeyError(name)
