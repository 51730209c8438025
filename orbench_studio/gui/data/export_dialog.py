"""The export dialog: content, format and folder."""

import re
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QFormLayout, QLineEdit, QPushButton, QWidget

from orbench_studio.domain.data.export import FOR_SPREADSHEETS, RICH, Export, Form
from orbench_studio.errors import CancelledError
from orbench_studio.gui.common.actions import plural, tr
from orbench_studio.gui.common.dialogs import Dialog, confirm
from orbench_studio.gui.common.fields import ComboBox
from orbench_studio.gui.common.file_dialog import FileDialog
from orbench_studio.gui.common.layouts import Stretch, row_layout
from orbench_studio.gui.common.progress_strip import ProgressStrip
from orbench_studio.gui.common.widgets import if_alive, label, show_status
from orbench_studio.gui.workspace.session import Session
from orbench_studio.services.data import export_files
from orbench_studio.services.data.export_files import Exported
from orbench_studio.user_folders import expanded

_FORMS = {
    Form.HUGGINGFACE: ("Hugging Face dataset", "A dataset folder with a dataset card, ready to upload."),
    Form.ORBENCH: ("OR-Bench CSV", "Prompt and category, as OR-Bench publishes them."),
    Form.PARQUET: ("Parquet, all data", "All votes, responses, judgements and decisions. Can be imported again."),
    Form.JSONL: ("JSON Lines, all data", "All votes, responses, judgements and decisions. Can be imported again."),
    Form.CSV: ("CSV, all data", "All data; nested records are JSON in a cell. Can be imported again."),
    Form.LABEL_STUDIO: ("Label Studio tasks", "Prompts and responses to annotate, with a labeling configuration."),
    Form.ARGILLA: ("Argilla records", "Prompts and responses to annotate."),
}  # fmt: skip
_REPLACES = (
    "This folder contains an earlier export. Its files are replaced when the new ones are complete. Other files stay."
)
_FORMAT = "export format"  # in the settings
_NAME = 80  # characters of a subset's name in the proposed folder
_REPAIRED = "An earlier export to this folder was interrupted. It was undone before this one."


