"""How a workspace grows on both databases: `python -m tests.benchmarks.scale`, from the repository's root.

Workspaces of growing size are built by the studio's own intake, and their tables, indexes and times measured. From each
figure's growth it is reckoned, not measured, what it would be at a larger size. Sizes are exact; times are of this
machine and of what else it did, so that the load of the last minute is told.
"""

import argparse
import json
import os
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from orbench_studio.domain.workspace.location import Location, Server
from orbench_studio.services.workspace.workspace import Workspace, create_workspace
from tests.benchmarks import generator, growth, scale_peak, scale_sizes, scale_times
from tests.benchmarks.growth import Size
from tests.benchmarks.report import machine
from tests.postgres import Postgres

_SIZES = (Size(1_000, 8), Size(4_000, 8), Size(16_000, 8), Size(16_000, 32))
_AIM = Size(1_000_000, 100)
_SHARE = 0.005  # of all bytes, from which on a table or index is printed
_DATABASES = ("sqlite", "postgresql")


def main() -> None:
    """Build, measure, and print how everything grows."""
    asked = _arguments()
    found = {}
    for database in asked.databases:
        measured: dict[Size, dict[str, float]] = {}
        for size, place, scratch in _places(database, asked):
            measured[size] = dict(measure(place, size, asked.decisions, scratch, also=asked.also))
            print(f"{database}, {size}: done, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
        names = _worth_telling(measured[max(asked.sizes)])
        print(f"\n{database}\n{growth.table(measured, names, asked.aim)}")
        found[database] = {str(size): figures for size, figures in measured.items()}
    print(f"\n{machine()}")
    if asked.json:
        asked.json.write_text(json.dumps({"machine": machine(), "measured": found}, indent=1), encoding="utf-8")


def _worth_telling(figures: dict[str, float]) -> list[str]:
    """Everything but tables and indexes that take next to nothing."""
    least = _SHARE * figures["MB: everything"]
    return [name for name, figure in figures.items() if not name.startswith("MB: ") or figure >= least]


def measure(
    place: Location, size: Size, decisions: int, scratch: Path, *, also: Collection[str]
) -> Iterator[tuple[str, float]]:
    """Build a workspace of a size and measure everything, by name."""
    with create_workspace(place, illustrative=True) as workspace:
        yield from _imported(workspace, size)
        _settle(place)
        yield from scale_times.times(workspace, size.prompts, size.models, decisions, scratch)
        yield from scale_sizes.sizes(workspace).items()
        if "memory" in also:
            yield from scale_peak.peaks(place)
        if "index" in also:
            yield from scale_times.search_index(workspace)
            there = scale_sizes.sizes(workspace)
            yield "MB: with the index of responses", there["MB: everything"]


def _imported(workspace: Workspace, size: Size) -> Iterator[tuple[str, float]]:
    start = perf_counter()
    generator.bring_prompts(workspace, size.prompts)
    yield "s: prompts and votes imported", perf_counter() - start
    taken = []
    for model in range(size.models):
        start = perf_counter()
        generator.bring_answers(workspace, size.prompts, model)
        taken.append(perf_counter() - start)
    yield "s: responses of a model imported", median(taken)
    yield "s: everything imported", sum(taken)


def _settle(place: Location) -> None:
    """What a server does by itself in the minutes after an import."""
    if isinstance(place, Server):
        import psycopg

        with psycopg.connect(host=place.host, port=place.port, user=place.user, dbname=place.database) as db:
            db.autocommit = True
            db.execute("VACUUM ANALYZE")


def _places(database: str, asked: argparse.Namespace) -> Iterator[tuple[Size, Location, Path]]:
    """Where a workspace of each size is made, one after the other; nothing of it stays."""
    server = Postgres(durable=True) if database == "postgresql" else None
    try:
        for size in asked.sizes:
            with TemporaryDirectory(dir=asked.folder) as scratch:
                place = server.new() if server else Path(scratch) / "grown.orbench"
                yield size, place, Path(scratch)
            if server:
                server.say(f"DROP DATABASE {place.database}")
    finally:
        if server:
            server.remove()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.scale", description=__doc__)
    sizes = {"type": growth.size, "metavar": "PROMPTSxMODELS"}
    parser.add_argument("--sizes", nargs="+", default=_SIZES, **sizes)
    parser.add_argument("--aim", default=_AIM, help="the size that is reckoned", **sizes)
    parser.add_argument("--databases", nargs="+", default=_DATABASES, choices=_DATABASES)
    parser.add_argument("--decisions", type=int, default=200)
    parser.add_argument("--also", nargs="+", default=(), choices=("memory", "index"), help="peaks, index of responses")
    parser.add_argument("--folder", type=Path, default=Path.cwd() / "build", help="for workspaces, which are removed")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    return asked


if __name__ == "__main__":
    main()
