"""Derived states of prompts and responses, updated in the transaction of each vote, judgement and decision.

The rules are in the domain. The states are stored so that the queue and the counts read one row instead of dozens.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, bindparam, case, func, select, update

from orbench_studio.domain.core.annotation import (
    Annotation,
    Aspect,
    HumanVerdict,
    Label,
    human_verdict,
    notes_of,
    visible_decisions,
)
from orbench_studio.domain.core.final_label import final_label
from orbench_studio.domain.core.judgement import (
    ALL_REFUSALS,
    DECIDED,
    AnswerClass,
    Judgement,
    contradictions,
    final_answer,
)
from orbench_studio.domain.core.moderation import Consensus, Rule, Verdict, Vote, consensus, latest_votes
from orbench_studio.domain.core.response import WHITE_SPACE, StopReason, stop_class
from orbench_studio.domain.review.queue import Status
from orbench_studio.domain.review.timeline import EntryKind
from orbench_studio.store.core import responses, votes
from orbench_studio.store.core.bulk_insert import ForIds, Ids, chunks, in_list, replace
from orbench_studio.store.core.pipeline import Read, Started, Steps, send, together
from orbench_studio.store.core.responses import Said
from orbench_studio.store.core.reviewer_views import DECISION_AUTHORS
from orbench_studio.store.core.tables import MODELS, PROMPT_STATES, PROMPTS, RESPONSE_STATES, RESPONSES, WORKSPACE
from orbench_studio.store.review import assignment_states, hidden_decisions, journal

_NEWEST = 2**62  # the id of a decision that is being added: later than all others
_DECIDED = sorted(DECIDED)
_REFUSALS = sorted(ALL_REFUSALS)
_P, _S = PROMPTS.c, RESPONSE_STATES.c
_RULE = select(WORKSPACE.c.consensus_rule)
_PROMPTS = ForIds(
    select(
        *(_P.id, _P.category, _P.reference_label),
        *(hidden_decisions.is_blind(_P.id).label("blind"), _RULE.scalar_subquery().label("counts_by")),
    ).order_by(_P.id),
    _P.id,
)
_R = RESPONSES.c
_FIRST_LETTER = func.substr(func.ltrim(_R.text, WHITE_SPACE), 1, 1)  # enough to detect an empty text
_RESPONSES = ForIds(
    select(_R.id, _R.prompt_id, _R.model_id, _FIRST_LETTER, _R.stop_reason, _R.reference_class).order_by(_R.id), _R.id
)
_CLASSIFIED = select(DECISION_AUTHORS.c.response_id).where(
    DECISION_AUTHORS.c.response_id.is_not(None),
    DECISION_AUTHORS.c.prompt_id.in_(bindparam("of_prompts", expanding=True)),
)
_REFUSES = _S.answer_class.in_(_REFUSALS)
_COUNTS = {
    "responses": func.count(),
    "judged": func.sum(case((_S.answer_class.in_(_DECIDED), 1), else_=0)),
    "refusals": func.sum(case((_REFUSES, 1), else_=0)),
    "refusing_models": func.count(case((_REFUSES, _S.model_id)).distinct()),
    "refusing_families": func.count(case((_REFUSES, MODELS.c.family)).distinct()),
    "judges_differ": func.sum(case((_S.judges_differ, 1), else_=0)),
    "person_differs": func.sum(case((_S.person_differs, 1), else_=0)),
}
_TALLY = (
    select(_S.prompt_id, *(count.label(name) for name, count in _COUNTS.items()))
    .join(MODELS, MODELS.c.id == _S.model_id)
    .group_by(_S.prompt_id)
)
_NO_RESPONSES = dict.fromkeys(_COUNTS, 0)
_TALLIES = ForIds(_TALLY, _S.prompt_id)
_LETTERS = {Verdict.SAFE: "S", Verdict.TOXIC: "T", Verdict.UNPARSED: "?"}


def refresh_responses(db: Connection, response_ids: Sequence[int]) -> None:
    for some in chunks(response_ids):
        replace(db, RESPONSE_STATES, _response_states(db, some))


def refresh_prompts(db: Connection, prompt_ids: Sequence[int]) -> None:
    """Derive the states of the prompts and their assignments again; those of their responses must be up to date."""
    for some in chunks(prompt_ids):
        with together(db) as start:
            inputs = start_inputs(start, some)
        write_prompts(db, inputs)


@dataclass(frozen=True, slots=True)
class Sources:
    """What the states of prompts follow from, without their assignments."""

    prompts: Started[list[Any]]
    votes: Started[dict[int, list[Vote]]]
    decided: Started[dict[int, list[Annotation]]]
    tallies: Started[dict[int, dict[str, int]]]


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the states of prompts follow from; decisions can be added before the states are written."""

    queued: bool  # whether a team queue has one of the prompts; on a server, that is not known yet: True
    places: Started[Sequence[Any]]  # their rows in team queues, locked until the transaction ends
    assigned: Started[dict[int, list[Any]]]
    last: Started[dict[int, dict[tuple[int, str], int]]]
    sources: Sources
    responses: Started[list[Any]]  # those whose classes change, of one prompt
    judged: Started[dict[int, tuple[Said, ...]]]  # by response

    @property
    def prompt_ids(self) -> list[int]:
        """The prompts, ascending."""
        return [row.id for row in self.sources.prompts.result]

    def add(self, prompt_id: int, annotator_id: int, new: Sequence[Annotation]) -> None:
        """Add decisions that are later than all others of the annotator."""
        counted = [one for one in new if one.aspect in assignment_states.COUNTED]
        self.last.result[prompt_id].update({(annotator_id, one.aspect): _NEWEST for one in counted})
        self.sources.decided.result[prompt_id].extend(new)


