"""The studio's own instruments in the window: judging, learning from overrides, and the bench."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton

from orbench_studio.domain.core.annotation import Aspect, Basis
from orbench_studio.domain.core.judgement import REFUSALS
from orbench_studio.domain.review.decision import Decision
from orbench_studio.gui.judging import auto_training, judge_run
from orbench_studio.services.judging import run_judges
from orbench_studio.services.review import prompt_review, response_selection
from orbench_studio.services.workspace.workspace import open_workspace
from tests.unit.services.judging.judged_workspace import create, truth

PROMPTS = 120
MEASURING = 60_000  # milliseconds that the bench may take on a busy machine
NEW = "south"  # the model whose manners the rules do not know
KEYS = {"direct_answer": "answer_direct", "partial_refusal": "answer_partial", "direct_refusal": "answer_refusal"}


@pytest.fixture
def two(tmp_path):
    """A workspace in which two models answer 120 prompts, and nobody has judged anything."""
    create(tmp_path / "two.orbench", PROMPTS).close()
    return tmp_path / "two.orbench"


@pytest.fixture
def soon(monkeypatch):
    """A pause of a reviewer is over at once."""
    monkeypatch.setattr(auto_training, "PAUSE", 50)


def finals(path, model=NEW):
    """The final answer class of a model's responses by prompt, read by somebody else."""
    with open_workspace(path) as other:
        views = {n: prompt_review.load(other, n).responses for n in range(1, PROMPTS + 1)}
    return {n: one.final for n, seen in views.items() for one in seen if one.response.model == model}


def right(path, prompts):
    """On how many of the new model's responses what counts agrees with people: any refusal against an answer."""
    found = finals(path)
    return sum((found[n].answer_class in REFUSALS) == (truth(NEW, n - 1) in REFUSALS) for n in prompts)


def override(studio, prompts):
    """Give the new model's responses the class that people give, by keys, one prompt after the other."""
    for number in prompts:
        studio.page.queue.go(studio.page.model.place_of(number))
        studio.wait(lambda n=number: studio.page.view and studio.shown() == n)
        studio.settle()
        while studio.page.responses.focused().response.model != NEW:
            studio.key(Qt.Key.Key_J)
        studio.trigger(KEYS[truth(NEW, number - 1)])


def decide(path, prompts):
    """The same, done in another window."""
    with open_workspace(path) as other:
        for number in prompts:
            of = next(one for one in prompt_review.load(other, number).responses if one.response.model == NEW)
            said = Decision(number, Aspect.ANSWER_CLASS, truth(NEW, number - 1), of.response.id)
            prompt_review.decide(other, said, annotator="anna")


def judge(studio, name="judge_rules", words="judged"):
    studio.window.actions_table[name].trigger()
    studio.wait(lambda: words in studio.message() and not studio.window.judging.busy)


def learned_from(path):
    """From how many decisions the local judge has learned whose judgements there are."""
    return max((int(version.split("-")[-2]) for version in versions(path)), default=0)


def versions(path):
    """Which versions of the local judge's judgements there are."""
    with open_workspace(path) as other:
        seen = [one for n in range(1, PROMPTS + 1) for one in prompt_review.load(other, n).responses]
    said = [j for one in seen for j in one.response.judgements if j.judge == "local-judge"]
    return {j.raw.split('"version": "')[1].split('"')[0] for j in said}


def test_the_rules_judge_from_the_window_and_what_they_say_is_marked(start, two, monkeypatch):
    monkeypatch.setattr(judge_run, "PIECE", 20)
    with start(two) as studio:
        judge(studio)
        assert studio.message() == "studio-rules judged 240 responses."
        assert {final.basis for final in finals(two).values()} == {Basis.RULE}
        studio.wait(lambda: studio.page.view.responses[0].evidence is not None)
        judge(studio, words="nothing new")


def test_decisions_get_in_between_two_pieces(start, two, labels, monkeypatch):
    monkeypatch.setattr(judge_run, "PIECE", 1)
    with start(two) as studio:
        strip = studio.window.judging.strip
        studio.window.actions_table["judge_rules"].trigger()
        assert strip.isVisible()
        for _ in range(3):
            studio.press(Qt.Key.Key_T)
        assert strip.isVisible(), "it is still judging"
        studio.wait(lambda: not strip.isVisible())
        assert studio.window.judging.busy is False
        assert {final.basis for final in finals(two).values()} == {Basis.RULE}


