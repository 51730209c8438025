"""What the window shows before a workspace is open: open, create, go on with a recent one, or look at the demo."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from orbench_studio.domain.workspace.location import Location, exists, location_of
from orbench_studio.errors import StudioError
from orbench_studio.gui.common.actions import SHORTCUTS, Actions, key_text, tr
from orbench_studio.gui.common.widgets import label
from orbench_studio.settings import Settings

_SHOWN = 6


class WelcomePage(QWidget):
    """Ways to a workspace."""

    chosen = Signal(object)  # when the user picks a recent workspace
    demo_wanted = Signal()  # when the user asks for the demo

    def __init__(self, actions: Actions, settings: Settings) -> None:
        super().__init__()
        self.setObjectName("page")
        self._actions = actions
        self._recent = QVBoxLayout()
        self._settings = settings
        self._ways: dict[QPushButton, tuple[str, str]] = {}
        self._opening = label("", "quiet")
        self._ways_in = QWidget()
        self._build_ui()
        self.list_recent()
        self.say("")

    def list_recent(self) -> None:
        """Show the workspaces opened lately that are still there."""
        while (item := self._recent.takeAt(0)) is not None:
            if widget := item.widget():
                widget.deleteLater()
        places = [place for place in _places(self._settings.recent) if exists(place)][:_SHOWN]
        if places:
            self._recent.addWidget(label(tr("Recent"), "meta"))
        for place in places:
            button = QPushButton(_named(place).replace("&", "&&"))
            button.setStyleSheet("text-align: left;")
            button.clicked.connect(lambda _checked=False, p=place: self.chosen.emit(p))
            self._recent.addWidget(button)

    def say(self, text: str) -> None:
        """Say what is being opened, and offer nothing meanwhile; nothing said offers the ways again."""
        self._opening.setText(text)
        self._opening.setVisible(bool(text))
        self._ways_in.setVisible(not text)

    def _build_ui(self) -> None:
        column = QVBoxLayout()
        column.setSpacing(16)
        column.addWidget(label("OR-Bench Studio", "title"))
        column.addWidget(
            _words(tr("Review prompts that look toxic and may be safe, and the answers models gave to them."))
        )
        column.addWidget(self._opening)
        column.addWidget(self._ways_in)
        column.addStretch()
        ways = QVBoxLayout(self._ways_in)
        ways.setContentsMargins(0, 0, 0, 0)
        ways.setSpacing(16)
        ways.addLayout(self._buttons())
        ways.addWidget(
            _words(
                tr(
                    "A workspace is one file with your prompts, the answers and every decision, or a team's database "
                    "on a server. New here? Look at the demo, or create a workspace and drop your files on the window."
                )
            )
        )
        ways.addLayout(self._recent)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(40, 100, 40, 40)
        layout.addStretch()
        layout.addLayout(column)
        layout.addStretch()

    def _say_keys(self) -> None:
        for button, (name, words) in self._ways.items():
            button.setText(f"{words}   {key_text(name)}")

    def _buttons(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(12)
        ways = {"open": tr("Open a workspace…"), "open_server": tr("Open from a server…"), "new": tr("New workspace…")}
        for place, (name, words) in enumerate(ways.items()):
            button = QPushButton()
            self._ways[button] = (name, words)
            button.clicked.connect(lambda _checked=False, n=name: self._actions[n].trigger())
            grid.addWidget(button, *divmod(place, 2))
        self._say_keys()
        SHORTCUTS.changed.connect(self._say_keys)
        demo = QPushButton(tr("Look at the demo"))
        demo.clicked.connect(self.demo_wanted)
        grid.addWidget(demo, 1, 1)
        grid.setColumnStretch(2, 1)
        return grid


def _places(names: Iterable[str]) -> Iterator[Location]:
    for name in names:
        with suppress(StudioError):  # an address that somebody spoilt in the settings
            yield location_of(name)


def _named(place: Location) -> str:
    return f"{place.stem}     {place.parent}" if isinstance(place, Path) else f"{place.name}     {place}"


def _words(text: str) -> QLabel:
    said = label(text, "quiet")
    said.setWordWrap(True)
    return said
