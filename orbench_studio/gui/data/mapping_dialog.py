"""The dialog that maps the columns of an unknown table to fields; it proposes a mapping and shows the first rows."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLineEdit,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.widgets import label
from orbench_studio.services.data.import_files import ColumnMapping, Field, Preview

_NONE = "—"
_ROWS = 4
_SHOWN = 120  # characters of a cell
_TITLES = {
    Field.PROMPT: "Prompt",
    Field.CATEGORY: "Category",
    Field.SEED: "Toxic seed",
    Field.KEY: "Prompt id (the same in every file)",
    Field.LABEL: "Prompt label (safe, toxic)",
    Field.VERDICT: "Moderator verdict",
    Field.EXPLANATION: "Moderator explanation",
    Field.MODERATOR: "Moderator",
    Field.RESPONSE: "Response",
    Field.MODEL: "Model",
    Field.ANSWER_CLASS: "Answer class",
    Field.IS_REFUSAL: "Is refusal (yes, no)",
    Field.JUDGE: "Judge",
    Field.ANNOTATOR: "Annotator",
}
_FIXED = (Field.MODEL, Field.MODERATOR, Field.JUDGE, Field.ANNOTATOR)


class MappingDialog(QDialog):
    """Choose a column for each field, or for names one value for the whole file."""

    mapped = Signal(object)  # a ColumnMapping, when the user accepts one that can be read

    def __init__(self, parent: QWidget, name: str, preview: Preview, proposal: ColumnMapping) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Match the columns of {file}").format(file=name))
        self._preview = preview
        self._columns: dict[Field, QComboBox] = {}
        self._values: dict[Field, QLineEdit] = {}
        self._problems = label("", "error")
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self._build_ui(proposal)
        self._check()

    def mapping(self) -> ColumnMapping:
        """The chosen mapping."""
        columns = {part: box.currentText() for part, box in self._columns.items() if box.currentIndex() > 0}
        values = {part: edit.text().strip() for part, edit in self._values.items()}
        return ColumnMapping(columns, {k: v for k, v in values.items() if v and k not in columns})

    def accept(self) -> None:
        self.mapped.emit(self.mapping())
        super().accept()

    def _check(self) -> None:
        problems = self.mapping().problems(self._preview.header)
        self._problems.setText("\n".join(problem[:1].upper() + problem[1:] + "." for problem in problems[:2]))
        self._buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(not problems)

    def _build_ui(self, proposal: ColumnMapping) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(16)
        layout.addWidget(self._table())
        layout.addLayout(self._choices(proposal))
        self._problems.setWordWrap(True)
        layout.addWidget(self._problems)
        layout.addWidget(self._buttons)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        self.resize(760, 640)

    def _table(self) -> QTableWidget:
        rows = self._preview.rows[:_ROWS]
        table = QTableWidget(len(rows), len(self._preview.header))
        table.setAccessibleName(tr("First rows"))
        table.setHorizontalHeaderLabels(list(self._preview.header))
        table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        table.verticalHeader().hide()
        table.setWordWrap(False)
        for place, row in enumerate(rows):
            for column, cell in enumerate(row):
                table.setItem(place, column, QTableWidgetItem(" ".join(cell[:_SHOWN].split())))
        table.setFixedHeight(40 + 32 * _ROWS)
        return table

    def _choices(self, proposal: ColumnMapping) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(4)
        for place, (part, title) in enumerate(_TITLES.items()):
            box = QComboBox()
            box.addItems([_NONE, *self._preview.header])
            box.setCurrentText(proposal.columns.get(part, _NONE))
            box.setAccessibleName(tr(title))
            box.currentIndexChanged.connect(self._check)
            self._columns[part] = box
            grid.addWidget(label(tr(title)), place, 0)
            grid.addWidget(box, place, 1)
            if part in _FIXED:
                grid.addWidget(self._value(part, proposal), place, 2)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(2, 1)
        return grid

    def _value(self, part: Field, proposal: ColumnMapping) -> QLineEdit:
        edit = QLineEdit(proposal.values.get(part, ""))
        edit.setPlaceholderText(tr("or one value for all rows"))
        edit.setAccessibleName(f"{tr(_TITLES[part])}, {edit.placeholderText()}")
        edit.textChanged.connect(self._check)
        self._values[part] = edit
        return edit
