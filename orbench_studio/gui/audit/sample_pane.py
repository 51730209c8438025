"""Audit sample pane: estimates from human labels of a random sample and machine labels of all prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QPushButton, QWidget

from orbench_studio.domain.audit.estimate import Estimate, Estimates, HumanEvidence
from orbench_studio.domain.audit.refusal_rates import FINAL, PEOPLE, AuditOptions, Group
from orbench_studio.domain.audit.sample import AuditSample
from orbench_studio.domain.core.amounts import excerpt
from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.core.rates import percent, with_interval
from orbench_studio.domain.review.queue import QueueFilter
from orbench_studio.gui.audit.options import MAX_NAME, with_label
from orbench_studio.gui.audit.rate_cells import category_title
from orbench_studio.gui.common.actions import plural, tr
from orbench_studio.gui.common.fields import ComboBox, SpinBox, pad
from orbench_studio.gui.common.flow_layout import FlowLayout
from orbench_studio.gui.common.layouts import Stretch, column_layout
from orbench_studio.gui.common.live_table import Column, Table
from orbench_studio.gui.common.text_table import note
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import if_alive, show_status
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.audit.audit_counts import AuditCounts
    from orbench_studio.services.workspace.workspace import Workspace

_SIZE = 200
_NAMED_CATEGORIES = 1  # in a table cell
_COLUMNS = (
    Column("Model", 150, 2, apart=True),
    Column("Machine labels only", 110, number=True, tip="The rate without any human labels"),
    Column("Estimate", 150, number=True, tip="The rate if people labelled all prompts, with its 95 % interval"),
    Column("Labelled", 80, number=True, tip="Human labels that the estimate uses"),
    Column("Waiting", 70, number=True, tip="Prompts of the sample that are not labelled yet"),
    Column(
        "More labels for ±3 points",
        160,
        number=True,
        tip="Further human labels, beyond those already used, for a 95 % interval of ±3 points",
    ),
)
_HUMAN = {
    HumanEvidence.LABELS: "labels of prompts",
    HumanEvidence.ANSWERS: "answer classes",
    HumanEvidence.BOTH: "both",
}
_EMPTY = (
    "Draw a random sample and label it blind to estimate every rate with a confidence interval that accounts for "
    "machine errors. Other queues are not random samples."
)


class SamplePane(QWidget):
    """Draws samples, shows the estimates of each model, and opens the labels still needed."""

    review_wanted = Signal(QueueFilter)
    message = Signal(str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._request: tuple[AuditCounts, AuditOptions, Group] | None = None
        self._running = False
        self.found: Estimates | None = None
        self.samples, self.human, self.category = ComboBox(), ComboBox(), ComboBox()
        self.name, self.prompts = QLineEdit(), pad(SpinBox())
        self.line = QWidget()
        self.draw = QPushButton(tr("Draw sample"))
        self.queue = QPushButton(tr("Label needed prompts"))
        self.status = note(tr(_EMPTY))
        self.table = Table(tr("Estimated rates"), _COLUMNS)
        self._build_ui()
        self._connect()

    def show_counts(self, counts: AuditCounts, options: AuditOptions, group: Group) -> None:
        self._request = (counts, options, group)
        self._start()

    def clear(self) -> None:
        """Clear all results when the workspace changes."""
        self._request = None
        self._show([], None)

    def _refresh(self) -> None:
        if self._request is not None:
            self.show_counts(*self._request)

    def _start(self) -> None:
        workspace, request = self._session.workspace, self._request
        if self._running or request is None or workspace is None:
            return
        self._running = True
        if self.found is None:
            show_status(self.status, tr("Computing …"))
        name, human = self.samples.currentData(), HumanEvidence(self.human.currentData())

        def work() -> tuple[list[AuditSample], Estimates | None]:
            return _estimated(workspace, name, human, *request)

        def done(answer: tuple[list[AuditSample], Estimates | None]) -> None:
            self._running = False
            if self._session.workspace is workspace:
                self._show(*answer)
                if self._request is not request:
                    self._start()

        self._session.background.run(work, if_alive(self, done), if_alive(self, self._failed), show_errors=False)

    def _failed(self, error: Exception) -> None:
        self._running = False
        show_status(self.status, str(error), "error")

    def _show(self, samples: list[AuditSample], found: Estimates | None) -> None:
        self.found = found
        names = [sample.name for sample in samples]
        chosen = found.sample.name if found is not None else None
        self._fill(self.samples, names, chosen)
        kinds = ["", *(dict.fromkeys(c.category for c in found.cells if c.category is not None) if found else ())]
        self._fill(self.category, kinds, self.category.currentData(), [category_title(kind or None) for kind in kinds])
        for part in (self.line, self.table):
            part.setVisible(found is not None)
        show_status(self.status, found.method if found is not None else tr(_EMPTY))
        self._show_rows()

    def _show_rows(self) -> None:
        category = self.category.currentData() or None
        cells = [one for one in (self.found.cells if self.found else ()) if one.category == category]
        self.table.show_rows([one.model for one in cells], [_row(one) for one in cells])

    def _fill(self, box: QComboBox, values: list[str], chosen: object, titles: list[str] | None = None) -> None:
        box.blockSignals(True)
        box.clear()
        for value, title in zip(values, titles or values, strict=True):
            box.addItem(excerpt(title, MAX_NAME), value)
        box.setCurrentIndex(max(box.findData(chosen), 0))
        box.blockSignals(False)

    def _draw(self) -> None:
        name, size = self.name.text(), self.prompts.value()

        def work(workspace: Workspace) -> Changes:
            from orbench_studio.services.audit import sampling

            sample = sampling.draw(workspace, name, size)
            return Changes(frozenset({Kind.SUBSETS}), None, _drawn_message(sample))

        def done(changes: Changes) -> None:
            self._fill(self.samples, [name.strip()], name.strip())
            self.name.clear()
            self.message.emit(changes.message)
            self._refresh()

        self._session.run(work, if_alive(self, done))

    def _queue(self, model: object = None) -> None:
        """Draw the prompts that a model needs and open them for review."""
        found, category = self.found, self.category.currentData() or None
        chosen = model or self.table.current() or next(iter(self.table.rows.keys), None)
        if found is None or chosen is None:
            return

        def work(workspace: Workspace) -> QueueFilter:
            from orbench_studio.services.audit.ppi_estimates import labels_needed_in_queue

            return labels_needed_in_queue(workspace, found, str(chosen), category)[1]

        self._session.run(work, if_alive(self, self.review_wanted.emit))

    def _connect(self) -> None:
        self.draw.clicked.connect(self._draw)
        self.name.returnPressed.connect(self._draw)
        self.samples.currentIndexChanged.connect(lambda _: self._refresh())
        self.human.currentIndexChanged.connect(lambda _: self._refresh())
        self.category.currentIndexChanged.connect(lambda _: self._show_rows())
        self.queue.clicked.connect(lambda: self._queue())
        self.table.opened.connect(lambda key, _column: self._queue(key))

    def _build_ui(self) -> None:
        for evidence, title in _HUMAN.items():
            self.human.addItem(tr(title), evidence)
        self.name.setPlaceholderText(tr("Sample name"))
        self.name.setMinimumWidth(px(220))
        self.prompts.setRange(10, 100_000)
        self.prompts.setValue(_SIZE)
        self.prompts.setSuffix(tr(" prompts"))
        self.prompts.setMinimumWidth(px(120))
        self.queue.setToolTip(
            tr("Draw the prompts that the selected model still needs, and label them blind on the Review page")
        )
        flow = FlowLayout(self.line, spacing=12)
        for title, box in (("Sample", self.samples), ("Human data", self.human), ("Category", self.category)):
            flow.addWidget(with_label(tr(title), box))
        flow.addWidget(self.queue)
        new_sample = QWidget()
        row = FlowLayout(new_sample, spacing=8)
        for part in (self.name, self.prompts, self.draw):
            row.addWidget(part)
        above = ((part, Qt.AlignmentFlag.AlignTop) for part in (new_sample, self.line, self.status))
        column_layout(self, *above, (self.table, 1), Stretch(), margins=(40, 16, 40, 16), spacing=8)
        self._show([], None)


def _estimated(
    workspace: Workspace,
    name: str | None,
    human: HumanEvidence,
    counts: AuditCounts,
    options: AuditOptions,
    group: Group,
) -> tuple[list[AuditSample], Estimates | None]:
    """Return all samples, and the estimates of the named one, or of the last one."""
    # Imported on first use: scipy takes long to import.
    from orbench_studio.services.audit import ppi_estimates, sampling

    samples = sampling.all_samples(workspace)
    chosen = next((one for one in samples if one.name == name), samples[-1] if samples else None)
    if chosen is None:
        return samples, None
    judge = options.answers
    if human is not HumanEvidence.LABELS and judge in (FINAL, PEOPLE):
        judge = next(iter(counts.judges), FINAL)
    shown = Group.TOXIC if group is Group.TOXIC else Group.SAFE
    found = ppi_estimates.estimates(
        workspace,
        counts,
        chosen.name,
        human=human,
        judge=judge,
        group=shown,
        assume_safe=options.assume_safe,
        refusals=options.refusals,
    )
    return samples, found


def _drawn_message(sample: AuditSample) -> str:
    one, many = "Sample “{name}” drawn: 1 prompt.", "Sample “{name}” drawn: {count} prompts."
    return plural(sample.drawn, one, many, name=sample.name)


def _row(one: Estimate) -> tuple[str, ...]:
    value = with_interval(one.value, one.finite_interval, tenths=True)
    if one.unlabelled:
        more = len(one.unlabelled) - _NAMED_CATEGORIES
        names = map(category_title, one.unlabelled[:_NAMED_CATEGORIES])
        categories = ", ".join(names) + (f" +{more}" if more > 0 else "")
        value = tr("{rate}; no labels yet: {categories}").format(
            rate=percent(one.value, tenths=True), categories=categories
        )
    return (
        one.model,
        percent(one.machine, tenths=True),
        value,
        f"{one.labels:,}",
        f"{one.waiting:,}",
        f"{one.total_needed:,}",
    )
