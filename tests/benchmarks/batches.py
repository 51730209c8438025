"""How fast batches go: `python -m tests.benchmarks.batches`, from the repository's root.

The ideal rate is concurrency over latency. The vendor is on this machine, in a process of its own; all answers are
stored. The limit beside each rate is that of a loop of asyncio tasks with the vendor's SDK, which stores nothing; the
loop and the batch take turns (A B A B) in one run.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
import psutil

from orbench_studio.domain.evaluation.batch import BatchSettings, Limits
from orbench_studio.services.evaluation import batch_control
from orbench_studio.services.evaluation.live_runner import LiveRunner
from orbench_studio.services.evaluation.prices import Prices
from orbench_studio.services.workspace.workspace import open_workspace
from tests.benchmarks import generator
from tests.benchmarks.report import Line, table, write_json

PRICES = Prices("", Path("prices.json"), {})
MODEL = "openai/benchmark"
_MB = 1_000_000


@contextmanager
def vendor(*options):
    """The address of a lean vendor with these options."""
    command = [sys.executable, "-m", "tests.benchmarks.lean_vendor", *map(str, options)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def main():
    """Measure and print the report."""
    asked = _arguments()
    lines = []
    with TemporaryDirectory(dir=asked.folder) as folder:
        for items, latency, concurrency in ((asked.items, 0.2, 50), (asked.items, 2.0, 200)):
            lines += measure(Path(folder), items, latency, concurrency)
        lines += resume(Path(folder), asked.large)
    print(table(lines), f"load {os.getloadavg()[0]:.1f}")
    if asked.json:
        write_json(asked.json, lines)


def measure(folder, items, latency, concurrency, rounds=2):
    """The share of the ideal rate, of ours and of the SDK's loop, and how memory grows after the first tenth."""
    path = folder / f"{items}.{latency}.orbench"
    generator.generate(path, items, models=0)
    limit = took = cpu = grown = 0.0
    with vendor(latency) as address, open_workspace(path) as workspace:
        for _ in range(rounds):
            limit += asyncio.run(sdk_loop(address, items, concurrency))
            seconds, spent, memory = _batch(workspace, address, items, concurrency)
            took, cpu, grown = took + seconds, cpu + spent, max(grown, memory)
    ideal = rounds * items * latency / concurrency
    name, share, beside = f"{latency:g} s latency, {concurrency} at once", ideal / took, limit / took
    is_long = latency > 1  # then the goal is the ideal rate, else that of the SDK's loop
    goal = (">= 0.9", share >= 0.9) if is_long else ("", None)
    yield Line(f"{name}, share of the ideal rate", items, share, "", ideal / limit, *goal)
    goal = ("", None) if is_long else (">= 1", beside >= 1)
    yield Line(f"{name}, rate beside the SDK's loop", items, beside, "times", None, *goal)
    yield Line(f"{name}, processor time", items, cpu / rounds / items * 1_000, "ms a request")
    yield Line(f"{name}, memory grown after the first tenth", items, grown, "MB", None, "< 20 MB", grown < 20)


def _batch(workspace, address, items, concurrency):
    """Seconds and processor seconds of a batch, and the MB by which memory grows after its first tenth."""
    settings = BatchSettings(limits=Limits(concurrency), base_urls={MODEL: address})
    batch = batch_control.create(workspace, [MODEL], batch_control.select_prompts(workspace), settings, prices=PRICES)
    runner, process, early = LiveRunner(workspace, batch.id, PRICES), psutil.Process(), None
    begun, spent = time.perf_counter(), process.cpu_times()
    runner.start()
    while not runner.wait(0.1):
        if early is None and runner.snapshot().progress.done > items / 10:
            early = process.memory_info().rss
    took, used = time.perf_counter() - begun, process.cpu_times()
    assert runner.snapshot().progress.done == items
    memory = (process.memory_info().rss - (early or 0)) / _MB
    return took, used.user + used.system - spent.user - spent.system, memory


def resume(folder, items):
    """Seconds until a batch of which a killed process has done half sends again."""
    path = folder / "large.orbench"
    generator.generate(path, items, models=0)
    with vendor(0.0) as address, open_workspace(path) as workspace:
        settings = BatchSettings(base_urls={MODEL: address})
        begun = time.perf_counter()
        batch = batch_control.create(
            workspace, [MODEL], batch_control.select_prompts(workspace), settings, prices=PRICES
        )
        yield Line("a batch written down", items, time.perf_counter() - begun, "s")
        with workspace.writing() as db:
            db.exec_driver_sql("UPDATE batch_items SET state = 'done' WHERE id <= ?", (items // 2,))
        begun = time.perf_counter()
        runner = LiveRunner(workspace, batch.id, PRICES)
        runner.start()
        while runner.snapshot().progress.done == 0:
            time.sleep(0.005)
        took = time.perf_counter() - begun
        runner.stop()
        runner.wait()
        begun = time.perf_counter()
        batch_control.progress(workspace, batch.id)
        yield Line("a look from another process", items, (time.perf_counter() - begun) * 1_000, "ms")
    yield Line("resumed, first answer stored", items, took, "s", None, "< 2 s", took < 2)


async def sdk_loop(address, items, concurrency):
    """Seconds that the SDK's asyncio client takes for the same requests, without storing anything."""
    from openai import AsyncOpenAI

    left = iter(range(items))
    async with AsyncOpenAI(base_url=address, api_key="sk-benchmark", max_retries=0, timeout=180) as client:

        async def worker():
            for number in left:
                messages = [{"role": "user", "content": f"prompt {number}"}]
                reply = await client.chat.completions.create(model="m", messages=messages, max_tokens=1_000)
                assert reply.choices[0].message.content

        begun = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(concurrency)))
        return time.perf_counter() - begun


async def bare(address, items, concurrency):
    """Seconds that a loop which does nothing else takes."""
    left = iter(range(items))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def worker():
            for number in left:
                body = {"model": "m", "messages": [{"role": "user", "content": f"prompt {number}"}]}
                async with session.post(f"{address}/chat/completions", json=body) as reply:
                    (await reply.json())["choices"]

        begun = time.perf_counter()
        await asyncio.gather(*(worker() for _ in range(concurrency)))
        return time.perf_counter() - begun


def _arguments():
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.batches", description=__doc__)
    parser.add_argument("--items", type=int, default=5_000)
    parser.add_argument("--large", type=int, default=80_000)
    parser.add_argument("--folder", type=Path, default=Path.cwd() / "build")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    return asked


if __name__ == "__main__":
    main()
