"""Excel and OpenDocument workbooks, with python-calamine: one sheet, of which a row has the names of the columns."""

import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from orbench_studio.errors import FileFaultError, explained
from orbench_studio.formats.byte_source import MAX_FIELD, InputFile, empty_file, field_too_large, file_fault
from orbench_studio.formats.records import RowFault
from orbench_studio.formats.tables import FIRST_LINES, Cells, Row, Table, above_header, listing, unstorable

_MAX_UNPACKED = 500_000_000  # bytes: a sheet is held in memory whole
_EXACT = 2**53  # the numbers below are exact in every workbook
_LONG = re.compile(r"-?\d{16,}")
_MISSING = "#N/A"  # the error that stands for an empty cell
_HIDDEN = "rows that are hidden in the workbook, and were read too"
_NO_RESULT = "has a formula without a result. Open the workbook in a spreadsheet program and save it"
_TOO_LONG = "has a number with more digits than the workbook stores. Format its column as text"
Place = tuple[int, int]


def open_workbook(file: InputFile, sheet: str | None, header: int) -> Table:
    """The table of the named sheet, or the first visible one with rows. `header` is the row of the names, or 0."""
    try:
        from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum
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
            hidden = {of.name: of.visible != SheetVisibleEnum.Visible for of in workbook.sheets_metadata}
            names = sorted(workbook.sheet_names, key=lambda name: hidden[name])
            if sheet is not None and sheet not in names:
                raise file_fault(file.name, f"there is no sheet {sheet!r}; the workbook has {listing(names)}.")
            sheets = (workbook.get_sheet_by_name(name) for name in ([sheet] if sheet else names))
            tables = filter(None, (_cells(file.path, of) for of in sheets))
            first, rows, faults, hidden_rows = next(tables, (0, [], {}, set[int]()))
        except FileFaultError:
            raise
        except (CalamineError, ElementTree.ParseError) as error:
            raise damaged(type(error).__name__) from None
    at = max(header - first, 0)
    if at >= len(rows):
        raise empty_file(file.name)
    bound = set[int]()
    listed = [f"{name} (hidden)" if hidden[name] else name for name in names]
    of = f"sheets, of which the first with rows was read (choose with --rows): {listing(listed)}"
    notes = {of: len(names)} if len(names) > 1 and not sheet else {}
    filled = (number for number, cells in enumerate(rows[at + 1 :], first + at + 1) if any(cells))
    if count := sum(number in hidden_rows for number in filled):
        notes[_HIDDEN] = count
    return Table(
        (first + at, rows[at]),
        _rows(rows[at + 1 :], first + at + 1, faults, bound, file.name),
        bound,
        notes=notes | above_header(rows[:at]),
        first_is_row=True,
        first_lines=lambda: enumerate(rows[:FIRST_LINES], first),
        others=f"Its sheets are {listing(names)}." if len(names) > 1 else "",
    )


def _cells(path: Path, sheet: Any) -> tuple[int, list[Cells], dict[Place, str], set[int]] | None:
    """The number of the first row of a sheet, its rows, why the values of cells are not known, by their place, and the
    numbers of the hidden rows.
    """
    values: Sequence[Sequence[object]] = sheet.to_python()
    if not values:
        return None
    top, left = sheet.start
    rows = [[_text(value) for value in row] for row in values]
    faults = {
        (top + row, left + at): _TOO_LONG
        for row, cells in enumerate(values)
        for at, value in enumerate(cells)
        if isinstance(value, float) and abs(value) >= _EXACT
    }
    unlike, hidden = _unlike(path, sheet.name)
    for (row, at), text in unlike.items():
        if text == _MISSING or text.removeprefix("-").isdigit():
            rows[row - top][at - left] = text
            faults.pop((row, at), None)
        else:
            faults[row, at] = f"has the error {text}" if text else _NO_RESULT
    for (begin, at), (end, last) in sheet.merged_cell_ranges or ():
        for row in range(begin + 1, end + 1) if at == last else ():
            rows[row - top][at - left] = rows[begin - top][at - left]
            faults |= {(row, at): faults[begin, at]} if (begin, at) in faults else {}
    return top + 1, rows, {(row + 1, at - left): why for (row, at), why in faults.items()}, hidden


