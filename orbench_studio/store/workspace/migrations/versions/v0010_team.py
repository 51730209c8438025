"""A team's queues: what was agreed on, who takes part, their prompts, and who has been given which."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the tables."""
    _create_queues()
    _create_members()
    _create_prompts()
    _create_claims()


def _create_queues() -> None:
    op.create_table(
        "team_queues",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("training", sa.Text(), nullable=True),
        sa.Column("overlap", sa.Integer(), nullable=False),
        sa.Column("lease", sa.Integer(), nullable=False),
        sa.Column("assignment", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("name"),
    )


def _create_members() -> None:
    op.create_table(
        "team_members",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("queue_id", sa.Integer(), nullable=False),
        sa.Column("annotator_id", sa.Integer(), nullable=False),
        sa.Column("invited", sa.Boolean(), nullable=False),
        sa.Column("share", sa.Float(), nullable=True),
        sa.Column("categories", sa.String(), nullable=False),
        sa.Column("reached", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        *_references("team_members", "queue_id", "annotator_id"),
        sa.UniqueConstraint("queue_id", "annotator_id"),
    )


def _create_prompts() -> None:
    op.create_table(
        "team_prompts",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("queue_id", sa.Integer(), nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("training", sa.Boolean(), nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("lot", sa.Integer(), nullable=False),
        sa.Column("labels", sa.Integer(), nullable=False),
        sa.Column("room", sa.Integer(), nullable=False),
        *_references("team_prompts", "queue_id", "prompt_id"),
        sa.UniqueConstraint("prompt_id", "queue_id"),
    )
    has_room = sa.text("room > 0")
    op.create_index(
        "ix_team_prompts_queue_id_training_id",
        "team_prompts",
        ["queue_id", "training", "id"],
        sqlite_where=has_room,
        postgresql_where=has_room,
    )
    op.create_index("ix_team_prompts_queue_id_labels", "team_prompts", ["queue_id", "labels"])


def _create_claims() -> None:
    op.create_table(
        "team_claims",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("queue_id", sa.Integer(), nullable=False),
        sa.Column("team_prompt_id", sa.Integer(), nullable=False),
        sa.Column("annotator_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("after", sa.Integer(), nullable=False),
        *_references("team_claims", "queue_id", "team_prompt_id", "annotator_id"),
        sa.UniqueConstraint("team_prompt_id", "annotator_id"),
    )
    op.create_index("ix_team_claims_queue_id_state_until", "team_claims", ["queue_id", "state", "until"])
    op.create_index("ix_team_claims_queue_id_annotator_id_state", "team_claims", ["queue_id", "annotator_id", "state"])


_REFERRED = {
    "queue_id": "team_queues",
    "annotator_id": "annotators",
    "prompt_id": "prompts",
    "team_prompt_id": "team_prompts",
}


def _references(table: str, *columns: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([name], [f"{_REFERRED[name]}.id"], name=f"fk_{table}_{name}_{_REFERRED[name]}")
        for name in columns
    ]
