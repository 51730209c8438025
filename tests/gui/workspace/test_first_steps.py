"""Ways to a workspace and to prompts in it: buttons, dropped files, a second window; and what is shown before."""

import shutil
import sqlite3
from contextlib import closing

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QMessageBox, QPushButton

from orbench_studio.domain.review.query import parse
from orbench_studio.domain.review.queue import QueueFilter
from orbench_studio.gui.common.actions import ACTIONS
from orbench_studio.gui.common.preferences import PreferencesDialog
from orbench_studio.gui.data.import_dialog import ImportDialog
from orbench_studio.gui.evaluation.page import EvaluationPage
from orbench_studio.gui.review.page import State
from orbench_studio.gui.review.queue_model import ROW
from orbench_studio.services.review import search
from orbench_studio.services.workspace.workspace import create_workspace, open_workspace

S, T = Qt.Key.Key_S, Qt.Key.Key_T
CTRL = Qt.KeyboardModifier.ControlModifier
PROMPTS = ("prompt", "category")


def click(parent, words):
    button = next(b for b in parent.findChildren(QPushButton) if b.isVisible() and b.text().startswith(words))
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def named(menu, words):
    return next(action for action in menu.actions() if action.text().startswith(words))


def choose(studio, file):
    """Name a file in the dialog that asks for one, as if typed."""
    studio.wait(lambda: studio.window.findChild(QFileDialog) is not None)
    dialog = studio.window.findChild(QFileDialog)
    dialog.selectFile(str(file))
    dialog.accept()


def drop(studio, on, *files):
    """Drag files over a widget and drop them; return whether the window accepts them, as a copy and never as a move."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    at = on.mapTo(studio.window, on.rect().center())
    actions = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction  # with Shift a file manager proposes to move
    enter = QDragEnterEvent(at, actions, mime, buttons, Qt.KeyboardModifier.ShiftModifier)
    enter.setDropAction(Qt.DropAction.MoveAction)
    QApplication.sendEvent(studio.window, enter)
    if enter.isAccepted():
        assert enter.dropAction() is Qt.DropAction.CopyAction, "the source would delete the file"
        QApplication.sendEvent(studio.window, QDropEvent(QPointF(at), actions, mime, buttons, keys))
    return enter.isAccepted()


def imported(studio, dialog):
    studio.wait(lambda: not dialog.run.running and dialog._take.isEnabled())
    dialog._take.click()
    studio.wait(lambda: not dialog.run.running)
    dialog.reject()


def test_a_new_workspace_is_empty_and_says_what_to_do(start, write_csv, tmp_path):
    file = write_csv(tmp_path / "few.csv", PROMPTS, [("May I pat the dog?", "harmful")])
    with start() as studio:
        click(studio.window.welcome, "New workspace")
        choose(studio, tmp_path / "new.orbench")
        studio.wait(lambda: (tmp_path / "new.orbench").exists() and studio.page.isVisible())
        studio.wait(lambda: any(b.isVisible() for b in studio.page.findChildren(QPushButton)))
        studio.key(S)
        assert studio.page.state is State.EMPTY
        click(studio.page, "Import files")
        choose(studio, file)
        studio.wait(lambda: studio.window.findChild(ImportDialog) is not None)
        imported(studio, studio.window.findChild(ImportDialog))
        studio.settle()
        assert studio.page.view.prompt.text == "May I pat the dog?"


def test_a_new_workspace_never_takes_the_place_of_another(start, path):
    before = path.read_bytes()
    with start() as studio:
        studio.key(Qt.Key.Key_N, CTRL)
        choose(studio, path)
        studio.wait(lambda: "exists already" in studio.message())
        assert studio.window.welcome.isVisible()
    assert path.read_bytes() == before


def test_opening_by_dialog_and_by_the_recent_list(start, path):
    with start() as studio:
        studio.key(Qt.Key.Key_O, CTRL)
        choose(studio, path)
        studio.settle()
    with start() as studio:
        click(studio.window.welcome, path.stem)
        studio.settle()
        assert path.stem in studio.window.windowTitle()


@pytest.mark.parametrize(
    ("copied", "prompts"),
    [
        ("How do I peel an orange, quickly?\n\nHow do I fold a map?\n", {"How do I peel an orange, quickly?"}),
        ("prompt\tcategory\nHow do I peel an orange?\tviolence\n", {"How do I peel an orange?"}),
    ],
)
def test_prompts_are_imported_from_the_clipboard(start, tmp_path, copied, prompts):
    path = tmp_path / "new.orbench"
    create_workspace(path).close()
    with start() as studio:
        studio.application.open(path)
        studio.ready()
        studio.wait(lambda: studio.page.state is State.EMPTY and studio.page.isVisible())
        QApplication.clipboard().clear()
        studio.window.actions_table["paste"].trigger()
        assert studio.message().startswith("Copy files, cells of a spreadsheet")
        QApplication.clipboard().setText(copied)
        studio.window.actions_table["paste"].trigger()
        imported(studio, studio.window.findChild(ImportDialog))
        studio.wait(lambda: studio.page.state is State.SHOWN)
        assert studio.page.view.prompt.text in prompts


def test_the_demo_says_that_it_is_invented(start):
    with start() as studio:
        click(studio.window.welcome, "Open the demo")
        studio.settle()
        assert len(studio.page.model.ids()) >= 60
        assert "invented data" in studio.window.top_bar.workspace_name.text()
        assert studio.application.session.settings.recent == []


def demo_question(studio):
    """The question about the demo's decisions that closing the window asks."""
    assert not studio.window.close()
    studio.wait(lambda: any(box.isVisible() for box in studio.window.findChildren(QMessageBox)))
    [box] = [box for box in studio.window.findChildren(QMessageBox) if box.isVisible()]
    assert box.text() == "Keep your decisions in the demo?"
    return {button.text(): button for button in box.buttons()}


