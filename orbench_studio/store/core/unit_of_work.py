"""Transactions, and the translation of database errors into messages."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, Select, bindparam, func, select, text
from sqlalchemy.exc import DatabaseError, OperationalError, SQLAlchemyError

from orbench_studio.errors import AccessEndedError, ConnectionLostError, WorkspaceError
from orbench_studio.store.core import open_file
from orbench_studio.store.core.engine import LOCK, commit_on_server, is_server, known_people
from orbench_studio.store.core.pipeline import send
from orbench_studio.store.core.tables import ANNOTATORS

_DAMAGED = "The workspace is damaged. Restore a backup."
_MAY_NOT = "Your role on the server does not permit this."
_NOT_UNDER_THIS_NAME = "Your role can only record decisions under its own name, and adjudicate only as an adjudicator."
_CAUSES = {
    "database is locked": "Another window or program is writing to the workspace. Wait for it to finish and try again.",
    "database or disk is full": "The disk is full. Free some space and try again.",
    "disk i/o error": "The disk could not be read or written. Check the disk and the permissions of the folder.",
    "readonly database": "Opening a workspace needs write permission for its folder, changing it also for the file. "
    "Change the permissions, or open a copy in a folder of your own.",
    "malformed": _DAMAGED,
    "not a database": _DAMAGED,
    "unable to open": "The workspace could not be opened. Check that its folder exists and can be written to.",
    "check constraint": "A value is not valid in a workspace. Update the studio, or ask the owner of the workspace.",
    "lock timeout": "Another program has locked the workspace. Wait for it to finish and try again.",
    "statement timeout": "The server took too long. Try again when it is less busy.",
    "no space left": "The server's disk is full. Ask its administrator.",
    "read-only transaction": "The server accepts no changes at the moment. Ask its administrator.",
    "pg_trgm": "The server lacks the extension pg_trgm. Install PostgreSQL's contrib package there.",
}
# What a server says in English, by SQLSTATE: it may speak another language.
_IN_ENGLISH = {
    "23514": "check constraint",
    "25006": "read-only transaction",
    "42501": "permission denied",
    "53100": "no space left",
    "55P03": "statement due to lock timeout",
    "57014": "statement due to statement timeout",
}
_REFUSED = ("permission denied", "must be owner", "row-level security")
_CLOSED = (
    *("closed", "terminat", "shut", "starting up", "recovery mode", "accepting connections"),
    *("refused", "timeout", "timed out", "unreachable", "no route", "resolve", "reset by peer", "broken pipe"),
    *("no connection", "ssl error"),
)
# What reading a value raises where it is none of those that the domain knows.
_MADE_OF_ROWS = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, SQLAlchemyError)
_PERSON = LOCK + 1
_LOCKS = 1_024  # of all prompts together: the server's memory for locks is small, and an undo can be of 10,000 prompts
_ADD_PERSON = text(
    "INSERT INTO annotators (name) SELECT CAST(:name AS text) "
    "WHERE NOT EXISTS (SELECT 1 FROM annotators WHERE name = :name) ON CONFLICT DO NOTHING"
)
_PERSON_OF = select(ANNOTATORS.c.id).where(ANNOTATORS.c.name == bindparam("name"))
_LOCK_PERSON = _PERSON_OF.add_columns(func.pg_advisory_xact_lock(bindparam("lock"), ANNOTATORS.c.id))
_LOCK_KNOWN = text("SELECT pg_advisory_xact_lock(:lock, :known)")
_LOCK_PROMPTS = text(
    "SELECT count(pg_advisory_xact_lock(:lock, held)) "
    "FROM (SELECT unnest(CAST(:mine AS int[])) AS held ORDER BY held) AS ascending"
)


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A read transaction: one consistent state of the workspace."""
    with translated(engine), engine.connect() as db, db.begin():
        yield db


@contextmanager
def writing(engine: Engine, *, shared: bool = False) -> Iterator[Connection]:
    """One transaction: committed at the end, rolled back on any error. Waits for other writers.

    Raises WorkspaceMovedError if the path of its file no longer leads to it.

    On a server, `shared` transactions run concurrently: the caller locks what it reads and changes, and leaves the ids
    of new rows to the database.
    """
    file = open_file.of(engine)
    with translated(engine), engine.connect() as db:
        db = db.execution_options(write=True, shared=shared)
        with db.begin():
            if file is not None:
                file.begin_writing()
            yield db
            if file is not None:
                file.require_in_place()
            if is_server(db):
                commit_on_server(db)
        if file is not None:
            file.has_written = True
            file.require_in_place()  # what is acknowledged is in the file that others find


def lock_prompts(db: Connection, prompt_ids: Sequence[int] | Select[Any]) -> None:
    """Lock these prompts against other shared transactions until the end of this one.

    Lock all prompts of a transaction in one call, to avoid deadlocks. Values that were read before may be outdated.
    """
    if isinstance(prompt_ids, Select):  # on a server, which reads them
        send(db, _lock_selected(prompt_ids))
    elif is_server(db):
        send(db, _LOCK_PROMPTS, {"lock": LOCK, "mine": sorted({prompt_id % _LOCKS for prompt_id in prompt_ids})})


