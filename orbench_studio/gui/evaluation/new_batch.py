"""What will be sent, to whom, for how much: composed and estimated on one screen before the launch."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFrame, QGridLayout, QLineEdit

from orbench_studio.domain.evaluation.batch import BatchSettings
from orbench_studio.domain.review.query import parse, write
from orbench_studio.domain.review.queue import QueueFilter
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.form_fields import count_field, fill, number_in
from orbench_studio.gui.common.theme import Theme
from orbench_studio.gui.common.widgets import label, set_tip
from orbench_studio.gui.evaluation.batch_operations import BatchOperations
from orbench_studio.gui.evaluation.launch_panel import (
    LaunchOffer,
    LaunchPanel,
    UnfinishedError,
    lay_out,
)
from orbench_studio.gui.evaluation.models_field import ModelLine, ModelsField
from orbench_studio.gui.evaluation.plan import Plan
from orbench_studio.gui.evaluation.request_options import RequestOptions
from orbench_studio.services.judging.builtin_judges import LOCAL, RULES

_MOST = 1_000_000
_QUERY, _SUBSETS = 1, 2  # places among the choices of prompts
_LANGUAGE_MODEL = "model"
_JUDGES = (("", "nobody"), (RULES, "the studio's rules"), (LOCAL, "the local judge"), (_LANGUAGE_MODEL, "a model…"))


class NewBatch(QFrame):
    """The form; its foot says what comes of it."""

    launched = Signal(int)  # the batch's number

    def __init__(self, runs: BatchOperations, theme: Theme, queue_filter: Callable[[], QueueFilter]) -> None:
        super().__init__()
        self._runs = runs
        self.options = RequestOptions(theme)
        self._queue_filter = queue_filter
        self.foot = LaunchPanel(self._offered)
        self._make_controls()
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

    def _offered(self) -> LaunchOffer:
        """What is composed, for the foot."""
        if not self.models.models:
            raise UnfinishedError(tr("Name a model to see what will be sent, and what it costs."))
        plan = self.plan()
        besides = tr("The judge comes on top, with the same cap once more.") if plan.is_judged_by_model else ""
        return LaunchOffer(partial(self._runs.estimate, plan), partial(self._runs.launch, plan), besides)

    def _restate(self) -> None:
        self.query.setVisible(self.prompts.currentIndex() == _QUERY)
        self.judge_model.setVisible(self.judge.currentData() == _LANGUAGE_MODEL)
        self.foot.restate()

    def _launched(self, batch_id: int) -> None:
        self.models.clear()  # a second click launches nothing twice
        self.launched.emit(batch_id)

    def _read_system(self, file: str) -> None:
        self._runs.read_text(Path(file), self.options.system.setPlainText, self.foot.fail)

    def _make_controls(self) -> None:
        self.prompts, self.query = QComboBox(), QLineEdit()
        self.limit, self.models = count_field(0, _MOST, 0), ModelsField()
        self.judge, self.judge_model = QComboBox(), ModelLine(tr("The model that judges"))
        self.cap, self.vendor_batch = QLineEdit(), QCheckBox(tr("Vendors' own batches"))

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
        self.foot.launched.connect(self._launched)

    def _build_ui(self) -> None:
        self.prompts.addItems([tr("those of the queue"), tr("those of a query")])
        self.prompts.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.query.setPlaceholderText("category:privacy refused:>=3")
        self.limit.setSpecialValueText(tr("all"))
        for kept, words in _JUDGES:
            self.judge.addItem(tr(words), kept)
        self.cap.setPlaceholderText(tr("no cap"))
        set_tip(self.vendor_batch, tr("OpenAI's and Anthropic's: half the price, and up to a day"))
        set_tip(self.judge, tr("When the batch is finished, as long as this window is open"))
        lay_out(self, self._grid(), self.foot)

    def _grid(self) -> QGridLayout:
        grid = QGridLayout()
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
        return grid
