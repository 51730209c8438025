"""People against machines, and people against each other.

Moderators, the consensus and what source files state are held against people's labels of prompts; judges and keyword
rules, with what they said last, against people's answer classes. Only what both have said is compared: nothing where
people disagree or call a prompt controversial, where a vote or a judge could not be read, where there is no answer.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from orbench_studio.domain.core.annotation import Aspect, Label
from orbench_studio.domain.core.judgement import ANSWERS, XSTEST, AnswerClass, Judgement, latest_classes
from orbench_studio.domain.core.rates import Rate
from orbench_studio.domain.judging.agreement import ANY_REFUSAL, Agreement, Confusion, Kappa, Pair
from orbench_studio.domain.review.query import NONE
from orbench_studio.estimates.raters import Chance, alpha, fleiss
from orbench_studio.services.workspace import statistics
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.audit import rater_labels
from orbench_studio.store.audit.rater_labels import RaterLabel, Where
from orbench_studio.store.core import responses
from orbench_studio.store.judging import judgements

CONSENSUS, STATED = "consensus", "source file"
_COMPARED = (Label.SAFE, Label.TOXIC)


@dataclass(frozen=True, slots=True)
class MachineAgreement:
    """One machine against people, on everything both have said and by category, model or type of prompt.

    `positive` is what precision and recall are about: toxic prompts, refusals. `apart` counts what it said that is no
    judgement; `three_way` is how often a judge says the same of answer, partial and full refusal, None of moderators.
    """

    name: str
    kind: str
    overall: Confusion
    by: Mapping[str, Mapping[str, Confusion]]
    apart: Mapping[str, int]
    three_way: Rate | None = None


@dataclass(frozen=True, slots=True)
class RaterPair:
    """Two annotators on what both decided."""

    one: str
    other: str
    same: Rate
    kappa: Kappa


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Annotators against each other, on what several decided: each two, and all together (Fleiss, Krippendorff)."""

    pairs: tuple[RaterPair, ...]
    fleiss: Chance
    alpha: Chance

    @property
    def things(self) -> int:
        """How many prompts or responses several decided."""
        return self.alpha.n


@dataclass(frozen=True, slots=True)
class PeopleAgreement:
    """Annotators on one thing: prompts' labels, or responses' answer classes in a scheme; overall, by category and
    (responses) by model."""

    what: str
    overall: PairAgreement
    by: Mapping[str, Mapping[str, PairAgreement]]


@dataclass(frozen=True, slots=True)
class HumanAgreement:
    """Everything that people can be held against; empty where nobody has decided anything.

    `labels` counts prompts with people's label, `answers` responses with people's class. `self_consistency` is how
    often an annotator gave a prompt that was silently shown again the same label.
    """

    labels: int
    answers: int
    moderators: tuple[MachineAgreement, ...]
    judges: tuple[MachineAgreement, ...]
    people: tuple[PeopleAgreement, ...]
    self_consistency: Mapping[str, Rate]

    @property
    def words(self) -> str:
        """What the figures assume: for the foot of a table."""
        return (
            "Wilson intervals at 95 % (kappa, Fleiss, alpha: Dirichlet draws), prompts and responses taken as "
            "independent. What people have looked at is seldom a random sample: on what the queue put first, machines "
            "look worse than they are on all."
        )


def human_agreement(workspace: Workspace) -> HumanAgreement:
    """Hold everything against what people have decided."""
    with workspace.reading() as db:
        decided, votes = rater_labels.decided(db), rater_labels.moderators(db, decided_only=True)
        known = judgements.labelled(db)
        said = responses.judgements(db, [row.id for row in known])
        labels, answers = rater_labels.people(db), rater_labels.people(db, Aspect.ANSWER_CLASS)
        prompts, answered = rater_labels.categories(db), rater_labels.answered(db)
    by_prompt = [(one.prompt_id, one.rater, one.value) for one in labels]
    by_response = [(one.response_id or 0, one.rater, one.value) for one in answers if one.value in ANSWERS]
    people = [_people("labels of prompts", by_prompt, prompts)]
    for what, scheme in (("answer, partial and full refusal", XSTEST), ("any refusal", ANY_REFUSAL)):
        in_scheme = [(thing, rater, scheme[AnswerClass(value)]) for thing, rater, value in by_response]
        people.append(_people(what, in_scheme, answered))
    return HumanAgreement(
        len(decided),
        len(known),
        tuple(_moderators(decided, votes)),
        tuple(_judges(known, said)),
        tuple(one for one in people if one.overall.things),
        statistics.consistency(workspace),
    )