def _unlike(path: Path, sheet: str) -> tuple[dict[Place, str], set[int]]:
    """The cells of an .xlsx file that calamine gives otherwise, and the numbers of its hidden rows.

    These are long numbers, numbers shown with leading zeros, errors, and formulas without a result.
    """
    if not zipfile.is_zipfile(path):
        return {}, set()
    with zipfile.ZipFile(path) as archive:
        members = archive.namelist()
        if "xl/workbook.xml" not in members:
            return {}, set()
        named = ElementTree.fromstring(archive.read("xl/workbook.xml")).iter()
        ids = {of.get("name"): next((of.attrib[k] for k in of.attrib if k.endswith("}id")), "") for of in named}
        links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
        target = next((of.get("Target", "") for of in links if of.get("Id") == ids.get(sheet)), "")
        part = target[1:] if target.startswith("/") else f"xl/{target}"
        if part not in members:
            return {}, set()
        widths = _widths(archive.read("xl/styles.xml")) if "xl/styles.xml" in members else {}
        hidden = set[int]()
        with archive.open(part) as content:
            return dict(_unlike_cells(content, widths, hidden)), hidden


def _widths(styles: bytes) -> dict[str, int]:
    """The digits that a number has at least, by the style of its cell, where its format is only zeros, such as 000."""
    nodes = {node.tag.rpartition("}")[2]: node for node in ElementTree.fromstring(styles)}
    codes = {of.get("numFmtId"): of.get("formatCode", "") for of in nodes.get("numFmts", ())}
    shown = [codes.get(of.get("numFmtId"), "") for of in nodes.get("cellXfs", ())]
    return {str(style): len(code) for style, code in enumerate(shown) if code and not code.strip("0")}


def _unlike_cells(content: Any, widths: Mapping[str, int], hidden: set[int]) -> Iterator[tuple[Place, str]]:
    """The texts of unlike cells; adds the numbers of the hidden rows to `hidden`."""
    row = at = -1
    for event, node in ElementTree.iterparse(content, ("start", "end")):
        kind = node.tag.rpartition("}")[2]
        if event == "start" and kind == "row":
            row, at = int(node.get("r", row + 2)) - 1, -1
            if node.get("hidden") in ("1", "true"):
                hidden.add(row + 1)
        elif event == "end" and kind == "c":
            at = _column(node.get("r", "")) if node.get("r") else at + 1
            parts = {part.tag.rpartition("}")[2]: part.text or "" for part in node}
            value, of = parts.get("v", ""), node.get("t", "n")
            has_no_result = "f" in parts and not value and of != "str"
            if of == "e" or has_no_result or (of == "n" and _LONG.fullmatch(value)):
                yield (row, at), value
            elif of == "n" and value.isdigit() and len(value) < widths.get(node.get("s", ""), 0):
                yield (row, at), value.zfill(widths[node.get("s", "")])
        elif event == "end" and kind == "row":
            node.clear()


def _column(place: str) -> int:
    """The number of the column of a cell such as AB12, from 0."""
    number = 0
    for letter in re.sub(r"[^A-Z]", "", place.upper()):
        number = 26 * number + ord(letter) - ord("A") + 1
    return number - 1


def _rows(
    rows: Sequence[Cells], begin: int, faults: dict[Place, str], bound: set[int], name: str
) -> Iterator[Row | RowFault]:
    for number, cells in enumerate(rows, begin):
        if max(map(len, cells), default=0) > MAX_FIELD:
            raise field_too_large(name, number)
        fault = next(((at, faults[number, at]) for at in sorted(bound) if (number, at) in faults), None)
        reason = unstorable(cells) or (fault and f"the cell in column {fault[0] + 1} {fault[1]}")
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
