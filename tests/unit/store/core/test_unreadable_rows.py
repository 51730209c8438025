"""`check` names every value that the domain cannot read, in every column of every table; and no verb dies of one."""

import sqlite3

import pytest
from sqlalchemy import Boolean, Float, Integer, LargeBinary
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from orbench_studio.domain.core.judgement import JudgeKind
from orbench_studio.domain.evaluation.batch import BatchSettings
from orbench_studio.domain.judging.licence import Licence
from orbench_studio.store.core import unreadable_rows
from orbench_studio.store.core.columns import LongText, UtcDateTime
from orbench_studio.store.core.engine import sqlite_engine
from orbench_studio.store.workspace import migrate

TABLES = SQLModel.metadata.sorted_tables
COLUMNS = [(table.name, column.name) for table in TABLES for column in table.columns]
WRONG_JSON = ("no json", "[1]", '"text"', "{", "null")
# What a row has where its type alone does not say what can be read.
GOOD = {
    "workspace.consensus_rule": "majority",
    "prompts.attributes": '{"a": "b"}',
    "batches.settings": BatchSettings().to_text(),
    "subsets.recipe": "",
    "subsets.state": "{}",
    "views.query": "",
    "audit_samples.query": "",
    "team_queues.query": "status:decided",
    "team_queues.training": "",
    "team_members.categories": "hate,privacy",
    "annotations.aspect": "label",
    "annotations.value": "safe",
    "annotations.visible": "votes responses",
    "licences.result": Licence("j", JudgeKind.LLM, "1", "", (), 1, (), (), {}).to_text(),
}
BAD = {
    "workspace.consensus_rule": ("most", "at-least:0"),
    "prompts.text": ("", " \t\u2003\n"),
    "prompts.attributes": ("no json", "[1]", '{"a": 1}', "null"),
    "batches.settings": (
        *WRONG_JSON,
        '{"sampling": {}, "limits": {"concurrency": 0}}',
        '{"sampling": {"x": 1}, "limits": {}}',
    ),
    "subsets.recipe": ("[size", "[size]\nprompts = -1"),
    "subsets.state": ("no json", "[1]", '{"funnel": 1}'),
    "views.query": ("nothing:known",),
    "audit_samples.query": ("nothing:known",),
    "team_queues.name": ("", "a=b", "a\nb", "n" * 81),
    "team_queues.query": ("nothing:known",),
    "team_queues.training": ("nothing:known",),
    "team_queues.overlap": (0, 21),
    "team_queues.lease": (0, 9999),
    "team_members.categories": ("Colour",),
    "annotations.value": ("pink",),
    "annotations.visible": ("votes everything",),
    "near_duplicates.similarity": (1.5,),
    "judgements.refusal": (1.5,),
    "licences.result": ("no json", "[1]", "{}"),
}
NO_MOMENTS = (
    "yesterday",
    "2026-13-01 00:00:00.000000",
    "2026-02-30 00:00:00.000000",
    "2026-01-01 25:00:00.000000",
    "2026-01-01",
    "0000-01-01 00:00:00.000000",
    "2026-01-01 00:00:00.x",
    1764323585,
    1.5,
)


def good(table, column):
    name = f"{table.name}.{column.name}"
    if name in GOOD:
        return GOOD[name]
    if name in unreadable_rows.VALUE_SETS:
        return str(next(iter(unreadable_rows.VALUE_SETS[name])))
    if isinstance(column.type, UtcDateTime):
        return "2026-11-28 09:53:05.999999"
    return (
        b"0" * 16
        if isinstance(column.type, LargeBinary)
        else 1
        if isinstance(column.type, Integer | Float | Boolean)
        else "x"
    )