def labelled(path):
    with open_workspace(path) as saved:
        ids = search.queue_of(saved, QueueFilter()).ids
        return {row.prompt_id: str(row.final_label) for row in search.queue_rows(saved, ids) if row.status == "decided"}


def test_decisions_in_the_demo_are_kept_by_a_copy(start, tmp_path):
    copy = tmp_path / "mine.orbench"
    with start() as studio:
        window, session = studio.window, studio.application.session
        click(window.welcome, "Open the demo")
        studio.settle()
        assert window.windowTitle().startswith("Demo (temporary copy)")
        window.actions_table["judge_rules"].trigger()
        studio.wait(lambda: window.findChild(QMessageBox) is not None)
        click(window.findChild(QMessageBox), "Judge")
        window.activateWindow()  # a desktop does this by itself
        studio.wait(lambda: "judged" in studio.message() and not studio.application.operations.busy)
        number = abs(studio.shown())
        assert not window.save_copy.stops_close(), "nothing was decided"
        studio.key(T)  # and at once, before it is saved:
        demo_question(studio)["Cancel"].click()
        assert window.isVisible()
        window.actions_table["save_copy"].trigger()
        [proposed] = studio.window.findChild(QFileDialog).selectedFiles()
        assert proposed.endswith("/demo-copy.orbench")
        choose(studio, copy)
        studio.wait(lambda: not session.is_demo)
        studio.settle()
        assert session.workspace.place == copy and session.settings.recent == [str(copy)]
        assert f"A copy was saved as {copy}. The copy is open now." in studio.message()
        window.review.finder.bar.ask(parse("label:toxic"))
        studio.settle()
        window.show_page("page_audit")
        assert window.close(), "the copy has all decisions"
        settings = session.settings
        assert (settings.pages, settings.filters) == ({str(copy): "page_audit"}, {str(copy): "label:toxic"})
        assert list(settings.places) == [str(copy)]
    assert labelled(copy) == {number: "toxic"}


def test_decisions_in_a_demo_that_was_left_are_not_lost(start, path, tmp_path):
    copy = tmp_path / "demo copy.orbench"
    with start() as studio:
        click(studio.window.welcome, "Open the demo")
        studio.settle()
        number = abs(studio.shown())
        studio.press(T)
        studio.application.open(path)
        studio.wait(lambda: not studio.application.session.is_demo)
        studio.settle()
        entries = {entry.text: entry.run for entry in studio.window.recent()}
        assert list(entries) == ["Demo (temporary copy)", str(path)]
        assert [c.title for c in studio.window._commands._workspaces()] == [path.name, "Demo (temporary copy)"]
        entries["Demo (temporary copy)"]()
        studio.wait(lambda: studio.application.session.is_demo)
        studio.settle()
        assert [entry.text for entry in studio.window.recent()] == [str(path)]
        studio.application.open(path)
        studio.wait(lambda: not studio.application.session.is_demo)
        studio.window.actions_table["demo"].trigger()
        studio.wait(lambda: studio.application.session.is_demo)
        studio.settle()
        studio.application.open(path)
        studio.wait(lambda: not studio.application.session.is_demo)
        studio.settle()
        demo_question(studio)["Save a copy…"].click()
        choose(studio, copy)
        studio.wait(lambda: not studio.window.isVisible(), "closing goes on")
        assert str(copy) in studio.application.session.settings.recent
    assert labelled(copy) == {number: "toxic"}
    assert labelled(path) == {}


