"""Reasoning apart from the response, and the vendor's own fields about why it stopped."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("responses", sa.Column("reasoning", sa.Text(), nullable=True))
    op.add_column("responses", sa.Column("reasoning_tokens", sa.Integer(), nullable=True))
    op.add_column("responses", sa.Column("stop_details", sa.Text(), nullable=True))
