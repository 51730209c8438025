"""The phrases that tell a model's refusals from its answers, and a field to try one on labels it was not mined from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from orbench_studio.gui.actions import tr
from orbench_studio.gui.instruments.report import Row, phrases, share, sign
from orbench_studio.gui.instruments.tables import grid_of, note
from orbench_studio.gui.session import Session
from orbench_studio.gui.widgets import label, set_role, while_there

if TYPE_CHECKING:
    from orbench_studio.services.mining import Trial
    from orbench_studio.services.workspace import Workspace

_LISTED = 12
_HEADER = ("Phrase", "Sign of", "Precision", "Recall")


class PhrasesPane(QWidget):
    """Mined on the background's thread once the workspace has been read."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.models = QComboBox()
        self.list = QWidget()
        self.phrase = QLineEdit()
        self.sign = QComboBox()
        self._try = QPushButton(tr("Try"))
        self.says = note("")
        self._column = QVBoxLayout(self)
        self._build_ui()
        self.models.currentIndexChanged.connect(lambda _: self._mine())
        self.phrase.returnPressed.connect(self._attempt)
        self._try.clicked.connect(self._attempt)

    def offer(self, models: Iterable[str]) -> None:
        """Begin with these models."""
        self.models.blockSignals(True)
        self.models.clear()
        self.models.addItem(tr("All models"), None)
        for model in models:
            self.models.addItem(model, model)
        self.models.blockSignals(False)
        self._say("")
        self._mine()

    def _mine(self) -> None:
        model = self.models.currentData()

        def read(workspace: Workspace) -> Any:
            from orbench_studio.services import mining

            return mining.halves(workspace, model)

        def reckon(labelled: Any) -> None:
            def work() -> tuple[Row, ...]:
                from orbench_studio.services import mining

                return phrases(mining.mined(labelled, _LISTED))

            self._session.background.run(work, while_there(self, lambda rows: self._show(model, rows)))

        self._ask(read, reckon)

    def _show(self, model: str | None, rows: tuple[Row, ...]) -> None:
        if model != self.models.currentData():
            return  # another has been chosen meanwhile
        shown = QWidget()
        column = QVBoxLayout(shown)
        column.setContentsMargins(0, 0, 0, 0)
        if rows:
            column.addLayout(grid_of(tuple(map(tr, _HEADER)), rows, words=2))
        else:
            column.addWidget(note(tr("No phrase tells anything yet. It takes more responses judged by people.")))
        self._column.replaceWidget(self.list, shown)
        self.list.deleteLater()
        self.list = shown

    def _attempt(self) -> None:
        phrase, refuses, model = self.phrase.text(), bool(self.sign.currentData()), self.models.currentData()

        def work(workspace: Workspace) -> Trial:
            from orbench_studio.services import mining

            return mining.try_phrase(workspace, phrase, refuses=refuses, model=model)

        self._ask(work, lambda trial: self._say(_words(trial)), lambda error: self._say(str(error), "error"))

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
        self.sign.addItem(tr("sign of a refusal"), True)
        self.sign.addItem(tr("sign of an answer"), False)
        self._try.setAutoDefault(False)
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
        column.addWidget(note(tr("Mined from half of the labelled prompts, measured on the other half.")))


def _words(trial: Trial) -> str:
    """What a trial found, with its n."""
    found = f"“{trial.phrase}” {tr('as a sign of')} {sign(refuses=trial.refuses)}: "
    precision = f"{tr('precision')} {share(trial.precision)}, n = {trial.precision.n:,}"
    return f"{found}{precision}; {tr('recall')} {share(trial.recall)}, n = {trial.recall.n:,}."
