"""Audit samples: random samples of prompts, with the probability of each to be in one."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add their tables, empty."""
    op.create_table(
        "audit_samples",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "audit_strata",
        sa.Column("sample_id", sa.Integer(), sa.ForeignKey("audit_samples.id"), primary_key=True),
        sa.Column("stratum", sa.String(), primary_key=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("drawn", sa.Integer(), nullable=False),
    )
    op.create_table(
        "audit_prompts",
        sa.Column("sample_id", sa.Integer(), primary_key=True),
        sa.Column("prompt_id", sa.Integer(), primary_key=True),
        sa.Column("stratum", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sample_id", "stratum"],
            ["audit_strata.sample_id", "audit_strata.stratum"],
            name="fk_audit_prompts_sample_id_audit_strata",
        ),
        sa.ForeignKeyConstraint(["prompt_id"], ["prompts.id"]),
    )
    op.create_index("ix_audit_prompts_sample_id_stratum_place", "audit_prompts", ["sample_id", "stratum", "place"])
