"""Options bar of the audit: rate, source of labels, source of answer classes."""

from collections.abc import Iterable, Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QToolButton, QWidget

from orbench_studio.domain.audit.refusal_rates import FINAL, PEOPLE, AuditOptions, Group, Labels
from orbench_studio.domain.core.amounts import excerpt
from orbench_studio.domain.core.judgement import Refusals
from orbench_studio.gui.common.actions import plural, tr
from orbench_studio.gui.common.fields import ComboBox
from orbench_studio.gui.common.flow_layout import FlowLayout
from orbench_studio.gui.common.layouts import row_layout
from orbench_studio.gui.common.widgets import label
from orbench_studio.gui.workspace.session import Session

MAX_NAME = 36  # characters of a judge or sample in a list
_RATES = {
    Group.SAFE: "Over-refusal",
    Group.TOXIC: "Toxic acceptance",
    Group.OTHER: "Refusals of neither safe nor toxic prompts",
}
_LABELS = {
    Labels.FINAL: "Human, else consensus",
    Labels.PUBLISHED: "As published (source file)",
    Labels.CONSENSUS: "Consensus only",
    Labels.HUMAN: "Human only",
}
REFUSALS = {
    Refusals.ALL: "All refusals",
    Refusals.WORDS_AND_STOP: "In words, by stop reason",
    Refusals.WORDS: "In words only",
}
_ANSWERS = {FINAL: "Human, else judges", PEOPLE: "Human only"}
_PROMPTS = {"": "All"}


class OptionsBar(QWidget):
    """Lists of options; signals each change. The choice of refusals is a setting of the user."""

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._rate, self._refusals = ComboBox(), ComboBox()
        self._labels, self._answers, self._prompts = ComboBox(), ComboBox(), ComboBox()
        self._assume = QCheckBox()
        self.opener = QToolButton()  # shows and hides the options on a low page
        self._fields: list[QWidget] = []
        self._unlabelled, self._is_low = 0, False
        self._build_ui()
        self._refusals.setCurrentIndex(self._refusals.findData(session.settings.refusals))
        self._refusals.currentIndexChanged.connect(self._remember)
        for box in (self._rate, self._refusals, self._labels, self._answers, self._prompts):
            box.currentIndexChanged.connect(lambda _: self.changed.emit())
        self._assume.toggled.connect(lambda _: self.changed.emit())

    @property
    def value(self) -> AuditOptions:
        return AuditOptions(
            Labels(self._labels.currentData()),
            self._answers.currentData(),
            self._assume.isChecked(),
            refusals=Refusals(self._refusals.currentData()),
        )

    @property
    def group(self) -> Group:
        return Group(self._rate.currentData())

    @property
    def subset(self) -> str:
        """Return the name of the selected subset; empty for all prompts."""
        return str(self._prompts.currentData())

    def set_choices(self, judges: Iterable[str], subsets: Iterable[str], unlabelled: int) -> None:
        """Set the judges and subsets to choose from, and the number of prompts without a label."""
        _offer(self._answers, _ANSWERS, judges)
        _offer(self._prompts, _PROMPTS, subsets)
        one, many = "Count 1 prompt without a label as safe", "Count {count} prompts without a label as safe"
        self._assume.setText(plural(unlabelled, one, many))
        self._unlabelled = unlabelled
        self._fold()

    def fold(self, *, is_low: bool) -> None:
        """On a low page, show the options only while the opener is checked."""
        self._is_low = is_low
        self._fold()

    def _fold(self) -> None:
        is_open = self.opener.isChecked()
        opener = tr("▾  Options: {rate}") if is_open else tr("▸  Options: {rate}")
        self.opener.setText(opener.format(rate=self._rate.currentText()))
        self.opener.setVisible(self._is_low)
        for field in self._fields:
            field.setVisible(is_open or not self._is_low)
        self._assume.setVisible(bool(self._unlabelled) and (is_open or not self._is_low))

    def set_labels(self, labels: Labels, *, assume_safe: bool) -> None:
        """Select a source of labels, and whether prompts without a label count as safe; signals one change."""
        self.blockSignals(True)
        self._labels.setCurrentIndex(self._labels.findData(labels))
        self._assume.setChecked(assume_safe)
        self.blockSignals(False)
        self.changed.emit()

    def reset(self) -> None:
        self.blockSignals(True)
        for box in (self._rate, self._labels, self._answers, self._prompts):
            box.setCurrentIndex(0)
        self._assume.setChecked(False)
        self.blockSignals(False)

    def _remember(self) -> None:
        self._session.settings.refusals = self._refusals.currentData()
        self._session.save_settings()

    def _build_ui(self) -> None:
        self.opener.setCheckable(True)
        self.opener.setProperty("role", "opener")
        self.opener.toggled.connect(self._fold)
        flow = FlowLayout(self, spacing=12)
        for title, box, values, tip in (
            (
                "Rate",
                self._rate,
                _RATES,
                "Over-refusal: safe prompts refused. Toxic acceptance: toxic prompts with a direct answer.",
            ),
            ("Refusals", self._refusals, REFUSALS, "Which refusals count: in words, by stop reason, by a filter"),
            ("Labels", self._labels, _LABELS, "Whose labels decide whether a prompt is safe or toxic"),
            ("Answer classes", self._answers, _ANSWERS, "Who decides whether a response is an answer or a refusal"),
            ("Prompts", self._prompts, _PROMPTS, "All prompts, or those of a saved subset"),
        ):
            box.setToolTip(tr(tip))
            for value, message in values.items():
                box.addItem(tr(message), value)
            self._fields.append(with_label(tr(title), box))
            flow.addWidget(self._fields[-1])
        self._assume.setToolTip(
            tr("For files such as OR-Bench-Hard-1K, whose prompts are safe but have no label. No label is stored.")
        )
        flow.addWidget(self._assume)


def _offer(box: QComboBox, first: Mapping[str, str], names: Iterable[str]) -> None:
    """Offer names after the first items, and keep the selected one."""
    wanted = {**first, **{name: name for name in names}}
    if [box.itemData(at) for at in range(box.count())] == list(wanted):
        return
    chosen = box.currentData()
    box.blockSignals(True)
    box.clear()
    for name, text in wanted.items():
        box.addItem(tr(text) if name in first else excerpt(text, MAX_NAME), name)
    box.setCurrentIndex(max(box.findData(chosen), 0))
    box.blockSignals(False)


def with_label(text: str, box: QComboBox) -> QWidget:
    """Return a list with a label before it, as wide as its items."""
    box.setAccessibleName(text)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
    pair = QWidget()
    row_layout(pair, label(text, "meta"), box, spacing=8)
    return pair
