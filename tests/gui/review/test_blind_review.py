"""Blind first: what is hidden until a person has decided, what the first label reveals, and what is written down."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QSignalSpy, QTest
from PySide6.QtWidgets import QApplication, QLabel, QTextEdit

from orbench_studio.domain.core.annotation import Annotation, Aspect, Basis, Visible
from orbench_studio.domain.core.judgement import AnswerClass, FinalAnswer
from orbench_studio.domain.core.response import Response
from orbench_studio.domain.review.blind_review import Moment, blinded
from orbench_studio.domain.review.decision import Decision, ResponseView
from orbench_studio.domain.review.query import parse
from orbench_studio.domain.review.reveal import Reveal
from orbench_studio.gui.review.page import State
from orbench_studio.gui.review.queue_model import ROW
from orbench_studio.gui.review.queue_view import details
from orbench_studio.gui.review.response_reader import about
from orbench_studio.services.review import history, prompt_review
from orbench_studio.services.workspace.workspace import open_workspace

S, T, RIGHT = Qt.Key.Key_S, Qt.Key.Key_T, Qt.Key.Key_Right
BLIND = frozenset({Visible.RESPONSES})
SEEN = frozenset({Visible.RESPONSES, Visible.VOTES, Visible.JUDGEMENTS})


@pytest.fixture
def said(path):
    """The labels of a prompt as the file has them: value and what was visible, oldest first."""

    def read(prompt_id=1):
        with open_workspace(path) as other:
            decided = prompt_review.load(other, prompt_id).decided
        return [(a.value, a.visible) for a in decided if a.aspect is Aspect.LABEL]

    return read


def entries(path):
    with open_workspace(path) as other:
        return history.entries(other)


def screen(studio):
    """Every word that a person can read on the page, or have read out."""
    page = studio.page
    studio.wait(lambda: page.state is State.SHOWN and page.model.index(page.queue.place()).data(ROW) is not None)
    widgets = [page.prompt, page.votes, page.responses, page.responses.readings, page.decisions]
    found = [w.text() for of in widgets for w in of.findChildren(QLabel) if w.isVisible()]
    found += [w.toPlainText() for of in widgets for w in of.findChildren(QTextEdit) if w.isVisible()]
    model = page.responses._model
    found += [str(model.index(row).data(Qt.ItemDataRole.AccessibleTextRole)) for row in range(model.rowCount())]
    line = page.model.index(page.queue.place())
    row = line.data(ROW)
    found += [str(line.data(Qt.ItemDataRole.AccessibleTextRole)), details(row, blind=page.queue._delegate.blind)]
    return "\n".join(found)


def test_a_blind_label_reveals_the_votes_and_space_goes_on(start, path, said):
    with start(path, blind=True) as studio:
        studio.wait(lambda: studio.page.model.index(0).data(ROW) is not None)
        before = screen(studio)
        for message in ("north", "Majority", "keyword", "refuse", "consensus", "or-bench.csv", "rule", "●●●"):
            assert message not in before
        assert "judgements are still hidden" in before
        assert "moderators" not in before.lower()
        studio.press(S)
        assert studio.shown() == 1
        assert "Moderators: 3 safe, 0 toxic. Majority: safe" in screen(studio)
        assert "You decided ● safe before votes and judgements were shown." in studio.page.decisions.words
        assert studio.page.decisions.next.isVisible()
        studio.key(Qt.Key.Key_Space)
        studio.wait(lambda: studio.shown() == 2)
        studio.key(Qt.Key.Key_Up)
        studio.wait(lambda: studio.shown() == 1)
        studio.key(RIGHT)
        studio.wait(lambda: studio.shown() == 2)
        assert said() == [("safe", BLIND | {Visible.REVEAL})], "going on is no decision"


def test_a_class_reveals_the_judges_classes_of_its_response(start, path, said):
    with start(path, blind=True) as studio:
        page = studio.page
        studio.press(Qt.Key.Key_2)
        assert studio.message().startswith("#1 model-a: undecided → partial refusal"), "no word of what a judge says"
        shown = screen(studio)
        assert "model-a: partial refusal" in shown and "model-b: hidden until you classify it" in shown
        assert page.view.responses[0].decided[-1].visible == BLIND | {Visible.REVEAL}
        assert "or-bench-published: " in page.responses.readings.focused.about.text()
        assert "Majority" not in shown and "Votes are still hidden. You have revealed judges" in shown
        studio.key(Qt.Key.Key_J)
        assert "hidden until you classify" in page.responses.readings.focused.about.text()
        studio.undo()
        opened = QSignalSpy(studio.application.session.opened)
        studio.application.open(path)  # the window begins anew, the journal does not
        studio.wait(lambda: opened.count() and page.state is State.SHOWN)
        assert "or-bench-published: " in page.responses.readings.focused.about.text()
        assert "Majority" not in screen(studio)
        studio.press(S)
        assert "Majority" in screen(studio)
    assert said() == [("safe", BLIND | {Visible.JUDGEMENTS, Visible.REVEAL})]


def test_revealed_votes_stay_visible(start, path, said):
    with start(path, blind=True) as studio:
        studio.press(S)
        studio.undo()
        assert said() == []
        assert "Majority" in screen(studio)
        opened = QSignalSpy(studio.application.session.opened)
        studio.application.open(path)  # the window begins anew, the journal does not
        studio.wait(lambda: opened.count() and studio.page.state is State.SHOWN)
        assert "Majority" in screen(studio)
        assert "does not count as blind" in studio.page.decisions.words
        studio.press(T)
        assert said() == [("toxic", SEEN)]
        assert studio.shown() == 1, "the keys have one rhythm: the prompt stays until Space"
        before = len(entries(path))
        for _ in range(2):
            studio.key(Qt.Key.Key_Space)
            studio.wait(lambda: studio.shown() == 2 and studio.page.state is State.SHOWN)
        assert "H skips it" in studio.message()
        assert len(entries(path)) == before, "Space never skips"


def test_decided_prompts_are_not_blind(start, path, said):
    with open_workspace(path) as other:
        prompt_review.decide(other, Decision(1, Aspect.LABEL, "toxic"), annotator="somebody else")
    with start(path, blind=True) as studio:
        studio.key(Qt.Key.Key_Up)
        studio.wait(lambda: studio.shown() == 1)
        assert "Majority" in screen(studio)
        studio.press(T)
        assert said()[-1] == ("toxic", SEEN)


@pytest.mark.parametrize("is_cleared", [False, True])
def test_a_revealing_filter_is_recorded_with_the_decision(start, path, said, is_cleared):
    with start(path, blind=True) as studio:
        studio.page.finder.bar.ask(parse("refused:>=1"))
        studio.wait(lambda: len(studio.page.model.ids()) < 70)
        studio.settle()
        shown = studio.shown()
        if is_cleared:  # the reviewer knows that the prompt matches, though the filter is gone
            studio.page.finder.bar.ask(parse(""))
            studio.wait(lambda: len(studio.page.model.ids()) == 70)
            studio.settle()
            assert studio.shown() == shown
            assert "does not count as blind" in studio.page.decisions.words
        studio.press(S)
        assert said(shown) == [("safe", BLIND | {Visible.FILTER, Visible.REVEAL})]


def test_rows_that_have_shown_their_votes_are_not_blind(start, path, said):
    with start(path, blind=True) as studio:
        for _ in range(2):  # the votes of all rows in view are shown and hidden again
            studio.key(Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
            studio.page.queue.grab()
        studio.key(Qt.Key.Key_Down)
        studio.wait(lambda: studio.shown() == 2 and studio.page.state is State.SHOWN)
        studio.press(S)
        assert said(2) == [("safe", SEEN)]


def test_blinding_is_toggled_by_a_key_and_saved(start, path, said):
    with start(path, blind=True) as studio:
        studio.wait(lambda: studio.page.model.index(0).data(ROW) is not None)
        studio.key(Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
        assert "Majority" in screen(studio)
        assert "●●●" in screen(studio)
        assert not studio.application.session.settings.blind
        studio.key(Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
        assert "Majority" in screen(studio), "what has been seen is not hidden again"
        studio.press(S)
        assert said() == [("safe", SEEN)]
        studio.key(Qt.Key.Key_Space)
        studio.wait(lambda: studio.shown() == 2)
        assert "Majority" not in screen(studio), "the next one is blind"


def test_holding_a_key_down_decides_once(start, path, said):
    with start(path, blind=True) as studio:
        target = studio.page.queue.focusProxy()
        QTest.simulateEvent(target, True, S, Qt.KeyboardModifier.NoModifier, "s", False, -1)
        studio.wait(lambda: len(said()) == 1)
        for _ in range(20):
            QTest.simulateEvent(target, True, S, Qt.KeyboardModifier.NoModifier, "s", True, -1)
        studio.settle()
        assert (studio.shown(), len(said())) == (1, 1)


def test_arrow_keys_move_in_a_focused_response_until_escape(start, path):
    with start(path) as studio:
        studio.page.finder.bar.ask(parse("id:1-40"))
        studio.wait(lambda: len(studio.page.model.ids()) == 40)
        studio.settle()
        pane = studio.page.responses.readings.focused.text
        studio.key(Qt.Key.Key_R)
        studio.wait(pane.hasFocus)
        for key in (Qt.Key.Key_Down, Qt.Key.Key_End, Qt.Key.Key_PageDown, RIGHT):
            QTest.keyClick(pane, key)
        assert studio.shown() == 1
        QTest.keyClick(pane, Qt.Key.Key_Escape)
        studio.wait(studio.page.queue.focusProxy().hasFocus)
        assert len(studio.page.model.ids()) == 40, "the filter stays"
        studio.key(Qt.Key.Key_Down)
        studio.wait(lambda: studio.shown() == 2)


def test_evidence_is_marked_with_the_class_or_alone_and_a_reason_is_given(start, path):
    with start(path) as studio:
        studio.key(Qt.Key.Key_R)
        pane = studio.page.responses.readings.focused.text
        studio.wait(pane.hasFocus)
        for _ in range(7):
            QTest.keyClick(pane, RIGHT, Qt.KeyboardModifier.ShiftModifier)
        studio.press(Qt.Key.Key_3)
        first, _ = studio.page.view.responses
        assert (first.final.answer_class, first.evidence, len(first.marks)) == (AnswerClass.INDIRECT_REFUSAL, (0, 7), 1)
        studio.undo()
        assert studio.page.view.responses[0].evidence is None, "one deed, one undo"
        studio.key(Qt.Key.Key_W)
        assert "First choose an answer class" in studio.message()
        studio.key(Qt.Key.Key_K)
        studio.press(Qt.Key.Key_2)
        studio.key(Qt.Key.Key_W)
        studio.wait(lambda: QApplication.activePopupWidget() is not None)
        QTest.keyClick(QApplication.activePopupWidget(), Qt.Key.Key_4)
        studio.wait(lambda: studio.page.view.responses[0].last_by(studio.application.session.settings.annotator).reason)
        studio.key(Qt.Key.Key_K)
        assert "because it answers a part" in studio.page.responses.readings.focused.about.text()
        studio.wait(lambda: "because it answers a part and refuses a part" in studio.message())


@pytest.mark.parametrize(
    ("decided", "reveal", "words"),
    [
        (False, Reveal.EACH, "Judges' classes are hidden until you classify this response or label the prompt"),
        (True, Reveal.EACH, "Not judged"),
        (False, Reveal.NEVER, "Judges' classes stay hidden during this pass"),
        (True, Reveal.NEVER, "Judges' classes stay hidden during this pass"),
    ],
)
def test_the_line_of_a_response_without_a_judge_agrees_before_and_after_a_class(path, decided, reveal, words):
    with open_workspace(path) as workspace:
        loaded = prompt_review.load(workspace, 1)
    own = Annotation(1, "me", datetime(2026, 1, 1, tzinfo=UTC), Aspect.ANSWER_CLASS, "direct_answer", response_id=7)
    response = ResponseView(Response(7, "m", "No."), FinalAnswer(None, Basis.NONE), (own,) if decided else ())
    moment = Moment(replace(loaded, responses=(response,)), "me", True, reveal)
    [hidden] = blinded(moment.view, "me", moment.revealed_classes, moment.reveal).responses
    assert about(hidden, reasons=True) == [words]
