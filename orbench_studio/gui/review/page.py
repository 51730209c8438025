"""The review page: puts queue, prompt, responses and decisions together and guards every key with a state.

A decision is taken only while a prompt is SHOWN; while it is SAVING nothing else is. The next prompt, loaded ahead, is
painted at once, and can be decided when the decision before it is durable; if that fails, its prompt comes back.
"""

from collections.abc import Callable
from enum import Enum

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from orbench_studio.domain.annotation import Aspect, Label, Visible
from orbench_studio.domain.changes import Changes
from orbench_studio.domain.judgement import AnswerClass
from orbench_studio.domain.queue import Field, Queue, QueueFilter
from orbench_studio.domain.review import Decision, PromptView
from orbench_studio.errors import StaleDecisionError
from orbench_studio.gui.actions import Actions, tr
from orbench_studio.gui.models.queue_model import QueueModel
from orbench_studio.gui.review.choices import CategoryMenu, NoteDialog
from orbench_studio.gui.review.decision_bar import DecisionBar
from orbench_studio.gui.review.facet_row import FacetRow
from orbench_studio.gui.review.filter_bar import FilterBar
from orbench_studio.gui.review.layout import ReviewLayout
from orbench_studio.gui.review.prompt_pane import PromptPane
from orbench_studio.gui.review.queue_view import QueueView
from orbench_studio.gui.review.responses_pane import ResponsesPane
from orbench_studio.gui.review.views import Views
from orbench_studio.gui.session import Session
from orbench_studio.gui.theme import Theme

_AHEAD = 3  # prompts loaded before they are asked for
_KEPT = 16
_AFTER_PAINTING = 12  # milliseconds
_MOVE_ON = (Aspect.LABEL, Aspect.SKIP)  # decisions after which the next prompt comes


class State(Enum):
    """What the page may do now."""

    EMPTY = "empty"
    LOADING = "loading"
    SHOWN = "shown"
    SAVING = "saving"


