"""Audit samples in the database."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, delete, insert, select, update

from orbench_studio.domain.audit.sample import AuditSample, SamplePlace, Stratum
from orbench_studio.store.core.bulk_insert import add, inserted
from orbench_studio.store.core.sample_tables import AUDIT_PROMPTS, AUDIT_SAMPLES, AUDIT_STRATA
from orbench_studio.store.core.tables import PROMPT_STATES
from orbench_studio.store.review.prompt_lists import in_sample, sample_id

A, P, S = AUDIT_SAMPLES.c, AUDIT_PROMPTS.c, AUDIT_STRATA.c


def all_samples(db: Connection) -> list[AuditSample]:
    """Return all samples, oldest first."""
    strata: dict[int, list[Stratum]] = defaultdict(list)
    for row in db.execute(select(AUDIT_STRATA).order_by(S.sample_id, S.stratum)):
        strata[row.sample_id].append(Stratum(row.stratum, row.size, row.drawn))
    rows = db.execute(select(AUDIT_SAMPLES).order_by(A.id))
    return [AuditSample(row.name, row.seed, row.query, row.created_at, tuple(strata[row.id])) for row in rows]


def named(db: Connection, name: str) -> AuditSample | None:
    """Return the sample of this name, or None."""
    return next((sample for sample in all_samples(db) if sample.name == name), None)


def save(db: Connection, sample: AuditSample, places: Sequence[SamplePlace]) -> None:
    """Store a new sample and the random positions of its population."""
    row = {"name": sample.name, "seed": sample.seed, "query": sample.query, "created_at": sample.created_at}
    new_id = inserted(db, AUDIT_SAMPLES, row)
    strata = [{"sample_id": new_id, "stratum": s.category, "size": s.size, "drawn": s.drawn} for s in sample.strata]
    db.execute(insert(AUDIT_STRATA), strata)
    rows = [
        {"sample_id": new_id, "prompt_id": p.prompt_id, "stratum": p.category, "place": p.place, "number": p.number}
        for p in places
    ]
    add(db, AUDIT_PROMPTS, rows)


def set_drawn(db: Connection, name: str, drawn: Mapping[str, int]) -> None:
    """Set the number of drawn prompts of each category."""
    for category, count in drawn.items():
        stratum = (S.sample_id == sample_id(name), S.stratum == category)
        db.execute(update(AUDIT_STRATA).where(*stratum).values(drawn=count))


def remove(db: Connection, name: str) -> None:
    """Delete a sample and keep its labels."""
    number = db.execute(select(A.id).where(A.name == name)).scalar()
    for table in (AUDIT_PROMPTS, AUDIT_STRATA):
        db.execute(delete(table).where(table.c.sample_id == number))
    db.execute(delete(AUDIT_SAMPLES).where(A.id == number))


def places(db: Connection, name: str) -> list[SamplePlace]:
    """Return the population of a sample in random order."""
    statement = select(P.prompt_id, P.stratum, P.place, P.number).where(P.sample_id == sample_id(name))
    return [SamplePlace(*row) for row in db.execute(statement.order_by(P.number))]


def statuses(db: Connection, name: str) -> dict[int, str]:
    """Return the review status of the prompts in a sample."""
    state = PROMPT_STATES.c
    rows = db.execute(select(state.prompt_id, state.status).where(state.prompt_id.in_(in_sample(name))))
    return {row.prompt_id: row.status for row in rows}