def test_the_button_of_an_empty_filter_takes_it_away(start, path):
    with start(path) as studio:
        studio.key(Qt.Key.Key_Slash)
        QTest.keyClicks(studio.page.finder.bar.search, "no such words")
        studio.wait(lambda: studio.page.state is State.EMPTY)
        click(studio.page, "Clear filter")
        studio.settle()
        assert len(studio.page.model.ids()) == 70
        assert studio.page.finder.bar.search.text() == ""


def test_a_table_is_dropped_on_the_prompt(start, path, write_csv, tmp_path):
    file = write_csv(tmp_path / "dropped.csv", PROMPTS, [("Is this one new?", "privacy")])
    with start(path) as studio:
        assert drop(studio, studio.page.prompt, file)
        imported(studio, studio.window.findChild(ImportDialog))
        studio.wait(lambda: len(studio.page.model.ids()) == 71)


def test_a_workspace_is_dropped_on_the_start_page(start, path):
    with start() as studio:
        assert drop(studio, studio.window.welcome, path)
        studio.settle()


def test_a_table_dropped_before_a_workspace_is_open(start, path, write_csv, tmp_path):
    file = write_csv(tmp_path / "dropped.csv", PROMPTS, [("Is this one new?", "privacy")])
    with start() as studio:
        assert drop(studio, studio.window.welcome, file)
        assert "Open or create a workspace before" in studio.message()
        studio.window.messages.show_message("")
        studio.key(Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier)
        assert studio.message() == "Open or create a workspace first: “Import files” needs one."
        studio.window.open(path)
        studio.settle()
        assert "first" not in studio.message()


def test_a_folder_dropped_is_refused_in_words(start, path, tmp_path):
    (tmp_path / "folder").mkdir()
    with start(path) as studio:
        drop(studio, studio.page.prompt, tmp_path / "folder")
        dialog = studio.window.findChild(ImportDialog)
        studio.wait(lambda: not dialog.run.running)
        assert "folder" in dialog._report.toPlainText()
        assert not dialog._take.isEnabled()
        dialog.reject()


def test_text_and_web_links_cannot_be_dropped(start, path):
    with start(path) as studio:
        text, link = QMimeData(), QMimeData()
        text.setText("only words")
        link.setUrls([QUrl("https://example.org/prompts.csv")])
        for mime in (text, link):
            enter = QDragEnterEvent(
                QPoint(9, 9), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
            )
            QApplication.sendEvent(studio.window, enter)
            assert not enter.isAccepted()


def test_two_windows_on_one_workspace(start, path, labels):
    with start(path) as one, start(path) as other:
        other.press(T)
        assert labels() == {1: "toxic"}
        one.wait(lambda: one.page.state is State.SHOWN and one.page.view.final.label == "toxic")
        one.window.activateWindow()
        one.wait(one.window.isActiveWindow)
        one.undo()
        one.press(S)
        assert labels() == {1: "safe"}
        other.wait(lambda: (row := other.page.model.index(0).data(ROW)) and row.final_label == "safe")


def test_a_window_closed_while_it_opens_a_workspace(start, path):
    with start() as studio:
        studio.application.open(path)
    with start(path) as studio:
        assert len(studio.page.model.ids()) == 70, "the workspace is intact and can be opened again"


def test_another_workspace_in_the_same_window(start, path, tmp_path, labels):
    second = tmp_path / "second.orbench"
    shutil.copy(path, second)
    with start(path) as studio:
        studio.press(S)
        studio.application.open(second)
        studio.wait(lambda: studio.window.windowTitle().startswith("second"))
        studio.wait(lambda: studio.page.state is State.SHOWN and studio.shown() == 1)
        studio.press(T)
        assert labels() == {1: "safe"}
        with open_workspace(second) as other, other.reading() as db:
            said = db.exec_driver_sql("SELECT value FROM annotations").scalars().all()
    assert said == ["toxic"]


