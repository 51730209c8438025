"""Licences of judges, and a judge's probability of a refusal."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table and the column."""
    op.create_table(
        "licences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("journal_id", sa.Integer(), nullable=False),
        sa.Column("judge_id", sa.Integer(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["journal_id"], ["journal.id"], name="fk_licences_journal_id_journal"),
        sa.ForeignKeyConstraint(["judge_id"], ["judges.id"], name="fk_licences_judge_id_judges"),
        sa.PrimaryKeyConstraint("id", name="pk_licences"),
    )
    op.create_index("ix_licences_judge_id", "licences", ["judge_id"])
    op.add_column("judgements", sa.Column("refusal", sa.Float(), nullable=True))
