"""Reviewing for hours: model families, contradicting judges, guidelines, saved views, indexes for the filters."""

import sqlalchemy as sa
from alembic import op

from orbench_studio.domain.core.model_family import family

revision = "0002"
down_revision = "0001"

_REFUSALS = "('direct_refusal', 'indirect_refusal', 'partial_refusal')"


def upgrade() -> None:
    """Add what the queue can be asked for, and fill it for what is there."""
    _create_guidelines()
    _create_views()
    _name_families()
    _add_counts()
    _fill_contradictions()
    _fill_prompt_counts()
    _create_indexes()


def _create_guidelines() -> None:
    op.create_table(
        "guidelines",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.execute(
        "ALTER TABLE journal ADD COLUMN guideline_id INTEGER "
        "CONSTRAINT fk_journal_guideline_id_guidelines REFERENCES guidelines (id)"
    )


def _create_views() -> None:
    op.create_table(
        "views",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("name"),
    )


def _name_families() -> None:
    op.add_column("models", sa.Column("family", sa.String(), nullable=False, server_default=""))
    db = op.get_bind()
    for model_id, name in db.execute(sa.text("SELECT id, name FROM models")).all():
        db.execute(
            sa.text("UPDATE models SET family = :family WHERE id = :id"), {"family": family(name), "id": model_id}
        )


def _add_counts() -> None:
    for name in ("judges_differ", "person_differs"):
        op.add_column("response_states", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    for name in ("refusing_models", "refusing_families", "judges_differ", "person_differs"):
        op.add_column("prompt_states", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))


def _fill_contradictions() -> None:
    """As the rules of `domain.judgement.contradictions` say of the latest readable judgement of each judge."""
    latest = (
        "SELECT response_id, answer_class <> 'direct_answer' AS refusal FROM judgements WHERE id IN ("
        "SELECT max(id) FROM judgements WHERE answer_class IN ('direct_answer', 'direct_refusal', 'indirect_refusal', "
        "'partial_refusal') GROUP BY response_id, judge_id)"
    )
    op.execute(
        f"UPDATE response_states SET judges_differ = true WHERE response_id IN ("
        f"SELECT response_id FROM ({latest}) AS said GROUP BY response_id HAVING count(DISTINCT refusal) > 1)"
    )
    op.execute(
        f"UPDATE response_states SET person_differs = true WHERE basis = 'human' AND EXISTS ("
        f"SELECT 1 FROM ({latest}) AS said WHERE said.response_id = response_states.response_id "
        f"AND said.refusal <> (response_states.answer_class <> 'direct_answer'))"
    )


def _fill_prompt_counts() -> None:
    for name in ("judges_differ", "person_differs"):
        op.execute(
            f"UPDATE prompt_states SET {name} = (SELECT count(*) FROM response_states AS r "
            f"WHERE r.prompt_id = prompt_states.prompt_id AND r.{name})"
        )
    for name, whose in (("refusing_models", "r.model_id"), ("refusing_families", "m.family")):
        op.execute(
            f"UPDATE prompt_states SET {name} = (SELECT count(DISTINCT {whose}) FROM response_states AS r "
            f"JOIN models AS m ON m.id = r.model_id WHERE r.prompt_id = prompt_states.prompt_id "
            f"AND r.answer_class IN {_REFUSALS})"
        )


def _create_indexes() -> None:
    op.create_index("ix_prompts_source_id", "prompts", ["source_id"])
    op.execute(
        f"CREATE INDEX ix_response_states_refusals ON response_states (model_id, prompt_id) "
        f"WHERE answer_class IN {_REFUSALS}"
    )
    op.create_index("ix_votes_moderator_id_verdict", "votes", ["moderator_id", "verdict"])
