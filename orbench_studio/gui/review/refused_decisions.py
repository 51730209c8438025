"""List of offline decisions that the server did not accept, until the user removes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QDialogButtonBox, QWidget

from orbench_studio.domain.review.queue import Field, QueueFilter, Term
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.dialogs import ReportDialog
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.review.offline_queue import RefusedDecision
    from orbench_studio.services.workspace.workspace import Workspace

NOTHING = "All decisions that you made without a connection were saved."


class RefusedDecisions:
    """Opens the list, and shows the prompts or removes the decisions from the list."""

    def __init__(
        self, parent: QWidget, session: Session, say: Callable[[str], object], review: Callable[[QueueFilter], object]
    ) -> None:
        self._parent, self._session, self._say, self._review = parent, session, say, review

    def ask(self) -> None:
        def work(workspace: Workspace) -> list[RefusedDecision]:
            from orbench_studio.services.review import offline_queue

            return offline_queue.refused(workspace)

        self._session.run(work, self._show)

    def _show(self, decisions: Sequence[RefusedDecision]) -> None:
        if not decisions:
            self._say(tr(NOTHING))
            return
        explanation = tr(
            "Others decided these prompts while you were offline. Show the prompts to decide them again, or copy the "
            "list. It stays here until you remove it."
        )
        report = "\n".join(map(_line, decisions))
        dialog = ReportDialog(self._parent, tr("Decisions not saved"), explanation, report)
        show = dialog.buttons.addButton(tr("Show prompts"), QDialogButtonBox.ButtonRole.ActionRole)
        remove = dialog.buttons.addButton(tr("Remove from list"), QDialogButtonBox.ButtonRole.DestructiveRole)
        numbers = tuple(str(of) for of in sorted({one.pending.prompt_id for one in decisions}))
        show.clicked.connect(lambda: self._review(QueueFilter((Term(Field.ID, numbers),))))
        remove.clicked.connect(lambda: self._remove(decisions))
        for button in (show, remove):
            button.clicked.connect(dialog.accept)
        dialog.open()

    def _remove(self, decisions: Sequence[RefusedDecision]) -> None:
        def work(workspace: Workspace) -> None:
            from orbench_studio.services.review import offline_queue

            offline_queue.remove_refused(workspace, decisions)

        self._session.run(work, None)


def _line(one: RefusedDecision) -> str:
    """The decision, its time and its annotator, and why it was not accepted."""
    pending = one.pending
    text = tr("{decision}, {time}, {annotator}: {reason}")
    time = f"{pending.at.astimezone():%Y-%m-%d %H:%M}"
    return text.format(decision=pending.summary, time=time, annotator=pending.annotator, reason=one.reason)
