"""The rules that people made of phrases in this workspace: who saved each and when, and a way to remove it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from orbench_studio.domain.judging.custom_rule import SavedRule
from orbench_studio.gui.common.actions import tr, with_key
from orbench_studio.gui.common.text_table import Row, grid_of, note
from orbench_studio.gui.common.widgets import label, while_there
from orbench_studio.gui.judging.calibration_tables import sign
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.workspace.workspace import Workspace

_HEADER = ("Phrase", "Sign of", "Model", "Saved by")
_REMOVED = 5  # of the removed ones, so many are shown


class CustomRulesPane(QWidget):
    """Hidden while there are none; removed ones stay at the end and can be put back."""

    message = Signal(str)  # after a deed, in words for the user

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.list = QWidget()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self._column.addWidget(label(tr("Rules of this workspace"), "strong"))
        self._column.addWidget(self.list)
        self._column.addWidget(note(tr("They judge together with the studio's rules, once those judge again.")))
        self.hide()
        self.refresh()

    def refresh(self) -> None:
        """Show what is saved by now."""

        def read(workspace: Workspace) -> list[SavedRule]:
            from orbench_studio.services.judging import custom_rules

            return custom_rules.saved(workspace)

        self._session.run(read, while_there(self, self._show))

    def added(self, phrase: str) -> None:
        """A phrase has been made a rule."""
        self.refresh()
        self._tell(phrase, tr("is a rule of this workspace now"))

    def _show(self, saved: list[SavedRule]) -> None:
        there = {one.rule for one in saved if one.removed_at is None}
        gone = [one for one in saved if one.removed_at is not None and one.rule not in there]
        shown = [one for one in saved if one.removed_at is None] + gone[::-1][:_REMOVED]
        made = QWidget()
        grid = grid_of(tuple(map(tr, _HEADER)), tuple(map(_row, shown)), words=len(_HEADER))
        made.setLayout(grid)
        grid.setContentsMargins(0, 0, 0, 0)
        for line, one in enumerate(shown, 2):
            grid.addWidget(self._button(one), line, len(_HEADER), Qt.AlignmentFlag.AlignLeft)
        self._column.replaceWidget(self.list, made)
        self.list.deleteLater()
        self.list = made
        self.setVisible(bool(shown))

    def _button(self, one: SavedRule) -> QPushButton:
        words = tr("Remove") if one.removed_at is None else tr("Put back")
        button = QPushButton(words)
        button.setAccessibleName(f"{words}: {one.rule.phrase}")
        button.clicked.connect(lambda: self._remove(one) if one.removed_at is None else self._put_back(one))
        return button

    def _remove(self, one: SavedRule) -> None:
        who = self._session.annotator

        def work(workspace: Workspace) -> SavedRule:
            from orbench_studio.services.judging import custom_rules

            return custom_rules.remove(workspace, one.number, annotator=who)

        def done(_: SavedRule) -> None:
            self.refresh()
            self._tell(one.rule.phrase, tr("is no rule of this workspace any more"))

        self._session.run(work, while_there(self, done))

    def _put_back(self, one: SavedRule) -> None:
        who = self._session.annotator

        def work(workspace: Workspace) -> SavedRule:
            from orbench_studio.services.judging import custom_rules

            return custom_rules.save(workspace, one.rule, annotator=who)

        self._session.run(work, while_there(self, lambda _: self.added(one.rule.phrase)))

    def _tell(self, phrase: str, words: str) -> None:
        by_rules = with_key(tr("Judge by the rules"), "judge_rules")
        self.message.emit(f"“{phrase}” {words}. {by_rules} {tr('goes by that.')}")


def _row(one: SavedRule) -> Row:
    made = f"{one.saved_by}, {_day(one.saved_at)}"
    if one.removed_at is None:
        return one.rule.phrase, sign(refuses=one.rule.refuses), one.rule.model or tr("all"), made
    removed = f"{tr('removed by')} {one.removed_by}, {_day(one.removed_at)}"
    return f" {one.rule.phrase}", sign(refuses=one.rule.refuses), one.rule.model or tr("all"), removed


def _day(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d}"
