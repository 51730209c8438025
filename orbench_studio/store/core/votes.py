"""Load moderator votes as domain objects."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select

from orbench_studio.domain.core.category import stored_category
from orbench_studio.domain.core.moderation import Verdict, Vote
from orbench_studio.store.core.bulk_insert import chunks, in_list
from orbench_studio.store.core.pipeline import Read, Steps
from orbench_studio.store.core.tables import MODELS, VOTES


@Read
def of_prompts(prompt_ids: Sequence[int]) -> Steps[dict[int, list[Vote]]]:
    """All votes on the prompts and on the responses to them, oldest first, by prompt."""
    found: dict[int, list[Vote]] = defaultdict(list)
    v = VOTES.c
    about = (v.prompt_id, v.id, MODELS.c.name, v.verdict, v.category)
    more = (v.explanation, v.raw, v.response_id, v.template_hash)
    for some in chunks(prompt_ids):
        cast = select(*about, *more).join(MODELS, MODELS.c.id == v.moderator_id).where(in_list(v.prompt_id, some))
        for prompt_id, vote_id, moderator, verdict, category, *rest in (yield cast).all():
            chosen = stored_category(category) if category else None
            vote = Vote(vote_id, moderator, Verdict(verdict), chosen, *rest)
            found[prompt_id].append(vote)
    for votes in found.values():
        votes.sort(key=lambda vote: vote.id)
    return found
