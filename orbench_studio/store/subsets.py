"""Curated subsets, by name."""

from sqlalchemy import Connection, select

from orbench_studio.store.tables import SUBSET_PROMPTS, SUBSETS


def names(db: Connection) -> list[str]:
    """The names of all subsets."""
    return [str(name) for name in db.execute(select(SUBSETS.c.name).order_by(SUBSETS.c.name)).scalars()]


def prompts(db: Connection, name: str) -> list[int] | None:
    """The prompts of a subset, in its order; None where there is no such subset."""
    subset_id = db.execute(select(SUBSETS.c.id).where(SUBSETS.c.name == name)).scalar()
    if subset_id is None:
        return None
    s = SUBSET_PROMPTS.c
    statement = select(s.prompt_id).where(s.subset_id == subset_id).order_by(s.position)
    return [int(prompt_id) for prompt_id in db.execute(statement).scalars()]
