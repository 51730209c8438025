"""The format of a workspace: the current revision, and migration to it, in both databases."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Connection, insert

from orbench_studio.store.core.engine import is_server
from orbench_studio.store.core.tables import WORKSPACE
from orbench_studio.store.workspace import grants

HEAD = "0022"
MIGRATIONS = Path(__file__).parent / "migrations"


def is_newer(revision: str) -> bool:
    """Whether the revision is from a newer version of the studio."""
    return not revision.isdigit() or int(revision) > int(HEAD)


def upgrade(db: Connection) -> None:
    """Migrate the tables to the current revision, in the transaction of the connection."""
    # On first use: most openings find the head revision and never need alembic (0.6 s to import).
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = db
    command.upgrade(config, "head")
    if is_server(db):
        grants.give(db)


def begin_workspace(db: Connection, *, illustrative: bool = False) -> None:
    row = {"uuid": uuid4().hex, "created_at": datetime.now(UTC), "illustrative": illustrative}
    db.execute(insert(WORKSPACE).values(row))
