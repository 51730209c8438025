"""The review queue: filtered and sorted in SQL; all ids first, rows when they become visible."""

import json
from array import array
from collections.abc import Container, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
)

from orbench_studio.domain.core.annotation import Basis, Label
from orbench_studio.domain.core.category import stored_category
from orbench_studio.domain.core.moderation import Veto
from orbench_studio.domain.review.queue import Field, Order, QueueFilter, QueueRow, SavedView, Status
from orbench_studio.domain.team.queue import given_to
from orbench_studio.store.core.bulk_insert import rows_of
from orbench_studio.store.core.pipeline import Read, Steps
from orbench_studio.store.core.tables import LABELLED, PROMPT_STATES, PROMPTS, RESPONSES, VIEWS, VOTES
from orbench_studio.store.review import journal, prompt_lists
from orbench_studio.store.review.query_sql import conditions

_EXCERPT = 160  # characters of a prompt that a row can show
_PRIME = 2_147_483_647  # squares of smaller numbers fit 64 bits
S = PROMPT_STATES.c

_ORDERS: dict[Order, Sequence[ColumnElement[Any]]] = {
    Order.IMPORTED: (S.prompt_id,),
    Order.DISPUTED: (S.disagreement.desc(), S.refusals.desc(), S.prompt_id),
    Order.REFUSED: (S.refusals.desc(), S.prompt_id),
    Order.RANDOM: (S.prompt_id,),
    Order.USEFUL: (S.prompt_id,),  # computed in services/review/response_selection.py
}


def ids(db: Connection, wanted: QueueFilter) -> "array[int]":
    """The ids of the prompts that match the filter, in its order."""
    listed = _listed(db, select(S.prompt_id).where(*conditions(db, wanted.terms)).order_by(*_order(wanted)))
    return _shuffled(listed, wanted.seed) if wanted.order is Order.RANDOM else listed


def labelled(db: Connection, annotator: str | None = None, *, only_own: bool = False) -> frozenset[int]:
    """The prompts with a human label, and those that the annotator labelled in the studio, or `only_own`."""
    decided: ColumnElement[bool] = literal_column(LABELLED.text)
    if annotator is not None:
        own = S.prompt_id.in_(journal.labelled(annotator))
        decided = own if only_own else or_(decided, own)
    return frozenset(_listed(db, select(S.prompt_id).where(decided)))


def _shuffled(ids: "array[int]", seed: int) -> "array[int]":
    """The ids in a random order, which is the same for the same seed, whatever else is among them."""
    import numpy as np  # on first use: the window opens without it

    numbers = np.array(ids, np.int64)
    # A square modulo a prime has no visible pattern. Sorted by SQLite, 80,000 prompts take 15 ms more.
    mixed = (numbers * 48_271 + (seed % _PRIME) * 69_621 + 1) % _PRIME
    return array("q", numbers[np.lexsort((numbers, mixed * mixed % _PRIME))].tobytes())


def _listed(db: Connection, wanted: Select[Any]) -> "array[int]":
    found = wanted.subquery()
    # One text instead of a row a prompt: half the time, and the window's thread is not interrupted 80,000 times.
    listed = db.execute(select(func.aggregate_strings(cast(found.c.prompt_id, Text), ","))).scalar()
    return array("q", json.loads(f"[{listed or ''}]"))


def first_undecided(db: Connection, ids: Sequence[int], decided: Container[int]) -> int | None:
    """The first of the prompts that is undecided, not skipped; None where there is none. Known ones are `decided`."""
    statement = select(S.prompt_id).where(S.status == Status.UNDECIDED)
    others, looked_at = (one for one in ids if one not in decided), 1
    while some := list(islice(others, looked_at)):
        undecided = {row.prompt_id for row in rows_of(db, statement, S.prompt_id, some)}
        if undecided:
            return next(one for one in some if one in undecided)
        looked_at *= 10  # usually the first is; thousands may be skipped
    return None


@Read
def rows(prompt_ids: Sequence[int]) -> Steps[list[QueueRow]]:
    """The rows of these prompts, in this order; without prompts that no longer exist."""
    statement = _lines().where(S.prompt_id.in_(prompt_ids))
    found = {row.prompt_id: _line(row) for row in (yield statement)}
    return [found[prompt_id] for prompt_id in prompt_ids if prompt_id in found]


def count(db: Connection, wanted: QueueFilter) -> int:
    """How many prompts match the filter."""
    found = select(func.count()).select_from(PROMPT_STATES).where(*conditions(db, wanted.terms))
    return int(db.execute(found).scalar_one())


def total(db: Connection) -> int:
    """How many prompts the workspace has."""
    return int(db.execute(select(func.count()).select_from(PROMPT_STATES)).scalar_one())


def has_results(db: Connection) -> bool:
    """Whether any prompt of the workspace has votes, responses or a label of its source."""
    labelled = select(PROMPTS.c.id).where(PROMPTS.c.reference_label.is_not(None))
    any_of = or_(exists(select(VOTES.c.id)), exists(select(RESPONSES.c.id)), exists(labelled))
    # As a condition: SQLite ends at the first that is true; of a value it computes all three.
    return db.execute(select(literal(True)).where(any_of)).scalar() is not None


def _lines() -> Select[Any]:
    text = func.substr(PROMPTS.c.text, 1, _EXCERPT).label("text")
    return select(PROMPT_STATES, text).join(PROMPTS, PROMPTS.c.id == S.prompt_id)


def _line(row: Any) -> QueueRow:
    return QueueRow(
        row.prompt_id,
        " ".join(row.text.split()),
        stored_category(row.category) if row.category else None,
        Status(row.status),
        Label(row.final_label) if row.final_label else None,
        Basis(row.basis),
        row.votes,
        Veto(row.veto),
        row.responses,
        row.judged,
        row.refusals,
        row.flagged,
        row.noted,
    )


def _order(wanted: QueueFilter) -> Sequence[ColumnElement[Any]]:
    """The columns of the order; a random one is computed from the ids."""
    sample = next((term.values[0] for term in wanted.all_on(Field.SAMPLE) if not term.negated), None)
    if wanted.order is Order.IMPORTED and sample is not None:  # in the order drawn: every prefix is a random sample too
        return prompt_lists.place_in_sample(S.prompt_id, sample), S.prompt_id
    given = given_to(wanted)
    if wanted.order is Order.IMPORTED and given is not None:
        return prompt_lists.place_in_assignments(S.prompt_id, *given), S.prompt_id
    return _ORDERS[wanted.order]


def everything(db: Connection) -> list[SavedView]:
    """The saved views, by name."""
    return [SavedView(*row) for row in db.execute(select(VIEWS.c.name, VIEWS.c.query).order_by(VIEWS.c.name))]


def save(db: Connection, view: SavedView, at: datetime) -> None:
    """Save a view; replaces one of the same name."""
    remove(db, view.name)
    db.execute(insert(VIEWS).values(name=view.name, query=view.query, created_at=at))


def remove(db: Connection, name: str) -> None:
    db.execute(delete(VIEWS).where(VIEWS.c.name == name))
