"""One step, composed and estimated on the left of the generate page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QGridLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from orbench_studio.domain.amounts import duration
from orbench_studio.domain.batch import Limits
from orbench_studio.gui.actions import tr
from orbench_studio.gui.evaluate.compose import line_of
from orbench_studio.gui.evaluate.fields import count_field, fill, number_in
from orbench_studio.gui.evaluate.models_field import ModelLine, ModelsField
from orbench_studio.gui.generate.steps import TELLS, WORDS, Plan, Step, estimate, write_down
from orbench_studio.gui.session import Session
from orbench_studio.gui.widgets import label, scrolled, set_role, set_tip

if TYPE_CHECKING:
    from orbench_studio.services.estimating import Estimate

_TYPING = 250  # milliseconds after the last change until the estimate is asked for
_EACH = {Step.SEEDS: ("For each category", 10), Step.REWRITES: ("Of each seed", 5)}
_WHO = {Step.SEEDS: "Writer", Step.REWRITES: "Writer", Step.ANSWERS: "Responder", Step.VETO: "Responder"}


class StepForm(QFrame):
    """The estimate follows every change; what cannot be launched says why in its place."""

    launched = Signal(int)  # the batch's number

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._plan: Plan | None = None  # what the estimate is of
        self._busy = False
        self.step, self.model, self.moderators = QComboBox(), ModelLine(tr("Model")), ModelsField()
        self.each = {step: count_field(1, 10_000, each) for step, (_, each) in _EACH.items()}
        self.rounds, self.at_once, self.cap = (
            count_field(0, 9, 1),
            count_field(1, 1_000, Limits().concurrency),
            QLineEdit(),
        )
        self.tells, self.estimate, self.launch = label("", "quiet"), label("", "quiet"), QPushButton(tr("Launch"))
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING)
        self._typing.timeout.connect(self._ask)
        self._build_ui()
        self._connect()
        self.restate()

    def learn(self, names: list[str]) -> None:
        """Names of models to be offered."""
        self.model.learn(names)
        self.moderators.line.learn(names)

    def plan(self) -> Plan:
        """What is composed; ValueError says what in it cannot be."""
        step = Step(self.step.currentData())
        model, moderators = self.model.text().strip(), self.moderators.models
        if step in _WHO and not model:
            raise ValueError(tr("Name a model to see what will be sent, and what it costs."))
        if step in (Step.VOTES, Step.VETO) and not moderators:
            raise ValueError(tr("Name the moderators: three in the paper."))
        limits = Limits(self.at_once.value(), max_cost=number_in(self.cap, tr("The most it may cost")))
        each = self.each[step].value() if step in self.each else 1
        return Plan(step, model, moderators, each, self.rounds.value(), limits)

    def restate(self) -> None:
        """Something is composed otherwise, or the workspace is another: the estimate is no longer of it."""
        self._plan = None
        self.launch.setText(tr("Launch"))
        self.launch.setEnabled(False)
        step = Step(self.step.currentData())
        self.tells.setText(tr(TELLS[step]))
        self._show_row(self.model, step in _WHO)
        self._show_row(self.moderators, step in (Step.VOTES, Step.VETO))
        for of, field in self.each.items():
            self._show_row(field, of is step)
        self._show_row(self.rounds, step is Step.REWRITES)
        if step in _WHO:
            self._names[self.model].setText(tr(_WHO[step]))
        self._typing.start()

    def _ask(self) -> None:
        try:
            plan = self.plan()
        except ValueError as error:
            self._say(str(error))
            return
        self._plan = plan
        self._session.run(
            lambda workspace: estimate(workspace, plan),
            lambda found: self._show(found) if plan is self._plan else None,
            lambda error: self._say(str(error)) if plan is self._plan else None,
            tells=False,
        )

    def _show(self, found: Estimate) -> None:
        lines = [line_of(model) for model in found.models]
        lines.append(f"{tr('It takes about')} {duration(found.seconds)}. {tr('Prices of')} {found.prices_dated}.")
        self._say("\n".join(lines))
        words = tr("Launch 1 request") if found.items == 1 else f"{tr('Launch')} {found.items:,} {tr('requests')}"
        self.launch.setText(words)
        self.launch.setEnabled(not self._busy)

    def _say(self, text: str, *, wrong: bool = False) -> None:
        set_role(self.estimate, "role", "error" if wrong else "quiet")
        self.estimate.setText(f"▲ {text}" if wrong else text)

    def _launch(self) -> None:
        plan = self._plan
        if plan is None:
            return
        self._busy = True
        self.launch.setEnabled(False)
        self._session.run(lambda workspace: write_down(workspace, plan), self._launched, self._refused, tells=False)

    def _launched(self, batch_id: int) -> None:
        self._busy = False
        self.restate()  # a second click launches nothing twice: what is under way is left out of the next estimate
        self.launched.emit(batch_id)

    def _refused(self, error: Exception) -> None:
        self._busy = False
        self._say(str(error), wrong=True)

    def _show_row(self, field: QWidget, visible: bool) -> None:
        field.setVisible(visible)
        self._names[field].setVisible(visible)

    def _connect(self) -> None:
        self.step.currentIndexChanged.connect(self.restate)
        for line in (self.model, self.cap):
            line.textChanged.connect(self.restate)
        for number in (*self.each.values(), self.rounds, self.at_once):
            number.valueChanged.connect(self.restate)
        self.moderators.changed.connect(self.restate)
        self.launch.clicked.connect(self._launch)

    def _build_ui(self) -> None:
        self.setObjectName("panel")
        for step, words in WORDS.items():
            self.step.addItem(tr(words), step)
        self.step.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.cap.setPlaceholderText(tr("no cap"))
        set_tip(self.rounds, tr("How often a line of toxic rewrites may come back as a seed"))
        for told in (self.tells, self.estimate):
            told.setWordWrap(True)
        self.estimate.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.estimate.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.launch.setProperty("role", "primary")
        form = QWidget()
        form.setObjectName("panel")
        form.setLayout(self._grid())
        area = scrolled(form)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 16)
        column.setSpacing(12)
        column.addWidget(area, 1)
        foot = QVBoxLayout()
        foot.setContentsMargins(16, 0, 16, 0)
        foot.setSpacing(12)
        foot.addWidget(self.estimate)
        foot.addWidget(self.launch)
        column.addLayout(foot)

    def _grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setContentsMargins(16, 16, 16, 8)
        grid.addWidget(label(tr("Next step"), "strong"), 0, 0, 1, 2)
        rows: tuple[tuple[str, QWidget], ...] = (
            ("Step", self.step), ("Writer", self.model), ("Moderators", self.moderators),
            *((_EACH[step][0], field) for step, field in self.each.items()),
            ("Rounds", self.rounds), ("At once", self.at_once), ("Cap, USD", self.cap),
        )  # fmt: skip
        fill(grid, rows)
        self._names = dict(zip((field for _, field in rows), _names_in(grid), strict=True))
        grid.addWidget(self.tells, grid.rowCount(), 0, 1, 2)
        grid.setRowStretch(grid.rowCount(), 1)
        return grid


def _names_in(grid: QGridLayout) -> list[QLabel]:
    """The names of the fields, from the top; the first row is the title."""
    items = [grid.itemAtPosition(place, 0) for place in range(1, grid.rowCount())]
    widgets = [item.widget() for item in items if item is not None]
    return [widget for widget in widgets if isinstance(widget, QLabel)]
