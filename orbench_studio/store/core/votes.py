"""Load moderator votes as domain objects."""

from collections import defaultdict

from sqlalchemy import select

from orbench_studio.domain.core.category import stored_category
from orbench_studio.domain.core.moderation import Verdict, Vote
from orbench_studio.store.core.bulk_insert import ForIds, Ids
from orbench_studio.store.core.pipeline import Read, Steps
from orbench_studio.store.core.tables import MODELS, VOTES

_V = VOTES.c
_VOTES = ForIds(
    select(
        *(_V.prompt_id, _V.id, MODELS.c.name, _V.verdict, _V.category),
        *(_V.explanation, _V.raw, _V.response_id, _V.template_hash),
    ).join(MODELS, MODELS.c.id == _V.moderator_id),
    _V.prompt_id,
)


@Read
def of_prompts(prompt_ids: Ids) -> Steps[dict[int, list[Vote]]]:
    """All votes on the prompts and on the responses to them, oldest first, by prompt."""
    found: dict[int, list[Vote]] = defaultdict(list)
    for prompt_id, vote_id, moderator, verdict, category, *rest in (yield from _VOTES.rows(prompt_ids)):
        chosen = stored_category(category) if category else None
        found[prompt_id].append(Vote(vote_id, moderator, Verdict(verdict), chosen, *rest))
    for votes in found.values():
        votes.sort(key=lambda vote: vote.id)
    return found
