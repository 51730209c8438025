"""Built-in judges in the window: judging, automatic training, calibration and custom rules."""

from typing import NamedTuple

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QMessageBox, QPushButton

from orbench_studio.domain.core.annotation import Aspect, Basis
from orbench_studio.domain.core.judgement import REFUSALS, AnswerClass
from orbench_studio.domain.review.decision import Decision
from orbench_studio.gui.judging import auto_training, judge_run
from orbench_studio.services.judging.builtin_judges import LOCAL, local_judge
from orbench_studio.services.review import prompt_review, response_selection
from orbench_studio.services.workspace.workspace import open_workspace
from tests.gui.judging.conftest import PROMPTS
from tests.unit.services.judging.judged_workspace import truth

CALIBRATION_TIMEOUT = 60_000  # milliseconds, on a busy machine
NEW = "south"  # the model whose phrases the rules do not know
KEYS = {"direct_answer": "answer_direct", "partial_refusal": "answer_partial", "direct_refusal": "answer_refusal"}


@pytest.fixture
def short_pause(monkeypatch):
    """Automatic training starts after a pause of 50 ms."""
    monkeypatch.setattr(auto_training, "PAUSE", 50)


class Final(NamedTuple):
    answer_class: AnswerClass
    basis: Basis


def rows(path, query, *values):
    """Rows read through a second connection."""
    with open_workspace(path) as other, other.reading() as db:
        return db.exec_driver_sql(query, values).all()


def finals(path):
    """The final answer classes of the new model by prompt."""
    query = (
        "SELECT prompt_id, answer_class, basis FROM response_states s JOIN models m ON m.id = s.model_id "
        "WHERE m.name = ? AND answer_class IS NOT NULL"
    )
    return {n: Final(AnswerClass(found), Basis(basis)) for n, found, basis in rows(path, query, NEW)}


def right(path, prompts):
    """Number of the new model's responses whose final class is right: refusal or answer."""
    found = finals(path)
    return sum((found[n].answer_class in REFUSALS) == (truth(NEW, n - 1) in REFUSALS) for n in prompts)


def override(studio, prompts):
    """Classify the new model's responses correctly with keys, prompt by prompt."""
    for number in prompts:
        studio.page.queue.go(studio.page.model.place_of(number))
        studio.wait(lambda n=number: studio.page.view and studio.shown() == n)
        studio.settle()
        while studio.page.responses.focused().response.model != NEW:
            studio.key(Qt.Key.Key_J)
        studio.trigger(KEYS[truth(NEW, number - 1)])


def decide(path, prompts):
    """Classify them through a second connection."""
    with open_workspace(path) as other:
        for number in prompts:
            of = next(one for one in prompt_review.load(other, number).responses if one.response.model == NEW)
            decision = Decision(number, Aspect.ANSWER_CLASS, truth(NEW, number - 1), of.response.id)
            prompt_review.decide(other, decision, annotator="anna")


def ask(studio, name):
    studio.window.actions_table[name].trigger()
    run, before = studio.window.judging, studio.message()
    studio.wait(lambda: run.busy or question(studio) or studio.message() != before)
    if box := question(studio):
        next(button for button in box.buttons() if button.text() == "Judge").click()


def question(studio):
    return next((box for box in studio.window.findChildren(QMessageBox) if box.isVisible()), None)


def judge(studio, name="judge_rules", message="judged"):
    ask(studio, name)
    studio.wait(lambda: message in studio.message() and not studio.window.judging.busy)


def training_labels(path):
    """Number of labels behind the stored judgements of the local judge."""
    return max((int(version.split("-")[-2]) for version in versions(path)), default=0)


def versions(path):
    """Versions of the stored judgements of the local judge."""
    query = "SELECT raw FROM judgements j JOIN judges g ON g.id = j.judge_id WHERE g.name = 'local-judge'"
    return {raw.split('"version": "')[1].split('"')[0] for (raw,) in rows(path, query)}


def test_rules_judge_from_the_window_and_evidence_is_marked(start, unlabelled, monkeypatch):
    monkeypatch.setattr(judge_run, "CHUNK", 20)
    with start(unlabelled) as studio:
        judge(studio)
        assert studio.message() == "studio-rules: 240 responses judged."
        assert {final.basis for final in finals(unlabelled).values()} == {Basis.RULE}
        studio.wait(lambda: studio.page.view.responses[0].evidence is not None)
        judge(studio, message="no new responses")


