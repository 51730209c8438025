"""Colour scheme, text size and other preferences: changed by actions or in the dialog, applied and saved at once."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from orbench_studio.env_file import load_env_file
from orbench_studio.errors import StudioError
from orbench_studio.gui.common.actions import Actions, tr
from orbench_studio.gui.common.theme import LARGEST, SMALLEST, STEP, Theme
from orbench_studio.gui.workspace.session import Session
from orbench_studio.settings import SCHEMES


class Appearance(QObject):
    """Applies preferences. `followers` are called after the preference of that name has changed."""

    message = Signal(str)

    def __init__(self, window: QWidget, session: Session, theme: Theme) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self._theme = theme
        self.followers: dict[str, Callable[[], object]] = {}
        self.own_categories: Callable[[], Sequence[str]] = tuple  # of the workspace that is open

    def bind(self, actions: Actions) -> None:
        actions.bind(
            {
                "scheme": self._next_scheme,
                "preferences": self.show_preferences,
                "larger": lambda: self._resize_text(STEP),
                "smaller": lambda: self._resize_text(-STEP),
                "usual_size": lambda: self._resize_text(0),
            }
        )

    def show_preferences(self, name: str = "") -> None:
        """Show the preferences dialog, with the focus on a preference if one is named."""
        # Imported on first use: it would delay the start.
        from orbench_studio.gui.common.preferences import PreferencesDialog

        dialog = PreferencesDialog(self._window, self._session.settings, self._apply, self.own_categories())
        dialog.open()
        if name:
            dialog.show_preference(name)

    def choose(self, name: str, value: object) -> None:
        setattr(self._session.settings, name, value)
        self._apply(name)

    def _apply(self, name: str) -> None:
        settings = self._session.settings
        if name == "scheme":
            self._theme.choose(settings.scheme)
        elif name == "font_scale":
            self._theme.scale(settings.font_scale)
        elif name == "env_file":
            self._load_env_file()
        elif name in self.followers:
            self.followers[name]()
        self._session.save_settings()

    def _load_env_file(self) -> None:
        try:
            load_env_file(self._session.settings.env_file)
        except StudioError as error:
            self.message.emit(str(error))

    def _resize_text(self, by: int) -> None:
        settings = self._session.settings
        wanted = settings.font_scale + by if by else SMALLEST
        settings.font_scale = min(max(wanted, SMALLEST), LARGEST)
        self._apply("font_scale")
        self.message.emit(tr("Text size: {percent} %").format(percent=settings.font_scale))

    def _next_scheme(self) -> None:
        settings = self._session.settings
        before = self._theme.tokens
        for _ in SCHEMES:  # on to one that looks different: a key that changes nothing seems broken
            place = SCHEMES.index(settings.scheme) if settings.scheme in SCHEMES else 0
            settings.scheme = SCHEMES[(place + 1) % len(SCHEMES)]
            self._apply("scheme")
            if self._theme.tokens is not before:
                break
        self.message.emit(tr("Colour scheme: {scheme}").format(scheme=tr(settings.scheme)))
