"""Rows that the domain cannot read: other programs write to a workspace too, and SQLite stores any value anywhere.

Every column of every table is checked for its type and NOT NULL; `VALUE_SETS`, `_RANGES` and `_READERS` have further
checks.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import NamedTuple

from sqlalchemy import Boolean, Column, Connection, Float, Integer, LargeBinary, Table

from orbench_studio.domain.core.amounts import cut
from orbench_studio.domain.core.annotation import Aspect, Basis, Label, Visible
from orbench_studio.domain.core.category import stored_category
from orbench_studio.domain.core.judgement import AnswerClass, JudgeKind, severity
from orbench_studio.domain.core.moderation import Rule, Verdict, Veto
from orbench_studio.domain.core.prompt import Origin
from orbench_studio.domain.core.response import WHITE_SPACE, StopReason
from orbench_studio.domain.curation.recipe import read_recipe
from orbench_studio.domain.curation.subset import SubsetState
from orbench_studio.domain.evaluation.batch import BatchKind, BatchSettings, Cause
from orbench_studio.domain.evaluation.states import BatchState, ItemState, VendorBatchState
from orbench_studio.domain.judging.licence import Licence
from orbench_studio.domain.review.decision import evidence_span
from orbench_studio.domain.review.query import parse
from orbench_studio.domain.review.queue import Status
from orbench_studio.domain.review.timeline import EntryKind
from orbench_studio.domain.team.queue import Assignment, AssignmentState, QueueState
from orbench_studio.store.core.columns import UtcDateTime
from orbench_studio.store.core.engine import is_server
from orbench_studio.store.core.schema import METADATA

LISTED = 10  # rows named one by one, for each column
_SHOWN = 60  # characters of a value
_AT_ONCE = 1_000
_MOST = 2**53
READABLE_TIMES = "BETWEEN '0002-01-01' AND '9999-12-31 09:00+00'"  # PostgreSQL has more, and infinity

Read = Callable[[str], object]


VALUE_SETS: dict[str, Iterable[str]] = {
    "prompts.origin": Origin,
    "prompts.reference_label": Label,
    "responses.stop_reason": StopReason,
    "responses.reference_class": AnswerClass,
    "votes.verdict": Verdict,
    "judges.kind": JudgeKind,
    "judgements.answer_class": AnswerClass,
    "journal.kind": EntryKind,
    "annotations.aspect": Aspect,
    "prompt_states.status": Status,
    "prompt_states.final_label": Label,
    "prompt_states.basis": Basis,
    "prompt_states.consensus": Label,
    "prompt_states.veto": Veto,
    "response_states.answer_class": AnswerClass,
    "response_states.basis": Basis,
    "batches.state": BatchState,
    "batches.kind": BatchKind,
    "batch_items.state": ItemState,
    "batch_items.cause": Cause,
    "vendor_batches.state": VendorBatchState,
    "generation_items.stop_reason": StopReason,
    "team_queues.assignment": Assignment,
    "team_queues.state": QueueState,
    "team_claims.state": AssignmentState,
    "team_gold.label": Label,
}
_RANGES: dict[str, tuple[float, float]] = {
    "journal.counter": (0, 2_000_000_000),
    "audit_samples.seed": (-(2**63), 2**63 - 1),
    "team_queues.overlap": (1, 20),
    "team_queues.lease": (1, 1_440),
    "team_prompts.room": (-_MOST, _MOST),  # below zero where another queue already gave the prompt enough labels
    "near_duplicates.similarity": (0, 1),
    "groupings.threshold": (0, 1),
    "judgements.refusal": (0, 1),
}
# Any text will do: names and marks that nothing is made of.
_FREE = frozenset(
    {
        "workspace.uuid", "sources.sha256", "sources.format", "prompts.external_key", "models.family",
        "votes.template_hash", "judgements.template_hash", "journal.uuid", "prompt_states.votes", "batches.judge",
        "batch_runners.machine", "rate_limits.place", "vendor_batches.vendor_id", "generation_items.template_hash",
        "groupings.method", "quarantine.origin", "audit_strata.stratum", "audit_prompts.stratum",
    }
)  # fmt: skip


def _words(kind: Callable[[str], object], mark: str | None) -> Read:
    return lambda text: [kind(word) for word in text.split(mark) if word]


def _attributes(text: str) -> None:
    found = json.loads(text)
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ValueError("not an object of strings")


def _queue_name(text: str) -> None:
    if not text.strip() or len(text) > 80 or not text.isprintable() or "=" in text:
        raise ValueError("not a valid queue name")


_WITH_CATEGORY = ("seeds", "prompts", "votes", "prompt_states", "generation_items", "team_prompts")
_ASPECT = "aspect IN ('label', 'recheck', 'training')"
_READERS: dict[str, tuple[tuple[str, Read], ...]] = {
    **{f"{table}.category": (("", stored_category),) for table in _WITH_CATEGORY},
    "workspace.consensus_rule": (("", Rule.from_text),),
    "prompts.attributes": (("", _attributes),),
    "batches.settings": (("", BatchSettings.from_text),),
    "subsets.recipe": (("", read_recipe),),
    "subsets.state": (("", SubsetState.from_json),),
    "views.query": (("", parse),),
    "licences.result": (("", Licence.from_text),),
    "audit_samples.query": (("", parse),),
    "team_queues.name": (("", _queue_name),),
    "team_queues.query": (("", parse),),
    "team_queues.training": (("", parse),),
    "team_members.categories": (("", _words(stored_category, ",")),),
    "annotations.visible": (("", _words(Visible, None)),),
    "annotations.value": (
        (_ASPECT, Label),
        ("aspect = 'category'", stored_category),
        ("aspect = 'answer_class'", AnswerClass),
        ("aspect = 'evidence'", evidence_span),
        ("aspect = 'severity'", severity),
    ),
}


class Fault(NamedTuple):
    """A row that must not be as it is: its table and primary key, and what is wrong."""

    table: str
    key: tuple[object, ...]
    message: str


def faults(db: Connection) -> Iterator[Fault]:
    with any_bytes(db):
        for found in _by_table(db):
            yield from found.faults()


def unreadable(db: Connection) -> Iterator[str]:
    """Messages about unreadable rows, by table, row and column; only the first of each column, with their number."""
    with any_bytes(db):
        for found in _by_table(db):
            yield from found.words()
        if _columns(db, METADATA.tables["workspace"]):
            rows = int(db.exec_driver_sql("SELECT count(*) FROM workspace").scalar_one())
            if rows != 1:
                yield f"workspace has {rows} rows, and needs one"


def _by_table(db: Connection) -> "Iterator[_Found]":
    for table in METADATA.sorted_tables:
        there = _columns(db, table)
        if {column.name for column in table.primary_key} <= there:
            yield _of_table(db, table, [column for column in table.columns if column.name in there])


def _of_table(db: Connection, table: Table, columns: list[Column[object]]) -> "_Found":
    bad = {column.name: _conditions(db, table, column) for column in columns}
    bad = {name: conditions for name, conditions in bad.items() if conditions}
    found = _Found(db, table)
    keys = len(table.primary_key.columns)
    if bad:
        flags = ", ".join(f"CASE WHEN {any_of} THEN 1 ELSE 0 END" for any_of in bad.values())
        where = " OR ".join(bad.values())
        for row in db.exec_driver_sql(found.select(flags, where)):
            for name, is_bad in zip(bad, row[keys:], strict=True):
                if is_bad:
                    found.add(name, row[:keys])
    for column in columns:
        for where, read in _READERS.get(f"{table.name}.{column.name}", ()):
            _read_all(db, found, column.name, where, read)
    if not is_server(db):
        _decode_all(db, found, [c.name for c in columns if not isinstance(c.type, LargeBinary)])
    return found


class _Found:
    """Unreadable values of one table: the first rows of each column, and their number."""

    def __init__(self, db: Connection, table: Table) -> None:
        self._db, self.table = db, table
        self._key = [f'"{column.name}"' for column in table.primary_key]
        self._rows: dict[str, dict[tuple[object, ...], None]] = {}

    def select(self, what: str, where: str = "") -> str:
        """A statement that selects the rows' keys and more columns, ordered by key."""
        keys = ", ".join(self._key)
        condition = f" WHERE {where}" if where else ""
        return f'SELECT {keys}, {what} FROM "{self.table.name}"{condition} ORDER BY {keys}'

    def add(self, column: str, key: Iterable[object]) -> None:
        """Remember a row."""
        self._rows.setdefault(column, {})[tuple(key)] = None

    def words(self) -> Iterator[str]:
        for column, rows in self._rows.items():
            for key in islice(rows, LISTED):
                yield self._message(column, key)
            if len(rows) > LISTED:
                yield f"{self.table.name}: {len(rows) - LISTED:,} more rows have a {column} that cannot be read"

    def faults(self) -> Iterator[Fault]:
        for column, rows in self._rows.items():
            yield from (Fault(self.table.name, key, self._message(column, key)) for key in rows)

    def _message(self, column: str, key: tuple[object, ...]) -> str:
        return f"{self.table.name} {self._row(key)}: {column} {self._value(column, key)} cannot be read"

    def _row(self, key: tuple[object, ...]) -> str:
        if len(key) == 1:
            return f"row {key[0]}"
        return "row " + ", ".join(f"{c.name} {part}" for c, part in zip(self.table.primary_key, key, strict=True))

    def _value(self, column: str, key: tuple[object, ...]) -> str:
        mark = "%s" if is_server(self._db) else "?"
        where = " AND ".join(
            f"{name} IS NOT DISTINCT FROM {mark}" if mark == "%s" else f"{name} IS {mark}" for name in self._key
        )
        text = f'CAST("{column}" AS text)' if mark == "%s" else f'"{column}"'
        found = self._db.exec_driver_sql(f'SELECT {text} FROM "{self.table.name}" WHERE {where}', key).scalar()
        return cut(repr(found), _SHOWN)