def test_responses_of_other_judges_are_counted_before_they_are_judged(start, unlabelled):
    with start(unlabelled) as studio:
        judge(studio)
        studio.window.actions_table["judge_local"].trigger()
        studio.wait(lambda: question(studio) is not None)
        assert question(studio).text().startswith("Judge 240 responses, 240 of them already judged by other judges?")
        question(studio).reject()
        assert not studio.window.judging.busy and versions(unlabelled) == set()


def test_decisions_are_saved_between_two_chunks(start, unlabelled, labels, monkeypatch):
    monkeypatch.setattr(judge_run, "CHUNK", 1)
    with start(unlabelled) as studio:
        strip = studio.window.judging.strip
        ask(studio, "judge_rules")
        assert strip.isVisible()
        for _ in range(3):
            studio.press(Qt.Key.Key_T)
        assert strip.isVisible(), "it is still judging"
        studio.wait(lambda: not strip.isVisible())
        assert studio.window.judging.busy is False
        assert {final.basis for final in finals(unlabelled).values()} == {Basis.RULE}


def test_cancelled_judging_keeps_its_judgements_and_continues(start, unlabelled, monkeypatch):
    monkeypatch.setattr(judge_run, "CHUNK", 1)
    with start(unlabelled) as studio:
        strip = studio.window.judging.strip
        ask(studio, "judge_rules")
        studio.wait(lambda: any(final.basis is Basis.RULE for final in finals(unlabelled).values()))
        strip.cancel.click()
        studio.wait(lambda: "cancelled" in studio.message())
        judged = sum(final.basis is Basis.RULE for final in finals(unlabelled).values())
        assert 0 < judged < PROMPTS
        monkeypatch.undo()
        judge(studio, message="responses judged.")
        assert {final.basis for final in finals(unlabelled).values()} == {Basis.RULE}


def test_a_judge_requested_during_a_run_is_queued(start, unlabelled, monkeypatch):
    monkeypatch.setattr(judge_run, "CHUNK", 20)
    decide(unlabelled, range(1, 41))
    with start(unlabelled) as studio:
        studio.application.session.settings.learns = False
        ask(studio, "judge_rules")
        studio.window.judging.ask(LOCAL)
        assert "queued" in studio.message()
        studio.wait(lambda: not studio.window.judging.busy and "local-judge: " in studio.message())
        assert {final.basis for n, final in finals(unlabelled).items() if n > 40} == {Basis.LOCAL}
        assert versions(unlabelled), "both have judged"


def test_fifty_labels_of_a_new_model_correct_the_judgements_of_its_other_responses(start, unlabelled, short_pause):
    others = range(51, PROMPTS + 1)
    with start(unlabelled) as studio:
        judge(studio)
        before = right(unlabelled, others)
        assert before <= 30, "the rules do not know how this model refuses"
        override(studio, range(1, 51))
        studio.wait(lambda: not studio.window.judging.busy and training_labels(unlabelled) > 40)
        after = right(unlabelled, others)
        assert after >= 68
        assert after - before >= 38
        found = finals(unlabelled)
        assert {found[n].basis for n in range(1, 51)} == {Basis.HUMAN}, "human labels stay"
        assert {found[n].basis for n in others} == {Basis.LOCAL}


def test_undone_labels_are_unlearned(start, unlabelled, short_pause):
    with start(unlabelled) as studio:
        decide(unlabelled, range(1, 31))
        studio.wait(lambda: "retrained on 30 labels" in studio.message())
        with open_workspace(unlabelled) as other:
            thirty = local_judge(other).version
        assert versions(unlabelled) == {thirty}
        decide(unlabelled, range(31, 46))
        studio.wait(lambda: "retrained on 45 labels" in studio.message())
        with open_workspace(unlabelled) as other:
            for _ in range(15):
                prompt_review.undo(other, annotator="anna")
        studio.wait(lambda: "retrained on 30 labels" in studio.message())
        assert versions(unlabelled) == {thirty}, "the same decisions make the same judge"


