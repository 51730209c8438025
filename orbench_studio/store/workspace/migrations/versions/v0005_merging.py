"""Journals that can be merged: every entry has a name that no copy of the workspace gives another."""

from hashlib import blake2b

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Name the entries there are, the same in every copy of the file; order a person's deeds by their moment."""
    op.add_column("journal", sa.Column("uuid", sa.String(), nullable=False, server_default=""))
    if op.get_bind().dialect.name != "postgresql":  # where no workspace was ever as old as this
        _name_entries()
    op.create_index("ix_journal_uuid", "journal", ["uuid"], unique=True)
    op.drop_index("ix_journal_annotator_id", "journal")
    op.create_index("ix_journal_annotator_id_at", "journal", ["annotator_id", "at"])


def _name_entries() -> None:
    op.execute("DROP TRIGGER journal_update")
    db = op.get_bind()
    workspace = db.execute(sa.text("SELECT uuid FROM workspace")).scalar()
    rows = db.execute(sa.text("SELECT id, at FROM journal")).all()
    for entry, at in rows:
        name = blake2b(f"{workspace} {entry} {at}".encode(), digest_size=16).hexdigest()
        db.execute(sa.text("UPDATE journal SET uuid = :name WHERE id = :entry"), {"name": name, "entry": entry})
    op.execute(
        "CREATE TRIGGER journal_update BEFORE UPDATE ON journal "
        "BEGIN SELECT RAISE(ABORT, 'the journal only grow: decisions are never changed or deleted'); END"
    )
