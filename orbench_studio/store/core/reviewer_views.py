"""What a reviewer may read of decisions that are hidden from them.

While a prompt lacks labels in a blind team queue, row security of a server hides others' decisions about it, and the
summaries of their journal entries. Two views, made by `store/workspace/server_rules.py`, show the rest. In a file,
which has no roles, the same names stand for the tables themselves.
"""

from typing import Any

from sqlalchemy import Integer, Text, TypeDecorator, column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import TableClause
from sqlalchemy.sql.functions import FunctionElement

from orbench_studio.store.core.columns import LongText

HIDDEN = "hidden until the prompt has all its labels"


class _DecisionAuthors(TableClause):
    """Who decided about what, without the decision; the aspect only where assignments depend on it."""

    inherit_cache = True


DECISION_AUTHORS = _DecisionAuthors(
    "decision_authors",
    *(column(name, Integer) for name in ("id", "journal_id", "annotator_id", "prompt_id", "response_id")),
    column("aspect", Text),
)


class _Summary(FunctionElement[str]):
    """The summary of an entry in `JOURNAL`, or that it is hidden."""

    name = "summary"
    inherit_cache = True
    type: TypeDecorator[str] = LongText()


SUMMARY = _Summary().label("summary")


@compiles(_DecisionAuthors, "sqlite")
def _annotations(_table: _DecisionAuthors, _compiler: Any, *, asfrom: bool = False, **_more: Any) -> str:
    return "annotations AS decision_authors" if asfrom else "decision_authors"


@compiles(_Summary, "sqlite")
def _column(_summary: _Summary, _compiler: Any, **_more: Any) -> str:
    return "journal.summary"


@compiles(_Summary, "postgresql")
def _visible(_summary: _Summary, _compiler: Any, **_more: Any) -> str:
    visible = "SELECT s.summary FROM journal_summaries AS s WHERE s.id = journal.id"
    return f"coalesce(({visible}), '{HIDDEN}')"
