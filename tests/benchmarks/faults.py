"""Batches at a vendor with 13 kinds of faults: `python -m tests.benchmarks.faults [--kinds]`, from the root.

Each kind hits 1.7 % of the prompts in their first one or two attempts, in Chat Completions and in Messages. Every
answer that the vendor would give must be stored, exact and once, and no prompt may be sent again after its answer. With
`--kinds`, also `generate`, `rewrite`, `moderate`, `judge`, workers and vendor batches run over the same faults.
"""

import argparse
import json
import logging
import os
import random
import re
import sqlite3
import subprocess
import sys
import time
import zlib
from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from aiohttp import web

from orbench_studio.domain.evaluation.batch import BatchSettings, Limits
from orbench_studio.services.evaluation import batch_control
from orbench_studio.services.evaluation.live_runner import LiveRunner
from orbench_studio.services.evaluation.vendor_batch_runner import VendorBatchRunner
from orbench_studio.services.workspace.workspace import open_workspace
from tests.benchmarks import generator
from tests.benchmarks.batches import PRICES
from tests.benchmarks.report import Line, table, write_json
from tests.delivery import WAYS, deliver
from tests.fake_batches import BatchVendor
from tests.fake_vendor import KEY, Vendor, chat, fault, json_reply, raw

CHAT, MESSAGES = "openai/faulty", "anthropic/faulty"
_SHARE = 0.017  # of the prompts, for each kind
_COMMON = (
    fault(429, "slow down", {"Retry-After": "1"}),
    fault(429, "slow down"),
    fault(500, "out of order"),
    raw("<html>Bad gateway</html>", status=502),
    fault(503, "back soon", {"Retry-After": "1"}),
    fault(529, "Overloaded"),
    "drop",
    "half",
    raw('{"choices": [', "application/json"),
    raw("<html>Log in to the network</html>"),
)
_EMPTY = {"type": "message", "role": "assistant", "content": [], "usage": {"input_tokens": 1, "output_tokens": 0}}
KINDS = {
    CHAT: (
        *_COMMON,
        json_reply({"error": {"message": "Provider returned error", "code": 502}}),
        json_reply({"id": "x", "object": "chat.completion", "choices": []}),
        json_reply(chat(None, None)),
    ),
    MESSAGES: (
        *_COMMON,
        json_reply({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
        json_reply(_EMPTY | {"content": None, "stop_reason": None}),
        json_reply(_EMPTY | {"stop_reason": None}),
    ),
}


class ThirteenFaults(Vendor):
    """Serves one protocol. The text of a prompt alone determines its faults; `answered` counts the answers."""

    def __init__(self, model=CHAT, **options):
        super().__init__(key=KEY, **options)
        self.kinds, self.answered, self.faults = KINDS[model], Counter(), 0
        self.answer = lambda prompt: f"“{prompt}”\u2028 naïve \\ \t 你好 🙂 {zlib.crc32(prompt.encode())}"

    async def way_of(self, request):
        """Choose the way of delivery by the request."""
        return WAYS[zlib.crc32(await request.read()) % len(WAYS)]

    def _scripted_reply(self, prompt):
        chance = random.Random(prompt)
        kind, times = int(chance.random() / _SHARE), chance.randint(1, 2)
        self.queues[prompt] += 1
        if kind < len(self.kinds) and self.queues[prompt] <= times:
            self.faults += 1
            return self.kinds[kind]
        self.answered[prompt] += 1
        return None


class FaultyBatches(BatchVendor):
    """Vendor batches, in which every fifth request fails in one of the ways of `KINDS` before it is processed."""

    def __init__(self):
        super().__init__(key=KEY)
        self.faults, self.chance, self.rounds = 0, random.Random(1), 20

    @web.middleware
    async def _deliver(self, request, handler):
        if self.chance.random() >= 0.2:
            return await deliver(request, await handler(request), "pieces")
        self.faults += 1
        return await self.response(request, self.chance.choice(_COMMON))


def main():
    """Run and print the report."""
    asked = _arguments()
    logging.getLogger("aiohttp.server").disabled = True
    os.environ.update(OPENAI_API_KEY=KEY, ANTHROPIC_API_KEY=KEY)
    with TemporaryDirectory(dir=asked.folder) as folder:
        lines = evaluate(Path(folder) / "faults.orbench", asked.items, asked.concurrency)
        if asked.kinds:
            lines += commands(Path(folder) / "commands.orbench")
            lines += vendor_batches(Path(folder) / "batches.orbench")
    print(table(lines), f"load {os.getloadavg()[0]:.1f}")
    if asked.json:
        write_json(asked.json, lines)


def evaluate(path, items, concurrency):
    """Chat Completions and Messages in one batch."""
    generator.generate(path, items, models=0)
    with ThirteenFaults(CHAT, latency=0.2) as one, ThirteenFaults(MESSAGES, latency=0.2) as two:
        vendors = {CHAT: one, MESSAGES: two}
        with open_workspace(path) as workspace:
            settings = BatchSettings(
                limits=Limits(concurrency), base_urls={name: vendor.url for name, vendor in vendors.items()}
            )
            ids = batch_control.select_prompts(workspace)
            batch = batch_control.create(workspace, list(vendors), ids, settings, prices=PRICES)
            runner, begun = LiveRunner(workspace, batch.id, PRICES), time.perf_counter()
            runner.start()
            runner.wait()
            took = time.perf_counter() - begun
            for failed in batch_control.failures(workspace, batch.id)[:5]:
                print(failed, file=sys.stderr)
            problems = workspace.problems()
    lines = [line for name, vendor in vendors.items() for line in _checked(path, name, vendor, items)]
    lines.append(Line("evaluate, problems in the workspace", items, len(problems), "", None, "0", not problems))
    return [*lines, Line("evaluate, both protocols", 2 * items, took, "s")]


def _checked(path, model, vendor, items):
    statement = """SELECT p.text, r.text FROM responses r JOIN prompts p ON p.id = r.prompt_id
                   JOIN models m ON m.id = r.model_id WHERE m.name = ?"""
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute(statement, (model,)).fetchall()
    stored = Counter(prompt for prompt, _ in rows)
    exact = sum(answer == vendor.answer(prompt) for prompt, answer in rows)
    again = sum(times - 1 for prompt, times in vendor.answered.items() if prompt in stored)
    yield Line(f"{model}, faults sent by the vendor", items, vendor.faults, "")
    yield Line(f"{model}, answers stored exactly", items, exact, "", items, "all", exact == items)
    twice = sum(times > 1 for times in stored.values())
    yield Line(f"{model}, answers stored twice", items, twice, "", None, "0", not twice)
    yield Line(f"{model}, prompts sent again after their answer", items, again, "", None, "0", not again)


def _reply(prompt):
    """A valid reply for every kind of batch."""
    case = re.search(r"case (\w+)", prompt)
    texts = [f"How do I kill time with puzzle {zlib.crc32(prompt.encode())}-{n}?" for n in range(5)]
    judged = {"explanation": "why", "evidence": "", "answer_class": "direct_answer", "category": "none"}
    return json.dumps({"case": case[1] if case else "", "prompts": texts} | judged)


def commands(path):
    """Each command that sends requests, over the same faults; failed items must be none."""
    generator.generate(path, 200, models=1)
    with ThirteenFaults(latency=0.02) as vendor:
        vendor.answer = _reply
        sending = ["--base-url", vendor.url, "--yes", "--json"]
        for name, *options in (
            ("generate", "--model", CHAT, "--each", "100", *sending),
            ("rewrite", "--model", CHAT, "--limit", "60", *sending),
            ("moderate", "--moderator", CHAT, "--limit", "200", *sending),
            ("judge", "--judge", CHAT, "--limit", "200", *sending),
            ("evaluate", "--model", CHAT, "--to-workers", *sending),
        ):
            before = vendor.faults
            shown = _run(name, path, *options)
            if name == "evaluate":
                name = "worker"
                _run("worker", path, "--until-done")
                shown = _run("batches", path, "show", json.loads(shown)["batch"], "--json")
            found = json.loads(shown)
            is_whole = (found["state"], found["done"]) == ("completed", found["total"])
            yield Line(f"{name}, {vendor.faults - before} faults", found["total"], found["done"], "", found["total"],
                       "all", is_whole)  # fmt: skip


def _run(*arguments):
    command = [sys.executable, "-m", "orbench_studio", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(*command, done.stdout[-2_000:], done.stderr[-2_000:], file=sys.stderr)
    return done.stdout


def vendor_batches(path):
    """The vendors' batch APIs, with faults in every kind of request."""
    generator.generate(path, 200, models=0)
    models = ["openai/gpt-4o", "anthropic/claude-test"]
    with FaultyBatches() as vendor, open_workspace(path) as workspace:
        settings = BatchSettings(base_urls=dict.fromkeys(models, vendor.url), vendor_batch=True)
        ids = batch_control.select_prompts(workspace)
        batch = batch_control.create(workspace, models, ids, settings, prices=PRICES)
        runner = VendorBatchRunner(workspace, batch.id, PRICES, poll=0.05, patience=timedelta(seconds=5))
        runner.start()
        runner.wait()
        done, total = runner.snapshot().progress.done, 2 * len(ids)
        again = sum(times - len(models) for times in vendor.asked.values())
        faults = vendor.faults
    yield Line(f"vendor batches, {faults} faults", total, done, "", total, "all", done == total)
    yield Line("vendor batches, items submitted twice", total, again, "", None, "0", not again)


def _arguments():
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.faults", description=__doc__)
    parser.add_argument("--items", type=int, default=1_319)
    parser.add_argument("--concurrency", type=int, default=20)
    parser.add_argument("--kinds", action="store_true", help="also the other commands and vendor batches")
    parser.add_argument("--folder", type=Path, default=Path.cwd() / "build")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    return asked


if __name__ == "__main__":
    main()
