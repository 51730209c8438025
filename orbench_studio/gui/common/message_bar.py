"""The message bar of the window: the last decision, a temporary message, and the unresolved errors.

A temporary message disappears after a few seconds and takes precedence over older errors. An error belongs to the
action that caused it: it stays until that action succeeds, the workspace is closed, or the user dismisses it. After it
could be read for a few seconds, it also goes when another action of the user succeeds.
"""

import time
from collections.abc import Container, Hashable

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QAction, QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QSizePolicy, QToolButton, QWidget

from orbench_studio.gui.common.actions import Actions, tr
from orbench_studio.gui.common.compact import is_compact
from orbench_studio.gui.common.elided_label import ElidedLabel
from orbench_studio.gui.common.layouts import row_layout
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import rule, set_role

_MESSAGE_MS = 6_000
_SUGGESTION_MS = 60_000
_HEIGHT, _LOW = 32, 24  # of the bar, of a compact one
_NARROW = 900  # pixels at the default text size; below this width the bar has two lines, unless it is compact
_SHARES, _MESSAGES = (20, 33), 30  # of the last decision: more in a compact window, which has no other list of them
_SEPARATOR = "   ·   "


class MessageBar(QFrame):
    """One line at the bottom of the window. In a narrow window the last decision, and undo, have a line above it."""

    def __init__(self, actions: Actions) -> None:
        super().__init__()
        self.setObjectName("panel")
        self._errors: dict[Hashable, str] = {}  # by action, newest last
        self._shown_at: dict[Hashable, float] = {}  # when each error came, in monotonic seconds
        self._lasting: set[Hashable] = set()  # actions whose errors do not depend on the workspace
        self._message = ""
        self._is_remark = False
        self._suggestion = ""
        self._timer = QTimer(self)
        self._suggestion_timer = QTimer(self)
        self._decision = ElidedLabel()
        self._message_line = ElidedLabel("", "quiet")
        self._all = _button()
        self._copy = _button(tr("Copy"))
        self._dismiss = _button(tr("Dismiss"))
        self._hints = [_Hint(actions["undo"], tr("undo")), _Hint(actions["keys"], tr("shortcuts"))]
        self._first = QWidget()  # the half with the last decision
        self._separator = rule(vertical=True)
        self._build_ui()

    def show_message(self, text: str) -> None:
        """Show a message for a few seconds, in front of older errors."""
        self._message, self._is_remark = text, False
        self._timer.start(_MESSAGE_MS)
        self._show()

    def show_remark(self, text: str) -> None:
        """Show a message about what is on the screen, until `end_remark`."""
        self.show_message(text)
        self._is_remark = True

    def end_remark(self) -> None:
        """Remove the message if it is about what was on the screen."""
        if self._is_remark:
            self._end_message()

    def show_suggestion(self, text: str) -> None:
        """Show a message that the user did not cause, for a minute, beside other messages."""
        self._suggestion = text
        self._suggestion_timer.start(_SUGGESTION_MS)
        self.show_message(self._message)

    def show_decision(self, text: str) -> None:
        """Show what was decided or undone last, until the next decision."""
        self._decision.setText(text)
        self._hints[0].offer(bool(text))
        self.fit()

    def show_error(self, act: Hashable, text: str, *, lasting: bool = False) -> None:
        """Show why an action failed, replacing its previous error; a `lasting` error survives closing a workspace."""
        self._errors.pop(act, None)
        self._errors[act] = text
        self._shown_at[act] = time.monotonic()
        self._lasting |= {act} if lasting else set()
        self._end_message()

    def clear_error(self, act: Hashable) -> None:
        """Remove the error of an action that has succeeded."""
        if act in self._errors:
            del self._errors[act]
            self._lasting.discard(act)
            self._show()

    def clear_read_errors(self, unless: Container[Hashable]) -> None:
        """Remove the errors that could be read for some time, because the user has gone on since."""
        newest = time.monotonic() - _MESSAGE_MS / 1_000
        for act in [act for act in self._errors if act not in unless and act not in self._lasting]:
            if self._shown_at[act] <= newest:
                self.clear_error(act)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Let Esc in the window dismiss the newest error, or the suggestion, before it is a shortcut."""
        keys = (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress)
        if not isinstance(event, QKeyEvent) or event.type() not in keys or event.key() != Qt.Key.Key_Escape:
            return False
        if not self._errors and not self._suggestion:
            return False
        event.accept()
        if event.type() is QEvent.Type.KeyPress:
            self._dismiss_error() if self._errors else self._end_suggestion()
        return True

    def leave_workspace(self) -> None:
        """Remove what concerns the workspace that is being closed."""
        self._errors = {act: text for act, text in self._errors.items() if act in self._lasting}
        self.show_decision("")
        self._suggestion = ""
        self._end_message()

    def text(self) -> str:
        return _SEPARATOR.join(filter(None, (self._message_line.text(), self._decision.text())))

    def _show(self) -> None:
        errors = list(self._errors.values())
        shows_error = bool(errors) and not self._timer.isActive()
        error = f"▲ {errors[-1]}" if errors else ""
        set_role(self._message_line, "role", "error" if shows_error else "quiet")
        self._message_line.setText(
            error if shows_error else _SEPARATOR.join(filter(None, (self._message, self._suggestion, error)))
        )
        more = len(errors) - 1
        self._all.setText(tr("▲ {count} more…").format(count=f"{more:,}") if more > 0 else tr("▲ Details…"))
        for button in (self._all, self._dismiss):
            button.setVisible(bool(errors))
        self._copy.setVisible(bool(errors) and not is_compact(self))  # the details have it too

    def _end_message(self) -> None:
        self._timer.stop()
        self._message, self._is_remark = "", False
        self._show()

    def _end_suggestion(self) -> None:
        self._suggestion = ""
        self._show()

    def _copy_error(self) -> None:
        QGuiApplication.clipboard().setText(list(self._errors.values())[-1])

    def _dismiss_error(self) -> None:
        self.clear_error(list(self._errors)[-1])

    def _show_all(self) -> None:
        # Imported on first use: it would delay the first frame.
        from orbench_studio.gui.common.dialogs import ErrorsDialog

        dialog = ErrorsDialog(self.window(), list(reversed(self._errors.values())))
        dialog.dismissed.connect(self._dismiss_all)
        dialog.open()

    def _dismiss_all(self) -> None:
        self._errors.clear()
        self._show()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:  # the text size changed
            self.fit()

    def fit(self) -> None:
        """Arrange the halves for the size of the window; a compact bar has one line, without the hint about keys."""
        compact = is_compact(self)
        narrow = self.width() < px(_NARROW) and not compact
        self._halves.setDirection(QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight)
        has_first = bool(self._decision.text())
        self._first.setVisible(has_first or not (narrow or compact))
        self._separator.setVisible(has_first and not narrow)
        self._hints[1].offer(not compact)
        self._halves.setStretch(0, _SHARES[compact])
        self._copy.setVisible(bool(self._errors) and not compact)
        self._decision.setMinimumHeight(self._hints[0].sizeHint().height())  # also while there is nothing to undo
        self._halves.activate()  # the buttons have their new size
        self.setMinimumHeight(max(px(_LOW if compact else _HEIGHT), self._halves.minimumSize().height()))

    def _build_ui(self) -> None:
        for line in (self._decision, self._message_line):
            line.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        for timer, ends in ((self._timer, self._end_message), (self._suggestion_timer, self._end_suggestion)):
            timer.setSingleShot(True)
            timer.timeout.connect(ends)
        self._decision.setAccessibleDescription(tr("Last decision"))
        set_role(self._all, "role", "fault")
        self._all.clicked.connect(self._show_all)
        self._copy.clicked.connect(self._copy_error)
        self._dismiss.clicked.connect(self._dismiss_error)
        undo, keys = self._hints
        row_layout(self._first, (self._decision, 1), undo, spacing=4)
        second = row_layout(None, (self._message_line, 1), self._all, self._copy, self._dismiss, keys, spacing=4)
        halves = self._first, self._separator, (second, _MESSAGES)
        self._halves = row_layout(self, *halves, margins=(8, 2, 8, 2), spacing=8)
        undo.offer(False)
        self._show()


class _Hint(QToolButton):
    """A button for an action, with its shortcut; hidden while it is not offered or the action does nothing."""

    def __init__(self, action: QAction, text: str) -> None:
        super().__init__()
        self._action = action
        self._text = text
        self.setProperty("role", "heading")
        self._offered = True
        self.clicked.connect(lambda: action.trigger())
        action.changed.connect(self._update_text)
        self._update_text()

    def offer(self, offered: bool) -> None:
        """Show it if the action does something, or hide it."""
        self._offered = offered
        self._update_text()

    def _update_text(self) -> None:
        key = self._action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        self.setText(f"{key}  {self._text}" if key else self._text)
        title = self._action.text()
        self.setAccessibleName(tr("{action}, shortcut {key}").format(action=title, key=key) if key else title)
        self.setVisible(self._offered and self._action.isEnabled())


def _button(text: str = "") -> QToolButton:
    made = QToolButton()
    made.setText(text)
    made.setProperty("role", "link")
    return made
