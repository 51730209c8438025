"""Remembers for each workspace when it was open, how many prompts are decided, its page and its filter."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.domain.review.queue import QueueFilter
    from orbench_studio.services.workspace.workspace import Workspace

_AFTER = 3_000  # milliseconds after a change until the prompts are counted
_RESTING = 1_000  # milliseconds on a prompt or a page until it is saved, so that a killed window opens there again


class Visits(QObject):
    """Counts some time after a workspace was opened or changed; the temporary demo is not remembered."""

    save_wanted = Signal()  # when the user rests somewhere: the settings are also saved when the window closes

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._timer = QTimer(self, singleShot=True, interval=_AFTER)
        self._timer.timeout.connect(self.count)
        self._resting = QTimer(self, singleShot=True, interval=_RESTING)
        self._resting.timeout.connect(self.save_wanted)
        session.opened.connect(self._timer.start)
        session.leaving.connect(self._timer.stop)
        session.operations.changed.connect(self._start)

    def count(self) -> None:
        """Count the prompts of the open workspace now."""
        workspace = self._session.workspace
        if workspace is None or self._session.is_demo:
            return
        place = str(workspace.place)

        def store(found: tuple[int, int]) -> None:
            self._session.settings.visits[place] = [int(time.time()), *found]
            self.moved()

        self._session.run(_progress, store, show_errors=False)

    def moved(self) -> None:
        """Note that the user has gone to another prompt or page."""
        self._resting.start()

    def page(self) -> str:
        """The page on which the open workspace was left."""
        workspace = self._session.workspace
        return self._session.settings.pages.get(str(workspace.place), "") if workspace else ""

    def leave_on(self, page: str) -> None:
        """Remember the page that is shown."""
        workspace = self._session.workspace
        if workspace is not None and not self._session.is_demo:
            self._session.settings.pages[str(workspace.place)] = page
            self.moved()

    def filter(self) -> QueueFilter:
        """The filter with which the open workspace was left; none for a new one."""
        # Imported once a workspace is open: it would delay the first frame.
        from orbench_studio.domain.review.query import QueryError, parse
        from orbench_studio.domain.review.queue import QueueFilter

        workspace, settings = self._session.workspace, self._session.settings
        place = str(workspace.place) if workspace else ""
        try:
            return replace(parse(settings.filters.get(place, "")), model=settings.filter_models.get(place, ""))
        except QueryError:
            return QueueFilter()

    def leave_with(self, shown: QueueFilter) -> None:
        """Remember the filter that is shown."""
        from orbench_studio.domain.review.query import write

        workspace = self._session.workspace
        if workspace is not None and not self._session.is_demo:
            self._session.settings.filters[str(workspace.place)] = write(shown)
            self._session.settings.filter_models[str(workspace.place)] = shown.model

    def _start(self) -> None:
        if not self._timer.isActive():
            self._timer.start()


def _progress(workspace: Workspace) -> tuple[int, int]:
    from orbench_studio.services.workspace import statistics

    return statistics.progress(workspace)
