"""Subsets keep what the workspace was like, and where prompts fell that are not in them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both; subsets that are there know neither."""
    op.add_column("subsets", sa.Column("state", sa.String(), nullable=False, server_default="{}"))
    op.create_table(
        "subset_falls",
        sa.Column("subset_id", sa.Integer(), nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["subset_id"], ["subsets.id"], name="fk_subset_falls_subset_id_subsets"),
        sa.ForeignKeyConstraint(["prompt_id"], ["prompts.id"], name="fk_subset_falls_prompt_id_prompts"),
        sa.PrimaryKeyConstraint("subset_id", "prompt_id", name="pk_subset_falls"),
    )
