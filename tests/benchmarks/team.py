"""A team at one PostgreSQL workspace: `python -m tests.benchmarks.team`, from the repository's root.

First one reviewer behind a delay of 30 ms for each round trip, through the services and in the window. Then many
reviewers without a delay, each a process of their own, as each has a window of their own; two at a time decide about
the same prompt. The limit there is a bare INSERT and COMMIT by as many processes. The server is started for it and
writes to the disk at every commit. All connect as reviewers, so that the server checks what they write.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter, defaultdict
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from orbench_studio.domain.core.annotation import Aspect, Label, Visible
from orbench_studio.domain.review.decision import Decision
from orbench_studio.domain.team.queue import TeamQueue, assignments_filter
from orbench_studio.domain.workspace.location import location_of
from orbench_studio.services.review import prompt_review
from orbench_studio.services.team import assignments, team_queues
from orbench_studio.services.team.policy import TeamPolicy
from orbench_studio.services.workspace.workspace import create_workspace, open_workspace
from tests.benchmarks import generator, window_up
from tests.benchmarks.delay import Delay
from tests.benchmarks.report import Line, quantile, spread, table, write_json
from tests.postgres import Postgres

_DELAY = 0.030  # seconds of a round trip
_PAINTED, _DURABLE, _AT_ONCE, _AT_PACE = 16, 100, 50, 10  # goals, in milliseconds
_TOGETHER = 2  # who decide about the same prompt
_PACE = 1.0  # seconds from one decision to the next of a quick person
_SEEN = frozenset({Visible.RESPONSES})
_LABELS = tuple(Label)
_QUEUE = "first"
_DELAYED, _IN_WINDOW = "delayed", "in_window"
_PARTS = ["services", "window", "many"]


def main():
    """Measure and print the report."""
    asked = _arguments()
    if asked.window:
        _press_keys(asked.place, asked.decisions)
        return
    if asked.reviewer is not None:
        _review(asked.place, asked.reviewer)
        return
    server = Postgres(durable=True)
    lines = []
    try:
        if "services" in asked.parts or "window" in asked.parts:
            lines += measure_delayed(server, asked.rounds, asked.models, asked.parts)
        if "many" in asked.parts:
            lines += measure_many(server, asked.reviewers, asked.decisions, asked.models)
    finally:
        server.remove()
    print(table(lines))
    print("load before: " + ", ".join(f"{value:.1f}" for value in _LOAD))
    if asked.json:
        write_json(asked.json, lines)


def measure_delayed(server, rounds, models, parts):
    """What one reviewer waits for, who is 30 ms away from the server."""
    place = _workspace(server, 20 * rounds, models)
    for name in (_DELAYED, _IN_WINDOW):
        server.admit(name, place)
    with Delay(place.port, _DELAY / 2) as delay:
        distant = replace(place, port=delay.port, user=_DELAYED)
        if "services" in parts:
            times, trips = _serve(distant, delay, rounds)
            for name, millis in times.items():
                yield Line(f"{name}: round trips", rounds, quantile(trips[name], 0.5), "")
                yield from _spread(
                    f"{name}, 30 ms away", rounds, millis, _DURABLE if name in ("decide", "undo") else None
                )
        if "window" in parts:
            window = _window(replace(distant, user=_IN_WINDOW), rounds)
            yield from _spread("key to next prompt painted, 30 ms away", rounds, window["painted"], _PAINTED)
            yield from _spread("key to decision durable, 30 ms away", rounds, window["durable"], _DURABLE)


def _spread(name, count, millis, goal):
    p95 = quantile(millis, 0.95)
    yield Line(f"{name}, p50", count, quantile(millis, 0.5), "ms")
    if goal is None:
        yield Line(f"{name}, p95", count, p95, "ms")
    else:
        yield Line(f"{name}, p95", count, p95, "ms", None, f"< {goal} ms", p95 < goal)


def _serve(place, delay, rounds):
    """Milliseconds and round trips of each use case, through the services that the window calls."""
    times, trips = defaultdict(list), defaultdict(list)

    def timed(name, work):
        before, begun = delay.trips, time.perf_counter()
        result = work()
        times[name].append((time.perf_counter() - begun) * 1_000)
        trips[name].append(delay.trips - before)
        return result

    with open_workspace(place) as workspace:
        workspace.policy = TeamPolicy()
        who = workspace.decides_as
        assignments.claim(workspace, _QUEUE, annotator=who)
        for number in range(rounds):
            open_ones = [
                one.prompt_id for one in assignments.assigned(workspace, _QUEUE, annotator=who) if not one.done
            ]
            prompt_id = open_ones[0]
            view = timed("load", partial(prompt_review.load, workspace, prompt_id, who))
            decision = Decision(prompt_id, Aspect.LABEL, _LABELS[number % len(_LABELS)])
            decide = partial(prompt_review.decide, workspace, decision, annotator=who, visible=_SEEN)
            timed("decide", partial(decide, seen=view.version))
            timed("undo", partial(prompt_review.undo, workspace, annotator=who))
            decide()
            timed("claim more", partial(assignments.claim_more, workspace, _QUEUE, open_ones, annotator=who))
        assignments.give_back(workspace, _QUEUE, annotator=who)
    return times, trips


def _window(place, decisions):
    """Milliseconds from a key until the next prompt is painted and until the decision is durable."""
    command = [sys.executable, "-m", "tests.benchmarks.team", "--window"]
    command += ["--place", str(place), "--decisions", str(decisions)]
    with TemporaryDirectory() as scratch:
        environment = window_up.environment(Path(scratch))
        done = subprocess.run(command, cwd=window_up.ROOT, env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def _press_keys(place, decisions):
    """In a process of its own: work through a team queue in the real window, one decision a second."""
    from tests.benchmarks.drive import Drive

    with TemporaryDirectory() as scratch:
        drive = Drive(location_of(place), Path(scratch))
        drive.open()
        drive.show(assignments_filter(_QUEUE, _IN_WINDOW))
        drive.decide(decisions, pause=int(_PACE * 1_000))
        drive.close()
        json.dump({"painted": drive.painted, "durable": drive.durable}, sys.stdout)


def measure_many(server, reviewers, decisions, models):
    """How long a decision takes among others that are taken at the same time, and at a person's pace."""
    each = decisions // reviewers
    place = _workspace(server, 2 * decisions // _TOGETHER, models)
    server.say("CREATE TABLE bare (id serial PRIMARY KEY, said text)", place.database)
    server.say("GRANT INSERT ON bare TO PUBLIC; GRANT USAGE ON SEQUENCE bare_id_seq TO PUBLIC", place.database)
    for number in range(reviewers):
        server.admit(f"reviewer{number}", place)
    team = [_started(replace(place, user=f"reviewer{number}"), number) for number in range(reviewers)]
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
    yield from spread(f"a decision, {reviewers} reviewers at once", decisions, quick, bare, _AT_ONCE)
    yield Line("decisions a second", decisions, len(quick) / took, "")
    yield from spread(f"a decision, {reviewers} reviewers at one a second", len(paced), paced, bare, _AT_PACE)
    yield Line("a bare commit, p50", decisions, quantile(bare, 0.5), "ms")


def _workspace(server, prompts, models):
    place = server.new()
    with create_workspace(place) as workspace:
        generator.fill(workspace, prompts, models=models)
        workspace.policy = TeamPolicy()
        team_queues.make(workspace, TeamQueue(_QUEUE, overlap=_TOGETHER))
    return place


def _check(place, acknowledged):
    """Every acknowledged decision is in the journal once, and nothing else is."""
    with open_workspace(place) as workspace:
        with workspace.reading() as db:
            rows = db.exec_driver_sql(
                "SELECT w.name, a.prompt_id, a.value FROM journal j JOIN annotations a ON a.journal_id = j.id "
                "JOIN annotators w ON w.id = j.annotator_id"
            ).all()
        assert Counter(map(tuple, rows)) == Counter(map(tuple, acknowledged)), "lost or doubled"
        assert [problem for problem in workspace.problems() if "bare" not in problem] == []


def _started(place, number):
    command = [sys.executable, "-m", "tests.benchmarks.team", "--place", str(place), "--reviewer", str(number)]
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
        workspace.policy = TeamPolicy()
        while True:
            print("ready", flush=True)
            asked = sys.stdin.readline()
            if not asked:
                return
            what, count, first, pace = json.loads(asked)
            work = partial(bare, str(number)) if what == "bare" else partial(_decide, workspace, number)
            times, decided = [], []
            begun = time.perf_counter() + pace * number / 20
            for turn in range(first, first + count):
                time.sleep(max(0.0, begun + pace * (turn - first) - time.perf_counter()) if pace else 0)
                at = time.perf_counter()
                decided.append(work(turn))
                times.append((time.perf_counter() - at) * 1_000)
            print(json.dumps([times, decided if what == "decide" else []]), flush=True)


def _decide(workspace, number, turn):
    prompt, label = 1 + turn * 10 + number // _TOGETHER, _LABELS[(turn + number) % len(_LABELS)]
    who = workspace.decides_as
    prompt_review.decide(workspace, Decision(prompt, Aspect.LABEL, label), annotator=who, visible=_SEEN)
    return who, prompt, label


class _Bare:
    """One row and its commit, on a connection that stays."""

    def __init__(self, place):
        self._connection = psycopg.connect(place)

    def __call__(self, text, _turn):
        self._connection.execute("INSERT INTO bare (said) VALUES (%s)", [text])
        self._connection.commit()

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self._connection.close()


def _arguments():
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.team", description=__doc__)
    parser.add_argument("--parts", nargs="+", default=_PARTS, choices=_PARTS)
    parser.add_argument("--rounds", type=int, default=50, help="of the reviewer behind a delay")
    parser.add_argument("--reviewers", type=int, default=20)
    parser.add_argument("--decisions", type=int, default=5_000, help="of all reviewers together")
    parser.add_argument("--models", type=int, default=8, help="that have answered each prompt")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--place", help=argparse.SUPPRESS)
    parser.add_argument("--reviewer", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--window", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


_LOAD = os.getloadavg()

if __name__ == "__main__":
    main()
