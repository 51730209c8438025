"""Decisions accept only valid values for their aspect."""

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
def test_invalid_decisions_are_errors(aspect, value, response_id):
    with pytest.raises(ValueError, match=r"not a valid|need a response"):
        Decision(1, aspect, value, response_id)


def test_a_note_can_have_any_text():
    assert Decision(1, Aspect.NOTE, "").value == ""
