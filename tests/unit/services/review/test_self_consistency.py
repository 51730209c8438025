"""Prompts shown again silently, what they say of their reviewer, and what a reveal does to decisions."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from orbench_studio.domain.core.annotation import Aspect, Basis, Visible
from orbench_studio.domain.review.decision import Decision
from orbench_studio.formats.records import PromptDraft, Record
from orbench_studio.services.data.record_import import RecordImport
from orbench_studio.services.review import bulk_labels, guidelines, history, prompt_review, search, self_consistency
from orbench_studio.services.workspace import statistics

VOTES = frozenset({Visible.VOTES, Visible.RESPONSES})
BLIND = frozenset({Visible.RESPONSES})
PROMPTS = 120


def decide(workspace, aspect, value, prompt_id=1, response_id=None, *, annotator="anna", visible=BLIND):
    decision = Decision(prompt_id, aspect, value, response_id)
    return prompt_review.decide(workspace, decision, annotator=annotator, visible=visible)


def label(workspace, value, prompt_id=1, **more):
    return decide(workspace, Aspect.LABEL, value, prompt_id, **more)


def recheck(workspace, value, prompt_id=1, **more):
    return decide(workspace, Aspect.RECHECK, value, prompt_id, **more)


def due(workspace, per_cent=3, annotator="anna", *, among=range(1, 1_000), **more):
    return self_consistency.due(workspace, among, annotator=annotator, per_cent=per_cent, **more)


@pytest.fixture
def many(workspace):
    """More prompts, none of them decided."""
    with workspace.writing() as db:
        intake = RecordImport(db, lambda: 1, "small.csv")
        intake.add([Record(n, PromptDraft(f"Harmless question number {n}?")) for n in range(10, 10 + PROMPTS)])
        intake.finish()
    return workspace


def session(workspace, per_cent, prompts):
    """What a reviewer is shown again: the number of labels given before, and the prompt."""
    shown = []
    for prompt_id in range(1, prompts + 1):
        label(workspace, "safe", prompt_id)
        again = due(workspace, per_cent)
        if again is not None:
            shown.append((prompt_id, again))
            recheck(workspace, "safe", again)
    return shown


def test_old_prompts_are_shown_again_at_irregular_intervals(many):
    shown = session(many, 10, PROMPTS)
    assert 5 <= len(shown) <= 12
    assert all(after - prompt_id >= 30 for after, prompt_id in shown)
    assert len({prompt_id for _, prompt_id in shown}) == len(shown), "none twice in a fortnight"
    distances = [later - earlier for (earlier, _), (later, _) in pairwise(shown)]
    assert min(distances) >= 5
    assert max(distances) <= 15
    assert len(set(distances)) > 1
    assert many.problems() == []


def test_the_same_journal_gives_the_same_prompt(many):
    for prompt_id in range(1, 90):
        label(many, "safe", prompt_id)
    found = due(many)
    assert 1 <= found <= 59
    assert [due(many) for _ in range(3)] == [found] * 3
    assert [due(many, 0), due(many, annotator="ben"), due(many, annotator="")] == [None] * 3


def test_bulk_labels_are_never_shown_again(many):
    bulk_labels.decide_all(many, range(1, 101), Aspect.LABEL, "safe", annotator="anna")
    label(many, "toxic", 1, visible=VOTES)
    later = datetime.now(UTC) + timedelta(days=2)
    assert due(many, 50, now=later) is None
    assert statistics.after_reveal(many)["labels"].changed.n == 0
    for prompt_id in (2, 3, 4):
        label(many, "safe", prompt_id)
    assert due(many, 50, now=datetime.now(UTC) + timedelta(days=2)) in (1, 2, 3, 4)


def test_prompts_of_yesterday_are_shown_again_after_few_labels(workspace):
    def tomorrow():
        return datetime.now(UTC) + timedelta(days=1)

    for prompt_id in (1, 2, 3):
        label(workspace, "safe", prompt_id)
    assert due(workspace, 50) is None
    shown = due(workspace, 50, now=tomorrow())
    assert shown in (1, 2, 3)
    recheck(workspace, "safe", shown)
    prompt_review.undo(workspace, annotator="anna")
    assert due(workspace, 50, now=tomorrow()) is None
    for prompt_id in (1, 2, 3):
        label(workspace, "safe", prompt_id)
        label(workspace, "safe", prompt_id, visible=VOTES)  # kept after the reveal: one prompt all the same
    then = due(workspace, 50, now=tomorrow())
    assert then in {1, 2, 3} - {shown}, "one that was undone has been seen all the same"


def test_a_prompt_shown_again_hides_earlier_decisions(workspace):
    label(workspace, "toxic")
    decide(workspace, Aspect.NOTE, "reads like a joke")
    decide(workspace, Aspect.CATEGORY, "harmful")
    decide(workspace, Aspect.ANSWER_CLASS, "direct_answer", 1, 1)
    view = self_consistency.load(workspace, -1, datetime.now(UTC))
    assert (view.decided, view.category, view.final.label, view.final.basis) == (
        (),
        "violence",
        "safe",
        Basis.CONSENSUS,
    )
    assert [(r.decided, r.final.basis) for r in view.responses] == [((), Basis.JUDGE)]
    row = self_consistency.queue_row(workspace, -1, datetime.now(UTC))
    assert (row.prompt_id, row.status, row.final_label, row.category) == (-1, "undecided", "safe", "violence")
    assert (row.judged, row.refusals, row.noted, row.basis) == (1, 1, False, "consensus")


def test_decisions_on_a_row_shown_again_appear_in_it(workspace):
    label(workspace, "toxic")
    decide(workspace, Aspect.ANSWER_CLASS, "direct_refusal", 1, 1)
    since = datetime.now(UTC)
    recheck(workspace, "safe")
    [response] = self_consistency.load(workspace, -1, since).responses
    assert response.final.basis is Basis.HUMAN, "earlier classes are there again once the label is given"
    prompt_review.undo(workspace, annotator="anna")
    for decision in (
        Decision(-1, Aspect.ANSWER_CLASS, "direct_answer", 1),
        Decision(-1, Aspect.FLAG, "on"),
        Decision(-1, Aspect.LABEL, "controversial"),
        Decision(-1, Aspect.SKIP, "skipped"),
    ):
        changes = self_consistency.decide(workspace, decision, annotator="anna", seen=None, visible=BLIND)
        assert (bool(changes), changes.prompt_ids) == (True, (-1,))
    view = self_consistency.load(workspace, -1, since)
    assert (view.last_by("anna", Aspect.LABEL), view.last_by("anna", Aspect.FLAG)) == ("controversial", "on")
    assert [r.final.answer_class for r in view.responses] == ["direct_answer"]
    row = self_consistency.queue_row(workspace, -1, since)
    assert (row.status, row.final_label, row.flagged, row.refusals) == ("decided", "controversial", True, 0)
    assert prompt_review.load(workspace, 1).final.label == "toxic"
    assert workspace.problems() == []


def test_a_recheck_changes_no_label_and_says_so_afterwards(workspace):
    label(workspace, "toxic")
    before = search.queue_rows(workspace, [1])
    message = recheck(workspace, "safe").message
    assert message == "#1 shown again: safe, before: toxic"
    assert search.queue_rows(workspace, [1]) == before
    assert prompt_review.load(workspace, 1).final.label == "toxic"
    assert prompt_review.decided_today(workspace, annotator="anna") == 1, "prompts count, not labels"
    assert history.entries(workspace)[-1].summary == message
    prompt_review.undo(workspace, annotator="anna")
    assert prompt_review.decided_today(workspace, annotator="anna") == 1
    assert statistics.consistency(workspace) == {}


def test_after_new_guidelines_a_few_earlier_decisions_are_shown_again_and_the_change_is_told(many):
    later = datetime.now(UTC) + timedelta(days=2)
    for prompt_id in range(1, 15):
        label(many, "toxic" if prompt_id % 2 else "safe", prompt_id)
    guidelines.write(many, "Look twice.")
    assert due(many, 0, now=later) is None, "switched off"
    shown = []
    for prompt_id in range(15, 50):
        label(many, "safe", prompt_id)
        again = due(many, 50, now=later)
        if again is not None:
            shown.append(again)
            recheck(many, "safe", again)
    assert len(shown) > 10
    assert max(shown[:10]) < 15, "those before the change come first"
    [(annotator, drift)] = statistics.drift(many).items()
    early = [prompt_id for prompt_id in shown if prompt_id < 15]
    changed = sum(prompt_id % 2 for prompt_id in early)
    assert (annotator, drift.changed.count, drift.changed.n) == ("anna", changed, len(early))
    assert (drift.by_class["safe"].count, drift.by_class["toxic"].count) == (0, changed)
    assert drift.changed.interval is not None
    assert statistics.consistency(many)["anna"].n == len(shown) - len(early)
    guidelines.write(many, "Look three times.")
    assert statistics.drift(many) == {}, "nothing was shown again under this version"


def test_the_usual_pace_holds_once_ten_were_shown_after_new_guidelines(many):
    later = datetime.now(UTC) + timedelta(days=2)
    for prompt_id in range(1, 15):
        label(many, "safe", prompt_id)
    guidelines.write(many, "Look twice.")
    for prompt_id in range(1, 11):
        recheck(many, "safe", prompt_id)
    for prompt_id in range(15, 24):
        label(many, "safe", prompt_id)
    assert due(many, 3, now=later) is None, "nine labels are enough for a fifth, not for three per cent"


def test_answer_classes_given_again_under_new_guidelines_are_compared_unless_changed_on_purpose(workspace):
    label(workspace, "safe")
    decide(workspace, Aspect.ANSWER_CLASS, "direct_refusal", 1, 1)
    decide(workspace, Aspect.ANSWER_CLASS, "direct_answer", 1, 1, annotator="ben")
    guidelines.write(workspace, "An inability is no refusal.")
    recheck(workspace, "safe")
    decide(workspace, Aspect.ANSWER_CLASS, "inability", 1, 1)
    decide(workspace, Aspect.ANSWER_CLASS, "inability", 1, 1, annotator="ben", visible=BLIND | {Visible.CHANGE})
    [(annotator, drift)] = statistics.drift(workspace).items()
    assert annotator == "anna"
    assert drift.words.startswith("1 of 2: 50 %")
    assert drift.words.endswith("direct refusal 1 of 1, safe 0 of 1")
    assert statistics.consistency(workspace) == {}, "another version is no inconsistency"


def test_self_consistency_compares_with_the_label_before(workspace):
    label(workspace, "safe")
    label(workspace, "toxic")
    recheck(workspace, "toxic")
    recheck(workspace, "safe", visible=VOTES)  # changed after the reveal: the same showing
    label(workspace, "safe")
    label(workspace, "safe", 2)
    recheck(workspace, "toxic", 2)
    label(workspace, "safe", 3, annotator="ben")
    recheck(workspace, "safe", 3, annotator="ben")
    found = statistics.consistency(workspace)
    assert {name: (rate.count, rate.n) for name, rate in found.items()} == {"anna": (1, 2), "ben": (1, 1)}


@pytest.mark.parametrize(
    ("before", "after", "counted"),
    [
        ("toxic", "safe", (1, 0, 1, 0)),  # the moderators' consensus on the first prompt is safe
        ("safe", "toxic", (1, 0, 0, 1)),
        ("safe", "safe", (0, 1, 0, 0)),
        ("toxic", "controversial", (1, 0, 0, 0)),
    ],
)
def test_labels_changed_after_a_reveal_are_counted(workspace, before, after, counted):
    label(workspace, before)
    label(workspace, after, visible=VOTES)
    found = statistics.after_reveal(workspace)["labels"]
    assert (found.changed.count, found.kept, found.toward, found.away) == counted


@pytest.mark.parametrize(
    ("later", "counted"),
    [
        ((), (0, 1)),  # the votes were revealed, and the label stood
        ((("toxic", VOTES | {Visible.CHANGE}),), (1, 1)),
        ((("toxic", VOTES | {Visible.CHANGE}), ("safe", VOTES | {Visible.CHANGE})), (0, 1)),
        ((("toxic", VOTES),), (0, 1)),  # not by the command that changes a label
    ],
)
def test_only_the_change_command_changes_a_revealed_label(workspace, later, counted):
    label(workspace, "safe", visible=BLIND | {Visible.REVEAL})
    label(workspace, "safe", 2)  # nothing was revealed
    label(workspace, "toxic", 2, visible=VOTES | {Visible.CHANGE})
    for value, visible in later:
        label(workspace, value, visible=visible)
    changed = statistics.after_reveal(workspace)["labels"].changed
    assert (changed.count, changed.n) == counted


def test_reveals_count_only_blind_labels_that_were_repeated(workspace):
    label(workspace, "safe", 1, visible=VOTES)
    label(workspace, "toxic", 1, visible=VOTES)
    label(workspace, "safe", 2)
    label(workspace, "toxic", 2)
    label(workspace, "safe", 3)
    label(workspace, "safe", 3, annotator="ben", visible=VOTES)
    label(workspace, "safe", 4)
    label(workspace, "toxic", 4, visible=VOTES)
    prompt_review.undo(workspace, annotator="anna")
    assert statistics.after_reveal(workspace)["labels"].changed.n == 0


def test_only_prompts_of_the_queue_are_shown_again(many):
    for prompt_id in range(1, 61):
        label(many, "safe", prompt_id)
    assert due(many, 50) is not None
    assert due(many, 50, among=range(100, 110)) is None
    assert due(many, 50, among=[7]) == 7


def test_labels_under_a_revealing_filter_are_not_blind(workspace):
    label(workspace, "safe", visible=BLIND | {Visible.FILTER})
    label(workspace, "toxic", visible=VOTES)
    assert statistics.after_reveal(workspace)["labels"].changed.n == 0


def test_bulk_labels_are_not_compared_with_single_ones(workspace):
    label(workspace, "safe", 2)
    bulk_labels.decide_all(workspace, [1, 2], Aspect.LABEL, "toxic", annotator="anna")
    assert recheck(workspace, "safe", 2).message == "#2 shown again: safe, before: toxic"
    assert statistics.consistency(workspace) == {}, "the label in force was given in bulk"


def test_a_repeat_is_compared_with_the_label_in_force_then_whatever_it_had_seen(workspace):
    change = VOTES | {Visible.CHANGE}
    label(workspace, "safe", visible=BLIND | {Visible.REVEAL})
    label(workspace, "controversial", visible=change)
    assert recheck(workspace, "safe").message == "#1 shown again: safe, before: controversial"
    label(workspace, "safe", visible=change)
    recheck(workspace, "controversial", visible=change)
    [rate] = statistics.consistency(workspace).values()
    assert (rate.count, rate.n) == (0, 1), "what was changed later changes no pair"
