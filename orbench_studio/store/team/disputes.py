"""Disagreements in the database: labels of prompts, answer classes of responses."""

from sqlalchemy import Connection, func, select

from orbench_studio.domain.core.annotation import Basis
from orbench_studio.store.core.tables import PROMPT_STATES, RESPONSE_STATES

P, R = PROMPT_STATES.c, RESPONSE_STATES.c


def count(db: Connection) -> tuple[int, int]:
    prompts = db.execute(select(func.count()).where(P.basis == Basis.DISPUTED)).scalar_one()
    responses = db.execute(select(func.count()).where(R.basis == Basis.DISPUTED)).scalar_one()
    return int(prompts), int(responses)


def disputed(db: Connection) -> list[tuple[int, int | None]]:
    """List prompt id and response id (None for the prompt's label), in the order of the prompts."""
    labels = db.execute(select(P.prompt_id).where(P.basis == Basis.DISPUTED)).scalars()
    answers = db.execute(select(R.prompt_id, R.response_id).where(R.basis == Basis.DISPUTED)).all()
    found = [(prompt_id, None) for prompt_id in labels] + [(row.prompt_id, row.response_id) for row in answers]
    return sorted(found, key=lambda one: (one[0], one[1] or 0))
