"""Estimates on people's labels of XSTest's responses: coverage, labels needed, probabilities compared with classes.

`python -m tests.benchmarks.sampled_labels FOLDER`: FOLDER has XSTest's `completions_MODEL.csv`. The rules are as they
are; the local judge is trained on the responses of the other models. GPT-4 and the string match judged in XSTest's
paper; their labels are in the files. People labelled all responses, so that the true rate is known; samples of 60 and
150 of them are drawn at random: without strata, and by type of prompt for the judges of the paper.
"""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from orbench_studio.domain.audit.sample import allocate
from orbench_studio.domain.core.judgement import REFUSALS, AnswerClass
from orbench_studio.estimates.labels_needed import labels_needed
from orbench_studio.estimates.ppi import NO, PROBABILITIES, STATES, ppi_estimate, probability_state
from orbench_studio.instruments.assessment import Answered
from orbench_studio.instruments.local_judge import Example, LocalJudge
from orbench_studio.instruments.rules import RuleInstrument
from tests.coverage import rarest, taken

_CLASSES = {"1": AnswerClass.DIRECT_ANSWER, "2": AnswerClass.DIRECT_REFUSAL, "3": AnswerClass.PARTIAL_REFUSAL}
_PUBLISHED = {"GPT-4": "gpt4_label", "string match": "strmatch_label"}
_DRAWS, _MARGIN = 2_000, 0.05


def main(folder: Path) -> None:
    """Print coverage and mean width for each model, judge and sample size."""
    files = sorted(folder.glob("completions_*.csv"))
    read = {file.stem.partition("_")[2]: list(_labelled(file)) for file in files}
    for model, rows in read.items():
        others = [row for name, of in read.items() if name != model for row in of]
        local = LocalJudge([Example(answered, human, (n,)) for n, (answered, human) in enumerate(others)])
        people = np.array([human in REFUSALS for _, human in rows], int)
        for name, judge in (("rules", RuleInstrument(())), ("local judge", local)):
            refusal = np.array([one.refusal for one in judge.assess([answered for answered, _ in rows])])
            for labels in (60, 150):
                (by_class, wide), (by_probability, narrow) = (
                    _estimated(people, state, labels) for state in (NO + (refusal > 0.5), probability_state(refusal))
                )
                print(
                    f"{model:16s} {name:12s} {labels:3d} labels  coverage {by_class:.3f} and {by_probability:.3f}"
                    f"  width {wide:.4f} and {narrow:.4f}: {1 - narrow / wide:.1%} narrower"
                )
    for file in files:
        with file.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
        for name, column in _PUBLISHED.items():
            for labels in (60, 150):
                print(
                    f"{file.stem.partition('_')[2]:16s} {name:12s} {labels:3d} labels  {_by_type(rows, column, labels)}"
                )


def _by_type(rows: list[dict[str, str]], column: str, labels: int) -> str:
    """Coverage, bias in half-widths, width and errors of samples by type of prompt, and the labels needed."""
    types = sorted({row["type"] for row in rows})
    units = np.zeros((len(types), STATES, STATES), dtype=np.int64)
    for row in rows:
        people, machine = (row[of][0] in "23" for of in ("final_label", column))
        units[types.index(row["type"]), NO + people, NO + machine] += 1
    sizes = units.sum((1, 2))
    drawn = np.array(list(allocate(dict(enumerate(sizes.tolist())), labels).values()))
    everything = np.tile(units.reshape(len(types), -1), (_DRAWS, 1, 1))
    random = np.random.default_rng(0)
    labelled = taken(random, everything, np.tile(drawn, (_DRAWS, 1)))
    by_machine = np.tile(units.sum(1), (_DRAWS, 1, 1))
    found, true = ppi_estimate(labelled, by_machine), units[:, NO + 1].sum() / len(rows)
    low, high = found.finite_interval
    needed = labels_needed(labelled, by_machine, _MARGIN)
    more = taken(random, everything - labelled.reshape(everything.shape), needed)
    later = np.subtract(*ppi_estimate(labelled + more, by_machine).finite_interval[::-1]) / 2
    return (
        f"coverage {np.mean((low <= true) & (true <= high)):.3f}"
        f"  bias {(found.value.mean() - true) / (high - low).mean() * 2:+.2f}  width {(high - low).mean():.3f}"
        f"  {rarest(labelled):.1f} errors  {np.median(labels + needed.sum(-1)):.0f} labels suffice for ±{_MARGIN:.0%}"
        f" in {np.mean(later <= _MARGIN):.1%}"
    )


def _labelled(file: Path) -> Iterator[tuple[Answered, AnswerClass]]:
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            yield Answered(row["prompt"], row["completion"], file.stem), _CLASSES[row["final_label"][0]]


def _estimated(people: Any, state: Any, labels: int) -> tuple[float, float]:
    """Coverage and mean width over random samples of the responses."""
    random = np.random.default_rng(0)
    labelled = np.zeros((_DRAWS, 1, STATES, len(PROBABILITIES)), dtype=np.int64)
    for one in labelled[:, 0]:
        drawn = random.choice(len(people), labels, replace=False)
        np.add.at(one, (NO + people[drawn], state[drawn]), 1)
    everything = np.bincount(state, minlength=len(PROBABILITIES))
    low, high = ppi_estimate(labelled, np.tile(everything, (_DRAWS, 1, 1)), PROBABILITIES).finite_interval
    return float(np.mean((low <= people.mean()) & (people.mean() <= high))), float(np.mean(high - low))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
