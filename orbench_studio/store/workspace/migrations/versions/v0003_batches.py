"""Batches that several processes work on: who has which item, how far each model is, what the vendors have."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add what a batch needs; nothing wrote batches before this revision."""
    _describe_batches()
    _create_runners()
    _create_progress()
    _create_vendor_batches()
    _describe_items()
    _create_judge_items()
    _attribute_answers()


def _describe_batches() -> None:
    op.add_column("batches", sa.Column("kind", sa.String(), nullable=False, server_default="evaluation"))
    op.add_column("batches", sa.Column("note", sa.Text(), nullable=True))


def _create_runners() -> None:
    op.create_table(
        "batch_runners",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("batch_id", sa.Integer(), sa.ForeignKey("batches.id"), nullable=False),
        sa.Column("seen_at", sa.Float(), nullable=False),
        sa.Column("lease", sa.Float(), nullable=False),
    )


def _create_progress() -> None:
    counts = ("total", "done", "failed", "cancelled", "at_vendor", "input_tokens", "output_tokens")
    op.create_table(
        "batch_models",
        sa.Column("batch_id", sa.Integer(), primary_key=True),
        sa.Column("model_id", sa.Integer(), primary_key=True),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in counts),
        sa.Column("cost", sa.Float(), nullable=False),
        sa.Column("unpriced", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"]),
        sa.ForeignKeyConstraint(["model_id"], ["models.id"]),
    )


def _create_vendor_batches() -> None:
    op.create_table(
        "vendor_batches",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("batch_id", sa.Integer(), sa.ForeignKey("batches.id"), nullable=False),
        sa.Column("model_id", sa.Integer(), sa.ForeignKey("models.id"), nullable=False),
        sa.Column("vendor_id", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_vendor_batches_batch_id", "vendor_batches", ["batch_id"])


def _describe_items() -> None:
    op.add_column("batch_items", sa.Column("cause", sa.String(), nullable=True))
    for column, table in (("runner_id", "batch_runners"), ("vendor_batch_id", "vendor_batches")):
        op.execute(
            f"ALTER TABLE batch_items ADD COLUMN {column} INTEGER "
            f"CONSTRAINT fk_batch_items_{column}_{table} REFERENCES {table} (id)"
        )
        op.create_index(f"ix_batch_items_{column}", "batch_items", [column])
    op.create_index("ix_batch_items_batch_id_state_model_id", "batch_items", ["batch_id", "state", "model_id"])


def _create_judge_items() -> None:
    op.create_table(
        "judge_items",
        sa.Column("item_id", sa.Integer(), sa.ForeignKey("batch_items.id"), autoincrement=False, primary_key=True),
        sa.Column("response_id", sa.Integer(), sa.ForeignKey("responses.id"), nullable=False),
    )


def _attribute_answers() -> None:
    op.add_column("judgements", sa.Column("template_hash", sa.String(), nullable=True))
    op.execute(
        "ALTER TABLE judgements ADD COLUMN batch_item_id INTEGER "
        "CONSTRAINT fk_judgements_batch_item_id_batch_items REFERENCES batch_items (id)"
    )
    for table in ("responses", "judgements"):
        op.execute(
            f"CREATE UNIQUE INDEX ix_{table}_batch_item_id ON {table} (batch_item_id) WHERE batch_item_id IS NOT NULL"
        )