class ReviewPage(QWidget):
    """Review prompts one after the other."""

    told = Signal(str)  # after something happened that the user should see for a moment
    progressed = Signal(int)  # with the number of prompts labelled today, whenever it may have changed
    noted = Signal()  # after a note has been saved
    shown = Signal(int)  # with the prompt's id, when a prompt has been put on the screen

    def __init__(self, session: Session, actions: Actions, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("page")
        self.state = State.EMPTY
        self.view: PromptView | None = None
        self._session = session
        self._ahead: dict[int, PromptView] = {}
        self._awaited: int | None = None
        self._begin_at: int | None = None
        self.model = QueueModel()
        self.filter_bar = FilterBar()
        self.facets = FacetRow()
        self.views = Views(session, self.filter_bar)
        self.queue = QueueView(theme, self.model, self.filter_bar.order)
        self.prompt = PromptPane(theme)
        self.responses = ResponsesPane(theme)
        self.decisions = DecisionBar(theme, actions)
        self.prompt.place_marks(self.decisions.marks())
        self.panes = self._build_ui()
        self._actions = actions
        self._own_actions: tuple[str, ...] = ()
        self._connect(actions)

    def _build_ui(self) -> ReviewLayout:
        return ReviewLayout(
            self,
            self._session.settings,
            facets=self.facets,
            queue=self.queue,
            prompt=self.prompt,
            responses=self.responses,
            bar=self.decisions,
        )

    def ask_queue(self) -> None:
        """Fetch the queue again, and stay with the prompt that is shown where it is still in it."""
        shown = self.view.prompt.id if self.view else self._begin_at
        self._session.queue(self.filter_bar.current, shown, self._show_queue)

    def start(self, at: int | None = None) -> None:
        """Begin with a workspace that has just been opened, at this prompt or at the first undecided one."""
        self.leave()
        self._begin_at = at
        self.ask_queue()
        self._session.today(self.progressed.emit)

    def leave(self) -> None:
        """Forget everything of a workspace that is no longer open."""
        self._ahead.clear()
        self.filter_bar.completion.forget()
        self._empty()

    def decide(self, aspect: Aspect, value: str, *, response_id: int | None = None) -> None:
        """Write a decision on what is shown; label and skip move on once it is durable."""
        if self.state is State.SHOWN and self.view is not None:
            self._write(Decision(self.view.prompt.id, aspect, value, response_id), self.view.version)

    def _write(self, decision: Decision, seen: int | None) -> None:
        self.state = State.SAVING
        self._session.decide(
            decision,
            seen=seen,
            visible=frozenset(Visible),
            done=lambda changes: self._decided(decision, changes),
            failed=lambda error: self._not_decided(decision, error),
        )
        if decision.aspect in _MOVE_ON:
            self._move_on(decision)

    def _move_on(self, decision: Decision) -> None:
        """Go to the next prompt; while the decision is being saved only to one that has been loaded ahead."""
        here = self.queue.place()
        # An undo may have brought a prompt back that this queue does not have: then the next is the one at its place.
        place = here + 1 if self.model.id_at(here) == decision.prompt_id else here
        prompt_id = self.model.id_at(place)
        if prompt_id is None or (self.state is State.SAVING and prompt_id not in self._ahead):
            return
        self.queue.go(place) if place != here else self._go(place)

    def refresh(self, changes: Changes) -> None:
        """Bring up to date what an operation touched."""
        if changes.prompt_ids is None:
            self._ahead.clear()
            self.ask_queue()
        else:
            QTimer.singleShot(_AFTER_PAINTING, self, lambda: self.model.refresh(changes.prompt_ids or ()))
        QTimer.singleShot(_AFTER_PAINTING, self, lambda: self._session.today(self.progressed.emit))

    def _show_queue(self, queue: Queue) -> None:
        self.model.reset(queue.ids)
        self.filter_bar.tell(len(queue.ids), queue.total)
        self.queue.count(len(queue.ids))
        self.panes.show_empty(total=queue.total, matches=len(queue.ids))
        if not queue.ids:
            self._empty()
            return
        if self.view is not None:
            self._ahead.pop(self.view.prompt.id, None)
        self.queue.go(self._place_of(queue.begin) or 0)
        if not self.filter_bar.search.hasFocus():
            self.queue.setFocus()

    def _place_of(self, prompt_id: int | None) -> int | None:
        return self.model.place_of(prompt_id) if prompt_id is not None else None

    def _empty(self) -> None:
        self.state = State.EMPTY
        self.view = None
        self._awaited = None
        self.decisions.show_view(None, "")

    def _go(self, place: int) -> None:
        prompt_id = self.model.id_at(place)
        if prompt_id is None:
            return
        self._awaited = prompt_id
        view = self._ahead.get(prompt_id)
        if view is not None:
            self._show(view)
        else:
            self._begin_loading(prompt_id)

    def _begin_loading(self, prompt_id: int) -> None:
        self._awaited = prompt_id
        if self.state is not State.SAVING:
            self.state = State.LOADING
        self._session.load(prompt_id, self._loaded)

    def _loaded(self, view: PromptView) -> None:
        self._keep(view)
        if view.prompt.id == self._awaited and self.state in (State.LOADING, State.SAVING):
            self._show(view)

    def _keep(self, view: PromptView) -> None:
        self._ahead[view.prompt.id] = view
        while len(self._ahead) > _KEPT:
            self._ahead.pop(next(iter(self._ahead)))

    def _show(self, view: PromptView) -> None:
        who = self._session.settings.annotator
        same = self.view is not None and self.view.prompt.id == view.prompt.id
        focused = self.responses.focused() if same else None
        self.view = view
        self.prompt.show_view(view, who)
        self.responses.show_responses(view.responses, who, focused.response.id if focused else None)
        self.decisions.show_view(view, who)
        if self.state is not State.SAVING:
            self.state = State.SHOWN
        self.shown.emit(view.prompt.id)
        # Python runs one thread at a time: what can wait until the prompt is painted waits (2 ms a key, measured).
        QTimer.singleShot(_AFTER_PAINTING, self, self._load_ahead)

    def _load_ahead(self) -> None:
        here = self.queue.place()
        for place in range(here + 1, here + 1 + _AHEAD):
            prompt_id = self.model.id_at(place)
            if prompt_id is not None and prompt_id not in self._ahead:
                self._session.load(prompt_id, self._keep)

    def _decided(self, decision: Decision, changes: Changes) -> None:
        self._forget(changes)
        self.told.emit(changes.told)
        if decision.aspect is Aspect.NOTE:
            self.noted.emit()
        stayed = self._awaited == decision.prompt_id
        self.state = State.SHOWN if self._is_awaited_shown() else State.LOADING
        if stayed and decision.aspect in _MOVE_ON:
            self._move_on(decision)
            if self._awaited == decision.prompt_id:
                self.told.emit(f"{changes.told}   {tr('That was the last prompt of this queue.')}")
        if self._awaited == decision.prompt_id:
            self._reload()

    def _not_decided(self, decision: Decision, error: Exception) -> None:
        self.state = State.SHOWN if self._is_awaited_shown() else State.LOADING
        if isinstance(error, StaleDecisionError):
            self._ahead.pop(decision.prompt_id, None)
        place = self.model.place_of(decision.prompt_id)
        if decision.aspect in _MOVE_ON and place is not None and place != self.queue.place():
            self.queue.go(place)
        elif isinstance(error, StaleDecisionError):
            self._reload()

    def _is_awaited_shown(self) -> bool:
        return self.view is not None and self.view.prompt.id == self._awaited

    def _reload(self) -> None:
        if self.view is not None:
            self._ahead.pop(self.view.prompt.id, None)
            self._begin_loading(self.view.prompt.id)

    def _reversed(self, changes: Changes) -> None:
        self._forget(changes)
        self.told.emit(changes.told)
        self.state = State.SHOWN if self.view else State.EMPTY
        if not changes.prompt_ids or not self.model.ids():
            return  # with nothing on the screen there is nothing to bring back to it
        prompt_id = changes.prompt_ids[0]
        place = self.model.place_of(prompt_id)
        if place is not None and place != self.queue.place():
            self.queue.go(place)
        else:
            self._begin_loading(prompt_id)

    def _reverse(self, *, redo: bool) -> None:
        if self.state in (State.SHOWN, State.EMPTY):
            self.state = State.SAVING
            self._session.reverse(self._reversed, self._not_reversed, redo=redo)

    def _not_reversed(self, _error: Exception) -> None:
        self.state = State.SHOWN if self.view else State.EMPTY

    def _forget(self, changes: Changes) -> None:
        for prompt_id in changes.prompt_ids or ():
            self._ahead.pop(prompt_id, None)

    def _step(self, by: int) -> None:
        place = self.queue.place() + by
        if self.state is not State.SAVING and self.model.id_at(place) is not None:
            self.queue.go(place)

    def _answer(self, answer_class: AnswerClass) -> None:
        focused = self.responses.focused()
        if focused is not None:
            self.decide(Aspect.ANSWER_CLASS, answer_class, response_id=focused.response.id)

    def _flag(self) -> None:
        if self.view is not None:
            flagged = self.view.said_by(self._session.settings.annotator, Aspect.FLAG) == "on"
            self.decide(Aspect.FLAG, "off" if flagged else "on")

    def _category(self) -> None:
        view = self.view
        if view is not None and self.state is State.SHOWN:
            menu = CategoryMenu(self, view.category)
            menu.chosen.connect(
                lambda value: self._write_about(Decision(view.prompt.id, Aspect.CATEGORY, value), view.version)
            )
            menu.open_above(self.decisions)

    def _note(self) -> None:
        view = self.view
        if view is not None and self.state is State.SHOWN:
            dialog = NoteDialog(self, view.said_by(self._session.settings.annotator, Aspect.NOTE) or "")
            # A note contradicts nothing, so it may be written whatever was decided meanwhile.
            dialog.written.connect(lambda text: self._write_about(Decision(view.prompt.id, Aspect.NOTE, text), None))
            self.noted.connect(dialog.close)
            dialog.open()

    def _write_about(self, decision: Decision, seen: int | None) -> None:
        """Write what a menu or a dialog was opened for, whichever prompt is on the screen by now."""
        if self.state in (State.SHOWN, State.EMPTY):
            self._write(decision, seen)
        else:
            self.told.emit(tr("Something else is just being saved or loaded. Try again in a moment."))

    def _search(self) -> None:
        self.filter_bar.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter_bar.search.selectAll()

    def _filter_changed(self, wanted: QueueFilter) -> None:
        self.facets.show_filter(wanted)
        self.ask_queue()

    def _count(self, field: Field, done: Callable[[dict[str, int]], None]) -> None:
        self._session.counts_of(self.filter_bar.current, field, done)

    def _complete(self, field: Field) -> None:
        learn = self.filter_bar.completion.learn
        self._session.counts_of(QueueFilter(), field, lambda counts: learn(field, list(counts)))

    def _clear_filter(self) -> None:
        self.filter_bar.clear()
        self.queue.setFocus()

    def _first_undecided(self) -> None:
        self._session.queue(self.filter_bar.current, None, self._go_undecided)

    def _go_undecided(self, queue: Queue) -> None:
        place = self._place_of(queue.begin)
        if place is None:
            self.told.emit(tr("Every prompt of this queue is decided or skipped."))
        elif self.state is not State.SAVING:
            self.queue.go(place)

    def _connect(self, actions: Actions) -> None:
        self.queue.moved.connect(self._go)
        self.filter_bar.changed.connect(self._filter_changed)
        self.filter_bar.completion.values_wanted.connect(self._complete)
        self.facets.wanted.connect(self.filter_bar.ask)
        self.facets.counts_wanted.connect(self._count)
        self.views.told.connect(self.told)
        self.filter_bar.search.returnPressed.connect(self.queue.setFocus)
        self.panes.offer(actions)
        self.model.wanted.connect(lambda ids: self._session.rows(ids, self.model.put))
        handlers: dict[str, Callable[[], object]] = {
            "label_safe": lambda: self.decide(Aspect.LABEL, Label.SAFE),
            "label_toxic": lambda: self.decide(Aspect.LABEL, Label.TOXIC),
            "label_controversial": lambda: self.decide(Aspect.LABEL, Label.CONTROVERSIAL),
            "skip": lambda: self.decide(Aspect.SKIP, "skipped"),
            "category": self._category,
            "flag": self._flag,
            "note": self._note,
            "undo": lambda: self._reverse(redo=False),
            "redo": lambda: self._reverse(redo=True),
            "next_prompt": lambda: self._step(1),
            "previous_prompt": lambda: self._step(-1),
            "first_undecided": self._first_undecided,
            "next_response": lambda: self.responses.step(1),
            "previous_response": lambda: self.responses.step(-1),
            "answer_direct": lambda: self._answer(AnswerClass.DIRECT_ANSWER),
            "answer_partial": lambda: self._answer(AnswerClass.PARTIAL_REFUSAL),
            "answer_indirect": lambda: self._answer(AnswerClass.INDIRECT_REFUSAL),
            "answer_refusal": lambda: self._answer(AnswerClass.DIRECT_REFUSAL),
            "seed": self.prompt.toggle_seed,
            "explanations": self.prompt.toggle_explanations,
            "search": self._search,
            "clear_filter": self._clear_filter,
            "views": self.views.open,
            "save_view": self.views.save,
            "toggle_queue": self.panes.toggle_queue,
        }
        actions.bind(handlers)
        self._own_actions = tuple(handlers)
        actions.enable(self._own_actions, on=False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.panes.fit(event.size().width())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._actions.enable(self._own_actions, on=True)

    def hideEvent(self, event: QHideEvent) -> None:
        # What is not on the screen must not be decided by a key meant for another page.
        self._actions.enable(self._own_actions, on=False)
        super().hideEvent(event)
