"""Read and write the trainings of the local judge, and the decisions that it learns from."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, Select, func, select, update

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.core.judgement import ANSWERS, JudgeKind
from orbench_studio.domain.judging.training import Training
from orbench_studio.store.core import clock
from orbench_studio.store.core.bulk_insert import inserted
from orbench_studio.store.core.tables import ANNOTATIONS, JOURNAL, JUDGEMENTS, JUDGES, RESPONSE_STATES, TRAININGS
from orbench_studio.store.judging.judgements import BY_PEOPLE
from orbench_studio.store.review.journal import not_undone

_T = TRAININGS.c


class ChangingTrainings(NamedTuple):
    """The first and the last of `trainings` that changed final answer classes, and how many they changed."""

    first: int
    last: int
    trainings: int
    changed: int


def latest(db: Connection, before: int | None = None) -> Training | None:
    """The latest training, or the latest before the training `before`."""
    earlier = [] if before is None else [_T.id < before]
    row = db.execute(select(TRAININGS).where(*earlier).order_by(_T.id.desc()).limit(1)).first()
    return None if row is None else _training(*row)


def changing(db: Connection, after: int) -> ChangingTrainings | None:
    """The trainings after this one that changed final answer classes."""
    totals = select(func.min(_T.id), func.max(_T.id), func.count(), func.sum(_T.changed))
    first, last, count, changed = db.execute(totals.where(_T.id > after, _T.changed > 0)).one()
    return ChangingTrainings(first, last, count, int(changed)) if count else None


def add(db: Connection, labels: int, decisions: Iterable[int], *, automatic: bool) -> int:
    """Store the beginning of a run; returns its id."""
    row = {
        "started_at": datetime.fromtimestamp(clock.now(db), UTC),
        "automatic": automatic,
        "labels": labels,
        "decisions": json.dumps(sorted(decisions)),
        "changed": 0,
        "finished": False,
    }
    return inserted(db, TRAININGS, row)


def advance(db: Connection, training: int, changed: int, *, finished: bool = False) -> None:
    """Store how many more responses changed class, and whether the run is finished."""
    row = {"changed": _T.changed + changed, "finished": finished}
    db.execute(update(TRAININGS).where(_T.id == training).values(row))


def decisions(db: Connection) -> frozenset[int]:
    """The decisions in the studio that a training would learn from now, without imported ones."""
    annotations, journal = ANNOTATIONS.alias(), JOURNAL.alias()  # BY_PEOPLE reads both tables
    a = annotations.c
    statement = (
        select(a.id)
        .join(journal, journal.c.id == a.journal_id)
        .join(RESPONSE_STATES, RESPONSE_STATES.c.response_id == a.response_id)
        .where(a.aspect == Aspect.ANSWER_CLASS, a.source_id.is_(None), not_undone(journal))
        .where(BY_PEOPLE, RESPONSE_STATES.c.answer_class.in_(list(ANSWERS)))
    )
    return frozenset(db.execute(statement).scalars())


def has_judged(db: Connection) -> bool:
    """Whether a local judge has judged, in this version of the studio or an older one that stored no trainings."""
    found: Select[tuple[int]] = select(JUDGEMENTS.c.id).join(JUDGES, JUDGES.c.id == JUDGEMENTS.c.judge_id)
    return db.execute(found.where(JUDGES.c.kind == str(JudgeKind.LOCAL)).limit(1)).first() is not None


def _training(
    number: int, at: datetime, automatic: bool, labels: int, decided: str, changed: int, finished: bool
) -> Training:
    return Training(number, at, automatic, labels, frozenset(json.loads(decided)), changed, finished)
