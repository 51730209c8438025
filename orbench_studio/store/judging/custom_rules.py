"""Read, save and remove the custom rules of a workspace."""

from datetime import datetime

from sqlalchemy import Connection, select, update

from orbench_studio.domain.judging.custom_rule import CustomRule, SavedRule
from orbench_studio.store.core.bulk_insert import id_of, inserted
from orbench_studio.store.core.tables import ANNOTATORS, MODELS, OWN_RULES

_R = OWN_RULES.c


def all_rules(db: Connection) -> list[SavedRule]:
    """All rules with the removed ones, oldest first."""
    remover = ANNOTATORS.alias()
    statement = (
        select(
            _R.id, _R.phrase, _R.refuses, MODELS.c.name, ANNOTATORS.c.name, _R.saved_at, remover.c.name, _R.removed_at
        )
        .join(ANNOTATORS, ANNOTATORS.c.id == _R.saved_by)
        .outerjoin(remover, remover.c.id == _R.removed_by)
        .outerjoin(MODELS, MODELS.c.id == _R.model_id)
        .order_by(_R.id)
    )
    return [
        SavedRule(number, CustomRule(phrase, bool(refuses), model), *rest)
        for number, phrase, refuses, model, *rest in db.execute(statement)
    ]


def active(db: Connection) -> tuple[CustomRule, ...]:
    """The rules that are not removed."""
    return tuple(saved.rule for saved in all_rules(db) if saved.removed_at is None)


def save(db: Connection, rule: CustomRule, annotator: str, at: datetime) -> int:
    """Save a rule and return its number."""
    values = {
        "phrase": rule.phrase,
        "refuses": rule.refuses,
        "model_id": None if rule.model is None else id_of(db, MODELS, {"name": rule.model}),
        "saved_by": id_of(db, ANNOTATORS, {"name": annotator}),
        "saved_at": at,
    }
    return inserted(db, OWN_RULES, values)


def remove(db: Connection, number: int, annotator: str, at: datetime) -> None:
    """Mark a rule as removed."""
    by = id_of(db, ANNOTATORS, {"name": annotator})
    db.execute(update(OWN_RULES).where(_R.id == number).values(removed_by=by, removed_at=at))


def has_model(db: Connection, model: str) -> bool:
    """Whether the workspace has a model with this name."""
    return db.execute(select(MODELS.c.id).where(MODELS.c.name == model)).first() is not None
