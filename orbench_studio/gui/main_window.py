"""The window: assembles pages and decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from orbench_studio.domain.review.query import write
from orbench_studio.domain.review.queue import QueueFilter
from orbench_studio.domain.workspace.location import Location, Server
from orbench_studio.gui.common.actions import KEYS, Actions, tr
from orbench_studio.gui.common.dialogs import CrashDialog
from orbench_studio.gui.common.file_selection import ask_new_workspace, ask_tables, ask_workspace
from orbench_studio.gui.common.message_bar import MessageBar
from orbench_studio.gui.common.page_stack import PAGES, Page, Pages, Rail
from orbench_studio.gui.common.preferences import PreferencesDialog
from orbench_studio.gui.common.shortcuts_dialog import KeysDialog
from orbench_studio.gui.common.theme import LARGEST, SMALLEST, STEP, Theme, px
from orbench_studio.gui.common.widgets import label, rule, set_tip
from orbench_studio.gui.data.label_files import LabelFiles
from orbench_studio.gui.data.library_page import LibraryPage
from orbench_studio.gui.data.response_index import Indexing
from orbench_studio.gui.judging.auto_training import AutoTraining
from orbench_studio.gui.judging.judge_run import LOCAL, RULES, JudgeRun
from orbench_studio.gui.page_registry import PageRegistry
from orbench_studio.gui.review.pace import Pace
from orbench_studio.gui.review.page import ReviewPage
from orbench_studio.gui.review.reviewer import ReviewerName
from orbench_studio.gui.workspace.moved_file import MovedFile
from orbench_studio.gui.workspace.server_dialog import ServerDialog, message
from orbench_studio.gui.workspace.session import Session
from orbench_studio.gui.workspace.welcome import WelcomePage
from orbench_studio.settings import SCHEMES

if TYPE_CHECKING:
    from orbench_studio.services.workspace.workspace import Workspace

_BAR = 48


class MainWindow(PageRegistry):
    """Top bar, rail, pages, message bar."""

    demo_wanted = Signal()  # when the user asks for the demo workspace

    def __init__(self, session: Session, theme: Theme) -> None:
        super().__init__()
        self._session = session
        self._theme = theme
        self.actions_table = Actions(self)
        self.welcome = WelcomePage(self.actions_table, session.settings)
        self.review = ReviewPage(session, self.actions_table, theme)
        self.library = LibraryPage(session)
        self.judging = JudgeRun(session, self)
        self._moved_file = MovedFile(session, self)
        self.learning = AutoTraining(session, self.judging, self)
        self.messages = MessageBar(self.actions_table)
        self._indexing = Indexing(session, self)
        self.label_files = LabelFiles(session, self)
        self._name = label("", "strong")
        self._today = label("", "quiet")
        self._today.setToolTip(tr("Prompts that you have labelled since midnight, and the median time of the last 20"))
        self.pace = Pace()
        self._labelled = 0
        self._reviewer = ReviewerName(session)
        self._rail = Rail(self.actions_table)
        self._pages = Pages(self._makers())
        self._build_ui()
        self._connect()

    def _makers(self) -> dict[str, Callable[[], Page]]:
        return {
            "page_review": lambda: self.review,
            "page_library": lambda: self.library,
            "page_evaluate": lambda: self.evaluate,
            "page_instruments": lambda: self.instruments,
            "page_audit": lambda: self.audit,
            "page_curate": lambda: self.curate,
            "page_disputes": lambda: self.disputes,
            "page_generate": lambda: self.generate,
            "page_team": lambda: self.team,
        }

    def export(self, subset: str | None = None) -> None:
        """Show the export dialog, on a subset where one is named."""
        if self._session.workspace is None:
            self.messages.tell(tr("Open a workspace first, then export from it."))
            return
        from orbench_studio.gui.data.export_dialog import ExportDialog

        ExportDialog(self, self._session, write(self.review.finder.current), subset).open()

    def show_page(self, name: str) -> None:
        """Bring a page of the open workspace to the front."""
        if self._session.workspace is None:
            return
        self._pages.show_page(name)
        self._rail.mark(name)
        self.review.finder.bar.setVisible(self._pages.currentWidget() is self.review)

    def open(self, place: Location) -> None:
        """Open a workspace, and say so until it is there."""
        self.say_opening(place.name)
        if isinstance(place, Server):
            self._session.open(place, failed=lambda error: self._ask_server(place, message(error)))
        else:
            self._session.open(place)

    def say_opening(self, name: str) -> None:
        """Say what is being opened, in the place of the ways to open something."""
        self.welcome.say(f"{tr('Opening')} {name} …")

    def _ask_server(self, place: Server | None = None, fault: str = "") -> None:
        self.welcome.say("")
        ServerDialog(self, self._session, place, fault).open()

    def import_files(self, files: list[Path] | None = None) -> None:
        """Show the import dialog, with these files or asking for some."""
        if self._session.workspace is None:
            self.messages.tell(tr("Open or create a workspace first, then import files into it."))
            return
        if files is None:
            ask_tables(self, self.import_files)
            return
        # On first use: it brings the file formats, which the window does not wait for.
        from orbench_studio.gui.data.import_dialog import ImportDialog

        ImportDialog(self, self._session).begin(files)

    def _opened(self) -> None:
        workspace = self._session.workspace
        assert workspace is not None  # the signal says so
        self.setWindowTitle(f"{workspace.name} — OR-Bench Studio")
        self._name.setText(workspace.name + (f" · {tr('illustrative')}" if workspace.illustrative else ""))
        set_tip(self._name, str(workspace.place))
        self.welcome.say("")
        self._bar.show()
        self._rail.show()
        self.review.start(at=self._session.settings.places.get(str(workspace.place)))
        self.show_page("page_review")
        self._session.run(_warning, self._warn)

    def _warn(self, words: str) -> None:
        if words:
            self.messages.fail(_warning, words)

    def _show_welcome(self, why: str) -> None:
        self.setWindowTitle("OR-Bench Studio")
        self._bar.hide()
        self._rail.hide()
        self.welcome.list_recent()
        self._pages.setCurrentWidget(self.welcome)
        self.messages.fail(self._moved_file, why)

    def _review(self, wanted: QueueFilter) -> None:
        self.review.finder.bar.ask(wanted)
        self.show_page("page_review")

    def _failed(self, act: Hashable, text: str) -> None:
        self.welcome.say("")
        self.messages.fail(act, text)

    def _reconnected(self, text: str) -> None:
        self.messages.succeed(self._session.connection)
        self.messages.tell(text)

    def _crashed(self, report: str) -> None:
        self.welcome.say("")
        CrashDialog(self, report).open()

    def _remember_place(self) -> None:
        workspace, view = self._session.workspace, self.review.view
        if workspace is not None and view is not None and not workspace.illustrative:
            self._session.settings.places[str(workspace.place)] = abs(view.prompt.id)

    def _keep_keys(self) -> None:
        self._session.settings.keys = KEYS.chosen()
        self._session.save_settings()

    def _prefer(self, name: str) -> None:
        """Put a preference in force that has another value now, and keep it."""
        settings = self._session.settings
        if name == "scheme":
            self._theme.choose(settings.scheme)
        elif name == "font_scale":
            self._theme.scale(settings.font_scale)
        elif name == "shielded":
            self.review.eye.prefer()
        elif name == "blind":
            self.review.follow_settings()
        self._session.save_settings()

    def _resize_text(self, by: int) -> None:
        settings = self._session.settings
        wanted = settings.font_scale + by if by else SMALLEST
        settings.font_scale = min(max(wanted, SMALLEST), LARGEST)
        self._prefer("font_scale")
        self.messages.tell(f"{tr('Size of text')}: {settings.font_scale} %")

    def _count_today(self, count: int) -> None:
        self._labelled = count
        self._today.setText("  ·  ".join(filter(None, (f"{count:,} {tr('today')}", self.pace.words()))))

    def _keep_pace(self) -> None:
        self.pace.decided()
        self._count_today(self._labelled)
        after = self._session.settings.break_after
        if self.pace.suggests_break(after):
            self.messages.suggest(f"{after} {tr('minutes without a pause. A short break does the eyes good.')}")

    def _next_scheme(self) -> None:
        settings = self._session.settings
        before = self._theme.tokens
        for _ in SCHEMES:  # on to one that looks different: a key that changes nothing seems broken
            place = SCHEMES.index(settings.scheme) if settings.scheme in SCHEMES else 0
            settings.scheme = SCHEMES[(place + 1) % len(SCHEMES)]
            self._prefer("scheme")
            if self._theme.tokens is not before:
                break
        self.messages.tell(f"{tr('Colours')}: {settings.scheme}")

    def _connect(self) -> None:
        for part in (self._indexing, self.label_files, self.judging, self._moved_file, self._reviewer, self.review):
            part.message.connect(self.messages.tell)
        self._moved_file.closed.connect(self._show_welcome)
        self._session.opened.connect(lambda: self.messages.succeed(self._moved_file))
        operations = self._session.operations
        self._session.background.failed.connect(operations.failed)
        self._session.background.succeeded.connect(operations.succeeded)
        self._session.background.crashed.connect(operations.crashed)
        self._reviewer.clicked.connect(lambda: self.actions_table["reviewer"].trigger())
        self._reviewer.changed.connect(self.review.start)
        self._reviewer.changed.connect(self.review.around.team.renamed)
        operations.failed.connect(self._failed)
        operations.succeeded.connect(self.messages.succeed)
        operations.crashed.connect(self._crashed)
        operations.changed.connect(self._pages.refresh)
        self._session.connection.lost.connect(partial(self.messages.fail, self._session.connection))
        self._session.connection.back.connect(self._reconnected)
        self._session.leaving.connect(self.messages.leave)
        self._session.opened.connect(self._opened)
        self.review.stated.connect(self.messages.decide)
        self._rail.chosen.connect(self.show_page)
        self.review.progressed.connect(self._count_today)
        self.review.decided.connect(self._keep_pace)
        self._theme.changed.connect(self._fit_size)
        self.welcome.chosen.connect(self.open)
        self.welcome.demo_wanted.connect(self.demo_wanted)
        self.actions_table.bind(
            {
                "open": lambda: ask_workspace(self, self.open),
                "new": lambda: ask_new_workspace(self, lambda path: self._session.open(path, create=True)),
                "import": self.import_files,
                "export": self.export,
                "merge_labels": self.label_files.ask_merge,
                "write_labels": self.label_files.ask_write,
                "index_responses": self._indexing.begin,
                "keys": lambda: KeysDialog(self, self._keep_keys).open(),
                "open_server": self._ask_server,
                "reviewer": self._reviewer.ask,
                "scheme": self._next_scheme,
                "preferences": lambda: PreferencesDialog(self, self._session.settings, self._prefer).open(),
                "larger": lambda: self._resize_text(STEP),
                "smaller": lambda: self._resize_text(-STEP),
                "usual_size": lambda: self._resize_text(0),
                "quit": self.close,
                "judge_rules": partial(self.judging.ask, RULES),
                "judge_local": partial(self.judging.ask, LOCAL),
                **{name: partial(self.show_page, name) for name, _shape, _words in PAGES},
            }
        )

    def _build_ui(self) -> None:
        self.setWindowTitle("OR-Bench Studio")
        self.setMinimumSize(900, 560)
        self.setAcceptDrops(True)
        self.resize(QSize(1440, 900).boundedTo(self.screen().availableSize() * 0.97))
        self.restoreGeometry(QByteArray.fromHex(self._session.settings.geometry.encode()))
        self._pages.addWidget(self.welcome)
        body = QHBoxLayout()
        body.setSpacing(0)
        body.addWidget(self._rail)
        body.addWidget(self._pages, 1)
        centre = QWidget()
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._bar = self._build_bar()
        column.addWidget(self._bar)
        column.addLayout(body, 1)
        column.addWidget(rule())
        column.addWidget(self.judging.strip)
        column.addWidget(self.messages)
        self.setCentralWidget(centre)
        self._bar.hide()
        self._rail.hide()
        self._fit_size()

    def _fit_size(self) -> None:
        """Give what has no text of its own to be measured by the room that the size of text asks for."""
        self._bar.setMinimumHeight(px(_BAR))
        self._rail.fit()
        self.review.panes.fit(self.review.size())

    def _build_bar(self) -> QFrame:
        bar = QFrame()
        bar.setObjectName("panel")
        row = QHBoxLayout(bar)
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(16)
        row.addWidget(self._name)
        row.addWidget(self.review.finder.bar, 1)
        row.addWidget(self._today)
        row.addWidget(self._reviewer)
        return bar

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Space is a key of the review page: what has the focus is pressed with Enter.
        focused = self.focusWidget()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and isinstance(focused, QAbstractButton):
            focused.click()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        files = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if len(files) == 1 and files[0].suffix == ".orbench":
            self.open(files[0])
        elif files:
            self.import_files(files)

    def closeEvent(self, event: QCloseEvent) -> None:
        settings = self._session.settings
        settings.geometry = self.saveGeometry().toHex().toStdString()
        self.review.panes.remember()
        self._remember_place()
        self._session.save_settings()
        super().closeEvent(event)


def _warning(workspace: Workspace) -> str:
    from orbench_studio.services.workspace import sync_folders

    return "" if isinstance(workspace.place, Server) else sync_folders.warning_once(workspace.place)