def _conditions(db: Connection, table: Table, column: Column[object]) -> str:
    """The SQL condition of an unreadable value; empty if the database itself excludes them."""
    name, full = f'"{column.name}"', f"{table.name}.{column.name}"
    found = [] if is_server(db) else _by_type(column, name)
    if isinstance(column.type, Integer | Float):
        least, most = _RANGES.get(full, (0, _MOST))
        found.append(f"NOT ({name} >= {least} AND {name} <= {most})")
    if is_server(db) and isinstance(column.type, UtcDateTime):
        found.append(f"NOT ({name} {READABLE_TIMES})")
    if full in VALUE_SETS:
        found.append(f"{name} NOT IN ({', '.join(_quoted(value) for value in VALUE_SETS[full])})")
    if full == "prompts.text":
        found.append(f"ltrim({name}, {_quoted(WHITE_SPACE)}) = ''")
    missing = [] if column.nullable or is_server(db) else [f"{name} IS NULL"]
    wrong = [f"({name} IS NOT NULL AND ({' OR '.join(found)}))"] if found else []
    return " OR ".join(missing + wrong)


def _by_type(column: Column[object], name: str) -> list[str]:
    """The condition of a wrong type: SQLite stores values of any type in any column."""
    kind = column.type
    if isinstance(kind, Boolean):
        return [f"typeof({name}) <> 'integer'", f"{name} NOT IN (0, 1)"]
    if isinstance(kind, Integer):
        return [f"typeof({name}) <> 'integer'"]
    if isinstance(kind, Float):
        return [f"typeof({name}) NOT IN ('real', 'integer')"]
    if isinstance(kind, LargeBinary):
        return [f"typeof({name}) <> 'blob'"]
    if isinstance(kind, UtcDateTime):
        second = f"substr({name}, 1, 19)"
        fraction = f"substr({name}, 20)"
        return [
            f"typeof({name}) <> 'text'",
            f"strftime('%Y-%m-%d %H:%M:%S', {second}, '+0 days') IS NOT {second}",
            f"NOT ({fraction} = '' OR {fraction} GLOB '.[0-9][0-9][0-9][0-9][0-9][0-9]')",
            f"substr({name}, 1, 4) = '0000'",  # no year of Python's
        ]
    return [f"typeof({name}) <> 'text'"]


