"""Automatic training of the local judge on the reviewer's decisions, whenever the reviewer pauses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.gui.judging.judge_run import JudgeRun
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.judging.trainings import TrainingState

PAUSE = 2_000  # milliseconds without a decision
_MIN_CHANGES = 10  # new or undone decisions since the last training
_MIN_CHANGED_PART = 10  # with many decisions: a tenth of them


class AutoTraining(QObject):
    """Compares the active decisions with those of the last training, so that undone ones are unlearned too.

    Opening a workspace trains only if the stored judge lacks as many decisions, or if a training was interrupted.
    """

    def __init__(self, session: Session, judging: JudgeRun, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._judging = judging
        self.learned: frozenset[int] | None = None  # None until it is read from the workspace
        self._pause = QTimer(self, singleShot=True, interval=PAUSE)
        self._pause.timeout.connect(self._check)
        session.opened.connect(self._opened)
        session.closed.connect(self._pause.stop)
        session.operations.changed.connect(self._changed)

    def _opened(self) -> None:
        self.learned = None
        self._pause.start()

    def _changed(self, changes: Changes) -> None:
        if Kind.ANNOTATIONS in changes.kinds and self._session.workspace is not None:
            self._pause.start()

    def _check(self) -> None:
        workspace = self._session.workspace
        if workspace is None or not workspace.is_owner or not self._session.settings.learns:
            return  # on a server, reviewers may decide but not write judgements
        if self._judging.busy:
            self._pause.start()
            return

        def work() -> TrainingState:
            from orbench_studio.services.judging import trainings

            return trainings.state(workspace)

        def compare(state: TrainingState) -> None:
            if self._session.workspace is workspace and not self._judging.busy:
                self._train_if_changed(state)

        self._session.operations.run(work, compare)

    def _train_if_changed(self, state: TrainingState) -> None:
        learned = state.learned if self.learned is None else self.learned
        due = len(state.decisions ^ learned) >= max(_MIN_CHANGES, len(learned) // _MIN_CHANGED_PART)
        resumes = self.learned is None and state.interrupted
        self.learned = learned
        if due or resumes:
            self.learned = state.decisions
            self._judging.train_quietly()
