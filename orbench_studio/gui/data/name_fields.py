"""The fields for names that a file to import lacks, and for how it is read."""

from collections.abc import Mapping

from PySide6.QtWidgets import QLineEdit, QWidget

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.layouts import row_layout
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import label, set_tip
from orbench_studio.gui.data.import_messages import NAMES
from orbench_studio.gui.data.import_run import FileToImport

_WIDTH = 150  # pixels
_TABLES = frozenset({".csv", ".tsv"})  # have their rows in one place


class NameFields(Flow):
    """Shows the fields that the selected file can need."""

    def __init__(self, edits: Mapping[str, QLineEdit], *others: QWidget) -> None:
        super().__init__(spacing=8)
        self._fields: dict[str, QWidget] = {}
        for name, title in NAMES:
            edit, caption = edits[name], label(tr(title), "meta")
            caption.setBuddy(edit)
            edit.setAccessibleName(tr(title).replace("&", ""))
            edit.setMinimumWidth(px(_WIDTH))
            self._fields[name] = QWidget()
            row_layout(self._fields[name], caption, edit)
            self.add(self._fields[name])
        for part in others:
            self.add(part)
        set_tip(edits["rows"], tr("Path of the rows in a JSON file, such as results.outputs, or sheet of a workbook"))

    def show_file(self, file: FileToImport | None) -> None:
        """Hide the fields that are of no use to the file."""
        asked = {file.wants, *file.names} if file is not None else set()
        has_requests = file is not None and file.requests is not None
        is_table = file is None or bool(_TABLES.intersection(file.path.suffixes))
        has_rows = file is not None and bool(file.rows)
        self._fields["joined_by"].setVisible(has_requests or not asked.isdisjoint(("joined_by", "requests")))
        self._fields["rows"].setVisible(has_rows or "rows" in asked or not is_table)
