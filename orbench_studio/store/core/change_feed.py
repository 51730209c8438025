"""Notice changes by other processes: SQLite counts them for each connection, PostgreSQL sends notifications."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from orbench_studio.errors import ConnectionLostError
from orbench_studio.store.core import open_file
from orbench_studio.store.core.engine import CHANNEL
from orbench_studio.store.core.unit_of_work import reading

if TYPE_CHECKING:
    import psycopg


class FileChanges:
    """Changes of the file by other windows and programs."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def version(self) -> int:
        """A number that differs after each change; WorkspaceMovedError if the path leads to another file or none."""
        open_file.require_in_place(self._engine)
        with reading(self._engine) as db:
            return int(db.exec_driver_sql("PRAGMA data_version").scalar_one())

    def close(self) -> None:
        """Nothing to close."""


class ServerChanges:
    """Changes of the database by others, from a connection of its own, which is reopened if it breaks."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._name = name
        self._heard = 0
        self._connection: psycopg.Connection | None = None
        self._listen()

    def version(self) -> int:
        """A number that differs after each change; ConnectionLostError without a connection."""
        import psycopg

        try:
            names = self._notices()
        except psycopg.Error as error:
            self.close()
            raise ConnectionLostError(
                "There is no connection to the workspace's server. Check the network, then try again."
            ) from error
        self._heard += any(name != self._name for name in names)
        return self._heard

    def _notices(self) -> list[str]:
        """Who has written since the last call. A connection that the server has ended is opened again."""
        import psycopg

        if self._connection is not None and not self._connection.closed:
            with suppress(psycopg.Error):
                return [notice.payload for notice in self._connection.notifies(timeout=0)]
            self.close()
        self._listen()
        self._heard += 1  # there may be changes since the last connection
        return []

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _listen(self) -> None:
        import psycopg  # on first use: who has files only does not wait for it

        arguments, options = self._engine.dialect.create_connect_args(self._engine.url)
        self._connection = psycopg.connect(*arguments, **options, autocommit=True)
        self._connection.execute(f"LISTEN {CHANNEL}")
