"""The clock of a workspace: the clocks of machines differ, so the server's is used where there is one."""

import time

from sqlalchemy import Connection, func, select

from orbench_studio.store.core.engine import is_server


def now(db: Connection) -> float:
    """Seconds since 1970."""
    if not is_server(db):
        return time.time()  # a file is on one machine
    return float(db.execute(select(func.extract("epoch", func.clock_timestamp()))).scalar_one())
