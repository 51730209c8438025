"""Hours in front of it: preferences, size of text, covered texts, two responses at once, a calm pace."""

import json
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel

from orbench_studio.colours import DARK
from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.decision import Decision
from orbench_studio.gui.common.actions import SHORTCUTS
from orbench_studio.gui.common.preferences import PREFERENCES, PreferencesDialog
from orbench_studio.gui.common.theme import PROMPT, px
from orbench_studio.gui.review.pace import GAP, Pace
from orbench_studio.gui.review.page import State
from orbench_studio.gui.review.view_progress import progress_words
from orbench_studio.services.review.prompt_review import decide
from orbench_studio.services.workspace.workspace import open_workspace
from orbench_studio.settings import Settings, load_settings

CTRL = Qt.KeyboardModifier.ControlModifier
S, B, J, X = Qt.Key.Key_S, Qt.Key.Key_B, Qt.Key.Key_J, Qt.Key.Key_X


def preferences(studio):
    studio.key(Qt.Key.Key_Comma, CTRL)
    return studio.window.findChild(PreferencesDialog)


def test_every_preference_is_one_of_the_settings_and_in_the_dialog(start, tmp_path):
    defaults = Settings(tmp_path / "x")
    assert all(hasattr(defaults, preference.name) for preference in PREFERENCES)
    with start() as studio:
        dialog = preferences(studio)
        assert list(dialog.controls) == [preference.name for preference in PREFERENCES]
        assert str(tmp_path / "settings.json") in " ".join(part.text() for part in dialog.findChildren(QLabel))
        dialog.reject()


def test_a_preference_holds_at_once_and_after_a_restart(start, path, tmp_path):
    with open_workspace(path) as workspace:
        decide(workspace, Decision(1, Aspect.CATEGORY, "tax & <b>law</b>"), annotator="ada")
    (tmp_path / "settings.json").write_text(json.dumps({"shielded": ["of another workspace"]}), encoding="utf-8")
    with start(path) as studio:
        dialog = preferences(studio)
        dialog.controls["scheme"].setCurrentIndex(2)
        assert studio.application.theme.tokens is DARK
        height = studio.page.decisions.next.sizeHint().height()
        dialog.controls["font_scale"].setValue(150)
        assert studio.page.decisions.next.sizeHint().height() > height
        QTest.keyClick(dialog.controls["blind"], Qt.Key.Key_Space)
        boxes = {box.text(): box for box in dialog.findChildren(QCheckBox)}
        for category in ("violence", "tax && <b>law</b>", "of another workspace"):
            boxes[category].toggle()
        dialog.controls["break_after"].setValue(0)
        assert dialog.controls["break_after"].text() == "off"
        dialog.controls["recheck"].setValue(7)
        dialog.reject()
    kept = load_settings(tmp_path / "settings.json")
    assert (kept.scheme, kept.font_scale, kept.blind) == ("dark", 150, True)
    assert (kept.shielded, kept.break_after, kept.recheck) == (["violence", "tax & <b>law</b>"], 0, 7)
    with start(path) as studio:
        assert studio.application.theme.tokens is DARK
        assert px(14) == 21


def test_the_size_of_text_has_keys_and_ends(start, path):
    with start(path) as studio:
        for _ in range(12):
            studio.key(Qt.Key.Key_Equal, CTRL)
        assert (studio.application.session.settings.font_scale, px(12)) == (200, 24)
        assert "200 %" in studio.message()
        studio.key(Qt.Key.Key_Minus, CTRL)
        assert studio.application.session.settings.font_scale == 190
        studio.key(Qt.Key.Key_0, CTRL)
        assert px(12) == 12


