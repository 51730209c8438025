"""Who has said safe or toxic of which prompt: moderators, moderators of a response, people."""

from typing import NamedTuple

from sqlalchemy import Connection, select

from orbench_studio.domain.annotation import Aspect
from orbench_studio.domain.moderation import Verdict
from orbench_studio.store.journal import IN_FORCE, Deed
from orbench_studio.store.tables import ANNOTATIONS, ANNOTATORS, JOURNAL, MODELS, VOTES


class Said(NamedTuple):
    """A readable verdict on a prompt, or on a response to it; of one rater on one thing the later counts."""

    prompt_id: int
    rater: str
    verdict: str
    response_id: int | None = None


def moderators(db: Connection) -> list[Said]:
    """The moderators' readable votes, oldest first."""
    v = VOTES.c
    names = {row.id: row.name for row in db.execute(select(MODELS.c.id, MODELS.c.name))}
    statement = select(v.prompt_id, v.moderator_id, v.verdict, v.response_id).where(v.verdict != Verdict.UNPARSED)
    rows = db.execute(statement.order_by(v.id))
    return [Said(prompt, names[moderator], verdict, response) for prompt, moderator, verdict, response in rows]


def people(db: Connection, aspect: Aspect = Aspect.LABEL) -> list[Said]:
    """What people say of prompts, or of responses, in force; a file's people first, then oldest first."""
    a = ANNOTATIONS.c
    statement = (
        select(a.prompt_id, ANNOTATORS.c.name, a.value, a.response_id)
        .join(JOURNAL, JOURNAL.c.id == a.journal_id)
        .join(ANNOTATORS, ANNOTATORS.c.id == a.annotator_id)
        .where(a.aspect == aspect, IN_FORCE)
        .order_by((JOURNAL.c.kind != Deed.IMPORT), a.id)
    )
    return [Said(*row) for row in db.execute(statement)]