def start_inputs(start: together, prompt_ids: Ids, response_ids: Ids = (), after: EntryKind | None = None) -> Inputs:
    """Read what the states of the prompts follow from, or of one prompt and of responses whose classes change.

    Decisions are those that will be current `after` an undo or redo; see `journal.IN_FORCE_AFTER`.
    """
    places = start(assignment_states.locked_rows, prompt_ids)
    queued = not places.has_result or bool(places.result)
    return Inputs(
        queued,
        places,
        start(assignment_states.assigned_to, prompt_ids if queued else ()),
        start(assignment_states.last_decisions, prompt_ids if queued else (), after),
        _start_sources(start, prompt_ids, after),
        start(_RESPONSES.read, response_ids),
        start(responses.said, response_ids),
    )


def _start_sources(start: together, prompt_ids: Ids, after: EntryKind | None = None) -> Sources:
    return Sources(
        start(_PROMPTS.read, prompt_ids),
        start(votes.of_prompts, prompt_ids),
        start(journal.of_prompts, prompt_ids, after),
        start(_tallies, prompt_ids),
    )


def write_prompts(db: Connection, inputs: Inputs) -> None:
    """Write the states of the prompts and their assignments.

    Reads again only if a prompt became blind or visible.
    """
    places = assignment_states.expected_rows(inputs.places.result, inputs.assigned.result, inputs.last.result)
    changed = assignment_states.write(db, places)
    sources, classified, judged = inputs.sources, inputs.responses, inputs.judged
    if changed:
        with together(db) as start:
            sources = _start_sources(start, inputs.prompt_ids)
            classified = start(_RESPONSES.read, _CLASSIFIED, of_prompts=changed)
            judged = start(responses.said, _CLASSIFIED, of_prompts=changed)
    replace(db, PROMPT_STATES, _states(sources))
    if classified.result:
        replace(db, RESPONSE_STATES, _classified(sources, classified.result, judged.result))
        recount_answers(db, sorted({row.prompt_id for row in classified.result}))


def _classified(
    sources: Sources, classified: Iterable[Any], judged: Mapping[int, tuple[Said, ...]]
) -> list[dict[str, Any]]:
    """The states of the responses whose classes change."""
    decided: dict[int, list[Annotation]] = defaultdict(list)
    for one in chain.from_iterable(sources.decided.result.values()):
        if one.aspect is Aspect.ANSWER_CLASS and one.response_id is not None:
            decided[one.response_id].append(one)
    blind = {row.id for row in sources.prompts.result if row.blind}
    return _states_of_responses(classified, judged, decided, blind)


@Read
def rule() -> Steps[Rule]:
    return Rule.from_text((yield _RULE).scalar_one())


def with_unread_votes(db: Connection) -> list[int]:
    """The prompts with an unparsed vote, ascending."""
    found = select(PROMPT_STATES.c.prompt_id).where(PROMPT_STATES.c.votes.contains(_LETTERS[Verdict.UNPARSED]))
    return [int(prompt_id) for prompt_id in db.execute(found.order_by(PROMPT_STATES.c.prompt_id)).scalars()]


def recount_answers(db: Connection, prompt_ids: Sequence[int]) -> None:
    """Count the prompts' responses and refusals again, where nothing else about the prompts changed."""
    for some in chunks(prompt_ids):
        tally = _TALLY.where(in_list(_S.prompt_id, some)).subquery()
        counts = {name: tally.c[name] for name in _COUNTS}
        send(db, update(PROMPT_STATES).where(PROMPT_STATES.c.prompt_id == tally.c.prompt_id).values(counts))


def refresh_everything(db: Connection) -> None:
    """Derive the states of all prompts, responses and assignments again."""
    refresh_responses(db, list(db.execute(select(RESPONSES.c.id).order_by(RESPONSES.c.id)).scalars()))
    refresh_prompts(db, list(db.execute(select(PROMPTS.c.id).order_by(PROMPTS.c.id)).scalars()))


def wrong_states(db: Connection) -> Iterable[str]:
    """A sentence for each table with stored states that differ from the derived ones; none unless data is damaged."""
    for states, column, owner, derive in (
        (RESPONSE_STATES, "response_id", RESPONSES, _response_states),
        (PROMPT_STATES, "prompt_id", PROMPTS, _prompt_states),
    ):
        ids = [int(value) for value in db.execute(select(owner.c.id).order_by(owner.c.id)).scalars()]
        for some in chunks(ids):
            statement = select(states).where(in_list(states.c[column], some)).order_by(states.c[column])
            stored = [dict(row._mapping) for row in db.execute(statement)]
            derived = derive(db, some)
            if stored != derived:
                missing = {row[column] for row in derived} - {row[column] for row in stored}
                differing = {row[column] for row in stored if row not in derived} | missing
                first = f"{column} {min(differing)}"
                yield f"{states.name}: {len(differing)} rows do not match the decisions and the rules. First: {first}."
    yield from assignment_states.wrong(db)


