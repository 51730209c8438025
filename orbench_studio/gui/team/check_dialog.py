"""Dialog that approves an annotator's decisions, or sends prompts back to them with a reason."""

from collections.abc import Mapping, Sequence

from PySide6.QtWidgets import QPlainTextEdit, QPushButton, QWidget

from orbench_studio.domain.core.changes import Changes
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.fields import ComboBox
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import if_alive, permit, show_status
from orbench_studio.gui.team.change_dialog import ChangeDialog
from orbench_studio.gui.workspace.session import Session
from orbench_studio.services.team import adjudication, approval, team_queues
from orbench_studio.services.workspace.workspace import Workspace

_ADJUDICATORS_ONLY = "Only adjudicators and the owner of this workspace can approve decisions or send them back."
_REASON_HEIGHT = 72  # pixels


class CheckDialog(ChangeDialog):
    """Approves the chosen prompts, or returns them."""

    def __init__(self, parent: QWidget, session: Session, scopes: Mapping[str, Sequence[int]], person: str) -> None:
        super().__init__(parent, tr("Approve or send back"), session)
        self._scopes = scopes
        self.prompts, self.annotator, self.reason = ComboBox(), ComboBox(), QPlainTextEdit()
        self.approve, self.send_back = QPushButton(tr("Approve")), QPushButton(tr("Send back"))
        self._build_ui()
        self.approve.clicked.connect(lambda: self._check(back=False))
        self.send_back.clicked.connect(lambda: self._check(back=True))

        def work(workspace: Workspace) -> tuple[list[str], bool]:
            return team_queues.names(workspace), adjudication.is_permitted(workspace)

        session.run(work, if_alive(self, lambda found: self._offer(found[0], person, is_permitted=found[1])))

    def _offer(self, names: list[str], person: str, *, is_permitted: bool) -> None:
        for button in (self.approve, self.send_back):
            permit(button, permitted=is_permitted, who=tr(_ADJUDICATORS_ONLY))
        show_status(self.status, "" if is_permitted else tr(_ADJUDICATORS_ONLY), "error")
        self.annotator.addItems([name for name in names if name != self._session.annotator])
        self.annotator.setCurrentText(person)

    def _check(self, *, back: bool) -> None:
        ids = [*self._scopes.values()][self.prompts.currentIndex()]
        of, reason, annotator = self.annotator.currentText(), self.reason.toPlainText(), self._session.annotator

        def work(workspace: Workspace) -> Changes:
            if back:
                return approval.send_back(workspace, ids, reason, of=of, annotator=annotator)
            return approval.approve(workspace, ids, of=of, annotator=annotator)

        self.run(work)

    def _build_ui(self) -> None:
        self.prompts.addItems([*self._scopes])
        self.reason.setObjectName("input")
        self.reason.setTabChangesFocus(True)
        self.reason.setFixedHeight(px(_REASON_HEIGHT))
        self.reason.setPlaceholderText(tr("Needed to send prompts back"))
        fields = (("Prompts", self.prompts), ("Decisions of", self.annotator), ("Reason", self.reason))
        self.lay_out(fields, self.send_back, self.approve, size=(520, 270))
