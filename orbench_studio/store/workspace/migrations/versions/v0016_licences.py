"""Licences of judges, and a judge's probability of a refusal."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Add the table and the column."""
    op.create_table(
        "licences",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("journal_id", sa.Integer(), sa.ForeignKey("journal.id"), nullable=False),
        sa.Column("judge_id", sa.Integer(), sa.ForeignKey("judges.id"), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
    )
    op.create_index("ix_licences_judge_id", "licences", ["judge_id"])
    op.add_column("judgements", sa.Column("refusal", sa.Float(), nullable=True))
