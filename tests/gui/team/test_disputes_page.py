"""Disputes page: label files are merged, and disagreements are adjudicated with keys."""

import shutil

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPlainTextEdit

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.domain.review.decision import Decision
from orbench_studio.gui.common.dialogs import ReportDialog
from orbench_studio.gui.common.file_dialog import FileDialog
from orbench_studio.gui.review.notes import NoteDialog
from orbench_studio.services.data import label_files
from orbench_studio.services.review import history, prompt_review
from orbench_studio.services.workspace.workspace import open_workspace


@pytest.fixture
def files(path, tmp_path):
    """Label files of two reviewers who disagree about prompt 1, its first response, and prompt 2."""
    made = []
    for who, label, answer in (
        ("ada", "safe", AnswerClass.DIRECT_ANSWER),
        ("bob", "toxic", AnswerClass.DIRECT_REFUSAL),
    ):
        mine = tmp_path / f"{who}.orbench"
        shutil.copy(path, mine)
        made.append(tmp_path / f"{who}.jsonl")
        with open_workspace(mine) as copy:
            response = prompt_review.load(copy, 1).responses[0].response.id
            decision = Decision(1, Aspect.ANSWER_CLASS, answer, response, "only warns, then answers")
            prompt_review.decide(copy, decision, annotator=who)
            for prompt_id in (1, 2):
                prompt_review.decide(copy, Decision(prompt_id, Aspect.LABEL, label), annotator=who)
            label_files.export_labels(copy, made[-1])
    return made


@pytest.fixture
def disputes(start, path, files):
    """The page, with three disputes."""
    with start(path) as studio:
        studio.window.label_files.merge(files)
        studio.wait(lambda: "3 prompts or responses are disputed" in studio.message())
        studio.window.actions_table["page_disputes"].trigger()
        page = studio.window.disputes
        studio.wait(lambda: page.case is not None)
        yield studio, page


def test_keys_adjudicate_one_dispute_each_and_undo_reopens_one(disputes, path):
    studio, page = disputes
    assert [(d.prompt_id, d.response_id is None) for d in page.disputes] == [(1, True), (1, False), (2, True)]
    assert studio.window.focusWidget() is page.list, "the arrow keys move in it"
    studio.key(Qt.Key.Key_1)
    studio.key(Qt.Key.Key_S)
    studio.wait(lambda: len(page.disputes) == 2 and page.case is not None)
    assert page.case.response is not None
    studio.key(Qt.Key.Key_T)  # ignored: labels do not apply to responses
    studio.key(Qt.Key.Key_2)
    studio.wait(lambda: len(page.disputes) == 1 and page.case is not None)
    studio.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    studio.wait(lambda: len(page.disputes) == 2 and page.case is not None)
    assert page.case.about.response_id is not None, "undo returns to the dispute that it reopened"
    with open_workspace(path) as other:
        assert prompt_review.load(other, 1).final.label == "safe"
        assert [e.kind for e in history.entries(other)][-3:] == ["adjudication", "adjudication", "undo"]


def test_both_sides_are_shown_and_the_reason_is_saved(disputes, path):
    studio, page = disputes
    sides = [card.accessibleName() for card in page._cards if card.isVisible()]
    assert sides == ["ada: safe", "bob: toxic"]
    studio.key(Qt.Key.Key_W)
    page.reason.setText("asks about software")
    studio.key(Qt.Key.Key_Down)
    page.list.setCurrentRow(0)
    studio.wait(lambda: page.case is not None and page.case.about.response_id is None)
    page.settle("safe")
    studio.wait(lambda: len(page.disputes) == 2)
    assert page.reason.text() == ""
    with open_workspace(path) as other:
        assert prompt_review.load(other, 1).decided[-1].reason == "asks about software"


def test_a_note_is_added_with_a_key_and_shown_beside_the_sides(disputes, path):
    studio, page = disputes
    studio.key(Qt.Key.Key_N)
    dialog = page.findChild(NoteDialog)
    dialog._text.setPlainText("<i>ada</i>, please look again")
    dialog.accept()
    studio.wait(lambda: page.case is not None and len(page.case.notes) == 1)
    assert page.notes.texts[0].toPlainText() == "<i>ada</i>, please look again"
    assert (page.notes.isHidden(), len(page.disputes)) == (False, 3)


