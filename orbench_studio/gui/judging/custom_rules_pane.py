"""The custom rules of the workspace: who saved each and when, with buttons to remove and restore them."""

from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QWidget

from orbench_studio.domain.judging.custom_rule import SavedRule
from orbench_studio.gui.common.actions import key_text, tr
from orbench_studio.gui.common.layouts import column_layout
from orbench_studio.gui.common.text_table import Row, grid_of, note, translated
from orbench_studio.gui.common.widgets import if_alive, label
from orbench_studio.gui.judging.calibration_tables import indicates
from orbench_studio.gui.workspace.session import Session
from orbench_studio.services.workspace.workspace import Workspace

_HEADER = ("Phrase", "Indicates", "Model", "Saved by")
_SHOWN_REMOVED = 5  # most recently removed rules


class CustomRulesPane(QWidget):
    """Hidden without rules. Removed rules are listed at the end and can be restored."""

    message = Signal(str)  # for the user

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.list = QWidget()
        self._column = column_layout(
            self,
            label(tr("Custom rules"), "strong"),
            self.list,
            note(tr("Custom rules extend the built-in rules. To apply changes, click Judge with studio-rules.")),
            spacing=8,
        )
        self.hide()
        self.refresh()

    def refresh(self) -> None:
        def read(workspace: Workspace) -> list[SavedRule]:
            from orbench_studio.services.judging import custom_rules

            return custom_rules.saved(workspace)

        self._session.run(read, if_alive(self, self._show))

    def added(self, phrase: str) -> None:
        """Update after a phrase was saved as a rule."""
        self.refresh()
        self._announce(tr("Rule “{phrase}” saved. Judge with studio-rules to apply it ({key})."), phrase)

    def _show(self, saved: list[SavedRule]) -> None:
        active = [one for one in saved if one.removed_at is None]
        active_rules = {one.rule for one in active}
        removed = [one for one in saved if one.removed_at is not None and one.rule not in active_rules]
        shown = active + removed[::-1][:_SHOWN_REMOVED]
        table = QWidget()
        grid = grid_of(translated(_HEADER), tuple(map(_row, shown)), words=len(_HEADER))
        table.setLayout(grid)
        grid.setContentsMargins(0, 0, 0, 0)
        for line, one in enumerate(shown, 2):
            grid.addWidget(self._button(one), line, len(_HEADER), Qt.AlignmentFlag.AlignLeft)
        self._column.replaceWidget(self.list, table)
        self.list.deleteLater()
        self.list = table
        self.setVisible(bool(shown))

    def _button(self, one: SavedRule) -> QPushButton:
        title = tr("Remove") if one.removed_at is None else tr("Restore")
        button = QPushButton(title)
        button.setAccessibleName(f"{title}: {one.rule.phrase}")
        button.clicked.connect(lambda: self._remove(one) if one.removed_at is None else self._restore(one))
        return button

    def _remove(self, one: SavedRule) -> None:
        annotator = self._session.annotator

        def work(workspace: Workspace) -> SavedRule:
            from orbench_studio.services.judging import custom_rules

            return custom_rules.remove(workspace, one.number, annotator=annotator)

        def done(_: SavedRule) -> None:
            self.refresh()
            self._announce(
                tr("Rule “{phrase}” removed. Judge with studio-rules to update judgements ({key})."), one.rule.phrase
            )

        self._session.run(work, if_alive(self, done))

    def _restore(self, one: SavedRule) -> None:
        annotator = self._session.annotator

        def work(workspace: Workspace) -> SavedRule:
            from orbench_studio.services.judging import custom_rules

            return custom_rules.save(workspace, one.rule, annotator=annotator)

        self._session.run(work, if_alive(self, lambda _: self.added(one.rule.phrase)))

    def _announce(self, template: str, phrase: str) -> None:
        self.message.emit(template.format(phrase=phrase, key=key_text("judge_rules") or tr("no shortcut")))


def _row(one: SavedRule) -> Row:
    saved_by = tr("{annotator}, {date}").format(annotator=one.saved_by, date=_day(one.saved_at))
    indent = ""
    if one.removed_at is not None:
        indent = " "
        saved_by = tr("removed by {annotator}, {date}").format(annotator=one.removed_by, date=_day(one.removed_at))
    return f"{indent}{one.rule.phrase}", indicates(refuses=one.rule.refuses), one.rule.model or tr("all"), saved_by


def _day(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d}"
