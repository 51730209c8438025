"""The queue and the prompt on the screen: loading ahead, going from one to the next, and what of it is visible."""

from collections.abc import Callable
from dataclasses import replace
from enum import Enum

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QWidget

from orbench_studio.domain.core.annotation import Aspect, Visible
from orbench_studio.domain.core.changes import Changes
from orbench_studio.domain.review.blind_review import Moment, blinded
from orbench_studio.domain.review.decision import Decision, PromptView
from orbench_studio.domain.review.query import model_of
from orbench_studio.domain.review.queue import Queue, QueueFilter
from orbench_studio.domain.review.reveal import Reveal
from orbench_studio.domain.team.queue import given_to
from orbench_studio.gui.common.actions import Actions, tr
from orbench_studio.gui.common.theme import Theme
from orbench_studio.gui.review.decision_bar import DecisionBar
from orbench_studio.gui.review.guidelines_pane import GuidelinesPane
from orbench_studio.gui.review.layout import ReviewLayout
from orbench_studio.gui.review.pace import Pace
from orbench_studio.gui.review.prompt_loader import PromptLoader
from orbench_studio.gui.review.prompt_pane import PromptPane
from orbench_studio.gui.review.queue_model import QueueModel
from orbench_studio.gui.review.queue_view import QueueView
from orbench_studio.gui.review.reading_aids import ReadingAids
from orbench_studio.gui.review.responses_pane import ResponsesPane
from orbench_studio.gui.review.search_panel import SearchPanel
from orbench_studio.gui.review.text_panes import TextPanes
from orbench_studio.gui.review.trail import Trail
from orbench_studio.gui.review.vote_cards import VotesPane
from orbench_studio.gui.workspace.decision_recorder import DecisionRecorder
from orbench_studio.gui.workspace.session import Session

_AHEAD = 3  # prompts loaded before they are asked for
AFTER_PAINTING = 12  # milliseconds


class State(Enum):
    """What the page may do now."""

    EMPTY = "empty"
    LOADING = "loading"
    SHOWN = "shown"
    SAVING = "saving"


