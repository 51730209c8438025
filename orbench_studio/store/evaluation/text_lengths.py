"""How long texts are, for estimates."""

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from orbench_studio.store.core.bulk_sql import chunks, in_list
from orbench_studio.store.core.tables import MODELS, PROMPTS, RESPONSES, SEEDS


def of_prompts(db: Connection, prompt_ids: Sequence[int]) -> int:
    """The characters of the prompts together."""
    total = 0
    for some in chunks(sorted(prompt_ids)):
        found = select(func.sum(func.length(PROMPTS.c.text))).where(in_list(PROMPTS.c.id, some))
        total += int(db.execute(found).scalar() or 0)
    return total


def of_responses(db: Connection, response_ids: Sequence[int]) -> int:
    """The characters of the responses and of the prompts they answer, together."""
    total = 0
    for some in chunks(sorted(response_ids)):
        both = func.sum(func.length(RESPONSES.c.text) + func.length(PROMPTS.c.text))
        found = select(both).join(PROMPTS, PROMPTS.c.id == RESPONSES.c.prompt_id)
        total += int(db.execute(found.where(in_list(RESPONSES.c.id, some))).scalar() or 0)
    return total


def of_seeds(db: Connection, seed_ids: Sequence[int]) -> int:
    """The characters of the seeds together."""
    total = 0
    for some in chunks(sorted(seed_ids)):
        total += int(
            db.execute(select(func.sum(func.length(SEEDS.c.text))).where(in_list(SEEDS.c.id, some))).scalar() or 0
        )
    return total


def mean_output(db: Connection, model: str) -> float | None:
    """Tokens that the model's answers have on average, else those of all that are not simulated; None without any."""
    r = RESPONSES.c
    mean = select(func.avg(r.output_tokens)).join(MODELS, MODELS.c.id == r.model_id)
    mean = mean.where(r.batch_item_id.is_not(None))
    for whose in (MODELS.c.name == model, MODELS.c.simulated.is_(False)):
        found = db.execute(mean.where(whose)).scalar()
        if found is not None:
            return float(found)
    return None