def _response_states(db: Connection, response_ids: Sequence[int]) -> list[dict[str, Any]]:
    with together(db) as start:
        read, judged = start(_RESPONSES.read, response_ids), start(responses.said, response_ids)
        human_classes = start(journal.on_responses, response_ids)
    rows, decided = read.result, human_classes.result
    blind = hidden_decisions.blind(db, sorted({row.prompt_id for row in rows if row.id in decided}))
    return _states_of_responses(rows, judged.result, decided, blind)


def _states_of_responses(
    rows: Iterable[Any],
    said: Mapping[int, tuple[Said, ...]],
    decided: Mapping[int, Sequence[Annotation]],
    blind: Container[int],
) -> list[dict[str, Any]]:
    states = []
    for response_id, prompt_id, model_id, text, stop_reason, reference in rows:
        human = human_verdict(visible_decisions(decided.get(response_id, ()), blind=prompt_id in blind))
        final = _response_state(human, reference, text, stop_reason, said.get(response_id, ()))
        states.append({"response_id": response_id, "prompt_id": prompt_id, "model_id": model_id, **final})
    return states


@lru_cache(maxsize=4096)
def _response_state(
    human: HumanVerdict | None, reference: str | None, text: str, stop_reason: str, said: tuple[Said, ...]
) -> Mapping[str, Any]:
    """Cached: millions of responses differ in a few dozen ways."""
    judged = [Judgement(at, judge, kind, AnswerClass(of)) for at, (judge, kind, of) in enumerate(said)]
    stopped = stop_class(text, StopReason(stop_reason))
    final = final_answer(human, AnswerClass(reference) if reference else None, stopped, judged)
    contradicted = contradictions(human, judged)
    return {
        "answer_class": final.answer_class,
        "basis": final.basis,
        "judges_differ": contradicted.judges_differ,
        "person_differs": contradicted.person_differs,
    }


def _prompt_states(db: Connection, prompt_ids: Sequence[int]) -> list[dict[str, Any]]:
    with together(db) as start:
        sources = _start_sources(start, prompt_ids)
    return _states(sources)


def _states(sources: Sources) -> list[dict[str, Any]]:
    return [
        _state(
            row,
            sources.votes.result.get(row.id, []),
            sources.decided.result.get(row.id, []),
            sources.tallies.result.get(row.id, _NO_RESPONSES),
        )
        for row in sources.prompts.result
    ]


def _state(row: Any, cast_votes: list[Vote], decided: Sequence[Annotation], tally: Mapping[str, int]) -> dict[str, Any]:
    agreed = consensus(cast_votes, Rule.from_text(row.counts_by))
    known = visible_decisions(decided, blind=row.blind)
    return {
        "prompt_id": row.id,
        **_prompt_state(row.category, row.reference_label, agreed, cast_votes, known),
        **tally,
    }


def _prompt_state(
    category: str | None, reference: str | None, agreed: Consensus, cast_votes: list[Vote], decided: list[Annotation]
) -> dict[str, Any]:
    human = human_verdict(a for a in decided if a.aspect is Aspect.LABEL)
    own_category = human_verdict(a for a in decided if a.aspect is Aspect.CATEGORY)
    final = final_label(human, agreed, Label(reference) if reference else None)
    on_prompt = sorted((v for v in latest_votes(cast_votes) if v.response_id is None), key=lambda v: v.moderator)
    return {
        "status": _status(human, decided),
        "category": own_category.value if own_category and not own_category.disputed else category,
        "final_label": final.label,
        "basis": final.basis,
        "consensus": agreed.label,
        "veto": agreed.veto,
        "votes": "".join(_LETTERS[vote.verdict] for vote in on_prompt),
        "disagreement": agreed.disagreement,
        "flagged": any(a.value == "on" for a in _last_of_each(decided, Aspect.FLAG)),
        "noted": bool(notes_of(decided)),
    }


def _status(human: HumanVerdict | None, decided: list[Annotation]) -> Status:
    if human is not None:
        return Status.DISPUTED if human.disputed else Status.DECIDED
    return Status.SKIPPED if any(a.aspect is Aspect.SKIP for a in decided) else Status.UNDECIDED


def _last_of_each(decided: Iterable[Annotation], aspect: Aspect) -> Iterable[Annotation]:
    return {a.annotator: a for a in decided if a.aspect is aspect}.values()


@Read
def _tallies(prompt_ids: Ids) -> Steps[dict[int, dict[str, int]]]:
    rows = yield from _TALLIES.rows(prompt_ids)
    return {prompt_id: dict(zip(_COUNTS, counts, strict=True)) for prompt_id, *counts in rows}
