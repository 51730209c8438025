"""The import dialog: check the files, choose repairs and column mappings, then import."""

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
_LISTED = 200  # rejected rows in the report


class ImportDialog(QDialog):
    """Lists files with their findings before the import and their results after it."""

    def __init__(self, parent: QWidget, session: Session) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Import files"))
        self._session = session
        self.run = ImportRun(session, [])
        self._files = QTableWidget(0, 4)
        self._names = {name: QLineEdit() for name, _ in _NAMES}
        self._repairs: dict[Fault, QCheckBox] = {}
        self._repair_box = QVBoxLayout()
        self._report = QPlainTextEdit()
        self._progress = QProgressBar()
        self._map = QPushButton(tr("Match columns…"))
        self._look = QPushButton(tr("Check again"))
        self._take = QPushButton(tr("Import"))
        self._close = QPushButton(tr("Close"))
        self._build_ui()
        self._connect()

    def begin(self, files: list[Path]) -> None:
        """Check these files."""
        self.run = ImportRun(self._session, files)
        self.run.setParent(self)
        self.run.progressed.connect(self._show_progress)
        self.run.advanced.connect(self._show)
        self.run.finished.connect(self._show)
        self._look_again()
        self.open()

    def take(self) -> None:
        """Import the files that can be imported."""
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
        return Names(**names, mend=frozenset(fault for fault, box in self._repairs.items() if box.isChecked()))

    def _show_progress(self, done: int, total: int) -> None:
        reading = done < total  # afterwards derived values are computed, which has no progress
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
        self._take.setText(tr("Import ({count})").format(count=len(waiting)) if waiting else tr("Import"))
        self._show_files()
        self._offer_repairs()
        self._report.setPlainText("\n".join(line for file in self.run.files for line in message(file)))

    def _show_files(self) -> None:
        self._files.setRowCount(len(self.run.files))
        for place, file in enumerate(self.run.files):
            report = file.report
            cells = (
                file.path.name,
                report.format if report else "",
                f"{report.imported + report.duplicates:,}" if report else "",
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

    def _offer_repairs(self) -> None:
        found: Counter[str] = Counter()
        for file in self.run.files:
            if file.report and not file.taken:
                found.update(file.report.faults)
        for name, count in found.items():
            fault = Fault(name)
            if fault not in self._repairs:
                self._repairs[fault] = QCheckBox()
                self._repair_box.addWidget(self._repairs[fault])
            text = tr("Repair {fault} ({count} rows): {repair}")
            self._repairs[fault].setText(text.format(fault=fault, count=f"{count:,}", repair=OFFERS[fault]))

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
        stored = self._session.settings.mappings.get("\t".join(preview.header))
        proposal = file.mapping or _remembered(stored) or preview.proposal or ColumnMapping()
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
        self._files.setHorizontalHeaderLabels([tr("File"), tr("Format"), tr("Rows"), tr("Status")])
        self._files.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self._files.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._files.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._files.verticalHeader().hide()
        self._files.horizontalHeader().setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        for column, width in enumerate((260, 170, 80)):
            self._files.setColumnWidth(column, width)
        self._report.setReadOnly(True)
        self._report.setObjectName("input")
        self._report.setAccessibleName(tr("Report"))
        self._take.setProperty("role", "primary")
        self._take.setDefault(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        layout.addWidget(self._files, 2)
        layout.addLayout(self._build_names())
        layout.addLayout(self._repair_box)
        layout.addWidget(self._report, 3)
        layout.addWidget(self._progress)
        layout.addLayout(self._build_buttons())
        self.resize(820, 640)

    def _build_names(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.addWidget(label(tr("Use these values where a file has none:"), "meta"), 0, 0, 1, len(_NAMES))
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


def _remembered(stored: str | None) -> ColumnMapping | None:
    try:
        return ColumnMapping.from_json(stored) if stored else None
    except ValueError:
        return None  # the settings were edited by hand; the dialog makes a new proposal


def state(file: FileToImport) -> str:
    """The status of a file, in a few words."""
    if file.error:
        return tr("cannot be imported, see below")
    report = file.report
    if report is None:
        return tr("waiting")
    if file.taken:
        text = tr("{imported} imported, {duplicates} duplicates, {rejected} rejected")
        counts = {"imported": report.imported, "duplicates": report.duplicates, "rejected": report.rejected}
    else:
        text = tr("ready: {rejected} rejected, {faults} faults")
        counts = {"rejected": report.rejected, "faults": sum(report.faults.values())}
        if not any(counts.values()):
            return tr("ready")
    return text.format(**{name: f"{count:,}" for name, count in counts.items()})


def _advice(wants: str) -> str:
    """What the user can do about a file that lacks something."""
    if not wants:
        return ""
    if wants == "format":
        return tr("Match its columns: press Match columns….")
    return tr("Enter the name in the field {field}, then press Check again.").format(field=tr(dict(_NAMES)[wants]))


def message(file: FileToImport) -> list[str]:
    """The report on a file, line by line."""
    if file.error:
        return [" ".join(filter(None, ("✕", file.error, _advice(file.wants))))]
    if file.report is None:
        return []
    name, report = file.path.name, file.report
    inferred = tr("{file}: {what}, from the file name: {name}")
    lines = [inferred.format(file=name, what=what, name=found) for what, found in report.inferred.items()]
    row = tr("{file}, line {line}: {text}")
    lines += [row.format(file=name, line=f.line, text=f.reason) for f in report.rejected_rows[:_LISTED]]
    lines += [row.format(file=name, line=f.line, text=f.message) for f in report.findings[:_LISTED]]
    return lines + [f"{name}: {note}: {count:,}" for note, count in report.notes.items()]
