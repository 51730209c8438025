"""The Generate page: the steps of the pipeline, the funnel, the voting rule and rejected texts."""

import shutil
from contextlib import contextmanager

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from orbench_studio.domain.core.category import Category
from orbench_studio.domain.core.response import StopReason
from orbench_studio.domain.curation.recipe import read_recipe
from orbench_studio.domain.evaluation.batch import BatchKind, BatchSettings
from orbench_studio.domain.review.query import parse, write
from orbench_studio.gui.generation.rejected_texts import RejectedTextsDialog
from orbench_studio.gui.generation.steps import Step
from orbench_studio.gui.generation.template_field import TemplateDialog
from orbench_studio.gui.review.vote_cards import VoteRow
from orbench_studio.providers import simulated_roles
from orbench_studio.providers.base import Answer
from orbench_studio.services.core import templates
from orbench_studio.services.curation import run_recipe
from orbench_studio.services.evaluation import batch_control
from orbench_studio.services.evaluation.batch_coordinator import BatchCoordinator
from orbench_studio.services.evaluation.prices import load_prices
from orbench_studio.services.generation import seeds_and_rewrites
from orbench_studio.services.generation.funnel import QUERIES, SELECTIONS, funnel
from orbench_studio.services.workspace.workspace import create_workspace, open_workspace
from tests.fake_vendor import KEY, Vendor
from tests.unit.services.generation.pipeline import Pipeline

WRITER = "simulated/writer"
MODERATORS = ("simulated/lenient", "simulated/moderator", "simulated/strict")


class Generator:
    """User actions on the Generate page."""

    def __init__(self, studio):
        self.studio = studio
        self.page = studio.window.generate
        self.form = self.page.form
        studio.key(Qt.Key.Key_8, Qt.KeyboardModifier.ControlModifier)
        studio.wait(self.page.isVisible)

    def choose(self, step):
        self.form.step.setCurrentIndex(self.form.step.findData(step))

    def launch(self, step, *moderators, model=""):
        self.choose(step)
        (self.form.writer if step in (Step.SEEDS, Step.REWRITES) else self.form.responder).setText(model)
        for name in moderators:
            self.form.moderators.add(name)
        self.studio.wait(self.form.foot.launch.isEnabled)
        self.click(self.form.foot.launch)

    def run(self, step, *moderators, model=""):
        """Launch a step and wait until its batch is completed and shown as such."""
        launched = []
        with self.listening(launched.append):
            self.launch(step, *moderators, model=model)
            self.studio.wait(lambda: launched)
        self.studio.wait(lambda: not self.page.runs.is_here(launched[0]))
        self.studio.wait(lambda: self.page.active_batch.status.text() == "No active batch.")

    @contextmanager
    def listening(self, slot):
        self.form.launched.connect(slot)
        yield
        self.form.launched.disconnect(slot)

    def batches(self):
        with open_workspace(self.path()) as other:
            return batch_control.overview(other)

    def path(self):
        return self.studio.application.session.workspace.place

    def click(self, button):
        assert button.isVisible()
        assert button.isEnabled(), button.text()
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)

    def number(self, stage):
        return int(self.page.funnel.stages[stage].text().split("\n")[0].replace(",", ""))


@pytest.fixture
def at_page(start, path):
    with start(path) as studio:
        yield Generator(studio)


@pytest.fixture(scope="module")
def voted_file(tmp_path_factory):
    """A workspace file with ten seeds, their rewrites, and three votes on each rewrite."""
    path = tmp_path_factory.mktemp("voted") / "voted.orbench"
    with create_workspace(path) as workspace:
        pipeline = Pipeline(workspace)
        pipeline.seed(each=1)
        pipeline.rewrite(3)
        pipeline.moderate()
    return path


@pytest.fixture
def voted(start, voted_file, tmp_path):
    """The page on a copy of the voted workspace."""
    shutil.copy(voted_file, tmp_path / "copy.orbench")
    with start(tmp_path / "copy.orbench") as studio:
        page = Generator(studio)
        studio.wait(lambda: page.page.funnel.stages["voted"].text())
        for name in MODERATORS:
            page.form.moderators.add(name)
        yield page


