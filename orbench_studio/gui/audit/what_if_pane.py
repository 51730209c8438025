"""What would change the answer: models' rates and ranks with some prompts left out, and how sure the ranks are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from orbench_studio.domain.audit.refusal_rates import AuditOptions, Drop
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.flow_layout import FlowLayout
from orbench_studio.gui.common.live_table import Column, Table
from orbench_studio.gui.common.text_table import note
from orbench_studio.gui.common.theme import Theme
from orbench_studio.gui.common.widgets import label, set_role, while_there
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.audit.audit_counts import AuditCounts
    from orbench_studio.services.audit.what_if import RankedModel, WhatIf

_DROPS = {
    Drop.CONTROVERSIAL: ("controversial", "Controversial to people, or disputed among them or among the moderators"),
    Drop.HUMAN_TOXIC: ("toxic to people", "A person's label says toxic, whatever the moderators say"),
    Drop.SIBLINGS: ("siblings", "All but the first prompt of each seed"),
    Drop.NEAR_DUPLICATES: ("near duplicates", "All but the first prompt of each group; the Curate page finds them"),
    Drop.SELF_JUDGED: (
        "self-judged",
        "The moderators' consensus would be another without the votes of models that are evaluated here",
    ),
}
_COLUMNS = (
    Column("Model", 160, 2),
    Column("Over-refusal", 150, number=True),
    Column("Rank", 80, number=True),
    Column("Left out: over-refusal", 150, number=True),
    Column("Change", 80, number=True),
    Column("Rank", 80, number=True),
)
ASSUMES = (
    "In brackets 95 % intervals by bootstrap, prompts of one seed or nearly the same drawn together; rank 1 refuses "
    "most. Where the intervals of two models' ranks overlap, their order may be chance. Nothing in the workspace "
    "changes."
)


class WhatIfPane(QWidget):
    """Computes in the background, and shows the answer to what was asked last."""

    def __init__(self, session: Session, theme: Theme) -> None:
        super().__init__()
        self._session = session
        self._asked: tuple[AuditCounts, AuditOptions] | None = None
        self._running = False
        self.shown: WhatIf | None = None
        self.boxes = {drop: QCheckBox(tr(words)) for drop, (words, _) in _DROPS.items()}
        self.says = note("")
        self.table = Table(theme, tr("Rates and ranks before and after"), _COLUMNS)
        self._build_ui()

    @property
    def dropped(self) -> frozenset[Drop]:
        """What is to be left out."""
        return frozenset(drop for drop, box in self.boxes.items() if box.isChecked())

    def ask(self, counts: AuditCounts | None, options: AuditOptions) -> None:
        """Reckon with a counts by a options; what is asked meanwhile comes after it, the last one only."""
        if counts is None:
            self._asked, self.shown = None, None
            self.table.show_rows([], [])
            self._say("")
            return
        self._asked = (counts, replace(options, dropped=self.dropped))
        self._go_on()

    def _go_on(self) -> None:
        if self._asked is None or self._running:
            return
        (counts, options), self._asked, self._running = self._asked, None, True

        def work() -> tuple[AuditCounts, WhatIf]:
            from orbench_studio.services.audit import what_if

            return counts, what_if.what_if(counts, options)

        self._session.background.run(work, while_there(self, self._done), while_there(self, self._failed))

    def _done(self, answer: tuple[AuditCounts, WhatIf]) -> None:
        self._running = False
        if self._asked is None and self._session.workspace is not None:
            self._show(answer[1])
        self._go_on()

    def _failed(self, _error: Exception) -> None:
        self._running = False

    def _show(self, found: WhatIf) -> None:
        self.shown = found
        for drop, box in self.boxes.items():
            takes = found.removed[drop]
            box.setText(f"{tr(_DROPS[drop][0])} ({takes:,})")
            box.setEnabled(takes > 0 or box.isChecked())
        self._say(f"{found.left:,} {tr('of')} {found.prompts:,} {tr('safe prompts are counted')}")
        dropped = bool(found.options.dropped)
        rows = [
            (one.model, *_cells(one.before), *(_after(one.before, one.after) if dropped else ("", "", "")))
            for one in found.models
        ]
        self.table.show_rows([one.model for one in found.models], rows)

    def _say(self, text: str) -> None:
        set_role(self.says, "role", "quiet")
        self.says.setText(text)

    def _build_ui(self) -> None:
        line = QWidget()
        flow = FlowLayout(line, spacing=12)
        words = label(tr("Leave out prompts that are"), "quiet")
        words.setMinimumHeight(self.boxes[Drop.SIBLINGS].sizeHint().height())
        flow.addWidget(words)
        for drop, box in self.boxes.items():
            box.setToolTip(tr(_DROPS[drop][1]))
            flow.addWidget(box)
        column = QVBoxLayout(self)
        column.setContentsMargins(40, 16, 40, 16)
        column.setSpacing(8)
        column.addWidget(line)
        column.addWidget(self.says)
        column.addWidget(self.table, 1)


def _cells(one: RankedModel) -> tuple[str, str]:
    if one.rate.value is None:
        return "—", "—"
    between = f" ({100 * one.interval[0]:.0f}–{100 * one.interval[1]:.0f})" if one.interval else ""
    return f"{100 * one.rate.value:.1f} %{between}", f"{one.rank} ({one.ranks[0]}–{one.ranks[1]})"


def _after(before: RankedModel, after: RankedModel) -> tuple[str, str, str]:
    rate, rank = _cells(after)
    if before.rate.value is None or after.rate.value is None:
        return rate, "—", rank
    moved = 100 * (after.rate.value - before.rate.value)
    arrow = "▲ " if after.rank < before.rank else "▼ " if after.rank > before.rank else ""
    return rate, f"{moved:+.1f}".replace("-", "−"), f"{arrow}{rank}"