def test_automatic_training_can_be_switched_off(start, unlabelled, short_pause):
    with start(unlabelled) as studio:
        studio.application.session.settings.learns = False
        checks = []
        pause = studio.window.learning.findChild(type(studio.window.learning._pause))
        pause.timeout.connect(lambda: checks.append(True))
        decide(unlabelled, range(1, 31))
        studio.wait(lambda: checks)
        assert studio.window.judging.busy is False
        assert versions(unlabelled) == set()


def test_closing_the_window_during_training_loses_nothing(start, unlabelled, short_pause, monkeypatch):
    monkeypatch.setattr(judge_run, "CHUNK", 1)
    with start(unlabelled) as studio:
        decide(unlabelled, range(1, 41))
        studio.wait(lambda: versions(unlabelled))
        assert studio.window.judging.busy
    assert sum(final.basis is Basis.HUMAN for final in finals(unlabelled).values()) == 40
    with open_workspace(unlabelled) as other:
        assert other.problems() == []
    monkeypatch.undo()
    monkeypatch.setattr(auto_training, "PAUSE", 50)
    with start(unlabelled) as studio:
        studio.wait(lambda: "retrained on 40 labels" in studio.message())
    assert right(unlabelled, range(41, PROMPTS + 1)) >= 78
    stored = versions(unlabelled)
    decide(unlabelled, range(41, 50))
    with start(unlabelled) as studio:
        studio.wait(lambda: studio.window.learning.learned is not None)
        assert studio.window.judging.busy is False, "nine new labels do not retrain"
        assert versions(unlabelled) == stored
        decide(unlabelled, [50])
        studio.wait(lambda: "retrained on 50 labels" in studio.message())


def test_a_notice_on_the_audit_page_says_what_a_retraining_changed(start, unlabelled, short_pause):
    decide(unlabelled, range(1, 31))
    with start(unlabelled) as studio:
        studio.wait(lambda: "retrained on 30 labels" in studio.message())
        thirty = versions(unlabelled)
        studio.window.show_page("page_audit")
        notice = studio.window.audit.training
        studio.wait(notice.isVisible)
        assert "was trained on 30 labels at 20" in notice.text.text()
        assert "responses changed class" in notice.text.text()
        assert not notice.undo.isVisible(), "there was no judge before"
        QTest.keyClick(studio.window.focusWidget(), Qt.Key.Key_Escape)
        assert not notice.isVisible()
        decide(unlabelled, range(31, 46))
        studio.wait(lambda: notice.isVisible() and "45 labels" in notice.text.text())
    with start(unlabelled) as studio:
        studio.window.show_page("page_audit")
        notice = studio.window.audit.training
        studio.wait(notice.isVisible)
        notice.undo.click()
        studio.wait(lambda: not studio.window.judging.busy and versions(unlabelled) == thirty)
        assert studio.application.session.settings.learns is False, "or it would retrain on the same decisions"


def test_the_local_judge_reports_too_few_labels(start, unlabelled):
    with start(unlabelled) as studio:
        judge(studio, "judge_local", message="Too few human answer classes")
        assert versions(unlabelled) == set()


def test_calibration_is_shown_and_copied(start, unlabelled, qtbot):
    decide(unlabelled, range(1, 61))
    with start(unlabelled) as studio:
        studio.application.session.settings.learns = False
        page = studio.window.instruments
        studio.window.actions_table["page_instruments"].trigger()
        assert page.isVisible()
        page.run.click()
        assert page.strip.isVisible()
        qtbot.waitUntil(lambda: page.report is not None, timeout=CALIBRATION_TIMEOUT)
        assert "Human answer classes: 60" in page.status.text()
        page.copy.click()
        text = QGuiApplication.clipboard().text()
        for word in (
            "studio-rules",
            "local-judge",
            "Kappa",
            "Three-way",
            "Learning curve of the local judge",
            "Reliability curve of local-judge",
            "Best judge per model",
        ):
            assert word in text
        rules, local = (
            next(row for row in page.report.agreement["model"][0].rows if row[0] == name)
            for name in ("studio-rules", "local-judge")
        )
        assert (rules[1], local[1]) == ("60", "60")
        assert int(local[2].split()[0]) > int(rules[2].split()[0]), "the trained judge agrees more with human labels"