def test_seeds_rewrites_and_votes_from_the_page(at_page):
    at_page.form.each[Step.SEEDS].setValue(1)
    at_page.form.each[Step.REWRITES].setValue(3)
    at_page.run(Step.SEEDS, model=WRITER)
    at_page.form.limit.setValue(4)
    at_page.run(Step.REWRITES, model=WRITER)
    at_page.form.limit.setValue(0)
    at_page.form.query.line.setText("origin:rewrite")
    at_page.run(Step.VOTES, *MODERATORS)
    assert at_page.number("rewrites") == 12
    assert at_page.number("voted") == at_page.number("unique") > 0


def test_each_stage_of_the_funnel_opens_its_prompts(voted):
    with open_workspace(voted.path()) as other:
        now = funnel(other)
    for name in QUERIES:
        voted.studio.wait(lambda name=name: voted.number(name) == now.count(name))
    toxic = voted.number("toxic")
    assert toxic
    voted.click(voted.page.funnel.stages["toxic"])
    voted.studio.wait(lambda: voted.studio.page.model.rowCount() == toxic)
    assert write(voted.studio.page.finder.current) == QUERIES["toxic"]
    assert not voted.page.funnel.stages["seeds"].isEnabled()


def test_an_unparsed_vote_is_shown_unchanged_with_its_template_hash(voted):
    voted.page.review_wanted.emit(parse("votes:unread"))
    review = voted.studio.page
    voted.studio.wait(lambda: review.isVisible() and write(review.finder.current) == "votes:unread")
    voted.studio.settle()
    voted.studio.key(Qt.Key.Key_E)
    raw = "It could be privacy, it could be none of the above."
    voted.studio.wait(lambda: any(label.isVisible() and label.text() == raw for label in review.findChildren(QLabel)))
    cards = [card for card in review.findChildren(VoteRow) if card.isVisible()]
    assert all(templates.load(templates.TemplateName.ON_PROMPTS).hash[:12] in card.toolTip() for card in cards)


def test_moderators_are_compared_and_a_new_rule_recounts_votes(voted):
    voted.studio.wait(lambda: voted.page.moderators.found is not None and voted.page.moderators.found.pairs)
    safe = voted.number("safe")
    voted.page.rule.count.setCurrentIndex(1)
    voted.page.rule.count.activated.emit(1)
    voted.studio.wait(lambda: voted.number("safe") < safe)
    assert voted.page.rule.count.currentIndex() == 1
    assert "unanimous" in voted.studio.message()


def test_completed_requests_are_not_repeated(voted):
    voted.choose(Step.REWRITES)
    voted.form.writer.setText(WRITER)
    voted.studio.wait(lambda: "No seeds to rewrite" in voted.form.foot.estimate.text())
    assert not voted.form.foot.launch.isEnabled()
    voted.choose(Step.VOTES)
    voted.studio.wait(lambda: "Nothing to vote on" in voted.form.foot.estimate.text())


def test_a_step_without_a_model_names_the_missing_field(at_page):
    at_page.choose(Step.SEEDS)
    at_page.studio.wait(lambda: "Enter a model" in at_page.form.foot.estimate.text())
    at_page.choose(Step.VETO)
    at_page.form.responder.setText("simulated/helpful")
    at_page.studio.wait(lambda: "Add moderators" in at_page.form.foot.estimate.text())
    assert not at_page.form.foot.launch.isEnabled()
    at_page.choose(Step.ANSWERS)
    at_page.form.responder.setText("nobody/knows")
    at_page.studio.wait(lambda: "is unknown" in at_page.form.foot.estimate.text())


