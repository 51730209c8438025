"""Saved views: the menu of named filters, and the dialog that saves one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtWidgets import QMenu

from orbench_studio.domain.review.query import QueryError, parse
from orbench_studio.domain.review.queue import SavedView
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.dialogs import ask_text
from orbench_studio.gui.review.filter_bar import FilterBar
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.workspace.workspace import Workspace

_KEYS = "123456789"


class SavedViews(QObject):
    """The menu of the saved views, and the dialog that names a new one."""

    message = Signal(str)  # after a view was saved or deleted

    def __init__(self, session: Session, bar: FilterBar) -> None:
        super().__init__(bar)
        self._session = session
        self._bar = bar
        bar.views.clicked.connect(self.open)

    def open(self) -> None:
        self.load(self._show)

    def load(self, done: Callable[[list[SavedView]], object]) -> None:
        def work(workspace: Workspace) -> list[SavedView]:
            from orbench_studio.services.review import search

            return search.saved_views(workspace)

        self._session.run(work, done)

    def save(self) -> None:
        """Ask for a name, and save the current filter under it."""
        ask_text(self._bar, tr("Save view"), tr("Name of the view (the current filter and its order):"), self._named)

    def _named(self, name: str) -> None:
        wanted = self._bar.current

        def work(workspace: Workspace) -> SavedView:
            from orbench_studio.services.review import search

            return search.save_view(workspace, name, wanted)

        self._session.run(work, lambda view: self.message.emit(tr("View saved: {name}").format(name=view.name)))

    def _show(self, views: list[SavedView]) -> None:
        menu = QMenu(self._bar)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for place, view in enumerate(views):
            key = f"&{_KEYS[place]}  " if place < len(_KEYS) else ""
            action = menu.addAction(f"{key}{view.name.replace('&', '&&')}")
            action.triggered.connect(lambda _checked=False, of=view: self.apply(of))
        if not views:
            menu.addAction(tr("No saved views yet")).setEnabled(False)
        menu.addSeparator()
        menu.addAction(tr("Save filter as view…")).triggered.connect(self.save)
        if views:
            delete = menu.addMenu(tr("Delete"))
            for view in views:
                action = delete.addAction(view.name.replace("&", "&&"))
                action.triggered.connect(lambda _checked=False, of=view: self._delete(of))
        menu.popup(self._bar.views.mapToGlobal(QPoint(0, self._bar.views.height())))

    def apply(self, view: SavedView) -> None:
        operations, act = self._session.operations, (SavedView, view.name)
        try:
            self._bar.ask(parse(view.query))
        except QueryError as error:
            operations.failed.emit(
                act, tr("The view “{name}” cannot be read: {error}").format(name=view.name, error=error)
            )
        else:
            operations.succeeded.emit(act)

    def _delete(self, view: SavedView) -> None:
        def work(workspace: Workspace) -> None:
            from orbench_studio.services.review import search

            search.remove_view(workspace, view.name)

        self._session.run(work, lambda _: self.message.emit(tr("View deleted: {name}").format(name=view.name)))