def test_a_phrase_is_tested_saved_as_rule_applied_and_removed(start, unlabelled, qtbot):
    decide(unlabelled, range(1, 81))
    with start(unlabelled) as studio:
        studio.application.session.settings.learns = False
        page = calibrated(studio, qtbot)
        page.phrases.models.setCurrentIndex(page.phrases.models.findData(NEW))
        QTest.keyClicks(page.phrases.phrase, "gate stays shut")
        QTest.keyClick(page.phrases.phrase, Qt.Key.Key_Return)
        studio.wait(page.phrases.save.isVisible)
        assert "precision 100 %" in page.phrases.status.text()
        assert "Responses that become correct" in page.phrases.status.text()
        QTest.keyClick(page.phrases.save, Qt.Key.Key_Space)
        studio.wait(lambda: "“gate stays shut” saved" in studio.message())
        assert not page.phrases.save.isVisible()
        studio.wait(lambda: buttons(page, "Remove: gate stays shut"))
        judge(studio)
        refused = {
            n for n, final in finals(unlabelled).items() if final.basis is Basis.RULE and final.answer_class in REFUSALS
        }
        assert refused == {n for n in range(81, PROMPTS + 1) if truth(NEW, n - 1) == "direct_refusal"}
        buttons(page, "Remove: gate stays shut")[0].click()
        studio.wait(lambda: buttons(page, "Restore: gate stays shut"))
        judge(studio)
        assert {
            final.answer_class in REFUSALS for final in finals(unlabelled).values() if final.basis is Basis.RULE
        } == {False}


def test_only_a_tested_phrase_can_be_saved(start, unlabelled, qtbot):
    decide(unlabelled, range(1, 41))
    with start(unlabelled) as studio:
        studio.application.session.settings.learns = False
        page = calibrated(studio, qtbot)
        QTest.keyClick(page.phrases.phrase, Qt.Key.Key_Return)
        studio.wait(lambda: "no word" in page.phrases.status.text())
        studio.wait(lambda: buttons(page, "Test: gate"))
        buttons(page, "Test: gate")[0].click()
        studio.wait(page.phrases.save.isVisible)
        assert page.phrases.phrase.text() == "gate"
        QTest.keyClicks(page.phrases.phrase, "s")
        assert not page.phrases.save.isVisible(), "the phrase in the field has not been tested"


def calibrated(studio, qtbot):
    """The Judges page after a calibration."""
    studio.window.actions_table["page_instruments"].trigger()
    page = studio.window.instruments
    page.calibrate()
    qtbot.waitUntil(lambda: page.report is not None, timeout=CALIBRATION_TIMEOUT)
    return page


def buttons(page, name):
    """Buttons of the page by the beginning of their accessible name."""
    return [one for one in page.findChildren(QPushButton) if one.accessibleName().startswith(name)]


def test_calibration_reports_too_few_labels_and_can_be_cancelled(start, unlabelled):
    with start(unlabelled) as studio:
        page = studio.window.instruments
        studio.window.actions_table["page_instruments"].trigger()
        assert any("at least 20 responses" in part.text() for part in page.findChildren(QLabel))
        page.calibrate()
        studio.wait(lambda: "0 human answer classes. The comparison needs at least 20" in page.status.text())
        pane = page.licences
        pane.buttons["rules"].click()
        box = pane.findChild(QMessageBox)
        assert "sealed" in box.text(), "nothing is opened without a question"
        next(one for one in box.buttons() if one.text() == "Test judge").click()
        studio.wait(lambda: "A test needs at least" in pane.status.text())
        decide(unlabelled, range(1, 61))
        page.calibrate()
        page.strip.cancel.click()
        studio.wait(lambda: "cancelled" in page.status.text())
        assert page.report is None
        assert page.run.isEnabled()


def test_the_most_informative_responses_come_first(start, unlabelled):
    decide(unlabelled, range(1, 31))
    with start(unlabelled) as studio:
        judge(studio, "judge_local", message="judged")
        with open_workspace(unlabelled) as other:
            wanted = list(dict.fromkeys(one.prompt_id for one in response_selection.suggestions(other)))
        assert wanted != sorted(wanted)
        QTest.keyClicks(studio.page.finder.bar.search, "sort:useful")
        studio.wait(lambda: list(studio.page.model.ids())[: len(wanted)] == wanted)
        assert len(studio.page.model.ids()) == PROMPTS
