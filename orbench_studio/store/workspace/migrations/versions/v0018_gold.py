"""Withheld labels of gold prompts."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "team_gold",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("team_prompt_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["team_prompt_id"], ["team_prompts.id"]),
        sa.UniqueConstraint("team_prompt_id"),
    )
