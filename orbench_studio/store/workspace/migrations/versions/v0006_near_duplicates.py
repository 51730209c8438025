"""Prompts that are nearly the same, in groups."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the groups; there are none before somebody asks for them."""
    op.create_table(
        "groupings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("prompts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_groupings"),
    )
    op.create_table(
        "near_duplicates",
        sa.Column("prompt_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("similarity", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["prompt_id"], ["prompts.id"], name="fk_near_duplicates_prompt_id_prompts"),
        sa.ForeignKeyConstraint(["group_id"], ["prompts.id"], name="fk_near_duplicates_group_id_prompts"),
        sa.PrimaryKeyConstraint("prompt_id", name="pk_near_duplicates"),
    )
    op.create_index("ix_near_duplicates_group_id", "near_duplicates", ["group_id"])
