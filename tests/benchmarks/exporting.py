"""How fast everything is exported as CSV, against plain csv.writer with the same rows in memory; and how much memory.

Both in seconds of processor time, so that what else the machine does counts for neither.

`python -m tests.benchmarks.exporting WORKSPACE FOLDER` exports once and prints seconds and the peak of memory.
"""

import csv
import json
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import process_time

from orbench_studio.domain.data.export import Export, Form
from orbench_studio.services.data.export_files import export
from orbench_studio.services.workspace.workspace import open_workspace
from tests.benchmarks.report import Line

_SAMPLE = 4_000  # prompts whose rows plain csv writes
_TOGETHER = 200
_SHARE = 1 / 3
_MEMORY = 400  # MB
_TABLES = (
    "SELECT * FROM prompts WHERE id BETWEEN ? AND ?",
    "SELECT * FROM votes WHERE prompt_id BETWEEN ? AND ?",
    "SELECT * FROM responses WHERE prompt_id BETWEEN ? AND ?",
    "SELECT j.* FROM judgements j JOIN responses r ON r.id = j.response_id WHERE r.prompt_id BETWEEN ? AND ?",
)


def measure(workspace: Path, prompts: int, scratch: Path) -> Iterator[Line]:
    """Export the workspace once, in a process of its own."""
    limit = _plain(workspace, min(prompts, _SAMPLE), scratch)
    command = [sys.executable, "-m", "tests.benchmarks.exporting", str(workspace), str(scratch / "out")]
    found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    speed = prompts / found["seconds"]
    met = speed >= _SHARE * limit
    yield Line(
        "prompts a second of the processor, everything as CSV", prompts, speed, "prompts/s", limit, ">= 0.33", met
    )
    megabytes = found["memory"]
    yield Line("memory of an export", prompts, megabytes, "MB", None, f"< {_MEMORY} MB", megabytes < _MEMORY)


def _plain(workspace: Path, prompts: int, scratch: Path) -> float:
    """Prompts a second whose rows csv writes; reading them is not counted."""
    seconds = 0.0
    with (
        closing(sqlite3.connect(workspace)) as db,
        (scratch / "plain.csv").open("w", newline="", encoding="utf-8") as f,
    ):
        writer = csv.writer(f)
        for first in range(1, prompts + 1, _TOGETHER):
            span = (first, min(first + _TOGETHER - 1, prompts))
            rows = [row for statement in _TABLES for row in db.execute(statement, span).fetchall()]
            begun = process_time()
            writer.writerows(rows)
            seconds += process_time() - begun
    return prompts / seconds


def main() -> None:
    """Export once."""
    workspace, out = map(Path, sys.argv[1:])
    with open_workspace(workspace) as opened:
        begun = process_time()
        export(opened, Export(Form.CSV, out))
        seconds = process_time() - begun
    print(json.dumps({"seconds": seconds, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


if __name__ == "__main__":
    main()
