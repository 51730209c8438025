"""Importing in the window: look at the files first, mend what should be mended, then take them."""

from collections import Counter
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from orbench_studio.errors import StudioError
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.widgets import label, set_tip
from orbench_studio.gui.data.import_run import FileToImport, ImportRun, Names
from orbench_studio.gui.data.mapping_dialog import MappingDialog
from orbench_studio.gui.workspace.session import Session
from orbench_studio.services.data.import_files import OFFERS, ColumnMapping, Fault, preview_file

_NAMES = (("model", "Model"), ("moderator", "Moderator"), ("judge", "Judge"), ("annotator", "Annotator"))
_LISTED = 200  # refused rows written out


class ImportDialog(QDialog):
    """Files, what the doctor finds in them, and what became of them."""

    def __init__(self, parent: QWidget, session: Session) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Import files"))
        self._session = session
        self.run = ImportRun(session, [])
        self._files = QTableWidget(0, 4)
        self._names = {name: QLineEdit() for name, _ in _NAMES}
        self._mends: dict[Fault, QCheckBox] = {}
        self._mend_box = QVBoxLayout()
        self._told = QPlainTextEdit()
        self._progress = QProgressBar()
        self._map = QPushButton(tr("Columns…"))
        self._look = QPushButton(tr("Look again"))
        self._take = QPushButton(tr("Import"))
        self._close = QPushButton(tr("Close"))
        self._build_ui()
        self._connect()

    def begin(self, files: list[Path]) -> None:
        """Look at these files."""
        self.run = ImportRun(self._session, files)
        self.run.setParent(self)
        self.run.progressed.connect(self._show_progress)
        self.run.advanced.connect(self._show)
        self.run.finished.connect(self._show)
        self._look_again()
        self.open()

    def take(self) -> None:
        """Import what can be read."""
        self.run.take(self._given())
        self._show()

    def reject(self) -> None:
        if self.run.running:
            self.run.cancel()
        else:
            super().reject()

    def _look_again(self) -> None:
        self.run.look(self._given())
        self._show()

    def _given(self) -> Names:
        names = {name: edit.text().strip() for name, edit in self._names.items()}
        return Names(**names, mend=frozenset(fault for fault, box in self._mends.items() if box.isChecked()))

    def _show_progress(self, done: int, total: int) -> None:
        reading = done < total  # after that what follows from the rows is worked out, which takes as long as it takes
        self._progress.setRange(0, max(total // 1024, 1) if reading else 0)
        self._progress.setValue(done // 1024)

    def _show(self) -> None:
        running = self.run.running
        self._progress.setVisible(running)
        self._close.setText(tr("Cancel") if running else tr("Close"))
        for button in (self._map, self._look, self._take):
            button.setEnabled(not running)
        waiting = [file for file in self.run.files if not file.taken and not file.error]
        self._take.setEnabled(not running and bool(waiting))
        self._take.setText(f"{tr('Import')} {len(waiting)}" if waiting else tr("Import"))
        self._show_files()
        self._offer_mends()
        self._told.setPlainText("\n".join(line for file in self.run.files for line in message(file)))

    def _show_files(self) -> None:
        self._files.setRowCount(len(self.run.files))
        for place, file in enumerate(self.run.files):
            report = file.report
            cells = (
                file.path.name,
                report.format if report else "",
                f"{report.taken + report.merged:,}" if report else "",
                state(file),
            )
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                if column == 2:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                set_tip(item, file.error or text)
                self._files.setItem(place, column, item)
        if self.run.files and self._files.currentRow() < 0:
            self._files.selectRow(0)

    def _offer_mends(self) -> None:
        found: Counter[str] = Counter()
        for file in self.run.files:
            if file.report and not file.taken:
                found.update(file.report.faults)
        for name, count in found.items():
            fault = Fault(name)
            if fault not in self._mends:
                self._mends[fault] = QCheckBox()
                self._mend_box.addWidget(self._mends[fault])
            self._mends[fault].setText(f"{fault}, {count:,} times: {OFFERS[fault]}")

    def _map_columns(self) -> None:
        place = self._files.currentRow()
        if not 0 <= place < len(self.run.files):
            return
        file = self.run.files[place]
        try:
            preview = preview_file(file.path)
        except StudioError as error:
            file.error = str(error)
            self._show()
            return
        kept = self._session.settings.mappings.get("\t".join(preview.header))
        proposal = file.mapping or _remembered(kept) or preview.proposal or ColumnMapping()
        dialog = MappingDialog(self, file.path.name, preview, proposal)
        dialog.mapped.connect(partial(self._mapped, file, "\t".join(preview.header)))
        dialog.open()

    def _mapped(self, file: FileToImport, header: str, mapping: ColumnMapping) -> None:
        file.mapping = mapping
        self._session.settings.mappings[header] = mapping.to_json()
        self._session.save_settings()
        self._look_again()

    def _connect(self) -> None:
        self._map.clicked.connect(self._map_columns)
        self._look.clicked.connect(self._look_again)
        self._take.clicked.connect(self.take)
        self._close.clicked.connect(self.reject)

    def _build_ui(self) -> None:
        self._files.setAccessibleName(tr("Files"))
        self._files.setHorizontalHeaderLabels([tr("File"), tr("Format"), tr("Rows"), tr("State")])
        self._files.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self._files.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._files.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._files.verticalHeader().hide()
        self._files.horizontalHeader().setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        for column, width in enumerate((260, 170, 80)):
            self._files.setColumnWidth(column, width)
        self._told.setReadOnly(True)
        self._told.setObjectName("input")
        self._told.setAccessibleName(tr("Report"))
        self._take.setProperty("role", "primary")
        self._take.setDefault(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        layout.addWidget(self._files, 2)
        layout.addLayout(self._build_names())
        layout.addLayout(self._mend_box)
        layout.addWidget(self._told, 3)
        layout.addWidget(self._progress)
        layout.addLayout(self._build_buttons())
        self.resize(820, 640)

    def _build_names(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.addWidget(label(tr("Only where a file does not say it:"), "meta"), 0, 0, 1, len(_NAMES))
        for place, (name, title) in enumerate(_NAMES):
            self._names[name].setPlaceholderText(tr(title))
            self._names[name].setAccessibleName(tr(title))
            grid.addWidget(self._names[name], 1, place)
        return grid

    def _build_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._map)
        row.addWidget(self._look)
        row.addStretch()
        row.addWidget(self._close)
        row.addWidget(self._take)
        return row


def _remembered(kept: str | None) -> ColumnMapping | None:
    try:
        return ColumnMapping.from_json(kept) if kept else None
    except ValueError:
        return None  # somebody has edited the preferences; the dialog proposes anew


def state(file: FileToImport) -> str:
    """Where a file stands, in a few words."""
    if file.error:
        return tr("refused, see below")
    if file.report is None:
        return tr("waiting")
    refused = f", {file.report.refused_rows:,} {tr('refused')}" if file.report.refused_rows else ""
    faults = sum(file.report.faults.values())
    found = f", {faults:,} {tr('faults')}" if faults and not file.taken else ""
    if file.taken:
        return f"{file.report.taken:,} {tr('taken')}, {file.report.merged:,} {tr('known already')}{refused}"
    return f"{tr('ready')}{refused}{found}"


def _advice(wants: str) -> str:
    """How to give what is missing."""
    if not wants:
        return ""
    if wants == "format":
        return f" {tr('Press Columns… to say what its columns are.')}"
    return f" {tr('Write its name into the field')} {tr(dict(_NAMES)[wants])}{tr(', then look again.')}"


def message(file: FileToImport) -> list[str]:
    """What there is to say of a file, line by line."""
    if file.error:
        return [f"✕ {file.error}{_advice(file.wants)}"]
    if file.report is None:
        return []
    said = [
        f"{file.path.name}: {what} {tr('by the file’s name:')} {name}" for what, name in file.report.inferred.items()
    ]
    said += [f"{file.path.name}, {tr('line')} {fault.line}: {fault.reason}" for fault in file.report.refused[:_LISTED]]
    said += [f"{file.path.name}, {tr('line')} {f.line}: {f.message}" for f in file.report.findings[:_LISTED]]
    said += [f"{file.path.name}: {note}: {count:,}" for note, count in file.report.notes.items()]
    return said
