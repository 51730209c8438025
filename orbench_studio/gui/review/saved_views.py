"""Saved views: filters of this workspace under a name, one key away."""

from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtWidgets import QInputDialog, QMenu

from orbench_studio.domain.review.query import QueryError, parse
from orbench_studio.domain.review.queue import SavedView
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.review.filter_bar import FilterBar
from orbench_studio.gui.workspace.session import Session

_KEYS = "123456789"


class SavedViews(QObject):
    """The menu of the saved views, and the dialog that names a new one."""

    message = Signal(str)  # after something happened that the user should see for a moment

    def __init__(self, session: Session, bar: FilterBar) -> None:
        super().__init__(bar)
        self._session = session
        self._bar = bar
        bar.views.clicked.connect(self.open)

    def open(self) -> None:
        """Show the views of the workspace."""
        self._session.saved_views(self._show)

    def save(self) -> None:
        """Ask for a name for the filter in force."""
        dialog = QInputDialog(self._bar)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(tr("Save this view"))
        dialog.setLabelText(tr("Keep this filter and its order in the workspace under the name:"))
        dialog.textValueSelected.connect(self._named)
        dialog.open()

    def _named(self, name: str) -> None:
        self._session.save_view(
            name, self._bar.current, lambda view: self.message.emit(f"{tr('View saved')}: {view.name}")
        )

    def _show(self, views: list[SavedView]) -> None:
        menu = QMenu(self._bar)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for place, view in enumerate(views):
            key = f"&{_KEYS[place]}  " if place < len(_KEYS) else ""
            action = menu.addAction(f"{key}{view.name.replace('&', '&&')}")
            action.triggered.connect(lambda _checked=False, of=view: self._take(of))
        if not views:
            menu.addAction(tr("No view saved yet")).setEnabled(False)
        menu.addSeparator()
        menu.addAction(tr("Save this filter as a view…")).triggered.connect(self.save)
        if views:
            forget = menu.addMenu(tr("Forget"))
            for view in views:
                action = forget.addAction(view.name.replace("&", "&&"))
                action.triggered.connect(lambda _checked=False, of=view: self._forget(of))
        menu.popup(self._bar.views.mapToGlobal(QPoint(0, self._bar.views.height())))

    def _take(self, view: SavedView) -> None:
        operations, act = self._session.operations, (SavedView, view.name)
        try:
            self._bar.ask(parse(view.query))
        except QueryError as error:
            operations.failed.emit(act, f"The view “{view.name}” cannot be read: {error}")
        else:
            operations.succeeded.emit(act)

    def _forget(self, view: SavedView) -> None:
        self._session.remove_view(view.name, lambda: self.message.emit(f"{tr('View forgotten')}: {view.name}"))
