"""Several machines at one batch: who they are, limits that they share, and who is to judge once it is finished."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Name the processes, keep the limits, remember the judge."""
    op.add_column("batch_runners", sa.Column("machine", sa.String(), nullable=False, server_default=""))
    op.add_column("batch_runners", sa.Column("pid", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.add_column("batch_runners", sa.Column("since", sa.Float(), nullable=False, server_default=sa.text("0")))
    op.add_column("batch_runners", sa.Column("per_minute", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.add_column("batches", sa.Column("judge", sa.String(), nullable=True))
    op.create_table(
        "rate_limits",
        sa.Column("place", sa.String(), primary_key=True),
        sa.Column("requests_at", sa.Float(), nullable=False),
        sa.Column("tokens_at", sa.Float(), nullable=False),
        sa.Column("paused_until", sa.Float(), nullable=False),
    )
    # With the id: whoever claims takes the first ones, and must not sort all that wait to find them.
    op.drop_index("ix_batch_items_batch_id_state_model_id", "batch_items")
    op.create_index("ix_batch_items_batch_id_state_model_id_id", "batch_items", ["batch_id", "state", "model_id", "id"])
