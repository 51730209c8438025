"""Agreement of the rules and the local judge with labels that neither has seen, by data set and by model.

    python -m tests.benchmarks.left_out FOLDER

FOLDER has one JSON-lines file for each data set: NAME.jsonl with the keys model, prompt, response and label (answer,
partial or refusal). The files are not part of the project; resources/docs/judges.md says where the sets come from.

Whole models and whole data sets are left out, never rows. The local judge is trained in two ways: on the other models
of the same set, as in a workspace where a new model arrives (a set with one model: on the other prompts), and on all
other sets, which says what labels from elsewhere are worth. A name after --sealed is never trained on.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from orbench_studio.domain.core.judgement import ANSWERS, REFUSALS, AnswerClass
from orbench_studio.domain.core.rates import Rate
from orbench_studio.domain.judging.agreement import Agreement, calibration_error, reliability
from orbench_studio.instruments.assessment import Answered, Assessment
from orbench_studio.instruments.features import Features, extract
from orbench_studio.instruments.local_judge import Example, LocalJudge
from orbench_studio.instruments.rules import RuleInstrument

_CLASSES = {
    "answer": AnswerClass.DIRECT_ANSWER,
    "partial": AnswerClass.PARTIAL_REFUSAL,
    "refusal": AnswerClass.DIRECT_REFUSAL,
}
_FOLDS = 5
_PER_SET = 1_500  # examples of each other set at most, so that no set outweighs the rest
_HEAD = ("set", "judge", "labels", "any refusal", "three-way", "partial found", "ECE", "set aside")


@dataclass(frozen=True, slots=True)
class _Row:
    example: Example
    group: str  # left out together: a model, or a fold of prompts


class _Cache:
    """Features of each response, extracted once."""

    def __init__(self) -> None:
        self._features: dict[Answered, Features] = {}

    def __call__(self, answered: Answered) -> Features:
        if answered not in self._features:
            self._features[answered] = extract(answered)
        return self._features[answered]


def main() -> None:
    """Print a table with a line for each set and judge."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sealed", nargs="*", default=(), metavar="NAME", help="sets that are never trained on")
    asked = parser.parse_args()
    sets = {path.stem: _read(path) for path in sorted(asked.folder.glob("*.jsonl"))}
    print("| " + " | ".join(_HEAD) + " |\n|" + "---|" * len(_HEAD))
    for line in _lines(sets, asked.sealed):
        print(line, flush=True)


def _read(path: Path) -> list[_Row]:
    with path.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    single = len({row["model"] for row in rows}) == 1
    return [
        _Row(
            Example(Answered(row["prompt"], row["response"], row["model"]), _CLASSES[row["label"]]),
            f"fold {crc32(row['prompt'].encode()) % _FOLDS}" if single else row["model"],
        )
        for row in rows
    ]


def _lines(sets: dict[str, list[_Row]], sealed: Sequence[str]) -> Iterator[str]:
    features = _Cache()
    for name, rows in sets.items():
        answered = [row.example.answered for row in rows]
        yield _line(name, "rules", rows, RuleInstrument().assess(answered))
        others = [row.example for other, its in sets.items() if other not in (name, *sealed) for row in _some(its)]
        if others:
            yield _line(name, "local, other sets", rows, LocalJudge(others, features).assess(answered))
        if name not in sealed:
            yield _line(name, "local, other models", rows, _left_out(rows, features))


def _some(rows: Sequence[_Row]) -> Sequence[_Row]:
    return rows[:: len(rows) // _PER_SET + 1]


def _left_out(rows: Sequence[_Row], features: _Cache) -> list[Assessment]:
    """Assess each group by a judge that was trained on the others."""
    groups: dict[str, list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        groups[row.group].append(at)
    found: dict[int, Assessment] = {}
    for group, places in groups.items():
        judge = LocalJudge([row.example for row in rows if row.group != group], features)
        assessed = judge.assess([rows[at].example.answered for at in places])
        found.update(zip(places, assessed, strict=True))
    return [found[at] for at in range(len(rows))]


def _line(name: str, judge: str, rows: Sequence[_Row], assessed: Sequence[Assessment]) -> str:
    truth = [row.example.answer_class for row in rows]
    found = Agreement(zip(truth, (one.answer_class for one in assessed), strict=True))
    decided = [(human, one) for human, one in zip(truth, assessed, strict=True) if one.answer_class in ANSWERS]
    partial = [one for human, one in decided if human is AnswerClass.PARTIAL_REFUSAL]
    recall = Rate(sum(one.answer_class is AnswerClass.PARTIAL_REFUSAL for one in partial), len(partial))
    curve = reliability([one.refusal for one in assessed], [human in REFUSALS for human in truth])
    aside = [f"{count} {answer_class.label}" for answer_class, count in sorted(found.apart.items())]
    three_way = _share(found.three_way) if partial else "–"
    cells = (
        name,
        judge,
        f"{found.n:,} of {len(rows):,}",
        _share(found.accuracy),
        three_way,
        f"{recall.count} of {recall.n}" if partial else "–",
        f"{calibration_error(curve):.3f}",
        ", ".join(aside) or "–",
    )
    return "| " + " | ".join(cells) + " |"


def _share(rate: Rate) -> str:
    low, high = rate.interval or (0.0, 1.0)
    return f"{rate.value or 0.0:.3f} ({low:.3f}–{high:.3f})"


if __name__ == "__main__":
    main()
