"""What annotators have seen of a prompt beside its texts, by their decisions about it, also by undone ones."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, bindparam, not_, or_, select

from orbench_studio.domain.core.annotation import Visible
from orbench_studio.domain.review.decision import OF_RESPONSES
from orbench_studio.store.core.pipeline import Read, Steps
from orbench_studio.store.core.tables import ANNOTATIONS, JOURNAL
from orbench_studio.store.review.journal import DECIDING

# Votes, judgements or other people's decisions were visible, or shown right after the decision. In blind review, an
# answer class shows only the judges' classes of its response; where the votes were visible too, all was.
_ALL, _JUDGED = (Visible.VOTES, Visible.DECISIONS), (Visible.JUDGEMENTS, Visible.REVEAL)
_SAW_JUDGED = or_(*(ANNOTATIONS.c.visible.contains(word) for word in _JUDGED))
_IS_OF_RESPONSE = ANNOTATIONS.c.aspect.in_(OF_RESPONSES)
SAW_MORE = or_(*(ANNOTATIONS.c.visible.contains(word) for word in _ALL), and_(_SAW_JUDGED, not_(_IS_OF_RESPONSE)))
_SEEN = (
    select(JOURNAL.c.at, ANNOTATIONS.c.response_id, SAW_MORE.label("all"))
    .join(ANNOTATIONS, ANNOTATIONS.c.journal_id == JOURNAL.c.id)
    .where(
        ANNOTATIONS.c.prompt_id == bindparam("prompt_id"),
        ANNOTATIONS.c.annotator_id == bindparam("annotator_id"),
        JOURNAL.c.kind.in_(DECIDING),
        or_(SAW_MORE, _SAW_JUDGED),
    )
)


class Seen(NamedTuple):
    """What an annotator has seen of a prompt beside its texts, also by decisions that are undone."""

    at: datetime | None  # when they last decided and saw votes, all judgements or other people's decisions
    classes: frozenset[int]  # the responses whose judges' classes they saw


@Read
def of_prompt(prompt_id: int, annotator_id: int | None) -> Steps[Seen]:
    """What the annotator has seen of the prompt when they decided about it."""
    rows = (yield _SEEN, {"prompt_id": prompt_id, "annotator_id": annotator_id}).all()
    classes = frozenset(row.response_id for row in rows if row.response_id is not None)
    return Seen(max((row.at for row in rows if row.all), default=None), classes)
