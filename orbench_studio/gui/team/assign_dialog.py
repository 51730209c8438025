"""Dialog that assigns prompts to one annotator of a team queue."""

from collections.abc import Mapping, Sequence

from PySide6.QtWidgets import QPushButton, QWidget

from orbench_studio.domain.core.changes import Changes
from orbench_studio.domain.team.queue import QueueState, TeamQueue
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.fields import ComboBox
from orbench_studio.gui.common.widgets import if_alive, show_status
from orbench_studio.gui.team.change_dialog import ChangeDialog
from orbench_studio.gui.workspace.session import Session
from orbench_studio.services.team import team_queues
from orbench_studio.services.workspace.workspace import Workspace


class AssignDialog(ChangeDialog):
    """Assigns the chosen prompts, or releases them."""

    def __init__(self, parent: QWidget, session: Session, scopes: Mapping[str, Sequence[int]]) -> None:
        about = tr("Assigned prompts come first in the annotator's queue and do not expire. Release undoes this.")
        super().__init__(parent, tr("Assign prompts"), session, about)
        self._scopes = scopes
        self._queues: list[TeamQueue] = []
        self._people: list[str] = []
        self.prompts, self.queue, self.annotator = ComboBox(), ComboBox(), ComboBox()
        self.assign, self.release = QPushButton(tr("Assign")), QPushButton(tr("Release"))
        self._build_ui()
        self.queue.currentIndexChanged.connect(lambda _: self._offer())
        self.assign.clicked.connect(lambda: self._assign(release=False))
        self.release.clicked.connect(lambda: self._assign(release=True))

        def work(workspace: Workspace) -> tuple[list[TeamQueue], list[str]]:
            return [one.queue for one in team_queues.queues(workspace)], team_queues.names(workspace)

        session.run(work, if_alive(self, lambda found: self._show(*found)))

    def _show(self, queues: list[TeamQueue], people: list[str]) -> None:
        self._queues = [queue for queue in queues if queue.state is not QueueState.ENDED]
        self._people = people
        self.queue.addItems([queue.name for queue in self._queues])
        if not self._queues:
            self.status.setText(tr("There is no open team queue. Make one on the Team page first."))
        for button in (self.assign, self.release):
            button.setEnabled(bool(self._queues))

    def _offer(self) -> None:
        """Offer the annotators of the queue, or everybody who is known if it is for everybody."""
        members = [member.annotator for member in self._queues[self.queue.currentIndex()].members]
        self.annotator.clear()
        self.annotator.addItems(members or self._people)

    def _assign(self, *, release: bool) -> None:
        ids = [*self._scopes.values()][self.prompts.currentIndex()]
        by = self._session.annotator
        name, who = self.queue.currentText(), self.annotator.currentText().strip()
        if not who:
            show_status(self.status, tr("Name the annotator."), "error")
            return

        def work(workspace: Workspace) -> Changes:
            if release:
                return team_queues.unassign(workspace, name, ids, of=who, by=by)
            return team_queues.assign(workspace, name, ids, to=who, by=by)

        self.run(work)

    def _build_ui(self) -> None:
        self.prompts.addItems([*self._scopes])
        self.annotator.setEditable(True)
        self.assign.setProperty("role", "primary")
        fields = (("Prompts", self.prompts), ("Team queue", self.queue), ("Annotator", self.annotator))
        self.lay_out(fields, self.release, self.assign, size=(520, 230))
        for button in self.findChildren(QPushButton):
            button.setAutoDefault(button is self.assign)  # else Return in a field presses the first one
        self.assign.setDefault(True)
