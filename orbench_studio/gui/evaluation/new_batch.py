"""The form for a new batch: prompts, models, judge, cost limit, options, estimate."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QGridLayout, QLabel, QLineEdit, QPushButton, QWidget

from orbench_studio.domain.evaluation.batch import BatchSettings
from orbench_studio.domain.review.query import parse, write
from orbench_studio.domain.review.queue import QueueFilter
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.fields import ComboBox, count_field, fill, number_in
from orbench_studio.gui.common.layouts import column_layout
from orbench_studio.gui.common.theme import Theme
from orbench_studio.gui.common.widgets import if_alive, label, set_tip
from orbench_studio.gui.evaluation.batch_operations import BatchOperations
from orbench_studio.gui.evaluation.launch_panel import IncompleteError, LaunchOffer, LaunchPanel, lay_out
from orbench_studio.gui.evaluation.models_field import ModelLine, ModelsField
from orbench_studio.gui.evaluation.plan import Plan
from orbench_studio.gui.evaluation.request_options import RequestOptions, VendorBatchBox
from orbench_studio.gui.review.query_field import QueryField
from orbench_studio.gui.workspace.session import Session
from orbench_studio.services.evaluation.model_catalogue import ModelGroup
from orbench_studio.services.judging.builtin_judges import LOCAL, RULES

_MAX_PROMPTS = 1_000_000
_FILTER, _QUERY, _ALL, _SUBSETS = range(4)  # indices in the list of prompt sources; subsets follow
_EXAMPLE = "category:privacy"
_LANGUAGE_MODEL = "model"
_JUDGES = (("", "None"), (RULES, "studio-rules"), (LOCAL, "local-judge"), (_LANGUAGE_MODEL, "Language model…"))


class NewBatch(QFrame):
    """The form, with the estimate at its foot."""

    launched = Signal(int)  # number of the batch

    def __init__(
        self, session: Session, runs: BatchOperations, theme: Theme, queue_filter: Callable[[], QueueFilter]
    ) -> None:
        super().__init__()
        self._session = session
        self._runs = runs
        self.options = RequestOptions(theme)
        self._queue_filter = queue_filter
        self.foot = LaunchPanel(self._launch_offer)
        self._make_controls()
        self._build_ui()
        self._connect()

    def refresh(self) -> None:
        """Update the filter and the subsets; called when the page is shown."""
        self._runs.subsets(self._show_subsets)
        self._update()

    def add_names(self, names: list[str]) -> None:
        self.models.line.add_names(names)
        self.judge_model.add_names(names)

    def _show_subsets(self, subsets: list[str]) -> None:
        """List the subsets; a selected one stays selected while it exists."""
        listed = [self.prompts.itemData(place) for place in range(_SUBSETS, self.prompts.count())]
        if subsets == listed:
            return
        selected = self.prompts.currentData()
        while self.prompts.count() > _SUBSETS:
            self.prompts.removeItem(_SUBSETS)
        for name in subsets:
            self.prompts.addItem(tr("Subset {name}").format(name=name), name)
        if selected in subsets:
            self.prompts.setCurrentIndex(self.prompts.findData(selected))

    def plan(self) -> Plan:
        """The plan of the form; ValueError with the reason if it is invalid."""
        models = self.models.models
        settings = BatchSettings(
            self.options.sampling(models),
            self.options.limits(number_in(self.cost_limit, tr("Cost limit"))),
            self.options.repeats.value(),
            self.options.base_urls(models),
            vendor_batch=self.vendor_batch.isChecked(),
        )
        place = self.prompts.currentIndex()
        wanted = (
            parse(self.query.text()) if place == _QUERY else QueueFilter() if place == _ALL else self._queue_filter()
        )
        judge = str(self.judge.currentData())
        if judge == _LANGUAGE_MODEL:
            judge = self.judge_model.text().strip()
            if not judge:
                raise ValueError(tr("Enter the name of the judge model."))
        return Plan(models, wanted, self.prompts.currentData(), self.limit.value() or None, settings, judge)

    def _launch_offer(self) -> LaunchOffer:
        """The plan with its operations, for the foot."""
        self._show_filter()  # it may have changed since the page was shown
        if not self.models.models:
            raise IncompleteError(tr("Add a model to see the number of requests and the cost."))
        plan = self.plan()
        note = (
            tr("The judge is not included. The same cost limit applies to it separately.")
            if plan.is_judged_by_model
            else ""
        )
        return LaunchOffer(partial(self._runs.estimate, plan), partial(self._runs.launch, plan), note)

    def _update(self) -> None:
        self.query.setVisible(self.prompts.currentIndex() == _QUERY)
        self._show_filter()
        self.judge_model.setVisible(self.judge.currentData() == _LANGUAGE_MODEL)
        self.vendor_batch.follow(self.models.models)
        self.foot.refresh()

    def _show_filter(self) -> None:
        """Show the filter that limits the prompts, with a button to use all."""
        query = write(self._queue_filter())
        self._filter_note.setText(tr("Filter of the Review page: {query}").format(query=query))
        set_tip(self._filter_note, self._filter_note.text())
        self._filter.setVisible(self.prompts.currentIndex() == _FILTER and bool(query))

    def _launched(self, batch_id: int) -> None:
        self.models.clear()  # so that a second click does not launch it again
        self.launched.emit(batch_id)

    def _read_system(self, file: str) -> None:
        self._runs.read_text(Path(file), self.options.system.setPlainText, self.foot.fail)

    def _choose_models(self) -> None:
        """Open the model picker; the servers on this machine are added when they are found."""

        def opened(groups: list[ModelGroup]) -> None:
            from orbench_studio.gui.evaluation.model_picker import ModelPicker

            picker = ModelPicker(self, groups, self.models.models)
            picker.picked.connect(self.models.add_all)
            self._runs.server_groups(if_alive(picker, picker.add_groups))
            picker.open()

        self._runs.model_groups(if_alive(self, opened))

    def _make_controls(self) -> None:
        self.prompts, self.query = ComboBox(), QueryField(self._session, tr("Query"))
        self._filter: QWidget = QWidget()
        self._filter_note: QLabel = label("", "meta")
        self.all_prompts = QPushButton(tr("Use all prompts"))
        self.limit, self.models = count_field(0, _MAX_PROMPTS, 0), ModelsField()
        self.judge, self.judge_model = ComboBox(), ModelLine(tr("Judge model"))
        self.cost_limit, self.vendor_batch = QLineEdit(), VendorBatchBox()

    def _connect(self) -> None:
        self.query.changed.connect(self._update)
        for line in (self.judge_model, self.cost_limit):
            line.textChanged.connect(self._update)
        self.limit.valueChanged.connect(self._update)
        for choice in (self.prompts, self.judge):
            choice.currentIndexChanged.connect(self._update)
        self.models.changed.connect(self._update)
        self.models.choose.clicked.connect(self._choose_models)
        self.all_prompts.clicked.connect(lambda: self.prompts.setCurrentIndex(_ALL))
        self.vendor_batch.toggled.connect(self._update)
        self.options.changed.connect(self._update)
        self.options.file_wanted.connect(self._read_system)
        self.foot.launched.connect(self._launched)

    def _build_ui(self) -> None:
        self.prompts.addItems([tr("Current filter"), tr("Query"), tr("All prompts")])
        self._filter_note.setWordWrap(True)
        column_layout(self._filter, self._filter_note, (self.all_prompts, Qt.AlignmentFlag.AlignLeft), spacing=4)
        self.prompts.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.query.line.setPlaceholderText(_EXAMPLE)
        self.limit.setSpecialValueText(tr("all prompts"))
        for judge, name in _JUDGES:
            self.judge.addItem(tr(name), judge)
        self.cost_limit.setPlaceholderText(tr("no limit"))
        set_tip(
            self.judge, tr("Judges the responses when the batch is completed, if this window or a worker is open then.")
        )
        lay_out(self, self._grid(), self.foot)

    def _grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.addWidget(label(tr("New batch"), "strong"), 0, 0, 1, 2)
        fill(
            grid,
            (
                ("Prompts", self.prompts), ("", self._filter), ("", self.query), ("Max prompts", self.limit),
                ("Models", self.models), ("Judge", self.judge), ("", self.judge_model),
                ("Cost limit (USD)", self.cost_limit),
            ),
        )  # fmt: skip
        for control in (self.vendor_batch, self.options):
            grid.addWidget(control, grid.rowCount(), 0, 1, 2)
        return grid
