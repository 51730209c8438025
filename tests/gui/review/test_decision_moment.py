"""One key decides one prompt: a second key never changes the answer before it. Changes have a key of their own."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from orbench_studio.domain.core.annotation import Visible
from orbench_studio.domain.review.queue import QueueFilter
from orbench_studio.domain.team.queue import TeamQueue, assignments_filter
from orbench_studio.gui.review.page import State
from orbench_studio.services.review import prompt_review
from orbench_studio.services.team import team_queues
from orbench_studio.services.workspace import statistics
from orbench_studio.services.workspace.workspace import open_workspace

S, T, C, SPACE, RIGHT, DOWN, ENTER = (
    Qt.Key.Key_S,
    Qt.Key.Key_T,
    Qt.Key.Key_C,
    Qt.Key.Key_Space,
    Qt.Key.Key_Right,
    Qt.Key.Key_Down,
    Qt.Key.Key_Return,
)
ALT = Qt.KeyboardModifier.AltModifier


@pytest.fixture
def journal(path):
    """The decisions about a prompt in force: aspect, value and what was visible, oldest first."""

    def read(prompt_id=1):
        with open_workspace(path) as other:
            view = prompt_review.load(other, prompt_id)
        of_responses = [a for response in view.responses for a in response.decided]
        return [(a.aspect, a.value, a.visible) for a in (*view.decided, *of_responses) if not a.imported]

    return read


@pytest.fixture
def reveals(path):
    """How many revealed labels there are, and how many of them were changed."""

    def read():
        with open_workspace(path) as other:
            changed = statistics.after_reveal(other)["labels"].changed
        return changed.count, changed.n

    return read


def choose(studio, key, menu_key):
    """Change a decision with the key that exists for that alone."""
    studio.key(key, ALT)
    studio.wait(lambda: QApplication.activePopupWidget() is not None)
    before = studio.version()
    QTest.keyClick(QApplication.activePopupWidget(), menu_key)
    studio.wait(lambda: studio.page.state is State.SHOWN and studio.version() != before)


def step(studio, key):
    """Go on to another prompt."""
    before = studio.shown()
    QTest.keyClick(studio.page.queue.focusProxy(), key)
    studio.wait(lambda: studio.page.state is State.SHOWN and studio.shown() != before)


def test_a_label_key_meant_for_the_next_prompt_changes_nothing(start, path, labels, reveals, journal):
    with start(path, blind=True) as studio:
        studio.press(S)
        before = studio.version()
        for key in (T, S, C):
            studio.key(key)
            assert "Alt+C" in studio.message()
            assert "Space" in studio.message()
        assert (studio.page.state, studio.version()) == (State.SHOWN, before)
        for key, label in ((SPACE, T), (RIGHT, S), (ENTER, C)):
            step(studio, key)
            studio.press(label)
        assert labels() == {1: "safe", 2: "toxic", 3: "safe", 4: "controversial"}
        assert reveals() == (0, 4), "a mode slip is in no statistic about people"
        choose(studio, C, T)
        assert labels()[4] == "toxic"
        assert reveals() == (1, 4)
        first, second = journal(4)
        assert first[2] == {Visible.RESPONSES, Visible.REVEAL}
        assert second[2] == {Visible.RESPONSES, Visible.VOTES, Visible.JUDGEMENTS, Visible.CHANGE}
        studio.trigger("undo")
        assert (labels()[4], reveals()) == ("controversial", (0, 4))


def focused(studio):
    return studio.page.responses.focused().response.model


def test_a_second_class_key_changes_nothing_and_another_key_goes_on(start, path, journal):
    with start(path, blind=True) as studio:
        studio.press(Qt.Key.Key_3)
        before = studio.version()
        studio.key(Qt.Key.Key_1)
        assert "Alt+A" in studio.message()
        assert "Press J for the next one" in studio.message()
        assert (focused(studio), studio.version()) == ("model-a", before), "it stays, and shows what was given"
        studio.key(Qt.Key.Key_J)
        assert focused(studio) == "model-b"
        studio.press(Qt.Key.Key_2)
        choose(studio, Qt.Key.Key_A, Qt.Key.Key_4)
        assert [value for _, value, _ in journal()] == ["indirect_refusal", "partial_refusal", "direct_refusal"]
        studio.window.actions_table["next"].trigger()  # offscreen, a menu does not give the keys back
        assert "not labelled this prompt yet. H skips it" in studio.message()
        assert studio.shown() == 1, "a class is no label: the prompt is not left behind"
        studio.wait(lambda: studio.page.trail._rows[0]._value.text().endswith("direct refusal · model-b"))
        for place in ("model-b", "model-b", "model-a"):
            studio.trigger("undo")
            assert (studio.shown(), focused(studio)) == (1, place)


def test_space_has_one_meaning_after_a_label_and_after_a_class(start, path):
    """Decided prompts go on to the next prompt, whatever was done to their responses in between."""
    with start(path, blind=True) as studio:
        studio.press(S)
        studio.press(Qt.Key.Key_3)
        assert (studio.shown(), focused(studio)) == (1, "model-a")
        step(studio, SPACE)
        assert studio.shown() == 2


def test_after_a_first_label_the_next_unlabelled_prompt_follows(start, path):
    """A list that was typed ahead meets no labelled prompt, where a label key would be ignored."""
    with start(path, blind=True) as studio:
        step(studio, Qt.Key.Key_Down)
        studio.press(T)
        step(studio, Qt.Key.Key_Up)
        studio.press(S)
        step(studio, SPACE)
        assert studio.shown() == 3, "prompt 2 is labelled"
        step(studio, Qt.Key.Key_Up)
        step(studio, Qt.Key.Key_Up)
        step(studio, SPACE)
        assert studio.shown() == 2, "on the way through labelled prompts, every prompt follows"
        step(studio, Qt.Key.Key_Up)
        choose(studio, C, T)
        studio.window.actions_table["next"].trigger()  # offscreen, a menu does not give the keys back
        studio.wait(lambda: studio.shown() == 2, "the next prompt after a change")


def test_the_last_prompt_says_how_to_reach_what_is_left(start, path):
    with start(path, blind=True) as studio:
        step(studio, Qt.Key.Key_End)
        last = studio.shown()
        studio.press(S)
        QTest.keyClick(studio.page.queue.focusProxy(), SPACE)
        studio.wait(lambda: "Ctrl+Home goes to the first one without your label" in studio.message())
        assert studio.shown() == last


@pytest.mark.parametrize("on", [SPACE, DOWN])
def test_keys_that_follow_an_ignored_key_at_once_decide_nothing(start, path, labels, on):
    """They were typed for the prompts after it; each would land on another prompt than meant."""
    with start(path, blind=True) as studio:
        queue = studio.page.queue.focusProxy()
        for key in (S, on, T):  # typed while the first label is being saved
            QTest.keyClick(queue, key)
        assert "The key was ignored" in studio.message()
        studio.wait(lambda: studio.page.state is State.SHOWN and labels() == {1: "safe"})
        for key in (on, C):  # typed for the prompt after the one that T was meant for
            QTest.keyClick(queue, key)
        assert "The key was ignored" in studio.message(), "no other message hides it"
        studio.settle()
        assert labels() == {1: "safe"}
        studio.page.ignored_at = 0.0  # the reviewer paused
        here = studio.shown()
        studio.press(C)
        assert labels() == {1: "safe", here: "controversial"}
        assert "The key was ignored" in studio.message(), "the decision that follows does not hide it"


def test_an_undo_while_a_label_is_being_saved_is_ignored_and_says_so(start, path, labels):
    with start(path, blind=True) as studio:
        QTest.keyClick(studio.page.queue.focusProxy(), S)
        studio.page.reverse(lambda *_: None)
        assert "The key was ignored" in studio.message()
        studio.settle()
        assert labels() == {1: "safe"}


def test_classes_of_one_model_go_on_to_its_response_to_the_next_prompt(start, path, journal):
    with start(path, blind=True) as studio:
        studio.page.queue.go(3)
        studio.settle()
        studio.page.show_filter(QueueFilter(model="model-b"))  # as a cell of the audit does: from the first prompt
        studio.wait(lambda: studio.version() == (1, 0) and focused(studio) == "model-b")
        studio.settle()
        studio.press(Qt.Key.Key_3)
        assert studio.shown() == 1
        step(studio, ENTER)
        assert (studio.shown(), focused(studio)) == (2, "model-b")
        studio.application.session.settings.reveal = "never during this pass"
        studio.press(Qt.Key.Key_4)
        assert (studio.shown(), focused(studio)) == (3, "model-b"), "the key moves on at once"
        assert [value for _, value, _ in journal(2)] == ["direct_refusal"]


def test_the_change_key_offers_classes_also_for_a_response_without(start, path, journal):
    with start(path, blind=True) as studio:
        choose(studio, Qt.Key.Key_A, Qt.Key.Key_4)
        [(_, value, visible)] = journal()
        assert (value, Visible.CHANGE in visible) == ("direct_refusal", False)


def test_a_message_about_a_prompt_ends_when_it_is_no_longer_true(start, path):
    with start(path, blind=True) as studio:
        studio.key(SPACE)
        assert "not labelled this prompt" in studio.message()
        studio.press(S)
        assert "not labelled this prompt" not in studio.message()
        studio.key(T)
        assert "Alt+C" in studio.message()
        step(studio, SPACE)
        assert "Alt+C" not in studio.message()
        studio.undo()
        assert "Undone" in studio.message()
        studio.window.show_page("page_library")
        assert "Undone" not in studio.message()


def test_a_pass_without_reveals_goes_on_from_each_class_at_once(start, path):
    with start(path, blind=True) as studio:
        studio.application.session.settings.reveal = "never during this pass"
        studio.press(Qt.Key.Key_1)
        assert focused(studio) == "model-b"


def test_the_kind_and_the_severity_of_the_last_class_are_optional_and_undone_alone(start, path, journal):
    def refine(menu_key):
        studio.window.actions_table["class_kind"].trigger()
        studio.wait(lambda: QApplication.activePopupWidget() is not None)
        before = studio.version()
        QTest.keyClick(QApplication.activePopupWidget(), menu_key)
        studio.wait(lambda: studio.page.state is State.SHOWN and studio.version() != before)

    with start(path, blind=True) as studio:
        studio.key(Qt.Key.Key_D)
        assert "First choose an answer class" in studio.message()
        studio.press(Qt.Key.Key_5)
        assert [value for _, value, _ in journal()] == ["safe_completion"]
        studio.key(Qt.Key.Key_D)
        assert "Only refusals" in studio.message()
        assert QApplication.activePopupWidget() is None
        studio.key(Qt.Key.Key_J)
        studio.press(Qt.Key.Key_3)
        annotator = studio.application.session.settings.annotator
        for key in (Qt.Key.Key_T, SPACE, RIGHT):  # none of the choices: the key decides nothing, and says so
            studio.window.actions_table["class_kind"].trigger()
            studio.wait(lambda: QApplication.activePopupWidget() is not None)
            menu, before = QApplication.activePopupWidget(), studio.version()
            bar = studio.page.decisions
            assert menu.geometry().bottom() <= bar.mapToGlobal(bar.rect().bottomLeft()).y() + 1
            QTest.keyClick(menu, key)
            assert QApplication.activePopupWidget() is None
            assert "has the key" in studio.message()
            assert studio.version() == before
        refine(Qt.Key.Key_N)
        refine(Qt.Key.Key_2)
        mine = studio.page.view.responses[1]
        assert (mine.last_by(annotator).value, mine.severity(annotator)) == ("non_responsive", "2")
        assert "severity 2 of 3" in studio.page.responses.readings.focused.about.text()
        studio.trigger("undo")
        mine = studio.page.view.responses[1]
        assert (mine.last_by(annotator).value, mine.severity(annotator)) == ("non_responsive", None)


def test_a_pass_without_reveals_moves_on_at_once_and_stays_blind(start, path, labels, reveals):
    with start(path, blind=True) as studio:
        studio.application.session.settings.reveal = "never during this pass"
        for key in (S, T):
            studio.press(key)
        assert studio.shown() == 3
        step(studio, Qt.Key.Key_Up)
        assert studio.page.blind
        studio.key(S)
        assert "Alt+C" in studio.message()
        choose(studio, C, C)
        assert labels() == {1: "safe", 2: "controversial"}
        assert reveals() == (0, 0), "nothing was revealed"


def test_a_label_key_never_changes_an_earlier_label(start, path, labels):
    """Also with votes visible from the start, and after going back."""
    with start(path) as studio:
        studio.press(S)
        step(studio, Qt.Key.Key_Up)
        studio.key(T)
        assert "Alt+C" in studio.message()
        assert labels() == {1: "safe"}


def test_a_team_queue_waits_at_its_end_for_the_annotator(start, path, labels, reveals):
    """New assignments do not take the revealed prompt away."""
    with open_workspace(path) as other:
        team_queues.make(other, TeamQueue("hard", "id:1-8"))
    with start(path, blind=True) as studio:
        studio.window._review(assignments_filter("hard", studio.application.session.annotator))
        studio.wait(lambda: studio.page.model.rowCount() < 70 and studio.page.state is State.SHOWN)
        for _ in range(studio.page.model.rowCount() - 1):
            studio.press(S)
            studio.key(T)
            step(studio, SPACE)
        studio.press(S)
        shown = studio.shown()
        studio.key(T)
        studio.wait(lambda: studio.page.model.rowCount() == 8)
        studio.settle()
        assert studio.shown() == shown, "the revealed prompt stays"
        assert set(labels().values()) == {"safe"}
        assert reveals() == (0, studio.page.queue.place() + 1)


def test_each_of_the_last_decisions_is_undone_alone(start, path, labels):
    with start(path) as studio:
        for key in (S, T, S, T, S, T):
            studio.press(key)
        rows = studio.page.trail._rows
        studio.wait(lambda: [row._prompt.text() for row in rows] == ["#6", "#5", "#4", "#3", "#2"])
        assert rows[1].undo.accessibleName() == "Undo ● safe of prompt #5"
        rows[1].undo.click()
        studio.wait(lambda: studio.page.state is State.SHOWN and studio.shown() == 5)
        assert labels() == {1: "safe", 2: "toxic", 3: "safe", 4: "toxic", 6: "toxic"}
        studio.wait(lambda: rows[1].undo.text() == "undone")
        assert not rows[1].undo.isEnabled()
        assert [row._prompt.text() for row in rows] == ["#6", "#5", "#4", "#3", "#2"], "nothing moves under the mouse"
        assert "5 of 70 prompts labelled" in studio.page.finder.bar.progress.text.text()


def test_further_clicks_of_a_triple_click_decide_nothing(start, path, labels):
    """After a label, another button is under the pointer; after a bare click, the same one for another prompt."""
    with start(path, blind=True) as studio:
        handle, bar = studio.window.windowHandle(), studio.page.decisions
        safe = next(button for of, button in bar._labels.items() if of == "safe")
        at = safe.mapTo(studio.window, safe.rect().center())
        QTest.mouseDClick(handle, Qt.MouseButton.LeftButton, pos=at)
        studio.wait(lambda: studio.page.state is State.SHOWN and labels() == {1: "safe"})
        studio.wait(lambda: studio.window.childAt(at) is bar.next)
        assert studio.shown() == 1
        QTest.mouseDClick(handle, Qt.MouseButton.LeftButton, pos=at)
        studio.wait(lambda: studio.shown() == 2 and studio.window.childAt(at) is safe)
        assert labels() == {1: "safe"}
        QTest.mouseClick(handle, Qt.MouseButton.LeftButton, pos=at)
        studio.wait(lambda: labels() == {1: "safe", 2: "safe"})
