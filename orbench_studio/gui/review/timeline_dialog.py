"""The history of a prompt as a readable table, latest first, and back to any decision of it."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from orbench_studio.domain.core.annotation import Annotation, Aspect, Label, Visible
from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.domain.review.decision import PromptView, evidence_span
from orbench_studio.domain.review.timeline import Event
from orbench_studio.gui.common.actions import key_text, tr
from orbench_studio.gui.common.theme import ANSWERS, LABELS, Mark
from orbench_studio.gui.common.widgets import label, set_tip

_COLUMNS = ("When", "Who", "What", "", "In view", "Why", "Guidelines")
_WHAT = 2
_EXCERPT = 60  # characters of a note or of evidence


class TimelineDialog(QDialog):
    """Every deed about one prompt."""

    decided = Signal(object)  # a Decision, when the user goes back to one

    def __init__(self, parent: QWidget, view: PromptView, *, covered: bool) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"{tr('History of prompt')} #{abs(view.prompt.id)}")
        self._view = view
        self._covered = covered
        self._events: list[Event] = []
        self._table = QTableWidget(0, len(_COLUMNS))
        self._says = label("", "quiet")
        self._back = QPushButton(tr("Go back to this"))
        self._build_ui()
        self._table.currentCellChanged.connect(lambda *_: self._judge())
        self._table.activated.connect(lambda _: self.accept())

    def show_events(self, events: Sequence[Event]) -> None:
        """Show them, the latest first."""
        self._events = [*events][::-1]
        self._table.setRowCount(len(self._events))
        rows = [self._cells(event) for event in self._events]
        for row, (event, cells) in enumerate(zip(self._events, rows, strict=True)):
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                set_tip(item, text if column == _WHAT else "")
                if not event.in_force and column == _WHAT:
                    struck = item.font()
                    struck.setStrikeOut(True)
                    item.setFont(struck)
                self._table.setItem(row, column, item)
        for column in range(_WHAT + 1, len(_COLUMNS)):
            self._table.setColumnHidden(column, not any(cells[column] for cells in rows))
        if self._events:
            self._table.setCurrentCell(0, 0)
        self._table.setFocus()
        self._judge()

    def accept(self) -> None:
        decision = self._chosen()
        if decision is not None:
            self.decided.emit(decision)
            super().accept()

    def _chosen(self) -> object | None:
        row = self._table.currentRow()
        return self._events[row].again(self._view.prompt.id) if 0 <= row < len(self._events) else None

    def _judge(self) -> None:
        can = self._chosen() is not None
        self._back.setEnabled(can)
        if not self._events:
            said = tr("Nobody has decided anything about this prompt yet.")
        elif can:
            said = f"{tr('Enter decides the same once more, in your name;')} {key_text('undo')} {tr('takes it back.')}"
        else:
            said = tr("There is nothing to go back to in this line.")
        self._says.setText(said)

    def _cells(self, event: Event) -> tuple[str, ...]:
        when = f"{event.at.astimezone():%Y-%m-%d %H:%M:%S}"
        by = str(event.guideline or "")
        if event.said is None:
            return when, event.annotator or "", event.message, "", "", "", by
        undone = "" if event.in_force else tr("undone")
        why = (event.said.reason or "").replace("_", " ")
        return when, event.annotator or "", self._what(event), undone, seen(event.said), why, by

    def _what(self, event: Event) -> str:
        assert event.said is not None  # the caller has looked
        of = f"{event.model}: " if event.model else ""
        return of + _words(event.said, "" if self._covered else self._response(event.said.response_id))

    def _response(self, response_id: int | None) -> str:
        return next((r.response.text for r in self._view.responses if r.response.id == response_id), "")

    def _build_ui(self) -> None:
        self._table.setAccessibleName(tr("History of the prompt"))
        self._table.setHorizontalHeaderLabels([tr(name) for name in _COLUMNS])
        self._table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self._table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self._table.setShowGrid(False)
        self._table.setWordWrap(False)
        self._table.setTabKeyNavigation(False)
        self._table.verticalHeader().hide()
        head = self._table.horizontalHeader()
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        head.setHighlightSections(False)
        head.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        head.setSectionResizeMode(_WHAT, QHeaderView.ResizeMode.Stretch)
        self._back.setProperty("role", "primary")
        self._back.setDefault(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(self._back, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        layout.addWidget(self._table)
        layout.addWidget(self._says)
        layout.addWidget(buttons)
        self.resize(920, 440)
        self._judge()


def _words(said: Annotation, response: str) -> str:
    """What a decision says."""
    if said.aspect is Aspect.LABEL:
        return _marked(LABELS[Label(said.value)])
    if said.aspect is Aspect.RECHECK:
        return f"{tr('shown again:')} {_marked(LABELS[Label(said.value)])}"
    if said.aspect is Aspect.TRAINING:
        return f"{tr('to practise:')} {_marked(LABELS[Label(said.value)])}"
    if said.aspect is Aspect.ANSWER_CLASS:
        return _marked(ANSWERS[AnswerClass(said.value)])
    if said.aspect is Aspect.EVIDENCE:
        start, end = evidence_span(said.value)
        return f"{tr('evidence')} “{_excerpt(response[start:end])}”" if response else tr("evidence")
    if said.aspect is Aspect.NOTE:
        return f"✎ {_excerpt(said.value)}" if said.value else tr("note removed")
    if said.aspect is Aspect.FLAG:
        return tr("⚑ flagged") if said.value == "on" else tr("flag taken off")
    return f"{tr('category')} {said.value}" if said.aspect is Aspect.CATEGORY else tr("skipped")


def _marked(mark: Mark) -> str:
    return f"{mark.shape} {mark.word}".strip()


def _excerpt(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _EXCERPT else f"{line[:_EXCERPT]}…"


def seen(said: Annotation) -> str:
    """What was in view of whoever decided; not known of what came with a file."""
    if said.imported:
        return tr("from a file")
    if Visible.RESPONSES not in said.visible:
        return tr("one of many at once")
    seen = [
        word for part, word in ((Visible.VOTES, "votes"), (Visible.JUDGEMENTS, "judgements")) if part in said.visible
    ]
    return f"{' and '.join(seen)} seen" if seen else tr("blind")
