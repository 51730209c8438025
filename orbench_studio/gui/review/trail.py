"""The trail: the reviewer's last decisions, each with its own undo, always in view."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QToolButton, QWidget

from orbench_studio.domain.core.annotation import CHECKS, Aspect, Label
from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.domain.review.pending_decision import PendingDecision
from orbench_studio.domain.review.timeline import RecentDecision, in_place
from orbench_studio.gui.common.actions import Actions, plural, tr
from orbench_studio.gui.common.content_cover import PromptTexts, beginning
from orbench_studio.gui.common.elided_label import ElidedLabel
from orbench_studio.gui.common.layouts import column_layout, row_layout
from orbench_studio.gui.common.theme import ANSWERS, LABELS, px
from orbench_studio.gui.common.widgets import label, set_role, set_tip
from orbench_studio.gui.review.decision_words import check_words, mark_words, severity_words
from orbench_studio.gui.workspace.decision_recorder import DecisionRecorder
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.workspace.workspace import Workspace

_ROWS = 5
_NOT_SAVED = 0  # instead of the id of an entry
_ROOM_FOR_TIME = 350  # pixels of width
_PROMPT = 32  # pixels of width for its number
_AROUND_UNDO = 12  # so that the columns stay in place whatever the last one says
_AFTER_PAINTING = 30  # milliseconds; the next prompt is loaded first
_LABELS = (Aspect.LABEL, Aspect.RECHECK, Aspect.TRAINING)


class Trail(QFrame):
    """The last five decisions, those that wait for the server first."""

    undo_wanted = Signal(int)  # with the id of a journal entry

    def __init__(self, session: Session, recorder: DecisionRecorder, actions: Actions) -> None:
        super().__init__()
        self._session = session
        self._recorder = recorder
        self._recent: list[RecentDecision] = []
        self._texts: PromptTexts = {}  # by entry
        self._annotator = ""
        self._rows = [_Row() for _ in range(_ROWS)]
        self._timer = QTimer(self, singleShot=True, interval=_AFTER_PAINTING)
        self._timer.timeout.connect(self._load)
        self._build_ui(actions)
        session.opened.connect(self._begin)
        session.operations.changed.connect(lambda _changes: self._timer.start())

    def refresh(self) -> None:
        """Load the decisions again."""
        self._timer.start()

    def _begin(self) -> None:
        self._recent.clear()
        self._texts.clear()
        self._timer.start()

    def _load(self) -> None:
        annotator = self._session.annotator
        if annotator != self._annotator:
            self._annotator, self._recent = annotator, []
        if self._recorder.is_offline:
            self._show(self._recent)
            return

        def work(workspace: Workspace) -> tuple[list[RecentDecision], PromptTexts]:
            from orbench_studio.services.review import history

            recent = history.recent(workspace, annotator=annotator, limit=_ROWS)
            return recent, history.prompt_texts(workspace, [decision.entry for decision in recent])

        self._session.run(work, self._loaded, show_errors=False)

    def _loaded(self, listed: tuple[list[RecentDecision], PromptTexts]) -> None:
        recent, texts = listed
        self._texts |= texts
        self._show(recent)

    def _show(self, recent: Sequence[RecentDecision]) -> None:
        self._recent = in_place(self._recent, recent)
        waiting = map(_not_saved, reversed(self._recorder.waiting))
        for row, decision in zip(self._rows, [*waiting, *self._recent, *[None] * _ROWS], strict=False):
            text = beginning(self._session.settings, self._texts, decision.entry) if decision else ""
            row.show_decision(decision, text)

    def _ask_undo(self, row: _Row) -> None:
        if row.decision is not None:
            self.undo_wanted.emit(row.decision.entry)

    def _build_ui(self, actions: Actions) -> None:
        self.setAccessibleName(tr("Your last decisions"))
        more = QToolButton()
        more.setText(tr("History"))
        more.setProperty("role", "link")
        more.setToolTip(tr("All your decisions, with a way to undo any of them"))
        more.clicked.connect(lambda: actions["undo_since"].trigger())
        heading = row_layout(None, (ElidedLabel(tr("Last decisions"), "strong"), 1), more, spacing=0)
        layout = column_layout(self, heading, margins=(20, 8, 4, 8), spacing=0)
        for row in self._rows:
            row.undo.clicked.connect(partial(self._ask_undo, row))
            layout.addWidget(row)


class _Row(QWidget):
    """One decision: prompt, value, time and its undo."""

    def __init__(self) -> None:
        super().__init__()
        self.decision: RecentDecision | None = None
        self._prompt = label("", "meta")
        self._value = ElidedLabel("", "meta")
        self._value.setProperty("type", "meta")  # whatever the role
        self._time = label("", "meta")
        self.undo = QToolButton()
        self.undo.setText(tr("Undo"))
        self.undo.setProperty("role", "link")
        policy = self.undo.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # rows keep their height
        self.undo.setSizePolicy(policy)
        self._prompt.setMinimumWidth(_PROMPT)
        row_layout(self, self._prompt, (self._value, 1), self._time, self.undo, spacing=4)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._time.setVisible(self.width() >= px(_ROOM_FOR_TIME))
        widest = self.undo.fontMetrics().horizontalAdvance(tr("replaced"))
        self.undo.setMinimumWidth(widest + px(_AROUND_UNDO))

    def show_decision(self, decision: RecentDecision | None, text: str) -> None:
        """Show a decision, or nothing; the text of its prompt is in the tooltips."""
        self.decision = decision
        self.undo.setVisible(decision is not None)
        if decision is None:
            for cell in (self._prompt, self._value, self._time):
                cell.clear()
            return
        gone = decision.undone or decision.superseded
        self.undo.setEnabled(decision.entry != _NOT_SAVED and not gone)
        self.undo.setText(tr("undone") if decision.undone else tr("replaced") if gone else tr("Undo"))
        words, colour = _words(decision.aspect, decision.value)
        self._prompt.setText(plural(decision.prompts, f"#{decision.prompt_id}", "{count} prompts"))
        self._value.setText(" · ".join(filter(None, (words, decision.model))))
        set_role(self._value, "role", f"verdict-{colour}" if colour else "meta")
        self._time.setText(f"{decision.at.astimezone():%H:%M:%S}")
        self._explain(decision, text)

    def _explain(self, decision: RecentDecision, text: str) -> None:
        notes = [f"{decision.at.astimezone():%H:%M:%S}"]
        notes += [tr("A later decision of yours counts instead.")] if decision.superseded else []
        if decision.entry == _NOT_SAVED:
            notes.append(tr("Not sent yet. Undo is available once you are back online."))
        words = " · ".join(filter(None, (self._value.text(), *notes)))
        set_tip(self._value, "\n".join(filter(None, (words, text))))
        set_tip(self._prompt, text)
        font = self._value.font()
        font.setStrikeOut(decision.superseded or decision.undone)
        self._value.setFont(font)
        undo = tr("Undo {decision} of prompt {prompt}")
        self.undo.setAccessibleName(undo.format(decision=self._value.text(), prompt=self._prompt.text()))


def _not_saved(pending: PendingDecision) -> RecentDecision:
    first = pending.decisions[0]
    return RecentDecision(_NOT_SAVED, pending.at, pending.prompt_id, first.aspect, first.value)


def _words(aspect: Aspect, value: str) -> tuple[str, str]:
    if aspect in _LABELS:
        mark = LABELS[Label(value)]
    elif aspect is Aspect.ANSWER_CLASS:
        mark = ANSWERS[AnswerClass(value)]
    else:
        if aspect is Aspect.SEVERITY:
            return severity_words(value), ""
        if aspect in CHECKS:
            return check_words(aspect, value), ""
        words = {Aspect.SKIP: tr("skipped"), Aspect.NOTE: tr("note"), Aspect.EVIDENCE: tr("evidence marked")}
        flag = tr("flagged") if value == "on" else tr("flag removed")
        return words.get(aspect, flag if aspect is Aspect.FLAG else tr("category {value}").format(value=value)), ""
    if aspect is Aspect.RECHECK:
        return tr("shown again: {label}").format(label=mark_words(mark)), mark.colour
    return mark_words(mark), mark.colour
