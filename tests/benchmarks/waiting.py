"""How long a decision waits while another process writes for long: `python -m tests.benchmarks.waiting`.

Two processes on one file. One decides prompt after prompt, as fast as it can; the other imports, judges, makes the
index of responses, groups near duplicates and writes a batch down. The limit is the longest decision with none of it.
"""

import argparse
import csv
import subprocess
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from orbench_studio.domain.evaluation.batch import BatchSettings
from orbench_studio.services.curation import near_duplicates
from orbench_studio.services.data.import_files import ReadOptions, import_file
from orbench_studio.services.evaluation import batch_control
from orbench_studio.services.judging import builtin_judges, run_judges
from orbench_studio.services.review import search
from orbench_studio.services.workspace.workspace import open_workspace
from tests.benchmarks import generator
from tests.benchmarks.batches import PRICES
from tests.benchmarks.report import Line, table, write_json

_A_MOMENT = 1.0  # seconds
_DECIDING = """
import sys, time
from pathlib import Path
from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.decision import Decision
from orbench_studio.services.review import prompt_review
from orbench_studio.services.workspace.workspace import open_workspace
with open_workspace(Path(sys.argv[1])) as workspace:
    number = 0
    while True:
        number = number % int(sys.argv[2]) + 1
        begun = time.time()
        try:
            decision = Decision(number, Aspect.LABEL, ("safe", "toxic")[number % 2])
            prompt_review.decide(workspace, decision, annotator="eva")
        except Exception as error:
            print("refused", error, file=sys.stderr)
        print(begun, time.time(), flush=True)
"""


def main():
    """Measure and print the report."""
    asked = _arguments()
    with TemporaryDirectory(dir=asked.folder) as folder:
        lines = list(measure(Path(folder), asked.prompts))
    print(table(lines))
    if asked.json:
        write_json(asked.json, lines)


def measure(folder, prompts):
    """The longest decision beside each kind of long work, and how long that took."""
    path = folder / "waiting.orbench"
    generator.generate(path, prompts, models=8)
    with _Decider(path, prompts) as decider, open_workspace(path) as workspace:
        time.sleep(2)
        limit = decider.longest(decider.since)
        for name, work in _works(folder, workspace, prompts):
            begun = time.time()
            work()
            took, longest = time.time() - begun, decider.longest(begun)
            what = f"a decision beside {name} of {took:.1f} s"
            yield Line(what, prompts, longest, "s", limit, f"< {_A_MOMENT:g} s", longest < _A_MOMENT)


def _works(folder, workspace, prompts):
    new = folder / "new.csv"
    with new.open("w", newline="", encoding="utf-8") as file:
        rows = ((f"How do I open the door of house number {n}?", "privacy") for n in range(prompts))
        csv.writer(file).writerows([("prompt", "category"), *rows])
    yield "an import", lambda: import_file(workspace, new, ReadOptions())
    yield "judging by rules", lambda: run_judges.judge(workspace, builtin_judges.rules(workspace))
    yield "an index of responses", lambda: search.index_responses(workspace, lambda _done, _of: True)
    yield "near duplicates", lambda: near_duplicates.find_duplicates(workspace)
    ids = batch_control.select_prompts(workspace)
    models = [f"simulated/{name}" for name in ("mixed", "helpful", "refusing", "failing")]
    settings = BatchSettings(repeats=2)
    yield "writing a batch down", lambda: batch_control.create(workspace, models, ids, settings, prices=PRICES)


class _Decider:
    """A process that decides; the beginning and the end of each decision."""

    def __init__(self, path, prompts):
        command = [sys.executable, "-c", _DECIDING, str(path), str(prompts)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._spans = []
        self._thread = threading.Thread(target=self._read)

    def __enter__(self):
        self._process.stdout.readline()
        self.since = time.time()
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self._process.kill()
        self._process.wait()
        self._thread.join()
        self._process.stdout.close()

    def longest(self, since):
        """The longest decision that ended since then, once one has ended that began afterwards."""
        now = time.time()
        while not self._spans or self._spans[-1][0] < now:
            time.sleep(0.01)
        return max(end - begun for begun, end in list(self._spans) if end >= since)

    def _read(self):
        for line in self._process.stdout:
            begun, end = line.split()
            self._spans.append((float(begun), float(end)))


def _arguments():
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.waiting", description=__doc__)
    parser.add_argument("--prompts", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, default=Path.cwd() / "build")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    return asked


if __name__ == "__main__":
    main()