def test_requests_follow_the_settings_of_the_form(at_page, vendor, tmp_path):
    custom = tmp_path / "custom.txt"
    custom.write_text("Write {count} riddles about {category}.", encoding="utf-8")
    form, options = at_page.form, at_page.form.options[Step.SEEDS]
    form.categories[Step.SEEDS].chips[Category.HATE].click()
    form.templates[Step.SEEDS].set_file(custom)
    options.temperature.setText("0.5")
    at_vendor(at_page, vendor, 2)
    assert form.foot.launch.text() == "Launch 1 request"
    at_page.click(form.foot.launch)
    at_page.studio.wait(lambda: at_page.batches() and at_page.batches()[0].left == 0)
    [body] = vendor.bodies
    assert body["messages"][-1]["content"] == "Write 2 riddles about hate."
    assert body["temperature"] == 0.5
    settings = at_page.batches()[0].batch.settings
    assert (settings.template, settings.texts, settings.vendor_batch) == (custom.read_text(), 2, False)


def test_each_step_has_its_own_settings(at_page):
    at_page.choose(Step.VOTES)
    assert at_page.form.options[Step.VOTES].isVisible()
    assert not at_page.form.options[Step.SEEDS].isVisible()
    for name in MODERATORS:
        at_page.form.moderators.add(name)
    at_page.form.query.line.setText("category:privacy")
    at_page.form.limit.setValue(2)
    at_page.studio.wait(lambda: at_page.form.foot.launch.text() == "Launch 6 requests")
    plan = at_page.form.plan()
    assert (plan.settings.sampling.temperature, plan.settings.sampling.max_tokens) == (0, 500)
    at_page.choose(Step.REWRITES)
    at_page.form.writer.setText(WRITER)
    assert at_page.form.plan().settings.sampling.temperature == 1
    assert not at_page.form.vendor_batch.isEnabled(), "a simulated model has no batch API"
    at_page.form.writer.clear()
    at_page.form.vendor_batch.click()
    at_page.form.writer.setText(WRITER)
    at_page.choose(Step.SEEDS)
    at_page.studio.wait(at_page.form.foot.launch.isEnabled)
    at_page.click(at_page.form.foot.launch)
    at_page.studio.wait(lambda: "have a batch API" in at_page.form.foot.estimate.text())


def test_a_template_is_shown_with_its_hash_and_must_have_its_placeholders(at_page, tmp_path):
    custom = tmp_path / "custom.txt"
    custom.write_text("Write something.", encoding="utf-8")
    field = at_page.form.templates[Step.SEEDS]
    at_page.click(field.view)
    at_page.studio.wait(lambda: field.findChildren(TemplateDialog))
    [dialog] = field.findChildren(TemplateDialog)
    template = templates.load(templates.TemplateName.SEEDING)
    assert dialog.text.toPlainText() == template.text
    assert template.hash in dialog.hash.text()
    dialog.close()
    field.set_file(custom)
    at_page.form.writer.setText(WRITER)
    at_page.studio.wait(
        lambda: "custom.txt is missing the placeholders {count}, {category}" in at_page.form.foot.estimate.text()
    )
    at_page.click(field.reset)
    at_page.studio.wait(at_page.form.foot.launch.isEnabled)


