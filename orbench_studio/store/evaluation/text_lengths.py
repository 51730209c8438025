"""Lengths of texts, for cost estimates."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from orbench_studio.store.core.bulk_insert import chunks, in_list
from orbench_studio.store.core.tables import MODELS, PROMPTS, RESPONSES, SEEDS


def of_prompts(db: Connection, prompt_ids: Sequence[int]) -> int:
    """Total characters of the prompts."""
    return _total(db, select(func.sum(func.length(PROMPTS.c.text))), PROMPTS.c.id, prompt_ids)


def of_responses(db: Connection, response_ids: Sequence[int]) -> int:
    """Total characters of the responses and their prompts."""
    both = select(func.sum(func.length(RESPONSES.c.text) + func.length(PROMPTS.c.text)))
    return _total(db, both.join(PROMPTS, PROMPTS.c.id == RESPONSES.c.prompt_id), RESPONSES.c.id, response_ids)


def of_seeds(db: Connection, seed_ids: Sequence[int]) -> int:
    """Total characters of the seeds."""
    return _total(db, select(func.sum(func.length(SEEDS.c.text))), SEEDS.c.id, seed_ids)


def _total(db: Connection, statement: Select[Any], column: ColumnElement[int], ids: Sequence[int]) -> int:
    return sum(int(db.execute(statement.where(in_list(column, some))).scalar() or 0) for some in chunks(sorted(ids)))


def mean_output(db: Connection, model: str) -> float | None:
    """Mean output tokens of the model's responses, or of all models that are not simulated; None without responses."""
    r = RESPONSES.c
    mean = select(func.avg(r.output_tokens)).join(MODELS, MODELS.c.id == r.model_id)
    mean = mean.where(r.batch_item_id.is_not(None))
    for condition in (MODELS.c.name == model, MODELS.c.simulated.is_(False)):
        found = db.execute(mean.where(condition)).scalar()
        if found is not None:
            return float(found)
    return None
