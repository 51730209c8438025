"""Agreement of machines with human labels, and agreement between annotators.

Moderators, the consensus and the labels of source files are compared with human labels of prompts. Judges and keyword
rules are compared with human answer classes; their last judgement counts. Disputed and controversial labels, unparsed
votes and judgements, and responses without an answer are not compared.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from orbench_studio.domain.core.annotation import Aspect, Label
from orbench_studio.domain.core.judgement import ANSWERS, AnswerClass, Judgement, latest_classes
from orbench_studio.domain.core.rates import Coefficient, Rate
from orbench_studio.domain.core.schemes import ANY_REFUSAL, OR_BENCH, REFUSALBENCH, XSTEST
from orbench_studio.domain.judging.agreement import Confusion, RaterPair
from orbench_studio.domain.review.consistency import Drift
from orbench_studio.domain.review.query import NONE
from orbench_studio.estimates.raters import alpha, fleiss
from orbench_studio.services.judging.calibration import agreement_by_prompt
from orbench_studio.services.review import hidden_decisions
from orbench_studio.services.workspace import statistics
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.audit import rater_labels
from orbench_studio.store.audit.rater_labels import RaterLabel, Slices
from orbench_studio.store.core import responses
from orbench_studio.store.judging import judgements

_SCHEMES = {
    "answer, partial and full refusal": XSTEST,
    "any refusal": ANY_REFUSAL,
    "OR-Bench's three classes": OR_BENCH,
    "RefusalBench's five classes": REFUSALBENCH,
}
CONSENSUS, SOURCE_FILE = "consensus", "source file"
_COMPARED = (Label.SAFE, Label.TOXIC)


@dataclass(frozen=True, slots=True)
class MachineAgreement:
    """Agreement of one machine with people, overall and by category, model or type of prompt.

    Precision and recall are those of toxic prompts or refusals. `excluded` counts outcomes that are no judgement.
    `by_scheme` is the agreement of a judge on the classes of each scheme of SCHEMES, by its name.
    """

    name: str
    kind: str
    overall: Confusion
    by: Mapping[str, Mapping[str, Confusion]]
    excluded: Mapping[str, int]
    by_scheme: Mapping[str, Rate] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GroupAgreement:
    """Agreement between annotators on what several labelled: by pair, and overall (Fleiss, Krippendorff)."""

    pairs: tuple[RaterPair, ...]
    fleiss: Coefficient
    alpha: Coefficient

    @property
    def n(self) -> int:
        """Number of prompts or responses with several labels."""
        return self.alpha.n


@dataclass(frozen=True, slots=True)
class AnnotatorAgreement:
    """Agreement on one kind of label, `what`: overall, by category and, for responses, by model."""

    what: str
    overall: GroupAgreement
    by: Mapping[str, Mapping[str, GroupAgreement]]


@dataclass(frozen=True, slots=True)
class HumanAgreement:
    """All agreement figures; empty without human labels.

    `labels` is the number of prompts with a human label, `answers` that of responses with a human class.
    `self_consistency` is how often an annotator gave the same label to a prompt that was shown again under the same
    guidelines, `drift` how the decisions changed with the current guidelines. `hidden` says which do not count yet.
    """

    labels: int
    answers: int
    moderators: tuple[MachineAgreement, ...]
    judges: tuple[MachineAgreement, ...]
    people: tuple[AnnotatorAgreement, ...]
    self_consistency: Mapping[str, Rate]
    drift: Mapping[str, Drift]
    hidden: str = ""

    @property
    def method(self) -> str:
        """Method and assumptions, for the note of a table."""
        return (
            "95 % Wilson intervals (kappa and alpha: Dirichlet draws), which assume independent prompts. Intervals of "
            "judges account for several responses to a prompt; those of annotators do not. Labelled prompts are rarely "
            "a random sample. Queues that put disagreements first make machines look worse than they are on all "
            "prompts."
        )


def human_agreement(workspace: Workspace) -> HumanAgreement:
    """Compare machines with human labels, and annotators with each other."""
    with workspace.reading() as db:
        decided, votes = rater_labels.labelled_prompts(db), rater_labels.moderator_votes(db, labelled_only=True)
        known = judgements.labelled(db)
        values = responses.judgements(db, [row.id for row in known])
        labels, answers = rater_labels.human_labels(db), rater_labels.human_labels(db, Aspect.ANSWER_CLASS)
        prompts, answered = rater_labels.prompt_slices(db), rater_labels.response_slices(db)
        hidden = hidden_decisions.note(db)
    by_prompt = [(one.prompt_id, one.rater, one.value) for one in labels]
    by_response = [(one.response_id or 0, one.rater, one.value) for one in answers if one.value in ANSWERS]
    people = [_between_annotators("labels of prompts", by_prompt, prompts)]
    for what, scheme in _SCHEMES.items():
        in_scheme = [(unit, rater, scheme[AnswerClass(value)]) for unit, rater, value in by_response]
        people.append(_between_annotators(what, in_scheme, answered))
    return HumanAgreement(
        len(decided),
        len(known),
        tuple(_moderators(decided, votes)),
        tuple(_judges(known, values)),
        tuple(one for one in people if one.overall.n),
        statistics.consistency(workspace),
        statistics.drift(workspace),
        hidden,
    )


def _moderators(decided: Sequence[rater_labels.LabelledPrompt], votes: Sequence[RaterLabel]) -> list[MachineAgreement]:
    people = {one.prompt_id: one for one in decided}
    last = {(one.rater, one.prompt_id): one.value for one in votes if one.response_id is None}
    values: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
    for (moderator, prompt_id), value in sorted(last.items()):
        if prompt_id in people:
            values[moderator, "moderator"][prompt_id] = value
    for name, kind, of in ((CONSENSUS, "rule", "consensus"), (SOURCE_FILE, "file", "reference")):
        found = {one.prompt_id: getattr(one, of) for one in decided if getattr(one, of) in _COMPARED}
        if found:
            values[name, kind] = found
    return [_moderator(name, kind, people, of) for (name, kind), of in values.items()]


def _moderator(
    name: str, kind: str, people: Mapping[int, rater_labels.LabelledPrompt], values: Mapping[int, str]
) -> MachineAgreement:
    sliced: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for prompt_id, value in values.items():
        one = people[prompt_id]
        if one.label in _COMPARED:
            sliced[one.category or NONE][one.label, value] += 1
    overall: Counter[tuple[str, str]] = sum(sliced.values(), Counter())
    by = {category: Confusion(sliced[category], Label.TOXIC) for category in sorted(sliced)}
    return MachineAgreement(
        name, kind, Confusion(overall, Label.TOXIC), {"category": by} if set(by) != {NONE} else {}, {}
    )


def _judges(known: Sequence[judgements.Labelled], values: Mapping[int, Sequence[Judgement]]) -> list[MachineAgreement]:
    compared: dict[tuple[str, str], list[tuple[judgements.Labelled, AnswerClass]]] = defaultdict(list)
    for row in known:
        for (judge, kind), answer_class in latest_classes(values.get(row.id, ())).items():
            compared[judge, kind].append((row, answer_class))
    return [_judge(name, kind, of) for (name, kind), of in sorted(compared.items())]


def _judge(name: str, kind: str, compared: Sequence[tuple[judgements.Labelled, AnswerClass]]) -> MachineAgreement:
    slices: dict[str, dict[str, list[tuple[judgements.Labelled, AnswerClass]]]]
    slices = {"model": {}, "category": {}, "type": {}}
    for row, machine in compared:
        for by, value in (("model", row.model), ("category", row.category), ("type", row.type)):
            slices[by].setdefault(value or NONE, []).append((row, machine))
    agreement = agreement_by_prompt(compared)
    sliced = {
        by: {value: agreement_by_prompt(some).confusion for value, some in sorted(of.items())}
        for by, of in slices.items()
        if set(of) != {NONE}
    }
    excluded = {str(what): count for what, count in agreement.apart.items()}
    return MachineAgreement(name, kind, agreement.confusion, sliced, excluded, agreement.by_scheme)


def _between_annotators(
    what: str, decided: Iterable[tuple[int, str, str]], slices: Mapping[int, Slices]
) -> AnnotatorAgreement:
    """`decided` has unit, annotator and value, oldest first; the last value of an annotator on a unit counts."""
    by_unit: dict[int, dict[str, str]] = defaultdict(dict)
    for unit, annotator, value in decided:
        by_unit[unit][annotator] = value
    several = {unit: labels for unit, labels in by_unit.items() if len(labels) > 1}
    by: dict[str, Mapping[str, GroupAgreement]] = {}
    for name, of in (("category", _category), ("model", _model)):
        sliced: dict[str, list[Mapping[str, str]]] = defaultdict(list)
        for unit, labels in several.items():
            sliced[of(slices[unit])].append(labels)
        if set(sliced) - {NONE}:
            by[name] = {value: _between(sliced[value]) for value in sorted(sliced)}
    return AnnotatorAgreement(what, _between(list(several.values())), by)


def _between(units: Sequence[Mapping[str, str]]) -> GroupAgreement:
    both: dict[tuple[str, str], Counter[tuple[str, str]]] = defaultdict(Counter)
    values = sorted({value for labels in units for value in labels.values()})
    counts = np.zeros((len(units), max(len(values), 1)), dtype=np.int64)
    for row, labels in enumerate(units):
        for value in labels.values():
            counts[row, values.index(value)] += 1
        for one, other in combinations(sorted(labels), 2):
            both[one, other][labels[one], labels[other]] += 1
    pairs = []
    for (one, other), found in sorted(both.items()):
        confusion = Confusion(found, "")
        pairs.append(RaterPair(one, other, confusion.accuracy, confusion.kappa))
    return GroupAgreement(tuple(pairs), fleiss(counts), alpha(counts))


def _category(slices: Slices) -> str:
    return slices.category or NONE


def _model(slices: Slices) -> str:
    return slices.model or NONE
