"""What the eye asks for on the review page, beside the prompt itself: covered texts, and two responses at once."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.decision import PromptView
from orbench_studio.gui.common.actions import SHORTCUTS, tr
from orbench_studio.gui.common.content_cover import ContentCover
from orbench_studio.gui.review.layout import ReviewLayout
from orbench_studio.gui.review.prompt_pane import PromptPane
from orbench_studio.gui.review.queue_model import QueueModel
from orbench_studio.gui.review.responses_pane import ResponsesPane
from orbench_studio.settings import Settings

_NEEDS_TEXT = (Aspect.LABEL, Aspect.ANSWER_CLASS, Aspect.EVIDENCE)  # what nobody can decide who has not read it


class ReadingAids(QObject):
    """Holds the shield over the panes, and the room for a second response."""

    message = Signal(str)  # why something was not done

    def __init__(
        self, settings: Settings, model: QueueModel, prompt: PromptPane, responses: ResponsesPane, panes: ReviewLayout
    ) -> None:
        super().__init__()
        self._model = model
        self._prompt = prompt
        self._responses = responses
        self._panes = panes
        answers = dict.fromkeys(responses.readings.texts(), tr("Response"))
        self.shield = ContentCover(settings, {**prompt.texts(), **answers})
        model.shown_as = self.shield.row_shown
        SHORTCUTS.changed.connect(self.shield.update_panes)

    def handlers(self) -> dict[str, Callable[[], object]]:
        """What the eye's actions do."""
        return {"reveal_text": self._reveal, "side_by_side": self._compare}

    def meet(self, view: PromptView) -> None:
        """Cover what must be covered of a prompt, before it is painted."""
        self.shield.show_prompt(view)
        self._prompt.hide_reasons(covered=self.shield.covers)

    def prefer(self) -> None:
        """Take other preferences."""
        self.shield.update_panes()
        self._hide_reasons()
        self._model.repaint()

    def may_decide(self, aspect: Aspect) -> bool:
        """Whether what is on the screen can be decided; says why not."""
        refusal = self.shield.refusal() if aspect in _NEEDS_TEXT else ""
        if refusal:
            self.message.emit(refusal)
        return not refusal

    def _reveal(self) -> None:
        if not self.shield.toggle():
            self.message.emit(tr("This text is not covered. Which categories are is in the preferences."))
        self._hide_reasons()

    def _hide_reasons(self) -> None:
        self._prompt.hide_reasons(covered=self.shield.covers)
        self._responses.readings.restate()

    def _compare(self) -> None:
        before = self._responses.comparing
        now = self._responses.compare()
        self._panes.make_room(on=now)
        if not now and not before:
            self.message.emit(tr("It takes two responses to set one beside the other."))