def test_cancelled_it_keeps_what_is_judged_and_goes_on_from_there(start, two, monkeypatch):
    monkeypatch.setattr(judge_run, "PIECE", 1)
    with start(two) as studio:
        strip = studio.window.judging.strip
        studio.window.actions_table["judge_rules"].trigger()
        studio.wait(lambda: any(final.basis is Basis.RULE for final in finals(two).values()))
        strip.cancel.click()
        studio.wait(lambda: "cancelled" in studio.message())
        judged = sum(final.basis is Basis.RULE for final in finals(two).values())
        assert 0 < judged < PROMPTS
        monkeypatch.undo()
        judge(studio, words="responses.")
        assert {final.basis for final in finals(two).values()} == {Basis.RULE}


def test_what_is_asked_for_while_responses_are_judged_follows(start, two, monkeypatch):
    monkeypatch.setattr(judge_run, "PIECE", 20)
    decide(two, range(1, 41))
    with start(two) as studio:
        studio.application.session.settings.learns = False
        act = studio.window.actions_table
        act["judge_rules"].trigger()
        act["judge_local"].trigger()
        assert "follows" in studio.message()
        studio.wait(lambda: not studio.window.judging.busy and "local-judge judged" in studio.message())
        assert {final.basis for n, final in finals(two).items() if n > 40} == {Basis.LOCAL}
        assert versions(two), "both have judged"


def test_fifty_overrides_on_a_new_model_mend_the_judgements_of_its_other_responses(start, two, soon):
    others = range(51, PROMPTS + 1)
    with start(two) as studio:
        judge(studio)
        before = right(two, others)
        assert before <= 30, "the rules do not know how this model refuses"
        override(studio, range(1, 51))
        studio.wait(lambda: not studio.window.judging.busy and learned_from(two) > 40)
        after = right(two, others)
        assert after >= 68
        assert after - before >= 38
        found = finals(two)
        assert {found[n].basis for n in range(1, 51)} == {Basis.HUMAN}, "people's labels are theirs"
        assert {found[n].basis for n in others} == {Basis.LOCAL}


def test_what_is_undone_is_unlearned(start, two, soon):
    with start(two) as studio:
        decide(two, range(1, 31))
        studio.wait(lambda: "learned from 30 decisions" in studio.message())
        with open_workspace(two) as other:
            thirty = run_judges.retrained(other).version
        assert versions(two) == {thirty}
        decide(two, range(31, 46))
        studio.wait(lambda: "learned from 45 decisions" in studio.message())
        with open_workspace(two) as other:
            for _ in range(15):
                prompt_review.undo(other, annotator="anna")
        studio.wait(lambda: "learned from 30 decisions" in studio.message())
        assert versions(two) == {thirty}, "the same decisions make the same judge"


def test_switched_off_it_does_not_learn(start, two, soon):
    with start(two) as studio:
        studio.application.session.settings.learns = False
        looked = []
        pause = studio.window.learning.findChild(type(studio.window.learning._pause))
        pause.timeout.connect(lambda: looked.append(True))
        decide(two, range(1, 31))
        studio.wait(lambda: looked)
        assert studio.window.judging.busy is False
        assert versions(two) == set()


def test_closing_the_window_while_it_learns_loses_nothing(start, two, soon, monkeypatch):
    monkeypatch.setattr(judge_run, "PIECE", 1)
    with start(two) as studio:
        decide(two, range(1, 41))
        studio.wait(lambda: versions(two))
        assert studio.window.judging.busy
    assert sum(final.basis is Basis.HUMAN for final in finals(two).values()) == 40
    with open_workspace(two) as other:
        assert other.problems() == []
    monkeypatch.undo()
    monkeypatch.setattr(auto_training, "PAUSE", 50)
    with start(two) as studio:
        studio.wait(lambda: "learned from 40 decisions" in studio.message())
    assert right(two, range(41, PROMPTS + 1)) >= 78


def test_with_too_few_labels_the_local_judge_says_so(start, two):
    with start(two) as studio:
        judge(studio, "judge_local", words="too little")
        assert versions(two) == set()


