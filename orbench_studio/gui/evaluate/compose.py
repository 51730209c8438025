"""What will be sent, to whom, for how much: composed and estimated on one screen before the launch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFrame, QGridLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from orbench_studio.domain.amounts import duration, usd
from orbench_studio.domain.batch import BatchSettings
from orbench_studio.domain.query import parse, write
from orbench_studio.domain.queue import QueueFilter
from orbench_studio.gui.actions import tr
from orbench_studio.gui.evaluate.fields import count_field, fill, number_in
from orbench_studio.gui.evaluate.models_field import ModelLine, ModelsField
from orbench_studio.gui.evaluate.options import Options
from orbench_studio.gui.evaluate.plan import Plan
from orbench_studio.gui.evaluate.runs import Runs
from orbench_studio.gui.instruments.judging import LOCAL, RULES
from orbench_studio.gui.theme import Theme
from orbench_studio.gui.widgets import label, scrolled, set_role, set_tip

if TYPE_CHECKING:
    from orbench_studio.services.estimating import Estimate, ModelEstimate

_TYPING = 250  # milliseconds after the last change until the estimate is asked for
_MOST = 1_000_000
_QUERY, _SUBSETS = 1, 2  # places among the choices of prompts
_LANGUAGE_MODEL = "model"
_JUDGES = (("", "nobody"), (RULES, "the studio's rules"), (LOCAL, "the local judge"), (_LANGUAGE_MODEL, "a model…"))


class Compose(QFrame):
    """The form. The estimate follows every change; what cannot be launched says why in its place."""

    launched = Signal(int)  # the batch's number

    def __init__(self, runs: Runs, theme: Theme, queue_filter: Callable[[], QueueFilter]) -> None:
        super().__init__()
        self._runs = runs
        self.options = Options(theme)
        self._queue_filter = queue_filter
        self._plan: Plan | None = None  # what the estimate is of
        self._busy = False
        self._make_controls()
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING)
        self._typing.timeout.connect(self._estimate)
        self._build_ui()
        self._connect()

    def refresh(self) -> None:
        """The page is shown, or the queue's filter may be another."""
        wanted = write(self._queue_filter())
        self.prompts.setItemText(0, tr("those of the queue") + (f": {wanted}" if wanted else ""))
        set_tip(self.prompts, wanted)
        self._runs.subsets(self._offer)
        self._restate()

    def learn(self, names: list[str]) -> None:
        """Names of models to be offered."""
        self.models.line.learn(names)
        self.judge_model.learn(names)

    def _offer(self, subsets: list[str]) -> None:
        """Offer the workspace's subsets; the one that is chosen stays so while it is there."""
        offered = [self.prompts.itemData(place) for place in range(_SUBSETS, self.prompts.count())]
        if subsets == offered:
            return
        chosen = self.prompts.currentData()
        while self.prompts.count() > _SUBSETS:
            self.prompts.removeItem(_SUBSETS)
        for name in subsets:
            self.prompts.addItem(f"{tr('the subset')} {name}", name)
        if chosen in subsets:
            self.prompts.setCurrentIndex(self.prompts.findData(chosen))

    def plan(self) -> Plan:
        """What is composed; ValueError says what in it cannot be."""
        models = self.models.models
        settings = BatchSettings(
            self.options.sampling(models),
            self.options.limits(number_in(self.cap, tr("The most it may cost"))),
            self.options.repeats.value(),
            self.options.base_urls(models),
            vendor_batch=self.vendor_batch.isChecked(),
        )
        wanted = parse(self.query.text()) if self.prompts.currentIndex() == _QUERY else self._queue_filter()
        judge = str(self.judge.currentData())
        if judge == _LANGUAGE_MODEL:
            judge = self.judge_model.text().strip()
            if not judge:
                raise ValueError(tr("Name the model that is to judge the answers."))
        return Plan(models, wanted, self.prompts.currentData(), self.limit.value() or None, settings, judge)

    def _restate(self) -> None:
        """Something is composed otherwise: the estimate is no longer of it."""
        self._plan = None
        self.launch.setText(tr("Launch"))
        self.launch.setEnabled(False)
        self.query.setVisible(self.prompts.currentIndex() == _QUERY)
        self.judge_model.setVisible(self.judge.currentData() == _LANGUAGE_MODEL)
        self._typing.start()

    def _estimate(self) -> None:
        if not self.models.models:
            self._say(tr("Name a model to see what will be sent, and what it costs."))
            return
        try:
            plan = self.plan()
        except ValueError as error:
            self._say(str(error), wrong=True)
            return
        self._plan = plan
        self._runs.estimate(
            plan,
            lambda found: self._show(found) if plan is self._plan else None,
            lambda error: self._say(str(error), wrong=True) if plan is self._plan else None,
        )

    def _show(self, found: Estimate) -> None:
        lines = [line_of(model) for model in found.models]
        if len(lines) > 1 and found.most_cost:
            lines.append(f"{tr('In all at most')} {usd(found.most_cost)}.")
        lines.append(f"{tr('It takes about')} {duration(found.seconds)}. {tr('Prices of')} {found.prices_dated}.")
        if self._plan is not None and self._plan.is_judged_by_model:
            lines.append(tr("The judge comes on top, with the same cap once more."))
        self._say("\n".join(lines))
        words = tr("Launch 1 request") if found.items == 1 else f"{tr('Launch')} {found.items:,} {tr('requests')}"
        self.launch.setText(words)
        self.launch.setEnabled(not self._busy)

    def _say(self, text: str, *, wrong: bool = False) -> None:
        set_role(self.estimate, "role", "error" if wrong else "quiet")
        self.estimate.setText(f"▲ {text}" if wrong else text)
        if wrong:
            self.launch.setEnabled(False)

    def _launch(self) -> None:
        if self._plan is None:
            return
        self._busy = True
        self.launch.setEnabled(False)
        self._runs.launch(self._plan, self._launched, self._refused)

    def _launched(self, batch_id: int) -> None:
        self._busy = False
        self.models.clear()  # a second click launches nothing twice
        self.launched.emit(batch_id)

    def _refused(self, error: Exception) -> None:
        self._busy = False
        self._say(str(error), wrong=True)

    def _read_system(self, file: str) -> None:
        self._runs.read_text(
            Path(file), self.options.system.setPlainText, lambda error: self._say(str(error), wrong=True)
        )

    def _make_controls(self) -> None:
        self.prompts, self.query = QComboBox(), QLineEdit()
        self.limit, self.models = count_field(0, _MOST, 0), ModelsField()
        self.judge, self.judge_model = QComboBox(), ModelLine(tr("The model that judges"))
        self.cap, self.vendor_batch = QLineEdit(), QCheckBox(tr("The vendors' own batches"))
        self.estimate, self.launch = label("", "quiet"), QPushButton(tr("Launch"))

    def _connect(self) -> None:
        for line in (self.query, self.judge_model, self.cap):
            line.textChanged.connect(self._restate)
        self.limit.valueChanged.connect(self._restate)
        for choice in (self.prompts, self.judge):
            choice.currentIndexChanged.connect(self._restate)
        self.models.changed.connect(self._restate)
        self.vendor_batch.toggled.connect(self._restate)
        self.options.changed.connect(self._restate)
        self.options.file_wanted.connect(self._read_system)
        self.launch.clicked.connect(self._launch)

    def _build_ui(self) -> None:
        self.setObjectName("panel")
        self.prompts.addItems([tr("those of the queue"), tr("those of a query")])
        self.prompts.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.query.setPlaceholderText("category:privacy refused:>=3")
        self.limit.setSpecialValueText(tr("all"))
        for kept, words in _JUDGES:
            self.judge.addItem(tr(words), kept)
        self.cap.setPlaceholderText(tr("no cap"))
        set_tip(self.vendor_batch, tr("OpenAI's and Anthropic's: half the price, and up to a day"))
        set_tip(self.judge, tr("When the batch is finished, as long as this window is open"))
        self.estimate.setWordWrap(True)
        self.estimate.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.estimate.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.launch.setProperty("role", "primary")
        form = QWidget()
        form.setObjectName("panel")
        form.setLayout(self._grid())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 16)
        column.setSpacing(12)
        area = scrolled(form)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
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
        grid.addWidget(label(tr("New batch"), "strong"), 0, 0, 1, 2)
        fill(
            grid,
            (
                ("Prompts", self.prompts), ("", self.query), ("The first", self.limit), ("Models", self.models),
                ("Judged by", self.judge), ("", self.judge_model), ("Cap, USD", self.cap), ("", self.vendor_batch),
            ),
        )  # fmt: skip
        self.query.setAccessibleName(tr("Query"))
        grid.addWidget(self.options, grid.rowCount(), 0, 1, 2)
        grid.setRowStretch(grid.rowCount(), 1)
        return grid


def line_of(model: ModelEstimate) -> str:
    requests = tr("1 request") if model.items == 1 else f"{model.items:,} {tr('requests')}"
    return f"{model.model}: {requests}, {_money(model)}"


def _money(model: ModelEstimate) -> str:
    if model.most_cost is None:
        return tr("unpriced")
    if model.most_cost == 0:
        return tr("free")
    likely = "" if model.likely_cost is None else f"{tr('about')} {usd(model.likely_cost)}, "
    return f"{likely}{tr('at most')} {usd(model.most_cost)}"
