"""Kill processes with SIGKILL at random moments: `python -m tests.benchmarks.kills`, from the root.

A batch, the judging by a language model, the judging by the rules, and one of two workers are killed and started again.
Nothing may be lost or stored twice, and a prompt may be sent again only if its answer was not stored when the process
was killed, by the vendor's log.
"""

import argparse
import logging
import os
import random
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from orbench_studio.domain.evaluation.batch import BatchSettings, Limits
from orbench_studio.services.evaluation import batch_control
from orbench_studio.services.evaluation.live_runner import LiveRunner
from orbench_studio.services.workspace.workspace import open_workspace
from tests.benchmarks import generator
from tests.benchmarks.batches import PRICES
from tests.benchmarks.report import Line, table, write_json
from tests.fake_vendor import KEY, Vendor

MODEL = "openai/killed"


def main():
    """Run and print the report."""
    asked = _arguments()
    logging.getLogger("aiohttp.server").disabled = True
    os.environ.update(OPENAI_API_KEY=KEY)
    lines = []
    with TemporaryDirectory(dir=asked.folder) as folder:
        for name, part in (
            ("batch", kill_batch),
            ("judge", kill_judge),
            ("rules", kill_rules),
            ("workers", kill_worker),
        ):
            if name in asked.parts:
                begun = time.perf_counter()
                lines += part(Path(folder) / f"{name}.orbench", asked)
                lines.append(Line(f"{name}, duration", asked.items, time.perf_counter() - begun, "s"))
                print(f"{name}: done, load {os.getloadavg()[0]:.1f}", flush=True)
    print(table(lines))
    if asked.json:
        write_json(asked.json, lines)


class Kills:
    """Kills processes that send requests to a vendor. `due` counts, by request text, what may be sent again."""

    def __init__(self, path, vendor, batch_id, seed):
        self._path, self._vendor, self._batch_id = path, vendor, batch_id
        self._chance = random.Random(seed)
        self.count = self.before_sending = self.due = 0

    def start(self, *arguments):
        """Start a command of the studio."""
        command = [sys.executable, "-m", "orbench_studio", *map(str, arguments)]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self, process):
        """Kill it at a random moment: while it starts, or within 1.5 seconds after its first request."""
        sent, until = len(self._vendor.bodies), time.monotonic() + 60
        if self._chance.random() < 0.1:
            time.sleep(self._chance.uniform(0, 2))
        else:
            while len(self._vendor.bodies) == sent and process.poll() is None and time.monotonic() < until:
                time.sleep(0.005)
            time.sleep(self._chance.uniform(0, 1.5))
        process.kill()
        process.wait()
        self.count += 1
        time.sleep(3 * self._vendor.latency)  # the vendor still gets what was on its way
        requests = len(self._vendor.bodies) - sent
        self.before_sending += not requests
        self.due += requests - self._stored()
        with closing(sqlite3.connect(self._path)) as db, db:
            db.execute("UPDATE batch_runners SET seen_at = 0")  # its lease has expired

    def _stored(self):
        """The results that were stored since the last call."""
        with closing(sqlite3.connect(self._path)) as db:
            [(done,)] = db.execute(
                "SELECT coalesce(sum(done), 0) FROM batch_models WHERE batch_id = ?", (self._batch_id,)
            )
        new, self._done = done - getattr(self, "_done", 0), done
        return new


def kill_batch(path, asked):
    """A batch is killed again and again, then finished."""
    generator.generate(path, asked.items, models=0)
    with Vendor(latency=0.1, key=KEY) as vendor:
        batch_id = _create(path, vendor, concurrency=4)
        kills = Kills(path, vendor, batch_id, seed=1)
        while kills.count < asked.kills:
            kills.kill(kills.start("batches", path, "resume", batch_id))
        _finish(path, batch_id)
        yield from _report("batch", path, batch_id, vendor, kills, "responses", asked.items)


def kill_judge(path, asked):
    """The judging by a language model is killed and resumed, then finished."""
    items = min(asked.items, 1_500)
    generator.generate(path, items, models=1)
    with Vendor(latency=0.1, key=KEY) as vendor:
        vendor.answer = lambda prompt: '{"explanation": "why", "evidence": "", "answer_class": "direct_answer"}'
        kills = Kills(path, vendor, 1, seed=2)
        sending = ("--base-url", vendor.url, "--concurrency", 4, "--yes")
        while kills.count < asked.judge_kills:
            batch = _batches(path)
            kills.kill(
                kills.start(*(("batches", path, "resume", 1) if batch else ("judge", path, "--judge", MODEL, *sending)))
            )
        _finish(path, 1)
        yield from _report("judge, language model", path, 1, vendor, kills, "judgements", items)


