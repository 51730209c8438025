"""The clock of a workspace: the clocks of machines differ, so the server's is used where there is one."""

import time
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from orbench_studio.store.core.columns import UtcDateTime
from orbench_studio.store.core.engine import is_server
from orbench_studio.store.core.pipeline import Read, Steps


class _ServerClock(FunctionElement[datetime]):
    """The time of the server; null in a file."""

    name = "server_clock"
    inherit_cache = True
    type = UtcDateTime()


SERVER_CLOCK = _ServerClock()


@compiles(_ServerClock, "postgresql")
def _at_server(_clock: _ServerClock, _compiler: Any, **_more: Any) -> str:
    return "clock_timestamp()"


@compiles(_ServerClock, "sqlite")
def _in_file(_clock: _ServerClock, _compiler: Any, **_more: Any) -> str:
    return "NULL"


@Read
def read_now(given: datetime | None = None) -> Steps[datetime]:
    """The time of the server, in a file that of the machine; or the given time."""
    if given is not None:
        return given
    return (yield select(SERVER_CLOCK)).scalar() or datetime.now(UTC)


def now(db: Connection) -> float:
    """Seconds since 1970."""
    if not is_server(db):
        return time.time()  # a file is on one machine
    return float(db.execute(select(func.extract("epoch", func.clock_timestamp()))).scalar_one())
