"""Subsets keep what the workspace was like, and where prompts fell that are not in them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add both; subsets that are there know neither."""
    op.add_column("subsets", sa.Column("state", sa.String(), nullable=False, server_default="{}"))
    op.create_table(
        "subset_falls",
        sa.Column("subset_id", sa.Integer(), sa.ForeignKey("subsets.id"), primary_key=True),
        sa.Column("prompt_id", sa.Integer(), sa.ForeignKey("prompts.id"), primary_key=True),
        sa.Column("step", sa.Integer(), nullable=False),
    )