def test_the_bench_measures_and_is_copied(start, two, qtbot):
    decide(two, range(1, 61))
    with start(two) as studio:
        studio.application.session.settings.learns = False
        page = studio.window.instruments
        studio.window.actions_table["page_instruments"].trigger()
        assert page.isVisible()
        page.measure.click()
        assert page.strip.isVisible()
        qtbot.waitUntil(lambda: page.report is not None, timeout=MEASURING)
        assert "60 responses judged by people" in page.says.text()
        page.copy.click()
        text = QGuiApplication.clipboard().text()
        for word in (
            "studio-rules",
            "local-judge",
            "Kappa",
            "Three-way",
            "How the local judge learns",
            "Whether probabilities hold: local-judge",
            "Which to trust",
        ):
            assert word in text
        rules, local = (
            next(row for row in page.report.agreement["model"].rows if row[0] == name)
            for name in ("studio-rules", "local-judge")
        )
        assert (rules[1], local[1]) == ("60", "60")
        assert int(local[2].split()[0]) > int(rules[2].split()[0]), "learned, it agrees more with people"


def test_a_phrase_is_tried_made_a_rule_judged_by_and_removed(start, two, qtbot):
    decide(two, range(1, 81))
    with start(two) as studio:
        studio.application.session.settings.learns = False
        page = measured(studio, qtbot)
        page.phrases.models.setCurrentIndex(page.phrases.models.findData(NEW))
        QTest.keyClicks(page.phrases.phrase, "gate stays shut")
        QTest.keyClick(page.phrases.phrase, Qt.Key.Key_Return)
        studio.wait(page.phrases.save.isVisible)
        assert "precision 100 %" in page.phrases.says.text()
        assert "judged as people do only with it" in page.phrases.says.text()
        QTest.keyClick(page.phrases.save, Qt.Key.Key_Space)
        studio.wait(lambda: "is a rule of this workspace now" in studio.message())
        assert not page.phrases.save.isVisible()
        studio.wait(lambda: buttons(page, "Remove: gate stays shut"))
        judge(studio)
        refused = {
            n for n, final in finals(two).items() if final.basis is Basis.RULE and final.answer_class in REFUSALS
        }
        assert refused == {n for n in range(81, PROMPTS + 1) if truth(NEW, n - 1) == "direct_refusal"}
        buttons(page, "Remove: gate stays shut")[0].click()
        studio.wait(lambda: buttons(page, "Put back: gate stays shut"))
        judge(studio)
        assert {final.answer_class in REFUSALS for final in finals(two).values() if final.basis is Basis.RULE} == {
            False
        }


def test_what_was_tried_is_what_is_saved(start, two, qtbot):
    decide(two, range(1, 41))
    with start(two) as studio:
        studio.application.session.settings.learns = False
        page = measured(studio, qtbot)
        QTest.keyClick(page.phrases.phrase, Qt.Key.Key_Return)
        studio.wait(lambda: "no word" in page.phrases.says.text())
        studio.wait(lambda: buttons(page, "Try: gate"))
        buttons(page, "Try: gate")[0].click()
        studio.wait(page.phrases.save.isVisible)
        assert page.phrases.phrase.text() == "gate"
        QTest.keyClicks(page.phrases.phrase, "s")
        assert not page.phrases.save.isVisible(), "what is in the field now has not been tried"


def measured(studio, qtbot):
    """The Judges page after it has measured."""
    studio.window.actions_table["page_instruments"].trigger()
    page = studio.window.instruments
    page.begin()
    qtbot.waitUntil(lambda: page.report is not None, timeout=MEASURING)
    return page


def buttons(page, name):
    """The buttons on the page whose name begins so."""
    return [one for one in page.findChildren(QPushButton) if one.accessibleName().startswith(name)]


def test_measuring_with_too_few_labels_says_what_to_do_and_can_be_cancelled(start, two):
    with start(two) as studio:
        page = studio.window.instruments
        studio.window.actions_table["page_instruments"].trigger()
        page.begin()
        studio.wait(lambda: "People have judged 0 responses" in page.says.text())
        decide(two, range(1, 61))
        page.begin()
        page.strip.cancel.click()
        studio.wait(lambda: "cancelled" in page.says.text())
        assert page.report is None
        assert page.measure.isEnabled()


def test_the_most_useful_to_judge_come_first(start, two):
    decide(two, range(1, 31))
    with start(two) as studio:
        judge(studio, "judge_local", words="judged")
        with open_workspace(two) as other:
            wanted = list(dict.fromkeys(one.prompt_id for one in response_selection.suggestions(other)))
        assert wanted != sorted(wanted)
        QTest.keyClicks(studio.page.finder.bar.search, "sort:useful")
        studio.wait(lambda: list(studio.page.model.ids())[: len(wanted)] == wanted)
        assert len(studio.page.model.ids()) == PROMPTS
