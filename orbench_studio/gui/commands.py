"""What the command palette offers: actions, settings, recent workspaces, saved views, prompts by number."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from orbench_studio.domain.review.queue import Field, QueueFilter, SavedView, Term
from orbench_studio.domain.team.queue import QueueState, TeamQueue, given_to
from orbench_studio.gui.common.actions import ACTIONS, SHORTCUTS, tr
from orbench_studio.gui.common.palette import Palette, PaletteCommand
from orbench_studio.gui.common.preferences import PREFERENCES
from orbench_studio.gui.common.shortcuts import ActionSpec
from orbench_studio.gui.common.theme import Theme
from orbench_studio.gui.common.widgets import if_alive
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from orbench_studio.gui.main_window import MainWindow
    from orbench_studio.services.workspace.workspace import Workspace

_HIDDEN = {"palette", "menu"}
_KINDS = {"label": "Label", "answer": "Response"}  # of the actions whose titles are only values
_REMEMBERED = 8


class Commands(QObject):
    """Opens the command palette of a window and remembers the commands that ran."""

    def __init__(self, window: MainWindow, session: Session, theme: Theme) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self._theme = theme

    def open(self) -> None:
        palette = Palette(self._window, self._theme, self._session.settings.recent_commands)
        palette.chosen.connect(self._remember)
        palette.offer([*self._actions(), *self._settings(), *self._workspaces()])
        if self._session.workspace is not None:
            palette.offer_numbers(self._prompt)
            views = self._window.review.finder.views
            views.load(if_alive(palette, lambda found: palette.offer(self._views(found))))
            offer = if_alive(palette, palette.offer)
            self._session.run(_load_queues, lambda queues: offer(self._team_queues(queues)), show_errors=False)
        palette.open()

    def _remember(self, key: str) -> None:
        settings = self._session.settings
        settings.recent_commands = [key, *(other for other in settings.recent_commands if other != key)][:_REMEMBERED]

    def _actions(self) -> list[PaletteCommand]:
        actions = self._window.actions_table
        return [
            PaletteCommand(f"action:{spec.name}", tr(spec.title), note(spec), action.trigger)
            for spec in ACTIONS
            if (action := actions[spec.name]).isEnabled() and spec.name not in _HIDDEN
        ]

    def _settings(self) -> list[PaletteCommand]:
        """The preferences, each to show, and those of few values also to set at once."""
        appearance, note = self._window.appearance, tr("Setting")
        commands = []
        for one in PREFERENCES:
            title, show = tr(one.title), partial(appearance.show_preferences, one.name)
            commands.append(PaletteCommand(f"setting:{one.name}", title, note, show, tr(one.description)))
            for value, words in one.values():
                text = tr("{setting}: {value}").format(setting=title, value=tr(words))
                put = partial(appearance.choose, one.name, value)
                commands.append(PaletteCommand(f"setting:{one.name}:{words}", text, note, put))
        return commands

    def _workspaces(self) -> list[PaletteCommand]:
        note, demo = tr("Workspace"), tr("Demo (temporary copy)")
        commands = [
            PaletteCommand(f"workspace:{place}", place.name, note, partial(self._window.open, place))
            for place in self._window.welcome.recent()
        ]
        if self._session.has_left_demo:
            commands.append(PaletteCommand("workspace:demo", demo, note, self._window.demo_wanted.emit))
        return commands

    def _views(self, views: list[SavedView]) -> list[PaletteCommand]:
        return [
            PaletteCommand(f"view:{view.name}", view.name, tr("Saved view"), partial(self._show_view, view))
            for view in views
        ]

    def _team_queues(self, queues: list[TeamQueue]) -> list[PaletteCommand]:
        """What the user may do with each team queue; only the owner of the workspace pauses and resumes."""
        window, workspace, note = self._window, self._session.workspace, tr("Team queue")
        joined, who = given_to(window.review.finder.current), self._session.annotator
        commands = []

        def offer(queue: TeamQueue, title: str, run: Callable[[], object]) -> None:
            text = title.format(queue=queue.name)
            commands.append(PaletteCommand(f"queue:{text}", text, note, run))

        for queue in queues:
            is_open = queue.state is QueueState.OPEN
            if joined == (queue.name, who):
                offer(queue, tr("Leave queue “{queue}”"), window.review.finder.clear)
            elif is_open and queue.member(who) is not None:
                offer(queue, tr("Join queue “{queue}”"), partial(self._join, queue))
            if workspace is not None and workspace.is_owner and queue.state is not QueueState.ENDED:
                title, state = (tr("Pause queue “{queue}”"), QueueState.PAUSED) if is_open else (
                    tr("Resume queue “{queue}”"), QueueState.OPEN)  # fmt: skip
                offer(queue, title, partial(self._set_state, queue, state))
        return commands

    def _join(self, queue: TeamQueue) -> None:
        self._window.team.join(queue)

    def _set_state(self, queue: TeamQueue, state: QueueState) -> None:
        self._window.team.set_state(queue.name, state)

    def _show_view(self, view: SavedView) -> None:
        self._window.review.finder.views.apply(view)
        self._window.show_page("page_review")

    def _prompt(self, number: int) -> PaletteCommand:
        title = tr("Prompt {number}").format(number=number)
        return PaletteCommand(f"prompt:{number}", title, tr("Prompt"), partial(self._go, number))

    def _go(self, number: int) -> None:
        """Show a prompt in the current queue; if the queue does not have it, show it alone."""
        review = self._window.review
        place = review.model.place_of(number)
        if place is None:
            review.finder.bar.ask(QueueFilter((Term(Field.ID, (str(number),)),)))
        else:
            review.queue.go(place)
        self._window.show_page("page_review")


def note(spec: ActionSpec) -> str:
    """What the action decides about, if its title is only a value, and its shortcut."""
    kind = _KINDS.get(spec.name.partition("_")[0])
    return "   ".join(filter(None, (kind and tr(kind), SHORTCUTS.text(spec.name))))


def _load_queues(workspace: Workspace) -> list[TeamQueue]:
    from orbench_studio.services.team import team_queues

    return [status.queue for status in team_queues.queues(workspace)]