def covered(studio):
    """Everything of the prompt's and the responses' text that a screen, a clipboard or a screen reader could get."""
    said = []
    for pane in (studio.page.prompt._text, studio.page.prompt._seed, *studio.page.responses.readings.texts()):
        pane.selectAll()
        pane.copy()
        said += [pane.toPlainText(), QGuiApplication.clipboard().text(), pane.textCursor().selectedText()]
        seen = QAccessible.queryAccessibleInterface(pane)
        said += [seen.text(QAccessible.Text.Value), seen.textInterface().text(0, seen.textInterface().characterCount())]
    model = studio.page.model
    said += [str(model.index(0).data(role)) for role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.UserRole)]
    return " ".join(said)


@pytest.fixture
def shielded(tmp_path):
    (tmp_path / "settings.json").write_text(json.dumps({"shielded": ["privacy"]}), encoding="utf-8")


def test_a_covered_text_is_shown_nowhere_before_it_is_revealed(start, path, labels, shielded):
    with start(path) as studio:
        studio.wait(lambda: studio.page.model.index(0).data(Qt.ItemDataRole.UserRole))
        said = covered(studio)
        assert "harmless thing" not in said
        assert "certainly" not in said
        assert "privacy" in said
        assert "Press X to show it" in said
        for key in (S, Qt.Key.Key_1):
            studio.key(key)
            assert "Press X to show it" in studio.message()
        assert labels() == {}
        studio.key(X)
        assert "harmless thing" in studio.page.prompt._text.toPlainText()
        assert "certainly" in studio.page.responses.readings.focused.text.toPlainText()
        studio.press(S)
        assert labels() == {1: "safe"}
        assert not studio.page.prompt._text.covered, "the next is of another category"
        studio.page.queue.go(5)
        studio.wait(lambda: studio.shown() == 6 and studio.page.state is State.SHOWN)
        assert studio.page.prompt._text.covered, "each is asked for on its own"
        studio.key(Qt.Key.Key_H)
        studio.wait(lambda: studio.shown() == 7)


def test_what_is_covered_follows_the_preferences_and_the_key_in_force(start, path, shielded):
    with start(path) as studio:
        studio.wait(lambda: studio.page.model.index(0).data())
        SHORTCUTS.assign("reveal_text", ["F8"])
        assert "Press F8 to show it" in studio.page.prompt._text.toPlainText()
        dialog = preferences(studio)
        next(box for box in dialog.findChildren(QCheckBox) if box.text() == "privacy").setChecked(False)
        dialog.reject()
        assert not studio.page.prompt._text.covered
        assert "harmless" in str(studio.page.model.index(0).data(Qt.ItemDataRole.DisplayRole))
        studio.key(Qt.Key.Key_F8)
        assert "not covered" in studio.message()
        SHORTCUTS.reset_all()


def test_two_responses_side_by_side(start, path):
    with start(path) as studio:
        studio.window.resize(1500, 900)
        columns = studio.page.panes._outer
        studio.wait(lambda: studio.page.width() > 1400 and columns.sizes()[0] > 0)
        studio.settle()
        before = columns.sizes()
        readings = studio.page.responses.readings
        studio.key(B)
        assert readings.pinned.isVisible()
        assert readings.pinned.view.response.model == "model-a"
        assert readings.focused.view.response.model == "model-b"
        assert "model-a" in readings.pinned.title.text()
        assert readings.focused.about.text().startswith("1 2 3 4 5 classify this response")
        assert "classify" not in readings.pinned.about.text(), "the keys act on the response in focus"
        assert "model-a answers 0" in readings.pinned.text.toPlainText()
        assert "model-b answers 0" in readings.focused.text.toPlainText()
        studio.wait(lambda: readings.pinned.width() >= 220)
        assert readings.focused.width() == pytest.approx(readings.pinned.width(), abs=2)
        studio.press(S)
        assert "model-a answers 1" in readings.pinned.text.toPlainText()
        assert "model-b answers 1" in readings.focused.text.toPlainText()
        studio.key(Qt.Key.Key_K)
        assert readings.focused.view.response.model == "model-a"
        studio.key(B)
        assert readings.pinned.isHidden()
        assert columns.sizes() == pytest.approx(before, abs=2), "folding the queue leaves the other columns alone"
        studio.window.resize(1024, 700)
        studio.wait(lambda: columns.sizes()[0] == 0)
        studio.settle()
        studio.window.resize(1500, 900)
        studio.wait(lambda: columns.sizes() == pytest.approx(before, abs=2))