class ExportDialog(Dialog):
    """Exports in the background, so that the user can continue to review."""

    def __init__(self, parent: QWidget, session: Session, queue: str = "", subset: str | None = None) -> None:
        super().__init__(parent, tr("Export"))
        self._session = session
        self._queue = queue
        self._subset = subset
        self.what = ComboBox()
        self.form = ComboBox()
        self.where = QLineEdit()
        self.licence = QLineEdit()
        self.names = QCheckBox(tr("Annotators' names instead of pseudonyms"))
        self.seeds = QCheckBox(tr("Also export the toxic seeds of these prompts"))
        self.escape = QCheckBox(tr("Escape formulas for spreadsheets"))
        self.bom = QCheckBox(tr("Mark as UTF-8 for Excel (byte order mark)"))
        self.says = label("", "quiet", wrap=True)
        self.strip = ProgressStrip()
        self.begin = QPushButton()
        self.shut = QPushButton(tr("Close"))
        self._about = label("", "meta", wrap=True)
        self._build_ui()
        self._connect()
        session.run(export_files.subset_names, if_alive(self, self._offer))

    def reject(self) -> None:
        self.strip.stop()
        super().reject()

    def start(self) -> None:
        """Write the export, after a question if it includes toxic seeds."""
        if self.seeds.isEnabled() and self.seeds.isChecked():
            self._ask_again()
        else:
            self._write()

    def _ask_again(self) -> None:
        text = tr("Seeds are toxic by design. They will be exported with the safe prompts.")
        confirm(self, tr("Export toxic seeds?"), text, tr("Export seeds"), self._write)

    def _write(self) -> None:
        workspace = self._session.workspace
        if workspace is None or self.strip.isVisibleTo(self):
            return
        asked = self._asked()
        self._session.settings.choices[_FORMAT] = str(asked.form)
        goes_on = self.strip.begin(tr("Exporting"))
        self._session.leaving.connect(self.strip.stop)
        self._rest(on=False)

        def work() -> Exported:
            return export_files.export(workspace, asked, goes_on)

        done, failed = if_alive(self, self._done), if_alive(self, self._failed)
        self._session.background.run(work, done, failed, show_errors=False)

    def _asked(self) -> Export:
        subset, queue = self.what.currentData()
        form = Form(self.form.currentData())
        return Export(
            form,
            expanded(self.where.text().strip()).absolute(),
            (subset,) if subset else (),
            queue,
            self.names.isEnabled() and self.names.isChecked(),
            self.seeds.isEnabled() and self.seeds.isChecked(),
            not (self.escape.isEnabled() and self.escape.isChecked()),
            self.licence.text().strip() if form is Form.HUGGINGFACE else "",
            bom=self.bom.isEnabled() and self.bom.isChecked(),
        )

    def _done(self, found: Exported) -> None:
        self._rest(on=True)
        one, many = "1 prompt exported to {folder}: {files}", "{count} prompts exported to {folder}: {files}"
        message = plural(found.prompts, one, many, folder=found.out, files=", ".join(found.files))
        self._say("\n".join((message, tr(_REPAIRED))) if found.repaired else message, "quiet")
        self.shut.setFocus()

    def _failed(self, error: Exception) -> None:
        self._rest(on=True)
        self._say(str(error), "quiet" if isinstance(error, CancelledError) else "error")

    def _rest(self, *, on: bool) -> None:
        if on:
            self.strip.end()
        else:
            self._say("", "quiet")
            self.strip.cancel.setFocus()
        for part in (self.what, self.form, self.where, self.begin):
            part.setEnabled(on)
        self._enable_options(on=on)

    def _say(self, text: str, role: str) -> None:
        show_status(self.says, text, role)

    def _offer(self, subsets: list[str]) -> None:
        for name in subsets:
            self.what.addItem(tr("Subset {name}").format(name=name), (name, ""))
            if name == self._subset:
                self.what.setCurrentIndex(self.what.count() - 1)

    def _choose_form(self) -> None:
        form = Form(self.form.currentData())
        self._about.setText(tr(_FORMS[form][1]))
        self._enable_options(on=True)
        self._propose()

    def _enable_options(self, *, on: bool) -> None:
        form = Form(self.form.currentData())
        for box in (self.escape, self.bom):
            box.setEnabled(on and form in FOR_SPREADSHEETS)
        self.names.setEnabled(on and form is not Form.ORBENCH)
        self.seeds.setEnabled(on and form in RICH)
        self.licence.setEnabled(on and form is Form.HUGGINGFACE)

    def _choose_content(self) -> None:
        """Name on the button what is exported, which depends on the page at first."""
        subset, queue = self.what.currentData()
        some = tr("Export subset") if subset else tr("Export filtered prompts")
        self.begin.setText(some if subset or queue else tr("Export entire workspace"))
        self._propose()

    def _propose(self) -> None:
        """Propose a folder next to the workspace, until the user enters one."""
        workspace = self._session.workspace
        if workspace is None or self.where.isModified():
            return
        subset, _queue = self.what.currentData()
        content = "-".join(re.findall(r"[\w.]+", subset))[:_NAME].strip(".-")
        parts = (workspace.name, content, self.form.currentData())
        self.where.setText(str(self._session.folder.absolute() / "-".join(filter(None, parts))))
        self._look()

    def _look(self) -> None:
        named = self.where.text().strip()
        self.begin.setEnabled(bool(named))
        self._say(tr(_REPLACES) if named and export_files.is_export(expanded(named)) else "", "quiet")

    def _browse(self) -> None:
        dialog = FileDialog(self, tr("Export to a folder"), "exports", str(Path(self.where.text()).parent))
        dialog.setFileMode(FileDialog.FileMode.Directory)
        dialog.fileSelected.connect(self._named)
        dialog.open()

    def _named(self, folder: str) -> None:
        self.where.setText(folder)
        self.where.setModified(True)
        self._look()

    def _connect(self) -> None:
        self.form.currentIndexChanged.connect(self._choose_form)
        self.what.currentIndexChanged.connect(self._choose_content)
        self.where.textEdited.connect(self._look)
        self.begin.clicked.connect(self.start)
        self.shut.clicked.connect(self.reject)
        self._choose_form()
        self._choose_content()

    def _build_ui(self) -> None:
        self.what.addItem(tr("Entire workspace"), ("", ""))
        if self._queue:
            self.what.addItem(tr("Prompts in the current filter: {query}").format(query=self._queue), ("", self._queue))
        for form, (title, _about) in _FORMS.items():
            self.form.addItem(tr(title), str(form))
        self.form.setCurrentIndex(max(self.form.findData(self._session.settings.choices.get(_FORMAT, "")), 0))
        self.licence.setPlaceholderText(tr("none stated; for example cc-by-4.0"))
        self.says.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.begin.setProperty("role", "primary")
        self.begin.setDefault(True)
        buttons = row_layout(None, Stretch(), self.shut, self.begin)
        self.fill(
            self._build_fields(),
            self.names,
            self.seeds,
            self.escape,
            self.bom,
            self.strip,
            (self.says, 1),
            buttons,
            size=(640, 480),
        )

    def _build_fields(self) -> QFormLayout:
        browse = QPushButton(tr("Choose…"))
        browse.clicked.connect(self._browse)
        folder = row_layout(None, (self.where, 1), browse, spacing=8)
        fields = QFormLayout(
            horizontalSpacing=16,
            verticalSpacing=8,
            fieldGrowthPolicy=QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow,
        )
        fields.addRow(tr("Content"), self.what)
        fields.addRow(tr("Format"), self.form)
        fields.addRow("", self._about)
        fields.addRow(tr("Folder"), folder)
        fields.addRow(tr("Licence"), self.licence)
        for part, name in (
            (self.what, "Content"),
            (self.form, "Format"),
            (self.where, "Folder"),
            (self.licence, "Licence"),
        ):
            part.setAccessibleName(tr(name))
        return fields
