"""Agreement of the moderators with each other, and the voting rule."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QWidget

from orbench_studio.domain.core.moderation import Count, Rule
from orbench_studio.domain.core.rates import coefficient_text
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.fields import ComboBox, count_field
from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.layouts import column_layout
from orbench_studio.gui.common.text_table import TextTable, table_of, translated
from orbench_studio.gui.common.widgets import label, set_tip
from orbench_studio.services.generation.funnel import Moderators

_COUNTS = {Count.MAJORITY: "majority", Count.UNANIMOUS: "unanimous", Count.AT_LEAST: "at least"}


class RuleField(Flow):
    """The workspace's voting rule. A change recounts all votes."""

    chosen = Signal(Rule)

    def __init__(self) -> None:
        super().__init__()
        self.count, self.least = ComboBox(), count_field(1, 99, 2)
        self.rescues = QCheckBox(tr("A response voted safe makes a toxic prompt safe"))
        for count, words in _COUNTS.items():
            self.count.addItem(tr(words), count)
        self.count.setAccessibleName(tr("Voting rule"))
        self.least.setAccessibleName(tr("Minimum votes"))
        set_tip(
            self.rescues,
            tr(
                "Moderators can also vote on the response of a model without safety training. If they call it safe, a "
                "prompt that they call toxic counts as safe. If off, their votes can only make a safe prompt toxic."
            ),
        )
        name = label(tr("Voting rule"), "quiet")
        name.setContentsMargins(0, 6, 0, 6)
        self.rescues.setContentsMargins(0, 6, 0, 6)
        for widget in (name, self.count, self.least, self.rescues):
            self.add(widget)
        self.least.hide()
        self.count.activated.connect(self._choose)
        self.least.editingFinished.connect(self._choose)
        self.rescues.clicked.connect(self._choose)

    def show_rule(self, rule: Rule) -> None:
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
    def __init__(self) -> None:
        super().__init__()
        self.found: Moderators | None = None
        self._column = column_layout(self, spacing=24)
        self._tables: list[QWidget] = []

    def show_moderators(self, found: Moderators) -> None:
        """Show the tables. Widgets are rebuilt only if the results changed."""
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
        (name, f"{found.toxic[name].n:,}", found.toxic[name].short, found.alone[name].short_with_n)
        for name in found.toxic
    )
    short = _short(list(found.toxic))
    pairs = tuple(
        (short[pair.one], short[pair.other], f"{pair.same.n:,}", pair.same.short, coefficient_text(pair.kappa))
        for pair in found.pairs
    )
    tables = []
    if each:
        header = translated(("Moderator", "Parsed votes", "Voted toxic", "Against all others"))
        note = tr(
            "Votes on all prompts of the workspace, imported ones too. Against all others: prompts on which all other "
            "moderators voted the opposite, of prompts with at least three parsed votes."
        )
        tables.append(TextTable(tr("Moderators"), header, each, note))
    if pairs:
        header = translated(("Moderator", "Other moderator", "n", "Same vote", "Kappa"))
        note = tr("On prompts with parsed votes of both. Intervals: 95 % (Wilson; Dirichlet for kappa).")
        tables.append(TextTable(tr("Agreement between moderators"), header, pairs, note, words=2))
    return tables


def _short(names: list[str]) -> dict[str, str]:
    """Shorten names to the part after the vendor, if they stay distinct: a row shows two of them."""
    ends = [name.rsplit("/", 1)[-1] for name in names]
    return dict(zip(names, ends if len(set(ends)) == len(ends) else names, strict=True))
