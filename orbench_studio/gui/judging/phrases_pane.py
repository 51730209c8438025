"""Mined phrases of a model, and a field to test a phrase on held-out labels and save it as a custom rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QPushButton, QSizePolicy, QWidget

from orbench_studio.domain.judging.custom_rule import CustomRule
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.fields import ComboBox
from orbench_studio.gui.common.layouts import Stretch, column_layout, row_layout
from orbench_studio.gui.common.text_table import Row, grid_of, note, translated
from orbench_studio.gui.common.widgets import if_alive, label, show_status
from orbench_studio.gui.judging.calibration_tables import indicates, phrase_rows
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.judging.custom_rules import RuleEffect
    from orbench_studio.services.workspace.workspace import Workspace

_LISTED = 12
_HEADER = ("Phrase", "Indicates", "Precision", "Recall")


class PhrasesPane(QWidget):
    """Phrases are mined in the background thread, after the labels have been read."""

    saved = Signal(str)  # the phrase that was saved as a rule

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.models = ComboBox()
        self.list = QWidget()
        self.phrase = QLineEdit()
        self.indicated = ComboBox()
        self._test = QPushButton(tr("Test"))
        self.save = QPushButton(tr("Save as rule"))
        self.status = note("")
        self._tested: CustomRule | None = None
        self._build_ui()
        self.models.currentIndexChanged.connect(lambda _: self._mine())
        self.phrase.returnPressed.connect(self._run_test)
        self.phrase.textChanged.connect(lambda _: self._clear_test())
        self.indicated.currentIndexChanged.connect(lambda _: self._clear_test())
        self._test.clicked.connect(self._run_test)
        self.save.clicked.connect(self._save)

    def set_models(self, models: Iterable[str]) -> None:
        self.models.blockSignals(True)
        self.models.clear()
        self.models.addItem(tr("All models"), None)
        for model in models:
            self.models.addItem(model, model)
        self.models.blockSignals(False)
        self._mine()

    def _mine(self) -> None:
        self._clear_test()
        model = self.models.currentData()

        def read(workspace: Workspace) -> Any:
            from orbench_studio.services.judging import phrase_mining

            return phrase_mining.halves(workspace, model)

        def compute(labelled: Any) -> None:
            def work() -> tuple[Row, ...]:
                from orbench_studio.services.judging import phrase_mining

                return phrase_rows(phrase_mining.mine_halves(labelled, _LISTED))

            self._session.background.run(work, if_alive(self, lambda rows: self._show(model, rows)))

        self._run(read, compute)

    def _show(self, model: str | None, rows: tuple[Row, ...]) -> None:
        if model != self.models.currentData():
            return  # another model was chosen in the meantime
        shown = QWidget()
        column = column_layout(shown)
        if rows:
            grid = grid_of(translated(_HEADER), rows, words=2)
            for line, row in enumerate(rows, 2):
                grid.addWidget(self._button(row), line, len(_HEADER), Qt.AlignmentFlag.AlignLeft)
            column.addLayout(grid)
        else:
            column.addWidget(note(tr("No indicative phrases found. Classify more responses.")))
        self._column.replaceWidget(self.list, shown)
        self.list.deleteLater()
        self.list = shown

    def _button(self, row: Row) -> QPushButton:
        button = QPushButton(tr("Test"))
        button.setAccessibleName(tr("Test: {phrase}").format(phrase=row[0]))

        def test() -> None:
            self.phrase.setText(row[0])
            self.indicated.setCurrentIndex(self.indicated.findData(row[1] == indicates(refuses=True)))
            self._run_test()

        button.clicked.connect(test)
        return button

    def _run_test(self) -> None:
        rule = CustomRule(self.phrase.text(), bool(self.indicated.currentData()), self.models.currentData())

        def work(workspace: Workspace) -> RuleEffect:
            from orbench_studio.services.judging import custom_rules

            return custom_rules.effect(workspace, rule)

        def done(found: RuleEffect) -> None:
            if rule == CustomRule(self.phrase.text(), bool(self.indicated.currentData()), self.models.currentData()):
                self._tested = rule
                self._show_status(_result(found))
                self.save.setVisible(True)

        self._run(work, done, lambda error: self._show_status(str(error), "error"))

    def _clear_test(self) -> None:
        self._tested = None
        self.save.setVisible(False)
        self._show_status("")

    def _save(self) -> None:
        rule, annotator = self._tested, self._session.annotator
        if rule is None:
            return

        def work(workspace: Workspace) -> str:
            from orbench_studio.services.judging import custom_rules

            return custom_rules.save(workspace, rule, annotator=annotator).rule.phrase

        def done(phrase: str) -> None:
            self._clear_test()
            if self.isVisible():
                self.phrase.setFocus()
            self.saved.emit(phrase)

        self._run(work, done, lambda error: self._show_status(str(error), "error"))

    def _show_status(self, text: str, role: str = "quiet") -> None:
        show_status(self.status, text, role)
        self.status.setVisible(bool(text))

    def _run(
        self,
        work: Callable[[Workspace], Any],
        then: Callable[[Any], object],
        failed: Callable[[Exception], object] = lambda _error: None,
    ) -> None:
        workspace = self._session.workspace
        if workspace is not None:
            self._session.operations.run(
                lambda: work(workspace), if_alive(self, then), if_alive(self, failed), show_errors=False
            )

    def _build_ui(self) -> None:
        self.models.setAccessibleName(tr("Model"))
        self.phrase.setAccessibleName(tr("Phrase"))
        self.phrase.setPlaceholderText(tr("Phrase to test"))
        self.indicated.setAccessibleName(tr("Indicates"))
        self.indicated.addItem(tr("indicates a refusal"), True)
        self.indicated.addItem(tr("indicates an answer"), False)
        self._test.setAutoDefault(False)
        self.save.hide()
        head = row_layout(None, label(tr("Most indicative phrases"), "strong"), Stretch(), self.models, spacing=16)
        self.models.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        row = row_layout(None, (self.phrase, 1), self.indicated, self._test, spacing=8)
        method = note(tr("Mined from one half of the labelled prompts. Precision and recall are of the other half."))
        save = (self.save, Qt.AlignmentFlag.AlignLeft)
        self._column = column_layout(self, head, self.list, row, self.status, save, method, spacing=8)


def _result(found: RuleEffect) -> str:
    """The result of a test, with n, and its effect on the agreement of the rules."""
    return tr(
        "“{phrase}” indicates {what}: precision {precision}; recall {recall}. "
        "Agreement of the rules with human labels: {without} without it, {with_rule} with it, n = {n}. "
        "Responses that become correct: {fixed}; wrong: {broken}."
    ).format(
        phrase=found.phrase.phrase,
        what=indicates(refuses=found.phrase.refuses),
        precision=found.phrase.precision.short_with_n,
        recall=found.phrase.recall.short_with_n,
        without=found.without.short_with_n,
        with_rule=found.with_rule.short_with_n,
        n=f"{found.without.n:,}",
        fixed=f"{found.fixed:,}",
        broken=f"{found.broken:,}",
    )