class QueuePage(QWidget):
    """Shows the prompts of the queue one after the other; `page.py` records decisions about them."""

    state = State.EMPTY
    view: PromptView | None = None
    message = Signal(str)  # a short message that disappears again
    ignored = Signal(str)  # why a key decided nothing, also when another decision follows at once
    outdated = Signal()  # when the last message is no longer about what is on the screen
    stated = Signal(str)  # after a decision or undo, with its description
    progressed = Signal(int)  # with the number of prompts labelled today, whenever it may have changed
    decided = Signal()  # after a prompt was labelled or skipped
    recorded = Signal(Decision)  # after a decision was recorded and the screen was updated
    noted = Signal()  # after a note was saved
    shown = Signal(int)  # with the prompt's id, when a prompt was put on the screen
    _total = 0  # prompts of the workspace
    _has_results = False  # whether some of them have votes, responses or labels of a source
    _awaited: int | None = None  # the prompt that is wanted on the screen
    _begin_at: int | None = None
    _own_actions: tuple[str, ...] = ()
    _from_first = False  # the next queue begins with its first prompt, not with the one on the screen
    own_categories: tuple[str, ...] = ()  # of the workspace, beside OR-Bench's ten

    def __init__(self, session: Session, recorder: DecisionRecorder, actions: Actions, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("page")
        self._session = session
        self._recorder = recorder
        self.loader = PromptLoader(session, recorder)
        self._seen: set[int] = set()  # prompts whose votes have been on the screen
        self._selected: set[int] = set()  # prompts that a filter or an order by votes or judgements has shown
        self.model = QueueModel()
        self.pace = Pace()
        self.finder = SearchPanel(session, self)
        self.queue = QueueView(theme, self.model, self.finder.bar.order)
        self.prompt = PromptPane(theme)
        self.votes = VotesPane()
        self.responses = ResponsesPane(theme)
        self.trail = Trail(session, recorder, actions)
        self.decisions = DecisionBar(theme, actions)
        self.prompt.place_marks(self.decisions.marks())
        self.guidelines = GuidelinesPane(theme)
        self.panes = self._build_ui()
        self.responses.stay_visible_in(self.panes.scroll)
        self.reading = ReadingAids(session.settings, self.model, self.prompt, self.votes, self.responses, self.panes)
        self._actions = actions
        self._connect()
        self.follow_settings()

    def _build_ui(self) -> ReviewLayout:
        return ReviewLayout(
            self,
            self._session.settings,
            facets=self.finder.facets,
            queue=self.queue,
            texts=TextPanes(self.prompt, self.responses.readings, self._session.settings),
            side=(self.votes, self.responses, self.trail),
            bar=self.decisions,
            aside=self.guidelines,
        )

    def ask_queue(self) -> None:
        """Fetch the queue again, and stay with the prompt on the screen if the queue still has it."""
        self._load_queue(self._shown_id, self._show_queue)

    def _load_queue(self, shown: int | None, done: Callable[[Queue], None]) -> None:
        """Fetch the queue; labels that are given meanwhile, or wait for the server, count as decided."""
        since, unsaved = self.model.marks, self._recorder.unsaved_labels

        def loaded(queue: Queue) -> None:
            known = {*queue.decided, *(unsaved and unsaved.intersection(queue.ids))}
            done(replace(queue, decided=self.model.with_marks(known, since)))

        self.loader.load_queue(self.finder.current, shown, loaded)

    def _refresh_queue(self) -> None:
        """Fetch the queue again after a change, and stay with the prompt on the screen in any case.

        The reviewer has not asked for another prompt, and the next key would decide it.
        """
        wanted = self.finder.current

        def refreshed(queue: Queue) -> None:
            if self.finder.current == wanted:  # else another filter was chosen meanwhile
                self._show_queue(queue, self._awaited)

        self._load_queue(self._shown_id, refreshed)

    @property
    def _shown_id(self) -> int | None:
        """The prompt that is on the screen or comes there; before the first one, that at which to begin."""
        return self._awaited or self._begin_at

    def show_filter(self, wanted: QueueFilter) -> None:
        """Show the prompts of a filter from the first one, with the response of the model by which they were chosen."""
        is_same = wanted == self.finder.current
        self._from_first = True
        self.finder.bar.ask(wanted)
        self._from_first = False
        self.responses.follow(model_of(wanted))
        if is_same and self.works_for_team:
            self.go_first_undecided()

    @property
    def works_for_team(self) -> bool:
        """Whether these are the assignments of the reviewer in a team queue."""
        return self._team_queue is not None

    @property
    def _team_queue(self) -> str | None:
        """The name of the team queue whose assignments to the reviewer are shown; None otherwise."""
        name, annotator = given_to(self.finder.current) or (None, None)
        return name if annotator == self._session.annotator else None

    def _ask_filtered(self) -> None:
        self.responses.follow(model_of(self.finder.current))
        self.outdated.emit()
        if self._from_first and not self.works_for_team:
            self._load_queue(None, lambda queue: self._show_queue(replace(queue, begin=None)))
        elif self.works_for_team:  # it begins with the first assignment, not with the prompt that was shown
            self._load_queue(None, self._show_queue)
        else:
            self.ask_queue()

    def start(self, at: int | None = None) -> None:
        """Start on a workspace that was just opened, at this prompt or at the first undecided one."""
        self.leave()
        self._begin_at = at
        self.ask_queue()
        self.loader.count_today(self.progressed.emit)

    def leave(self) -> None:
        """Drop everything about a workspace that is no longer open."""
        self.loader.clear()
        self.stated.emit("")
        self._seen.clear()
        self._selected.clear()
        self.pace.restart()
        self.finder.bar.completion.forget()
        self._empty()

    @property
    def shown_view(self) -> PromptView | None:
        """The prompt on the screen if it can be decided; None while something is saved or loaded."""
        return self.view if self.state is State.SHOWN else None

    @property
    def moment(self) -> Moment | None:
        """What can be decided, and what is hidden; None without a prompt."""
        settings, view = self._session.settings, self.view
        if view is None:
            return None
        shown = view.prompt.id in self._seen or self.queue.has_revealed(view.prompt.id)
        return Moment(view, self._session.annotator, settings.blind, Reveal(settings.reveal), shown, self._has_results)

    @property
    def blind(self) -> bool:
        """Whether votes and judgements of the prompt on the screen are hidden."""
        return self.moment is not None and self.moment.blind

    def visible(self, aspect: Aspect, response_id: int | None = None) -> frozenset[Visible]:
        """What the reviewer can see that can influence such a decision about the prompt on the screen."""
        machines = self.moment.visible(aspect, response_id) if self.moment is not None else frozenset()
        selected = {Visible.FILTER} if self.view is not None and self.view.prompt.id in self._selected else set()
        return machines | {Visible.RESPONSES} | self.finder.current.reveals | selected

    def refresh(self, changes: Changes) -> None:
        """Update what an operation changed."""
        if changes.prompt_ids is None:
            self.loader.clear()
            self.finder.bar.completion.forget()
            self._refresh_queue()
        else:
            self.loader.forget(changes.prompt_ids)
            if len(changes.prompt_ids) > 1:
                self._load_queue(None, lambda queue: self.model.set_decided(queue.decided))
            if self.shown_view is not None and self.shown_view.prompt.id in changes.prompt_ids:
                self._reload()  # a bulk decision; after a single one it is being loaded already
            QTimer.singleShot(AFTER_PAINTING, self, lambda: self.model.refresh(changes.prompt_ids or ()))
        QTimer.singleShot(AFTER_PAINTING, self, lambda: self.loader.count_today(self.progressed.emit))

    def _show_queue(self, queue: Queue, stays: int | None = None) -> None:
        self.own_categories = queue.own_categories
        self.model.reset(queue.ids, stays)
        self._total, self._has_results = queue.total, queue.has_results
        self.model.set_decided(queue.decided)
        self.queue.count(self.model.rowCount())
        self.panes.show_empty(total=queue.total, matches=self.model.rowCount())
        if not self.model.rowCount():
            self._empty()
            self.finder.count_without(self.panes.empty.offer_terms)
            return
        if self.view is not None:
            self.loader.forget([self.view.prompt.id])
        self.go_to(stays or queue.begin or queue.ids[0])
        is_elsewhere = not self.isAncestorOf(QApplication.focusWidget() or self)
        if self.isVisible() and is_elsewhere and not self.finder.bar.search.hasFocus():
            self.queue.setFocus()

    def _empty(self) -> None:
        self.state = State.EMPTY
        self.view = None
        self._awaited = None
        self.decisions.show_view(None, "")

    def go_to(self, prompt_id: int) -> None:
        """Show a prompt and mark its row, or no row where the queue does not have it."""
        place = self.model.place_of(prompt_id)
        if place is not None and place != self.queue.place():
            self.queue.go(place)
        else:
            if place is None:
                self.queue.leave()
            self._begin_loading(prompt_id)

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
        self.loader.load(prompt_id, self._loaded, lambda: self._stay(prompt_id))

    def _stay(self, wanted: int) -> None:
        """Return to the prompt on the screen, because the wanted one cannot be loaded without a connection."""
        if self.view is not None and self._awaited == wanted != self.view.prompt.id:
            self.go_to(self.view.prompt.id)

    def _loaded(self, view: PromptView) -> None:
        # While a decision is being saved, it was read before; the prompt is loaded again afterwards.
        is_older = self.state is State.SAVING and self.view is not None and self.view.prompt.id == view.prompt.id
        if view.prompt.id == self._awaited and self.state is not State.EMPTY and not is_older:
            self._show(view)

    def _show(self, view: PromptView) -> None:
        if self.view is not None and self.view.prompt.id != view.prompt.id:
            self.outdated.emit()
        self.view = view
        self._present()
        if self.state is not State.SAVING:
            self.state = State.SHOWN
        self.shown.emit(view.prompt.id)
        # Python runs one thread at a time: loading ahead waits for the painting (saves 2 ms a key, measured).
        QTimer.singleShot(AFTER_PAINTING, self, self._load_ahead)

    def _present(self) -> None:
        """Show the prompt, without votes and judgements while it is blind; once they were visible they stay so."""
        moment = self.moment
        if moment is not None:
            view, who = moment.view, moment.annotator
            self._selected |= {view.prompt.id} if self.finder.current.reveals else set()
            decided = moment.decided if self.works_for_team else not view.is_unlabelled
            self.model.mark_decided(view.prompt.id, decided=decided)
            if moment.blind:
                view = blinded(view, who, moment.revealed_classes, moment.reveal)
            else:
                self._seen.add(view.prompt.id)
            self.reading.update_for(view)
            self.prompt.show_view(view, who)
            self.votes.show_view(view)
            self.responses.show_view(view, who)
            self.decisions.show_view(view, who, self.visible(Aspect.LABEL))
            self.panes.texts.show_responses(shown=bool(view.responses))

    def _show_progress(self) -> None:
        decided, prompts, progress = self.model.decided, self.model.prompts, self.finder.bar.progress
        if self._team_queue is not None:
            progress.show_queue(self._team_queue, decided, prompts)
        else:
            progress.show_progress(decided, prompts, self._total, self.pace.seconds())

    def _load_ahead(self) -> None:
        here = self.queue.return_place()
        for place in range(here + 1, here + 1 + _AHEAD) if self.view else ():  # none if the workspace was closed since
            prompt_id = self.model.id_at(place)
            if prompt_id is not None and prompt_id not in self.loader:
                self.loader.load(prompt_id)

    def _reload(self) -> None:
        if self.view is not None:
            self.loader.forget([self.view.prompt.id])
            self._begin_loading(self.view.prompt.id)

    def step(self, by: int) -> None:
        """Go to another prompt of the queue; from one outside it, to the row that was left."""
        place = self.queue.place() + by if self.queue.place() >= 0 else self.queue.return_place()
        if self.model.id_at(place) is not None:
            self.queue.go(place)

    def follow_settings(self) -> None:
        settings = self._session.settings
        self.queue.hide_machines(hidden=settings.blind, always=settings.reveal == Reveal.NEVER)
        self._present()

    def go_first_undecided(self) -> None:
        self._load_queue(None, self._go_undecided)

    def _go_undecided(self, queue: Queue) -> None:
        place = self.model.place_of(queue.begin)
        if place is None:
            self.message.emit(tr("All prompts of this queue are labelled or skipped."))
        elif self.state is not State.SAVING:
            self.queue.go(place)

    def bind(self, handlers: dict[str, Callable[[], object]]) -> None:
        """Bind actions that work only while this page is visible."""
        self._actions.bind(handlers, self)
        self._own_actions += tuple(handlers)
        self._actions.enable(handlers, on=self.isVisible())

    def _connect(self) -> None:
        self.queue.moved.connect(self._go)
        self.finder.changed.connect(self._ask_filtered)
        self.finder.left.connect(self.queue.setFocus)
        self.responses.left.connect(self.queue.setFocus)
        self.responses.stepped.connect(self.panes.texts.show_response)
        for part in (self.finder, self.finder.views, self.reading):
            part.message.connect(self.message)
        self.panes.empty.offer(self._actions)
        self.panes.empty.dropped.connect(self.finder.drop)
        self.recorded.connect(lambda _decision: self.trail.refresh())
        self.model.progressed.connect(self._show_progress)
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
        if not event.spontaneous():
            self.outdated.emit()
            self.stated.emit("")
        super().hideEvent(event)
