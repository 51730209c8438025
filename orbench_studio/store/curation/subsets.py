"""Curated subsets in the database."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select

from orbench_studio.domain.core.prompt import text_identity
from orbench_studio.domain.curation.subset import Subset, SubsetState, SubsetSummary
from orbench_studio.store.core.bulk_insert import add, inserted, rows_of
from orbench_studio.store.core.curation_tables import SUBSET_FALLS
from orbench_studio.store.core.tables import (
    ANNOTATIONS,
    JOURNAL,
    JUDGEMENTS,
    PROMPT_STATES,
    PROMPTS,
    RESPONSES,
    SUBSET_PROMPTS,
    SUBSETS,
    VOTES,
)

_COUNTED = {
    "prompts": PROMPTS,
    "votes": VOTES,
    "responses": RESPONSES,
    "judgements": JUDGEMENTS,
    "annotations": ANNOTATIONS,
}


def names(db: Connection) -> list[str]:
    return [str(name) for name in db.execute(select(SUBSETS.c.name).order_by(SUBSETS.c.name)).scalars()]


def listed(db: Connection) -> list[SubsetSummary]:
    """List the subsets, newest first."""
    s, p = SUBSETS.c, SUBSET_PROMPTS.c
    size = select(func.count()).where(p.subset_id == s.id).scalar_subquery()
    rows = db.execute(select(s.name, size, s.created_at).order_by(s.created_at.desc(), s.name))
    return [SubsetSummary(*row) for row in rows]


def prompts(db: Connection, name: str) -> list[int] | None:
    """Read the prompt ids of a subset, in order; None if there is no such subset."""
    row = _row(db, name)
    if row is None:
        return None
    s = SUBSET_PROMPTS.c
    statement = select(s.prompt_id).where(s.subset_id == row.id).order_by(s.position)
    return [int(prompt_id) for prompt_id in db.execute(statement).scalars()]


def load(db: Connection, name: str) -> Subset | None:
    """Read a subset; None if there is no such subset."""
    row = _row(db, name)
    if row is None:
        return None
    placed = prompts(db, name) or []
    return Subset(row.name, row.recipe, row.created_at, tuple(placed), SubsetState.from_json(row.state))


def save(db: Connection, subset: Subset, removed_at: Mapping[int, int]) -> None:
    """Save a subset with the steps that removed the other prompts; replaces a subset with the same name."""
    remove(db, subset.name)
    state = subset.state.to_json() if subset.state else "{}"
    row = {"name": subset.name, "recipe": subset.recipe, "created_at": subset.created_at, "state": state}
    subset_id = inserted(db, SUBSETS, row)
    placed = enumerate(subset.prompt_ids, 1)
    add(db, SUBSET_PROMPTS, [{"subset_id": subset_id, "position": at, "prompt_id": of} for at, of in placed])
    falls = [{"subset_id": subset_id, "prompt_id": of, "step": at} for of, at in sorted(removed_at.items())]
    add(db, SUBSET_FALLS, falls)


def remove(db: Connection, name: str) -> None:
    """Delete a subset; its prompts are kept."""
    row = _row(db, name)
    if row is not None:
        for table in (SUBSET_FALLS, SUBSET_PROMPTS):
            db.execute(delete(table).where(table.c.subset_id == row.id))
        db.execute(delete(SUBSETS).where(SUBSETS.c.id == row.id))


def removal_steps(db: Connection, name: str, prompt_ids: Sequence[int]) -> dict[int, int]:
    """Find the funnel steps that removed these prompts; prompts without a stored step are left out."""
    f = SUBSET_FALLS.c
    subset_id = select(SUBSETS.c.id).where(SUBSETS.c.name == name).scalar_subquery()
    steps = select(f.prompt_id, f.step).where(f.subset_id == subset_id)
    return {row.prompt_id: row.step for row in rows_of(db, steps, f.prompt_id, prompt_ids)}


def workspace_counts(db: Connection) -> dict[str, int]:
    """Count the rows that a subset can depend on, by kind."""
    return {name: int(db.execute(select(func.count()).select_from(t)).scalar_one()) for name, t in _COUNTED.items()}


def journal_length(db: Connection) -> int:
    return int(db.execute(select(func.count()).select_from(JOURNAL)).scalar_one())


def texts_and_categories(db: Connection, prompt_ids: Sequence[int]) -> dict[int, tuple[str, str | None]]:
    p, s = PROMPTS.c, PROMPT_STATES.c
    statement = select(p.id, p.text, s.category).join(PROMPT_STATES, s.prompt_id == p.id)
    return {row.id: (row.text, row.category) for row in rows_of(db, statement, p.id, prompt_ids)}


def content_hash(db: Connection, prompt_ids: Sequence[int]) -> str:
    """Compute the SHA-256 of the prompts' texts and categories, in this order."""
    known = texts_and_categories(db, prompt_ids)
    digest = sha256()
    for prompt_id in prompt_ids:
        text, category = known[prompt_id]
        digest.update(text_identity(text, category or ""))
    return digest.hexdigest()


def _row(db: Connection, name: str) -> Row[Any] | None:
    return db.execute(select(SUBSETS).where(SUBSETS.c.name == name)).first()
