"""The one place for messages: what just happened goes by itself, errors stay until read and can be copied."""

from PySide6.QtCore import QTimer
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QFrame, QHBoxLayout, QToolButton

from orbench_studio.gui.actions import Actions, tr
from orbench_studio.gui.widgets import label, set_role, set_tip

_STAYS = 6_000  # milliseconds
_SUGGESTION_STAYS = 60_000
_LEAST = 32
_HINTS = (("undo", "undo"), ("keys", "all keys"))


class MessageBar(QFrame):
    """A line at the bottom of the window."""

    def __init__(self, actions: Actions) -> None:
        super().__init__()
        self.setObjectName("panel")
        self._text = label("", "quiet")
        self._copy = QToolButton()
        self._dismiss = QToolButton()
        self._hints = [_Hint(actions[name], words) for name, words in _HINTS]
        self._said = ""  # about the last deed
        self._suggestion = ""
        self._timer = QTimer(self)
        self._withdrawal = QTimer(self)
        self._build_ui()

    def tell(self, text: str) -> None:
        """Say what happened, for a moment; an error that nobody has dismissed stays."""
        self._said = text
        shown = "   ·   ".join(filter(None, (text, self._suggestion)))
        if not self._dismiss.isVisible() and shown:
            self._say(shown, "quiet")
            self._timer.start(_STAYS)

    def suggest(self, text: str) -> None:
        """Say something that is no answer to a deed: it stays beside what is told meanwhile, then goes by itself."""
        self._suggestion = text
        self._withdrawal.start(_SUGGESTION_STAYS)
        self.tell(self._said)

    def fail(self, text: str) -> None:
        """Say what went wrong, until it is dismissed."""
        self._timer.stop()
        self._say(f"▲ {text}", "error")
        self._copy.show()
        self._dismiss.show()

    def recover(self, text: str) -> None:
        """Say that it is all right again; nobody has to dismiss what went wrong before."""
        self.clear()
        self.tell(text)

    def text(self) -> str:
        """What it says now."""
        return self._text.text()

    def clear(self) -> None:
        """Say nothing."""
        self._copy.hide()
        self._dismiss.hide()
        self._said = ""
        self._say(self._suggestion, "quiet")

    def _withdraw(self) -> None:
        self._suggestion = ""
        if not self._dismiss.isVisible():
            self._say(self._said, "quiet")

    def _say(self, text: str, role: str) -> None:
        set_role(self._text, "role", role)
        self._text.setText(text)
        set_tip(self._text, text)

    def _build_ui(self) -> None:
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.clear)
        self._withdrawal.setSingleShot(True)
        self._withdrawal.timeout.connect(self._withdraw)
        self._copy.setText(tr("Copy"))
        self._copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._text.text()))
        self._dismiss.setText(tr("Dismiss"))
        self._dismiss.clicked.connect(self.clear)
        self._text.setMinimumWidth(1)
        self.setMinimumHeight(_LEAST)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 2, 8, 2)
        layout.setSpacing(4)
        layout.addWidget(self._text, 1)
        layout.addWidget(self._copy)
        layout.addWidget(self._dismiss)
        for hint in self._hints:
            layout.addWidget(hint)
        self.clear()


class _Hint(QToolButton):
    """An action that is always at hand, by its key or a click."""

    def __init__(self, action: QAction, words: str) -> None:
        super().__init__()
        self._action = action
        self._words = tr(words)
        self.setProperty("role", "heading")
        self.clicked.connect(lambda: action.trigger())
        action.changed.connect(self._say_key)
        self._say_key()

    def _say_key(self) -> None:
        key = self._action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        self.setText(f"{key}  {self._words}" if key else self._words)
        self.setAccessibleName(f"{self._action.text()}, key {key}" if key else self._action.text())
        self.setEnabled(self._action.isEnabled())
