"""Read and write the licences of judges, and what the judgements of a judge were made with."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from orbench_studio.domain.core.judgement import JudgeKind
from orbench_studio.domain.judging.licence import Licence
from orbench_studio.domain.review.timeline import EntryKind
from orbench_studio.store.core.bulk_insert import id_of, inserted
from orbench_studio.store.core.tables import ANNOTATORS, JOURNAL, JUDGEMENTS, JUDGES, LICENCES
from orbench_studio.store.core.unit_of_work import lock_annotator
from orbench_studio.store.review import journal

_L, _J = LICENCES.c, JUDGEMENTS.c


class StoredLicence(NamedTuple):
    """A licence with its time and the person who opened the sealed split for it."""

    licence: Licence
    at: datetime
    by: str


class LatestJudgement(NamedTuple):
    """What the latest judgement of a judge was made with."""

    template_hash: str | None
    raw: str | None


def annotators(db: Connection, response_ids: Sequence[int]) -> tuple[str, ...]:
    """The people who gave the responses their answer classes."""
    found = journal.on_responses(db, response_ids)
    return tuple(sorted({one.annotator for of in found.values() for one in of}))


def openings(db: Connection, judge: str, kind: JudgeKind) -> int:
    """How often the sealed split was opened for this judge."""
    statement = select(func.count(_L.id)).join(JUDGES, JUDGES.c.id == _L.judge_id)
    return int(db.execute(statement.where(JUDGES.c.name == judge, JUDGES.c.kind == str(kind))).scalar_one())


def add(db: Connection, licence: Licence, annotator: str, summary: str) -> None:
    """Store a licence with an entry of the journal."""
    by = lock_annotator(db, annotator)
    entry = journal.append(db, EntryKind.LICENCE, by, journal.moment(db, by), summary)
    judge_id = id_of(db, JUDGES, {"name": licence.judge, "kind": str(licence.kind)})
    inserted(db, LICENCES, {"journal_id": entry, "judge_id": judge_id, "result": licence.to_text()})


def latest(db: Connection) -> dict[tuple[str, JudgeKind], StoredLicence]:
    statement = (
        select(_L.result, JOURNAL.c.at, ANNOTATORS.c.name)
        .join(JOURNAL, JOURNAL.c.id == _L.journal_id)
        .join(ANNOTATORS, ANNOTATORS.c.id == JOURNAL.c.annotator_id)
        .order_by(_L.id)
    )
    found = [StoredLicence(Licence.from_text(result), at, by) for result, at, by in db.execute(statement)]
    return {(one.licence.judge, one.licence.kind): one for one in found}


def latest_judgements(db: Connection) -> dict[tuple[str, JudgeKind], LatestJudgement]:
    last = select(func.max(_J.id)).where(_J.judge_id == JUDGES.c.id).correlate(JUDGES).scalar_subquery()
    columns = (JUDGES.c.name, JUDGES.c.kind, _J.template_hash, _J.raw)
    statement = select(*columns).select_from(JUDGES).join(JUDGEMENTS, _J.id == last)
    return {(name, JudgeKind(kind)): LatestJudgement(used, raw) for name, kind, used, raw in db.execute(statement)}
