"""The import window: add files, check how they are read, choose fields, meanings and repairs, then import."""

from collections import Counter
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from orbench_studio.domain.review.queue import QueueFilter
from orbench_studio.errors import StudioError
from orbench_studio.gui.common.actions import plural, tr
from orbench_studio.gui.common.compact import is_compact
from orbench_studio.gui.common.dialogs import Dialog, confirm, set_size
from orbench_studio.gui.common.fields import SpinBox
from orbench_studio.gui.common.file_selection import ask_tables
from orbench_studio.gui.common.layouts import ShrinkingPage, Stretch, column_layout, row_layout
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import if_alive, label, scrolled, set_role, set_tip
from orbench_studio.gui.data.encoding_field import EncodingField
from orbench_studio.gui.data.hub_dialog import HubDialog
from orbench_studio.gui.data.import_messages import NAMES, message, state, why_not_stored, with_titles
from orbench_studio.gui.data.import_preview import ImportPreview
from orbench_studio.gui.data.import_run import FileToImport, ImportRun, Repairs
from orbench_studio.gui.data.low_table import LowTable
from orbench_studio.gui.data.name_fields import NameFields
from orbench_studio.gui.workspace.session import Session
from orbench_studio.services.data.file_members import expanded
from orbench_studio.services.data.import_files import OFFERS, Fault, remembered_text

_FILES, _LOSS = 3, 10  # rows of the list of files, which a growing table does not shrink; a tenth of the rows
_STATUS_WIDTH = 320  # pixels
_REPORT_MARGIN = 24  # pixels