@cache
def _lock_selected(prompt_ids: Select[Any]) -> Select[Any]:
    [prompt_id] = prompt_ids.subquery().c
    mine = select((prompt_id % _LOCKS).label("held")).distinct().order_by("held").subquery()
    return select(func.count(func.pg_advisory_xact_lock(LOCK, mine.c.held)))


def lock_annotator(db: Connection, name: str) -> int:
    """The id of the annotator of this name, created if needed; call it before `lock_prompts`.

    Transactions of the annotator's other windows wait until this one ends.
    """
    people = known_people(db)
    if name in people:
        if is_server(db):
            send(db, _LOCK_KNOWN, {"lock": _PERSON, "known": people[name]})
        return people[name]
    send(db, _ADD_PERSON, {"name": name})
    statement = _LOCK_PERSON if is_server(db) else _PERSON_OF
    people[name] = db.execute(
        statement, {"lock": _PERSON, "name": name} if is_server(db) else {"name": name}
    ).scalar_one()
    return people[name]


@contextmanager
def translated(engine: Engine) -> Iterator[None]:
    """Raise database errors and unreadable rows as `WorkspaceError`; programming errors pass through."""
    try:
        yield
    except DatabaseError as error:
        state = getattr(error.orig, "sqlstate", "")  # None if the connection itself failed
        message = f"{error.orig} {_IN_ENGLISH.get(state, '')}".lower()
        is_lost = isinstance(error, OperationalError) and (state is None or _is_lost(message))
        is_refused = any(sign in message for sign in _REFUSED)
        if error.connection_invalidated or (is_lost and not is_refused):
            raise ConnectionLostError(
                "There is no connection to the workspace's server. Check the network, then try again."
            ) from error
        if is_refused:
            raise _not_permitted(engine, message) from error
        for sign, advice in _CAUSES.items():
            if sign in message:
                why = str(error.orig).splitlines()[0]  # what follows shows the statement
                holder = _lock_holder(engine) if sign == "lock timeout" else ""
                raise WorkspaceError(f"Nothing was changed: {why}. {advice}{holder}") from error
        _blame_row(engine, error)
        raise
    except _MADE_OF_ROWS as error:
        _blame_row(engine, error)
        raise


def unreadable_row(engine: Engine) -> str | None:
    """A message about the first row that cannot be read; None if there is none."""
    from orbench_studio.store.core import unreadable_rows  # it knows most of the domain, and is needed only now

    with engine.connect() as db, db.begin():
        row = next(unreadable_rows.unreadable(db), None)
    if row is None:
        return None
    return (
        f"The workspace has a row that cannot be read: {row}. Nothing was changed. "
        "To see all of them: orbench-studio check WORKSPACE"
    )


def _blame_row(engine: Engine, error: Exception) -> None:
    """Raise an error about the row that cannot be read; return if all can be read, because then the fault is ours.

    Rows become domain objects in many places, always in a transaction, so their failures are examined here.
    """
    message = unreadable_row(engine)
    if message is not None:
        raise WorkspaceError(message) from error


def _not_permitted(engine: Engine, message: str) -> WorkspaceError:
    """What the role does not permit and whom to ask, without the names of tables, which mean nothing to the user."""
    query = (
        "SELECT pg_get_userbyid(datdba), has_table_privilege(to_regclass('public.prompts'), 'SELECT') "
        "FROM pg_database WHERE datname = current_database()"
    )
    try:
        with engine.connect() as db:
            owner, reads = db.exec_driver_sql(query).one()
    except SQLAlchemyError:  # a person without a role cannot connect again
        owner, reads = "", False
    whom = f", {owner}" if owner else ""
    if reads is None:  # there is no workspace
        return WorkspaceError(
            f"Nothing was changed. Only the owner of the database{whom} can create a workspace in it. An administrator "
            "can change the owner: ALTER DATABASE NAME OWNER TO USER."
        )
    if reads is False:
        return AccessEndedError(f"Your access to this workspace was removed. Ask its owner{whom}.")
    why = _NOT_UNDER_THIS_NAME if "row-level security" in message else _MAY_NOT
    return WorkspaceError(f"Nothing was changed. {why} Ask the owner of the workspace{whom}.")


def _is_lost(message: str) -> bool:
    is_limit = "statement due to" in message  # one of those that `server_engine` sets
    return "unable to open" not in message and not is_limit and any(sign in message for sign in _CLOSED)


def _lock_holder(engine: Engine) -> str:
    """Who holds a lock of the workspace on a server, and how its administrator can release it."""
    with engine.connect() as db:
        found = db.exec_driver_sql(
            "SELECT a.usename, a.pid FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid "
            "WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database() "
            "AND a.pid <> pg_backend_pid() ORDER BY a.xact_start LIMIT 1"
        ).first()
    if found is None:
        return ""
    return (
        f" It is locked by a program of {found.usename}. If that does not end, an administrator can stop it: "
        f"SELECT pg_terminate_backend({found.pid});"
    )
