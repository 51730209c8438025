"""Find the judgements of a judge without a search of all judgements."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_judgements_judge_id", "judgements", ["judge_id"])
