"""What the audit is to stand on: which rate, whose labels, whose answer classes."""

from collections.abc import Iterable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QWidget

from orbench_studio.domain.audit.refusal_rates import FINAL, PEOPLE, AuditOptions, Group, Labels
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.flow_layout import FlowLayout
from orbench_studio.gui.common.widgets import label

_LONGEST = 36  # letters of a name in a list
_SHOWN = {
    Group.SAFE: "Over-refusal",
    Group.TOXIC: "Toxic acceptance",
    Group.OTHER: "Refusals of other prompts",
}
_LABELS = {
    Labels.FINAL: "People's, else moderators'",
    Labels.CONSENSUS: "Moderators' alone",
    Labels.HUMAN: "People's alone",
}
_ANSWERS = {FINAL: "People's, else the best judge's", PEOPLE: "People's alone"}


class OptionsBar(QWidget):
    """One line of lists to choose from; tells when a options is another one."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._shown, self._labels, self._answers = QComboBox(), QComboBox(), QComboBox()
        self._assume = QCheckBox()
        self._build_ui()
        for box in (self._shown, self._labels, self._answers):
            box.currentIndexChanged.connect(lambda _: self.changed.emit())
        self._assume.toggled.connect(lambda _: self.changed.emit())

    @property
    def value(self) -> AuditOptions:
        """What is chosen."""
        return AuditOptions(Labels(self._labels.currentData()), self._answers.currentData(), self._assume.isChecked())

    @property
    def group(self) -> Group:
        """The prompts that are looked at."""
        return Group(self._shown.currentData())

    def offer(self, judges: Iterable[str], unlabelled: int) -> None:
        """Offer the judges there are; and to take prompts without a label as safe, where there are any."""
        wanted = {**_ANSWERS, **{name: name for name in judges}}
        if [self._answers.itemData(at) for at in range(self._answers.count())] != list(wanted):
            chosen = self._answers.currentData()
            self._answers.blockSignals(True)
            self._answers.clear()
            for name, words in wanted.items():
                self._answers.addItem(tr(words) if name in _ANSWERS else short(words), name)
            self._answers.setCurrentIndex(max(self._answers.findData(chosen), 0))
            self._answers.blockSignals(False)
        self._assume.setText(f"{tr('Take prompts without a label as safe')} ({unlabelled:,})")
        self._assume.setVisible(bool(unlabelled))

    def begin(self) -> None:
        """Another workspace: what was chosen in the last one is chosen no more."""
        self.blockSignals(True)
        for box in (self._shown, self._labels, self._answers):
            box.setCurrentIndex(0)
        self._assume.setChecked(False)
        self.blockSignals(False)

    def _build_ui(self) -> None:
        flow = FlowLayout(self, spacing=12)
        for words, box, values in (
            ("Show", self._shown, _SHOWN),
            ("Labels", self._labels, _LABELS),
            ("Answer classes", self._answers, _ANSWERS),
        ):
            for value, message in values.items():
                box.addItem(tr(message), value)
            flow.addWidget(named(tr(words), box))
        self._assume.setMinimumHeight(self._labels.sizeHint().height())
        self._assume.setToolTip(
            tr("OR-Bench-Hard-1K is meant as safe prompts, but its file has no labels. Nothing is written down.")
        )
        flow.addWidget(self._assume)


def named(words: str, box: QComboBox) -> QWidget:
    """A list with its name before it, as wide as what it holds."""
    box.setAccessibleName(words)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    pair = QWidget()
    row = QHBoxLayout(pair)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    row.addWidget(label(words, "meta"))
    row.addWidget(box)
    return pair


def short(name: str) -> str:
    """A name on one line that a list has room for."""
    line = " ".join(name.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
