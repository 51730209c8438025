"""The conditions of the query language, in SQL."""

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, literal_column, not_, or_, select

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.core.moderation import Verdict
from orbench_studio.domain.evaluation.states import ItemState
from orbench_studio.domain.review.query import (
    CONTRADICTED,
    DIFFER,
    DUPLICATES,
    FLAG,
    NONE,
    NOTE,
    SEED,
    SPLIT,
    UNANIMOUS,
    UNREAD,
    count_of,
)
from orbench_studio.domain.review.queue import Agreement, Field, Term
from orbench_studio.store.core import text_search
from orbench_studio.store.core.batch_tables import BATCH_ITEMS
from orbench_studio.store.core.bulk_insert import in_list
from orbench_studio.store.core.curation_tables import NEAR_DUPLICATES
from orbench_studio.store.core.generation_tables import GENERATED_TEXTS
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
from orbench_studio.store.core.text_search import Search
from orbench_studio.store.review import checks
from orbench_studio.store.review.hidden_decisions import BLIND_PROMPTS
from orbench_studio.store.review.journal import IN_FORCE
from orbench_studio.store.review.prompt_lists import in_sample, in_team_queue

_COMPARE: dict[str, Callable[[Any, int], ColumnElement[bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}
S = PROMPT_STATES.c


def conditions(db: Connection, terms: Sequence[Term]) -> list[ColumnElement[bool]]:
    """One SQL condition on prompt states per term."""
    searches: dict[Field, Callable[[Connection], Search]] = {
        Field.TEXT: text_search.in_prompts,
        Field.RESPONSE: text_search.in_responses,
        Field.APPROVED: partial(_checked, Aspect.APPROVED),
        Field.RETURNED: partial(_checked, Aspect.RETURNED),
    }
    asked = {field: search(db) for field, search in searches.items() if any(term.field is field for term in terms)}
    return [_condition(term, _FIELDS | asked) for term in terms]


def _condition(term: Term, fields: Mapping[Field, Search]) -> ColumnElement[bool]:
    one_of = _ids(term.values) if term.field is Field.ID else or_(*(fields[term.field](value) for value in term.values))
    return not_(one_of) if term.negated else one_of


def _equals(name: str, nothing: str = NONE) -> Callable[[str], ColumnElement[bool]]:
    kept = S[name]
    return lambda value: kept.is_(None) if value == nothing else and_(kept.is_not(None), kept == value)


def _counted(kept: ColumnElement[Any], value: str) -> ColumnElement[bool]:
    compared = count_of(value)
    assert compared is not None  # the parser accepts nothing else
    return _COMPARE[compared[0]](kept, compared[1])


def _refused(value: str) -> ColumnElement[bool]:
    """By a number of models, or by a model of this name."""
    if count_of(value):
        return _counted(S.refusing_models, value)
    r = RESPONSE_STATES.c
    model = select(MODELS.c.id).where(MODELS.c.name == value).scalar_subquery()
    # SQLite uses the partial index only if the condition is written exactly like the one of the index.
    return S.prompt_id.in_(select(r.prompt_id).where(r.model_id == model, literal_column(REFUSES.text)))


def _class(value: str) -> ColumnElement[bool]:
    """With a response of this final class, or with one that is not judged."""
    r = RESPONSE_STATES.c
    of = r.answer_class.is_(None) if value == NONE else r.answer_class == value
    return exists().where(r.prompt_id == S.prompt_id, of)


def _votes(value: str) -> ColumnElement[bool]:
    if value == SPLIT:
        return S.disagreement.is_(True)
    if value == UNANIMOUS:
        return and_(S.disagreement.is_(False), or_(S.votes.contains("S"), S.votes.contains("T")))
    if value == NONE:
        return S.votes == ""
    if value == UNREAD:
        return S.votes.contains("?")
    safe, _, toxic = value.partition("-")
    return and_(_letters("S") == int(safe), _letters("T") == int(toxic))


def _letters(letter: str) -> ColumnElement[int]:
    return func.length(S.votes) - func.length(func.replace(S.votes, letter, ""))


def _voted(value: str) -> ColumnElement[bool]:
    name, _, verdict = value.rpartition("=")
    v = VOTES.c
    moderator = select(MODELS.c.id).where(MODELS.c.name == name).scalar_subquery()
    cast = select(v.prompt_id).where(v.moderator_id == moderator, v.verdict == verdict, *counting_vote())
    return S.prompt_id.in_(cast)


def counting_vote() -> tuple[ColumnElement[bool], ...]:
    """The vote of a moderator that counts: the latest that was parsed, else the latest."""
    v, other = VOTES.c, VOTES.alias("other")
    o, unread = other.c, Verdict.UNPARSED
    later = or_(
        and_(v.verdict == unread, o.verdict != unread),
        and_((v.verdict == unread) == (o.verdict == unread), o.id > v.id),
    )
    same = (o.prompt_id == v.prompt_id, o.moderator_id == v.moderator_id, o.response_id.is_(None))
    return v.response_id.is_(None), ~exists().where(*same, later)


def _by(value: str) -> ColumnElement[bool]:
    a = ANNOTATIONS.c
    theirs = (
        select(a.prompt_id)
        .join(JOURNAL, JOURNAL.c.id == a.journal_id)
        .join(ANNOTATORS, ANNOTATORS.c.id == a.annotator_id)
        .where(ANNOTATORS.c.name == value, a.aspect.in_([Aspect.LABEL, Aspect.ANSWER_CLASS]), IN_FORCE)
    )
    return S.prompt_id.in_(theirs)


def _checked(aspect: Aspect, db: Connection) -> Search:
    checked = checks.standing(db)
    return lambda value: in_list(S.prompt_id, checked.get((aspect, value), ()))


def _mark(value: str) -> ColumnElement[bool]:
    return marks()[value]


def marks() -> dict[str, ColumnElement[bool]]:
    """The marks that a prompt can have, by their names in the query language."""
    duplicates = S.prompt_id.in_(select(NEAR_DUPLICATES.c.prompt_id))
    return {FLAG: S.flagged.is_(True), NOTE: S.noted.is_(True), SEED: _seeded(), DUPLICATES: duplicates}


def _seeded() -> ColumnElement[bool]:
    return S.prompt_id.in_(select(PROMPTS.c.id).where(PROMPTS.c.seed_id.is_not(None)))


def _judges(value: str) -> ColumnElement[bool]:
    return {DIFFER: S.judges_differ > 0, CONTRADICTED: S.person_differs > 0}[value]


def _source(value: str) -> ColumnElement[bool]:
    named = select(SOURCES.c.id).where(SOURCES.c.name == value)
    return S.prompt_id.in_(select(PROMPTS.c.id).where(PROMPTS.c.source_id.in_(named)))


def _subset(value: str) -> ColumnElement[bool]:
    named = select(SUBSETS.c.id).where(SUBSETS.c.name == value).scalar_subquery()
    return S.prompt_id.in_(select(SUBSET_PROMPTS.c.prompt_id).where(SUBSET_PROMPTS.c.subset_id == named))


def _batch(value: str) -> ColumnElement[bool]:
    """A batch, or one of its models, has a response to it, judged one, or generated it."""
    number, _, name = value.partition("=")
    item = BATCH_ITEMS.c
    here = [item.batch_id == int(number), item.state == ItemState.DONE]
    if name:
        here.append(item.model_id == select(MODELS.c.id).where(MODELS.c.name == name).scalar_subquery())
    answered = select(item.prompt_id).where(item.prompt_id.is_not(None), *here)
    text = GENERATED_TEXTS.c
    written = select(text.prompt_id).join(BATCH_ITEMS, item.id == text.item_id)
    written = written.where(text.prompt_id.is_not(None), text.text.is_(None), *here)
    return S.prompt_id.in_(answered.union(written))


def _group(value: str) -> ColumnElement[bool]:
    of = NEAR_DUPLICATES.c
    return S.prompt_id.in_(select(of.prompt_id).where(of.group_id == int(value)))


def _seed(value: str) -> ColumnElement[bool]:
    return S.prompt_id.in_(select(PROMPTS.c.id).where(PROMPTS.c.seed_id == int(value)))


def _ids(values: Sequence[str]) -> ColumnElement[bool]:
    """Single ids in one list: thousands of OR conditions exceed the database's expression depth."""
    alone = [int(value) for value in values if value.isdecimal()]
    ranges = (value.partition("-") for value in values if not value.isdecimal())
    return or_(S.prompt_id.in_(alone), *(S.prompt_id.between(int(first), int(last)) for first, _, last in ranges))


def _note(value: str) -> ColumnElement[bool]:
    a = ANNOTATIONS.c
    notes = select(a.prompt_id).join(JOURNAL, JOURNAL.c.id == a.journal_id).where(a.aspect == Aspect.NOTE, IN_FORCE)
    found = notes.where(a.value.icontains(value, autoescape=True))
    return and_(S.noted.is_(True), S.prompt_id.in_(found), S.prompt_id.not_in(BLIND_PROMPTS))


_FIELDS: dict[Field, Search] = {
    Field.STATUS: lambda value: S.status == value,
    Field.CATEGORY: _equals("category"),
    Field.CONSENSUS: _equals("consensus", Agreement.OPEN),
    Field.LABEL: _equals("final_label"),
    Field.BASIS: lambda value: S.basis == value,
    Field.VOTES: _votes,
    Field.VOTED: _voted,
    Field.VETO: lambda value: S.veto == value,
    Field.REFUSED: _refused,
    Field.FAMILIES: lambda value: _counted(S.refusing_families, value),
    Field.CLASS: _class,
    Field.JUDGES: _judges,
    Field.BY: _by,
    Field.MARK: _mark,
    Field.SOURCE: _source,
    Field.ORIGIN: lambda value: S.prompt_id.in_(select(PROMPTS.c.id).where(PROMPTS.c.origin == value)),
    Field.SUBSET: _subset,
    Field.BATCH: _batch,
    Field.SAMPLE: lambda value: S.prompt_id.in_(in_sample(value)),
    Field.TEAM: lambda value: S.prompt_id.in_(in_team_queue(value)),
    Field.GROUP: _group,
    Field.SEED: _seed,
    Field.NOTE: _note,
}
