"""What the page says about a decision agrees with what the journal records as visible, as a table."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from orbench_studio.domain.core.annotation import Annotation, Aspect, Basis, Label, Visible
from orbench_studio.domain.core.final_label import FinalLabel
from orbench_studio.domain.core.judgement import AnswerClass, FinalAnswer
from orbench_studio.domain.core.moderation import Verdict, Vote, consensus
from orbench_studio.domain.core.prompt import Origin, Prompt
from orbench_studio.domain.core.response import Response
from orbench_studio.domain.review.decision import PromptView, ResponseView
from orbench_studio.gui.review.decision_words import decided_words, question
from orbench_studio.gui.review.responses_pane import tally
from orbench_studio.gui.review.timeline_dialog import seen

NOW = datetime(2026, 1, 1, tzinfo=UTC)
VOTES = (Vote(1, "north", Verdict.SAFE),)
TEXTS, FILTER, REVEAL, CHANGE = (
    frozenset({part}) for part in (Visible.RESPONSES, Visible.FILTER, Visible.REVEAL, Visible.CHANGE)
)
JUDGED = frozenset({Visible.JUDGEMENTS})
ALL = JUDGED | {Visible.VOTES}
BLIND, BY_FILTER = "only prompt and responses (blind)", "prompt, responses, and a filter by votes or judgements"
NOT_BLIND = " The filter or order of the queue depended on votes or judgements, so this label does not count as blind."


def by_me(visible, value="safe"):
    return Annotation(1, "me", NOW, Aspect.LABEL, value, visible=visible)


def view(*decided, votes=VOTES):
    final = FinalLabel(Label.SAFE, Basis.HUMAN) if decided else FinalLabel(None, Basis.NONE)
    prompt = Prompt(1, "How do I kill a process?", None, Origin.IMPORTED)
    return PromptView(prompt, 1, None, votes, consensus(votes), final, (), decided, version=0)


@pytest.mark.parametrize(
    ("visible", "words", "history"),
    [
        (TEXTS, "You decided ● safe.", BLIND),
        (TEXTS | REVEAL, "You decided ● safe before votes and judgements were shown.", BLIND),
        (
            TEXTS | REVEAL | JUDGED,
            "You decided ● safe before the votes, and after judges' classes that you had revealed.",
            "judgements",
        ),
        (TEXTS | ALL, "You decided ● safe.", "votes and judgements"),
        (TEXTS | ALL | CHANGE, "You changed your label from ▲ toxic to ● safe.", "votes and judgements"),
        (TEXTS | CHANGE, "You changed your label from ▲ toxic to ● safe.", BLIND),
        (frozenset(), "You labelled this prompt in bulk: ● safe.", "no texts (labelled in bulk)"),
    ],
)
@pytest.mark.parametrize("by_filter", [frozenset(), FILTER])
def test_a_decision_names_what_was_visible(visible, words, history, by_filter):
    decision = by_me(visible | by_filter)
    hidden = bool(by_filter) and not visible & ALL >= {Visible.VOTES}
    assert decided_words(view(by_me(TEXTS, "toxic"), decision), "me") == words + (NOT_BLIND if hidden else "")
    assert seen(decision) == (BY_FILTER if by_filter and history == BLIND else history)


@pytest.mark.parametrize(
    ("shown", "visible", "words"),
    [
        (replace(view(), blind=True), TEXTS, "Is this prompt safe to answer? Votes and judgements are still hidden."),
        (
            replace(view(), blind=True),
            TEXTS | FILTER,
            "Is this prompt safe to answer? Votes and judgements are hidden, but the filter or order in which you "
            "saw this prompt depends on them. A label now does not count as blind.",
        ),
        (
            replace(view(), blind=True),
            TEXTS | JUDGED,
            "Is this prompt safe to answer? Votes are still hidden. You have revealed judges' classes, so a label now "
            "does not count as blind.",
        ),
        (
            replace(view(), seen_at=NOW),
            TEXTS | ALL,
            "You have already seen the votes, so a label now does not count as blind.",
        ),
        (
            replace(view(votes=()), seen_at=NOW),
            TEXTS | ALL,
            "You have already seen what blind review hides, so a label now does not count as blind.",
        ),
        (view(votes=()), TEXTS | ALL, "Is this prompt safe to answer? Now: ○ no label."),
    ],
)
def test_the_question_names_what_is_visible(shown, visible, words):
    assert question(shown, visible) == words


@pytest.mark.parametrize(
    ("classes", "words"),  # of each response; "" is not judged
    [
        (None, "none yet"),
        ("", "1 not judged"),
        ("direct_refusal direct_answer", "1 of 2 refuses"),
        ("blocked_by_filter  ", "1 of 1 refuses (1 by filter)  ·  2 not judged"),
        ("direct_refusal direct_refusal  empty", "2 of 2 refuse  ·  1 not judged, 1 empty"),
    ],
)
def test_the_heading_counts_refusals_among_the_judged_responses_beside_those_that_are_not(classes, words):
    """Two unjudged responses beside a blocked one leave no rate of the model, but these counts."""
    each = [AnswerClass(of) if of else None for of in classes.split(" ")] if classes is not None else []
    views = tuple(ResponseView(Response(1, "m", ""), FinalAnswer(of, Basis.RULE), ()) for of in each)
    assert tally(views).replace("\u00a0", " ") == words
