"""Panes of the audit that are computed when shown: agreement, and moderators with suspected label errors."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QPushButton, QScrollArea, QVBoxLayout, QWidget

from orbench_studio.domain.audit.reliability import Suspects
from orbench_studio.domain.core.rates import percent
from orbench_studio.domain.review.queue import Field, QueueFilter, Term
from orbench_studio.errors import CancelledError
from orbench_studio.gui.common import text_table
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.layouts import Stretch, column_layout
from orbench_studio.gui.common.live_table import Column, Table
from orbench_studio.gui.common.text_table import note, table_of
from orbench_studio.gui.common.widgets import if_alive, show_status
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.audit.audit_counts import AuditCounts
    from orbench_studio.services.workspace.workspace import Workspace

_NO_LABELS = "There are no human labels yet. Label prompts on the Review page (Ctrl+1), or import labels."
_NO_VOTES = "There are no moderator votes yet. Import votes (Ctrl+I)."
_REVIEW = "Review the {count} labels that are most likely wrong (about {expected} of them are expected to be wrong)"
_NONE_WRONG = (
    "By the statistical model, fewer than one label is wrong among the {count} below: a review is not needed. "
    "Double-click a prompt to check it."
)
_SUSPECTS = (
    Column("Prompt", 70, number=True),
    Column("Category", 100),
    Column("Machine label", 120),
    Column("P(wrong)", 110, number=True),
    Column("Refused by", 220, 1),
)
_NAMED_MODELS = 5  # in a table cell


class ComputedPane(QWidget):
    """Text tables computed from audit counts in the background, once for each version of the counts."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._computed: AuditCounts | None = None
        self._running = False
        self._wanted: AuditCounts | None = None
        self.tables: list[text_table.TextTable] = []
        self.status = note("")
        self.area = QScrollArea()
        self.column = QVBoxLayout(self)
        self._build_ui()

    def show_counts(self, counts: AuditCounts) -> None:
        """Show the tables of these counts, and compute them if needed."""
        self._wanted = counts
        workspace = self._session.workspace
        if self._running or counts is self._computed or workspace is None:
            return
        self._running = True
        show_status(self.status, tr("Computing …"))

        def done(answer: tuple[str, list[text_table.TextTable], Any]) -> None:
            self._running = False
            if self._session.workspace is workspace:
                self._computed = counts
                self.show_found(*answer)
                if self._wanted is not None:
                    self.show_counts(self._wanted)

        def failed(error: Exception) -> None:
            self._running = False
            show_status(self.status, str(error), "error")

        work = partial(self.compute, workspace, counts)
        self._session.background.run(work, if_alive(self, done), if_alive(self, failed), show_errors=False)

    def compute(self, workspace: Workspace, counts: AuditCounts) -> tuple[str, list[text_table.TextTable], Any]:
        """Return a message, the tables and further results; runs on another thread."""
        raise NotImplementedError

    def show_found(self, message: str, tables: Sequence[text_table.TextTable], _more: Any) -> None:
        self.tables = list(tables)
        show_status(self.status, message)
        page = QWidget()
        page.setObjectName("page")
        column_layout(page, *(table_of(table) for table in tables), Stretch(), margins=(40, 8, 40, 16), spacing=24)
        self.area.setWidget(page)

    def clear(self) -> None:
        """Clear all results when the workspace changes."""
        self._computed = self._wanted = None
        self.show_found("", (), None)

    def _build_ui(self) -> None:
        self.status.setContentsMargins(40, 0, 40, 0)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setWidgetResizable(True)
        self.area.setAccessibleName(tr("Results"))
        self.column.setContentsMargins(0, 12, 0, 0)
        self.column.setSpacing(8)
        self.column.addWidget(self.status)
        self.column.addWidget(self.area, 1)


class AgreementPane(ComputedPane):
    """Agreement of machines with human labels, and between annotators."""

    def compute(self, workspace: Workspace, counts: AuditCounts) -> tuple[str, list[text_table.TextTable], Any]:
        from orbench_studio.gui.audit.agreement_tables import agreement_tables
        from orbench_studio.services.audit.human_agreement import human_agreement

        found = human_agreement(workspace)
        if not found.labels and not found.answers:
            return found.hidden or tr(_NO_LABELS), [], None
        message = tr("Human labels of prompts: {prompts}; of responses: {responses}.")
        message = message.format(prompts=f"{found.labels:,}", responses=f"{found.answers:,}")
        return " ".join(filter(None, (message, found.hidden, found.method))), agreement_tables(found), None


class ModeratorsPane(ComputedPane):
    """Reliability of moderators, and the labels most likely wrong with a button to review them."""

    review_wanted = Signal(QueueFilter)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.suspects: Suspects | None = None
        self.list = Table(tr("Labels most likely wrong"), _SUSPECTS)
        self.review, self.none_wrong = QPushButton(), note("")
        self.list.opened.connect(lambda key, _column: self.review_wanted.emit(_prompt(key)))
        self.review.clicked.connect(self._review)
        self.label_errors = QWidget()
        column_layout(
            self.label_errors,
            (self.review, Qt.AlignmentFlag.AlignLeft),
            self.none_wrong,
            (self.list, 1),
            margins=(40, 0, 40, 0),
            spacing=8,
        )
        self.column.insertWidget(1, self.label_errors, 1)
        self.label_errors.hide()

    def compute(self, workspace: Workspace, counts: AuditCounts) -> tuple[str, list[text_table.TextTable], Any]:
        from orbench_studio.gui.audit.agreement_tables import reliability_tables
        from orbench_studio.services.audit.rater_reliability import has_moderator_votes, reliability, suspects

        if not has_moderator_votes(workspace):
            return tr(_NO_VOTES), [], None
        found = reliability(workspace, counts, on_draw=partial(self._require_open, workspace))
        wrong = suspects(counts, found)
        return found.method, reliability_tables(found, wrong), wrong

    def show_found(self, message: str, tables: Sequence[text_table.TextTable], more: Suspects | None) -> None:
        super().show_found(message, tables, more)
        self.suspects = more
        found = more.found if more is not None else ()
        if more is not None:
            count, expected = f"{len(found):,}", round(more.expected_wrong)
            self.review.setText(tr(_REVIEW).format(count=count, expected=f"{expected:,}"))
            self.none_wrong.setText(tr(_NONE_WRONG).format(count=count))
            self.review.setVisible(more.needs_review)
            self.none_wrong.setVisible(not more.needs_review)
        rows = [
            (f"{one.prompt_id}", one.category, str(one.label), percent(one.p_wrong, tenths=True), _few(one.refused_by))
            for one in found
        ]
        self.list.show_rows([one.prompt_id for one in found], rows)
        self.label_errors.setVisible(bool(found))

    def _require_open(self, workspace: Workspace) -> None:
        """End the computation, on its thread, once its workspace was left or the window closed."""
        if self._session.workspace is not workspace:
            raise CancelledError(tr("The computation was cancelled."))

    def _review(self) -> None:
        if self.suspects is not None:
            # Imported on first use: it imports scipy.
            from orbench_studio.services.audit.rater_reliability import queue_of_suspects

            self.review_wanted.emit(queue_of_suspects(self.suspects))


def _prompt(key: object) -> QueueFilter:
    return QueueFilter((Term(Field.ID, (str(key),)),))


def _few(models: Sequence[str]) -> str:
    return ", ".join(models[:_NAMED_MODELS]) + (
        f" +{len(models) - _NAMED_MODELS}" if len(models) > _NAMED_MODELS else ""
    )
