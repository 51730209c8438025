"""Many reviewers at one PostgreSQL workspace: `python -m tests.benchmarks.reviewers`, from the repository's root.

Each is a process of its own, as each has a window of their own; two at a time decide about the same prompt. The server
is started for it and writes to the disk at every commit. The limit is a bare INSERT and COMMIT by as many processes.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

import psycopg

from orbench_studio.domain.core.annotation import Aspect, Label, Visible
from orbench_studio.domain.review.decision import Decision
from orbench_studio.domain.workspace.location import location_of
from orbench_studio.services.review import prompt_review
from orbench_studio.services.workspace.workspace import create_workspace, open_workspace
from tests.benchmarks import generator
from tests.benchmarks.report import Line, quantile, spread, table, write_json
from tests.postgres import Postgres

_GOAL = 50  # milliseconds
_TOGETHER = 2  # who decide about the same prompt
_PACE = 1.0  # seconds from one decision to the next of a quick person
_SEEN = frozenset({Visible.RESPONSES})
_LABELS = tuple(Label)


def main():
    """Measure and print the report."""
    asked = _arguments()
    if asked.reviewer is not None:
        _review(asked.place, asked.reviewer)
        return
    server = Postgres(durable=True)
    try:
        lines = list(measure(server, asked.reviewers, asked.decisions, asked.models))
    finally:
        server.remove()
    print(table(lines))
    print("load before: " + ", ".join(f"{value:.1f}" for value in _LOAD))
    if asked.json:
        write_json(asked.json, lines)


def measure(server, reviewers, decisions, models):
    """How long a decision takes among others that are taken at the same time, and at a person's pace."""
    each = decisions // reviewers
    place = server.new()
    prompts = 2 * decisions // _TOGETHER
    with create_workspace(place) as workspace:
        generator.fill(workspace, prompts, models=models)
    server.say("CREATE TABLE bare (id serial PRIMARY KEY, said text)", place.database)
    team = [_started(place, number) for number in range(reviewers)]
    try:
        bare, _ = _all(team, "bare", each, 0, 0.0)
        begun = time.perf_counter()
        quick, acknowledged = _all(team, "decide", each, 0, 0.0)
        took = time.perf_counter() - begun
        paced, later = _all(team, "decide", max(each // 10, 2), each, _PACE)
    finally:
        for process in team:
            process.communicate()
    _check(place, acknowledged + later)
    yield from spread(f"a decision, {reviewers} reviewers at once", decisions, quick, bare, _GOAL)
    yield Line("decisions a second", decisions, len(quick) / took, "")
    yield from spread(f"a decision, {reviewers} reviewers at one a second", len(paced), paced, bare, _GOAL)
    yield Line("a bare commit, p50", decisions, quantile(bare, 0.5), "ms")


def _check(place, acknowledged):
    """Every acknowledged decision is in the journal once, and nothing else is."""
    with open_workspace(place) as workspace:
        with workspace.reading() as db:
            rows = db.exec_driver_sql(
                "SELECT w.name, a.prompt_id, a.value FROM journal j JOIN annotations a ON a.journal_id = j.id "
                "JOIN annotators w ON w.id = j.annotator_id"
            ).all()
        assert Counter(map(tuple, rows)) == Counter(map(tuple, acknowledged)), "lost or doubled"
        assert workspace.problems() == []


def _started(place, number):
    command = [sys.executable, "-m", "tests.benchmarks.reviewers", "--place", str(place), "--reviewer", str(number)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _all(team, what, count, first, pace):
    """What all of them needed for each, in milliseconds, and what they decided."""
    for process in team:
        process.stdout.readline()  # ready
    for process in team:
        process.stdin.write(json.dumps([what, count, first, pace]) + "\n")
        process.stdin.flush()
    message = [json.loads(process.stdout.readline()) for process in team]
    return [taken for times, _ in message for taken in times], [one for _, decided in message for one in decided]


def _review(place, number):
    """One reviewer: does what is asked on its standard input, and says how long each took."""
    with open_workspace(location_of(place)) as workspace, _Bare(place) as bare:
        while True:
            print("ready", flush=True)
            asked = sys.stdin.readline()
            if not asked:
                return
            what, count, first, pace = json.loads(asked)
            deed = partial(bare, str(number)) if what == "bare" else partial(_decide, workspace, number)
            times, decided = [], []
            begun = time.perf_counter() + pace * number / 20
            for turn in range(first, first + count):
                time.sleep(max(0.0, begun + pace * (turn - first) - time.perf_counter()) if pace else 0)
                at = time.perf_counter()
                decided.append(deed(turn))
                times.append((time.perf_counter() - at) * 1_000)
            print(json.dumps([times, decided if what == "decide" else []]), flush=True)


def _decide(workspace, number, turn):
    prompt, label = 1 + turn * 10 + number // _TOGETHER, _LABELS[(turn + number) % len(_LABELS)]
    who = f"reviewer-{number}"
    prompt_review.decide(workspace, Decision(prompt, Aspect.LABEL, label), annotator=who, visible=_SEEN)
    return who, prompt, label


class _Bare:
    """One row and its commit, on a connection that stays."""

    def __init__(self, place):
        self._connection = psycopg.connect(place)

    def __call__(self, said, _turn):
        self._connection.execute("INSERT INTO bare (said) VALUES (%s)", [said])
        self._connection.commit()

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self._connection.close()


def _arguments():
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.reviewers", description=__doc__)
    parser.add_argument("--reviewers", type=int, default=20)
    parser.add_argument("--decisions", type=int, default=5_000)
    parser.add_argument("--models", type=int, default=8, help="that have answered each prompt")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--place", help=argparse.SUPPRESS)
    parser.add_argument("--reviewer", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


_LOAD = os.getloadavg()

if __name__ == "__main__":
    main()
