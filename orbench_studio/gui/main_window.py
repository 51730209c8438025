"""The main window: menu bar, top bar, navigation rail, pages and message bar."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QDialog, QWidget

from orbench_studio.domain.core.changes import Changes
from orbench_studio.domain.workspace.location import Location, Server
from orbench_studio.gui.appearance import Appearance
from orbench_studio.gui.common.actions import SHORTCUTS, Actions, tr
from orbench_studio.gui.common.file_selection import ask_new_workspace, ask_tables, ask_workspace
from orbench_studio.gui.common.layouts import column_layout, row_layout
from orbench_studio.gui.common.menus import Command, add_menu, fill_menu_bar
from orbench_studio.gui.common.message_bar import MessageBar
from orbench_studio.gui.common.page_stack import PAGES, Pages
from orbench_studio.gui.common.remembered import Remembered
from orbench_studio.gui.common.theme import Theme
from orbench_studio.gui.common.widgets import ENTER, rule
from orbench_studio.gui.data.label_files import LabelFiles
from orbench_studio.gui.data.response_index import Indexing
from orbench_studio.gui.first_frame import FirstFrame
from orbench_studio.gui.judging.auto_training import AutoTraining
from orbench_studio.gui.judging.judge_run import JudgeRun
from orbench_studio.gui.page_registry import PageRegistry
from orbench_studio.gui.workspace.decision_recorder import DecisionRecorder
from orbench_studio.gui.workspace.moved_file import MovedFile
from orbench_studio.gui.workspace.save_copy import SaveCopy
from orbench_studio.gui.workspace.session import Session
from orbench_studio.gui.workspace.visits import Visits
from orbench_studio.gui.workspace.welcome import WelcomePage
from orbench_studio.services.judging.builtin_judges import LOCAL, RULES

if TYPE_CHECKING:
    from orbench_studio.domain.review.queue import QueueFilter
    from orbench_studio.services.workspace.workspace import Workspace


class MainWindow(PageRegistry):
    """The main window. The pages, and the top bar with the filter, are created in `PageRegistry` on first use."""

    demo_wanted = Signal()  # the user asks for the demo workspace

    def __init__(self, session: Session, recorder: DecisionRecorder, theme: Theme) -> None:
        super().__init__()
        self._session = session
        self._recorder = recorder
        self.first_frame = FirstFrame(self)
        self.first_frame.painted.connect(self._add_review)
        self._theme = theme
        self.actions_table = Actions(self)
        self.welcome = WelcomePage(self.actions_table, session.settings)
        self.judging = JudgeRun(session, self, lambda: self.review.finder.current)
        self._moved_file = MovedFile(session, recorder, self)
        self.save_copy = SaveCopy(session, self)
        self.learning = AutoTraining(session, self.judging, self)
        self.messages = MessageBar(self.actions_table)
        self._indexing = Indexing(session, self)
        self.label_files = LabelFiles(session, self)
        self.appearance = Appearance(self, session, theme)
        self._visits = Visits(session, self)
        self.menus = fill_menu_bar(self.menuBar(), self.actions_table)
        self._pages = Pages({name: partial(getattr, self, name.removeprefix("page_")) for name, *_ in PAGES})
        add_menu(self.menus["File"], tr("Open recent"), self.actions_table["import"], self.recent)
        self._build_ui()
        self._connect()

    def export(self, subset: str | None = None) -> None:
        """Show the export dialog, for a subset if one is given."""
        if self._session.workspace is None:
            self.messages.show_remark(tr("Open a workspace before you export."))
            return
        from orbench_studio.domain.review.query import write
        from orbench_studio.gui.data.export_dialog import ExportDialog

        ExportDialog(self, self._session, write(self.review.finder.current), subset).open()

    def _export_shown(self) -> None:
        """Show the export dialog, for the subset that is selected on the page if there is one."""
        subset = self.curate.saved.subsets.current() if self.rail.marked == "page_curate" else None
        self.export(str(subset) if subset else None)

    def show_page(self, name: str) -> None:
        if self._session.workspace is None:
            return
        self._pages.show_page(name)
        self.rail.mark(name)
        self._visits.leave_on(name)
        self.review.finder.bar.setVisible(self._pages.currentWidget() is self.review)

    def open(self, place: Location) -> None:
        """Open a workspace and show its name until it is open."""
        self._add_review()  # before the workspace is open: it follows the session
        self.show_opening(place.name)
        ask = partial(self._ask_server, place) if isinstance(place, Server) else None
        self._session.open(place, failed=ask)

    def show_opening(self, name: str) -> None:
        """Show on the start page what is being opened."""
        self.welcome.say(tr("Opening {name}…").format(name=name))

    def _ask_server(self, place: Server | None = None, error: Exception | None = None) -> None:
        from orbench_studio.gui.workspace.server_dialog import ServerDialog, message

        self.welcome.say("")
        ServerDialog(self, self._session, place, message(error)).open()

    def _import_clipboard(self) -> None:
        from orbench_studio.gui.data.clipboard import clipboard_files

        folder = TemporaryDirectory(prefix="orbench-clipboard-", ignore_cleanup_errors=True)
        files = clipboard_files(Path(folder.name))
        if files:
            self._begin_import(files).finished.connect(lambda _: folder.cleanup())
        else:
            folder.cleanup()
            self.messages.show_message(tr("Copy files, cells of a spreadsheet, or prompts (one per line) first."))

    def import_files(self, files: list[Path] | None = None) -> None:
        """Show the import dialog with these files; without files, ask for some first."""
        if self._session.workspace is None:
            self.messages.show_remark(tr("Open or create a workspace before you import files."))
            return
        if files is None:
            ask_tables(self, self.import_files)
        else:
            self._begin_import(files)

    def _begin_import(self, files: list[Path]) -> QDialog:
        # Imported on first use: it loads the file formats, which would delay the start.
        from orbench_studio.gui.data.import_dialog import ImportDialog

        dialog = ImportDialog(self, self._session)
        dialog.review_wanted.connect(self._review)
        dialog.begin(files)
        return dialog

    def _import_from_hub(self) -> None:
        # Imported on first use: it loads the file formats, which would delay the start.
        from orbench_studio.gui.data.hub_dialog import HubDialog

        dialog = HubDialog(self, self._session)
        dialog.downloaded.connect(self.import_files)
        dialog.open()

    def _opened(self) -> None:
        self._add_review()
        workspace = self._session.workspace
        assert workspace is not None  # emitted only after one is open
        if isinstance(workspace.place, Path) and not self._session.is_demo:
            Remembered.start_in(str(workspace.place.parent))
        name = tr("Demo (temporary copy)") if self._session.is_demo else workspace.name
        self.setWindowTitle(tr("{name} — OR-Bench Studio").format(name=name))
        self.top_bar.show_workspace()
        self.actions_table.follow_workspace(is_open=True)
        self.welcome.say("")
        self.top_bar.show()
        self.rail.show()
        self.review.finder.bar.ask(self._visits.filter())
        self.review.start(at=self._session.settings.places.get(str(workspace.place)))
        page = self._visits.page()
        self.show_page(page if page in {name for name, *_ in PAGES} else "page_review")
        self.messages.end_remark()
        self._session.run(_warning, self._warn)
        self._report_paused()

    def _warn(self, text: str) -> None:
        if text:
            self.messages.show_error(_warning, text)

    def _show_welcome(self, why: str) -> None:
        self.setWindowTitle("OR-Bench Studio")
        self._leave_pages()
        self.welcome.list_recent()
        self._pages.setCurrentWidget(self.welcome)
        self.messages.show_error(self._moved_file, why)

    def _show_guide(self) -> None:
        """Show the guide at the page that is shown."""
        from orbench_studio.gui.common.guide import GUIDE_PAGES, GuideDialog

        page = GUIDE_PAGES[self.rail.marked] if self._session.workspace else "getting-started"
        GuideDialog(self, self._theme, page).show()

    def _show_about(self) -> None:
        from orbench_studio.gui.common.dialogs import AboutDialog

        AboutDialog(self, self._session.settings.file).open()

    def _show_shortcuts(self) -> None:
        from orbench_studio.gui.common.shortcuts_dialog import ShortcutsDialog

        ShortcutsDialog(self, self._store_shortcuts, self.rail.marked).open()

    def recent(self) -> list[Command]:
        """What was open before: the demo of this window, and the recent workspaces."""
        demo = [Command(tr("Demo (temporary copy)"), self.demo_wanted.emit)] if self._session.has_left_demo else []
        places = [Command(str(place), partial(self.open, place)) for place in self.welcome.recent()]
        return [*demo, *places] or [Command(tr("No recent workspaces"), lambda: None, enabled=False)]

    def _leave_pages(self) -> None:
        """Hide and disable what needs an open workspace."""
        if self.has_review:
            self.top_bar.hide()
            self.rail.hide()
        self.actions_table.follow_workspace(is_open=False)

    def _review(self, wanted: QueueFilter) -> None:
        self.review.show_filter(wanted)
        self.show_page("page_review")

    def _failed(self, act: Hashable, text: str) -> None:
        self.welcome.say("")
        self.messages.show_error(act, text)

    def _forget_read_errors(self, changes: Changes) -> None:
        if changes.message:  # the user's own action, not that of another window
            self.messages.clear_read_errors(unless=(self._recorder, self._session))

    def _reconnected(self, text: str) -> None:
        self.messages.clear_error(self._recorder)
        self.messages.show_message(text)

    def _crashed(self, report: str) -> None:
        from orbench_studio.gui.common.dialogs import CrashDialog

        self.welcome.say("")
        CrashDialog(self, report).open()

    def _remember_place(self) -> None:
        workspace = self._session.workspace
        if workspace is None:
            return
        if (prompt_id := self.review.resume_at) is not None and not self._session.is_demo:
            self._session.settings.places[str(workspace.place)] = prompt_id
        self._visits.leave_with(self.review.finder.current)

    def _store_shortcuts(self) -> None:
        self._session.settings.keys = SHORTCUTS.custom()
        self._session.save_settings()

    def _connect(self) -> None:
        for part in (self._indexing, self.label_files, self.judging, self._moved_file, self.save_copy):
            part.message.connect(self.messages.show_message)
        self._moved_file.closed.connect(self._show_welcome)
        self._session.opened.connect(lambda: self.messages.clear_error(self._moved_file))
        operations = self._session.operations
        self._session.background.failed.connect(operations.failed)
        self._session.background.succeeded.connect(operations.succeeded)
        self._session.background.crashed.connect(operations.crashed)
        operations.failed.connect(self._failed)
        operations.succeeded.connect(self.messages.clear_error)
        operations.crashed.connect(self._crashed)
        operations.changed.connect(self._forget_read_errors)
        operations.changed.connect(self._pages.refresh)
        self._recorder.lost.connect(partial(self.messages.show_error, self._recorder))
        self._recorder.back.connect(self._reconnected)
        self._session.access_ended.connect(partial(self.messages.show_error, self._session))
        self._session.access_returned.connect(partial(self.messages.clear_error, self._session))
        self._session.leaving.connect(self._remember_place)
        self._visits.save_wanted.connect(self._remember_place)
        self._visits.save_wanted.connect(self._session.save_settings)
        self._session.leaving.connect(self.messages.leave_workspace)
        self._session.opened.connect(self._opened)
        self._theme.changed.connect(self._fit_size)
        self.welcome.chosen.connect(self.open)
        self.welcome.demo_wanted.connect(self.demo_wanted)
        self.appearance.message.connect(self.messages.show_message)
        self.appearance.followers = {
            "shielded": lambda: self.review.reading.prefer(),
            "blind": lambda: self.review.follow_settings(),
            "reveal": lambda: self.review.follow_settings(),
        }
        self.appearance.own_categories = lambda: self.review.own_categories if self._session.workspace else ()
        self.appearance.bind(self.actions_table)
        self.actions_table.bind(self._handlers())

    def _handlers(self) -> dict[str, Callable[[], object]]:
        return {
            "open": lambda: ask_workspace(self, self.open),
            "demo": self.demo_wanted.emit,
            "new": lambda: ask_new_workspace(self, lambda path: self._session.open(path, create=True)),
            "import": self.import_files,
            "import_hub": self._import_from_hub,
            "paste": self._import_clipboard,
            "export": self._export_shown,
            "save_copy": self.save_copy.ask,
            "merge_labels": self.label_files.ask_merge,
            "write_labels": self.label_files.ask_write,
            "index_responses": self._indexing.begin,
            "keys": self._show_shortcuts,
            "open_server": self._ask_server,
            "reviewer": lambda: self.top_bar.reviewer.ask(),
            "quit": self.close,
            "palette": lambda: self._commands.open(),
            "menu": lambda: self.menuBar().setActiveAction(self.menuBar().actions()[0]),
            "guide": self._show_guide,
            "about": self._show_about,
            "judge_rules": partial(self.judging.ask_all, RULES),
            "judge_local": partial(self.judging.ask_all, LOCAL),
            **{name: partial(self.show_page, name) for name, *_ in PAGES},
        }

    def _build_ui(self) -> None:
        self.setWindowTitle("OR-Bench Studio")
        self.setMinimumSize(900, 560)
        self.setAcceptDrops(True)
        self.installEventFilter(self.messages)
        self.resize(QSize(1440, 900).boundedTo(self.screen().availableSize() * 0.97))
        self.restoreGeometry(QByteArray.fromHex(self._session.settings.geometry.encode()))
        self._pages.addWidget(self.welcome)
        self._body = row_layout(None, (self._pages, 1), spacing=0)
        centre = QWidget()
        self._column = column_layout(centre, (self._body, 1), rule(), self.judging.strip, self.messages, spacing=0)
        self.setCentralWidget(centre)
        self._leave_pages()
        self._fit_size()

    def _add_review(self) -> None:
        """Create the review page, the top bar and the rail, if there are none yet."""
        if self._column.indexOf(self.top_bar) < 0:
            self._column.insertWidget(0, self.top_bar)
            self._body.insertWidget(0, self.rail)
            self._fit_size()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Space is a shortcut of the review page, so Enter presses the focused button.
        focused = self.focusWidget()
        disabled = self.actions_table.disabled(event) if self._session.workspace is None else None
        if event.key() in ENTER and isinstance(focused, QAbstractButton):
            focused.click()
        elif disabled is not None:
            self.messages.show_remark(tr("Open or create a workspace first: “{action}” needs one.").format(
                action=disabled.text().removesuffix("…")))  # fmt: skip
        elif event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down) and not isinstance(focused, QAbstractItemView):
            self._enter_list()
        else:
            super().keyPressEvent(event)

    def _enter_list(self) -> None:
        """Focus the topmost list of the page, where the arrow keys move."""
        page = self._pages.currentWidget() or self
        views = [view for view in page.findChildren(QAbstractItemView) if view.isVisible() and view.model().rowCount()]
        if views:
            view = min(views, key=lambda view: view.mapTo(page, QPoint()).y())
            view.setFocus()
            if not view.currentIndex().isValid():
                view.setCurrentIndex(view.model().index(0, 0))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.setDropAction(Qt.DropAction.CopyAction)  # after a move, the source may delete the file
            event.accept()

    def dropEvent(self, event: QDropEvent) -> None:
        files = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if len(files) == 1 and files[0].suffix == ".orbench":
            self.open(files[0])
        elif files:
            self.import_files(files)

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.save_copy.stops_close():
            event.ignore()
            return
        settings = self._session.settings
        settings.geometry = self.saveGeometry().toHex().toStdString()
        if self.has_review:
            self.review.panes.remember()
        self._remember_place()
        self._session.save_settings()
        super().closeEvent(event)


def _warning(workspace: Workspace) -> str:
    from orbench_studio.services.workspace import sync_folders

    return "" if isinstance(workspace.place, Server) else sync_folders.warning_once(workspace.place)
