"""Many reviewers at one server that fails: `python -m tests.benchmarks.crowd`, from the repository's root.

Each reviewer is a process with a role of its own. They work through one team queue, undo and redo now and then, and
write down what was acknowledged. Some are killed with SIGKILL and start again; the server is stopped `immediate`, as by
a power cut, and started again. Afterwards plain SQL and Python, without the product's code, compare the journal with
what was acknowledged, count who labelled each prompt at any time, and work out the final labels.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import psycopg

from orbench_studio.domain.core.annotation import Aspect, Label, Visible
from orbench_studio.domain.review.decision import Decision
from orbench_studio.domain.review.pending_decision import PendingDecision
from orbench_studio.domain.team.queue import TeamQueue
from orbench_studio.domain.workspace.location import location_of
from orbench_studio.errors import ConnectionLostError, StaleDecisionError
from orbench_studio.services.review import prompt_review
from orbench_studio.services.team import assignments, team_queues
from orbench_studio.services.team.policy import TeamPolicy
from orbench_studio.services.workspace.workspace import create_workspace, open_workspace
from tests.benchmarks import generator
from tests.benchmarks.report import Line, table, write_json
from tests.postgres import Postgres

OVERLAP = 2
_QUEUE = "first"
_LABELS = tuple(Label)
_UNDONE, _REDONE = 0.1, 0.5  # shares: of the labels, and of the undone ones
_WAIT = 0.2  # seconds until a reviewer tries again to connect
_NONE_LEFT = 50  # attempts to get a prompt, before a reviewer gives up


@dataclass
class Crowd:
    """What happened: acknowledged and uncertain steps of each reviewer, kills and restarts, and seconds."""

    acknowledged: list = field(default_factory=list)
    uncertain: list = field(default_factory=list)
    killed: int = 0
    restarted: int = 0
    seconds: float = 0.0


def main():
    """Run and print the report."""
    asked = _arguments()
    if asked.reviewer is not None:
        _Reviewer(asked.place, asked.log, asked.each).work()
        return
    server = Postgres(durable=True)
    try:
        place = prepare(server, asked.reviewers, asked.each, asked.models)
        crowd = work(server, place, asked.reviewers, asked.each, asked.kills, asked.restarts)
        lines = list(report(place, crowd, asked.reviewers * asked.each))
    finally:
        server.remove()
    print(table(lines))
    print("load before: " + ", ".join(f"{value:.1f}" for value in _LOAD))
    if asked.json:
        write_json(asked.json, lines)
    sys.exit(not all(line.met for line in lines if line.goal))


def prepare(server, reviewers, each, models):
    """Make a workspace with a queue of slightly more prompts than the reviewers label, and their roles."""
    place = server.new()
    with create_workspace(place) as workspace:
        generator.fill(workspace, reviewers * each // OVERLAP * 21 // 20 + 4 * reviewers, models=models)
        workspace.policy = TeamPolicy()
        team_queues.make(workspace, TeamQueue(_QUEUE, overlap=OVERLAP))
    for number in range(reviewers):
        server.admit(f"reviewer{number}", place)
    return place


def work(server, place, reviewers, each, kills, restarts):
    """Let the reviewers work; kill some of them and restart the server when equal shares of the work are done."""
    crowd, chance, begun = Crowd(), random.Random(1), time.perf_counter()
    events = [(share / (kills + 1), "kill") for share in range(1, kills + 1)]
    events += [(share / (restarts + 1), "restart") for share in range(1, restarts + 1)]
    with TemporaryDirectory() as folder:
        logs = [Path(folder) / f"{number}.jsonl" for number in range(reviewers)]
        team = [_started(place, number, log, each) for number, log in enumerate(logs)]
        try:
            for share, event in sorted(events):
                while sum(map(_acknowledged, logs)) < share * reviewers * each:
                    assert any(process.poll() is None for process in team), "all reviewers have ended"
                    time.sleep(0.02)
                if event == "restart":
                    server.stop("immediate")
                    server.start()
                    crowd.restarted += 1
                    continue
                number = chance.choice([n for n, process in enumerate(team) if process.poll() is None])
                team[number].kill()
                crowd.killed += team[number].wait() == -9
                team[number] = _started(place, number, logs[number], each)
            assert [process.wait() for process in team] == [0] * reviewers
        finally:
            for process in team:
                process.kill()
                process.wait()
        for number, log in enumerate(logs):
            _read(log, f"reviewer{number}", crowd)
    crowd.seconds = time.perf_counter() - begun
    return crowd


def report(place, crowd, labels):
    """The figures, each with its goal."""
    journal = Journal(place)
    with open_workspace(place) as workspace:
        problems = workspace.problems()
    done = len([step for step in crowd.acknowledged if step["what"] == "label"])
    yield Line("labels acknowledged", labels, done, "", labels, "all", done == labels)
    yield Line("reviewers killed, server restarted", labels, crowd.killed + crowd.restarted, "")
    for what, count in journal.compare(crowd).items():
        yield Line(what, labels, count, "", None, "0", count == 0)
    yield Line("undone and redone", labels, journal.kinds["undo"] + journal.kinds["redo"], "")
    yield Line("problems in the workspace", labels, len(problems), "", None, "0", not problems)
    yield Line("labels a second, all reviewers, restarts included", labels, done / crowd.seconds, "")


class Journal:
    """The journal as plain rows, and what follows from it by a count of its own."""

    def __init__(self, place):
        with psycopg.connect(host=place.host, port=place.port, dbname=place.database, user=place.user) as db:
            self.entries = db.execute(
                "SELECT j.id, j.uuid, j.kind, j.target_id, j.counter, j.at, w.name, a.prompt_id, a.value, a.aspect "
                "FROM journal j LEFT JOIN annotators w ON w.id = j.annotator_id "
                "LEFT JOIN annotations a ON a.journal_id = j.id ORDER BY j.id"
            ).fetchall()
            self._states = db.execute("SELECT prompt_id, final_label, basis FROM prompt_states").fetchall()
            self._places = db.execute(
                "SELECT p.prompt_id, p.labels, p.room, count(c.id) FILTER (WHERE c.state = 'held') FROM team_prompts p "
                "LEFT JOIN team_claims c ON c.team_prompt_id = p.id GROUP BY p.id"
            ).fetchall()
        self.kinds = Counter(kind for _, _, kind, *_ in self.entries)

    def compare(self, crowd):
        """Count what is wrong, by what it is."""
        current, most = self._replayed()
        there = Counter((uuid, name, prompt, value) for _, uuid, kind, _, _, _, name, prompt, value, _ in self.entries
                        if kind == "decision")  # fmt: skip
        sure, unsure = (Counter((s["uuid"], s["who"], s["prompt"], s["value"]) for s in steps if s["what"] == "label")
                        for steps in (crowd.acknowledged, crowd.uncertain))  # fmt: skip
        reversals = Counter((kind, name) for _, _, kind, _, _, _, name, *_ in self.entries if kind in ("undo", "redo"))
        known, maybe = (Counter((s["what"], s["who"]) for s in steps if s["what"] != "label")
                        for steps in (crowd.acknowledged, crowd.uncertain))  # fmt: skip
        people = {prompt: len({step[6] for step in steps}) for prompt, steps in current.items()}
        # A prompt of a blind queue shows no label of a person before it has all of them.
        labels = {prompt: set(self._last(steps)) for prompt, steps in current.items() if people[prompt] == OVERLAP}
        expected = {
            prompt: (values.pop(), "human") if len(values) == 1 else (None, "disputed")
            for prompt, values in labels.items()
        }
        states = {prompt: (label, basis) for prompt, label, basis in self._states if basis in ("human", "disputed")}
        wrong = [p for p in expected.keys() | states.keys() if expected.get(p) != states.get(p)]
        return {
            "acknowledged labels that the journal lacks": (sure - there).total(),
            "labels that nobody sent, or sent once and stored twice": (there - sure - unsure).total(),
            "acknowledged undos and redos that the journal lacks": (known - reversals).total(),
            "undos and redos that nobody sent": (reversals - known - maybe).total(),
            "prompts with more labels at any time than the overlap": sum(count > OVERLAP for count in most.values()),
            "prompts with more labels and assignments than the overlap": sum(
                labels + held > OVERLAP or room != OVERLAP - labels - held for _, labels, room, held in self._places
            ),
            "places that do not follow from the journal": sum(
                labels != people.get(prompt, 0) for prompt, labels, *_ in self._places
            ),
            "final labels that differ from a recount of the journal": len(wrong),
        }

    def _replayed(self):
        """The current labels of each prompt, and the most people who had labelled it at any time."""
        current, most, by_id = defaultdict(list), Counter(), {entry[0]: entry for entry in self.entries}
        for entry in self.entries:
            kind, target = entry[2], entry[3]
            label = by_id[target] if target is not None else entry
            if label[9] != "label":
                continue
            prompt = label[7]
            if kind == "undo":
                current[prompt] = [other for other in current[prompt] if other[0] != target]
            elif label not in current[prompt]:
                current[prompt].append(label)
            most[prompt] = max(most[prompt], len({other[6] for other in current[prompt]}))
        return current, most

    @staticmethod
    def _last(steps):
        """The last label of each person, in the order of their counters."""
        last = {}
        for step in sorted(steps, key=lambda step: (step[4], step[5], step[1])):
            last[step[6]] = step[8]
        return last.values()


class _Reviewer:
    """In a process of its own: one person, who tries again after each interruption."""

    def __init__(self, place, log, count):
        self._place, self._path, self._count = location_of(place), log, count
        self._chance = random.Random(os.getpid())
        self._pending = None
        self._misses = 0

    def work(self):
        """Label until as many labels are acknowledged as asked for, those before a kill included."""
        with self._path.open("a", encoding="utf-8") as self._log:
            while _acknowledged(self._path) < self._count:
                try:
                    with open_workspace(self._place) as workspace:
                        workspace.policy = TeamPolicy()
                        while _acknowledged(self._path) < self._count:
                            self._step(workspace, workspace.decides_as)
                except ConnectionLostError:
                    time.sleep(_WAIT)

    def _step(self, workspace, who):
        if self._pending is None:
            prompt_id = self._prompt(workspace, who)
            seen = prompt_review.load(workspace, prompt_id, who).version
            decision = Decision(prompt_id, Aspect.LABEL, self._chance.choice(_LABELS))
            self._pending = PendingDecision(
                uuid4().hex, datetime.now(UTC), who, (decision,), frozenset({Visible.RESPONSES}), seen
            )
            self._write("label", "sent")
        try:
            pending, self._pending = self._pending, replace(self._pending, again=True)
            prompt_review.decide(workspace, *pending.decisions, annotator=who, seen=pending.seen,
                                 visible=pending.visible, pending=pending)  # fmt: skip
            self._write("label", "done")
        except StaleDecisionError:
            self._write("label", "refused")
        self._pending = None
        if self._chance.random() < _UNDONE:
            self._reverse(workspace, who, "undo")
            if self._chance.random() < _REDONE:
                self._reverse(workspace, who, "redo")

    def _prompt(self, workspace, who):
        for _ in range(_NONE_LEFT):
            assignments.claim(workspace, _QUEUE, annotator=who)
            given = assignments.assigned(workspace, _QUEUE, annotator=who)
            if left := [claim.prompt_id for claim in given if not claim.done]:
                return left[0]
            time.sleep(_WAIT)
        raise AssertionError(f"no prompt is left for {who}")

    def _reverse(self, workspace, who, kind):
        self._write(kind, "sent")
        try:
            changes = (prompt_review.undo if kind == "undo" else prompt_review.redo)(workspace, annotator=who)
            self._write(kind, "done" if changes else "refused")
        except StaleDecisionError:
            self._write(kind, "refused")  # another reviewer has the place

    def _write(self, what, state):
        step = {"what": what, "state": state}
        if what == "label":
            [decision] = self._pending.decisions
            step |= {"uuid": self._pending.uuid, "prompt": decision.prompt_id, "value": decision.value}
        self._log.write(json.dumps(step) + "\n")
        self._log.flush()


def _read(log, who, crowd):
    """Sort a reviewer's steps into acknowledged ones, and ones whose answer did not arrive."""
    sent = None
    for line in log.read_text(encoding="utf-8").splitlines():
        step = json.loads(line) | {"who": who}
        if step["state"] == "sent":
            if sent is not None:
                crowd.uncertain.append(sent)
            sent = step
        else:
            sent = None
            if step["state"] == "done":
                crowd.acknowledged.append(step)
    if sent is not None:
        crowd.uncertain.append(sent)


def _acknowledged(log):
    return log.read_text(encoding="utf-8").count('"label", "state": "done"') if log.exists() else 0


def _started(place, number, log, each):
    place = replace(place, user=f"reviewer{number}")
    command = [sys.executable, "-m", "tests.benchmarks.crowd", "--reviewer", str(number), "--place", str(place)]
    return subprocess.Popen([*command, "--log", str(log), "--each", str(each)])


def _arguments():
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.crowd", description=__doc__)
    parser.add_argument("--reviewers", type=int, default=20)
    parser.add_argument("--each", type=int, default=250, help="labels of each reviewer")
    parser.add_argument("--kills", type=int, default=3, help="of reviewers")
    parser.add_argument("--restarts", type=int, default=5, help="of the server")
    parser.add_argument("--models", type=int, default=2, help="that have answered each prompt")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--place", help=argparse.SUPPRESS)
    parser.add_argument("--log", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--reviewer", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


_LOAD = os.getloadavg()

if __name__ == "__main__":
    main()
