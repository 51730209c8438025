"""The second look: people label a random sample, machines say the rest, and a rate comes of it that can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QPushButton, QSpinBox, QVBoxLayout, QWidget

from orbench_studio.domain.audit.estimate import Estimate, Estimates, HumanEvidence
from orbench_studio.domain.audit.refusal_rates import FINAL, PEOPLE, AuditOptions, Group
from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.review.queue import QueueFilter
from orbench_studio.gui.audit.heat_map import category_words
from orbench_studio.gui.audit.options import named, short
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.flow_layout import FlowLayout
from orbench_studio.gui.common.live_table import Column, Table
from orbench_studio.gui.common.text_table import note
from orbench_studio.gui.common.theme import Theme, px
from orbench_studio.gui.common.widgets import set_role, while_there
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.domain.audit.sample import AuditSample
    from orbench_studio.services.audit.audit_counts import AuditCounts
    from orbench_studio.services.workspace.workspace import Workspace

_SIZE = 200
_COLUMNS = (
    Column("Model", 150, 2),
    Column("Machines alone", 110, number=True),
    Column("With people", 150, number=True),
    Column("Labelled", 80, number=True),
    Column("Waiting", 70, number=True),
    Column("Needed for ±3 points", 170, number=True),
)
_TOLD = {
    HumanEvidence.LABELS: "whether prompts are safe",
    HumanEvidence.ANSWERS: "how models answered",
    HumanEvidence.BOTH: "both",
}
_EMPTY = (
    "Draw a random sample, label it without seeing what machines say, and every rate gets an interval that holds "
    "whatever the machines' errors are. What a queue puts first is no random sample, and no fair second look."
)


class SamplePane(QWidget):
    """Draws samples, tells what they say of each model, and queues what is still needed."""

    review_wanted = Signal(QueueFilter)
    message = Signal(str)

    def __init__(self, session: Session, theme: Theme) -> None:
        super().__init__()
        self._session = session
        self._asked: tuple[AuditCounts, AuditOptions, Group] | None = None
        self._running = False
        self.found: Estimates | None = None
        self.samples, self.people, self.category = QComboBox(), QComboBox(), QComboBox()
        self.name, self.many = QLineEdit(), QSpinBox()
        self.line = QWidget()
        self.draw = QPushButton(tr("Draw"))
        self.queue = QPushButton(tr("Label what is needed"))
        self.says = note(tr(_EMPTY))
        self.table = Table(theme, tr("Rates by the sample"), _COLUMNS)
        self._build_ui()
        self._connect()

    def ask(self, counts: AuditCounts, options: AuditOptions, group: Group) -> None:
        """Tell what the chosen sample says of the rates of a options."""
        self._asked = (counts, options, group)
        self._go_on()

    def forget(self) -> None:
        """Nothing of another workspace stays."""
        self._asked = None
        self._show([], None)

    def _again(self) -> None:
        if self._asked is not None:
            self.ask(*self._asked)

    def _go_on(self) -> None:
        workspace, asked = self._session.workspace, self._asked
        if self._running or asked is None or workspace is None:
            return
        self._running = True
        if self.found is None:
            self._say(tr("Reckoning …"))
        name, people = self.samples.currentData(), HumanEvidence(self.people.currentData())

        def work() -> tuple[list[AuditSample], Estimates | None]:
            return _estimated(workspace, name, people, *asked)

        def done(answer: tuple[list[AuditSample], Estimates | None]) -> None:
            self._running = False
            if self._session.workspace is workspace:
                self._show(*answer)
                if self._asked is not asked:
                    self._go_on()

        self._session.background.run(work, while_there(self, done), while_there(self, self._failed), tells=False)

    def _failed(self, error: Exception) -> None:
        self._running = False
        self._say(str(error), "error")

    def _show(self, samples: list[AuditSample], found: Estimates | None) -> None:
        self.found = found
        names = [sample.name for sample in samples]
        chosen = found.sample.name if found is not None else None
        self._fill(self.samples, names, chosen)
        kinds = ["", *(dict.fromkeys(c.category for c in found.cells if c.category is not None) if found else ())]
        self._fill(self.category, kinds, self.category.currentData(), [category_words(kind or None) for kind in kinds])
        for part in (self.line, self.table):
            part.setVisible(found is not None)
        self._say(found.method if found is not None else tr(_EMPTY))
        self._show_rows()

    def _show_rows(self) -> None:
        category = self.category.currentData() or None
        cells = [one for one in (self.found.cells if self.found else ()) if one.category == category]
        self.table.show_rows([one.model for one in cells], [_row(one) for one in cells])

    def _fill(self, box: QComboBox, values: list[str], chosen: object, words: list[str] | None = None) -> None:
        box.blockSignals(True)
        box.clear()
        for value, message in zip(values, words or values, strict=True):
            box.addItem(short(message), value)
        box.setCurrentIndex(max(box.findData(chosen), 0))
        box.blockSignals(False)

    def _draw(self) -> None:
        name, size = self.name.text(), self.many.value()

        def work(workspace: Workspace) -> Changes:
            from orbench_studio.services.audit import sampling

            sample = sampling.draw(workspace, name, size)
            return Changes(frozenset({Kind.SUBSETS}), None, f"“{sample.name}”: {sample.drawn:,} prompts drawn.")

        def done(changes: Changes) -> None:
            self._fill(self.samples, [name.strip()], name.strip())
            self.name.clear()
            self.message.emit(changes.message)
            self._again()

        self._session.run(work, while_there(self, done))

    def _queue(self, model: object = None) -> None:
        """Draw what is needed for a model, and put it before the reviewer."""
        found, category = self.found, self.category.currentData() or None
        chosen = model or self.table.current() or next(iter(self.table.rows.keys), None)
        if found is None or chosen is None:
            return

        def work(workspace: Workspace) -> QueueFilter:
            from orbench_studio.services.audit.ppi_estimates import labels_needed_in_queue

            return labels_needed_in_queue(workspace, found, str(chosen), category)[1]

        self._session.run(work, while_there(self, self.review_wanted.emit))

    def _say(self, text: str, role: str = "quiet") -> None:
        set_role(self.says, "role", role)
        self.says.setText(text)

    def _connect(self) -> None:
        self.draw.clicked.connect(self._draw)
        self.name.returnPressed.connect(self._draw)
        self.samples.currentIndexChanged.connect(lambda _: self._again())
        self.people.currentIndexChanged.connect(lambda _: self._again())
        self.category.currentIndexChanged.connect(lambda _: self._show_rows())
        self.queue.clicked.connect(lambda: self._queue())
        self.table.opened.connect(lambda key, _column: self._queue(key))

    def _build_ui(self) -> None:
        for message, words in _TOLD.items():
            self.people.addItem(tr(words), message)
        self.name.setPlaceholderText(tr("Name of a new sample"))
        self.name.setMinimumWidth(px(220))
        self.many.setRange(10, 100_000)
        self.many.setValue(_SIZE)
        self.many.setSuffix(f" {tr('prompts')}")
        self.many.setMinimumWidth(px(120))
        self.queue.setToolTip(
            tr("Draws what the chosen model's rate still needs, and opens what waits, blind, in review")
        )
        flow = FlowLayout(self.line, spacing=12)
        for words, box in (("Sample", self.samples), ("People say", self.people), ("Category", self.category)):
            flow.addWidget(named(tr(words), box))
        flow.addWidget(self.queue)
        fresh = QWidget()
        row = FlowLayout(fresh, spacing=8)
        for part in (self.name, self.many, self.draw):
            row.addWidget(part)
        column = QVBoxLayout(self)
        column.setContentsMargins(40, 16, 40, 16)
        column.setSpacing(8)
        for whole in (fresh, self.line, self.says):
            column.addWidget(whole)
        column.addWidget(self.table, 1)
        column.addStretch()
        self._show([], None)


def _estimated(
    workspace: Workspace,
    name: str | None,
    people: HumanEvidence,
    counts: AuditCounts,
    options: AuditOptions,
    group: Group,
) -> tuple[list[AuditSample], Estimates | None]:
    """All samples, and what the one of a name says, or the last."""
    # On first use: it brings the statistics with it.
    from orbench_studio.services.audit import ppi_estimates, sampling

    samples = sampling.all_samples(workspace)
    chosen = next((one for one in samples if one.name == name), samples[-1] if samples else None)
    if chosen is None:
        return samples, None
    judge = options.answers
    if people is not HumanEvidence.LABELS and judge in (FINAL, PEOPLE):
        judge = next(iter(counts.judges), FINAL)
    shown = Group.TOXIC if group is Group.TOXIC else Group.SAFE
    found = ppi_estimates.estimates(
        workspace, counts, chosen.name, human=people, judge=judge, group=shown, assume_safe=options.assume_safe
    )
    return samples, found


def _row(one: Estimate) -> tuple[str, ...]:
    between = f" ({100 * one.finite_interval[0]:.0f}–{100 * one.finite_interval[1]:.0f})" if one.finite_interval else ""
    if one.unlabelled:
        between = f" {tr('no label yet:')} {', '.join(map(category_words, one.unlabelled))}"
    return (
        one.model,
        _share(one.machine),
        f"{_share(one.value)}{between}",
        f"{one.labels:,}",
        f"{one.waiting:,}",
        f"{one.total_needed:,}",
    )


def _share(value: float | None) -> str:
    return "—" if value is None else f"{100 * value:.1f} %"
