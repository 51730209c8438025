"""A few decided prompts come again, and nothing on the screen tells them from the others."""

from threading import Event

from PySide6.QtCore import Qt

from orbench_studio.domain.core.annotation import Aspect, Visible
from orbench_studio.gui.review.page import State
from orbench_studio.gui.review.queue_model import ROW
from orbench_studio.gui.review.queue_view import details
from orbench_studio.services.review import history, prompt_review
from orbench_studio.services.workspace import statistics
from orbench_studio.services.workspace.workspace import open_workspace

S, T = Qt.Key.Key_S, Qt.Key.Key_T


def until_shown_again(studio):
    """Label until a prompt has come again; gives its id."""
    for _ in range(60):
        if studio.shown() < 0:
            studio.page.repeat_at = 0.0  # it is looked at
            return -studio.shown()
        studio.press(S)
    raise AssertionError("nothing came again")


def test_labels_typed_ahead_are_those_of_their_prompts(start, path):
    """Rows in view are typed ahead, a key for each. A prompt that comes again is not one of them, and takes no key."""
    with start(path, recheck=50) as studio:
        page, typed = studio.page, {}
        while studio.shown() > 0:
            ahead = [of for of in (page.model.id_at(page.queue.place() + by) for by in range(3)) if of]
            for prompt_id in ahead:
                key, label = (S, "safe") if prompt_id % 2 else (T, "toxic")
                studio.settle()
                if studio.shown() < 0:
                    break
                assert studio.shown() == prompt_id
                typed[prompt_id] = label
                studio.press(key)
            assert len(typed) < 60
        assert page.repeat_at
        page.repeat_at += 60  # however slow the machine is
        studio.key(T)
        assert "Check the prompt, then press again" in studio.message()
        page.repeat_at = page.ignored_at = 0.0
        studio.press(S)
        assert "shown again: safe" in studio.message()


def texts(studio):
    return studio.page.prompt._text.toPlainText(), studio.page.prompt._origin.text(), studio.page.decisions.words


def test_a_prompt_shown_again_looks_undecided_and_changes_no_label(start, path, labels):
    with start(path, recheck=50) as studio:
        prompt_id = until_shown_again(studio)
        place = studio.page.queue.place()
        text, origin, final = texts(studio)
        assert f"number {prompt_id - 1} " in text
        assert origin.endswith(f"#{prompt_id}")
        assert "you" not in final
        assert studio.page.view.decided == ()
        studio.wait(lambda: studio.page.model.index(place).data(ROW))
        assert studio.page.model.index(place).data(ROW).status == "undecided"
        before = labels()
        studio.press(T)
        assert studio.message() == f"#{prompt_id} shown again: toxic, before: safe"
        assert studio.page.queue.place() == place + 1
        assert labels() == before
        assert studio.page.model.undecided_from(place) == place + 1, "it is not one without a label"
        studio.wait(lambda: (row := studio.page.model.index(place).data(ROW)) and row.final_label == "toxic")
    with open_workspace(path) as other:
        [rate] = statistics.consistency(other).values()
        assert (rate.count, rate.n) == (0, 1)
        assert prompt_review.load(other, prompt_id).final.label == "safe"


def test_a_prompt_shown_again_is_blind_and_revealed_by_its_label(start, path):
    with start(path, blind=True, recheck=50) as studio:
        while studio.shown() > 0:
            studio.press(S)
            studio.key(Qt.Key.Key_Space)
            studio.wait(lambda: not studio.page.decisions.decided and studio.page.state is State.SHOWN)
        prompt_id, studio.page.repeat_at = -studio.shown(), 0.0  # it is looked at
        assert studio.page.blind
        studio.press(T)
        assert (studio.shown(), studio.page.blind) == (-prompt_id, False)
        assert studio.page.decisions.words.startswith("Shown again: you decided ▲ toxic.")
        studio.key(S)
        assert "Alt+C" in studio.message()
        place = studio.page.queue.place()
        assert studio.page.queue._count.text() == f"{place} / 70", "it is no row of its own once it is decided"
        studio.wait(lambda: details(studio.page.model.index(place).data(ROW), blind=True).startswith("shown again"))
    with open_workspace(path) as other:
        [rate] = statistics.consistency(other).values()
        assert (rate.count, rate.n) == (0, 1)
        given = [
            event.annotation
            for event in history.of_prompt(other, prompt_id)
            if event.annotation.aspect is Aspect.RECHECK
        ]
        assert [(a.value, Visible.VOTES in a.visible) for a in given] == [("toxic", False)]


def test_a_label_of_a_prompt_shown_again_is_undone(start, path):
    with start(path, recheck=50) as studio:
        prompt_id = until_shown_again(studio)
        studio.press(T)
        studio.undo()
        assert studio.shown() == -prompt_id
        assert studio.page.view.decided == ()
    with open_workspace(path) as other:
        assert history.of_prompt(other, prompt_id)[-2].annotation.aspect is Aspect.RECHECK
        assert statistics.consistency(other) == {}


def test_a_new_queue_drops_prompts_shown_again(start, path):
    with start(path, recheck=50) as studio:
        until_shown_again(studio)
        studio.page.ask_queue()
        studio.wait(lambda: studio.shown() > 0 and studio.page.state is State.SHOWN)
        assert all(prompt_id > 0 for prompt_id in studio.page.model.ids())
        studio.press(S)


def test_requests_for_prompts_shown_again_end_when_the_workspace_closes(start, path):
    with start(path, recheck=50) as studio:
        prompt_id = until_shown_again(studio)
        session, known = studio.application.session, Event()
        session.run(lambda _: known.wait(), None)  # the database's thread is busy
        studio.page.loader.load_rows([-prompt_id], lambda _: None)
        studio.page.loader.load(-prompt_id, lambda _: None)
        session.close()
        known.set()


def test_no_prompt_is_shown_again_when_rechecks_are_off(start, path):
    with start(path, recheck=0) as studio:
        for _ in range(40):
            studio.press(S)
            assert studio.shown() > 0
