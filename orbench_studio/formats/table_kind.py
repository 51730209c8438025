"""Detect the type of table in a file."""

from orbench_studio.formats import csv_table, inspect_log, json_table, parquet_table
from orbench_studio.formats.byte_source import InputFile, file_fault
from orbench_studio.formats.tables import Table, stem_and_kind

_PARQUET = b"PAR1"


def open_table(file: InputFile) -> Table:
    """Open the file as a table, by its extension or else by its first bytes."""
    kind = stem_and_kind(file.name)[1]
    if kind == "parquet" or file.head.startswith(_PARQUET):
        if file.packed:
            raise file_fault(file.name, "a Parquet file inside gzip cannot be read. Unpack it first.")
        return parquet_table.open_parquet(file.path)
    if kind == "inspect":
        return inspect_log.open_eval(file)
    if kind == "json" and not file.packed and inspect_log.is_log(file.path):
        return inspect_log.open_log(file)
    start = file.head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if kind == "json" or (not kind and start in (b"[", b"{")):
        return json_table.open_json(file)
    if kind == "lines":
        return json_table.open_lines(file)
    return csv_table.open_delimited(file, "\t" if kind == "tabs" else None)
