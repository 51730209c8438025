"""Dialog that assigns prompts to one annotator of a team queue."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialogButtonBox, QFormLayout, QPushButton, QWidget

from orbench_studio.domain.core.changes import Changes
from orbench_studio.domain.team.queue import QueueState, TeamQueue
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.dialogs import Dialog
from orbench_studio.gui.common.fields import ComboBox
from orbench_studio.gui.common.layouts import Stretch
from orbench_studio.gui.common.widgets import if_alive, label
from orbench_studio.gui.workspace.session import Session
from orbench_studio.services.team import team_queues
from orbench_studio.services.workspace.workspace import Workspace


class AssignDialog(Dialog):
    """Assigns the chosen prompts, or releases them. Stays open until that has succeeded."""

    message = Signal(str)  # after the prompts were assigned or released

    def __init__(self, parent: QWidget, session: Session, scopes: Mapping[str, Sequence[int]]) -> None:
        super().__init__(parent, tr("Assign prompts"))
        self._session, self._scopes = session, scopes
        self._queues: list[TeamQueue] = []
        self._people: list[str] = []
        self.prompts, self.queue, self.annotator = ComboBox(), ComboBox(), ComboBox()
        self.assign, self.release = QPushButton(tr("Assign")), QPushButton(tr("Release"))
        self.status = label(
            tr("Assigned prompts come first in the annotator's queue and do not expire. Release undoes this."),
            "quiet",
            wrap=True,
        )
        self._build_ui()
        self.queue.currentIndexChanged.connect(lambda _: self._offer())
        self.assign.clicked.connect(lambda: self._run(release=False))
        self.release.clicked.connect(lambda: self._run(release=True))

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

    def _run(self, *, release: bool) -> None:
        ids = [*self._scopes.values()][self.prompts.currentIndex()]
        by = self._session.annotator
        name, who = self.queue.currentText(), self.annotator.currentText().strip()
        if not who:
            self._show_error(tr("Name the annotator."))
            return

        def work(workspace: Workspace) -> Changes:
            if release:
                return team_queues.unassign(workspace, name, ids, of=who, by=by)
            return team_queues.assign(workspace, name, ids, to=who, by=by)

        done = if_alive(self, self._done)
        failed = if_alive(self, lambda error: self._show_error(str(error)))
        self._session.run(work, done, failed, show_errors=False)

    def _done(self, changes: Changes) -> None:
        self.message.emit(changes.message)
        self.accept()

    def _show_error(self, message: str) -> None:
        self.status.setProperty("role", "error")
        self.status.setText(message)
        self.status.style().polish(self.status)

    def _build_ui(self) -> None:
        self.prompts.addItems([*self._scopes])
        self.annotator.setEditable(True)
        self.assign.setProperty("role", "primary")
        form = QFormLayout(verticalSpacing=8)
        for name, field in (("Prompts", self.prompts), ("Team queue", self.queue), ("Annotator", self.annotator)):
            field.setAccessibleName(tr(name))
            form.addRow(tr(name), field)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        buttons.addButton(self.release, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(self.assign, QDialogButtonBox.ButtonRole.ActionRole)
        for button in buttons.findChildren(QPushButton):
            button.setAutoDefault(button is self.assign)  # else Return in a field presses the first one
        self.assign.setDefault(True)
        buttons.rejected.connect(self.reject)
        self.fill(form, self.status, Stretch(), buttons, size=(520, 230))