def _moderators(decided: Sequence[rater_labels.HumanLabel], votes: Sequence[RaterLabel]) -> list[MachineAgreement]:
    people = {one.prompt_id: one for one in decided}
    last = {(one.rater, one.prompt_id): one.value for one in votes if one.response_id is None}
    said: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
    for (moderator, prompt_id), value in sorted(last.items()):
        if prompt_id in people:
            said[moderator, "moderator"][prompt_id] = value
    for name, kind, of in ((CONSENSUS, "rule", "consensus"), (STATED, "file", "stated")):
        found = {one.prompt_id: getattr(one, of) for one in decided if getattr(one, of) in _COMPARED}
        if found:
            said[name, kind] = found
    return [_moderator(name, kind, people, of) for (name, kind), of in said.items()]


def _moderator(
    name: str, kind: str, people: Mapping[int, rater_labels.HumanLabel], said: Mapping[int, str]
) -> MachineAgreement:
    sliced: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for prompt_id, value in said.items():
        one = people[prompt_id]
        if one.label in _COMPARED:
            sliced[one.category or NONE][one.label, value] += 1
    overall: Counter[tuple[str, str]] = sum(sliced.values(), Counter())
    by = {category: Confusion(sliced[category], Label.TOXIC) for category in sorted(sliced)}
    return MachineAgreement(
        name, kind, Confusion(overall, Label.TOXIC), {"category": by} if set(by) != {NONE} else {}, {}
    )


def _judges(known: Sequence[judgements.Labelled], said: Mapping[int, Sequence[Judgement]]) -> list[MachineAgreement]:
    compared: dict[tuple[str, str], list[tuple[judgements.Labelled, AnswerClass]]] = defaultdict(list)
    for row in known:
        for (judge, kind), answer_class in latest_classes(said.get(row.id, ())).items():
            compared[judge, kind].append((row, answer_class))
    return [_judge(name, kind, of) for (name, kind), of in sorted(compared.items())]


def _judge(name: str, kind: str, compared: Sequence[tuple[judgements.Labelled, AnswerClass]]) -> MachineAgreement:
    slices: dict[str, dict[str, list[Pair]]] = {"model": {}, "category": {}, "type": {}}
    for row, machine in compared:
        for by, value in (("model", row.model), ("category", row.category), ("type", row.type)):
            slices[by].setdefault(value or NONE, []).append((row.answer_class, machine))
    agreement = Agreement((row.answer_class, machine) for row, machine in compared)
    sliced = {
        by: {value: Agreement(pairs).confusion for value, pairs in sorted(of.items())}
        for by, of in slices.items()
        if set(of) != {NONE}
    }
    apart = {str(what): count for what, count in agreement.apart.items()}
    return MachineAgreement(name, kind, agreement.confusion, sliced, apart, agreement.three_way)


def _people(what: str, decided: Iterable[tuple[int, str, str]], where: Mapping[int, Where]) -> PeopleAgreement:
    """`decided` has thing, annotator and value, oldest first: of one annotator on one thing the last counts."""
    by_thing: dict[int, dict[str, str]] = defaultdict(dict)
    for thing, annotator, value in decided:
        by_thing[thing][annotator] = value
    several = {thing: said for thing, said in by_thing.items() if len(said) > 1}
    by: dict[str, Mapping[str, PairAgreement]] = {}
    for name, of in (("category", _category), ("model", _model)):
        sliced: dict[str, list[Mapping[str, str]]] = defaultdict(list)
        for thing, said in several.items():
            sliced[of(where[thing])].append(said)
        if set(sliced) - {NONE}:
            by[name] = {value: _between(sliced[value]) for value in sorted(sliced)}
    return PeopleAgreement(what, _between(list(several.values())), by)


def _between(things: Sequence[Mapping[str, str]]) -> PairAgreement:
    both: dict[tuple[str, str], Counter[tuple[str, str]]] = defaultdict(Counter)
    values = sorted({value for said in things for value in said.values()})
    counts = np.zeros((len(things), max(len(values), 1)), dtype=np.int64)
    for place, said in enumerate(things):
        for value in said.values():
            counts[place, values.index(value)] += 1
        for one, other in combinations(sorted(said), 2):
            both[one, other][said[one], said[other]] += 1
    pairs = []
    for (one, other), found in sorted(both.items()):
        confusion = Confusion(found, "")
        pairs.append(RaterPair(one, other, confusion.accuracy, confusion.kappa))
    return PairAgreement(tuple(pairs), fleiss(counts), alpha(counts))


def _category(where: Where) -> str:
    return where.category or NONE


def _model(where: Where) -> str:
    return where.model or NONE
