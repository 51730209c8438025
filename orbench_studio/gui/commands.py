"""What the command palette offers: actions, settings, recent workspaces, saved views, prompts by number."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from orbench_studio.domain.review.queue import Field, QueueFilter, SavedView, Term
from orbench_studio.gui.common.actions import ACTIONS, SHORTCUTS, tr
from orbench_studio.gui.common.palette import Palette, PaletteCommand
from orbench_studio.gui.common.preferences import PREFERENCES
from orbench_studio.gui.common.theme import Theme
from orbench_studio.gui.common.widgets import if_alive
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.gui.main_window import MainWindow

_HIDDEN = {"palette", "menu"}
_REMEMBERED = 8


class Commands(QObject):
    """Opens the command palette of a window and remembers the commands that ran."""

    def __init__(self, window: MainWindow, session: Session, theme: Theme) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self._theme = theme

    def open(self) -> None:
        """Show the palette."""
        palette = Palette(self._window, self._theme, self._session.settings.recent_commands)
        palette.chosen.connect(self._remember)
        palette.offer([*self._actions(), *self._settings(), *self._workspaces()])
        if self._session.workspace is not None:
            palette.offer_numbers(self._prompt)
            views = self._window.review.finder.views
            views.load(if_alive(palette, lambda found: palette.offer(self._views(found))))
        palette.open()

    def _remember(self, key: str) -> None:
        settings = self._session.settings
        settings.recent_commands = [key, *(other for other in settings.recent_commands if other != key)][:_REMEMBERED]

    def _actions(self) -> list[PaletteCommand]:
        actions = self._window.actions_table
        return [
            PaletteCommand(f"action:{spec.name}", tr(spec.title), SHORTCUTS.text(spec.name), action.trigger)
            for spec in ACTIONS
            if (action := actions[spec.name]).isEnabled() and spec.name not in _HIDDEN
        ]

    def _settings(self) -> list[PaletteCommand]:
        """The preferences, each to show, and those of few values also to set at once."""
        appearance, note = self._window.appearance, tr("Setting")
        commands = []
        for one in PREFERENCES:
            title, show = tr(one.title), partial(appearance.show_preferences, one.name)
            commands.append(PaletteCommand(f"setting:{one.name}", title, note, show))
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
