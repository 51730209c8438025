"""Repeated decisions in the journal: prompts shown again, and decisions before and after a reveal."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, case, exists, func, or_, select

from orbench_studio.domain.core.annotation import Annotation, Aspect, Visible
from orbench_studio.domain.review.timeline import EntryKind
from orbench_studio.store.core.bulk_insert import rows_of
from orbench_studio.store.core.tables import ANNOTATIONS, ANNOTATORS, JOURNAL, PROMPT_STATES
from orbench_studio.store.review import journal
from orbench_studio.store.review.journal import IN_FORCE, IN_ORDER, NEWEST_FIRST
from orbench_studio.store.review.seen import SAW_MORE

_AT = ANNOTATIONS.c


class Labelled(NamedTuple):
    """A prompt with the time of its annotator's last current label, and the guidelines that were current then."""

    prompt_id: int
    at: datetime
    guideline: int | None


def last_recheck(db: Connection, annotator: int) -> int:
    """The entry of the annotator's last decision on a prompt shown again, undone or not; 0 where there is none."""
    statement = _own(JOURNAL.c.id, annotator, Aspect.RECHECK).order_by(JOURNAL.c.id.desc()).limit(1)
    return int(db.execute(statement).scalar() or 0)


def labels_since(db: Connection, annotator: int, entry: int) -> int:
    """How many prompts the annotator has labelled after an entry, one by one, undone ones too."""
    return int(
        db.execute(
            _own(func.count(_AT.prompt_id.distinct()), annotator, Aspect.LABEL).where(JOURNAL.c.id > entry)
        ).scalar_one()
    )


def labelled(db: Connection, annotator: int) -> list[Labelled]:
    """The prompts that the annotator has labelled in the studio one by one, by their last label; in their order."""
    statement = _own(_AT.prompt_id, annotator, Aspect.LABEL).add_columns(JOURNAL.c.at, JOURNAL.c.guideline_id)
    last: dict[int, Labelled] = {}
    for row in db.execute(statement.where(IN_FORCE).order_by(*IN_ORDER, _AT.id)):
        last.pop(row[0], None)
        last[row[0]] = Labelled(*row)
    return list(last.values())


def rechecked_since(db: Connection, annotator: int, moment: datetime) -> set[int]:
    """The prompts that the annotator was shown again since then and decided, undone or not."""
    statement = _own(_AT.prompt_id, annotator, Aspect.RECHECK).where(JOURNAL.c.at >= moment)
    return set(db.execute(statement).scalars())


def rechecked_under(db: Connection, annotator: int, guideline: int) -> int:
    """How many prompts the annotator was shown again and decided under these guidelines, undone or not."""
    count = _own(func.count(_AT.prompt_id.distinct()), annotator, Aspect.RECHECK)
    return int(db.execute(count.where(JOURNAL.c.guideline_id == guideline)).scalar_one())


def on_rechecked(db: Connection) -> dict[int, list[Annotation]]:
    """The current decisions about every prompt that was shown again and labelled, with their guidelines, by prompt."""
    ids = sorted(db.execute(select(_AT.prompt_id).where(_AT.aspect == Aspect.RECHECK).distinct()).scalars())
    statement = select(_AT.id, JOURNAL.c.guideline_id).join(JOURNAL, JOURNAL.c.id == _AT.journal_id)
    under = {row.id: row.guideline_id for row in rows_of(db, statement, _AT.prompt_id, ids)}
    return {
        prompt_id: [replace(one, guideline=under[one.id]) for one in decided]
        for prompt_id, decided in journal.of_prompts(db, ids).items()
    }


def decided_twice(db: Connection, aspect: Aspect) -> dict[tuple[int, int | None, str], list[Annotation]]:
    """Current decisions of an aspect, by prompt, response and annotator: those made more than once or before a reveal.

    Bulk decisions are excluded.
    """
    thing = (_AT.prompt_id, _AT.response_id, _AT.annotator_id)
    twice = (
        select(_AT.prompt_id)
        .join(JOURNAL, JOURNAL.c.id == _AT.journal_id)
        .where(_AT.aspect == aspect, JOURNAL.c.kind == EntryKind.DECISION)
        .group_by(*thing)
        .having(or_(func.count() > 1, func.max(case((_AT.visible.contains(Visible.REVEAL), 1), else_=0)) == 1))
    )
    found: dict[tuple[int, int | None, str], list[Annotation]] = defaultdict(list)
    prompt_ids = sorted(set(db.execute(twice).scalars()))
    in_bulk = _in_bulk(db, prompt_ids)
    for prompt_id, decided in journal.of_prompts(db, prompt_ids).items():
        for annotation in decided:
            if annotation.aspect is aspect and annotation.id not in in_bulk:
                found[prompt_id, annotation.response_id, annotation.annotator].append(annotation)
    return found


def first_seen(db: Connection, prompt_ids: Sequence[int]) -> dict[tuple[int, str], tuple[int, datetime]]:
    """Counter and time of the first decision of each annotator that saw more than a prompt's texts, undone or not."""
    statement = (
        select(_AT.prompt_id, ANNOTATORS.c.name, JOURNAL.c.counter, JOURNAL.c.at)
        .join(JOURNAL, JOURNAL.c.id == _AT.journal_id)
        .join(ANNOTATORS, ANNOTATORS.c.id == _AT.annotator_id)
        .where(JOURNAL.c.kind.in_(journal.DECIDING), SAW_MORE)
        .order_by(*NEWEST_FIRST)
    )
    rows = rows_of(db, statement, _AT.prompt_id, prompt_ids)
    return {(of, who): (counter, at) for of, who, counter, at in rows}


def consensus(db: Connection, prompt_ids: Sequence[int]) -> dict[int, str | None]:
    s = PROMPT_STATES.c
    return {
        row.prompt_id: row.consensus for row in rows_of(db, select(s.prompt_id, s.consensus), s.prompt_id, prompt_ids)
    }


def _in_bulk(db: Connection, prompt_ids: Sequence[int]) -> set[int]:
    """The annotations about these prompts that belong to bulk decisions."""
    return {row.id for row in rows_of(db, select(_AT.id).where(~_alone()), _AT.prompt_id, prompt_ids)}


def _alone() -> ColumnElement[bool]:
    """Whether the annotation's entry is about one prompt only, which was looked at."""
    other = ANNOTATIONS.alias("other")
    return ~exists().where(other.c.journal_id == _AT.journal_id, other.c.prompt_id != _AT.prompt_id)


def _own(column: Any, annotator: int, aspect: Aspect) -> Select[Any]:
    joined = select(column).select_from(JOURNAL).join(ANNOTATIONS, _AT.journal_id == JOURNAL.c.id)
    mine = (JOURNAL.c.annotator_id == annotator, JOURNAL.c.kind == EntryKind.DECISION, _AT.aspect == aspect)
    return joined.where(*mine, _alone())