def kill_rules(path, asked):
    """The judging by the rules is killed at random moments and repeated."""
    generator.generate(path, 2_000, models=8)
    chance, total = random.Random(3), 16_000
    for _ in range(asked.judge_kills):
        process = subprocess.Popen([sys.executable, "-m", "orbench_studio", "judge", str(path), "--judge", "rules"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
        time.sleep(chance.uniform(0.5, 6))
        process.kill()
        process.wait()
    subprocess.run([sys.executable, "-m", "orbench_studio", "judge", str(path), "--judge", "rules"], check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip
    with closing(sqlite3.connect(path)) as db:
        rows = "SELECT count(*), count(DISTINCT response_id) FROM judgements j JOIN judges g ON g.id = j.judge_id"
        judged, responses = db.execute(f"{rows} WHERE g.name = 'studio-rules'").fetchone()
    with open_workspace(path) as workspace:
        problems = workspace.problems()
    yield Line(f"judge, rules, {asked.judge_kills} kills: responses judged", total, responses, "", total, "all",
               responses == total)  # fmt: skip
    yield Line("judge, rules: judged twice", total, judged - responses, "", None, "0", judged == responses)
    yield Line("judge, rules: problems in the workspace", total, len(problems), "", None, "0", not problems)


def kill_worker(path, asked):
    """One of two workers is killed; the other finishes the batch."""
    items = min(asked.items, 1_500)
    generator.generate(path, items, models=0)
    with Vendor(latency=0.1, key=KEY) as vendor:
        batch_id = _create(path, vendor, concurrency=10)
        with open_workspace(path) as workspace:
            batch_control.queue_for_workers(workspace, batch_id)
        kills = Kills(path, vendor, batch_id, seed=4)
        one, other = (kills.start("worker", path, "--until-done") for _ in range(2))
        while len(vendor.bodies) < items / 3 or len(_runners(path)) < 2:
            time.sleep(0.01)
        one.kill()
        one.wait()
        with closing(sqlite3.connect(path)) as db, db:
            [(claimed,)] = db.execute(
                "SELECT count(*) FROM batch_items i JOIN batch_runners r ON r.id = i.runner_id WHERE r.pid = ?",
                (one.pid,),
            )
            db.execute("UPDATE batch_runners SET seen_at = 0 WHERE pid = ?", (one.pid,))
        assert other.wait(600) == 0
        again = len(vendor.bodies) - items
        responses = _count(path, "responses")
    yield Line("two workers, one killed: answers stored", items, responses, "", items, "all", responses == items)
    yield Line("two workers, one killed: sent again (limit: it had claimed)", items, again, "", claimed, "<= 1",
               again <= claimed)  # fmt: skip


def _create(path, vendor, concurrency):
    with open_workspace(path) as workspace:
        settings = BatchSettings(limits=Limits(concurrency), base_urls={MODEL: vendor.url})
        ids = batch_control.select_prompts(workspace)
        return batch_control.create(workspace, [MODEL], ids, settings, prices=PRICES).id


def _finish(path, batch_id):
    with open_workspace(path) as workspace:
        runner = LiveRunner(workspace, batch_id, PRICES)
        runner.start()
        runner.wait()
        assert workspace.problems() == []


def _report(name, path, batch_id, vendor, kills, results, items):
    stored, distinct = _count(path, results), _count(path, results, "DISTINCT batch_item_id")
    again = len(vendor.bodies) - items
    what = f"{name}, {kills.count} kills ({kills.before_sending} before the first request)"
    yield Line(f"{what}: results stored", items, stored, "", items, "all", stored == items)
    yield Line(f"{name}: stored twice", items, stored - distinct, "", None, "0", stored == distinct)
    yield Line(f"{name}: sent again (limit: sent and not stored when killed)", items, again, "", kills.due, "<= 1",
               again <= kills.due)  # fmt: skip


def _count(path, results, what="*"):
    with closing(sqlite3.connect(path)) as db:
        rows = f"SELECT count({what}) FROM {results} WHERE batch_item_id IS NOT NULL"  # noqa: S608 - ours
        return db.execute(rows).fetchone()[0]


def _batches(path):
    with closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT count(*) FROM batches").fetchone()[0]


def _runners(path):
    with closing(sqlite3.connect(path)) as db:
        return db.execute("SELECT pid FROM batch_runners").fetchall()


def _arguments():
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.kills", description=__doc__)
    parser.add_argument("--items", type=int, default=4_000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--judge-kills", type=int, default=20)
    parts = ("batch", "judge", "rules", "workers")
    parser.add_argument("--parts", nargs="+", choices=parts, default=parts)
    parser.add_argument("--folder", type=Path, default=Path.cwd() / "build")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    return asked


if __name__ == "__main__":
    main()
