"""Which final answer classes people gave."""

from sqlalchemy import and_, exists, or_

from orbench_studio.domain.core.annotation import Aspect, Basis
from orbench_studio.store.core.tables import ANNOTATIONS, JOURNAL, RESPONSE_STATES
from orbench_studio.store.review.journal import IN_FORCE

_BY_ANNOTATOR = (
    exists(ANNOTATIONS.c.id)
    .where(ANNOTATIONS.c.response_id == RESPONSE_STATES.c.response_id, ANNOTATIONS.c.aspect == Aspect.ANSWER_CLASS)
    .where(JOURNAL.c.id == ANNOTATIONS.c.journal_id, IN_FORCE)
)

# A class in a source file is human only if it settles the classes of named annotators.
BY_PEOPLE = or_(RESPONSE_STATES.c.basis == Basis.HUMAN, and_(RESPONSE_STATES.c.basis == Basis.REFERENCE, _BY_ANNOTATOR))
