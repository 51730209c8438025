"""The calibration bench: every instrument against what people say, in one workspace.

The rules and the keyword lists judge as they are; together with rules that people made of mined phrases, the rules
count only on the prompts that no phrase is mined from. Other judges count with what they said last of each response.
The local judge never judges what it learned from: its prompts are dealt into five groups, and each group is judged by a
judge that has learned from the others. With one model left out it has learned from the other models' responses, which
may be to the same prompts.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from statistics import fmean, stdev

from orbench_studio.domain.core.judgement import (
    ANSWERS,
    REFUSALS,
    AnswerClass,
    JudgeKind,
    Judgement,
    latest_classes,
)
from orbench_studio.domain.judging.agreement import (
    Agreement,
    Bin,
    Pair,
    calibration_error,
    reliability,
)
from orbench_studio.domain.judging.custom_rule import CustomRule
from orbench_studio.errors import CancelledError, WorkspaceError
from orbench_studio.instruments.assessment import Answered, Assessment, Instrument
from orbench_studio.instruments.features import Seen, look
from orbench_studio.instruments.keyword_lists import KeywordInstrument
from orbench_studio.instruments.local_judge import FEWEST, LocalJudge
from orbench_studio.instruments.rules import RuleInstrument
from orbench_studio.services.judging.phrase_mining import held_out
from orbench_studio.services.judging.run_judges import example_of
from orbench_studio.services.review.response_selection import RandomSample, random_sample
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core import responses
from orbench_studio.store.judging import custom_rules, judgements
from orbench_studio.store.judging.judgements import Labelled

SIZES = (20, 50, 100, 200, 500, 1_000, 2_000)
DRAWS = 5
_FOLDS = 5
WITH_OWN = "studio-rules and own"
_UNNAMED = "none"
Progress = Callable[[int, int], bool]


@dataclass(frozen=True, slots=True)
class Slices:
    """An instrument against people, on the whole and by model, category and type of prompt."""

    overall: Agreement
    by: Mapping[str, Mapping[str, Agreement]]


@dataclass(frozen=True, slots=True)
class JudgeCalibration:
    """One instrument on the bench. `how` says how its judgements came about; the curve is empty where an instrument
    gives no probabilities. `on_sample` is on the random sample alone, None where there is none."""

    name: str
    version: str
    how: str
    slices: Slices
    curve: tuple[Bin, ...]
    on_sample: Agreement | None

    @property
    def calibration_error(self) -> float | None:
        """How far its probabilities are off."""
        return calibration_error(self.curve)


@dataclass(frozen=True, slots=True)
class LeftOutModel:
    """One model left out: the rules, and local judges that have learned from the other models' responses.

    `with_own` is on the same responses, by local judges that have learned from the model's own labels to other prompts
    besides: what people's work on a new model brings.
    """

    model: str
    rules: Agreement
    all_others: Agreement
    with_own: Agreement
    draws: "Draws | None"


@dataclass(frozen=True, slots=True)
class Draws:
    """Agreement of local judges that learned from `labels` labels drawn at random, one figure a draw: the mean over
    the models (or groups of prompts) that were left out in turn."""

    labels: int
    any_refusal: tuple[float, ...]
    three_way: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Mean agreement, any refusal."""
        return fmean(self.any_refusal)

    @property
    def spread(self) -> float:
        """Standard deviation over the draws; 0 for one draw."""
        return stdev(self.any_refusal) if len(self.any_refusal) > 1 else 0.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """The whole bench. `trust` names the instrument with the highest lower bound of agreement, by model."""

    labels: int
    prompts: int
    by_class: Mapping[str, int]
    by_model: Mapping[str, int]
    sample: int
    inclusion: float
    instruments: tuple[JudgeCalibration, ...]
    left_out: tuple[LeftOutModel, ...]
    learning: tuple[Draws, ...]
    trust: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything the bench stands on: labelled responses, what the judges said of them, and the random sample."""

    known: Sequence[Labelled]
    said: Mapping[int, Sequence[Judgement]]
    sample: RandomSample
    own_rules: Sequence[CustomRule] = ()


def calibration(
    workspace: Workspace,
    *,
    draws: int = DRAWS,
    left_out_labels: int = 200,
    on_progress: Progress = lambda _done, _total: True,
) -> Calibration:
    """Measure every instrument on everything that people have labelled. Changes nothing in the workspace.

    Raises WorkspaceError where people have labelled too little to say anything, CancelledError where `on_progress`
    (told the steps done and all steps) answers no.
    """
    return measured(evidence(workspace), draws=draws, left_out_labels=left_out_labels, on_progress=on_progress)


def evidence(workspace: Workspace) -> Evidence:
    """What people and judges have said. Raises WorkspaceError where people have labelled too little to go by."""
    with workspace.reading() as db:
        known = judgements.labelled(db)
        said = responses.judgements(db, [row.id for row in known])
        own = custom_rules.in_force(db)
    if len(known) < FEWEST:
        raise WorkspaceError(
            f"People have judged {len(known)} responses here; from {FEWEST} on instruments can be compared with them. "
            "Judge some on the review page, or import labelled ones."
        )
    return Evidence(known, said, random_sample(workspace), own)


def measured(
    on: Evidence,
    *,
    draws: int = DRAWS,
    left_out_labels: int = 200,
    on_progress: Progress = lambda _done, _total: True,
) -> Calibration:
    """Measure every instrument on what has been read; computes only, and needs no workspace."""
    known, sample = on.known, on.sample
    bench = _Bench(known, frozenset(sample.response_ids), on_progress, draws)
    found = [bench.as_it_is(instrument) for instrument in (RuleInstrument(), KeywordInstrument())]
    found += bench.with_own(on.own_rules)
    found.append(bench.cross_validated())
    found += bench.stored(on.said)
    left_out = bench.left_out(left_out_labels)
    return Calibration(
        len(known),
        len({row.prompt_id for row in known}),
        _counted([row.answer_class for row in known]),
        _counted([row.model for row in known]),
        len(bench.sample),
        sample.inclusion,
        tuple(found),
        left_out,
        bench.learning(),
        _trusted(found),
    )


class _Bench:
    """The labelled responses, each read once however many judges are trained on it."""

    def __init__(self, known: Sequence[Labelled], sample: frozenset[int], on_progress: Progress, draws: int) -> None:
        self.known = known
        self.sample = {row.id for row in known} & sample
        self._draws = draws
        self._answered = [Answered(row.prompt, row.text, row.model) for row in known]
        self._examples = [example_of(row) for row in known]
        self._seen: dict[Answered, Seen] = {}
        self._models = sorted({row.model for row in known})
        self._sizes = [size for size in SIZES if size <= self._teachable()]
        self._on_progress = on_progress
        self._done = 0
        per_model = (1 + _FOLDS + draws) if len(self._models) > 1 else 0
        self._total = _FOLDS + len(self._models) * per_model + len(self._sizes) * draws * len(self._groups())

    def as_it_is(self, instrument: Instrument) -> JudgeCalibration:
        assessed = dict(enumerate(instrument.assess(self._answered)))
        return self._calibrated(instrument.name, instrument.version, "as it is", assessed)

    def with_own(self, own: Sequence[CustomRule]) -> list[JudgeCalibration]:
        places = [place for place, row in enumerate(self.known) if held_out(row.prompt)]
        if not own or not places:
            return []
        rules = RuleInstrument(own)
        assessed = rules.assess([self._answered[place] for place in places])
        how = f"with {len(own)} of this workspace, on the prompts that no phrase is mined from"
        return [self._calibrated(WITH_OWN, rules.version, how, dict(zip(places, assessed, strict=True)))]

    def cross_validated(self) -> JudgeCalibration:
        assessed: dict[int, Assessment] = {}
        for held in self._folds():
            known = [place for place in range(len(self.known)) if place not in held]
            assessed |= self._by_judge(known, sorted(held))
        version = LocalJudge(self._examples, self._look).version
        how = f"each of {_FOLDS} groups of prompts judged by what was learned from the others"
        return self._calibrated(LocalJudge.name, version, how, assessed)

    def stored(self, said: Mapping[int, Sequence[Judgement]]) -> list[JudgeCalibration]:
        own = {RuleInstrument.name, KeywordInstrument.name, LocalJudge.name}
        classes: dict[tuple[str, JudgeKind], dict[int, Assessment]] = defaultdict(dict)
        for place, row in enumerate(self.known):
            for (judge, kind), answer_class in latest_classes(said.get(row.id, ())).items():
                if judge not in own:
                    refused = float(answer_class in REFUSALS)
                    classes[judge, kind][place] = Assessment(answer_class, 1.0, refused)
        return [
            self._calibrated(name, "", f"as stored ({kind})", assessed) for (name, kind), assessed in classes.items()
        ]

    def left_out(self, labels: int) -> tuple[LeftOutModel, ...]:
        if len(self._models) < 2:
            return ()
        found = []
        for model in self._models:
            held = [place for place, row in enumerate(self.known) if row.model == model]
            others = [place for place, row in enumerate(self.known) if row.model != model]
            rules = dict(zip(held, RuleInstrument().assess([self._answered[p] for p in held]), strict=True))
            drawn = self._drawn(labels, [(others, held)]) if len(others) >= labels else None
            learned = self._by_judge(others, held)
            own = self._against(self._with_own(others, held))
            found.append(LeftOutModel(model, self._against(rules), self._against(learned), own, drawn))
        return tuple(found)

    def _with_own(self, others: Sequence[int], held: Sequence[int]) -> dict[int, Assessment]:
        found: dict[int, Assessment] = {}
        for fold in self._folds():
            own = [place for place in held if place not in fold]
            found |= self._by_judge([*others, *own], [place for place in held if place in fold])
        return found

    def learning(self) -> tuple[Draws, ...]:
        """The learning curve: on a model that was left out where there are several, else on a group of prompts."""
        everything = range(len(self.known))
        splits = [([place for place in everything if place not in held], sorted(held)) for held in self._groups()]
        return tuple(self._drawn(size, splits) for size in self._sizes)

    def _drawn(self, labels: int, splits: Sequence[tuple[Sequence[int], Sequence[int]]]) -> Draws:
        any_refusal, three_way = [], []
        for draw in range(self._draws):
            found = []
            for known, held in splits:
                drawn = Random(draw).sample(known, labels)
                found.append(self._against(self._by_judge(drawn, held)))
            any_refusal.append(fmean(one.accuracy.value or 0.0 for one in found))
            three_way.append(fmean(one.three_way.value or 0.0 for one in found))
        return Draws(labels, tuple(any_refusal), tuple(three_way))

    def _by_judge(self, known: Sequence[int], held: Sequence[int]) -> dict[int, Assessment]:
        """What a judge that learned from some says of others; one step of the work."""
        if not self._on_progress(self._done, self._total):
            raise CancelledError("The calibration was cancelled.")
        self._done += 1
        judge = LocalJudge([self._examples[place] for place in known], self._look)
        return dict(zip(held, judge.assess([self._answered[place] for place in held]), strict=True))

    def _look(self, answered: Answered) -> Seen:
        found = self._seen.get(answered)
        if found is None:
            found = self._seen[answered] = look(answered)
        return found

    def _folds(self) -> list[set[int]]:
        prompts = sorted({row.prompt_id for row in self.known})
        Random(0).shuffle(prompts)
        group = {prompt: place % _FOLDS for place, prompt in enumerate(prompts)}
        folds: list[set[int]] = [set() for _ in range(_FOLDS)]
        for place, row in enumerate(self.known):
            folds[group[row.prompt_id]].add(place)
        return [fold for fold in folds if fold]

    def _groups(self) -> list[set[int]]:
        if len(self._models) < 2:
            return self._folds()
        return [{place for place, row in enumerate(self.known) if row.model == model} for model in self._models]

    def _teachable(self) -> int:
        """How many labels are left to learn from whichever group is held out."""
        return len(self.known) - max(map(len, self._groups()))

    def _against(self, assessed: Mapping[int, Assessment]) -> Agreement:
        return Agreement((self.known[place].answer_class, one.answer_class) for place, one in assessed.items())

    def _calibrated(self, name: str, version: str, how: str, assessed: Mapping[int, Assessment]) -> JudgeCalibration:
        message = {place: one for place, one in assessed.items() if one.answer_class in ANSWERS}
        graded = len({one.refusal for one in message.values()}) > 2
        refused = [self.known[place].answer_class in REFUSALS for place in message]
        curve = reliability([one.refusal for one in message.values()], refused) if graded else []
        sampled = {place: one for place, one in assessed.items() if self.known[place].id in self.sample}
        by = {"model": _model, "category": _category, "type": _type}
        slices = Slices(self._against(assessed), {name: self._sliced(assessed, value) for name, value in by.items()})
        return JudgeCalibration(name, version, how, slices, tuple(curve), self._against(sampled) if sampled else None)

    def _sliced(
        self, assessed: Mapping[int, Assessment], value: Callable[[Labelled], str | None]
    ) -> Mapping[str, Agreement]:
        pairs: dict[str, list[Pair]] = defaultdict(list)
        for place, one in assessed.items():
            row = self.known[place]
            pairs[value(row) or _UNNAMED].append((row.answer_class, one.answer_class))
        if set(pairs) == {_UNNAMED}:
            return {}
        return {name: Agreement(pairs[name]) for name in sorted(pairs)}


def _trusted(found: Sequence[JudgeCalibration]) -> dict[str, str]:
    best: dict[str, tuple[float, str]] = {}
    for one in found:
        for model, against in one.slices.by["model"].items():
            interval = against.accuracy.interval
            if interval is not None and interval[0] > best.get(model, (-1.0, ""))[0]:
                best[model] = interval[0], one.name
    return {model: name for model, (_, name) in best.items()}


def _model(row: Labelled) -> str | None:
    return row.model


def _category(row: Labelled) -> str | None:
    return row.category


def _type(row: Labelled) -> str | None:
    return row.type


def _counted(values: Sequence[str | AnswerClass]) -> dict[str, int]:
    return {str(value): values.count(value) for value in sorted(set(values))}
