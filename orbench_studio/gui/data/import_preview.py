"""The preview of a file to import: its format, the field of each column, and what the values become."""

import json
from functools import partial
from itertools import pairwise

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QPushButton, QTableWidgetItem, QWidget

from orbench_studio.domain.core.annotation import Label
from orbench_studio.domain.core.category import Category
from orbench_studio.domain.core.judgement import ANSWERS, AnswerClass
from orbench_studio.domain.core.moderation import Verdict
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.compact import is_compact
from orbench_studio.gui.common.fields import ComboBox
from orbench_studio.gui.common.layouts import column_layout, row_layout
from orbench_studio.gui.common.theme import BODY, font, px
from orbench_studio.gui.common.widgets import label, set_tip
from orbench_studio.gui.data.import_messages import TITLES, why_not_stored, with_titles
from orbench_studio.gui.data.import_run import FileToImport
from orbench_studio.gui.data.low_table import LowTable
from orbench_studio.gui.data.nested_values import is_in, leaves
from orbench_studio.services.data.import_files import (
    NO_CATEGORY,
    NOT_READ,
    REJECTED,
    ColumnMapping,
    ColumnTally,
    Field,
    formats,
    is_nested,
)

_FEW = 4  # columns that share the width
_INSIDE = "inside"  # the entry of a list that offers the values in a nested cell
_SHOWN = 120  # characters of a cell
_VALUES = 200  # in the table of values
_COMPACT_ROWS, _ROWS = 5, 8  # of the first rows, with that of the lists
_BESIDE_BOX = 23  # pixels of a row with a list, above and below its text
_BOX, _COLUMN, _WIDEST, _FIELD, _COUNT, _MEANING = 40, 190, 360, 260, 80, 200  # pixels
_LABELS = (Label.SAFE, Label.TOXIC, Label.CONTROVERSIAL)
_MEANINGS: dict[str, tuple[str, ...]] = {
    Field.ANSWER_CLASS: ANSWERS,
    Field.IS_REFUSAL: (AnswerClass.DIRECT_ANSWER, AnswerClass.DIRECT_REFUSAL),
    Field.LABEL: _LABELS,
    Field.PROMPT_LABEL: _LABELS,
    **dict.fromkeys(
        (Field.VERDICT, Field.PROMPT_VERDICT, Field.RESPONSE_VERDICT), (Verdict.SAFE, Verdict.TOXIC, Verdict.UNPARSED)
    ),
    Field.CATEGORY: tuple(Category),
    "choice": (*_LABELS, *ANSWERS),
}
_YES_OR_NO = {AnswerClass.DIRECT_ANSWER: "no: direct answer", AnswerClass.DIRECT_REFUSAL: "yes: direct refusal"}


