"""The timeline of a prompt as a table, latest first, with a way to restore an earlier decision."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialogButtonBox, QPushButton, QWidget

from orbench_studio.domain.core.amounts import excerpt
from orbench_studio.domain.core.annotation import CHECKS, Annotation, Aspect, Label, Visible
from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.domain.review.decision import PromptView, evidence_span
from orbench_studio.domain.review.timeline import Event
from orbench_studio.gui.common.actions import key_text, tr
from orbench_studio.gui.common.dialogs import Dialog
from orbench_studio.gui.common.live_table import Column, Table
from orbench_studio.gui.common.theme import ANSWERS, LABELS, Mark
from orbench_studio.gui.common.widgets import label
from orbench_studio.gui.review.decision_words import check_words, severity_words

_COLUMNS = (
    Column("When", 60, whole=True),
    Column("Who", 72),
    Column("What", 200),
    Column("State", 60, whole=True),
    Column("Seen before deciding", 60, whole=True),
    Column("Reason", 80, share=1),
    Column("Guidelines", 60),
)
_WHAT = 2
_EXCERPT = 200  # characters of a note or of evidence


class TimelineDialog(Dialog):
    """All decisions about one prompt."""

    decided = Signal(object)  # a Decision, when the user restores one

    def __init__(self, parent: QWidget, view: PromptView, *, covered: bool) -> None:
        super().__init__(parent, tr("History of prompt #{number}").format(number=abs(view.prompt.id)))
        self._view = view
        self._covered = covered
        self._events: list[Event] = []
        self._table = Table(tr("History of the prompt"), _COLUMNS)
        self._status = label("", "quiet", wrap=True)
        self._back = QPushButton(tr("Restore"))
        self._build_ui()
        self._table.chosen.connect(lambda _: self._update_status())
        self._table.opened.connect(lambda *_: self.accept())

    def show_events(self, events: Sequence[Event]) -> None:
        """Show events, the latest first."""
        self._events = [*events][::-1]
        rows = [self._cells(event) for event in self._events]
        for column in range(_WHAT + 1, len(_COLUMNS)):
            self._table.setColumnHidden(column, not any(cells[column] for cells in rows))
        self._table.show_rows(range(len(rows)), rows)
        self._table.choose(0)
        self._table.setFocus()
        self._update_status()

    def accept(self) -> None:
        decision = self._chosen()
        if decision is not None:
            self.decided.emit(decision)
            super().accept()

    def _chosen(self) -> object | None:
        row = self._table.current()
        return self._events[row].repeated(self._view.prompt.id) if isinstance(row, int) else None

    def _update_status(self) -> None:
        can = self._chosen() is not None
        self._back.setEnabled(can)
        if not self._events:
            text = tr("No decisions about this prompt yet.")
        elif can:
            text = tr("Restore makes this decision again, in your name. {key} undoes that.").format(
                key=key_text("undo")
            )
        else:
            text = self._why_not()
        self._status.setText(text)

    def _why_not(self) -> str:
        """Why the selected entry cannot be restored."""
        row = self._table.current()
        if not isinstance(row, int):
            return ""
        annotation = self._events[row].annotation
        if annotation is None:
            return tr("This entry cannot be restored, because it is an undo or a redo.")
        if annotation.aspect is Aspect.TRAINING:
            return tr("This entry cannot be restored, because it is a training label.")
        if annotation.aspect is Aspect.RECHECK:
            return tr("This entry cannot be restored, because the prompt was shown again to measure self-consistency.")
        return tr("This entry cannot be restored, because annotators cannot give this value. It comes from a file.")

    def _cells(self, event: Event) -> tuple[str, ...]:
        when = f"{event.at.astimezone():%Y-%m-%d %H:%M:%S}"
        by = str(event.guideline or "")
        if event.annotation is None:
            return when, event.annotator or "", event.message, "", "", "", by
        undone = "" if event.in_force else tr("undone")
        why = (event.annotation.reason or "").replace("_", " ")
        return when, event.annotator or "", self._what(event), undone, seen(event.annotation), why, by

    def _what(self, event: Event) -> str:
        assert event.annotation is not None  # checked by the caller
        of = f"{event.model}: " if event.model else ""
        return of + _words(event.annotation, "" if self._covered else self._response(event.annotation.response_id))

    def _response(self, response_id: int | None) -> str:
        return next((r.response.text for r in self._view.responses if r.response.id == response_id), "")

    def _build_ui(self) -> None:
        self._back.setProperty("role", "primary")
        self._back.setDefault(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(self._back, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.fill(self._table, self._status, buttons, size=(980, 440))
        self._update_status()


def _words(annotation: Annotation, response: str) -> str:
    if annotation.aspect is Aspect.LABEL:
        return _marked(LABELS[Label(annotation.value)])
    if annotation.aspect is Aspect.RECHECK:
        return tr("shown again: {label}").format(label=_marked(LABELS[Label(annotation.value)]))
    if annotation.aspect is Aspect.TRAINING:
        return tr("training: {label}").format(label=_marked(LABELS[Label(annotation.value)]))
    if annotation.aspect is Aspect.ANSWER_CLASS:
        return _marked(ANSWERS[AnswerClass(annotation.value)])
    if annotation.aspect is Aspect.EVIDENCE:
        start, end = evidence_span(annotation.value)
        return (
            tr("evidence “{text}”").format(text=excerpt(response[start:end], _EXCERPT)) if response else tr("evidence")
        )
    if annotation.aspect is Aspect.SEVERITY:
        return severity_words(annotation.value)
    if annotation.aspect is Aspect.NOTE:
        return f"✎ {excerpt(annotation.value, _EXCERPT)}" if annotation.value else tr("note removed")
    if annotation.aspect is Aspect.FLAG:
        return tr("⚑ flagged") if annotation.value == "on" else tr("flag removed")
    if annotation.aspect in CHECKS:
        return check_words(annotation.aspect, annotation.value)
    return (
        tr("category {category}").format(category=annotation.value)
        if annotation.aspect is Aspect.CATEGORY
        else tr("skipped")
    )


def _marked(mark: Mark) -> str:
    return f"{mark.shape} {mark.word}".strip()


def seen(annotation: Annotation) -> str:
    """What was visible to the annotator; not known for imported decisions."""
    if annotation.imported:
        return tr("from a file")
    if Visible.RESPONSES not in annotation.visible:
        return tr("no texts (labelled in bulk)") if annotation.aspect is Aspect.LABEL else tr("not recorded")
    votes, judgements = (part in annotation.visible for part in (Visible.VOTES, Visible.JUDGEMENTS))
    if votes and judgements:
        return tr("votes and judgements")
    if not votes and not judgements and Visible.FILTER in annotation.visible:
        return tr("prompt, responses, and a filter by votes or judgements")
    return tr("votes") if votes else tr("judgements") if judgements else tr("only prompt and responses (blind)")
