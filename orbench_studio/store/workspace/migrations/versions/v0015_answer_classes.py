"""Non-responsive is a kind of refusal; no stored value changes, because the earlier classes keep their meaning."""

from alembic import op

revision = "0015"
down_revision = "0014"

_REFUSALS = (
    "('blocked_by_filter', 'direct_refusal', 'indirect_refusal', 'non_responsive', 'partial_refusal', "
    "'refused_by_stop_reason')"
)


def upgrade() -> None:
    """Index the responses that refuse again."""
    op.drop_index("ix_response_states_refusals", "response_states")
    op.execute(
        "CREATE INDEX ix_response_states_refusals ON response_states (model_id, prompt_id) "
        f"WHERE answer_class IN {_REFUSALS}"
    )