def _read_all(db: Connection, found: _Found, column: str, where: str, read: Read) -> None:
    """Let the domain read each distinct value once."""
    some = f'"{column}" IS NOT NULL' + (f" AND {where}" if where else "")
    values = db.exec_driver_sql(f'SELECT DISTINCT "{column}" FROM "{found.table.name}" WHERE {some}')
    wrong = {value for (value,) in values if not _can(read, value)}
    if wrong:
        keys = len(found.table.primary_key.columns)
        for row in db.exec_driver_sql(found.select(f'"{column}"', some)):
            if row[keys] in wrong:
                found.add(column, row[:keys])


def _can(read: Read, value: object) -> bool:
    try:
        read(value)  # type: ignore[arg-type]  # a wrong type is what is tested
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError):
        return False
    return True


def _decode_all(db: Connection, found: _Found, columns: list[str]) -> None:
    """Find text that is not UTF-8: read all of it, and one by one if that fails."""
    raw = _file(db)
    statement = found.select(", ".join(f'"{name}"' for name in columns))
    keys = len(found.table.primary_key.columns)
    try:
        raw.text_factory = str
        cursor = raw.execute(statement)
        while cursor.fetchmany(_AT_ONCE):
            pass
    except sqlite3.OperationalError:
        raw.text_factory = bytes
        for row in raw.execute(statement):
            for name, value in zip(columns, row[keys:], strict=True):
                if isinstance(value, bytes) and not _can(bytes.decode, value):  # type: ignore[arg-type]  # takes bytes only
                    found.add(
                        name, [key.decode(errors="replace") if isinstance(key, bytes) else key for key in row[:keys]]
                    )
    finally:
        raw.text_factory = _leniently


def _columns(db: Connection, table: Table) -> set[str]:
    if is_server(db):
        statement = "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
    else:
        statement = "SELECT name FROM pragma_table_info(?)"
    return {str(name) for (name,) in db.exec_driver_sql(statement, (table.name,))}


@contextmanager
def any_bytes(db: Connection) -> Iterator[None]:
    """Read text that is not UTF-8 as well, within the context."""
    if is_server(db):
        yield
        return
    raw = _file(db)
    raw.text_factory = _leniently
    try:
        yield
    finally:
        raw.text_factory = str


def _file(db: Connection) -> sqlite3.Connection:
    connection = db.connection.driver_connection
    assert isinstance(connection, sqlite3.Connection)
    return connection


def _leniently(text: bytes) -> str:
    return text.decode(errors="backslashreplace")


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
