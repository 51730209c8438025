"""Groups of near duplicates in the database."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from orbench_studio.domain.core.annotation import Label
from orbench_studio.domain.curation.near_duplicates import Grouping, Member
from orbench_studio.store.core.bulk_insert import add
from orbench_studio.store.core.curation_tables import GROUPINGS, NEAR_DUPLICATES
from orbench_studio.store.core.tables import PROMPT_STATES, PROMPTS

_N = NEAR_DUPLICATES.c


def texts(db: Connection, after: int = 0) -> list[tuple[int, str]]:
    """Read the prompts with an id above `after` with their texts, by id."""
    rows = db.execute(select(PROMPTS.c.id, PROMPTS.c.text).where(PROMPTS.c.id > after).order_by(PROMPTS.c.id))
    return [(int(prompt_id), str(text)) for prompt_id, text in rows]


def labelled(db: Connection, label: Label) -> list[tuple[int, str, str | None]]:
    """Read the prompts with this final label, with texts and categories, by id."""
    s = PROMPT_STATES.c
    found = select(PROMPTS.c.id, PROMPTS.c.text, s.category).join(PROMPT_STATES, s.prompt_id == PROMPTS.c.id)
    rows = db.execute(found.where(s.final_label == label).order_by(PROMPTS.c.id))
    return [(row.id, row.text, row.category) for row in rows]


def replace(
    db: Connection, members: Mapping[int, Member], *, method: str, threshold: float, compared: int, at: datetime
) -> None:
    db.execute(delete(NEAR_DUPLICATES))
    db.execute(delete(GROUPINGS))
    db.execute(insert(GROUPINGS).values(method=method, threshold=threshold, prompts=compared, created_at=at))
    rows = [
        {"prompt_id": prompt_id, "group_id": of.group_id, "similarity": round(of.similarity, 4)}
        for prompt_id, of in sorted(members.items())
    ]
    add(db, NEAR_DUPLICATES, rows)


def grouping(db: Connection) -> Grouping | None:
    """Read the last search; None if there was none."""
    row = db.execute(select(GROUPINGS)).first()
    if row is None:
        return None
    groups, prompts = db.execute(select(func.count(_N.group_id.distinct()), func.count())).one()
    return Grouping(row.method, row.threshold, row.prompts, row.created_at, int(groups), int(prompts))


def groups(db: Connection) -> list[tuple[int, int]]:
    """List the groups with their sizes, largest first."""
    size = func.count().label("size")
    rows = db.execute(select(_N.group_id, size).group_by(_N.group_id).order_by(size.desc(), _N.group_id))
    return [(int(group_id), int(count)) for group_id, count in rows]


def members(db: Connection, group_id: int) -> list[tuple[int, float]]:
    """List the prompts of a group with their similarity to the centre: the centre first, then by similarity."""
    rows = db.execute(
        select(_N.prompt_id, _N.similarity)
        .where(_N.group_id == group_id)
        .order_by((_N.prompt_id != group_id), _N.similarity.desc(), _N.prompt_id)
    )
    return [(int(prompt_id), float(similarity)) for prompt_id, similarity in rows]
