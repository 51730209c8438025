"""Disputes page: contradicting decisions side by side, and keys to adjudicate them."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QLineEdit, QListWidget, QListWidgetItem, QPushButton, QScrollArea, QWidget

from orbench_studio.domain.core.annotation import Aspect, Label
from orbench_studio.domain.core.changes import Changes
from orbench_studio.domain.review.decision import Decision
from orbench_studio.domain.team.dispute import SEEN, Dispute
from orbench_studio.gui.common.actions import Actions, tr, with_key
from orbench_studio.gui.common.compact import is_compact, move
from orbench_studio.gui.common.elided_label import FoldingLabel
from orbench_studio.gui.common.empty_state import EmptyState
from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.layouts import Stretch, column_layout, row_layout
from orbench_studio.gui.common.more_below import MoreBelow
from orbench_studio.gui.common.text_pane import TextPane, Type
from orbench_studio.gui.common.theme import ANSWERS, LABELS, PROMPT, PROMPT_LINE, READING, READING_LINE, Mark, Theme, px
from orbench_studio.gui.common.widgets import KeyButton, if_alive, keep_scroll_bar, label, permit, rule, scrolled
from orbench_studio.gui.review.choice_menus import CLASS_ACTIONS, LABEL_ACTIONS
from orbench_studio.gui.review.notes import NoteDialog, NoteThread
from orbench_studio.gui.team.disputes_side import SideCard
from orbench_studio.gui.workspace.decision_recorder import DecisionRecorder
from orbench_studio.gui.workspace.session import Session
from orbench_studio.services.team import adjudication
from orbench_studio.services.team.adjudication import Case
from orbench_studio.services.workspace.workspace import Workspace

_LIST = 260
_REASON = 190  # pixels of width for its placeholder
_TEXTS_WIDEST = 860  # pixels: longer lines are hard to read
_TEXTS_HIGHEST = 640  # pixels: in a tall window the buttons stay near the texts
_FOLD = 720  # pixels of width below which the list folds away
_COLUMNS, _CARD, _FOLDED_CARD = 3, 220, 160  # most cards in a row, and the width of each in pixels


ADJUDICATORS_ONLY = "Only adjudicators and the owner of this workspace can settle disagreements."
_STEPS = (
    "Annotators label the same prompts: each in a copy of this workspace, or together in a team queue with overlap.",
    "Merge the label files of the copies. Labels that differ are listed here, with what each annotator saw.",
    "Read the prompt and the reasons, then decide. Your decision becomes the final label; all labels are preserved.",
)

_ABOUT_LABEL = "#{prompt}   {place} / {count}   ·   Choose the final label"
_ABOUT_CLASS = "#{prompt}   {place} / {count}   ·   Choose the final answer class of {model}"
_TOP = 16, 8  # pixels above the texts, and in a compact window


class DisputesPage(QWidget):
    """Shows the disputes on the left and the selected one on the right."""

    stated = Signal(str)  # description of an adjudication or undo
    message = Signal(str)  # why a key did nothing
    _is_permitted = True  # the server lets the user settle disagreements
    _is_reversing = False  # an undo or redo is on its way

    def __init__(self, session: Session, recorder: DecisionRecorder, actions: Actions, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("page")
        self._session = session
        self._recorder = recorder
        self._actions = actions
        self.disputes: list[Dispute] = []
        self.case: Case | None = None
        self.list = QListWidget()
        self.title = FoldingLabel("", "strong")
        self.prompt = TextPane(theme, Type(PROMPT, PROMPT_LINE), grows=True)
        self.response = TextPane(theme, Type(READING, READING_LINE), grows=True, markdown=True)
        self.notes = NoteThread(theme)
        self._note = KeyButton(theme, actions["note"], tr("✎ Note"))
        self.reason = QLineEdit()
        self.refusal = label(tr(ADJUDICATORS_ONLY), "error", wrap=True)  # why nothing can be settled here
        self.empty = QWidget()
        self.merge = QPushButton(with_key(tr("Merge…"), "merge_labels"))
        self._texts = QWidget()
        self._cards: list[SideCard] = []
        self._sides, self._grid = QWidget(), QGridLayout()
        self._labels = _buttons(theme, actions, {LABEL_ACTIONS[of]: LABELS[of] for of in Label})
        self._answers = _buttons(theme, actions, {name: ANSWERS[of] for of, name in CLASS_ACTIONS.items()})
        self._build_ui()
        self._connect(theme)

    def refresh(self, changes: Changes) -> None:
        if self.isVisible() and changes:
            self._load()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._actions.enable(self._handlers(), on=True)
        self._load()

    def hideEvent(self, event: QHideEvent) -> None:
        self._actions.enable(self._handlers(), on=False)
        super().hideEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        self.list.setFixedWidth(min(px(_LIST), self.width() // 5))
        self._texts.setMaximumWidth(px(_TEXTS_WIDEST))
        self.list.setVisible(bool(self.disputes) and self.width() >= px(_FOLD))
        self._area.setMaximumHeight(px(_TEXTS_HIGHEST))
        compact = is_compact(self)
        self.prompt.set_type(Type(READING, READING_LINE) if compact else Type(PROMPT, PROMPT_LINE))
        above = self.title if compact else self.response  # in a compact window, both sides are in view before scrolling
        self.title.fold(folded=compact)
        self._column.setSpacing(4 if compact else 12)
        self._column.setContentsMargins(0, _TOP[compact], 12, 0)
        self._column.removeWidget(self._sides)
        self._column.insertWidget(self._column.indexOf(above) + 1, self._sides)
        self._place_cards(compact=compact)
        self._place_reason(compact=compact)

    def _place_reason(self, *, compact: bool) -> None:
        """Place the reason above the buttons, in a compact window beside the last of them."""
        self._rule.setHidden(compact)
        self.reason.setMinimumWidth(px(_REASON))
        for button in (*self._labels, *self._answers, self._note):
            button.updateGeometry()
        if self._flow.isAncestorOf(self.reason) is not compact:
            move(self.reason, self._flow.add if compact else partial(self._foot_column.insertWidget, 0))

    def _place_cards(self, *, compact: bool) -> None:
        """Place the sides beside each other, as many in a row as have reading width."""
        beside = 0 if self.list.isHidden() else self.list.width()
        width = min(self.width() - beside, self._texts.maximumWidth())
        columns = max(1, min(_COLUMNS, width // px(_FOLDED_CARD if compact else _CARD)))
        two = self.case is not None and len(self.case.sides) <= 2
        for at, card in enumerate(self._cards):
            card.fold(folded=compact, wide=two)
            self._grid.addWidget(card, at // columns, at % columns)

    def settle(self, value: str) -> None:
        case = self.case
        fits = case is not None and (value in LABEL_ACTIONS) == (case.about.response_id is None)
        if case is None or not fits:
            return
        if not self._is_permitted:
            self.message.emit(tr(ADJUDICATORS_ONLY))
            return
        self.case = None  # a second key press must not adjudicate again
        reason, annotator = self.reason.text().strip(), self._session.annotator

        def work(workspace: Workspace) -> Changes:
            return adjudication.adjudicate(workspace, case, value, annotator=annotator, reason=reason)

        self._session.run(work, self._adjudicated, self._not_settled)

    def _adjudicated(self, changes: Changes) -> None:
        self.reason.clear()
        self.stated.emit(changes.message)

    def _not_settled(self, _error: Exception) -> None:
        self._load()

    def _reverse(self, *, redo: bool) -> None:
        """Undo or redo, then go to the dispute that changed; until then nothing can be adjudicated."""
        self.case = None
        self._is_reversing = True
        self._recorder.reverse(self._reversed, self._not_reversed, redo=redo)

    def _reversed(self, changes: Changes) -> None:
        self.stated.emit(changes.message)
        self._load(changes)

    def _not_reversed(self, _error: Exception) -> None:
        self._is_reversing = False
        self._load()

    def _load(self, reversed_by: Changes | None = None) -> None:
        def work(workspace: Workspace) -> tuple[list[Dispute], bool]:
            return adjudication.list_disputes(workspace), adjudication.is_permitted(workspace)

        def loaded(disputes: list[Dispute], *, is_permitted: bool) -> None:
            self._permit(is_permitted=is_permitted)
            self._show(disputes, reversed_by)

        self._session.run(work, lambda found: loaded(found[0], is_permitted=found[1]))

    def _permit(self, *, is_permitted: bool) -> None:
        """Disable the buttons for those whom the server does not let settle disagreements."""
        self._is_permitted = is_permitted
        for button in (*self._labels, *self._answers):
            permit(button, permitted=is_permitted, who=tr(ADJUDICATORS_ONLY))
        self.reason.setEnabled(is_permitted)
        self.refusal.setVisible(not is_permitted)

    def _show(self, disputes: list[Dispute], reversed_by: Changes | None = None) -> None:
        row = max(self.list.currentRow(), 0)
        chosen = self.disputes[row] if row < len(self.disputes) else None
        if reversed_by is not None:
            self._is_reversing = False
            chosen = next((one for one in disputes if _is_changed(one, reversed_by)), chosen)
        was_empty = not self.disputes
        place = disputes.index(chosen) if chosen in disputes else min(row, len(disputes) - 1)
        self.disputes = disputes
        self.list.blockSignals(True)
        self.list.clear()
        for dispute in disputes:
            aspect = tr("label") if dispute.response_id is None else tr("answer class")
            self.list.addItem(QListWidgetItem(f"#{dispute.prompt_id}   {aspect}\n{dispute.text}"))
        self.list.blockSignals(False)
        self._body.setVisible(bool(disputes))
        self.empty.setVisible(not disputes)
        self._fit()
        if self.case is not None and (not disputes or self.case.about != disputes[place]):
            self.case = None  # or it could be adjudicated while it is reloaded
        if disputes:
            self.list.setCurrentRow(place)
            if was_empty and self.isVisible():
                self.list.setFocus()  # without disputes it could not have the focus
            self._open()

    def _open(self) -> None:
        place = self.list.currentRow()
        if not 0 <= place < len(self.disputes):
            return
        about = self.disputes[place]

        self._session.run(lambda workspace: adjudication.load_case(workspace, about), self._opened)

    def _opened(self, case: Case) -> None:
        place = self.list.currentRow()
        if self._is_reversing or not (0 <= place < len(self.disputes) and self.disputes[place] == case.about):
            return  # the selection changed while loading, or is about to
        self.case = case
        answered = case.response is not None
        values = {"prompt": case.about.prompt_id, "place": f"{place + 1:,}", "count": f"{len(self.disputes):,}"}
        self.title.setText(tr(_ABOUT_CLASS if answered else _ABOUT_LABEL).format(**values, model=case.model))
        self.prompt.show_text(case.prompt)
        self.response.show_text(case.response or "")
        for part in (self.response, *self._answers):
            part.setVisible(answered)
        for button in self._labels:
            button.setVisible(not answered)
        while len(self._cards) < len(case.sides):
            self._cards.append(SideCard())
        self._fit()
        for at, card in enumerate(self._cards):
            card.setVisible(at < len(case.sides))
            if at < len(case.sides):
                card.show_side(case.sides[at])
        self.notes.show_notes(case.notes)

    def _add_note(self) -> None:
        case = self.case
        if case is None:
            return
        dialog = NoteDialog(self, case.about.prompt_id)
        close = if_alive(dialog, lambda _: dialog.finish())

        def save(text: str) -> None:
            note = Decision(case.about.prompt_id, Aspect.NOTE, text)
            self._recorder.decide((note,), None, SEEN, lambda changes: self._noted(close(changes)), lambda _error: None)

        dialog.written.connect(save)
        dialog.open()

    def _noted(self, _: object) -> None:
        self.stated.emit(tr("Note added."))

    def _scroll(self, screens: int) -> None:
        bar = self._area.verticalScrollBar()
        bar.setValue(bar.value() + screens * (bar.pageStep() - px(PROMPT_LINE)))  # the last line stays in view

    def _step(self, by: int) -> None:
        self.list.setCurrentRow(min(max(self.list.currentRow() + by, 0), self.list.count() - 1))

    def _clear(self) -> None:
        self._is_reversing = False
        self._show([])
        self.reason.clear()

    def _handlers(self) -> dict[str, Callable[[], object]]:
        return {
            **{name: partial(self.settle, str(value)) for value, name in LABEL_ACTIONS.items()},
            **{name: partial(self.settle, str(value)) for value, name in CLASS_ACTIONS.items()},
            "undo": partial(self._reverse, redo=False),
            "redo": partial(self._reverse, redo=True),
            "next_prompt": lambda: self._step(1),
            "previous_prompt": lambda: self._step(-1),
            "response_down": partial(self._scroll, 1),
            "response_up": partial(self._scroll, -1),
            "reason": self.reason.setFocus,
            "note": self._add_note,
        }

    def _connect(self, theme: Theme) -> None:
        self._actions.bind(self._handlers(), self)
        self.list.currentRowChanged.connect(lambda _: self._open())
        self.reason.returnPressed.connect(self.list.setFocus)
        self.merge.clicked.connect(lambda: self._actions["merge_labels"].trigger())
        self._session.leaving.connect(self._clear)
        theme.changed.connect(self._fit)

    def _build_ui(self) -> None:
        self.list.setAccessibleName(tr("Disputes"))
        self.list.setObjectName("disputes")
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.prompt.setAccessibleName(tr("Prompt"))
        self.response.setAccessibleName(tr("Response"))
        self.reason.setObjectName("reason")
        self.reason.setAccessibleName(tr("Reason"))
        self.reason.setToolTip(tr("Press Enter to return to the list"))
        self.reason.setPlaceholderText(with_key(tr("Reason (optional)"), "reason"))
        self.refusal.hide()
        self.setFocusProxy(self.list)
        self._body = QWidget()
        self._area = self._build_texts()
        foot, self._rule = QWidget(), rule()
        self._flow = Flow(*self._labels, *self._answers, self._note)
        self._foot_column = column_layout(
            foot, self.reason, self.refusal, self._rule, self._flow, margins=(0, 0, 0, 16), spacing=12
        )
        column_layout(self._body, (self._area, 1), foot, Stretch(), margins=(24, 0, 24, 0), spacing=12)
        row_layout(self, self.list, (self._body, 1), (self._build_empty(), 1), spacing=0)
        self._show([])

    def _build_texts(self) -> QScrollArea:
        self._texts.setObjectName("page")
        self._sides.setLayout(self._grid)
        self._grid.setSpacing(12)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._column = column_layout(
            self._texts, self.title, self.prompt, self.response, self._sides, self.notes, Stretch(1)
        )
        area = scrolled(self._texts)
        keep_scroll_bar(area)
        MoreBelow(area, READING_LINE, self._end_of_texts, "response_down")
        return area

    def _end_of_texts(self) -> int:
        parts = (self.prompt, self.response, self._sides, self.notes)
        return max(part.geometry().bottom() for part in parts if not part.isHidden())

    def _build_empty(self) -> QWidget:
        queues = QPushButton(tr("Team queues"))
        queues.clicked.connect(lambda: self._actions["page_team"].trigger())
        steps = EmptyState(tr("No disagreements yet"), [tr(step) for step in _STEPS], (self.merge, queues))
        column_layout(self.empty, steps, Stretch(), margins=(40, 40, 40, 40))
        return self.empty


def _is_changed(dispute: Dispute, changes: Changes) -> bool:
    """Whether an undo or redo changed the disputed label or response."""
    if dispute.response_id is not None:
        return dispute.response_id in changes.response_ids
    return not changes.response_ids and dispute.prompt_id in (changes.prompt_ids or ())


def _buttons(theme: Theme, actions: Actions, of: dict[str, Mark]) -> list[KeyButton]:
    return [
        KeyButton(theme, actions[name], " ".join((mark.shape, tr(mark.word))), colour=mark.colour, tint=mark.tint or "")
        for name, mark in of.items()
    ]
