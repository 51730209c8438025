"""What time it is for everybody at a workspace: machines' clocks differ, so a server's own is asked."""

import time

from sqlalchemy import Connection, func, select

from orbench_studio.store.core.engine import is_server


def now(db: Connection) -> float:
    """Seconds since 1970."""
    if not is_server(db):
        return time.time()  # a file is on one machine
    return float(db.execute(select(func.extract("epoch", func.clock_timestamp()))).scalar_one())
