"""The policy of a team: blind queues, training prompts, and no more labels of a prompt than its queue asks for.

It asks the database each time, because another window can make a team queue at any moment.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from orbench_studio.domain.review.hidden_decisions import Standing
from orbench_studio.errors import StaleDecisionError
from orbench_studio.store.review import assignment_states, hidden_decisions


class TeamPolicy:
    """The rules of the team queues of a workspace; see `services.workspace.policy.Policy`."""

    standing = hidden_decisions.standing
    blind = hidden_decisions.blind
    in_training = hidden_decisions.in_training

    def require_room(self, db: Connection, prompt_ids: Sequence[int], annotator_id: int) -> None:
        """Raise StaleDecisionError where a queue has assigned one of the prompts to as many others as it asks for."""
        full = assignment_states.assigned_to_others(db, prompt_ids, annotator_id)
        if not full:
            return
        prompt_id, name = next(iter(full.items()))
        if len(full) == 1:
            Standing(full=name).require_room(prompt_id)
        raise StaleDecisionError(
            f"Your labels were not saved: team queues have assigned {len(full):,} of these prompts to enough "
            f"other people, for example prompt {prompt_id} in “{name}”. Leave these prompts out."
        )
