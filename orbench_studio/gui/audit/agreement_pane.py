"""A part of the audit that reckons when it is looked at: people against machines, moderators and their suspects."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QPushButton, QScrollArea, QVBoxLayout, QWidget

from orbench_studio.domain.audit.reliability import RaterKind
from orbench_studio.domain.review.queue import Field, QueueFilter, Term
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.live_table import Column, Table
from orbench_studio.gui.common.text_table import TextTable, note, table_of
from orbench_studio.gui.common.theme import Theme
from orbench_studio.gui.common.widgets import set_role, while_there
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.domain.audit.reliability import Suspects
    from orbench_studio.services.audit.audit_counts import AuditCounts
    from orbench_studio.services.workspace.workspace import Workspace

_NOBODY = "Nobody has decided anything here yet. Label some prompts on the review page (Ctrl+1), or import decisions."
_NO_VOTES = "No moderator has voted here, so there is nothing to say of moderators. Import their votes (Ctrl+I)."
_SUSPECTS = (
    Column("Prompt", 70, number=True),
    Column("Category", 100),
    Column("All machines say", 120),
    Column("Probably wrong", 110, number=True),
    Column("Refused by", 220, 1),
)
_FLIP = 5  # models named in a line


class ComputedPane(QWidget):
    """Shows tables of words about a ledger; reckons in the background, once for each ledger that it is shown."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._reckoned: AuditCounts | None = None
        self._running = False
        self._wanted: AuditCounts | None = None
        self.tables: list[TextTable] = []
        self.says = note("")
        self.area = QScrollArea()
        self.column = QVBoxLayout(self)
        self._build_ui()

    def ask(self, ledger: AuditCounts) -> None:
        """Reckon about a ledger, unless that is what is shown."""
        self._wanted = ledger
        workspace = self._session.workspace
        if self._running or ledger is self._reckoned or workspace is None:
            return
        self._running = True
        self._say(tr("Reckoning …"))

        def done(answer: tuple[str, list[TextTable], Any]) -> None:
            self._running = False
            if self._session.workspace is workspace:
                self._reckoned = ledger
                self.show_found(*answer)
                if self._wanted is not None:
                    self.ask(self._wanted)

        def failed(error: Exception) -> None:
            self._running = False
            self._say(str(error), "error")

        work = partial(self.reckon, workspace, ledger)
        self._session.background.run(work, while_there(self, done), while_there(self, failed), tells=False)

    def reckon(self, workspace: Workspace, ledger: AuditCounts) -> tuple[str, list[TextTable], Any]:
        """On another thread: what to say, the tables, and what else is found."""
        raise NotImplementedError

    def show_found(self, says: str, tables: Sequence[TextTable], _more: Any) -> None:
        """Show what was reckoned."""
        self.tables = list(tables)
        self._say(says)
        page = QWidget()
        page.setObjectName("page")
        column = QVBoxLayout(page)
        column.setContentsMargins(40, 8, 40, 16)
        column.setSpacing(24)
        for table in tables:
            column.addWidget(table_of(table))
        column.addStretch()
        self.area.setWidget(page)

    def forget(self) -> None:
        """Nothing of another workspace stays."""
        self._reckoned = self._wanted = None
        self.show_found("", (), None)

    def _say(self, text: str, role: str = "quiet") -> None:
        set_role(self.says, "role", role)
        self.says.setText(text)

    def _build_ui(self) -> None:
        self.says.setContentsMargins(40, 0, 40, 0)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setWidgetResizable(True)
        self.area.setAccessibleName(tr("What was found"))
        self.column.setContentsMargins(0, 12, 0, 0)
        self.column.setSpacing(8)
        self.column.addWidget(self.says)
        self.column.addWidget(self.area, 1)


class AgreementPane(ComputedPane):
    """People against machines, and against each other."""

    def reckon(self, workspace: Workspace, ledger: AuditCounts) -> tuple[str, list[TextTable], Any]:
        from orbench_studio.gui.audit.agreement_tables import people_tables
        from orbench_studio.services.audit.human_agreement import human_agreement

        found = human_agreement(workspace)
        if not found.labels and not found.answers:
            return tr(_NOBODY), [], None
        message = f"{tr('Prompts labelled by people')}: {found.labels:,}, {tr('responses')}: {found.answers:,}"
        return f"{message}. {found.words}", people_tables(found), None


class ModeratorsPane(ComputedPane):
    """How good moderators are, and the labels most likely wrong, with a way to them."""

    review_wanted = Signal(QueueFilter)

    def __init__(self, session: Session, theme: Theme) -> None:
        super().__init__(session)
        self.suspects: Suspects | None = None
        self.list = Table(theme, tr("Labels most likely wrong"), _SUSPECTS)
        self.review = QPushButton()
        self.list.opened.connect(lambda key, _column: self.review_wanted.emit(_prompt(key)))
        self.review.clicked.connect(self._review)
        self.first = QWidget()
        column = QVBoxLayout(self.first)
        column.setContentsMargins(40, 0, 40, 0)
        column.setSpacing(8)
        column.addWidget(self.review, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.list, 1)
        self.column.insertWidget(1, self.first, 1)
        self.first.hide()

    def reckon(self, workspace: Workspace, ledger: AuditCounts) -> tuple[str, list[TextTable], Any]:
        from orbench_studio.gui.audit.agreement_tables import reliability_tables
        from orbench_studio.services.audit.rater_reliability import reliability, suspects

        found = reliability(workspace, ledger)
        if all(one.kind is RaterKind.PERSON for one in found.raters):
            return tr(_NO_VOTES), [], None
        wrong = suspects(ledger, found)
        return found.words, reliability_tables(found, wrong), wrong

    def show_found(self, says: str, tables: Sequence[TextTable], more: Suspects | None) -> None:
        super().show_found(says, tables, more)
        self.suspects = more
        found = more.found if more is not None else ()
        if more is not None:
            self.review.setText(
                f"{tr('Review the')} {len(found):,} {tr('labels most likely wrong')} "
                f"({tr('about')} {more.expected_wrong:.1f} {tr('of them are')})"
            )
        rows = [
            (f"{one.prompt_id}", one.category, str(one.label), f"{100 * one.p_wrong:.1f} %", _few(one.refused_by))
            for one in found
        ]
        self.list.show_rows([one.prompt_id for one in found], rows)
        self.first.setVisible(bool(found))

    def _review(self) -> None:
        if self.suspects is not None:
            # On first use: it brings the statistics with it.
            from orbench_studio.services.audit.rater_reliability import queue_of_suspects

            self.review_wanted.emit(queue_of_suspects(self.suspects))


def _prompt(key: object) -> QueueFilter:
    return QueueFilter((Term(Field.ID, (str(key),)),))


def _few(models: Sequence[str]) -> str:
    return ", ".join(models[:_FLIP]) + (f" +{len(models) - _FLIP}" if len(models) > _FLIP else "")
