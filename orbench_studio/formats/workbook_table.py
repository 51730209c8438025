"""Excel and OpenDocument workbooks, with python-calamine: one sheet, whose first row is the header."""

import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

from orbench_studio.errors import FileFaultError, explained
from orbench_studio.formats.byte_source import MAX_FIELD, InputFile, empty_file, field_too_large, file_fault
from orbench_studio.formats.records import RowFault
from orbench_studio.formats.tables import Cells, Row, Table, listing, unstorable

_MAX_UNPACKED = 500_000_000  # bytes: a sheet is held in memory whole


def open_workbook(file: InputFile, sheet: str | None) -> Table:
    """The table of a sheet: the named one, else the first that has rows."""
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError:
        text = "this is a workbook. Save its sheet as “CSV UTF-8”, or install orbench-studio[excel] to read workbooks."
        raise file_fault(file.name, text) from None
    if zipfile.is_zipfile(file.path):
        with zipfile.ZipFile(file.path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MAX_UNPACKED:
                raise file_fault(file.name, "the workbook is too large. Save its sheet as “CSV UTF-8”.")

    def damaged(reason: str) -> FileFaultError:
        return file_fault(file.name, f"the workbook cannot be read ({reason}). Save its sheet as “CSV UTF-8”.")

    with explained(damaged):
        try:
            workbook = CalamineWorkbook.from_path(str(file.path))
            names = workbook.sheet_names
            if sheet is not None and sheet not in names:
                raise file_fault(file.name, f"there is no sheet {sheet!r}; the workbook has {listing(names)}.")
            rows = next(filter(None, (_values(workbook, name) for name in ([sheet] if sheet else names))), None)
        except FileFaultError:
            raise
        except CalamineError as error:
            raise damaged(type(error).__name__) from None
    if not rows:
        raise empty_file(file.name)
    notes = {f"sheets, of which the first with rows was read (choose with --rows): {listing(names)}": len(names)}
    header = [_text(value) for value in rows[0]]
    return Table(
        (1, header), _rows(rows, file.name), notes=notes if len(names) > 1 and not sheet else {}, first_is_row=True
    )


def _values(workbook: Any, name: str) -> Sequence[Sequence[object]]:
    found: Sequence[Sequence[object]] = workbook.get_sheet_by_name(name).to_python()
    return found


def _rows(rows: Sequence[Sequence[object]], name: str) -> Iterator[Row | RowFault]:
    for number, row in enumerate(rows[1:], start=2):
        cells: Cells = [_text(value) for value in row]
        if max(map(len, cells), default=0) > MAX_FIELD:
            raise field_too_large(name, number)
        reason = unstorable(cells)
        if reason:
            yield RowFault(number, reason)
        elif any(cells):
            yield number, cells


def _text(value: object) -> str:
    """A cell as a text: a whole number without its point, true and false in lower case."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
