"""One step, composed and estimated on the left of the generate page."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFrame, QGridLayout, QLineEdit, QWidget

from orbench_studio.domain.evaluation.batch import (
    CLASS_TOKENS,
    LIST_TEMPERATURE,
    LIST_TOKENS,
    MAX_TOKENS,
    BatchSettings,
)
from orbench_studio.domain.review.query import parse
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.form_fields import count_field, fill, number_in
from orbench_studio.gui.common.theme import Theme
from orbench_studio.gui.common.widgets import label, set_tip
from orbench_studio.gui.evaluation.batch_operations import BatchOperations
from orbench_studio.gui.evaluation.launch_panel import (
    IncompleteError,
    LaunchOffer,
    LaunchPanel,
    lay_out,
)
from orbench_studio.gui.evaluation.models_field import ModelLine, ModelsField
from orbench_studio.gui.evaluation.request_options import RequestOptions
from orbench_studio.gui.generation.categories import CategoriesField
from orbench_studio.gui.generation.steps import TELLS, WORDS, Plan, Step, estimate, write_down
from orbench_studio.gui.generation.template_field import TemplateField
from orbench_studio.gui.workspace.session import Session

_MOST = 1_000_000
_WRITING = (Step.SEEDS, Step.REWRITES)
_ANSWERING = (Step.ANSWERS, Step.VETO)
_VOTING = (Step.VOTES, Step.VETO)
_ON_PROMPTS = (Step.VOTES, Step.ANSWERS, Step.VETO)
_EACH = {Step.SEEDS: ("Per category", 10), Step.REWRITES: ("Per seed", 5)}
_TEMPERATURE = dict.fromkeys(_WRITING, f"{LIST_TEMPERATURE:g}")
_TOKENS = dict.fromkeys(_WRITING, LIST_TOKENS) | dict.fromkeys(_VOTING, CLASS_TOKENS)


class StepForm(QFrame):
    """The settings of the steps are each step's own, but for who writes, answers and votes, and what it may cost."""

    launched = Signal(int)  # the batch's number

    def __init__(self, session: Session, theme: Theme, runs: BatchOperations) -> None:
        super().__init__()
        self._session, self._runs = session, runs
        self.foot = LaunchPanel(self._offered)
        self.step, self.tells = QComboBox(), label("", "quiet")
        self.writer, self.responder, self.moderators = (
            ModelLine(tr("Writer")),
            ModelLine(tr("Responder")),
            ModelsField(),
        )
        self.categories = {step: CategoriesField() for step in _WRITING}
        self.each = {step: count_field(1, 10_000, each) for step, (_, each) in _EACH.items()}
        self.query, self.limit, self.rounds = QLineEdit(), count_field(0, _MOST, 0), count_field(0, 9, 1)
        self.wordings = {step: TemplateField(session, step) for step in Step if step is not Step.ANSWERS}
        self.cap, self.vendor_batch = QLineEdit(), QCheckBox(tr("Vendors' own batches"))
        self.options = {step: _options(theme, step) for step in Step}
        self._build_ui()
        self._connect()
        self.restate()

    def learn(self, names: list[str]) -> None:
        """Names of models to be offered."""
        for line in (self.writer, self.responder, self.moderators.line):
            line.add_names(names)

    def plan(self) -> Plan:
        """What is composed; ValueError says what in it cannot be."""
        step = Step(self.step.currentData())
        line = self.writer if step in _WRITING else self.responder
        model, moderators = line.text().strip() if step is not Step.VOTES else "", self.moderators.models
        if step is not Step.VOTES and not model:
            raise IncompleteError(tr("Name a model to see what will be sent, and what it costs."))
        if step in _VOTING and not moderators:
            raise IncompleteError(tr("Name the moderators: three in the paper."))
        return Plan(
            step,
            model,
            moderators,
            self._settings(step, moderators if step in _VOTING else (model,)),
            self.each[step].value() if step in self.each else 1,
            self.rounds.value(),
            self.categories[step].chosen if step in self.categories else (),
            parse(self.query.text()),
            self.limit.value() or None,
            self.wordings[step].file if step in self.wordings else None,
        )

    def restate(self) -> None:
        """Something is composed otherwise, or the workspace is another: the estimate is no longer of it."""
        step = Step(self.step.currentData())
        self.tells.setText(tr(TELLS[step]))
        for steps, field in self._fields:
            field.setVisible(step in steps)
        for field, name in self._names.items():
            name.setVisible(not field.isHidden())
        self.foot.refresh()

    def _settings(self, step: Step, models: tuple[str, ...]) -> BatchSettings:
        options = self.options[step]
        return BatchSettings(
            options.sampling(models),
            options.limits(number_in(self.cap, tr("The most it may cost"))),
            base_urls=options.base_urls(models),
            vendor_batch=self.vendor_batch.isChecked(),
        )

    def _offered(self) -> LaunchOffer:
        plan = self.plan()
        return LaunchOffer(
            lambda done, failed: self._session.run(lambda w: estimate(w, plan), done, failed, tells=False),
            lambda done, failed: self._session.run(lambda w: write_down(w, plan), done, failed, tells=False),
        )

    def _launched(self, batch_id: int) -> None:
        self.restate()  # a second click launches nothing twice: what is under way is left out of the next estimate
        self.launched.emit(batch_id)

    def _read_system(self, step: Step, file: str) -> None:
        self._runs.read_text(Path(file), self.options[step].system.setPlainText, self.foot.fail)

    def _connect(self) -> None:
        self.step.currentIndexChanged.connect(self.restate)
        for line in (self.writer, self.responder, self.query, self.cap):
            line.textChanged.connect(self.restate)
        for number in (*self.each.values(), self.rounds, self.limit):
            number.valueChanged.connect(self.restate)
        self.moderators.changed.connect(self.restate)
        for categories in self.categories.values():
            categories.changed.connect(self.restate)
        for wording in self.wordings.values():
            wording.changed.connect(self.restate)
        for step, options in self.options.items():
            options.changed.connect(self.restate)
            options.file_wanted.connect(partial(self._read_system, step))
        self.vendor_batch.toggled.connect(self.restate)
        self.foot.launched.connect(self._launched)

    def _build_ui(self) -> None:
        for step, words in WORDS.items():
            self.step.addItem(tr(words), step)
        self.step.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.query.setPlaceholderText(tr("all, or origin:rewrite category:privacy"))
        self.limit.setSpecialValueText(tr("all"))
        self.cap.setPlaceholderText(tr("no cap"))
        set_tip(self.rounds, tr("How often a line of toxic rewrites may come back as a seed"))
        set_tip(self.vendor_batch, tr("OpenAI's and Anthropic's: half the price, and up to a day"))
        self.tells.setWordWrap(True)
        lay_out(self, self._grid(), self.foot)

    def _grid(self) -> QGridLayout:
        """The fields of all steps below each other; those of other steps are hidden."""
        rows: tuple[tuple[str, tuple[Step, ...], QWidget], ...] = (
            ("Step", tuple(Step), self.step), ("", tuple(Step), self.tells),
            ("Writer", _WRITING, self.writer), ("Responder", _ANSWERING, self.responder),
            ("Moderators", _VOTING, self.moderators), ("Prompts", _ON_PROMPTS, self.query),
            *(("Only for", (step,), field) for step, field in self.categories.items()),
            *((_EACH[step][0], (step,), field) for step, field in self.each.items()),
            ("The first", (Step.REWRITES, *_ON_PROMPTS), self.limit), ("Rounds", (Step.REWRITES,), self.rounds),
            *(("Wording", (step,), field) for step, field in self.wordings.items()),
            ("Cap, USD", tuple(Step), self.cap), ("", tuple(Step), self.vendor_batch),
        )  # fmt: skip
        grid = QGridLayout()
        grid.addWidget(label(tr("Next step"), "strong"), 0, 0, 1, 2)
        self._names = fill(grid, [(words, field) for words, _, field in rows])
        for options in self.options.values():
            grid.addWidget(options, grid.rowCount(), 0, 1, 2)
        self._fields = [(steps, field) for _, steps, field in rows]
        self._fields += [((step,), options) for step, options in self.options.items()]
        return grid


def _options(theme: Theme, step: Step) -> RequestOptions:
    """How models are asked in a step, unless somebody says otherwise."""
    temperature, max_tokens = _TEMPERATURE.get(step, "0"), _TOKENS.get(step, MAX_TOKENS)
    return RequestOptions(theme, temperature=temperature, max_tokens=max_tokens, repeated=False)
