"""A notice that the local judge was retrained, because this changes the rates of the Audit page."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QPushButton

from orbench_studio.domain.core.amounts import counted
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import if_alive, label
from orbench_studio.gui.judging.judge_run import JudgeRun
from orbench_studio.gui.workspace.session import Session
from orbench_studio.services.judging.trainings import TrainingChanges
from orbench_studio.services.workspace.workspace import Workspace

_ONE = "The local judge was trained on {labels} at {time}: {changed} changed class, so rates may have changed."
_MANY = (
    "The local judge was trained {count} times, last on {labels} at {time}: {changed} changed class, so rates may have "
    "changed."
)
_NARROW = 960  # pixels; below this width the buttons are below the text
_OFF = "Automatic training of the local judge is off. Turn it on again in Preferences."


class TrainingNotice(QFrame):
    """Stays until the user dismisses it, also when the workspace is opened again."""

    message = Signal(str)

    def __init__(self, session: Session, judging: JudgeRun) -> None:
        super().__init__()
        self.setObjectName("panel")
        self._session = session
        self._judging = judging
        self._shown: TrainingChanges | None = None
        self.text = label("", wrap=True)
        self._halves = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self.keep, self.undo = QPushButton(tr("Keep this judge")), QPushButton(tr("Undo retraining"))
        self.dismiss = QPushButton(tr("Dismiss"))
        self._build_ui()
        self.hide()

    def refresh(self) -> None:
        """Read what the trainings since the last dismissed notice changed."""
        place, workspace = self._place(), self._session.workspace
        if workspace is None:
            self._show(None)
            return
        dismissed = self._session.settings.trainings.get(place, 0)

        def work(workspace: Workspace) -> TrainingChanges | None:
            from orbench_studio.services.judging import trainings

            return trainings.changes(workspace, dismissed)

        self._session.run(work, if_alive(self, self._show))

    def _show(self, changes: TrainingChanges | None) -> None:
        self._shown = changes
        self.setVisible(changes is not None)
        workspace = self._session.workspace
        if changes is None or workspace is None:
            return
        text = tr(_ONE if changes.trainings == 1 else _MANY).format(
            count=f"{changes.trainings:,}",
            labels=counted(changes.last.labels, "label"),
            time=f"{changes.last.started_at.astimezone():%Y-%m-%d %H:%M}",
            changed=counted(changes.changed, "response"),
        )
        self.text.setText(text)
        self.keep.setVisible(workspace.is_owner and self._session.settings.learns)
        self.undo.setVisible(workspace.is_owner and changes.added is not None)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < px(_NARROW)
        self._halves.setDirection(QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight)

    def _keep(self) -> None:
        self._switch_off()
        self._dismiss()
        self.message.emit(tr(_OFF))

    def _undo(self) -> None:
        changes = self._shown
        if changes is not None and changes.added is not None and self._judging.retrain_without(changes.added):
            self._switch_off()
            self._dismiss()

    def _switch_off(self) -> None:
        self._session.settings.learns = False
        self._session.save_settings()

    def _dismiss(self) -> None:
        if self._shown is not None:
            self._session.settings.trainings[self._place()] = self._shown.last.id
            self._session.save_settings()
        self._show(None)

    def _place(self) -> str:
        return str(self._session.workspace.place) if self._session.workspace is not None else ""

    def _build_ui(self) -> None:
        self.keep.setToolTip(tr("Turn automatic training of the local judge off, here and in all workspaces"))
        self.undo.setToolTip(
            tr("Train without the decisions since, judge again, and turn automatic training off. Decisions stay.")
        )
        self._halves.setContentsMargins(40, 8, 40, 8)
        self._halves.setSpacing(8)
        self._halves.addWidget(self.text, 1)
        self._halves.addWidget(Flow(self.keep, self.undo, self.dismiss), 1)
        self.keep.clicked.connect(self._keep)
        self.undo.clicked.connect(self._undo)
        self.dismiss.clicked.connect(self._dismiss)
