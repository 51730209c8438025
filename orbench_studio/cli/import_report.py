"""Print the report of one imported file, as text or JSON."""

from typing import TYPE_CHECKING, Any

from orbench_studio.cli.console import write_line
from orbench_studio.domain.core.amounts import counted

if TYPE_CHECKING:
    from orbench_studio.services.data.import_files import ColumnTally, ImportReport

LISTED = 20  # rejected rows printed one by one
VALUES = 12  # values of a column, of which all are in the JSON report; those that were not read come first
NOT_KNOWN = ("unparsed", "rejected", "not read", "unknown")  # what a value became that has no known meaning


def write_report(report: "ImportReport") -> None:
    """Print the report as text."""
    from orbench_studio.services.data.import_files import UNPARSED, VALUE

    write_line(
        f"{report.file} ({report.format}): {counted(report.imported, 'row')} imported, "
        f"{counted(report.duplicates, 'duplicate')}, {report.rejected:,} rejected"
    )
    for warning in report.warnings:
        write_line(f"  WARNING: {warning}")
    if report.remembered:
        write_line(
            f"  as for an earlier file with these columns: {', '.join(report.remembered)} (--forget to begin anew)"
        )
    for what, name in report.inferred.items():
        write_line(f"  {what}, from the file name: {name} (override with --{what} NAME)")
    if report.added:
        write_line("  added: " + ", ".join(counted(n, kind[:-1], kind) for kind, n in report.added.items()))
    for column in report.values:
        is_known = report.format != "mapped" and not (column.field == "response" and column.empty)
        if not is_known or column.field == "choice" or any(value != became for value, became in column.values):
            _write_values(column)
    for fault in report.rejected_rows[:LISTED]:
        write_line(f"  rejected, line {fault.line}: {fault.reason}")
    if report.rejected > LISTED:
        write_line(f"  and {report.rejected - LISTED:,} more")
    unknown = any(column.became(UNPARSED) for column in report.values)
    if unknown or any(fault.wants == VALUE for fault in report.rejected_rows):
        write_line("  Set the meaning of a value with --value VALUE=MEANING.")
    for name, count in report.faults.items():
        write_line(f"  {_diagnosis(report, name, count)}")
    for note, count in report.notes.items():
        write_line(f"  {note}: {count:,}")


def write_formats() -> None:
    """Print the names and titles of all formats."""
    from orbench_studio.services.data.import_files import formats

    for name, title in formats():
        write_line(f"{name:28} {title}")


def _write_values(column: "ColumnTally") -> None:
    """Print the values of a mapped column with what each became."""
    if column.texts:
        counts = {"empty": column.empty, "not stored": column.not_stored.total()}
        less = "".join(f", {count:,} {what}" for what, count in counts.items() if count)
        filled = column.texts - min(column.empty, column.texts)
        write_line(f"  {column.field} from {column.column}: {counted(filled, 'text')}{less}")
    if not column.values:
        return
    ordered = sorted(column.values.most_common(), key=lambda each: each[0][1] not in NOT_KNOWN)
    values = ", ".join(_value(*pair, count) for pair, count in ordered[:VALUES])
    more = f", and {counted(len(ordered) - VALUES, 'more value')}" if len(ordered) > VALUES else ""
    more += f", {column.empty:,} empty" if column.empty and not column.texts else ""
    write_line(f"  {column.field} from {column.column}: {values}{more}")


def _value(value: str, became: str, count: int) -> str:
    return f"{value} {count:,}" if value == became else f"{value} → {became} {count:,}"


def as_json(report: "ImportReport") -> dict[str, Any]:
    """The report as JSON; `rejected_rows` and `findings` list the first thousand, the counts include all."""
    return {
        "file": report.file,
        "format": report.format,
        "imported": report.imported,
        "duplicates": report.duplicates,
        "rejected": report.rejected,
        "rejected_rows": [{"line": fault.line, "reason": fault.reason} for fault in report.rejected_rows],
        "faults": report.faults,
        "findings": report.findings,
        "added": report.added,
        "notes": report.notes,
        "inferred": report.inferred,
        "warnings": report.warnings,
        "remembered": report.remembered,
        "values": [
            {
                "field": column.field,
                "column": column.column,
                "texts": column.texts,
                "empty": column.empty,
                "not_stored": dict(column.not_stored),
                "values": [
                    {"value": value, "count": count, "became": became}
                    for (value, became), count in column.values.most_common()
                ],
            }
            for column in report.values
        ],
        "error": None,
    }


def _diagnosis(report: "ImportReport", name: str, count: int) -> str:
    examples = [f for f in report.findings if f.fault == name]
    found = f"{name} in {counted(count, 'row')}"
    if not examples:
        return f"{found}."
    first = f"{found}, first on line {examples[0].line}: {examples[0].message}."
    if examples[0].mended:
        return f"{first} Repaired."
    offer = next((f.offer for f in examples if f.offer), "")
    return f"{first} With --mend {name}: {offer}." if offer else first
