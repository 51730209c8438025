"""How far the moderators agree with each other, and how votes are counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QVBoxLayout, QWidget

from orbench_studio.domain.core.moderation import Count, Rule
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.form_fields import count_field
from orbench_studio.gui.common.text_table import TextTable, table_of
from orbench_studio.gui.common.widgets import label, set_tip

if TYPE_CHECKING:
    from orbench_studio.domain.core.rates import Rate
    from orbench_studio.services.generation.funnel import Moderators, Pair

_COUNTS = {
    Count.MAJORITY: "most of the votes",
    Count.UNANIMOUS: "all of them",
    Count.AT_LEAST: "at least so many:",
}


class RuleField(Flow):
    """The rule of the workspace; a change of it counts everything anew."""

    chosen = Signal(Rule)

    def __init__(self) -> None:
        super().__init__()
        self.count, self.least = QComboBox(), count_field(1, 99, 2)
        self.rescues = QCheckBox(tr("A safe answer rescues a toxic prompt"))
        for count, words in _COUNTS.items():
            self.count.addItem(tr(words), count)
        self.count.setAccessibleName(tr("A label takes"))
        self.least.setAccessibleName(tr("Votes"))
        set_tip(self.rescues, tr("Else the votes on the answers can only make a safe prompt toxic"))
        name = label(tr("A label takes"), "quiet")
        name.setContentsMargins(0, 6, 0, 6)
        self.rescues.setContentsMargins(0, 6, 0, 6)
        for widget in (name, self.count, self.least, self.rescues):
            self.add(widget)
        self.least.hide()
        self.count.activated.connect(self._choose)
        self.least.editingFinished.connect(self._choose)
        self.rescues.clicked.connect(self._choose)

    def show_rule(self, rule: Rule) -> None:
        """Show what is in force."""
        self.count.setCurrentIndex(list(_COUNTS).index(rule.count))
        self.least.setVisible(rule.count is Count.AT_LEAST)
        if rule.count is Count.AT_LEAST:
            self.least.setValue(rule.least)
        self.rescues.setChecked(rule.rescues)

    def _choose(self) -> None:
        count = Count(self.count.currentData())
        self.least.setVisible(count is Count.AT_LEAST)
        least = self.least.value() if count is Count.AT_LEAST else 1
        self.chosen.emit(Rule(count, least, self.rescues.isChecked()))


class ModeratorsView(QWidget):
    """Two tables, or what to do to have them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: Moderators | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(24)
        self._tables: list[QWidget] = []

    def show_moderators(self, found: Moderators) -> None:
        """Show how they agree; nothing is made anew where nothing has changed."""
        if found == self.found:
            return
        self.found = found
        for table in self._tables:
            self._column.removeWidget(table)
            table.deleteLater()
        self._tables = [table_of(table) for table in _tables(found)]
        for table in self._tables:
            self._column.addWidget(table)


def _tables(found: Moderators) -> list[TextTable]:
    each = tuple(
        (name, f"{found.toxic[name].n:,}", *_share(found.toxic[name]), *_share(found.alone[name]))
        for name in found.toxic
    )
    short = _short(list(found.toxic))
    pairs = tuple(
        (short[pair.one], short[pair.other], f"{pair.same.n:,}", *_share(pair.same), _kappa(pair))
        for pair in found.pairs
    )
    tables = []
    if each:
        header = tuple(map(tr, ("Moderator", "Votes read", "Toxic", "95 %", "Alone", "95 %")))
        words = "Alone: every other said the opposite, of the prompts that at least three have voted on readably."
        tables.append(TextTable(tr("Moderators"), header, each, tr(words)))
    if pairs:
        header = tuple(map(tr, ("Moderator", "and", "n", "The same", "95 %", "Kappa")))
        words = "Over the prompts that both have voted on readably; Wilson intervals, bootstrap for kappa."
        tables.append(TextTable(tr("Pairs of moderators"), header, pairs, tr(words), 2))
    return tables


def _short(names: list[str]) -> dict[str, str]:
    """The names without their vendors, where that leaves them different: two of them stand in one line."""
    ends = [name.rsplit("/", 1)[-1] for name in names]
    return dict(zip(names, ends if len(set(ends)) == len(ends) else names, strict=True))


def _share(rate: Rate) -> tuple[str, str]:
    if rate.value is None or rate.interval is None:
        return "–", ""
    low, high = rate.interval
    return f"{100 * rate.value:.0f} %", f"{100 * low:.0f}–{100 * high:.0f}"


def _kappa(pair: Pair) -> str:
    kappa = pair.kappa
    if kappa.value is None:
        return "–"
    low_high = "" if kappa.interval is None else f" ({kappa.interval[0]:.2f}–{kappa.interval[1]:.2f})"
    return f"{kappa.value:.2f}{low_high}"
