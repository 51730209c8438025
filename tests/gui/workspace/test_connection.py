"""The workspace's server goes away and comes back while somebody decides: nothing is lost, nothing is there twice."""

import csv

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPlainTextEdit

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.decision import Decision
from orbench_studio.gui.common.dialogs import ReportDialog
from orbench_studio.gui.review.choice_menus import ChoiceMenu
from orbench_studio.gui.review.page import State
from orbench_studio.gui.team.check_dialog import CheckDialog
from orbench_studio.services.data.import_files import ReadOptions, import_file
from orbench_studio.services.review import offline_queue, prompt_review
from orbench_studio.services.workspace.workspace import create_workspace, open_workspace
from tests.postgres import Postgres

S, T, C, Z = Qt.Key.Key_S, Qt.Key.Key_T, Qt.Key.Key_C, Qt.Key.Key_Z
NAMES = {S: "safe", T: "toxic", C: "controversial"}


@pytest.fixture(scope="module")
def server(postgres):
    """A server that a test may stop; `postgres` says where there can be none."""
    own = Postgres(durable=True)
    yield own
    own.remove()


@pytest.fixture
def place(server, tmp_path):
    table = tmp_path / "prompts.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        rows = [(f"What does harmless word {n} mean?", "privacy") for n in range(20)]
        csv.writer(file).writerows([("prompt", "category"), *rows])
    place = server.new()
    with create_workspace(place) as workspace:
        import_file(workspace, table, ReadOptions())
    yield place
    if not server.runs():
        server.start()


def journal(place):
    """What was decided of which prompt, in the order of the journal."""
    with open_workspace(place) as workspace:
        with workspace.reading() as db:
            rows = db.exec_driver_sql(
                "SELECT a.prompt_id, a.value FROM journal j JOIN annotations a ON a.journal_id = j.id ORDER BY j.at"
            ).all()
        assert workspace.problems() == []
    return [tuple(row) for row in rows]


def ready(studio):
    """The prompts that come next are at hand."""
    studio.settle()
    studio.wait(lambda: all(studio.shown() + n in studio.page.loader for n in (1, 2, 3)))


def kept(studio):
    return len(studio.application.recorder._pending)


def decide_offline(studio, keys):
    """One key after the other, each for the prompt that is shown; what they say."""
    said = []
    for key in keys:
        said.append((studio.shown(), NAMES[key]))
        before = kept(studio)
        studio.key(key)
        studio.wait(lambda before=before: kept(studio) == before + 1 and studio.page.state is not State.SAVING)
    return said


def test_decisions_taken_while_the_server_is_away_are_sent_when_it_is_back(start, server, place):
    with start(place) as studio:
        said_lost, said_back, decided = [], [], []
        studio.page.model.progressed.connect(lambda: decided.append(studio.page.model.decided))
        studio.application.recorder.lost.connect(said_lost.append)
        studio.application.recorder.back.connect(said_back.append)
        studio.press(S)
        ready(studio)
        server.stop("immediate")
        said = [(1, "safe"), *decide_offline(studio, (T, C, S))]
        assert [prompt for prompt, _ in said] == [1, 2, 3, 4]
        assert "No connection" in studio.message()
        assert "Decisions stored on this machine: 3." in studio.message()
        studio.wait(lambda: studio.shown() == 5 and studio.page.state is State.SHOWN)
        said += decide_offline(studio, (T,))
        studio.wait(lambda: any("Prompt 6 was not loaded before" in words for words in said_lost))
        studio.settle()
        assert (studio.shown(), studio.page.queue.place()) == (5, 4)
        assert "You decided ▲ toxic" in studio.page.decisions.words
        studio.key(Z, Qt.KeyboardModifier.ControlModifier)
        assert "Undo is available once you are back online" in said_lost[-1]
        server.start()
        studio.wait(lambda: kept(studio) == 0 and studio.page.state is State.SHOWN)
        studio.wait(lambda: any("Decisions sent: 4" in words for words in said_back))
        studio.settle()
        assert journal(place) == said
        assert decided == sorted(decided)
        studio.undo()
    assert len(journal(place)) == 5


def test_a_window_closed_without_a_connection_leaves_them_to_the_next_one(start, server, place):
    with start(place) as studio:
        ready(studio)
        server.stop("immediate")
        said = decide_offline(studio, (T, T))
    server.start()
    assert journal(place) == []
    with start(place) as studio:
        studio.wait(lambda: kept(studio) == 0 and journal(place) == said)
        studio.wait(lambda: studio.shown() == 3 and studio.page.state is State.SHOWN)
    with open_workspace(place) as workspace:
        assert offline_queue.stored(workspace) == ([], [])


def test_a_decision_or_undo_without_a_reply_is_recorded_once(start, server, place, monkeypatch):
    """The server is stopped after the commit and before anybody hears of it."""
    from orbench_studio.store.core import unit_of_work

    commit = unit_of_work.commit_on_server

    def stopped_after(db):
        commit(db)
        if db.get_execution_options().get("shared"):
            monkeypatch.setattr(unit_of_work, "commit_on_server", commit)
            server.stop("immediate")
            db.exec_driver_sql("SELECT 1")  # as if the reply to the commit had not come

    with start(place) as studio:
        ready(studio)
        monkeypatch.setattr(unit_of_work, "commit_on_server", stopped_after)
        said = decide_offline(studio, (T, C))
        server.start()
        studio.wait(lambda: kept(studio) == 0 and studio.page.state is State.SHOWN)
        ready(studio)
        monkeypatch.setattr(unit_of_work, "commit_on_server", stopped_after)
        studio.key(Z, Qt.KeyboardModifier.ControlModifier)
        studio.wait(lambda: studio.application.recorder.is_offline)
        server.start()
        studio.wait(lambda: not studio.application.recorder.is_offline and studio.page.state is State.SHOWN)
        ready(studio)
        studio.undo()
        assert studio.shown() == 2
    assert journal(place) == said
    with open_workspace(place) as workspace:
        assert [len(prompt_review.load(workspace, prompt).decided) for prompt in (1, 2)] == [1, 0]


