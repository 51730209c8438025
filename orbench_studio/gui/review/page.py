"""The review page: decisions about the prompt on the screen, and the way to the next one.

Decisions are accepted only in the state SHOWN; in the state SAVING nothing else is. A key that comes earlier is
ignored, and so are the decisions that follow at once: they were typed for later prompts. So are those that are typed as
soon as a prompt is shown again, which nobody expects. The next prompt, loaded ahead, is painted at once, and can be
decided when the previous decision is durable. If that cannot be written, its prompt comes back; if others decided that
prompt meanwhile, the message names it, and the prompt on the screen stays.

What a key may decide, hide and reveal is in `domain/review/blind_review.py`.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from time import monotonic

from PySide6.QtCore import QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QApplication

from orbench_studio.domain.core.annotation import Aspect, Visible
from orbench_studio.domain.core.changes import Changes
from orbench_studio.domain.review.decision import Decision, PromptView
from orbench_studio.domain.review.pending_decision import PendingDecision, with_pending
from orbench_studio.errors import StaleDecisionError
from orbench_studio.gui.common.actions import key_text, tr
from orbench_studio.gui.common.widgets import ENTER
from orbench_studio.gui.review.queue_page import AFTER_PAINTING, QueuePage, State

__all__ = ["ReviewPage", "State"]

_PAUSE = 0.5  # seconds without a key, after which the next one is meant for the prompt on the screen
_MOVE_ON = (Aspect.LABEL, Aspect.SKIP)  # decisions after which the next prompt comes


class ReviewPage(QueuePage):
    """Review prompts one after the other."""

    ignored_at = 0.0  # when the last key was ignored, in seconds of the monotonic clock
    repeat_at = 0.0  # when the last prompt that is shown again came on the screen
    at_end = False  # the annotator asked for the next prompt on the last one
    _labelled: int | None = None  # the prompt whose first label was given last
    _moves = False  # the next prompt follows once the decision is saved
    _reversed_on: int | None = None  # the prompt whose undo or redo the window reports

    def decide(self, aspect: Aspect, value: str, *more: Decision, response_id: int | None = None) -> bool:
        """Record a decision on the prompt on the screen, and return whether it can be; it changes no earlier one."""
        moment = self.moment
        if moment is None or self.state is not State.SHOWN or self._follows_ignored or self._is_new_repeat:
            if self.state is not State.EMPTY:
                self._ignore()
            return False
        if moment.is_change(aspect, response_id):
            self.message.emit(self._undecidable(aspect))
            return False
        if not self.reading.may_decide(aspect):
            return False
        decision = Decision(moment.view.prompt.id, aspect, value, response_id)
        self.write(decision, *more, seen=moment.view.version, visible=self.visible(aspect, response_id))
        return True

    @property
    def _follows_ignored(self) -> bool:
        """Whether a key was ignored a moment ago, so that this one may be meant for a later prompt."""
        return monotonic() - self.ignored_at < _PAUSE

    @property
    def _is_new_repeat(self) -> bool:
        """Whether a prompt that is shown again came a moment ago, so that the key may be meant for the next one."""
        return self.view is not None and self.view.prompt.id < 0 and monotonic() - self.repeat_at < _PAUSE

    def _ignore(self) -> None:
        """Say that a key was ignored; the decisions that follow without a pause are ignored too."""
        self.ignored_at = monotonic()
        self.ignored.emit(tr("The key was ignored: it came too early. Check the prompt, then press again."))

    def write(
        self, decision: Decision, *more: Decision, seen: int | None, visible: frozenset[Visible], stays: bool = False
    ) -> None:
        """Record a decision, also about a prompt that left the screen; refused while another one is being saved.

        `seen` and `visible` are the version and what was visible when the reviewer looked at the prompt.
        """
        if self.state not in (State.SHOWN, State.EMPTY):
            self.message.emit(tr("A decision is being saved, or a prompt is being loaded. Try again in a moment."))
            return
        moment = self.moment
        here = moment is not None and moment.view.prompt.id == decision.prompt_id
        classes = decision.aspect is Aspect.ANSWER_CLASS
        reveals = here and moment is not None and moment.reveals(decision.aspect, decision.response_id)
        shows = here and (classes or decision.aspect is Aspect.LABEL)
        waits = stays or (shows and moment is not None and moment.waits)
        self._moves = not waits and (decision.aspect in _MOVE_ON or (classes and self.responses.of_one_model))
        visible |= {Visible.REVEAL} if reveals else frozenset()
        if here and decision.aspect in _MOVE_ON and not self._is_decided:
            self._labelled = decision.prompt_id
        self._reversed_on = None
        self.state = State.SAVING
        self.outdated.emit()
        self._recorder.decide(
            (decision, *more),
            seen,
            visible,
            lambda changes: self._decided(decision, changes),
            lambda error: self._not_decided(decision, error),
        )
        if self._moves:
            self._moves = not self._move_on(decision.prompt_id)
        if here and moment is not None and self._awaited == decision.prompt_id:
            # It looks decided before it is durable; no key decides it meanwhile.
            who, now = self._session.annotator, datetime.now(UTC)
            self.view = with_pending(moment.view, PendingDecision("", now, who, (decision, *more), visible))
            self._present()
            if classes and not waits and not self._moves:
                self.responses.go_on(self._session.annotator)

    def next(self) -> None:
        """Go on to the next prompt from one that is decided; nothing else is left behind."""
        moment = self.moment
        if moment is not None and self._is_decided:
            self._moves = True
            self._move_on(moment.view.prompt.id)
            self._say_last(moment.view.prompt.id)
        elif self.state is State.SAVING or self._follows_ignored:
            self._ignore()
        elif self.state is State.SHOWN:
            text = tr("You have not labelled this prompt yet. {skip} skips it, {down} goes on without a decision.")
            self.message.emit(text.format(skip=key_text("skip"), down=key_text("next_prompt")))

    def _undecidable(self, aspect: Aspect) -> str:
        """Why a key decides nothing here, and what to press instead."""
        if aspect is not Aspect.ANSWER_CLASS:
            text = tr(
                "You have labelled this prompt. Press {next} for the next prompt, or {change} to change the label."
            )
            return text.format(next=key_text("next"), change=key_text("change_label"))
        on = key_text("next" if self.responses.of_one_model else "next_response")
        text = tr("You have classified this response. Press {next} for the next one, or {change} to change the class.")
        return text.format(next=on, change=key_text("change_class"))

    @property
    def _is_decided(self) -> bool:
        """Whether the reviewer has labelled the prompt, or classified the response that the queue is about."""
        if self.moment is None or self.moment.decided:
            return self.moment is not None
        focused = self.responses.focused() if self.responses.of_one_model else None
        return focused is not None and focused.last_by(self._session.annotator) is not None

    @property
    def resume_at(self) -> int | None:
        """The prompt with which the reviewer continues: the next one if a decision about this one is being saved."""
        if self.view is None:
            return None
        here = self.view.prompt.id
        following = self.model.id_at(self._place_after(here)) if self._moves and self.state is State.SAVING else None
        return abs(following or here)

    def _place_after(self, prompt_id: int) -> int:
        """The next place of the queue; in a team queue, and after a first label, the next undecided one.

        An undo can show a prompt that the queue does not have: then it is the row that was left.
        """
        here = self.queue.return_place()
        following = here + 1 if self.model.id_at(here) == prompt_id else here
        undecided = self.model.undecided_from(following)
        if self.works_for_team:
            return undecided
        passes = prompt_id == self._labelled and self.model.id_at(undecided) is not None
        return undecided if passes else following

    def _move_on(self, prompt_id: int) -> bool:
        """Go to the prompt after this one; while a decision is being saved, only to one that was loaded ahead."""
        place = self._place_after(prompt_id)
        following = self.model.id_at(place)
        if following is None or (self.state is State.SAVING and following not in self.loader):
            return False
        self.queue.go(place) if place != self.queue.place() else self._go(place)
        self._labelled = None
        return True

    def _say_last(self, prompt_id: int) -> None:
        self.at_end = self._awaited == prompt_id and self.state is not State.SAVING
        if self.at_end:
            first = self.model.id_at(self.model.undecided_from(0))
            text = tr("This was the last prompt of the queue.")
            if first is not None:
                text = tr("This was the last prompt of the queue. {key} goes to the first one without your label.")
            self.message.emit(text.format(key=key_text("first_undecided")))

    def _decided(self, decision: Decision, changes: Changes) -> None:
        self.loader.forget((decision.prompt_id, *(changes.prompt_ids or ())))  # offline, there are no changes yet
        self.stated.emit(_skipped(decision) if decision.aspect is Aspect.SKIP else changes.message)
        if decision.aspect in _MOVE_ON:
            self.pace.decided()
            self.model.mark_decided(decision.prompt_id, decided=decision.aspect is Aspect.LABEL)
            self.decided.emit()
        if decision.aspect is Aspect.NOTE:
            self.noted.emit()
        stayed = self._awaited == decision.prompt_id
        self._settle()
        if stayed and self._moves:
            self._move_on(decision.prompt_id)
            self._say_last(decision.prompt_id)
        if self._awaited == decision.prompt_id:
            self._reload()
        QTimer.singleShot(AFTER_PAINTING, self, lambda: self.recorded.emit(decision))

    def _not_decided(self, decision: Decision, error: Exception) -> None:
        self._settle()
        if isinstance(error, StaleDecisionError):
            self.loader.forget([decision.prompt_id])
            self.model.refresh([decision.prompt_id])
        left = self._awaited not in (None, decision.prompt_id)
        if left and isinstance(error, StaleDecisionError):
            return  # others decided it: the message names it, and the next key is meant for the prompt on the screen
        if left and decision.aspect in (*_MOVE_ON, Aspect.ANSWER_CLASS):
            self.go_to(decision.prompt_id)
        else:
            self._reload()  # it was shown as decided

    def _settle(self) -> None:
        """Leave the state SAVING: to SHOWN if the wanted prompt is on the screen, else to LOADING."""
        if self._awaited is None:
            self.state = State.EMPTY
        else:
            there = self.view is not None and self.view.prompt.id == self._awaited
            self.state = State.SHOWN if there else State.LOADING

    def reverse(self, how: Callable[..., None]) -> None:
        """Undo or redo by calling `how(done, failed)`; then go to the prompt that changed."""
        if self.state not in (State.SHOWN, State.EMPTY):
            self._ignore()
        else:
            self.state = State.SAVING
            how(self._reversed, self._not_reversed)

    def _not_reversed(self, _error: Exception) -> None:
        self._settle()
        self._reload()

    def _reversed(self, changes: Changes) -> None:
        self.loader.forget(changes.prompt_ids or ())
        self.loader.forget(-of for of in changes.shown_again)
        self._settle()
        if not changes.prompt_ids or not self.model.ids():
            self.stated.emit(changes.message)
            return  # the queue is empty, so no prompt is shown
        prompt_id = changes.prompt_ids[0]
        self.responses.focus_next(changes.response_ids)
        if prompt_id in changes.shown_again and self.model.place_of(-prompt_id) is not None:
            prompt_id = -prompt_id
        moved = tr("Back at prompt #{number}. {undone}").format(undone=changes.message, number=abs(prompt_id))
        self.stated.emit(changes.message if self._awaited == prompt_id else moved)
        self._reversed_on = prompt_id
        self.go_to(prompt_id)

    def step(self, by: int) -> None:
        if self.state is State.SAVING:
            self._ignore()
        else:
            super().step(by)

    def _show(self, view: PromptView) -> None:
        if self._reversed_on not in (None, view.prompt.id):
            self._reversed_on = None
            self.stated.emit("")
        is_same = self.view is not None and self.view.prompt.id == view.prompt.id
        self.at_end = self.at_end and is_same
        if view.prompt.id < 0 and not is_same:
            self.repeat_at = monotonic()
        super()._show(view)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # Enter presses a focused button, which the window does.
        if event.key() in ENTER and self._is_decided and not isinstance(QApplication.focusWidget(), QAbstractButton):
            self.next()
        else:
            super().keyPressEvent(event)


def _skipped(decision: Decision) -> str:
    """That a prompt was skipped, and the way back."""
    text = tr("Prompt #{number} skipped: it has no label of yours. {undo} undoes this.")
    return text.format(number=abs(decision.prompt_id), undo=key_text("undo"))