def test_the_border_between_prompt_and_response_is_remembered(start, path):
    with start(path) as studio:
        studio.window.resize(1500, 900)
        splitter = studio.page.panes.texts
        studio.wait(lambda: studio.page.width() > 1400 and sum(splitter.sizes()) >= splitter.height() - 8)
        splitter.moveSplitter(260, 1)
        left = splitter.sizes()
    with start(path) as studio:
        studio.wait(lambda: studio.window.height() == 900)
        studio.wait(lambda: studio.page.panes.texts.sizes() == pytest.approx(left, abs=3))


@pytest.mark.parametrize(
    ("decided", "prompts", "seconds", "words"),
    [
        (0, 199, None, "0 of 199 prompts labelled"),
        (128, 199, 3.2, "128 of 199 prompts labelled · about 4 min left"),
        (198, 199, 3.2, "198 of 199 prompts labelled · about 1 min left"),
        (0, 80_359, 3.2, "0 of 80,359 prompts labelled · about 3.0 days of work left"),
        (0, 9_000, 3.2, "0 of 9,000 prompts labelled · about 8.0 h left"),
        (199, 199, 3.2, "199 of 199 prompts labelled"),
    ],
)
def test_the_progress_says_how_much_is_left(decided, prompts, seconds, words):
    assert " ".join(progress_words(decided, prompts, seconds).split()) == words


def test_the_pace_is_the_median_of_this_sitting():
    now = [0.0]
    pace = Pace(lambda: now[0])
    for seconds in (0, 4, 4, 6, 60):
        now[0] += seconds
        pace.decided()
    assert (pace.seconds(), pace.words()) == (None, "")
    now[0] += 5
    pace.decided()
    assert pace.words() == "5.0 s each"
    for _ in range(20):
        now[0] += 12
        pace.decided()
    assert pace.words() == "12 s each"
    now[0] += GAP
    pace.decided()
    assert pace.words() == "", "a gap begins another sitting"


def test_a_break_is_suggested_once_a_sitting():
    now = [0.0]
    pace = Pace(lambda: now[0])

    def work(minutes):
        said = 0
        for _ in range(minutes):
            now[0] += 60
            pace.decided()
            said += pace.suggests_break(50)
        return said

    assert work(50) == 0
    assert work(1) == 1
    assert work(100) == 0
    now[0] += GAP
    assert work(51) == 1
    assert not pace.suggests_break(0)


def test_the_window_says_the_pace_and_suggests_the_break_beside_what_happened(start, path):
    now = [0.0]
    with start(path) as studio:
        studio.window.top_bar.pace.clock = lambda: now[0]
        studio.application.session.settings.break_after = 5
        for _ in range(7):
            now[0] += 60
            studio.press(S)
        studio.wait(lambda: "60 s each" in studio.window.top_bar.today.text())
        bar = studio.page.finder.bar
        assert "7 of 70 prompts labelled" in bar.progress.text.text()
        studio.wait(lambda: "7 prompts labelled by you today" in studio.window.top_bar.today.text())
        bar.progress.show_bar(True)
        wide = bar.progress.minimumSizeHint().width()
        bar.progress.show_progress(1, 1, 70, None)
        assert bar.progress.minimumSizeHint().width() == wide, "no button beside it moves under the pointer"
        assert "Take a short break" in studio.message()
        assert "safe" in studio.message(), "what just happened is still told"
        studio.window.messages._end_suggestion()
        assert "break" not in studio.message()


def test_the_response_that_a_key_classifies_is_in_view_in_a_small_window(start, path):
    with start(path, blind=True) as studio:
        studio.window.resize(1024, 560)
        studio.wait(lambda: studio.window.height() == 560)
        studio.key(J)
        studio.press(S)
        rows = studio.page.responses.list
        row = rows.visualRect(rows.currentIndex())
        studio.wait(lambda: rows.viewport().visibleRegion().contains(row))


