"""Prompts that are nearly the same, in groups."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the groups; there are none before somebody asks for them."""
    op.create_table(
        "groupings",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("prompts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "near_duplicates",
        sa.Column("prompt_id", sa.Integer(), sa.ForeignKey("prompts.id"), autoincrement=False, primary_key=True),
        sa.Column("group_id", sa.Integer(), sa.ForeignKey("prompts.id"), nullable=False),
        sa.Column("similarity", sa.Float(), nullable=False),
    )
    op.create_index("ix_near_duplicates_group_id", "near_duplicates", ["group_id"])
