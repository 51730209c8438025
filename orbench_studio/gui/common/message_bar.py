"""The one place for messages: the last decision, what just happened, and the errors that nobody has dealt with yet.

What just happened goes by itself, and is shown before an older error. An error belongs to the act that caused it: it
stays until that act succeeds, the workspace changes, or somebody dismisses it.
"""

from collections.abc import Hashable

from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from orbench_studio.gui.common.actions import Actions, tr
from orbench_studio.gui.common.dialogs import ErrorsDialog
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import rule, set_role, set_tip

_STAYS = 6_000  # milliseconds
_SUGGESTION_STAYS = 60_000
_LEAST = 32
_NARROW = 900  # pixels at the usual size of text; on less the bar has two lines
_SEPARATOR = "   ·   "
_LONGEST = 1_000  # characters of a line: no window is wider
# Control characters have no shape, and what turns the direction of a text would turn the rest of the line too.
_UNSEEN = dict.fromkeys(
    [*range(32), *range(0x7F, 0xA0), 0x200E, 0x200F, 0x61C, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)


class MessageBar(QFrame):
    """One line at the bottom of the window, or two where it is narrow; never more or less for what it says."""

    def __init__(self, actions: Actions) -> None:
        super().__init__()
        self.setObjectName("panel")
        self._errors: dict[Hashable, str] = {}  # by act, the newest last
        self._lasting: set[Hashable] = set()  # those of no workspace
        self._moment = ""
        self._suggestion = ""
        self._timer = QTimer(self)
        self._withdrawal = QTimer(self)
        self._decision = _Line("")
        self._said = _Line("quiet")
        self._all = _button()
        self._copy = _button(tr("Copy"))
        self._dismiss = _button(tr("Dismiss"))
        self._hints = [_Hint(actions["undo"], "undo"), _Hint(actions["keys"], "all keys")]
        self._separator = rule(vertical=True)
        self._halves = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._build_ui()

    def tell(self, text: str) -> None:
        """Say what happened, for a moment, before any older error."""
        self._moment = text
        self._timer.start(_STAYS)
        self._show()

    def suggest(self, text: str) -> None:
        """Say something that is no answer to a deed: it stays beside what is told meanwhile, then goes by itself."""
        self._suggestion = text
        self._withdrawal.start(_SUGGESTION_STAYS)
        self.tell(self._moment)

    def decide(self, text: str) -> None:
        """Say what was decided or undone last; it stays until the next decision."""
        self._decision.say(text)

    def fail(self, act: Hashable, text: str, *, lasting: bool = False) -> None:
        """Say why an act failed, in place of what its last failure said; `lasting` where it is of no workspace."""
        self._errors.pop(act, None)
        self._errors[act] = text
        self._lasting |= {act} if lasting else set()
        self._end_moment()

    def succeed(self, act: Hashable) -> None:
        """Forget why an act failed before: it has succeeded."""
        if act in self._errors:
            del self._errors[act]
            self._lasting.discard(act)
            self._show()

    def leave(self) -> None:
        """Forget what was said of the workspace that is left."""
        self._errors = {act: text for act, text in self._errors.items() if act in self._lasting}
        self._decision.say("")
        self._end_moment()

    def text(self) -> str:
        """What it says now."""
        return _SEPARATOR.join(filter(None, (self._said.whole, self._decision.whole)))

    def _show(self) -> None:
        errors = list(self._errors.values())
        shows_error = bool(errors) and not self._timer.isActive()
        error = f"▲ {errors[-1]}" if errors else ""
        set_role(self._said, "role", "error" if shows_error else "quiet")
        self._said.say(error if shows_error else _SEPARATOR.join(filter(None, (self._moment, self._suggestion, error))))
        self._all.setText(f"▲ {len(errors) - 1:,} {tr('more')}…" if errors[1:] else f"▲ {tr('Details')}…")
        for button in (self._all, self._copy, self._dismiss):
            button.setVisible(bool(errors))

    def _end_moment(self) -> None:
        self._timer.stop()
        self._moment = ""
        self._show()

    def _withdraw(self) -> None:
        self._suggestion = ""
        self._show()

    def _copy_error(self) -> None:
        QGuiApplication.clipboard().setText(list(self._errors.values())[-1])

    def _dismiss_error(self) -> None:
        self.succeed(list(self._errors)[-1])

    def _show_all(self) -> None:
        dialog = ErrorsDialog(self.window(), list(reversed(self._errors.values())))
        dialog.dismissed.connect(self._dismiss_all)
        dialog.open()

    def _dismiss_all(self) -> None:
        self._errors.clear()
        self._show()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:  # another size of text
            self._fit()

    def _fit(self) -> None:
        narrow = self.width() < px(_NARROW)
        self._halves.setDirection(QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight)
        self._separator.setVisible(not narrow)
        self.setMinimumHeight(px(_LEAST))

    def _build_ui(self) -> None:
        for timer, ends in ((self._timer, self._end_moment), (self._withdrawal, self._withdraw)):
            timer.setSingleShot(True)
            timer.timeout.connect(ends)
        self._decision.setAccessibleDescription(tr("Last decision"))
        set_role(self._all, "role", "fault")
        self._all.clicked.connect(self._show_all)
        self._copy.clicked.connect(self._copy_error)
        self._dismiss.clicked.connect(self._dismiss_error)
        undo, keys = self._hints
        self._halves.setContentsMargins(8, 2, 8, 2)
        self._halves.setSpacing(8)
        self._halves.addLayout(_row(undo, self._decision), 1)
        self._halves.addWidget(self._separator)
        self._halves.addLayout(_row(self._said, self._all, self._copy, self._dismiss, keys), 2)
        self._show()


class _Line(QLabel):
    """One line of plain text that ends in … where there is no room for all of it; the tip has it whole."""

    def __init__(self, role: str) -> None:
        super().__init__()
        self.whole = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setMinimumWidth(1)
        set_role(self, "role", role)

    def say(self, text: str) -> None:
        """Show this text."""
        self.whole = text
        set_tip(self, text[:_LONGEST])
        self.setAccessibleName(text)
        self._elide()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._elide()

    def _elide(self) -> None:
        line = " ".join(self.whole[:_LONGEST].split()).translate(_UNSEEN)
        self.setText(self.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, self.width()))


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


def _button(text: str = "") -> QToolButton:
    made = QToolButton()
    made.setText(text)
    made.setProperty("role", "link")
    return made


def _row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(4)
    for widget in widgets:
        row.addWidget(widget, 1 if isinstance(widget, _Line) else 0)
    return row
