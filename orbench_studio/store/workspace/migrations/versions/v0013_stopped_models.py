"""Models of a batch that are stopped alone, and answers whose cost is estimated."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the reason and the count."""
    op.add_column("batch_models", sa.Column("estimated", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.add_column("batch_models", sa.Column("stopped", sa.Text(), nullable=True))