def bad(table, column):
    """Values that no row may have there."""
    name = f"{table.name}.{column.name}"
    values = [*BAD.get(name, ())]
    if not column.nullable:
        values.append(None)
    if isinstance(column.type, LargeBinary):
        return [*values, "text", 1]
    values.append(b"bytes")
    if isinstance(column.type, UtcDateTime):
        return [*values, *NO_MOMENTS]
    if isinstance(column.type, Boolean):
        return [*values, 2, -1, "yes"]
    if isinstance(column.type, Integer | Float):
        huge = [] if name == "audit_samples.seed" else [2**60] if name == "team_prompts.room" else [-1, 2**60]
        return [*values, "much", *huge, float("inf"), *([1.5] if isinstance(column.type, Integer) else [])]
    if name in unreadable_rows.VALUE_SETS:
        values += ["colour", "", "SAFE"]
    return [*values, sqlite3.Binary(b"caf\xe9")]


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    """A workspace with one row in each table, and without the triggers that keep decisions as they are."""
    file = tmp_path_factory.mktemp("readable") / "made.orbench"
    file.touch()
    engine = sqlite_engine(file, checks_references=False)
    with engine.connect() as made, made.begin():
        migrate.upgrade(made)
        for trigger in ("journal_update", "journal_delete", "annotations_update", "annotations_delete"):
            made.exec_driver_sql(f"DROP TRIGGER {trigger}")
        for table in TABLES:
            names = ", ".join(f'"{column.name}"' for column in table.columns)
            marks = ", ".join("?" for _ in table.columns)
            values = tuple(good(table, column) for column in table.columns)
            made.exec_driver_sql(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', values)
        made.exec_driver_sql("PRAGMA ignore_check_constraints=ON")
        yield made
    engine.dispose()


def test_what_can_be_read_is_not_complained_of(db):
    assert list(unreadable_rows.unreadable(db)) == []


def test_of_every_column_it_is_said_what_may_be_in_it():
    """A new column of short text: name what the domain reads it as in `readable`, or that any text will do."""
    short = {
        f"{table.name}.{column.name}"
        for table in TABLES
        for column in table.columns
        if not isinstance(column.type, LongText | LargeBinary | UtcDateTime | Boolean | Integer | Float)
    }
    checked = {*unreadable_rows.VALUE_SETS, *unreadable_rows._READERS, *unreadable_rows._FREE}
    assert short - checked == set()
    assert checked <= {f"{table}.{column}" for table, column in COLUMNS}


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_a_value_that_cannot_be_read_is_named(db, table, column):
    of = SQLModel.metadata.tables[table]
    tried = 0
    for value in bad(of, of.columns[column]):
        step = db.begin_nested()
        is_bytes = isinstance(value, memoryview)
        assigned = "CAST(? AS TEXT)" if is_bytes else "?"
        try:
            db.exec_driver_sql("PRAGMA writable_schema=ON")
            db.exec_driver_sql(
                f"UPDATE sqlite_master SET sql = replace(sql, ' NOT NULL', '') WHERE name = '{table}'"
            ) if value is None else None
            db.exec_driver_sql("PRAGMA writable_schema=RESET") if value is None else None
            db.exec_driver_sql(f'UPDATE "{table}" SET "{column}" = {assigned}', (bytes(value) if is_bytes else value,))
        except DBAPIError as error:  # an INTEGER PRIMARY KEY takes integers alone
            assert "mismatch" in str(error) or "NOT NULL" in str(error), error
        else:
            stored = db.exec_driver_sql(f'SELECT typeof("{column}") FROM "{table}"').scalar()
            with unreadable_rows.any_bytes(db):  # the other tables are as they were
                message = list(unreadable_rows._of_table(db, of, list(of.columns)).words())
            taken = stored == "integer" and value == "1"
            assert taken or any(line.startswith(f"{table} row ") and f": {column} " in line for line in message), (
                value,
                message,
            )
            tried += 1
        finally:
            step.rollback()
    assert tried


def test_many_rows_are_counted_and_the_first_listed(db):
    step = db.begin_nested()
    db.exec_driver_sql("DELETE FROM annotators")
    for n in range(1, 26):
        db.exec_driver_sql("INSERT INTO annotators (id, name) VALUES (?, CAST(? AS TEXT))", (n, b"\xe9%d" % n))
    message = list(unreadable_rows.unreadable(db))
    assert message[0] == r"annotators row 1: name '\\xe91' cannot be read"
    assert message[unreadable_rows.LISTED :] == ["annotators: 15 more rows have a name that cannot be read"]
    step.rollback()
