"""The number of prompts for each value of a field, with the other conditions of the filter."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, literal_column, select

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.evaluation.states import ItemState
from orbench_studio.domain.review.query import CONTRADICTED, DIFFER, NONE, SPLIT, UNANIMOUS, UNREAD
from orbench_studio.domain.review.queue import Agreement, Field, QueueFilter
from orbench_studio.store.core.batch_tables import BATCH_ITEMS
from orbench_studio.store.core.sample_tables import AUDIT_PROMPTS, AUDIT_SAMPLES
from orbench_studio.store.core.tables import (
    ANNOTATIONS,
    ANNOTATORS,
    JOURNAL,
    MODELS,
    PROMPT_STATES,
    PROMPTS,
    REFUSES,
    RESPONSE_STATES,
    SOURCES,
    SUBSET_PROMPTS,
    SUBSETS,
    VOTES,
)
from orbench_studio.store.core.team_tables import TEAM_PROMPTS, TEAM_QUEUES
from orbench_studio.store.review import checks
from orbench_studio.store.review.journal import IN_FORCE
from orbench_studio.store.review.prompt_lists import in_sample
from orbench_studio.store.review.query_sql import conditions, counting_vote, marks

S = PROMPT_STATES.c
Counts = dict[str, int]


def counts(db: Connection, wanted: QueueFilter, field: Field) -> Counts:
    """Prompts by value of a field, among those that meet the filter's other conditions; only values that occur.

    Empty for fields with free values: text, note, response, id, group and seed.
    """
    others = conditions(db, wanted.without(field).terms)
    return _COUNTED[field](db, others) if field in _COUNTED else {}


_Count = Callable[[Connection, Sequence[ColumnElement[bool]]], Counts]


def _by_state(name: str, nothing: str = NONE) -> _Count:
    def count(db: Connection, others: Sequence[ColumnElement[bool]]) -> Counts:
        statement = select(S[name], func.count()).where(*others).group_by(S[name])
        return {str(value) if value is not None else nothing: number for value, number in db.execute(statement)}

    return count


def _at_least(name: str) -> _Count:
    def count(db: Connection, others: Sequence[ColumnElement[bool]]) -> Counts:
        statement = select(S[name], func.count()).where(*others).group_by(S[name])
        exactly = {int(value): number for value, number in db.execute(statement)}
        most = max(exactly, default=0)
        return {f">={k}": sum(n for value, n in exactly.items() if value >= k) for k in range(1, most + 1)}

    return count


def _refused(db: Connection, others: Sequence[ColumnElement[bool]]) -> Counts:
    r = RESPONSE_STATES.c
    by_model = (
        select(MODELS.c.name, func.count(r.prompt_id.distinct()))
        .join(r.model_id.table, MODELS.c.id == r.model_id)
        .where(literal_column(REFUSES.text), r.prompt_id.in_(select(S.prompt_id).where(*others)))
        .group_by(MODELS.c.name)
        .order_by(MODELS.c.name)
    )
    return _at_least("refusing_models")(db, others) | _pairs(db, by_model)


def _classes(db: Connection, others: Sequence[ColumnElement[bool]]) -> Counts:
    r = RESPONSE_STATES.c
    queued = select(S.prompt_id).where(*others)
    statement = select(r.answer_class, func.count(r.prompt_id.distinct())).where(r.prompt_id.in_(queued))
    return {of or NONE: number for of, number in db.execute(statement.group_by(r.answer_class))}


def _votes(db: Connection, others: Sequence[ColumnElement[bool]]) -> Counts:
    """By numbers of safe and toxic votes; a prompt with an unparsed vote counts as that too."""
    statement = select(S.votes, func.count()).where(*others).group_by(S.votes)
    found: Counter[str] = Counter()
    for votes, number in db.execute(statement):
        safe, toxic = votes.count("S"), votes.count("T")
        if safe or toxic:
            found[SPLIT if safe and toxic else UNANIMOUS] += number
            found[f"{safe}-{toxic}"] += number
        if "?" in votes:
            found[UNREAD] += number
    names = (SPLIT, UNANIMOUS, UNREAD)
    return {name: found[name] for name in (*names, *sorted(found.keys() - set(names))) if found[name]}


def _voted(db: Connection, others: Sequence[ColumnElement[bool]]) -> Counts:
    v = VOTES.c
    cast = (
        select(MODELS.c.name, v.verdict, func.count(v.prompt_id.distinct()))
        .join(v.moderator_id.table, MODELS.c.id == v.moderator_id)
        .where(*counting_vote(), v.prompt_id.in_(select(S.prompt_id).where(*others)))
        .group_by(MODELS.c.name, v.verdict)
        .order_by(MODELS.c.name, v.verdict)
    )
    return {f"{name}={verdict}": number for name, verdict, number in db.execute(cast)}


def _by(db: Connection, others: Sequence[ColumnElement[bool]]) -> Counts:
    a = ANNOTATIONS.c
    decided = (
        select(ANNOTATORS.c.name, func.count(a.prompt_id.distinct()))
        .join(a.annotator_id.table, ANNOTATORS.c.id == a.annotator_id)
        .join(JOURNAL, JOURNAL.c.id == a.journal_id)
        .where(a.aspect.in_([Aspect.LABEL, Aspect.ANSWER_CLASS]), IN_FORCE)
        .where(a.prompt_id.in_(select(S.prompt_id).where(*others)))
        .group_by(ANNOTATORS.c.name)
        .order_by(ANNOTATORS.c.name)
    )
    return _pairs(db, decided)


def _checked(aspect: Aspect) -> _Count:
    def count(db: Connection, others: Sequence[ColumnElement[bool]]) -> Counts:
        checked = checks.standing(db)
        there = db.execute(select(S.prompt_id).where(*others)).scalars() if checked else ()
        return checks.counts(checked, aspect, there)

    return count


def _marks(db: Connection, others: Sequence[ColumnElement[bool]]) -> Counts:
    return _present(db, others, marks())


def _judges(db: Connection, others: Sequence[ColumnElement[bool]]) -> Counts:
    return _present(db, others, {DIFFER: S.judges_differ > 0, CONTRADICTED: S.person_differs > 0})


def _present(db: Connection, others: Sequence[ColumnElement[bool]], marks: dict[str, ColumnElement[bool]]) -> Counts:
    found = {}
    for name, mark in marks.items():
        number = db.execute(select(func.count()).select_from(PROMPT_STATES).where(mark, *others)).scalar_one()
        if number:
            found[name] = int(number)
    return found


def _sources(db: Connection, others: Sequence[ColumnElement[bool]]) -> Counts:
    statement = select(SOURCES.c.name, func.count()).join(PROMPTS, PROMPTS.c.source_id == SOURCES.c.id)
    return _pairs(db, _of_prompts(statement, others).group_by(SOURCES.c.name).order_by(SOURCES.c.name))


def _origins(db: Connection, others: Sequence[ColumnElement[bool]]) -> Counts:
    return _pairs(db, _of_prompts(select(PROMPTS.c.origin, func.count()), others).group_by(PROMPTS.c.origin))


def _of_prompts(statement: Select[Any], others: Sequence[ColumnElement[bool]]) -> Select[Any]:
    return statement.join(PROMPT_STATES, S.prompt_id == PROMPTS.c.id).where(*others)


def _subsets(db: Connection, others: Sequence[ColumnElement[bool]]) -> Counts:
    p = SUBSET_PROMPTS.c
    statement = select(SUBSETS.c.name, func.count()).join(SUBSET_PROMPTS, p.subset_id == SUBSETS.c.id)
    statement = statement.join(PROMPT_STATES, S.prompt_id == p.prompt_id).where(*others)
    return _pairs(db, statement.group_by(SUBSETS.c.name).order_by(SUBSETS.c.name))


def _batches(db: Connection, others: Sequence[ColumnElement[bool]]) -> Counts:
    item = BATCH_ITEMS.c
    statement = select(item.batch_id, func.count(item.prompt_id.distinct())).where(item.state == ItemState.DONE)
    statement = statement.join(PROMPT_STATES, S.prompt_id == item.prompt_id).where(*others)
    return _pairs(db, statement.group_by(item.batch_id).order_by(item.batch_id.desc()))


def _samples(db: Connection, others: Sequence[ColumnElement[bool]]) -> Counts:
    queued = select(S.prompt_id).where(*others)
    names = db.execute(select(AUDIT_SAMPLES.c.name).order_by(AUDIT_SAMPLES.c.id)).scalars()
    drawn = {name: in_sample(name).where(AUDIT_PROMPTS.c.prompt_id.in_(queued)) for name in names}
    counted = {name: select(func.count()).select_from(ids.subquery()) for name, ids in drawn.items()}
    found = {name: int(db.execute(count).scalar_one()) for name, count in counted.items()}
    return {name: number for name, number in found.items() if number}


def _teams(db: Connection, others: Sequence[ColumnElement[bool]]) -> Counts:
    p = TEAM_PROMPTS.c
    statement = select(TEAM_QUEUES.c.name, func.count()).join(TEAM_PROMPTS, p.queue_id == TEAM_QUEUES.c.id)
    statement = statement.join(PROMPT_STATES, S.prompt_id == p.prompt_id).where(*others, ~p.training)
    return _pairs(db, statement.group_by(TEAM_QUEUES.c.name).order_by(TEAM_QUEUES.c.name))


def _pairs(db: Connection, statement: Select[Any]) -> Counts:
    return {str(name): int(number) for name, number in db.execute(statement)}


_COUNTED: dict[Field, _Count] = {
    Field.STATUS: _by_state("status"),
    Field.CATEGORY: _by_state("category"),
    Field.CONSENSUS: _by_state("consensus", Agreement.OPEN),
    Field.LABEL: _by_state("final_label"),
    Field.BASIS: _by_state("basis"),
    Field.VETO: _by_state("veto"),
    Field.VOTES: _votes,
    Field.VOTED: _voted,
    Field.REFUSED: _refused,
    Field.FAMILIES: _at_least("refusing_families"),
    Field.CLASS: _classes,
    Field.JUDGES: _judges,
    Field.BY: _by,
    Field.APPROVED: _checked(Aspect.APPROVED),
    Field.RETURNED: _checked(Aspect.RETURNED),
    Field.MARK: _marks,
    Field.SOURCE: _sources,
    Field.ORIGIN: _origins,
    Field.SUBSET: _subsets,
    Field.BATCH: _batches,
    Field.SAMPLE: _samples,
    Field.TEAM: _teams,
}
