"""The fields for names that a file to import lacks, and for how it is read."""

from collections.abc import Mapping

from PySide6.QtWidgets import QLineEdit, QSpinBox, QWidget

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.layouts import row_layout
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import label, set_tip
from orbench_studio.gui.data.import_messages import NAMES
from orbench_studio.gui.data.import_run import FileToImport

_WIDTH = 150  # pixels
_LINES = 1_000  # of a file, of which one has the names of the columns
_TABLES = frozenset({".csv", ".tsv"})  # have their rows in one place


class NameFields(Flow):
    """Shows the fields that the selected file can need."""

    def __init__(self, edits: Mapping[str, QLineEdit], header: QSpinBox, encoding: QWidget) -> None:
        super().__init__(spacing=8)
        self._fields: dict[str, QWidget] = {}
        self._header = header
        for name, title in NAMES:
            edits[name].setMinimumWidth(px(_WIDTH))
            self._add_field(name, title, edits[name])
        self.add(encoding)
        self._add_field("header", "Line of the col&umn names", header)
        header.setRange(0, _LINES)
        header.setSpecialValueText(tr("none"))
        header.setKeyboardTracking(False)
        set_tip(edits["rows"], tr("Path of the rows in a JSON file, such as results.outputs, or sheet of a workbook"))

    def _add_field(self, name: str, title: str, edit: QWidget) -> None:
        caption = label(tr(title), "meta")
        caption.setBuddy(edit)
        edit.setAccessibleName(tr(title).replace("&", ""))
        self._fields[name] = QWidget()
        row_layout(self._fields[name], caption, edit)
        self.add(self._fields[name])

    def show_file(self, file: FileToImport | None) -> None:
        """Hide the fields that are of no use to the file."""
        asked = {file.wants, *file.names} if file is not None else set()
        has_requests = file is not None and file.requests is not None
        is_table = file is None or bool(_TABLES.intersection(file.path.suffixes))
        has_rows = file is not None and bool(file.rows)
        self._fields["joined_by"].setVisible(has_requests or not asked.isdisjoint(("joined_by", "requests")))
        self._fields["rows"].setVisible(has_rows or "rows" in asked or not is_table)
        preview = file.preview if file is not None else None
        self._fields["header"].setVisible(preview is not None and preview.may_lack_header)
        self._header.setValue(file.header if file is not None else 1)
