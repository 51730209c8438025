"""How much faster four workers are than one: `python -m tests.benchmarks.workers`, from the repository's root.

A batch that waits for its vendor, in a file and on a PostgreSQL server of its own where there is one. The workers are
processes as `orbench-studio worker` starts them, there before the batch is; it is timed from the moment at which it is
left to them until it is finished. The limit is what bare aiohttp loops in as many processes gain at the same vendor.
"""

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from orbench_studio.domain.evaluation.batch import BatchSettings, Limits
from orbench_studio.domain.evaluation.states import BatchState
from orbench_studio.services.data.push_pull import push
from orbench_studio.services.evaluation import batch_control
from orbench_studio.services.workspace.workspace import open_workspace
from tests.benchmarks import generator
from tests.benchmarks.batches import MODEL, PRICES
from tests.benchmarks.report import Line, table, write_json
from tests.fake_vendor import Vendor
from tests.postgres import Postgres, program

_WORKERS = 4
_BARE = """
import asyncio, sys
from tests.benchmarks.batches import bare
print(asyncio.run(bare(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
"""


def main():
    """Measure and print the report."""
    asked = _arguments()
    lines = []
    with TemporaryDirectory(dir=asked.folder) as folder:
        for name, place in _places(Path(folder), asked):
            lines += measure(name, place, asked)
    print(table(lines))
    if asked.json:
        write_json(asked.json, lines)


def _places(folder, asked):
    file = folder / "workers.orbench"
    generator.generate(file, asked.items, models=0)
    yield "a file", file
    if program("initdb") is not None:
        server = Postgres(durable=True)
        try:
            place = server.new()
            push(file, place)
            yield "PostgreSQL", place
        finally:
            server.remove()


def measure(name, place, asked):
    """Seconds with one worker and with four, each on a batch of its own; how often anything was sent twice."""
    with Vendor(latency=asked.latency) as vendor:
        limit = _bare_gain(vendor.url, asked)
        vendor.asked.clear()
        one = _seconds(place, vendor, asked, workers=1)
        four = _seconds(place, vendor, asked, workers=_WORKERS)
        again = sum(times - 2 for times in vendor.asked.values())  # two batches ask the same
    what = f"{name}, {asked.latency:g} s latency, {asked.at_once} at once each"
    yield Line(f"{what}, one worker", asked.items, one, "s")
    yield Line(f"{what}, {_WORKERS} workers", asked.items, four, "s")
    gain = one / four
    yield Line(f"{what}, gain", asked.items, gain, "times", limit, ">= 3.5", gain >= 3.5)
    yield Line(f"{what}, sent twice", asked.items, again, "items", None, "0", again == 0)


def _seconds(place, vendor, asked, workers):
    with open_workspace(place) as workspace, _at_work(place, workers):
        settings = BatchSettings(limits=Limits(asked.at_once), base_urls={MODEL: vendor.url})
        batch = batch_control.create(
            workspace, [MODEL], batch_control.select_prompts(workspace), settings, prices=PRICES
        )
        begun = time.perf_counter()
        batch_control.queue_for_workers(workspace, batch.id)
        while batch_control.progress(workspace, batch.id).batch.state is not BatchState.COMPLETED:
            time.sleep(0.05)
        took = time.perf_counter() - begun
        assert batch_control.progress(workspace, batch.id).done == asked.items
    return took


@contextmanager
def _at_work(place, workers):
    """So many workers that wait for something to do."""
    command = [sys.executable, "-m", "orbench_studio", "worker", str(place)]
    options = {"stdout": subprocess.PIPE, "text": True, "env": os.environ | {"OPENAI_API_KEY": "sk-benchmark"}}
    started = [subprocess.Popen(command, **options) for _ in range(workers)]
    try:
        for process in started:
            process.stdout.readline()
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.communicate()


def _bare_gain(address, asked):
    """How much sooner four processes that only ask are at the end than one, with a fourth of the items each."""

    def loop(items):
        command = [sys.executable, "-c", _BARE, address, str(items), str(asked.at_once)]
        return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    one = loop(asked.items)
    with ThreadPoolExecutor(_WORKERS) as several:
        four = max(several.map(loop, [asked.items // _WORKERS] * _WORKERS))
    return one / four


def _arguments():
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.workers", description=__doc__)
    parser.add_argument("--items", type=int, default=800)
    parser.add_argument("--latency", type=float, default=1.0, help="seconds")
    parser.add_argument("--at-once", type=int, default=10, help="requests of each worker")
    parser.add_argument("--folder", type=Path, default=Path.cwd() / "build")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    return asked


if __name__ == "__main__":
    main()
