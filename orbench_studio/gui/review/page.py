"""The review page: the queue, the prompt on the screen, its responses, and the recording of decisions.

Decisions are accepted only in the state SHOWN; in the state SAVING nothing else is. The next prompt, loaded ahead, is
painted at once, and can be decided when the previous decision is durable; if that fails, its prompt comes back.

On an undecided prompt, votes and judgements can be hidden (`blind`). The first label reveals them; the next key keeps
or changes the label, and continues with the next prompt.
"""

from collections.abc import Callable
from enum import Enum

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QWidget

from orbench_studio.domain.core.annotation import Aspect, Visible
from orbench_studio.domain.core.changes import Changes
from orbench_studio.domain.review.decision import Decision, PromptView, blinded
from orbench_studio.domain.review.queue import Queue
from orbench_studio.errors import StaleDecisionError
from orbench_studio.gui.common.actions import Actions, tr
from orbench_studio.gui.common.theme import Theme
from orbench_studio.gui.review.decision_bar import DecisionBar
from orbench_studio.gui.review.guidelines_pane import GuidelinesPane
from orbench_studio.gui.review.layout import ReviewLayout
from orbench_studio.gui.review.prompt_loader import PromptLoader
from orbench_studio.gui.review.prompt_pane import PromptPane
from orbench_studio.gui.review.queue_model import QueueModel
from orbench_studio.gui.review.queue_view import QueueView
from orbench_studio.gui.review.reading_aids import ReadingAids
from orbench_studio.gui.review.responses_pane import ResponsesPane
from orbench_studio.gui.review.search_panel import SearchPanel
from orbench_studio.gui.workspace.connection import Connection
from orbench_studio.gui.workspace.session import Session

