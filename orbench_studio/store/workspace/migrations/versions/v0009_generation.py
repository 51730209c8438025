"""Batches that write seeds and rewrites and moderate them: items without a prompt, what was listed, whose votes."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add what generating needs; an item's prompt may be missing from now on."""
    _free_items_from_prompts()
    _create_generation_items()
    _create_generated_texts()
    _create_returned_seeds()
    _attribute_votes()
    op.add_column("workspace", sa.Column("consensus_rule", sa.String(), nullable=False, server_default="majority"))


def _free_items_from_prompts() -> None:
    """Written out: a copy made by looking at the old table would lose the names of its constraints."""
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("batch_items", "prompt_id", nullable=True)
        return
    op.create_table(
        "batch_items_new",
        *(sa.Column(name, sa.Integer(), nullable=name == "prompt_id") for name in _NUMBERS),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("cause", sa.String(), nullable=True),
        sa.Column("runner_id", sa.Integer(), nullable=True),
        sa.Column("vendor_batch_id", sa.Integer(), nullable=True),
        *(
            sa.ForeignKeyConstraint([f"{of}_id"], [f"{table}.id"], name=f"fk_batch_items_{of}_id_{table}")
            for of, table in _REFERENCES
        ),
        sa.PrimaryKeyConstraint("id", name="pk_batch_items"),
        sa.UniqueConstraint(
            "batch_id", "prompt_id", "model_id", "sample", name="uq_batch_items_batch_id_prompt_id_model_id_sample"
        ),
    )
    columns = ", ".join((*_NUMBERS, "state", "attempts", "error", "cause", "runner_id", "vendor_batch_id"))
    op.execute(f"INSERT INTO batch_items_new ({columns}) SELECT {columns} FROM batch_items")
    op.drop_table("batch_items")
    op.rename_table("batch_items_new", "batch_items")
    op.create_index("ix_batch_items_runner_id", "batch_items", ["runner_id"])
    op.create_index("ix_batch_items_vendor_batch_id", "batch_items", ["vendor_batch_id"])
    op.create_index("ix_batch_items_batch_id_state_model_id", "batch_items", ["batch_id", "state", "model_id"])


_NUMBERS = ("id", "batch_id", "prompt_id", "model_id", "sample")
_REFERENCES = (
    ("batch", "batches"),
    ("prompt", "prompts"),
    ("model", "models"),
    ("runner", "batch_runners"),
    ("vendor_batch", "vendor_batches"),
)


def _create_generation_items() -> None:
    op.create_table(
        "generation_items",
        sa.Column("item_id", sa.Integer(), sa.ForeignKey("batch_items.id"), autoincrement=False, primary_key=True),
        sa.Column("seed_id", sa.Integer(), sa.ForeignKey("seeds.id"), nullable=True),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("raw", sa.Text(), nullable=True),
        sa.Column("stop_reason", sa.String(), nullable=True),
        sa.Column("template_hash", sa.String(), nullable=True),
        sa.Column("declined", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_generation_items_seed_id", "generation_items", ["seed_id"])


def _create_generated_texts() -> None:
    op.create_table(
        "generated_texts",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("form", sa.LargeBinary(), nullable=False),
        sa.Column("seed_id", sa.Integer(), nullable=True),
        sa.Column("prompt_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["item_id"], ["batch_items.id"]),
        sa.ForeignKeyConstraint(["seed_id"], ["seeds.id"]),
        sa.ForeignKeyConstraint(["prompt_id"], ["prompts.id"]),
        sa.UniqueConstraint("item_id", "position"),
    )
    op.create_index("ix_generated_texts_form", "generated_texts", ["form"])


def _create_returned_seeds() -> None:
    op.create_table(
        "returned_seeds",
        sa.Column("seed_id", sa.Integer(), autoincrement=False, primary_key=True),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["seed_id"], ["seeds.id"]),
        sa.ForeignKeyConstraint(["prompt_id"], ["prompts.id"]),
        sa.UniqueConstraint("prompt_id"),
    )


def _attribute_votes() -> None:
    op.add_column("votes", sa.Column("template_hash", sa.String(), nullable=True))
    op.execute(
        "ALTER TABLE votes ADD COLUMN batch_item_id INTEGER "
        "CONSTRAINT fk_votes_batch_item_id_batch_items REFERENCES batch_items (id)"
    )
    op.execute("CREATE UNIQUE INDEX ix_votes_batch_item_id ON votes (batch_item_id) WHERE batch_item_id IS NOT NULL")
