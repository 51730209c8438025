"""Covered texts, and two responses side by side."""

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
from orbench_studio.gui.review.vote_cards import VotesPane
from orbench_studio.settings import Settings

_NEEDS_TEXT = (Aspect.LABEL, Aspect.ANSWER_CLASS, Aspect.EVIDENCE)  # cannot be decided while the text is covered


class ReadingAids(QObject):
    """Covers the texts of the page, and makes room for a second response."""

    message = Signal(str)  # why something was not done

    def __init__(
        self,
        settings: Settings,
        model: QueueModel,
        prompt: PromptPane,
        votes: VotesPane,
        responses: ResponsesPane,
        panes: ReviewLayout,
    ) -> None:
        super().__init__(prompt)  # goes with the panes, and so does what it hears
        self._model = model
        self._votes = votes
        self._responses = responses
        self._panes = panes
        answers = dict.fromkeys(responses.readings.texts(), tr("Response"))
        self.shield = ContentCover(settings, {**prompt.texts(), **answers})
        model.shown_as = self.shield.row_shown
        SHORTCUTS.changed.connect(self._settle)

    def handlers(self) -> dict[str, Callable[[], object]]:
        return {"reveal_text": self._reveal, "side_by_side": self._compare}

    def update_for(self, view: PromptView) -> None:
        """Cover the texts of a prompt if needed, before it is painted."""
        self.shield.show_prompt(view)
        self._votes.hide_reasons(covered=self.shield.covers)

    def prefer(self) -> None:
        """Apply changed preferences."""
        self.shield.update_panes()
        self._hide_reasons()
        self._model.repaint()

    def may_decide(self, aspect: Aspect) -> bool:
        """Whether the prompt on the screen can be decided; emits a message if not."""
        refusal = self.shield.refusal() if aspect in _NEEDS_TEXT else ""
        if refusal:
            self.message.emit(refusal)
        return not refusal

    def _settle(self) -> None:
        self.shield.update_panes()

    def _reveal(self) -> None:
        if not self.shield.toggle():
            self.message.emit(tr("This text is not covered. Choose the covered categories in the preferences."))
        self._hide_reasons()

    def _hide_reasons(self) -> None:
        self._votes.hide_reasons(covered=self.shield.covers)
        self._responses.readings.restate()

    def _compare(self) -> None:
        before = self._responses.comparing
        now = self._responses.compare()
        self._panes.make_room(on=now)
        if not now and not before:
            self.message.emit(tr("This prompt has fewer than two responses to compare."))