def test_a_prompt_that_is_loaded_behind_another_page_has_its_size(start, path):
    with start(path) as studio:
        studio.key(Qt.Key.Key_2, CTRL)
        studio.wait(studio.window.library.isVisible)
    with start(path) as studio:
        assert not studio.page.isVisible()
        studio.key(Qt.Key.Key_1, CTRL)
        studio.wait(studio.page.isVisible)
        pane = studio.page.prompt._text
        assert "harmless" in pane.toPlainText()
        assert pane.document().defaultFont().pixelSize() == px(PROMPT)


def test_texts_say_how_many_lines_follow_below_until_their_end(start, path):
    with start(path) as studio:
        studio.window.resize(1024, 600)
        text = "\n".join(f"line {n}" for n in range(40))
        studio.page.prompt._text.show_text(text)
        studio.page.responses.readings.focused.text.show_text(text)
        for pane in (studio.page.prompt, studio.page.responses.readings.focused.text):
            studio.wait(lambda pane=pane: pane.verticalScrollBar().maximum() > 600 and pane.more.isVisible())
            before, said = (
                pane.more.text(),
                QAccessible.queryAccessibleInterface(pane).text(QAccessible.Text.Description),
            )
            assert said in before
            QTest.mouseClick(pane.more, Qt.MouseButton.LeftButton)
            assert pane.more.text() < before or len(pane.more.text()) < len(before)
            pane.verticalScrollBar().setValue(pane.verticalScrollBar().maximum())
            assert pane.more.isHidden()
            assert not pane.accessibleDescription()
        studio.key(S)
        assert studio.shown() in (1, 2), "the key still decides"


def test_a_key_scrolls_the_prompt_to_its_end_and_then_the_response(start, path):
    with start(path) as studio:
        studio.window.resize(1024, 600)
        text = "\n".join(f"line {n}" for n in range(40))
        panes = (studio.page.prompt, studio.page.responses.readings.focused.text)
        studio.page.prompt._text.show_text(text)
        panes[1].show_text(text)
        prompt, response = (pane.verticalScrollBar() for pane in panes)
        studio.wait(lambda: studio.page.prompt.more.isVisible() and response.maximum())
        assert "PgDown" in studio.page.prompt.more.text()
        while prompt.value() < prompt.maximum():
            before = prompt.value()
            studio.key(Qt.Key.Key_PageDown)
            assert (prompt.value() > before, response.value()) == (True, 0)
        studio.key(Qt.Key.Key_PageDown)
        assert response.value() > 0
        studio.key(Qt.Key.Key_PageUp)
        assert (prompt.value(), response.value()) == (prompt.maximum(), 0)


def test_a_response_without_text_says_so(start, path):
    with start(path) as studio:
        reader = studio.page.responses.readings.focused
        reader.show_view(replace(reader.view, response=replace(reader.view.response, text="")))
        assert "no text (0 characters)" in reader.text.placeholderText()


def test_a_narrow_top_bar_drops_the_pace_then_the_count_and_cuts_nothing_without_dots(start, path):
    now = [0.0]
    with start(path) as studio:
        bar = studio.window.top_bar
        bar.pace.clock = lambda: now[0]
        bar.workspace_name.setText("The name of a workspace that takes all the room it gets")
        for _ in range(7):
            now[0] += 60
            studio.press(S)
        text = studio.page.finder.bar.progress.text
        for width, shown in ((1_024, ()), (920, ()), (1_440, ("today", "each"))):
            studio.window.resize(width, 700)
            studio.wait(lambda width=width: bar.width() == width)
            studio.wait(lambda shown=shown: all(word in bar.today.text() for word in shown))
            QApplication.processEvents()
            for part in (bar.workspace_name, text, bar.today, bar.reviewer):
                assert part.isHidden() or part.visibleRegion().boundingRect() == part.rect(), (width, part.text())