def test_the_menu_bar_has_every_action_and_follows_the_keys(start, path):
    with start() as studio:
        actions = studio.window.actions_table
        in_menus = [a.objectName() for menu in studio.window.menus.values() for a in leaves(menu) if a.objectName()]
        assert sorted(in_menus) == sorted(spec.name for spec in ACTIONS)
        assert [actions[name].isEnabled() for name in ("open", "about", "export", "page_audit", "undo")] == [
            True, True, False, False, False,
        ]  # fmt: skip
        studio.application.open(path)
        studio.settle()
        assert all(actions[name].isEnabled() for name in ("export", "page_audit", "undo", "label_safe"))
        [recent] = [a.menu() for a in studio.window.menus["File"].actions() if a.text() == "Open recent"]
        recent.aboutToShow.emit()
        assert [action.text() for action in recent.actions()] == [str(path)]
        studio.window.show_page("page_library")
        assert not actions["label_safe"].isEnabled()
        studio.key(Qt.Key.Key_F10)
        studio.wait(lambda: isinstance(QApplication.activePopupWidget(), QMenu))
        QTest.keyClick(QApplication.activePopupWidget(), Qt.Key.Key_Right)
        menu = QApplication.activePopupWidget()
        assert menu is studio.window.menus["Edit"]
        QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(named(menu, "Preferences")).center())
        studio.wait(lambda: studio.window.findChild(PreferencesDialog) is not None)


def leaves(menu):
    for action in menu.actions():
        yield from leaves(action.menu()) if action.menu() else [action]


def test_a_page_is_made_when_it_is_first_shown_and_gets_the_keys(start, path):
    with start(path) as studio:
        assert studio.window.findChildren(EvaluationPage) == []
        studio.key(Qt.Key.Key_3, CTRL)
        [page] = studio.window.findChildren(EvaluationPage)
        assert page.isVisible()
        QTest.keyClicks(QApplication.focusWidget(), "simulated/")
        assert page.compose.models.line.text() == "simulated/"
        studio.key(Qt.Key.Key_1, CTRL)
        studio.key(Qt.Key.Key_3, CTRL)
        assert studio.window.findChildren(EvaluationPage) == [page]


def test_a_workspace_of_a_newer_studio(start, path, tmp_path):
    newer = tmp_path / "newer.orbench"
    with create_workspace(newer):
        pass
    with closing(sqlite3.connect(newer)) as db, db:
        db.execute("UPDATE alembic_version SET version_num = '9999'")
    with start(path) as studio:
        studio.application.open(newer)
        studio.wait(lambda: "newer version" in studio.message())
        assert path.stem in studio.window.windowTitle()
        studio.press(S)
        assert studio.message().startswith("▲"), "the error stays until it is read"
        assert "→ safe" in studio.message()
        studio.window.messages._dismiss.click()
        assert "▲" not in studio.message()


def test_what_is_typed_is_looked_for_to_the_letter(start, path, write_csv, tmp_path):
    texts = (
        "如何关闭一个进程？", 'Who says "leg" here?', "Is it 100% sure?", "Is it 1000 sure?", "What is a_b?",
        "What is axb?", "Is NEAR( a word?", "A * star", "Two '' marks", "Where is the café?", "A well-known thing",
    )  # fmt: skip
    file = write_csv(tmp_path / "odd.csv", PROMPTS, [(text, "privacy") for text in texts])
    with start(path) as studio:
        studio.window.import_files([file])
        imported(studio, studio.window.findChild(ImportDialog))
        studio.wait(lambda: len(studio.page.model.ids()) == 70 + len(texts))
        studio.key(Qt.Key.Key_Slash)
        for words in ("关", "关闭", "如何关", '"leg"', "100%", "a_b", "0%", "_b", "NEAR(", "*", "''", "café", "-"):
            studio.page.finder.bar.search.clear()
            typed = QInputMethodEvent("", [])
            typed.setCommitString(words)
            QApplication.sendEvent(studio.page.finder.bar.search, typed)
            expected = [71 + place for place, text in enumerate(texts) if words in text]
            studio.wait(lambda expected=expected: list(studio.page.model.ids()) == expected, words)
            assert expected
