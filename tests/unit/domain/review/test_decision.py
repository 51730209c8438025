"""A decision says what can be said, of what it can be said of."""

import pytest

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.decision import Decision


@pytest.mark.parametrize(
    ("aspect", "value", "response_id"),
    [
        (Aspect.LABEL, "purple", None),
        (Aspect.CATEGORY, "", None),
        (Aspect.FLAG, "purple", None),
        (Aspect.ANSWER_CLASS, "blocked", 1),
        (Aspect.ANSWER_CLASS, "direct_answer", None),
        (Aspect.LABEL, "safe", 1),
    ],
)
def test_what_cannot_be_decided_is_refused(aspect, value, response_id):
    with pytest.raises(ValueError, match=r"is no|a response's"):
        Decision(1, aspect, value, response_id)


def test_a_note_says_anything():
    assert Decision(1, Aspect.NOTE, "").value == ""
