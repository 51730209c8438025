"""Dialog that approves an annotator's decisions, or sends prompts back to them with a reason."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialogButtonBox, QFormLayout, QPlainTextEdit, QPushButton, QWidget

from orbench_studio.domain.core.changes import Changes
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.dialogs import Dialog
from orbench_studio.gui.common.fields import ComboBox
from orbench_studio.gui.common.layouts import Stretch
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import if_alive, label, permit
from orbench_studio.gui.workspace.session import Session
from orbench_studio.services.team import adjudication, approval, team_queues
from orbench_studio.services.workspace.workspace import Workspace

_ADJUDICATORS_ONLY = "Only adjudicators and the owner of this workspace can approve decisions or send them back."
_REASON_HEIGHT = 72  # pixels


class CheckDialog(Dialog):
    """Stays open until the approval or return is saved, and shows errors."""

    message = Signal(str)  # after it was saved

    def __init__(self, parent: QWidget, session: Session, scopes: Mapping[str, Sequence[int]], person: str) -> None:
        super().__init__(parent, tr("Approve or send back"))
        self._session, self._scopes = session, scopes
        self.prompts, self.annotator, self.reason = ComboBox(), ComboBox(), QPlainTextEdit()
        self.approve, self.send_back = QPushButton(tr("Approve")), QPushButton(tr("Send back"))
        self.error = label("", "error", wrap=True)
        self._build_ui()
        self.approve.clicked.connect(lambda: self._run(back=False))
        self.send_back.clicked.connect(lambda: self._run(back=True))

        def work(workspace: Workspace) -> tuple[list[str], bool]:
            return team_queues.names(workspace), adjudication.is_permitted(workspace)

        session.run(work, if_alive(self, lambda found: self._offer(found[0], person, is_permitted=found[1])))

    def _offer(self, names: list[str], person: str, *, is_permitted: bool) -> None:
        for button in (self.approve, self.send_back):
            permit(button, permitted=is_permitted, who=tr(_ADJUDICATORS_ONLY))
        self.error.setText("" if is_permitted else tr(_ADJUDICATORS_ONLY))
        self.annotator.addItems([name for name in names if name != self._session.annotator])
        self.annotator.setCurrentText(person)

    def _run(self, *, back: bool) -> None:
        ids = [*self._scopes.values()][self.prompts.currentIndex()]
        of, reason, annotator = self.annotator.currentText(), self.reason.toPlainText(), self._session.annotator

        def work(workspace: Workspace) -> Changes:
            if back:
                return approval.send_back(workspace, ids, reason, of=of, annotator=annotator)
            return approval.approve(workspace, ids, of=of, annotator=annotator)

        failed = if_alive(self, lambda error: self.error.setText(str(error)))
        self._session.run(work, if_alive(self, self._done), failed, show_errors=False)

    def _done(self, changes: Changes) -> None:
        self.message.emit(changes.message)
        self.accept()

    def _build_ui(self) -> None:
        self.prompts.addItems([*self._scopes])
        self.reason.setObjectName("input")
        self.reason.setTabChangesFocus(True)
        self.reason.setFixedHeight(px(_REASON_HEIGHT))
        self.reason.setPlaceholderText(tr("Needed to send prompts back"))
        form = QFormLayout(verticalSpacing=8)
        for name, field in (("Prompts", self.prompts), ("Decisions of", self.annotator), ("Reason", self.reason)):
            field.setAccessibleName(tr(name))
            form.addRow(tr(name), field)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        for button in (self.send_back, self.approve):
            button.setAutoDefault(False)
            buttons.addButton(button, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        self.fill(form, self.error, Stretch(), buttons, size=(520, 270))
