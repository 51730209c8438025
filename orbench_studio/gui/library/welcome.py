"""What the window shows before a workspace is open: open, create, go on with a recent one, or look at the demo."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from orbench_studio.gui.actions import KEYS, Actions, key_text, tr
from orbench_studio.gui.widgets import label
from orbench_studio.settings import Settings

_SHOWN = 6


class WelcomePage(QWidget):
    """Ways to a workspace."""

    chosen = Signal(Path)  # when the user picks a recent workspace
    demo_wanted = Signal()  # when the user asks for the demo

    def __init__(self, actions: Actions, settings: Settings) -> None:
        super().__init__()
        self.setObjectName("page")
        self._actions = actions
        self._recent = QVBoxLayout()
        self._settings = settings
        self._ways: dict[QPushButton, tuple[str, str]] = {}
        self._opening = label("", "quiet")
        self._build_ui()
        self.list_recent()

    def list_recent(self) -> None:
        """Show the workspaces opened lately that are still there."""
        while (item := self._recent.takeAt(0)) is not None:
            if widget := item.widget():
                widget.deleteLater()
        paths = [path for path in map(Path, self._settings.recent) if path.exists()][:_SHOWN]
        if paths:
            self._recent.addWidget(label(tr("Recent"), "meta"))
        for path in paths:
            button = QPushButton(f"{path.stem}     {path.parent}".replace("&", "&&"))
            button.setStyleSheet("text-align: left;")
            button.clicked.connect(lambda _checked=False, p=path: self.chosen.emit(p))
            self._recent.addWidget(button)

    def say(self, text: str) -> None:
        """Say what is going on, "Opening …" for one."""
        self._opening.setText(text)

    def _build_ui(self) -> None:
        column = QVBoxLayout()
        column.setSpacing(16)
        column.addWidget(label("OR-Bench Studio", "title"))
        column.addWidget(
            _words(tr("Review prompts that look toxic and may be safe, and the answers models gave to them."))
        )
        column.addLayout(self._buttons())
        column.addWidget(
            _words(
                tr(
                    "A workspace is one file with your prompts, the answers and every decision. New here? Look at the "
                    "demo, or create a workspace and drop your files on the window."
                )
            )
        )
        column.addWidget(self._opening)
        column.addLayout(self._recent)
        column.addStretch()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(40, 100, 40, 40)
        layout.addStretch()
        layout.addLayout(column)
        layout.addStretch()

    def _say_keys(self) -> None:
        for button, (name, words) in self._ways.items():
            button.setText(f"{words}   {key_text(name)}")

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(12)
        for name, words in (("open", tr("Open a workspace…")), ("new", tr("New workspace…"))):
            button = QPushButton()
            self._ways[button] = (name, words)
            button.clicked.connect(lambda _checked=False, n=name: self._actions[n].trigger())
            row.addWidget(button)
        self._say_keys()
        KEYS.changed.connect(self._say_keys)
        demo = QPushButton(tr("Look at the demo"))
        demo.clicked.connect(self.demo_wanted)
        row.addWidget(demo)
        row.addStretch(1)
        row.setAlignment(Qt.AlignmentFlag.AlignLeft)
        return row


def _words(text: str) -> QLabel:
    said = label(text, "quiet")
    said.setWordWrap(True)
    return said
