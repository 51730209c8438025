"""Prompts and queue rows from the workspace: loaded ahead, and shown again for self-consistency."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from orbench_studio.domain.review.decision import PromptView
from orbench_studio.domain.review.queue import Queue, QueueFilter, QueueRow
from orbench_studio.gui.workspace.decision_recorder import DecisionRecorder
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.workspace.workspace import Workspace

_CACHED = 16  # prompts


class PromptLoader:
    """Loads prompts, and caches the last ones. A prompt that is shown again has the negative of its id."""

    def __init__(self, session: Session, recorder: DecisionRecorder) -> None:
        self._session = session
        self._recorder = recorder
        self._views: dict[int, PromptView] = {}
        self._shown_again: dict[int, datetime] = {}  # since when, by the negative id
        # Called with the filter on the database's thread, before its queue is loaded.
        self.prepare_queue: Callable[[Workspace, QueueFilter], object] = lambda _workspace, _filter: None
        session.leaving.connect(self._shown_again.clear)

    def __contains__(self, prompt_id: int) -> bool:
        return prompt_id in self._views

    def get(self, prompt_id: int) -> PromptView | None:
        """The prompt if it is cached."""
        return self._views.get(prompt_id)

    def load(
        self,
        prompt_id: int,
        done: Callable[[PromptView], None] | None = None,
        not_there: Callable[[], None] = lambda: None,
    ) -> None:
        """Load a prompt even if it is cached; without `done`, only into the cache.

        `not_there` is called if there is no connection, and the prompt was not loaded before.
        """
        since, annotator = self._shown_again.get(prompt_id), self._session.annotator

        def work(workspace: Workspace) -> PromptView:
            from orbench_studio.services.review import prompt_review, self_consistency

            if since is not None:
                return self_consistency.load(workspace, prompt_id, since, annotator)
            return prompt_review.load(workspace, prompt_id, annotator)

        def cache(view: PromptView) -> None:
            self._views[view.prompt.id] = view
            while len(self._views) > _CACHED:
                self._views.pop(next(iter(self._views)))
            if done is not None:
                done(view)

        self._recorder.load(prompt_id, work, cache, not_there if done is not None else None)

    def load_queue(self, wanted: QueueFilter, shown: int | None, done: Callable[[Queue], None]) -> None:
        """Load the queue of a filter, which begins at the prompt shown if it has that."""
        prepare, annotator = self.prepare_queue, self._session.annotator

        def work(workspace: Workspace) -> Queue:
            from orbench_studio.services.review import search

            prepare(workspace, wanted)
            return search.queue_of(workspace, wanted, shown, annotator)

        self._session.run(work, done)

    def count_today(self, done: Callable[[int], None]) -> None:
        annotator = self._session.annotator

        def work(workspace: Workspace) -> int:
            from orbench_studio.services.review import prompt_review

            return prompt_review.decided_today(workspace, annotator=annotator)

        self._session.run(work, done)

    def load_rows(self, prompt_ids: Sequence[int], done: Callable[[list[QueueRow]], None]) -> None:
        again = {number: since for number, since in self._shown_again.items() if number in prompt_ids}
        annotator = self._session.annotator

        def work(workspace: Workspace) -> list[QueueRow]:
            from orbench_studio.services.review import search, self_consistency

            rows = [self_consistency.queue_row(workspace, number, since, annotator) for number, since in again.items()]
            return rows + search.queue_rows(workspace, [number for number in prompt_ids if number > 0], annotator)

        self._session.run(work, done)

    def show_again(self, among: Container[int], done: Callable[[QueueRow | None], None]) -> None:
        """Load the row of a prompt among these that is due to be shown again; None if none is due."""
        now, annotator = datetime.now(UTC), self._session.annotator
        per_cent = self._session.settings.recheck

        def work(workspace: Workspace) -> QueueRow | None:
            from orbench_studio.services.review import self_consistency

            due = self_consistency.due(workspace, among, annotator=annotator, per_cent=per_cent, now=now)
            return None if due is None else self_consistency.queue_row(workspace, -due, now, annotator)

        def remember(row: QueueRow | None) -> None:
            if row is not None:
                self._shown_again[row.prompt_id] = now
            done(row)

        self._session.run(work, remember)

    def forget(self, prompt_ids: Iterable[int]) -> None:
        """Drop prompts that changed from the cache."""
        for prompt_id in prompt_ids:
            self._views.pop(prompt_id, None)

    def clear(self) -> None:
        self._views.clear()
