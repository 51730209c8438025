"""A counter that orders each annotator's journal entries, whatever the clocks of their machines."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Add the counter, 0 in the entries that exist: they stay in the order of their times."""
    op.add_column("journal", sa.Column("counter", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.drop_index("ix_journal_annotator_id_at", "journal")
    op.create_index("ix_journal_annotator_id_counter_at", "journal", ["annotator_id", "counter", "at"])