class ImportPreview(QWidget):
    """Shows one file; what the user changes is stored in the file, then `changed` is emitted."""

    shown = Signal(QWidget)  # when a part of the preview must be visible
    split = Signal()  # when the user wants to import a column that another one has replaced, too
    changed = Signal()  # when the user chose a format, a field of a column, or the meaning of a value

    def __init__(self) -> None:
        super().__init__()
        self._file: FileToImport | None = None
        self._header: tuple[str, ...] = ()
        self.format = ComboBox()
        self.table = LowTable(0, least=_COMPACT_ROWS, most=_ROWS)
        self.values, self.both = LowTable(4, beside=_BESIDE_BOX), QPushButton()
        self._places: dict[tuple[str, str, str], int] = {}  # of values in their table: they stay in their rows
        self.columns: list[ComboBox] = []
        self.meanings: list[ComboBox] = []
        self._reasons: set[str] = set()  # why values are not stored, instead of their meanings
        self._build_ui()
        self.format.activated.connect(self._choose_format)
        self.both.clicked.connect(self.split)
        self.table.cellClicked.connect(self._offer_paths)

    def show_file(self, file: FileToImport | None) -> None:
        """Show this file; the columns stay where they were scrolled to if it is the same one."""
        bar = self.table.horizontalScrollBar()
        place = bar.value() if file is self._file else 0
        before = self._focused_box
        name, typed = (before.accessibleName(), before.typed) if before else ("", ("", 0, -1))
        if before:
            self.table.setFocus()  # a box that is deleted would pass the focus on, which scrolls the form
        if file is not self._file:
            self._places.clear()
            self.values.setRowCount(0)
        self._file = file
        other = file.other if file else None
        self.both.setVisible(other is not None)
        self.both.setText(tr("Import {column} too").format(column=other[1].replace("&", "&&")) if other else "")
        self._show_format()
        self._show_table()
        self._show_values()
        self._order_tabs()
        bar.setValue(place)
        if box := next((box for box in (*self.columns, *self.meanings) if box.accessibleName() == name), None):
            box.setFocus()
            box.go_on_from(typed)

    @property
    def has_focused_box(self) -> bool:
        """Whether the user is in the box of a column or of a value."""
        return self._focused_box is not None

    @property
    def _focused_box(self) -> ComboBox | None:
        """The box of a column or of a value that has the focus."""
        focused = self.window().focusWidget()
        return next((box for box in (*self.columns, *self.meanings) if box is focused), None)

    def _order_tabs(self) -> None:
        """Put the boxes, which are made again for every file, behind their tables."""
        boxes = (self.format, self.table, *self.columns, self.both, self.values, *self.meanings)
        for first, second in pairwise(boxes):
            QWidget.setTabOrder(first, second)

    @property
    def mapping(self) -> ColumnMapping:
        """The mapping that is shown: the user's, else that of the format."""
        file = self._file
        if file is None or file.preview is None:
            return ColumnMapping()
        return file.mapping or file.preview.proposal or ColumnMapping()

    def map_column(self, part: Field, path: str) -> None:
        """Give a field this column, or path in a column."""
        others = {field: of for field, of in self.mapping.columns.items() if of != path and field is not part}
        if self._file is not None:
            self._file.confirmed = self._file.confirmed or part is Field.PROMPT
            if (before := self.mapping.columns.get(part, path)) != path:
                self._file.replaced[part] = before
        self._map({**others, part: path})

    def _map(self, columns: dict[Field, str]) -> None:
        file = self._file
        if file is None or file.preview is None:
            return
        gone = {path.partition("|")[0] for path in {*self.mapping.columns.values()} - {*columns.values()}}
        file.meanings = {key: of for key, of in file.meanings.items() if not any(key.startswith(f"{c}:") for c in gone)}
        file.format = file.format or file.preview.format
        file.mapping = ColumnMapping(columns, self.mapping.values, self.mapping.meanings)
        self._report_change()

    def _report_change(self) -> None:
        if self._file is not None:
            self._file.remembered = False
        self.changed.emit()

    def _show_format(self) -> None:
        self.format.clear()
        file = self._file
        self.format.setEnabled(file is not None and not file.taken)
        if file is None:
            return
        found = file.preview.format if file.preview else None
        automatic = tr("Recognised: {format}") if found else tr("Unknown format: check the fields of the columns below")
        self.format.addItem(automatic.format(format=found), None)
        for name, title in formats():
            self.format.addItem(tr("{format} ({name})").format(format=tr(title), name=name), name)
        self.format.setCurrentIndex(max(self.format.findData(file.format), 0))

    def _choose_format(self, at: int) -> None:
        if self._file is not None:
            file = self._file
            file.assigned[file.format] = (file.mapping, file.confirmed)
            file.format = self.format.itemData(at)
            file.mapping, file.confirmed = file.assigned.get(file.format, (None, False))
            self._report_change()

    def _show_table(self) -> None:
        preview = self._file.preview if self._file else None
        header = preview.header if preview else ()
        rows = preview.rows if preview else ()
        self.columns = []
        self.table.clear()
        self.table.setRowCount(len(rows) + 1 if header else 0)
        self.table.setColumnCount(len(header))
        self.table.setHorizontalHeaderLabels([name or tr("(no name)") for name in header])
        few = len(header) <= _FEW
        mode = QHeaderView.ResizeMode.Stretch if few else QHeaderView.ResizeMode.Interactive
        self.table.horizontalHeader().setSectionResizeMode(mode)
        for column, name in enumerate(header):
            box = self._field_box(name)
            self.table.setCellWidget(0, column, box)
            if header != self._header:  # else the widths stay: nothing moves under the pointer
                self.table.setColumnWidth(column, min(max(px(_COLUMN), box.sizeHint().width() + _BOX), px(_WIDEST)))
        self._header = header
        self._fit()
        for place, row in enumerate(rows, start=1):
            for column, cell in enumerate(row):
                item = QTableWidgetItem(" ".join(cell[:_SHOWN].split()))
                if is_nested(cell):
                    set_tip(item, tr("Click to choose a value inside"))
                self.table.setItem(place, column, item)

    def _field_box(self, name: str) -> ComboBox:
        """The list of fields for a column; a path inside the column is shown with its field."""
        box = ComboBox()
        if self._nested_row(name):
            box.addItem(tr("Value inside…"), _INSIDE)  # first, where the arrow keys do not pass through it
        box.addItem(tr("Not imported"), None)
        for part, title in TITLES.items():
            box.addItem(tr(title), part)
        inside = {part: path for part, path in self.mapping.columns.items() if is_in(path, name)}
        for part, path in inside.items():
            if path != name:
                rest = path.partition("|")[0].removeprefix(f"{name}.")
                text = tr("{field}: {path}").format(field=tr(TITLES[part]), path=rest)
                box.setItemText(box.findData(part), text)
        _show_field(box, next(iter(inside), None))
        box.setAccessibleName(tr("Field of the column {column}").format(column=name))
        box.setEnabled(bool(name) and self._file is not None and not self._file.taken)
        box.activated.connect(partial(self._choose_field, box, name))
        self.columns.append(box)
        return box

    def _choose_field(self, box: ComboBox, name: str, at: int) -> None:
        part = box.itemData(at)
        if part == _INSIDE:
            fields = (field for field, path in self.mapping.columns.items() if is_in(path, name))
            _show_field(box, next(fields, None))
            self._offer_paths(self._nested_row(name), self._header.index(name))
        elif part is not None:
            self.map_column(Field(part), name)
        else:
            self._map({field: path for field, path in self.mapping.columns.items() if not is_in(path, name)})

    def _nested_row(self, name: str) -> int:
        """The first row of the table in which a column has a nested value; 0 if there is none."""
        preview = self._file.preview if self._file else None
        if preview is None or name not in preview.header:
            return 0
        column = preview.header.index(name)
        return next((place for place, row in enumerate(preview.rows, start=1) if is_nested(row[column])), 0)

    def _offer_paths(self, row: int, column: int) -> None:
        """A menu of the values inside a nested cell, each with the fields that it can give."""
        preview = self._file.preview if self._file else None
        if preview is None or row < 1 or not is_nested(preview.rows[row - 1][column]):
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        name = preview.header[column]
        for path, text in leaves(name, json.loads(preview.rows[row - 1][column])):
            shown = " ".join(text[:40].split()).replace("&", "&&")
            self._add_fields(menu.addMenu(f"{path.replace('&', '&&')}   {shown}"), path)
        self.columns[column].setFocus()
        place = self.table.model().index(0, column)
        self.table.scrollTo(place)
        self.shown.emit(self.table)
        # Not the place of the box: a new one is not laid out yet.
        viewport, cell = self.table.viewport(), self.table.visualRect(place)
        below = QPoint(max(cell.left(), 0), max(min(cell.bottom(), viewport.height() - 1), 0))
        menu.popup(viewport.mapToGlobal(below))

    def _add_fields(self, menu: QMenu, path: str) -> None:
        """Add the fields that a value can give; those that another column gives are last and name that column."""
        given = {part: of for part, of in self.mapping.columns.items() if of != path}
        for part in sorted(TITLES, key=given.__contains__):
            title = tr(TITLES[part])
            if part in given:
                title = tr("{field} (instead of {column})").format(field=title, column=given[part].replace("&", "&&"))
            menu.addAction(f"&{title}").triggered.connect(partial(self._choose_path, part, path))  # & finds by letter

    def _choose_path(self, part: Field, path: str, _checked: bool = False) -> None:
        self.map_column(part, path)

    def _show_values(self) -> None:
        report = self._file.report if self._file else None
        if report is None and self.values.rowCount() and self._file is not None and self._file.mapping is not None:
            return  # the values of the last check stay, so that nothing moves until the error is mended
        columns = sorted((c for c in report.values if c.values) if report else (), key=lambda c: _order(c.field))
        listed = [(column, *key, count) for column in columns for key, count in column.values.most_common()]
        listed.sort(key=self._place)
        self._places = {_value_of(row): place for place, row in enumerate(listed)}
        self.meanings, self._reasons = [], set()
        self.values.setVisible(bool(listed))
        self.table.show_at_most(_COMPACT_ROWS if listed else _ROWS)  # so that a growing report moves no values
        self.values.setRowCount(min(len(listed), _VALUES))
        for place, (column, value, became, count) in enumerate(listed[:_VALUES]):
            name = TITLES.get(Field(column.field)) if column.field in list(Field) else None
            shown = tr(name) if name else column.field
            title = tr("{field} ({column})").format(field=shown, column=column.column)
            for at, text in enumerate((title, value, f"{count:,}")):
                item = QTableWidgetItem(" ".join(text.split()))
                if at == 2:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                set_tip(item, text)
                self.values.setItem(place, at, item)
            self.values.removeCellWidget(place, 3)
            why = with_titles(why_not_stored(column))
            becomes = QTableWidgetItem(tr("not stored: {why}").format(why=why) if why else _shown(column.field, became))
            set_tip(becomes, becomes.text())
            self._reasons |= {becomes.text()} if why else set()
            self.values.setItem(place, 3, becomes)
            if not why and column.field in _MEANINGS and self._file is not None and not self._file.taken:
                self.values.setCellWidget(place, 3, self._meaning_box(column, value, became))
        self._widen_meanings()
        self.values.updateGeometry()

    def _place(self, row: tuple[ColumnTally, str, str, int]) -> tuple[bool, int]:
        """Where a value stands: those with meanings first, the new ones after those that are shown."""
        return row[0].field not in _MEANINGS, self._places.get(_value_of(row), len(self._places))

    def _widen_meanings(self) -> None:
        """Make room for the longest meaning or reason; the column never becomes narrower under the pointer."""
        text_width = self.values.fontMetrics().horizontalAdvance
        widths = [max(box.sizeHint().width(), text_width(box.placeholderText())) + px(_BOX) for box in self.meanings]
        widths += [text_width(text) + px(_BOX) for text in self._reasons]
        self.values.setColumnWidth(3, min(max((self.values.columnWidth(3), *widths)), px(_WIDEST)))

    def _meaning_box(self, column: ColumnTally, value: str, became: str) -> ComboBox:
        box = ComboBox()
        ignored = NO_CATEGORY if column.field == Field.CATEGORY else NOT_READ
        if became != REJECTED:
            box.addItem(_shown(column.field, became), None)
        for meaning in (meaning for meaning in _MEANINGS[column.field] if meaning != became):
            box.addItem(_shown(column.field, meaning), str(meaning))
        if became != ignored:
            box.insertSeparator(box.count())
            box.addItem(_shown(column.field, ignored), "")
        box.setPlaceholderText(tr("Choose the meaning…"))
        box.setCurrentIndex(-1 if became == REJECTED else 0)
        box.setAccessibleName(tr("Meaning of {value} in {column}").format(value=value, column=column.column))
        box.activated.connect(partial(self._choose_meaning, box, f"{column.column}:{value}"))
        self.meanings.append(box)
        return box

    def _choose_meaning(self, box: ComboBox, value: str, at: int) -> None:
        meaning = box.itemData(at)
        if self._file is not None and meaning is not None:
            self._file.meanings[value] = meaning
            self._report_change()

    def _build_ui(self) -> None:
        title = label(tr("&Format"), "meta")
        title.setBuddy(self.format)
        head = row_layout(None, title, (self.format, 1))
        self.format.setAccessibleName(tr("Format"))
        layout = column_layout(self, head, margins=(0, 8, 0, 0), spacing=8)
        for table, name in ((self.table, tr("First rows")), (self.values, tr("Values and their meaning"))):
            table.setAccessibleName(name)
        self.table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        titles = [tr("Field"), tr("Value in the file"), tr("Rows"), tr("Becomes")]
        self.values.setHorizontalHeaderLabels(titles)
        self.values.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        for column, width in ((0, _FIELD), (2, _COUNT), (3, _MEANING)):
            self.values.setColumnWidth(column, px(width))
        self._fit()
        layout.addWidget(self.table)
        layout.addWidget(self.both, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.values)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:  # the text size changed
            self._fit()

    def _fit(self) -> None:
        """Set the height of the row of lists for the current text size; a compact window shows few rows, whole."""
        if self.table.rowCount():
            self.table.setRowHeight(0, QFontMetrics(font(BODY)).height() + _BESIDE_BOX)
        for row in range(_COMPACT_ROWS, self.table.rowCount()):
            self.table.setRowHidden(row, is_compact(self))
        self.table.updateGeometry()


def _show_field(box: ComboBox, part: Field | None) -> None:
    """Select a field in the list of a column; without one, that the column is not imported."""
    place = box.findData(part) if part is not None else -1
    box.setCurrentIndex(place if place >= 0 else box.findText(tr("Not imported")))


def _value_of(row: tuple[ColumnTally, str, str, int]) -> tuple[str, str, str]:
    """What tells the values of a table apart."""
    return row[0].field, row[0].column, row[1]


def _shown(field: str, became: str) -> str:
    """A class in words, `direct answer`; a name as it is stored."""
    if became == REJECTED:
        return tr("not imported")
    if field == Field.IS_REFUSAL and became in _YES_OR_NO:
        return tr(_YES_OR_NO[AnswerClass(became)])
    return became.replace("_", " ") if became in ANSWERS else became


def _order(field: str) -> int:
    """Where a field stands in the table of values: what has meanings first, names last."""
    return list(_MEANINGS).index(field) if field in _MEANINGS else len(_MEANINGS)
