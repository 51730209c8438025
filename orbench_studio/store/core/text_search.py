"""Search for a text within texts, ignoring case, with the trigram index of SQLite or PostgreSQL.

PostgreSQL uses its index without being asked; SQLite's is a table of its own.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, column, select, table

from orbench_studio.store.core import response_index
from orbench_studio.store.core.engine import is_server
from orbench_studio.store.core.tables import PROMPT_STATES, PROMPTS, RESPONSES

_TRIGRAM = 3  # the index of prompts knows nothing shorter
_PROMPT_ID = PROMPT_STATES.c.prompt_id

Search = Callable[[str], ColumnElement[bool]]


def in_prompts(db: Connection) -> Search:
    """A condition on prompt states: the text of the prompt contains the value."""
    return _in_prompts_on_server if is_server(db) else _in_prompts


def in_responses(db: Connection) -> Search:
    """A condition on prompt states: one of the prompt's responses contains the value."""
    if is_server(db):
        return _in_responses_on_server
    return _in_responses_indexed if response_index.exists(db) else _in_responses


def index_prompts(db: Connection, first_id: int) -> None:
    """Index the prompts from this id on, in the transaction that adds them."""
    if not is_server(db):  # PostgreSQL updates its index itself
        db.exec_driver_sql(
            "INSERT INTO prompt_search(rowid, text) SELECT id, text FROM prompts WHERE id >= ?", (first_id,)
        )


def _in_prompts(value: str) -> ColumnElement[bool]:
    if len(value) >= _TRIGRAM:
        return _PROMPT_ID.in_(_matches(value))
    # SQLite's LIKE has no regard for case; asking it for lower case takes twice the time (measured).
    return _PROMPT_ID.in_(select(PROMPTS.c.id).where(PROMPTS.c.text.contains(value, autoescape=True)))


def _in_prompts_on_server(value: str) -> ColumnElement[bool]:
    return _PROMPT_ID.in_(select(PROMPTS.c.id).where(PROMPTS.c.text.icontains(value, autoescape=True)))


def _in_responses(value: str) -> ColumnElement[bool]:
    return _PROMPT_ID.in_(select(RESPONSES.c.prompt_id).where(RESPONSES.c.text.contains(value, autoescape=True)))


def _in_responses_indexed(value: str) -> ColumnElement[bool]:
    maybe = response_index.narrowed(value)
    if maybe is None:
        return _in_responses(value)
    holds = (RESPONSES.c.id.in_(maybe), RESPONSES.c.text.contains(value, autoescape=True))
    return _PROMPT_ID.in_(select(RESPONSES.c.prompt_id).where(*holds))


def _in_responses_on_server(value: str) -> ColumnElement[bool]:
    return _PROMPT_ID.in_(select(RESPONSES.c.prompt_id).where(RESPONSES.c.text.icontains(value, autoescape=True)))


def _matches(value: str) -> Select[Any]:
    found = table("prompt_search", column("rowid"), column("text"))
    return select(found.c.rowid).where(found.c.text.op("MATCH")('"' + value.replace('"', '""') + '"'))
