"""Withheld labels of gold prompts."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "team_gold",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("team_prompt_id", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["team_prompt_id"], ["team_prompts.id"], name="fk_team_gold_team_prompt_id_team_prompts"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_team_gold"),
        sa.UniqueConstraint("team_prompt_id", name="uq_team_gold_team_prompt_id"),
    )
