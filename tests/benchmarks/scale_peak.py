"""How much memory things take that read many rows: `python -m tests.benchmarks.scale_peak PLACE NAME`, each alone."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from orbench_studio.domain.review.query import parse
from orbench_studio.domain.workspace.location import Location, location_of
from orbench_studio.services.audit import audit_counts
from orbench_studio.services.review import search
from orbench_studio.services.workspace.workspace import Workspace, open_workspace

_WORK = {
    "queue of everything": lambda workspace: search.queue_of(workspace, parse("")),
    "queue, most useful first": lambda workspace: search.queue_of(workspace, parse("sort:useful")),
    "audit read": audit_counts.read,
    "check": Workspace.problems,
}


def peaks(place: Location) -> Iterator[tuple[str, float]]:
    """Megabytes at the peak beyond those of the workspace when it is opened, by what they are of."""
    for name in _WORK:
        command = [sys.executable, "-m", "tests.benchmarks.scale_peak", str(place), name]
        yield f"memory, MB: {name}", float(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def main() -> None:
    """Do one of them and print how far memory rose."""
    place, name = sys.argv[1:]
    with open_workspace(location_of(place)) as workspace:
        before = _highest()
        _WORK[name](workspace)
        print(_highest() - before)


def _highest() -> float:
    """Of this program; what `getrusage` tells begins with its parent's."""
    message = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = (line for line in message.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
