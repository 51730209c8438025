"""Time and memory of a data frame of all responses, compared with pandas reading the same rows from Parquet."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.report import Line

_TIME, _MEMORY = 3, 2  # at most so many times pandas
# Each in a process of its own, so that the peak of the memory is that of this reading.
_READ = """
import json, resource, sys, time
import pandas as pd, pyarrow
import orbench_studio as ob
from orbench_studio.api import workspace
kind, path, table = sys.argv[1:]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
if kind == "parquet":
    frame = pd.read_parquet(path)
else:
    with ob.open(path) as ws:
        frame = getattr(ws, table)()
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
if kind == "write":
    frame.to_parquet(path + "." + table + ".parquet", index=False)
print(json.dumps([len(frame), seconds, (peak - before) / 1024]))
"""


def measure(path: Path, prompts: int) -> Iterator[Line]:
    """Measure the frames of prompts and of responses."""
    for table in ("prompts", "responses"):
        parquet = Path(f"{path}.{table}.parquet")
        _run("write", path, table)
        try:
            plain = [_run("parquet", parquet, table) for _ in range(2)][1]
            rows, seconds, megabytes = _run("frame", path, table)
        finally:
            parquet.unlink()
        assert rows == plain[0]
        name = f"data frame of {rows:,} {table}"
        yield Line(f"{name}, time", prompts, seconds, "s", plain[1], f"< {_TIME} x Parquet", seconds < _TIME * plain[1])
        good = megabytes < _MEMORY * plain[2]
        yield Line(f"{name}, memory", prompts, megabytes, "MB", plain[2], f"< {_MEMORY} x Parquet", good)


def _run(kind: str, path: Path, table: str) -> tuple[int, float, float]:
    command = [sys.executable, "-c", _READ, kind, str(path), table]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows, seconds, megabytes = json.loads(done.stdout)
    return rows, seconds, megabytes
