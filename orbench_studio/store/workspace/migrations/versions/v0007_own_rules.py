"""Phrases that people make rules of a workspace."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "own_rules",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("phrase", sa.Text(), nullable=False),
        sa.Column("refuses", sa.Boolean(), nullable=False),
        sa.Column("model_id", sa.Integer(), sa.ForeignKey("models.id"), nullable=True),
        sa.Column("saved_by", sa.Integer(), sa.ForeignKey("annotators.id"), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_by", sa.Integer(), sa.ForeignKey("annotators.id"), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
    )