def test_both_sides_and_all_buttons_are_in_view_in_a_small_window_with_large_text(disputes):
    studio, page = disputes
    page.reason.setText("the answer follows")
    page.reason.setFocus()
    for percent, size in ((200, (1280, 800)), (130, (1024, 700)), (100, (1440, 900))):
        studio.application.theme.scale(percent)
        studio.window.resize(*size)
        studio.wait(lambda size=size: studio.window.size().toTuple() == size)
        for place in (0, 1):
            page.list.setCurrentRow(place)
            studio.wait(lambda place=place: page.case is not None and page.case.about == page.disputes[place])
            buttons = page._answers if page.case.response else page._labels
            parts = (*buttons, page._note, page.reason, *page._cards)
            studio.wait(lambda parts=parts: all(part.visibleRegion().boundingRect() == part.rect() for part in parts))
        assert (page.reason.hasFocus(), page.reason.text()) == (True, "the answer follows")
    studio.application.theme.scale(100)


def test_keys_apply_to_the_visible_page_only(disputes, path):
    studio, page = disputes
    shown = studio.page.view.prompt.id
    studio.key(Qt.Key.Key_S)
    studio.wait(lambda: len(page.disputes) == 2)
    studio.window.actions_table["page_review"].trigger()
    studio.settle()
    with open_workspace(path) as other:
        before = len(history.entries(other))
        assert not any(a.annotator == studio.window._session.settings.annotator and not a.adjudicated
                       for a in prompt_review.load(other, shown).decided)  # fmt: skip
    studio.press(Qt.Key.Key_F)
    assert len(page.disputes) == 2
    with open_workspace(path) as other:
        assert [e.kind for e in history.entries(other)][before:] == ["decision"]


def test_a_decision_elsewhere_prevents_the_adjudication(disputes, path):
    studio, page = disputes
    with open_workspace(path) as other:
        prompt_review.decide(other, Decision(1, Aspect.LABEL, "toxic"), annotator="ada")
    studio.key(Qt.Key.Key_S)
    studio.wait(lambda: "decided elsewhere" in studio.message())
    studio.wait(lambda: [d.prompt_id for d in page.disputes if d.response_id is None] == [2])


def test_adjudications_are_in_the_own_label_file(disputes, tmp_path):
    studio, page = disputes
    studio.key(Qt.Key.Key_S)
    studio.wait(lambda: len(page.disputes) == 2)
    studio.window.label_files.write(tmp_path / "mine.jsonl")
    studio.wait(lambda: "1 decision exported to mine.jsonl." in studio.message())
    assert "adjudication" in (tmp_path / "mine.jsonl").read_text(encoding="utf-8")


def test_an_empty_page_offers_to_merge_label_files(start, path):
    with start(path) as studio:
        studio.window.actions_table["page_disputes"].trigger()
        page = studio.window.disputes
        studio.wait(page.merge.isVisible)
        page.merge.click()
        studio.wait(lambda: studio.window.findChildren(FileDialog))
        studio.window.findChild(FileDialog).reject()


def test_one_persons_conflicting_decisions_are_listed_after_the_merge(start, path, tmp_path):
    shutil.copy(path, tmp_path / "laptop.orbench")
    for place, value in ((path, "safe"), (tmp_path / "laptop.orbench", "toxic")):
        with open_workspace(place) as workspace:
            prompt_review.decide(workspace, Decision(1, Aspect.LABEL, value), annotator="ada")
            label_files.export_labels(workspace, tmp_path / "laptop.jsonl")
    with start(path) as studio:
        studio.window.label_files.merge([tmp_path / "laptop.jsonl"])
        studio.wait(lambda: studio.window.findChildren(ReportDialog))
        dialog = studio.window.findChild(ReportDialog)
        text = dialog.findChild(QPlainTextEdit).toPlainText()
        assert text.startswith("ada, #1, label: 'safe' (this workspace, decision 1, ")
        assert "'toxic' counts: the numbers are equal, and its time is later." in text
        dialog.reject()
