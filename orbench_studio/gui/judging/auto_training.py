"""The local judge learns by itself from what reviewers override, whenever they pause."""

from PySide6.QtCore import QObject, QTimer

from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.gui.judging.judge_run import JudgeRun
from orbench_studio.gui.workspace.session import Session

PAUSE = 2_000  # milliseconds without a decision
_FEWEST = 10  # decisions given or undone since it learned last
_SHARE = 10  # with many decisions it takes a tenth of them more


class AutoTraining(QObject):
    """Compares the decisions in force with those learned from last, so that what is undone is unlearned too."""

    def __init__(self, session: Session, judging: JudgeRun, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._judging = judging
        self._learned_from: frozenset[int] = frozenset()
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE)
        self._pause.timeout.connect(self._look)
        session.opened.connect(self._opened)
        session.closed.connect(self._pause.stop)
        session.operations.changed.connect(self._changed)

    def _opened(self) -> None:
        # What was decided before the window was closed may not have been learned from: then it is now.
        self._learned_from = frozenset()
        self._pause.start()

    def _changed(self, changes: Changes) -> None:
        if Kind.ANNOTATIONS in changes.kinds and self._session.workspace is not None:
            self._pause.start()

    def _look(self) -> None:
        workspace = self._session.workspace
        if workspace is None or workspace.decides_as is not None or not self._session.settings.learns:
            return  # a server lets reviewers decide, and not judge
        if self._judging.busy:
            self._pause.start()
            return

        def work() -> frozenset[int]:
            from orbench_studio.services.judging import run_judges

            return run_judges.overrides(workspace)

        def compare(overrides: frozenset[int]) -> None:
            if self._session.workspace is workspace and not self._judging.busy:
                self._learn_from(overrides)

        self._session.operations.run(work, compare)

    def _learn_from(self, overrides: frozenset[int]) -> None:
        if len(overrides ^ self._learned_from) >= max(_FEWEST, len(self._learned_from) // _SHARE):
            self._learned_from = overrides
            self._judging.learn_quietly()
