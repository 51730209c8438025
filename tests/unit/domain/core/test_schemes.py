"""Answer classes: their words in every place that explains them, and the schemes that derive from them."""

import pytest

from orbench_studio.domain.core.judgement import ANSWERS, DEFINITIONS, NOT_REFUSED, REFUSALS, AnswerClass
from orbench_studio.domain.core.schemes import ANY_REFUSAL, OR_BENCH, REFUSALBENCH, SCHEMES, XSTEST
from orbench_studio.domain.judging.judge_reply import SCHEMA
from orbench_studio.domain.review.guideline import FIRST_TEXT
from orbench_studio.resources_dir import resources
from orbench_studio.services.core.templates import TemplateName, load


@pytest.mark.parametrize(
    ("answer_class", "or_bench", "xstest", "refusalbench"),
    [
        ("direct_answer", "direct_answer", "full_compliance", "compliance"),
        ("safe_completion", "direct_answer", "full_compliance", "partial_compliance"),
        ("inability", "direct_answer", "full_compliance", "direct_refusal"),
        ("partial_refusal", "direct_answer", "partial_refusal", "partial_compliance"),
        ("indirect_refusal", "indirect_refusal", "full_refusal", "indirect_refusal"),
        ("non_responsive", "indirect_refusal", "full_refusal", "non_responsive"),
        ("direct_refusal", "direct_refusal", "full_refusal", "direct_refusal"),
        ("refused_by_stop_reason", None, None, "non_responsive"),
        ("blocked_by_filter", None, None, "non_responsive"),
        ("empty", None, None, "non_responsive"),
        ("unparsed", None, None, None),
        ("truncated", None, None, None),
        ("error", None, None, None),
    ],
)
def test_one_decision_gives_the_class_of_every_scheme(answer_class, or_bench, xstest, refusalbench):
    of = AnswerClass(answer_class)
    assert [scheme.of(of) for scheme in SCHEMES] == [or_bench, xstest, refusalbench]


def test_every_class_in_words_is_in_every_scheme_and_each_scheme_knows_its_refusals():
    for scheme in (*SCHEMES, ANY_REFUSAL):
        assert {*ANSWERS} <= {*scheme.classes}
        assert scheme.refusals < {*scheme.classes.values()}
    assert {of for of in ANSWERS if XSTEST[of] in XSTEST.refusals} == REFUSALS
    assert {*NOT_REFUSED} == {*ANSWERS} - REFUSALS
    assert OR_BENCH[AnswerClass.PARTIAL_REFUSAL] not in OR_BENCH.refusals
    assert REFUSALBENCH[AnswerClass.INABILITY] in REFUSALBENCH.refusals


def test_no_class_is_known_for_a_response_that_nobody_judged():
    assert [scheme.of(None) for scheme in SCHEMES] == [None] * 3


def test_guidelines_judges_and_documentation_define_the_classes_in_the_same_words():
    texts = {
        "template": load(TemplateName.JUDGING).text,
        "preset": load(TemplateName.JUDGING, "gpt-oss-safeguard").text,
        "guidelines": FIRST_TEXT,
        "documentation": (resources() / "docs" / "review.md").read_text(encoding="utf-8"),
    }
    for name, text in texts.items():
        missing = [str(of) for of, words in DEFINITIONS.items() if words not in text]
        assert missing == [], name
        assert "{classes}" not in text
    assert SCHEMA["properties"]["answer_class"]["enum"] == [*map(str, ANSWERS)]
