"""The form of one step, with its estimate, on the left of the Generate page."""

from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFrame, QGridLayout, QLineEdit, QToolButton, QWidget

from orbench_studio.domain.core.category import Category
from orbench_studio.domain.evaluation.batch import (
    CLASS_TOKENS,
    LIST_TEMPERATURE,
    LIST_TOKENS,
    MAX_TOKENS,
    BatchSettings,
)
from orbench_studio.domain.review.query import parse
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.fields import ComboBox, count_field, fill, number_in
from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.theme import Theme
from orbench_studio.gui.common.widgets import label, set_tip
from orbench_studio.gui.evaluation.batch_operations import BatchOperations
from orbench_studio.gui.evaluation.launch_panel import IncompleteError, LaunchOffer, LaunchPanel, lay_out
from orbench_studio.gui.evaluation.models_field import ModelLine, ModelsField
from orbench_studio.gui.evaluation.request_options import RequestOptions, VendorBatchBox
from orbench_studio.gui.generation.steps import DESCRIPTIONS, TITLES, Plan, Step, create_batch, estimate
from orbench_studio.gui.generation.template_field import TemplateField
from orbench_studio.gui.review.query_field import QueryField
from orbench_studio.gui.workspace.session import Session

_MAX_LIMIT = 1_000_000
_WRITING = (Step.SEEDS, Step.REWRITES)
_ANSWERING = (Step.ANSWERS, Step.VETO)
_VOTING = (Step.VOTES, Step.VETO)
_ON_PROMPTS = (Step.VOTES, Step.ANSWERS, Step.VETO)
_EACH = {Step.SEEDS: ("Seeds per category", 10), Step.REWRITES: ("Rewrites per seed", 5)}
_TEMPERATURE = dict.fromkeys(_WRITING, f"{LIST_TEMPERATURE:g}")
_TOKENS = dict.fromkeys(_WRITING, LIST_TOKENS) | dict.fromkeys(_VOTING, CLASS_TOKENS)


