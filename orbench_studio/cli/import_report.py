"""The report of one imported file, for people and for machines."""

from typing import TYPE_CHECKING, Any

from orbench_studio.cli.console import counted, write_line

if TYPE_CHECKING:
    from orbench_studio.services.data.import_files import ImportReport

LISTED = 20  # refused rows named one by one


def write_report(report: "ImportReport") -> None:
    """What became of the file, in lines for a person."""
    write_line(
        f"{report.file} ({report.format}): {counted(report.taken, 'row')} taken, {report.merged:,} known already, "
        f"{report.refused_rows:,} refused"
    )
    for what, name in report.inferred.items():
        write_line(f"  {what} by the file's name: {name} (--{what} NAME says another)")
    if report.added:
        write_line("  added: " + ", ".join(f"{count:,} {kind}" for kind, count in report.added.items()))
    for fault in report.refused[:LISTED]:
        write_line(f"  refused, line {fault.line}: {fault.reason}")
    if report.refused_rows > LISTED:
        write_line(f"  and {report.refused_rows - LISTED:,} more")
    for name, count in report.faults.items():
        write_line(f"  {_diagnosis(report, name, count)}")
    for note, count in report.notes.items():
        write_line(f"  {note}: {count:,}")


def as_json(report: "ImportReport") -> dict[str, Any]:
    """The report as JSON; refusals and findings are listed as far as they were remembered, and all counted."""
    return {
        "file": report.file,
        "format": report.format,
        "taken": report.taken,
        "merged": report.merged,
        "refused": report.refused_rows,
        "refused_rows": [{"line": fault.line, "reason": fault.reason} for fault in report.refused],
        "faults": dict(report.faults),
        "findings": [
            {"fault": f.fault, "line": f.line, "message": f.message, "offer": f.offer, "mended": f.mended}
            for f in report.findings
        ],
        "added": report.added,
        "notes": report.notes,
        "inferred": report.inferred,
        "error": None,
    }


def _diagnosis(report: "ImportReport", name: str, count: int) -> str:
    example = next((f for f in report.findings if f.fault == name), None)
    found = f"{name} in {counted(count, 'row')}"
    if example is None:
        return f"{found}."
    first = f"{found}, first on line {example.line}: {example.message}."
    return f"{first} Mended." if example.mended else f"{first} --mend {name} would {example.offer}."
