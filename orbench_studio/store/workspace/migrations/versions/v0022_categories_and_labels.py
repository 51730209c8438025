"""Indexes for the categories in use and the labelled prompts, which every filter of the queue reads."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Add the indexes."""
    labelled = sa.text("status IN ('decided', 'disputed')")
    op.create_index("ix_prompt_states_category", "prompt_states", ["category"])
    op.create_index(
        "ix_prompt_states_labelled", "prompt_states", ["status"], sqlite_where=labelled, postgresql_where=labelled
    )