class StepForm(QFrame):
    """Each step has its own settings. Only the models, the prompts and the cost limit are shared."""

    launched = Signal(int)  # the batch's number

    def __init__(self, session: Session, theme: Theme, runs: BatchOperations) -> None:
        super().__init__()
        self._session, self._runs = session, runs
        self.foot = LaunchPanel(self._offered)
        self.step, self.description = ComboBox(), label("", "quiet")
        self.writer, self.responder, self.moderators = (
            ModelLine(tr("Writer")),
            ModelLine(tr("Responder")),
            ModelsField(),
        )
        self.categories = {step: CategoriesField() for step in _WRITING}
        self.each = {step: count_field(1, 10_000, each) for step, (_, each) in _EACH.items()}
        self.query, self.limit, self.rounds = (
            QueryField(session, tr("Prompts")),
            count_field(0, _MAX_LIMIT, 0),
            count_field(0, 9, 1),
        )
        self.templates = {step: TemplateField(session, step) for step in Step if step is not Step.ANSWERS}
        self.cost_limit, self.vendor_batch = QLineEdit(), VendorBatchBox()
        self.options = {step: _options(theme, step) for step in Step}
        self._build_ui()
        self._connect()
        self.restate()

    def learn(self, names: list[str]) -> None:
        for line in (self.writer, self.responder, self.moderators.line):
            line.add_names(names)

    def plan(self) -> Plan:
        """The plan in the form. Raises ValueError for invalid values."""
        step = Step(self.step.currentData())
        model, moderators = self._model(step), self.moderators.models
        if step is not Step.VOTES and not model:
            raise IncompleteError(tr("Enter a model to see the estimate."))
        if step in _VOTING and not moderators:
            raise IncompleteError(tr("Add moderators. The OR-Bench paper used three."))
        return Plan(
            step,
            model,
            moderators,
            self._settings(step, self._models(step)),
            self.each[step].value() if step in self.each else 1,
            self.rounds.value(),
            self.categories[step].chosen if step in self.categories else (),
            parse(self.query.text()),
            self.limit.value() or None,
            self.templates[step].file if step in self.templates else None,
        )

    def _model(self, step: Step) -> str:
        """The writer or the responder of a step."""
        line = self.writer if step in _WRITING else self.responder
        return line.text().strip() if step is not Step.VOTES else ""

    def _models(self, step: Step) -> tuple[str, ...]:
        """The models that get the requests of a step."""
        return self.moderators.models if step in _VOTING else (self._model(step),)

    def restate(self) -> None:
        """Show the fields of the step and discard the estimate, after a change of the form or the workspace."""
        step = Step(self.step.currentData())
        self.description.setText(tr(DESCRIPTIONS[step]))
        for steps, field in self._fields:
            field.setVisible(step in steps)
        for field, name in self._names.items():
            name.setVisible(not field.isHidden())
        self.vendor_batch.follow(filter(None, self._models(step)))
        self.foot.refresh()

    def _settings(self, step: Step, models: tuple[str, ...]) -> BatchSettings:
        options = self.options[step]
        return BatchSettings(
            options.sampling(models),
            options.limits(number_in(self.cost_limit, tr("Cost limit (USD)"))),
            base_urls=options.base_urls(models),
            vendor_batch=self.vendor_batch.isChecked(),
        )

    def _offered(self) -> LaunchOffer:
        plan = self.plan()
        return LaunchOffer(
            lambda done, failed: self._session.run(lambda w: estimate(w, plan), done, failed, show_errors=False),
            lambda done, failed: self._session.run(lambda w: create_batch(w, plan), done, failed, show_errors=False),
        )

    def _launched(self, batch_id: int) -> None:
        self.restate()  # pending requests are excluded from the next estimate, so a second click does not repeat them
        self.launched.emit(batch_id)

    def _read_system(self, step: Step, file: str) -> None:
        self._runs.read_text(Path(file), self.options[step].system.setPlainText, self.foot.fail)

    def _connect(self) -> None:
        self.step.currentIndexChanged.connect(self.restate)
        self.query.changed.connect(self.restate)
        for line in (self.writer, self.responder, self.cost_limit):
            line.textChanged.connect(self.restate)
        for number in (*self.each.values(), self.rounds, self.limit):
            number.valueChanged.connect(self.restate)
        self.moderators.changed.connect(self.restate)
        for categories in self.categories.values():
            categories.changed.connect(self.restate)
        for template in self.templates.values():
            template.changed.connect(self.restate)
        for step, options in self.options.items():
            options.changed.connect(self.restate)
            options.file_wanted.connect(partial(self._read_system, step))
        self.vendor_batch.toggled.connect(self.restate)
        self.foot.launched.connect(self._launched)

    def _build_ui(self) -> None:
        for step, title in TITLES.items():
            self.step.addItem(tr(title), step)
        self.step.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.query.line.setPlaceholderText(tr("All, or a query"))
        self.limit.setSpecialValueText(tr("all"))
        self.cost_limit.setPlaceholderText(tr("no limit"))
        set_tip(self.rounds, tr("How many times toxic rewrites of a seed may become seeds again"))
        self.description.setWordWrap(True)
        lay_out(self, self._grid(), self.foot)

    def _grid(self) -> QGridLayout:
        """Lay out the fields of all steps; those of other steps are hidden."""
        rows: tuple[tuple[str, tuple[Step, ...], QWidget], ...] = (
            ("Step", tuple(Step), self.step), ("", tuple(Step), self.description),
            ("Writer", _WRITING, self.writer), ("Responder", _ANSWERING, self.responder),
            ("Moderators", _VOTING, self.moderators), ("Prompts", _ON_PROMPTS, self.query),
            *(("Categories", (step,), field) for step, field in self.categories.items()),
            *((_EACH[step][0], (step,), field) for step, field in self.each.items()),
            ("Max items", (Step.REWRITES, *_ON_PROMPTS), self.limit), ("Rounds", (Step.REWRITES,), self.rounds),
            *(("Template", (step,), field) for step, field in self.templates.items()),
            ("Cost limit (USD)", tuple(Step), self.cost_limit),
        )  # fmt: skip
        grid = QGridLayout()
        grid.addWidget(label(tr("Next step"), "strong"), 0, 0, 1, 2)
        self._names = fill(grid, [(title, field) for title, _, field in rows])
        for wide in (self.vendor_batch, *self.options.values()):
            grid.addWidget(wide, grid.rowCount(), 0, 1, 2)
        self._fields = [(steps, field) for _, steps, field in rows]
        self._fields += [((step,), options) for step, options in self.options.items()]
        return grid


def _options(theme: Theme, step: Step) -> RequestOptions:
    """Request options of a step, with its defaults."""
    temperature, max_tokens = _TEMPERATURE.get(step, "0"), _TOKENS.get(step, MAX_TOKENS)
    return RequestOptions(theme, temperature=temperature, max_tokens=max_tokens, repeated=False)


class CategoriesField(Flow):
    """One toggle button per category. No selection means all ten."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__(spacing=4)
        self.chips: dict[Category, QToolButton] = {}
        for category in Category:
            chip = self.chips[category] = QToolButton()
            chip.setText(tr(category))
            chip.setCheckable(True)
            chip.setProperty("role", "toggle")
            set_tip(chip, tr("No selection means all ten categories"))
            chip.toggled.connect(lambda _on: self.changed.emit())
            self.add(chip)
        self.setFocusProxy(self.chips[Category.DECEPTION])

    @property
    def chosen(self) -> tuple[Category, ...]:
        return tuple(category for category, chip in self.chips.items() if chip.isChecked())
