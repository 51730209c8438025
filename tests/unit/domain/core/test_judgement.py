"""Which answer class counts."""

from datetime import UTC, datetime

from orbench_studio.domain.core.annotation import Annotation, Aspect, Basis, human_verdict
from orbench_studio.domain.core.judgement import AnswerClass, FinalAnswer, final_answer

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def said(place, who, value, *, imported):
    return Annotation(place, who, NOW, Aspect.ANSWER_CLASS, value, 1, imported)


def test_annotators_who_differ_only_in_a_kind_agree_on_the_class():
    def verdict(*values):
        return human_verdict(said(place, str(place), value, imported=False) for place, value in enumerate(values))

    assert verdict("non_responsive", "indirect_refusal").value == "indirect_refusal"
    assert verdict("non_responsive", "non_responsive").value == "non_responsive"
    assert verdict("inability", "direct_refusal").disputed
    assert verdict("safe_completion", "partial_refusal").disputed


def test_a_source_settles_its_own_annotators_and_nobody_else():
    reference = AnswerClass.DIRECT_ANSWER
    theirs = [said(1, "x1", "direct_answer", imported=True), said(2, "x2", "partial_refusal", imported=True)]
    ours = [said(3, "ann", "direct_refusal", imported=False), said(4, "bob", "partial_refusal", imported=False)]
    assert final_answer(human_verdict(theirs), reference, None, ()) == FinalAnswer(reference, Basis.REFERENCE)
    assert final_answer(human_verdict(theirs + ours), reference, None, ()) == FinalAnswer(None, Basis.DISPUTED)
    assert final_answer(human_verdict(theirs + ours[:1]), reference, None, ()).basis is Basis.HUMAN
