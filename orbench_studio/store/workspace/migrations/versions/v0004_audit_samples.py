"""Audit samples: random samples of prompts, with the probability of each to be in one."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add their tables, empty."""
    op.create_table(
        "audit_samples",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_samples"),
        sa.UniqueConstraint("name", name="uq_audit_samples_name"),
    )
    op.create_table(
        "audit_strata",
        sa.Column("sample_id", sa.Integer(), nullable=False),
        sa.Column("stratum", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("drawn", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["sample_id"], ["audit_samples.id"], name="fk_audit_strata_sample_id_audit_samples"),
        sa.PrimaryKeyConstraint("sample_id", "stratum", name="pk_audit_strata"),
    )
    op.create_table(
        "audit_prompts",
        sa.Column("sample_id", sa.Integer(), nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("stratum", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sample_id", "stratum"],
            ["audit_strata.sample_id", "audit_strata.stratum"],
            name="fk_audit_prompts_sample_id_audit_strata",
        ),
        sa.ForeignKeyConstraint(["prompt_id"], ["prompts.id"], name="fk_audit_prompts_prompt_id_prompts"),
        sa.PrimaryKeyConstraint("sample_id", "prompt_id", name="pk_audit_prompts"),
    )
    op.create_index("ix_audit_prompts_sample_id_stratum_place", "audit_prompts", ["sample_id", "stratum", "place"])
