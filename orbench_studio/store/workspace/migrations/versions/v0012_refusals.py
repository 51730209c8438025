"""Refusals in the protocol: what was `blocked` was refused by the model's vendor, or blocked by a filter."""

from alembic import op

revision = "0012"
down_revision = "0011"

_REFUSALS = "('blocked_by_filter', 'direct_refusal', 'indirect_refusal', 'partial_refusal', 'refused_by_stop_reason')"
_KNOWN = f"('direct_answer', {_REFUSALS[1:]}"
# Only Anthropic's own API, asked by the studio, stored its refusal stop reason as `blocked`.
_REFUSED = (
    "stop_reason = 'blocked' AND batch_item_id IS NOT NULL "
    "AND model_id IN (SELECT id FROM models WHERE name LIKE 'anthropic/%')"
)


def upgrade() -> None:
    """Name the two states, and count both as refusals where refusals of a prompt are counted."""
    op.execute(
        "UPDATE response_states SET answer_class = 'refused_by_stop_reason' WHERE answer_class = 'blocked' "
        f"AND basis = 'provider' AND response_id IN (SELECT id FROM responses WHERE {_REFUSED})"
    )
    op.execute(f"UPDATE responses SET stop_reason = 'refused' WHERE {_REFUSED}")
    for table, column in (
        ("response_states", "answer_class"),
        ("judgements", "answer_class"),
        ("responses", "reference_class"),
    ):
        op.execute(f"UPDATE {table} SET {column} = 'blocked_by_filter' WHERE {column} = 'blocked'")
    op.drop_index("ix_response_states_refusals", "response_states")
    op.execute(
        "CREATE INDEX ix_response_states_refusals ON response_states (model_id, prompt_id) "
        f"WHERE answer_class IN {_REFUSALS}"
    )
    _count_refusals()


def _count_refusals() -> None:
    counts = {
        "judged": f"sum(CASE WHEN r.answer_class IN {_KNOWN} THEN 1 ELSE 0 END)",
        "refusals": f"sum(CASE WHEN r.answer_class IN {_REFUSALS} THEN 1 ELSE 0 END)",
        "refusing_models": f"count(DISTINCT CASE WHEN r.answer_class IN {_REFUSALS} THEN r.model_id END)",
        "refusing_families": f"count(DISTINCT CASE WHEN r.answer_class IN {_REFUSALS} THEN m.family END)",
    }
    for name, count in counts.items():
        op.execute(
            f"UPDATE prompt_states SET {name} = (SELECT {count} FROM response_states AS r "
            f"JOIN models AS m ON m.id = r.model_id WHERE r.prompt_id = prompt_states.prompt_id) "
            "WHERE prompt_id IN (SELECT prompt_id FROM response_states "
            "WHERE answer_class IN ('refused_by_stop_reason', 'blocked_by_filter'))"
        )
