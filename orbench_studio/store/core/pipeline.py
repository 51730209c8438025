"""Few round trips to a server: statements are sent without waiting for the results of earlier ones.

A statement whose result nobody reads goes with the next one (`send`). Reads that do not depend on each other share
a round trip (`together`). Such a `Read` is a generator: it yields a statement, and goes on with its result. In a file
nothing has to wait, and each read ends before the next one starts.

SQLAlchemy takes longer to build a statement than SQLite to execute it (measured). Statements that each decision needs
are therefore built once, with parameters instead of values.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, cast

from sqlalchemy import Connection, Engine, Executable, PoolProxiedConnection, Result, event

if TYPE_CHECKING:
    from psycopg import Connection as Driver
    from psycopg import Pipeline

P = ParamSpec("P")
T = TypeVar("T")
Statement = Executable | tuple[Executable, Mapping[str, Any]]  # without or with parameters
Steps = Generator[Statement, Any, T]  # sends a `Result` for each statement


@dataclass(slots=True)
class _Open:
    """The pipeline of a connection, and the context manager that ends it."""

    pipeline: Pipeline
    manager: AbstractContextManager[Pipeline]
    only_reads: bool = False  # the transaction that is open


_OPEN: dict[Any, _Open] = {}  # by the driver's connection


def listen(engine: Engine) -> None:
    """Let the statements of an engine for a server go through the pipeline of their connection, while it is open."""
    event.listen(engine, "do_execute", _execute)
    event.listen(engine, "do_executemany", _execute_many)
    event.listen(engine, "close", _close)
    engine.dialect.do_commit = _commit  # type: ignore[assignment,method-assign]  # no event can take its place


def begin(db: Connection, *, only_reads: bool) -> None:
    """Use the pipeline for the statements of this transaction. One that only reads does not wait for its COMMIT."""
    driver = cast("Driver[Any]", db.connection.driver_connection)
    if driver not in _OPEN:
        manager = driver.pipeline()
        _OPEN[driver] = _Open(manager.__enter__(), manager)
    _OPEN[driver].only_reads = only_reads


def end(db: Connection) -> None:
    """Use the connection without a pipeline: COPY, several statements in one text and streamed results need that."""
    opened = _OPEN.pop(db.connection.driver_connection, None)
    if opened is not None:
        opened.manager.__exit__(None, None, None)


def send(db: Connection, statement: Executable, parameters: Any = None) -> None:
    """Execute a statement and ignore its result. On a server, it is sent, and an error appears with a later one."""
    db.execute(statement, parameters, execution_options={"sent": []})


def send_text(db: Connection, statement: str, parameters: Any = None) -> None:
    """Do the same for a statement in the words of the driver."""
    db.exec_driver_sql(statement, parameters, execution_options={"sent": []})


class Read(Generic[P, T]):
    """A function that reads: called with a connection, or started by `together`."""

    def __init__(self, steps: Callable[P, Steps[T]]) -> None:
        self.steps = steps
        self.__doc__ = steps.__doc__

    def __call__(self, db: Connection, *args: P.args, **kwargs: P.kwargs) -> T:
        started = Started(self.steps(*args, **kwargs))
        started.run(db)
        return started.result


class Started(Generic[T]):
    """A read that was started by `together`; its result is there when the block has ended, in a file at once."""

    result: T

    def __init__(self, steps: Steps[T]) -> None:
        self._steps = steps
        self.has_result = False

    def go_on(self, result: Result[Any] | None) -> Statement | None:
        """The next statement; None if there is none, and the result is there."""
        try:
            return self._steps.send(result)
        except StopIteration as ended:
            self.result = ended.value
            self.has_result = True
            return None

    def run(self, db: Connection) -> None:
        """Read without sharing round trips."""
        statement = self.go_on(None)
        while statement is not None:
            statement = self.go_on(_run(db, statement))


class together:  # noqa: N801 - used as a function
    """Share the round trips of the reads that are started in the block.

    >>> with together(db) as start:
    ...     cast_votes = start(votes.of_prompts, ids)
    ...     decided = start(journal.of_prompts, ids)
    >>> cast_votes.result
    """

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._waits = db.connection.driver_connection in _OPEN
        self._started: list[Started[Any]] = []

    def __enter__(self) -> together:
        return self

    def __call__(self, read: Read[P, T], *args: P.args, **kwargs: P.kwargs) -> Started[T]:
        started = Started(read.steps(*args, **kwargs))
        if self._waits:
            self._started.append(started)
        else:
            started.run(self._db)
        return started

    def __exit__(self, kind: type[BaseException] | None, _error: object, _trace: TracebackType | None) -> None:
        if kind is not None:
            return
        asked = [(one, one.go_on(None)) for one in self._started]
        while waiting := [(one, statement) for one, statement in asked if statement is not None]:
            results = _results(self._db, [statement for _, statement in waiting])
            asked = [(one, one.go_on(result)) for (one, _), result in zip(waiting, results, strict=True)]


def _results(db: Connection, statements: Sequence[Statement]) -> list[Result[Any]]:
    sent: list[tuple[Any, Any]] = []
    for statement in statements[:-1]:
        _run(db, statement, sent=sent)
    last = _run(db, statements[-1])
    return [*(_result(*one) for one in sent), last]


def _run(db: Connection, statement: Statement, **options: Any) -> Result[Any]:
    to_run, parameters = statement if isinstance(statement, tuple) else (statement, None)
    return db.execute(to_run, parameters, execution_options=options)


def _result(context: Any, cursor: Any) -> Result[Any]:
    """The result of a statement whose rows have arrived since; SQLAlchemy looked for them when it was sent."""
    context.cursor = cursor
    return cast("Result[Any]", context._setup_result_proxy())


def _execute(cursor: Any, statement: str, parameters: Any, context: Any) -> bool | None:
    options = context.execution_options
    if options.get("yield_per"):
        end(context.root_connection)
    opened = _OPEN.get(cursor.connection)
    if opened is None:
        return None
    sent = options.get("sent")
    with _drained(opened.pipeline):
        if sent is None:
            cursor.execute(statement, parameters)
            opened.pipeline.sync()
        else:
            own = cursor.connection.cursor()  # SQLAlchemy closes the other one, because it has no rows yet
            own.execute(statement, parameters)
            sent.append((context, own))
    return True


def _execute_many(cursor: Any, statement: str, parameters: Sequence[Any], _context: Any) -> bool | None:
    """Many rows; nothing reads their results."""
    opened = _OPEN.get(cursor.connection)
    if opened is None:
        return None
    with _drained(opened.pipeline):
        cursor.executemany(statement, parameters)
    return True


@contextmanager
def _drained(pipeline: Pipeline) -> Iterator[None]:
    """After an error, receive the results of what was sent after it, so that the transaction can be rolled back.

    The error may be that of a statement that was sent earlier.
    """
    from psycopg import Error  # on first use: who has files only does not wait for it

    try:
        yield
    except Error:
        with suppress(Error):
            pipeline.sync()
        raise


def _commit(connection: PoolProxiedConnection) -> None:
    driver = cast("Driver[Any]", connection.driver_connection)
    opened = _OPEN.get(driver)
    if opened is None or not opened.only_reads:
        driver.commit()
        return
    driver.execute("COMMIT", prepare=False)
    opened.pipeline.result_queue.append(None)  # the next statement receives the replies
    driver.pgconn.pipeline_sync()


def _close(driver: Any, _record: object) -> None:
    """Leave the pipeline before the connection is closed, even if the server no longer answers."""
    from psycopg import Error  # on first use: who has files only does not wait for it

    opened = _OPEN.pop(driver, None)
    if opened is not None:
        with suppress(Error):
            opened.manager.__exit__(None, None, None)