_AHEAD = 3  # prompts loaded before they are asked for
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

    message = Signal(str)  # a short message that disappears again
    stated = Signal(str)  # after a decision or undo, with its description
    progressed = Signal(int)  # with the number of prompts labelled today, whenever it may have changed
    decided = Signal()  # after a prompt was labelled or skipped
    recorded = Signal(Decision)  # after a decision was recorded and the screen was updated
    noted = Signal()  # after a note was saved
    shown = Signal(int)  # with the prompt's id, when a prompt was put on the screen
    own_categories: tuple[str, ...] = ()  # of the workspace, beside OR-Bench's ten

    def __init__(self, session: Session, connection: Connection, actions: Actions, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("page")
        self.state = State.EMPTY
        self.view: PromptView | None = None
        self._session = session
        self._connection = connection
        self.loader = PromptLoader(session, connection)
        self._revealed: set[int] = set()  # prompts whose votes have been on the screen
        self._awaited: int | None = None
        self._begin_at: int | None = None
        self.model = QueueModel()
        self.finder = SearchPanel(session, self)
        self.queue = QueueView(theme, self.model, self.finder.bar.order)
        self.prompt = PromptPane(theme)
        self.responses = ResponsesPane(theme, session.settings)
        self.decisions = DecisionBar(theme, actions)
        self.prompt.place_marks(self.decisions.marks())
        self.guidelines = GuidelinesPane(theme)
        self.panes = self._build_ui()
        self.reading = ReadingAids(session.settings, self.model, self.prompt, self.responses, self.panes)
        self._actions = actions
        self._own_actions: tuple[str, ...] = ()
        self._connect()
        self.follow_settings()

    def _build_ui(self) -> ReviewLayout:
        return ReviewLayout(
            self,
            self._session.settings,
            facets=self.finder.facets,
            queue=self.queue,
            prompt=self.prompt,
            responses=self.responses,
            bar=self.decisions,
            aside=self.guidelines,
        )

    def ask_queue(self) -> None:
        """Fetch the queue again, and stay with the prompt on the screen if the queue still has it."""
        shown = self.view.prompt.id if self.view else self._begin_at
        self.loader.load_queue(self.finder.current, shown, self._show_queue)

    def start(self, at: int | None = None) -> None:
        """Start on a workspace that was just opened, at this prompt or at the first undecided one."""
        self.leave()
        self._begin_at = at
        self.ask_queue()
        self.loader.count_today(self.progressed.emit)

    def leave(self) -> None:
        """Drop everything about a workspace that is no longer open."""
        self.loader.clear()
        self._revealed.clear()
        self.finder.bar.completion.forget()
        self._empty()

    @property
    def shown_view(self) -> PromptView | None:
        """The prompt on the screen if it can be decided; None while something is saved or loaded."""
        return self.view if self.state is State.SHOWN else None

    @property
    def blind(self) -> bool:
        """Whether votes and judgements of the prompt on the screen are hidden."""
        view = self.view
        hidden = self._session.settings.blind and view is not None and view.is_unlabelled
        return hidden and view is not None and view.prompt.id not in self._revealed

    @property
    def visible(self) -> frozenset[Visible]:
        """What the reviewer can see of votes, judgements and other people's decisions."""
        machines = frozenset() if self.blind else frozenset({Visible.VOTES, Visible.JUDGEMENTS})
        return machines | {Visible.RESPONSES} | self.finder.current.reveals

    def decide(self, aspect: Aspect, value: str, *more: Decision, response_id: int | None = None) -> None:
        """Record a decision on the prompt on the screen; a skip, and a label with votes in view, move on."""
        if self.state is State.SHOWN and self.view is not None and self.reading.may_decide(aspect):
            decision = Decision(self.view.prompt.id, aspect, value, response_id)
            self.write(decision, *more, seen=self.view.version, visible=self.visible)

    def write(
        self,
        decision: Decision,
        *more: Decision,
        seen: int | None,
        visible: frozenset[Visible],
        stays: bool = False,
    ) -> None:
        """Record a decision, also about a prompt that left the screen; refused while another one is being saved.

        `seen` and `visible` are the version and what was visible when the reviewer looked at the prompt.
        """
        if self.state not in (State.SHOWN, State.EMPTY):
            self.message.emit(tr("A decision is being saved, or a prompt is being loaded. Try again in a moment."))
            return
        here = self.view is not None and self.view.prompt.id == decision.prompt_id
        reveals = decision.aspect is Aspect.LABEL and here and self.blind
        moves = decision.aspect in _MOVE_ON and not reveals and not stays
        self.state = State.SAVING
        self._connection.decide(
            (decision, *more),
            seen,
            visible,
            lambda changes: self._decided(decision, changes, moves=moves),
            lambda error: self._not_decided(decision, error),
        )
        if reveals:
            self._present(revealed=True)
        elif moves:
            self._move_on(decision)

    def _move_on(self, decision: Decision) -> None:
        """Go to the next prompt; while the decision is being saved, only to one that was loaded ahead."""
        here = self.queue.place()
        # An undo can show a prompt that this queue does not have: then the next prompt is the one at its place.
        place = here + 1 if self.model.id_at(here) == decision.prompt_id else here
        prompt_id = self.model.id_at(place)
        if prompt_id is None or (self.state is State.SAVING and prompt_id not in self.loader):
            return
        self.queue.go(place) if place != here else self._go(place)

    def refresh(self, changes: Changes) -> None:
        """Update what an operation changed."""
        if changes.prompt_ids is None:
            self.loader.clear()
            self.finder.bar.completion.forget()
            self.ask_queue()
        else:
            self.loader.forget(changes.prompt_ids)
            if self.shown_view is not None and self.shown_view.prompt.id in changes.prompt_ids:
                self._reload()  # a bulk decision; after a single one it is being loaded already
            QTimer.singleShot(_AFTER_PAINTING, self, lambda: self.model.refresh(changes.prompt_ids or ()))
        QTimer.singleShot(_AFTER_PAINTING, self, lambda: self.loader.count_today(self.progressed.emit))

    def _show_queue(self, queue: Queue) -> None:
        self.own_categories = queue.own_categories
        self.model.reset(queue.ids)
        self.finder.bar.tell(len(queue.ids), queue.total)
        self.queue.count(len(queue.ids))
        self.panes.show_empty(total=queue.total, matches=len(queue.ids))
        if not queue.ids:
            self._empty()
            return
        if self.view is not None:
            self.loader.forget([self.view.prompt.id])
        self.queue.go(self.model.place_of(queue.begin) or 0)
        if not self.isAncestorOf(QApplication.focusWidget() or self) and not self.finder.bar.search.hasFocus():
            self.queue.setFocus()

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
        view = self.loader.get(prompt_id)
        if view is not None:
            self._show(view)
        elif self.shown_view is not None and self.shown_view.prompt.id == prompt_id:
            self.loader.load(prompt_id, self._loaded)  # it can still be decided meanwhile
        else:
            self._begin_loading(prompt_id)

    def _begin_loading(self, prompt_id: int) -> None:
        self._awaited = prompt_id
        if self.state is not State.SAVING:
            self.state = State.LOADING
        self.loader.load(prompt_id, self._loaded)

    def _loaded(self, view: PromptView) -> None:
        if view.prompt.id == self._awaited and self.state is not State.EMPTY:
            self._show(view)

    def _show(self, view: PromptView) -> None:
        self.view = view
        self._present()
        if self.state is not State.SAVING:
            self.state = State.SHOWN
        self.shown.emit(view.prompt.id)
        # Python runs one thread at a time: loading ahead waits for the painting (saves 2 ms a key, measured).
        QTimer.singleShot(_AFTER_PAINTING, self, self._load_ahead)

    def _present(self, *, revealed: bool = False) -> None:
        """Show the prompt, without votes and judgements while it is blind; once revealed they stay visible."""
        view, who = self.view, self._session.annotator
        if view is not None:
            if revealed or not self.blind:
                self._revealed.add(view.prompt.id)
            seen = blinded(view, who) if self.blind else view
            self.reading.update_for(seen)
            self.prompt.show_view(seen, who)
            self.responses.show_view(seen, who)
            self.decisions.show_view(seen, who)

    def _load_ahead(self) -> None:
        here = self.queue.place()
        for place in range(here + 1, here + 1 + _AHEAD) if self.view else ():  # none if the workspace was closed since
            prompt_id = self.model.id_at(place)
            if prompt_id is not None and prompt_id not in self.loader:
                self.loader.load(prompt_id)

    def _decided(self, decision: Decision, changes: Changes, *, moves: bool) -> None:
        self.loader.forget(changes.prompt_ids or ())
        self.stated.emit(changes.message)
        if moves:
            self.decided.emit()
        if decision.aspect is Aspect.NOTE:
            self.noted.emit()
        stayed = self._awaited == decision.prompt_id
        self._settle()
        if stayed and moves:
            self._move_on(decision)
            if self._awaited == decision.prompt_id:
                self.message.emit(tr("This was the last prompt of the queue."))
        if self._awaited == decision.prompt_id:
            self._reload()
        QTimer.singleShot(_AFTER_PAINTING, self, lambda: self.recorded.emit(decision))

    def _not_decided(self, decision: Decision, error: Exception) -> None:
        self._settle()
        if isinstance(error, StaleDecisionError):
            self.loader.forget([decision.prompt_id])
        place = self.model.place_of(decision.prompt_id)
        if decision.aspect in _MOVE_ON and place is not None and place != self.queue.place():
            self.queue.go(place)
        elif isinstance(error, StaleDecisionError):
            self._reload()

    def _settle(self) -> None:
        """Leave the state SAVING: to SHOWN if the wanted prompt is on the screen, else to LOADING."""
        if self._awaited is None:
            self.state = State.EMPTY
        else:
            there = self.view is not None and self.view.prompt.id == self._awaited
            self.state = State.SHOWN if there else State.LOADING

    def _reload(self) -> None:
        if self.view is not None:
            self.loader.forget([self.view.prompt.id])
            self._begin_loading(self.view.prompt.id)

    def _reversed(self, changes: Changes) -> None:
        self.loader.forget(changes.prompt_ids or ())
        self.loader.forget(-of for of in changes.shown_again)
        self._settle()
        self.stated.emit(changes.message)
        self._warn_not_blind(changes)
        if not changes.prompt_ids or not self.model.ids():
            return  # the queue is empty, so no prompt is shown
        prompt_id = changes.prompt_ids[0]
        if prompt_id in changes.shown_again and self.model.place_of(-prompt_id) is not None:
            prompt_id = -prompt_id
        place = self.model.place_of(prompt_id)
        if place is not None and place != self.queue.place():
            self.queue.go(place)
        else:
            self._begin_loading(prompt_id)

    def _warn_not_blind(self, changes: Changes) -> None:
        """After an undo or redo: say that a label given now is not blind, because the votes were visible."""
        of = changes.prompt_ids[0] if changes.prompt_ids and len(changes.prompt_ids) == 1 else None
        if self._session.settings.blind and of in self._revealed:
            self.message.emit(tr("You have already seen the votes, so a label now does not count as blind."))

    def reverse(self, how: Callable[..., None]) -> None:
        """Undo or redo by calling `how(done, failed)`; then go to the prompt that changed."""
        if self.state in (State.SHOWN, State.EMPTY):
            self.state = State.SAVING
            how(self._reversed, lambda _error: self._settle())

    def step(self, by: int) -> None:
        """Go to another prompt of the queue."""
        place = self.queue.place() + by
        if self.state is not State.SAVING and self.model.id_at(place) is not None:
            self.queue.go(place)

    def follow_settings(self) -> None:
        """Apply the current preferences."""
        self.queue.hide_machines(hidden=self._session.settings.blind)
        self._present()

    def go_first_undecided(self) -> None:
        """Go to the first undecided prompt of the queue."""
        self.loader.load_queue(self.finder.current, None, self._go_undecided)

    def _go_undecided(self, queue: Queue) -> None:
        place = self.model.place_of(queue.begin)
        if place is None:
            self.message.emit(tr("All prompts of this queue are decided or skipped."))
        elif self.state is not State.SAVING:
            self.queue.go(place)

    def bind(self, handlers: dict[str, Callable[[], object]]) -> None:
        """Bind actions that work only while this page is visible."""
        self._actions.bind(handlers, self)
        self._own_actions += tuple(handlers)
        self._actions.enable(handlers, on=self.isVisible())

    def _connect(self) -> None:
        self.queue.moved.connect(self._go)
        self.finder.changed.connect(self.ask_queue)
        self.finder.left.connect(self.queue.setFocus)
        self.responses.left.connect(self.queue.setFocus)
        for part in (self.finder, self.finder.views, self.reading):
            part.message.connect(self.message)
        self.panes.offer(self._actions)
        self.model.wanted.connect(lambda ids: self.loader.load_rows(ids, self.model.put))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.panes.fit(event.size())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._actions.enable(self._own_actions, on=True)

    def hideEvent(self, event: QHideEvent) -> None:
        # Keys that are meant for another page must not decide a hidden prompt.
        self._actions.enable(self._own_actions, on=False)
        super().hideEvent(event)
