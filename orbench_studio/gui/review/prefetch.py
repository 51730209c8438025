"""Prompts loaded before they are asked for."""

from collections.abc import Callable, Iterable

from orbench_studio.domain.review.decision import PromptView
from orbench_studio.gui.workspace.session import Session

_KEPT = 16


class Prefetch:
    """The views that are at hand; the oldest go when there are too many."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._views: dict[int, PromptView] = {}

    def __contains__(self, prompt_id: int) -> bool:
        return prompt_id in self._views

    def get(self, prompt_id: int) -> PromptView | None:
        """The view, where it is at hand."""
        return self._views.get(prompt_id)

    def load(self, prompt_id: int, done: Callable[[PromptView], None] | None = None) -> None:
        """Fetch a view, whether or not it is at hand; with nobody to tell, for later."""

        def keep(view: PromptView) -> None:
            self._views[view.prompt.id] = view
            while len(self._views) > _KEPT:
                self._views.pop(next(iter(self._views)))
            if done is not None:
                done(view)

        self._session.load(prompt_id, keep, wanted=done is not None)

    def forget(self, prompt_ids: Iterable[int]) -> None:
        """Something has happened to these prompts."""
        for prompt_id in prompt_ids:
            self._views.pop(prompt_id, None)

    def clear(self) -> None:
        """Anything may have happened."""
        self._views.clear()