def listed_refusals(studio):
    studio.settle()
    studio.window.actions_table["refused"].trigger()
    studio.wait(lambda: [one for one in studio.window.findChildren(ReportDialog) if one.isVisible()])
    return next(one for one in studio.window.findChildren(ReportDialog) if one.isVisible())


def press(dialog, text):
    next(button for button in dialog.buttons.buttons() if button.text() == text).click()


def test_decisions_of_others_while_offline_are_reported_and_kept(start, server, place):
    with start(place) as studio:
        ready(studio)
        server.stop("immediate")
        said = decide_offline(studio, (T, C))
    server.start()
    with open_workspace(place) as workspace:
        prompt_review.decide(workspace, Decision(1, Aspect.LABEL, "safe"), annotator="somebody else")
    with start(place) as studio:
        studio.wait(lambda: "#1 label toxic" in studio.message())
        assert "others decided these prompts while you were offline" in studio.message()
        assert journal(place) == [said[1], (1, "safe")], "in the order in which they were taken"
        dialog = listed_refusals(studio)
        assert "#1 label toxic" in dialog.findChild(QPlainTextEdit).toPlainText()
        dialog.reject()
    with start(place) as studio:  # the list survives the window
        studio.wait(lambda: "#1 label toxic" in studio.message())
        dialog = listed_refusals(studio)
        press(dialog, "Show prompts")
        studio.wait(lambda: studio.page.model.rowCount() == 1 and studio.shown() == 1)
        press(listed_refusals(studio), "Remove from list")
        studio.window.actions_table["refused"].trigger()
        studio.wait(lambda: "were saved" in studio.message())
    with open_workspace(place) as workspace:
        assert offline_queue.stored(workspace) == ([], [])


def test_a_label_is_changed_without_a_connection_only_by_the_command_for_it(start, server, place):
    with start(place, blind=True) as studio:
        ready(studio)
        server.stop("immediate")
        decide_offline(studio, (T,))
        studio.settle()
        studio.page.step(-1)
        studio.wait(lambda: studio.shown() == 1)
        assert [one.value for one in studio.page.view.decided] == ["toxic"]
        studio.settle()
        studio.key(S)
        studio.settle()
        assert kept(studio) == 1
        studio.key(C, Qt.KeyboardModifier.AltModifier)
        QTest.keyClick(studio.page.findChild(ChoiceMenu), S)
        studio.wait(lambda: kept(studio) == 2)
        server.start()
        studio.wait(lambda: kept(studio) == 0)
        assert journal(place) == [(1, "toxic"), (1, "safe")]


def test_two_windows_see_each_others_work(start, place):
    with start(place) as studio:
        ready(studio)
        with open_workspace(place) as other:
            prompt_review.decide(other, Decision(1, Aspect.LABEL, "safe"), annotator="somebody else")
        studio.wait(lambda: studio.page.view is not None and not studio.page.view.is_unlabelled)


def test_a_reviewer_sees_why_they_cannot_settle_disagreements(start, server, place):
    server.admit("nora", place)
    theirs = server.address(place.database, "nora")
    for address, label in ((place, "safe"), (theirs, "toxic")):
        with open_workspace(address) as workspace:
            decision = Decision(1, Aspect.LABEL, label)
            prompt_review.decide(workspace, decision, annotator=workspace.decides_as)
    with start(theirs) as studio:
        studio.window.show_page("page_disputes")
        page = studio.window.disputes
        studio.wait(lambda: page.case is not None)
        reason = "Only adjudicators and the owner of this workspace can settle disagreements."
        assert page.refusal.isVisible() and page.refusal.text() == reason
        assert {(button.isEnabled(), button.toolTip()) for button in page._labels} == {(False, reason)}
        studio.key(S)
        studio.wait(lambda: reason in studio.message())
        studio.window.show_page("page_review")
        studio.settle()
        studio.window.actions_table["check"].trigger()
        dialog = studio.window.findChild(CheckDialog)
        studio.wait(lambda: "can approve decisions" in dialog.status.text())
        assert not dialog.approve.isEnabled() and not dialog.send_back.isEnabled()


def test_a_person_who_was_removed_is_told_once_and_goes_on_when_added_again(start, server, place):
    server.admit("mona", place)
    theirs = server.address(place.database, "mona")
    with start(theirs) as studio:
        ready(studio)
        role = f"{place.database}_reviewer"
        server.say(f"REVOKE {role} FROM mona")
        studio.key(S)
        studio.wait(lambda: "Your access to this workspace was removed. Ask its owner, owner." in studio.message())
        studio.window.review.ask_queue()
        studio.window.show_page("page_team")
        studio.wait(lambda: not studio.application.operations.busy)
        assert len(studio.window.messages._errors) == 1
        server.say(f"GRANT {role} TO mona")
        studio.application.recorder._watch._poll()
        studio.wait(lambda: not studio.window.messages._errors)
        team = studio.window.team
        studio.wait(lambda: not team._first.isEnabled())
        assert team._first.toolTip() == "Only the owner of the workspace can do this."
        studio.window.show_page("page_review")
        studio.wait(lambda: studio.page.state is State.SHOWN)
        studio.press(S)
    assert journal(place) == [(1, "safe")]
