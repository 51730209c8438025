"""Duration of a batch when a vendor refuses some requests: `python -m tests.benchmarks.pacing`, from the root.

Each batch is compared with a bare asyncio loop at an equal vendor, in which only the refused request waits its
Retry-After. The two take turns (A B A B) in one run; the ratio is of their sums.
"""

import argparse
import asyncio
import heapq
import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp

from orbench_studio.domain.evaluation.batch import BatchSettings, Limits
from orbench_studio.services.evaluation import batch_control
from orbench_studio.services.evaluation.live_runner import LiveRunner
from orbench_studio.services.workspace.workspace import open_workspace
from tests.benchmarks import generator
from tests.benchmarks.batches import MODEL, PRICES, vendor
from tests.benchmarks.report import Line, table, write_json

_GOAL = 1.15  # times the duration of the bare loop
_CASES = (  # share, status, Retry-After in seconds
    (0.0, 429, 1.0), (0.01, 429, 1.0), (0.02, 429, 1.0), (0.05, 429, 1.0), (0.01, 429, 5.0), (0.05, 429, 5.0),
    (0.01, 503, 1.0), (0.05, 503, 1.0), (0.05, 529, 1.0),
)  # fmt: skip


def main():
    """Measure and print the report."""
    asked = _arguments()
    with TemporaryDirectory(dir=asked.folder) as folder:
        path = Path(folder) / "pacing.orbench"
        generator.generate(path, asked.items, models=0)
        lines = [_measure(path, asked, case) for case in _CASES[: asked.cases]]
    print(table(lines), f"load {os.getloadavg()[0]:.1f}")
    if asked.json:
        write_json(asked.json, lines)


def _measure(path, asked, case):
    share, status, retry_after = case
    ours = bare = 0.0
    for _ in range(asked.rounds):
        with vendor(asked.latency, *case) as address:
            bare += asyncio.run(only_the_refused_wait(address, asked.items, asked.concurrency))
        with vendor(asked.latency, *case) as address:
            ours += _batch(path, address, asked.concurrency)
    ratio = ours / bare
    name = f"{share:.0%} of requests refused with {status}, Retry-After {retry_after:g} s"
    return Line(name, asked.items, ours, "s", bare, f"<= {_GOAL}", ratio <= _GOAL)


def _batch(path, address, concurrency):
    """Seconds of a batch."""
    with open_workspace(path) as workspace:
        settings = BatchSettings(limits=Limits(concurrency), base_urls={MODEL: address})
        ids = batch_control.select_prompts(workspace)
        batch = batch_control.create(workspace, [MODEL], ids, settings, prices=PRICES)
        runner, begun = LiveRunner(workspace, batch.id, PRICES), time.perf_counter()
        runner.start()
        runner.wait()
        assert runner.snapshot().progress.done == len(ids)
    return time.perf_counter() - begun


async def only_the_refused_wait(address, items, concurrency):
    """Seconds of a loop in which a refused request waits its Retry-After, and the others do not."""
    todo = [(0.0, number) for number in range(items)]  # (not before, number): a heap
    left = items
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def worker():
            nonlocal left
            while left:
                if not todo or todo[0][0] > time.perf_counter():
                    await asyncio.sleep(0.01)
                    continue
                _, number = heapq.heappop(todo)
                body = {"model": "m", "messages": [{"role": "user", "content": f"prompt {number}"}]}
                async with session.post(f"{address}/chat/completions", json=body) as reply:
                    await reply.read()
                    if reply.ok:
                        left -= 1
                    else:
                        heapq.heappush(todo, (time.perf_counter() + float(reply.headers["Retry-After"]), number))

        begun = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(concurrency)))
        return time.perf_counter() - begun


def _arguments():
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.pacing", description=__doc__)
    parser.add_argument("--items", type=int, default=1_319)
    parser.add_argument("--latency", type=float, default=0.5, help="seconds")
    parser.add_argument("--concurrency", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--cases", type=int, default=len(_CASES))
    parser.add_argument("--folder", type=Path, default=Path.cwd() / "build")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    return asked


if __name__ == "__main__":
    main()
