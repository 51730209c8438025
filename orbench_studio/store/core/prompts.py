"""Load prompts as domain objects."""

import json
from collections.abc import Collection, Sequence
from typing import cast

from sqlalchemy import Connection, bindparam, func, select

from orbench_studio.domain.core.annotation import Label
from orbench_studio.domain.core.category import Category, stored_category
from orbench_studio.domain.core.prompt import Origin, Prompt, Seed
from orbench_studio.store.core.bulk_insert import rows_of
from orbench_studio.store.core.pipeline import Read, Steps
from orbench_studio.store.core.tables import PROMPT_STATES, PROMPTS, RESPONSES, SEEDS, SOURCES

_PROMPT = (
    select(PROMPTS, SEEDS.c.text.label("seed_text"), SEEDS.c.category.label("seed_category"), SOURCES.c.name)
    .outerjoin(SEEDS, SEEDS.c.id == PROMPTS.c.seed_id)
    .outerjoin(SOURCES, SOURCES.c.id == PROMPTS.c.source_id)
    .where(PROMPTS.c.id == bindparam("prompt_id"))
)
_SEED_OF = select(PROMPTS.c.seed_id).where(PROMPTS.c.id == bindparam("prompt_id")).scalar_subquery()
_SIBLINGS = select(func.count()).select_from(PROMPTS).where(PROMPTS.c.seed_id == _SEED_OF)


@Read
def load(prompt_id: int) -> Steps[Prompt | None]:
    """The prompt with its seed and source; None if the id does not exist."""
    row = (yield _PROMPT, {"prompt_id": prompt_id}).first()
    if row is None:
        return None
    seed = Seed(row.seed_id, row.seed_text, _category(row.seed_category)) if row.seed_id is not None else None
    return Prompt(
        row.id,
        row.text,
        _category(row.category),
        Origin(row.origin),
        seed,
        Label(row.reference_label) if row.reference_label else None,
        row.external_key,
        row.name,
        row.source_line,
        json.loads(row.attributes) if row.attributes else {},
    )


def texts(db: Connection, prompt_ids: Sequence[int]) -> dict[int, str]:
    """The complete texts of these prompts; missing prompts are left out."""
    rows = rows_of(db, select(PROMPTS.c.id, PROMPTS.c.text), PROMPTS.c.id, prompt_ids)
    return {int(prompt_id): str(text) for prompt_id, text in rows}


@Read
def are_there(prompt_id: int, response_ids: Collection[int]) -> Steps[bool]:
    """Whether the prompt exists and has these responses."""
    mine = select(func.count()).where(RESPONSES.c.prompt_id == prompt_id, RESPONSES.c.id.in_(response_ids))
    found = (yield select(mine.scalar_subquery()).where(PROMPTS.c.id == prompt_id)).scalar()
    return bool(found == len(response_ids))


@Read
def category(prompt_id: int) -> Steps[str | None]:
    found = (yield select(PROMPT_STATES.c.category).where(PROMPT_STATES.c.prompt_id == prompt_id)).scalar()
    return cast("str | None", found)


def own_categories(db: Connection, only: Sequence[int] | None = None) -> list[str]:
    """The categories in use beside OR-Bench's ten, by name; with `only`, those of these prompts."""
    s = PROMPT_STATES.c
    used = select(s.category).distinct()
    some = (
        db.execute(used).scalars() if only is None else (row.category for row in rows_of(db, used, s.prompt_id, only))
    )
    return sorted({str(name) for name in some if name is not None}.difference(Category))


def categories(db: Connection, prompt_ids: Sequence[int]) -> dict[int, str | None]:
    """The current categories, by prompt."""
    s = PROMPT_STATES.c
    rows = rows_of(db, select(s.prompt_id, s.category), s.prompt_id, prompt_ids)
    return {row.prompt_id: row.category for row in rows}


def with_reference(db: Connection, prompt_ids: Sequence[int]) -> list[int]:
    """The prompts whose source file states a label, in the given order."""
    stated = select(PROMPTS.c.id).where(PROMPTS.c.reference_label.is_not(None))
    found = {row.id for row in rows_of(db, stated, PROMPTS.c.id, prompt_ids)}
    return [prompt_id for prompt_id in prompt_ids if prompt_id in found]


@Read
def siblings(prompt_id: int) -> Steps[int]:
    """How many prompts come from the same seed, this one included; 1 for a prompt with no seed."""
    return max(int((yield _SIBLINGS, {"prompt_id": prompt_id}).scalar_one()), 1)


def _category(value: str | None) -> str | None:
    return stored_category(value) if value else None
