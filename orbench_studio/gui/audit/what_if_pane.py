"""What-if pane: rates and ranks of models without some prompts, with intervals and rank sets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QPushButton, QWidget

from orbench_studio.domain.audit.judge_error import CorrectedRate, JudgeErrors
from orbench_studio.domain.audit.refusal_rates import AuditOptions, Drop, Group
from orbench_studio.domain.core.rates import NO_VALUE, with_interval
from orbench_studio.gui.audit.options import with_label
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.elided_label import FoldingLabel
from orbench_studio.gui.common.fields import ComboBox
from orbench_studio.gui.common.flow_layout import FlowLayout
from orbench_studio.gui.common.layouts import column_layout
from orbench_studio.gui.common.live_table import Column, Table
from orbench_studio.gui.common.widgets import if_alive, label
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.audit.audit_counts import AuditCounts
    from orbench_studio.services.audit.what_if import RankedModel, WhatIf

_DROPS = {
    Drop.CONTROVERSIAL: (
        "controversial, or annotators or moderators disagree",
        "People label it controversial, annotators disagree, or moderators disagree and no person decided",
    ),
    Drop.HUMAN_TOXIC: (
        "toxic by people, safe by other sources",
        "People label it toxic, other sources label it safe. Rates before the drop count it as safe.",
    ),
    Drop.SIBLINGS: (
        "all but one rewrite of a seed",
        "All but the first of the prompts that were rewritten from one toxic seed",
    ),
    Drop.NEAR_DUPLICATES: (
        "all but one near duplicate",
        "All but the first of the prompts with nearly the same wording. To find them, click Near duplicates on the "
        "Curate page.",
    ),
    Drop.SELF_JUDGED: (
        "consensus depends on evaluated models",
        "Without the votes of the models that are evaluated here, the moderators' consensus would be different",
    ),
}
_PUBLISHED_TITLE = "Show published rates without prompts labelled toxic"
_NONE_TOXIC = "Show published rates without prompts labelled toxic: no human label is “toxic” yet"
_PUBLISHED = (
    "Shows the published rates (labels of the source file; prompts without a label count as safe), and the rates "
    "without the prompts that people label toxic. Label a prompt toxic on the Review page to enable this."
)
_CORRECTIONS = ("Prediction-powered inference", "Rogan and Gladen")  # of rates for the errors of the judge
_RANK = (
    "1 is the highest over-refusal. In parentheses, the marginal 95 % set: a confidence set for the rank of one model "
    "alone"
)
_SIMULTANEOUS = (
    "The ranks that are possible for each model. With 95 % confidence, the sets of all models are right together"
)
_COLUMNS = (
    Column("Model", 160, 2, apart=True),
    Column("Over-refusal", 150, number=True),
    Column("Rank (marginal set)", 90, number=True, tip=_RANK),
    Column("Simultaneous set", 90, number=True, tip=_SIMULTANEOUS),
    Column(
        "Corrected rate",
        180,
        number=True,
        tip="Estimated rate if people classified every response, and the responses with a human class, of all of the "
        "model. A dash: fewer than 10 responses have a human class",
    ),
    Column("Over-refusal after", 120, number=True, tip="Over-refusal on the prompts that remain"),
    Column("Change", 80, number=True, tip="Change of the over-refusal in percentage points"),
    Column("Rank after (marginal set)", 90, number=True, tip=_RANK),
    Column("Simultaneous set after", 90, number=True, tip=_SIMULTANEOUS),
)
_AFTER = range(5, len(_COLUMNS))  # columns that are shown while prompts are dropped
NOTE = (
    "Tick prompts to see the rates without them; the workspace is not changed. Rank 1 is the highest over-refusal. In "
    "parentheses: 95 % interval of the rate, and the marginal 95 % set of the rank: a confidence set for "
    "one model alone. Simultaneous set: with 95 % confidence, the sets of all models are right together. If "
    "the simultaneous sets of two models overlap, their order may be due to chance."
)


class WhatIfPane(QWidget):
    """Computes in the background and shows the result for the latest options."""

    published_wanted = Signal()
    _folded = False

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._next: tuple[AuditCounts, AuditOptions] | None = None
        self._running = False
        self.shown: WhatIf | None = None
        self._errors: JudgeErrors | None = None
        self.boxes = {drop: QCheckBox(tr(text)) for drop, (text, _) in _DROPS.items()}
        self.published, self.correction = QPushButton(), ComboBox()
        self.caption, self.status, self.errors = label("", "quiet"), label("", "quiet"), FoldingLabel("", "meta")
        self.table = Table(tr("Rates and ranks before and after"), _COLUMNS)
        self._build_ui()

    @property
    def dropped(self) -> frozenset[Drop]:
        return frozenset(drop for drop, box in self.boxes.items() if box.isChecked())

    def drop_only(self, drop: Drop) -> None:
        """Select one drop, without a signal."""
        for each, box in self.boxes.items():
            box.blockSignals(True)
            box.setChecked(each is drop)
            box.blockSignals(False)

    def show_counts(self, counts: AuditCounts | None, options: AuditOptions) -> None:
        """Compute with these counts and options; of several requests during a computation, only the last one runs."""
        if counts is None:
            self._next, self.shown, self._errors = None, None, None
            self.table.show_rows([], [])
            self.status.setText("")
            return
        is_possible = bool(counts.human_toxic().any())
        self.published.setEnabled(is_possible)
        self.published.setText(tr(_PUBLISHED_TITLE if is_possible else _NONE_TOXIC))
        self._next = (counts, replace(options, dropped=self.dropped))
        self._start()

    def _start(self) -> None:
        if self._next is None or self._running:
            return
        (counts, options), self._next, self._running = self._next, None, True
        self.status.setText(tr("Computing …"))

        def work() -> tuple[WhatIf, JudgeErrors]:
            from orbench_studio.services.audit import judge_error, what_if

            return what_if.what_if(counts, options), judge_error.judge_errors(counts, options)

        self._session.background.run(work, if_alive(self, self._done), if_alive(self, self._failed))

    def _done(self, found: tuple[WhatIf, JudgeErrors]) -> None:
        self._running = False
        if self._next is None and self._session.workspace is not None:
            self._show(*found)
        self._start()

    def _failed(self, _error: Exception) -> None:
        self._running = False
        self.status.setText("")

    def _show(self, found: WhatIf, errors: JudgeErrors) -> None:
        self.shown, self._errors = found, errors
        for drop, box in self.boxes.items():
            removed = found.removed[drop]
            box.setText(tr("{prompts} ({count})").format(prompts=tr(_DROPS[drop][0]), count=f"{removed:,}"))
            box.setEnabled(removed > 0 or box.isChecked())
        text = tr("Safe prompts that remain: {count} of {total}.")
        remaining = text.format(count=f"{found.left:,}", total=f"{found.prompts:,}")
        self.status.setText(remaining)
        self.errors.setText("\n".join(filter(None, (found.shared, found.choice, errors.method))))
        self.fold(folded=self._folded)
        self._show_rows()

    def _show_rows(self) -> None:
        found, errors = self.shown, self._errors
        if found is None or errors is None:
            return
        dropped = bool(found.options.dropped)
        rows = [
            (
                one.model,
                *_cells(one.before),
                _corrected(errors.rates.get((Group.SAFE, one.model, None)), self.correction.currentData()),
                *(_after(one.before, one.after) if dropped else ("",) * 4),
            )
            for one in found.models
        ]
        for column in _AFTER:
            self.table.setColumnHidden(column, not dropped)
        self.table.show_rows([one.model for one in found.models], rows)

    def fold(self, *, folded: bool) -> None:
        """Show only the prompts that there are."""
        self._folded = folded
        self.caption.setText(tr("Drop") if folded else tr("Drop prompts (number of safe ones)"))
        self._column.setSpacing(4 if folded else 8)
        self._column.setContentsMargins(40, 4 if folded else 12, 40, 4 if folded else 12)
        for part in (*self.boxes.values(), self.published):
            part.setHidden(folded and not part.isEnabled())

    def _build_ui(self) -> None:
        line = QWidget()
        flow = FlowLayout(line, spacing=12)
        flow.addWidget(self.caption)
        for drop, box in self.boxes.items():
            box.setToolTip(tr(_DROPS[drop][1]))
            flow.addWidget(box)
        self.published.setText(tr(_PUBLISHED_TITLE))
        self.published.setToolTip(tr(_PUBLISHED))
        self.published.clicked.connect(self.published_wanted)
        flow.addWidget(self.published)
        for at, text in enumerate(_CORRECTIONS):
            self.correction.addItem(tr(text), at)
        self.correction.currentIndexChanged.connect(self._show_rows)
        flow.addWidget(with_label(tr("Correction for judge errors"), self.correction))
        flow.addWidget(self.status)
        self._column = column_layout(self, line, (self.table, 1), self.errors.with_link())
        self.fold(folded=False)


def _cells(one: RankedModel) -> tuple[str, str, str]:
    if one.rate.value is None:
        return "—", "—", "—"
    return with_interval(one.rate.value, one.interval, tenths=True), one.rank_text, one.simultaneous_text


def _corrected(rate: CorrectedRate | None, by_rogan_gladen: bool) -> str:
    if rate is None or by_rogan_gladen:
        return rate.rogan_gladen_words if rate else NO_VALUE
    return f"{with_interval(rate.value, rate.interval, tenths=True)}, {rate.checked:,}/{rate.responses:,}"


def _after(before: RankedModel, after: RankedModel) -> tuple[str, str, str, str]:
    rate, rank, together = _cells(after)
    if before.rate.value is None or after.rate.value is None:
        return rate, "—", rank, together
    moved = 100 * (after.rate.value - before.rate.value)
    arrow = "▲ " if after.rank < before.rank else "▼ " if after.rank > before.rank else ""
    return rate, f"{moved:+.1f}".replace("-", "−"), f"{arrow}{rank}", together