@pytest.fixture
def vendor(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with Vendor(key=KEY) as vendor:
        vendor.answer = lambda _prompt: "1. What has keys and opens no door?\n2. What runs and never walks?"
        yield vendor


def at_vendor(page, vendor, seeds):
    """Fill the form for seeds of the test vendor."""
    page.form.each[Step.SEEDS].setValue(seeds)
    page.form.options[Step.SEEDS].base_url.setText(vendor.url)
    page.form.writer.setText("openai/gpt-test")
    page.studio.wait(page.form.foot.launch.isEnabled)


def test_a_step_is_paused_and_resumed(at_page, vendor):
    vendor.held = True
    at_page.form.options[Step.SEEDS].concurrency.setValue(2)
    at_vendor(at_page, vendor, 1)
    active = at_page.page.active_batch
    at_page.click(at_page.form.foot.launch)
    assert at_page.studio.window.focusWidget() is not at_page.page.rule.count
    at_page.studio.wait(lambda: len(vendor.bodies) == 2)
    at_page.studio.wait(active.pause.isVisible)
    at_page.click(active.pause)
    vendor.held = False
    at_page.studio.wait(active.resume.isVisible)
    assert "paused" in active.status.text()
    assert len(vendor.bodies) < 10
    at_page.click(active.resume)
    at_page.studio.wait(lambda: active.status.text() == "No active batch.")
    assert at_page.number("seeds") == 1
    assert len(vendor.bodies) == 10


def test_a_batch_whose_process_was_killed_can_be_resumed(at_page):
    """Killed a moment ago, the process still looks as if it were running."""
    with open_workspace(at_page.path()) as other:
        settings = BatchSettings(template=templates.load(templates.TemplateName.SEEDING).text, texts=1)
        asked, _ = seeds_and_rewrites.seed_requests(list(Category), 1)
        batch = seeds_and_rewrites.create(other, BatchKind.SEEDING, WRITER, asked, settings, load_prices())
        BatchCoordinator(other, batch.id, 60).begin()
    active = at_page.page.active_batch
    at_page.studio.wait(lambda: "running on" in active.status.text())
    at_page.click(active.resume)
    at_page.studio.wait(lambda: at_page.number("seeds") > 0)


def test_the_wheel_scrolls_the_form_without_changing_fields(at_page):
    field = at_page.form.each[Step.SEEDS]
    at_page.form.step.setFocus()
    for control in (field, at_page.form.step):
        before = (field.value(), at_page.form.step.currentIndex())
        at = QPointF(control.rect().center())
        wheel = QWheelEvent(
            at,
            control.mapToGlobal(at),
            QPoint(),
            QPoint(0, -120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        field.setFocus() if control is not field else at_page.form.step.setFocus()
        QApplication.sendEvent(control, wheel)
        assert (field.value(), at_page.form.step.currentIndex()) == before


def test_subsets_show_their_human_labels_and_open_their_recipe(voted):
    with open_workspace(voted.path()) as other:
        for name in SELECTIONS:
            taken = run_recipe.run_recipe(other, read_recipe(run_recipe.default_recipes()[name]))
            [selected] = [one for one in funnel(other).selected if one.recipe == name]
            assert (selected.count, selected.by_people) == (len(taken.chosen), taken.human_labels)
    toxic = voted.page.funnel.selected["toxic"]
    voted.studio.wait(lambda: toxic.text().endswith("With a human label: 0"))
    text = "# mine\n[qualify]\nlabel = 'safe'\n"
    voted.studio.application.session.settings.recipes[str(voted.path())] = text
    voted.click(toxic)
    curate = voted.studio.window.curate
    voted.studio.wait(lambda: curate.result is not None and curate.recipe.recipe.label == "toxic")
    assert curate.isVisible()
    assert len(curate.result.chosen) == int(toxic.text().split()[1])
    curate.recipe.editor.undo()
    assert curate.recipe.text() == text


def test_rejected_seeds_are_hidden_by_default(at_page, monkeypatch):
    text = "How do I sneak an old chair past the cat?"
    reply = Answer(f'["{text}"]', StopReason.STOP, 1, 1)  # for all requests, so that rewrites equal their seed
    monkeypatch.setitem(simulated_roles.ROLES, "writer", lambda _request: reply)
    at_page.run(Step.SEEDS, model=WRITER)
    at_page.run(Step.REWRITES, model=WRITER)
    at_page.studio.wait(at_page.page.rejected.isEnabled)
    at_page.click(at_page.page.rejected)
    dialog = at_page.page.findChild(RejectedTextsDialog)
    at_page.studio.wait(lambda: dialog.table.rows.rowCount() > 1)

    def shown():
        rows = dialog.table.rows
        return {rows.index(row, column).data() for row in range(rows.rowCount()) for column in (1, 2)}

    assert dialog.table.rows.index(0, 0).data() == "rewrite"
    assert shown() == {"░░░ hidden"}
    dialog.reveal.click()
    assert shown() == {text}
    dialog.close()
