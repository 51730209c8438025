"""Phrases that people make rules of a workspace."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "own_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("phrase", sa.Text(), nullable=False),
        sa.Column("refuses", sa.Boolean(), nullable=False),
        sa.Column("model_id", sa.Integer(), nullable=True),
        sa.Column("saved_by", sa.Integer(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_by", sa.Integer(), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"], name="fk_own_rules_model_id_models"),
        sa.ForeignKeyConstraint(["saved_by"], ["annotators.id"], name="fk_own_rules_saved_by_annotators"),
        sa.ForeignKeyConstraint(["removed_by"], ["annotators.id"], name="fk_own_rules_removed_by_annotators"),
        sa.PrimaryKeyConstraint("id", name="pk_own_rules"),
    )
