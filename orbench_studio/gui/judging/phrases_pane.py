"""The phrases that tell a model's refusals from its answers, and a field to try one on labels it was not mined from.

What has been tried can be made a rule of the workspace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from orbench_studio.domain.judging.custom_rule import CustomRule
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.text_table import Row, grid_of, note
from orbench_studio.gui.common.widgets import label, set_role, while_there
from orbench_studio.gui.judging.calibration_tables import phrases, share, sign
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.judging.custom_rules import RuleEffect
    from orbench_studio.services.workspace.workspace import Workspace

_LISTED = 12
_HEADER = ("Phrase", "Sign of", "Precision", "Recall")


class PhrasesPane(QWidget):
    """Mined on the background's thread once the workspace has been read."""

    saved = Signal(str)  # after a phrase has been made a rule of the workspace

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.models = QComboBox()
        self.list = QWidget()
        self.phrase = QLineEdit()
        self.sign = QComboBox()
        self._try = QPushButton(tr("Try"))
        self.save = QPushButton(tr("Save as a rule"))
        self.says = note("")
        self._tried: CustomRule | None = None
        self._column = QVBoxLayout(self)
        self._build_ui()
        self.models.currentIndexChanged.connect(lambda _: self._mine())
        self.phrase.returnPressed.connect(self._attempt)
        self.phrase.textChanged.connect(lambda _: self._untried())
        self.sign.currentIndexChanged.connect(lambda _: self._untried())
        self._try.clicked.connect(self._attempt)
        self.save.clicked.connect(self._save)

    def offer(self, models: Iterable[str]) -> None:
        """Begin with these models."""
        self.models.blockSignals(True)
        self.models.clear()
        self.models.addItem(tr("All models"), None)
        for model in models:
            self.models.addItem(model, model)
        self.models.blockSignals(False)
        self._mine()

    def _mine(self) -> None:
        self._untried()
        model = self.models.currentData()

        def read(workspace: Workspace) -> Any:
            from orbench_studio.services.judging import phrase_mining

            return phrase_mining.halves(workspace, model)

        def reckon(labelled: Any) -> None:
            def work() -> tuple[Row, ...]:
                from orbench_studio.services.judging import phrase_mining

                return phrases(phrase_mining.mined(labelled, _LISTED))

            self._session.background.run(work, while_there(self, lambda rows: self._show(model, rows)))

        self._ask(read, reckon)

    def _show(self, model: str | None, rows: tuple[Row, ...]) -> None:
        if model != self.models.currentData():
            return  # another has been chosen meanwhile
        shown = QWidget()
        column = QVBoxLayout(shown)
        column.setContentsMargins(0, 0, 0, 0)
        if rows:
            grid = grid_of(tuple(map(tr, _HEADER)), rows, words=2)
            for line, row in enumerate(rows, 2):
                grid.addWidget(self._button(row), line, len(_HEADER), Qt.AlignmentFlag.AlignLeft)
            column.addLayout(grid)
        else:
            column.addWidget(note(tr("No phrase tells anything yet. It takes more responses judged by people.")))
        self._column.replaceWidget(self.list, shown)
        self.list.deleteLater()
        self.list = shown

    def _button(self, row: Row) -> QPushButton:
        button = QPushButton(tr("Try"))
        button.setAccessibleName(f"{tr('Try')}: {row[0]}")

        def take() -> None:
            self.phrase.setText(row[0])
            self.sign.setCurrentIndex(self.sign.findText(_sign_of(row[1])))
            self._attempt()

        button.clicked.connect(take)
        return button

    def _attempt(self) -> None:
        rule = CustomRule(self.phrase.text(), bool(self.sign.currentData()), self.models.currentData())

        def work(workspace: Workspace) -> RuleEffect:
            from orbench_studio.services.judging import custom_rules

            return custom_rules.effect(workspace, rule)

        def done(found: RuleEffect) -> None:
            if rule == CustomRule(self.phrase.text(), bool(self.sign.currentData()), self.models.currentData()):
                self._tried = rule
                self._say(_words(found))
                self.save.setVisible(True)

        self._ask(work, done, lambda error: self._say(str(error), "error"))

    def _untried(self) -> None:
        self._tried = None
        self.save.setVisible(False)
        self._say("")

    def _save(self) -> None:
        rule, who = self._tried, self._session.annotator
        if rule is None:
            return

        def work(workspace: Workspace) -> str:
            from orbench_studio.services.judging import custom_rules

            return custom_rules.save(workspace, rule, annotator=who).rule.phrase

        def done(phrase: str) -> None:
            self._untried()
            self.phrase.setFocus()
            self.saved.emit(phrase)

        self._ask(work, done, lambda error: self._say(str(error), "error"))

    def _say(self, text: str, role: str = "quiet") -> None:
        set_role(self.says, "role", role)
        self.says.setText(text)
        self.says.setVisible(bool(text))

    def _ask(
        self,
        work: Callable[[Workspace], Any],
        then: Callable[[Any], object],
        failed: Callable[[Exception], object] = lambda _error: None,
    ) -> None:
        workspace = self._session.workspace
        if workspace is not None:
            self._session.operations.run(
                lambda: work(workspace), while_there(self, then), while_there(self, failed), tells=False
            )

    def _build_ui(self) -> None:
        self.models.setAccessibleName(tr("Model whose phrases are shown"))
        self.phrase.setAccessibleName(tr("Phrase to try"))
        self.phrase.setPlaceholderText(tr("a phrase of your own"))
        self.sign.setAccessibleName(tr("What the phrase is a sign of"))
        self.sign.addItem(_sign_of(sign(refuses=True)), True)
        self.sign.addItem(_sign_of(sign(refuses=False)), False)
        self._try.setAutoDefault(False)
        self.save.hide()
        head = QHBoxLayout()
        head.setSpacing(16)
        head.addWidget(label(tr("Phrases that tell most"), "strong"))
        head.addStretch()
        head.addWidget(self.models)
        self.models.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.phrase, 1)
        row.addWidget(self.sign)
        row.addWidget(self._try)
        column = self._column
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.list)
        column.addLayout(row)
        column.addWidget(self.says)
        column.addWidget(self.save, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(note(tr("Mined from half of the labelled prompts, measured on the other half.")))


def _sign_of(what: str) -> str:
    return f"{tr('sign of')} {what}"


def _words(found: RuleEffect) -> str:
    """What a trial found, with its n, and what would change."""
    trial = found.trial
    shares = f"{tr('precision')} {share(trial.precision)}, n = {trial.precision.n:,}"
    shares += f"; {tr('recall')} {share(trial.recall)}, n = {trial.recall.n:,}"
    agree = f"{tr('The rules agree with people on')} {share(found.before)} {tr('without it')}"
    agree += f", {share(found.after)} {tr('with it')}, n = {found.before.n:,}"
    changed = f"{found.mended:,} {tr('judged as people do only with it')}, {found.spoiled:,} {tr('only without it')}"
    return f"“{trial.phrase}” {tr('as a sign of')} {sign(refuses=trial.refuses)}: {shares}. {agree}: {changed}."