class ImportDialog(Dialog):
    """Lists files with their findings before the import and their results after it."""

    review_wanted = Signal(QueueFilter)  # when the user wants to review the prompts that were imported

    def __init__(self, parent: QWidget, session: Session) -> None:
        super().__init__(parent, tr("Import files"))
        self._session = session
        self._unpacked = ExitStack()  # the members of archives, while the window is open
        self._left_out: list[str] = []  # what archives and folders have beside tables
        self.run = ImportRun(session, [])
        self._files = LowTable(2, least=_FILES, most=_FILES)
        self.preview = ImportPreview()
        self._names = {name: QLineEdit() for name, _ in NAMES if name != "rows"}
        self._rows = QLineEdit()
        self._encoding = EncodingField()
        self._header = SpinBox()
        self._fields = NameFields({**self._names, "rows": self._rows}, self._header, self._encoding)
        self._repairs: dict[Fault, QCheckBox] = {}
        self._repair_box = QVBoxLayout()
        self._near = QCheckBox(tr("Merge &prompts that differ only in white space or quotation marks"))
        self._report = _Report()
        self._changed: FileToImport | None = None  # since its last check began
        self._progress = QProgressBar()
        texts = ("&Add files…", "&Hugging Face…", "Re&quests file…", "Check a&gain", "&Import", "&Review now", "&Close")
        self._add, self._hub, self._ask, self._look, self._take, self._review, self._close = (
            QPushButton(tr(t)) for t in texts
        )
        self._build_ui()
        self._connect()

    def begin(self, files: list[Path]) -> None:
        self.run.setParent(self)
        self.run.progressed.connect(self._show_progress)
        self.run.advanced.connect(self._show)
        self.run.finished.connect(self._finished)
        self.add(files)
        self.open()

    def add(self, files: list[Path]) -> None:
        """Add files to the list, and check them."""
        known, added = {file.path for file in self.run.files if not file.taken}, set[Path]()
        for path in files:
            try:
                members = self._unpacked.enter_context(expanded([path], self._left_out.append))
            except StudioError as error:
                self.run.files.append(FileToImport(path, error=str(error)))
            else:
                self.run.files += [FileToImport(member) for member in members if member not in known]
                added.update(members)
        self._look_again()
        places = (at for at, file in enumerate(self.run.files) if file.path in added and not file.taken)
        self._files.selectRow(next(places, len(self.run.files) - 1))  # also of a file that is in the list already

    def take(self) -> None:
        """Import the files that can be imported."""
        for file in self.run.ready:
            mapping = file.mapping if file.format is None else None  # a known format has its own
            if (mapping is not None or file.meanings) and file.preview is not None:
                text = remembered_text(mapping, file.meanings)
                self._session.settings.mappings[file.preview.shape] = text
        self._session.save_settings()
        self.run.take(self._given())
        self._show()

    def reject(self) -> None:
        unsaved = sum(file.edited and not file.taken for file in self.run.files)
        if self.run.running:
            self.run.cancel()
        elif unsaved:
            text = tr("Files that are not imported: {count}. What you entered for them will be lost.")
            title, close = tr("Close without importing?"), tr("Close without importing")
            confirm(self, title, text.format(count=unsaved), close, self._shut)
        else:
            self._shut()

    def _shut(self) -> None:
        self._unpacked.close()
        super().reject()

    def _finished(self) -> None:
        """Show what was checked or imported, and put the focus on what comes next."""
        if self._changed is not None:
            self._check_selected()
            return
        self._show()
        file = self._selected
        fields = {**self._names, "rows": self._rows, "header": self._header, "encoding": self._encoding.box}
        missing = fields.get(file.wants) if file else None
        for edit in fields.values():
            set_role(edit, "wrong", edit is missing)
        area = self.preview if self._take.isEnabled() else self._scroll  # with an error, the user may be in any field
        works = area.isAncestorOf(self.focusWidget() or self) and not self._files.hasFocus()
        if missing is not None and not self.preview.has_focused_box:
            self._scroll.ensureWidgetVisible(missing)
            missing.setFocus()
        elif (file is not None and file.taken) or not works:
            steps = (self._take if self._take.isDefault() else self._files, self._review, self.preview.format)
            next(step for step in steps if step.isEnabled() and not step.isHidden()).setFocus()

    @property
    def _selected(self) -> FileToImport | None:
        place = self._files.currentRow()
        return self.run.files[place] if 0 <= place < len(self.run.files) else None

    def _look_again(self) -> None:
        self._store_names()
        if not self.run.running:
            self.run.look(self._given())
        self._show()

    def _check_selected(self) -> None:
        if self._selected is not None and not self._selected.taken:
            self._store_names()
            self._selected.edited = True
            self._selected.rows = self._rows.text().strip() or None
            self._changed = self._selected  # checked once the check of what was entered before has ended
        if self._changed is not None and not self.run.running:
            self.run.look(self._given(), self._changed)
            self._changed = None
        self._show()

    def _store_names(self) -> None:
        """Store the names that were entered, which are those of the selected file only."""
        if self._selected is not None:
            entered = {name: edit.text().strip() for name, edit in self._names.items()}
            self._selected.names = {name: text for name, text in entered.items() if text}

    def _given(self) -> Repairs:
        mend = frozenset(fault for fault, box in self._repairs.items() if box.isChecked())
        return Repairs(mend, join_near=self._near.isChecked())

    def _show_progress(self, done: int, total: int) -> None:
        reading = done < total  # afterwards derived values are computed, which has no progress
        self._progress.setRange(0, max(total // 1024, 1) if reading else 0)
        self._progress.setValue(done // 1024)

    def _show(self) -> None:
        running = self.run.running
        self._progress.setVisible(running)
        self._close.setText(tr("&Cancel") if running else tr("&Close"))
        waiting = self.run.ready
        for button in (self._add, self._hub, self._look, self._ask, self._header, self._encoding):
            button.setEnabled(not running)
        self._take.setEnabled(not running and bool(waiting))
        self._name_import(waiting)
        self._review.setVisible(not running and not waiting and any(file.taken for file in self.run.files))
        self._show_files()
        self._offer_repairs()
        self._show_report()
        if not running:
            self._show_selected()

    def _name_import(self, waiting: list[FileToImport]) -> None:
        """Name what the button imports; not the default while a tenth of the rows or a column would be lost."""
        reports = [file.report for file in waiting if file.report is not None]
        lost = sum(report.rejected for report in reports)
        rows = lost + sum(report.imported for report in reports)
        one, many = "&Import {imported} of 1 row", "&Import {imported} of {count} rows"
        partial = plural(rows, one, many, imported=f"{rows - lost:,}")
        whole = plural(len(waiting), "&Import 1 file", "&Import {count} files") if waiting else tr("&Import")
        self._take.setText(partial if lost else whole)
        is_safe = lost * _LOSS <= rows and not any(why_not_stored(column) for r in reports for column in r.values)
        self._take.setDefault(is_safe)
        set_role(self._take, "role", "primary" if is_safe else "")

    def _show_report(self) -> None:
        """The report on the selected file, then on the others."""
        files = sorted(self.run.files, key=lambda file: file is not self._selected)
        lines = [f"⚠ {text}" for text in self._left_out] + [line for file in files for line in message(file)]
        self._report.setPlainText("\n".join(lines))
        self._fit_report()

    def _fit_report(self) -> None:
        """Give the report the height of its lines, up to three tenths of the window, and what the rest leaves."""
        lines = int(self._report.document().size().height())  # of plain text: lines, not pixels
        height = lines * self._report.fontMetrics().lineSpacing() + _REPORT_MARGIN
        self._report.setMinimumHeight(min(height, self.height() * 3 // 10))
        content = self._scroll.widget()
        if content is not None and (layout := content.layout()) is not None:
            self._scroll.setMaximumHeight(layout.totalHeightForWidth(self._scroll.viewport().width()))
        if (whole := self.layout()) is not None:
            whole.activate()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._files.horizontalHeader().setHidden(is_compact(self))
        self._fit_report()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.LayoutRequest:  # the preview of a file came or went
            QTimer.singleShot(0, self, self._fit_report)
        return super().eventFilter(watched, event)

    def _show_selected(self) -> None:
        file = self._selected
        self._show_report()
        self.preview.show_file(file)
        for name, edit in self._names.items():
            edit.setText(file.names.get(name, "") if file else "")
        self._rows.setText(file.rows or "" if file else "")
        self._encoding.show_file(file)
        self._fields.show_file(file)
        self._ask.setVisible(file is not None and (file.wants in ("requests", "format") or file.requests is not None))

    def _show_files(self) -> None:
        self._files.setRowCount(len(self.run.files))
        for place, file in enumerate(self.run.files):
            for column, text in enumerate((file.title, state(file))):
                item = QTableWidgetItem(text)
                set_tip(item, with_titles(file.error) or text)
                self._files.setItem(place, column, item)
        self._files.updateGeometry()
        if self.run.files and self._files.currentRow() < 0:
            self._files.selectRow(0)

    def _offer_repairs(self) -> None:
        found: Counter[str] = Counter()
        for file in self.run.files:
            if file.report and not file.taken:
                helps = {finding.fault for finding in file.report.findings if finding.offer}
                found.update({fault: count for fault, count in file.report.faults.items() if fault in helps})
        for name, count in found.items():
            fault = Fault(name)
            if fault not in self._repairs:
                self._repairs[fault] = QCheckBox()
                self._repair_box.addWidget(self._repairs[fault])
            one, many = "Repair {fault} (1 row): {repair}", "Repair {fault} ({count} rows): {repair}"
            self._repairs[fault].setText(plural(count, one, many, fault=fault, repair=OFFERS[fault]))
        for fault, box in self._repairs.items():
            box.setVisible(fault in found or box.isChecked())

    def _add_requests(self, files: list[Path]) -> None:
        if self._selected is not None and files:
            self._selected.requests = files[0]
            self._check_selected()

    def _choose_dataset(self) -> None:
        dialog = HubDialog(self, self._session)
        dialog.downloaded.connect(self.add)
        dialog.open()

    def _split(self) -> None:
        self.run.split(self._files.currentRow())
        self._show_selected()
        self._look_again()

    def _connect(self) -> None:
        self._files.itemSelectionChanged.connect(self._show_selected)
        self.preview.changed.connect(self._check_selected)
        self.preview.split.connect(self._split)
        self.preview.shown.connect(lambda part: self._scroll.ensureWidgetVisible(part))
        for edit in self._names.values():
            edit.textEdited.connect(self._store_names)
            edit.returnPressed.connect(self._check_selected)
        self._rows.editingFinished.connect(self._rows_entered)
        self._header.valueChanged.connect(partial(self._read_anew, "header"))
        self._encoding.changed.connect(lambda encoding: self._read_anew("encoding", encoding or None))
        self._add.clicked.connect(lambda: ask_tables(self, self.add))
        self._hub.clicked.connect(self._choose_dataset)
        self._ask.clicked.connect(lambda: ask_tables(self, self._add_requests))
        self._look.clicked.connect(self._look_again)
        self._take.clicked.connect(self.take)
        self._review.clicked.connect(lambda: self.run.find_prompts(if_alive(self, self.review_wanted.emit)))
        self.review_wanted.connect(lambda _wanted: self.reject())
        self._close.clicked.connect(self.reject)

    def _read_anew(self, option: str, value: object) -> None:
        """Read the selected file with another header or encoding: its columns have other names."""
        if self._selected is not None and getattr(self._selected, option) != value:
            setattr(self._selected, option, value)
            self._selected.preview = self._selected.mapping = None
            self._selected.confirmed = False
            self._check_selected()

    def _rows_entered(self) -> None:
        if self._selected is not None and (self._rows.text().strip() or None) != self._selected.rows:
            self._check_selected()

    def _build_ui(self) -> None:
        self._files.setAccessibleName(tr("Files"))
        self._files.setHorizontalHeaderLabels([tr("File"), tr("Status")])
        self._files.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self._files.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self._files.horizontalHeader().setHighlightSections(False)
        self._files.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self._files.setColumnWidth(1, px(_STATUS_WIDTH))
        self._files.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._files.setShowGrid(False)
        self._report.setReadOnly(True)
        self._report.setObjectName("input")
        self._report.setAccessibleName(tr("Report"))
        self._take.setProperty("role", "primary")
        self._take.setDefault(True)
        layout = column_layout(self, margins=(16, 16, 16, 12), spacing=8)
        content = ShrinkingPage()
        content.setObjectName("page")
        column_layout(
            content,
            self._files,
            self.preview,
            label(tr("Names to use where the selected file has none, and how to read the file:"), "meta"),
            self._fields,
            self._repair_box,
            self._near,
            margins=(0, 0, 8, 0),
            spacing=8,
        )
        content.installEventFilter(self)
        self._scroll = scrolled(content)
        # A bar that comes and goes changes the widths of columns.
        self._scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        layout.addWidget(self._scroll, 1)
        layout.addWidget(self._report)
        layout.addWidget(self._progress)
        layout.addLayout(self._build_buttons())
        set_size(self, 1040, 860)

    def _build_buttons(self) -> QHBoxLayout:
        begin = (self._add, self._hub, self._ask, self._look)
        return row_layout(None, *begin, Stretch(), self._close, self._review, self._take, spacing=8)


class _Report(QPlainTextEdit):
    """A text that takes its minimum height, and more only where room is left."""

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self.minimumHeight())

    def minimumSizeHint(self) -> QSize:
        return QSize(super().minimumSizeHint().width(), self.minimumHeight())
