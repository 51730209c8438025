"""How far the reviewer is in the current view: decided prompts of all, pace and time left."""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QProgressBar, QWidget

from orbench_studio.gui.common.actions import plural, tr
from orbench_studio.gui.common.elided_label import ElidedLabel
from orbench_studio.gui.common.layouts import row_layout
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import set_tip

_BAR = 96
_LONGEST_NAME = 24  # characters of a team queue
_SEPARATOR = "\u00a0\u00a0·  "
_MINUTE, _HOUR = 60, 3_600
_DAY = 24 * _HOUR


class _Counts(ElidedLabel):
    """A text that is no narrower than `least` when it gets shorter."""

    def sizeHint(self) -> QSize:
        return super().sizeHint().expandedTo(QSize(self.least, 0))


class ViewProgress(QWidget):
    """A bar and a line of text."""

    _has_room = True  # for the bar
    _of_team = False  # a team queue assigns prompts as they are decided: a bar would move back

    def __init__(self) -> None:
        super().__init__()
        self._bar = QProgressBar(textVisible=False)
        self._bar.setAccessibleName(tr("Labelled prompts in this view"))
        self.text = _Counts("", "quiet")
        row_layout(self, self._bar, self.text, spacing=8)

    def show_bar(self, shown: bool) -> None:
        """Show or hide the bar; the counts are always shown."""
        self._has_room = shown
        self._bar.setVisible(shown and not self._of_team)
        self._keep_counts()

    def show_queue(self, name: str, decided: int, assigned: int) -> None:
        """Show the annotator's progress in a team queue, which assigns more prompts as they decide."""
        short = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
        one = "Queue {name}: {decided} of your 1 prompt labelled"
        many = "Queue {name}: {decided} of your {count} prompts labelled"
        explained = tr(
            "Prompts that team queue “{name}” has assigned to you: {assigned}. Labelled by you: {decided}. "
            "More are assigned as you label. Skipped prompts count as assigned."
        )
        counts = {"decided": f"{decided:,}", "assigned": f"{assigned:,}"}
        self._of_team = True
        words = plural(assigned, one, many, name=short, decided=f"{decided:,}")
        self._say(words, explained.format(name=name, **counts))

    def show_progress(self, decided: int, matches: int, total: int, seconds: float | None) -> None:
        """Show the progress of a view of `matches` prompts; `seconds` is the median time for one."""
        self._bar.setFixedWidth(px(_BAR))
        self._bar.setRange(0, max(matches, 1))
        self._bar.setValue(decided)
        self._of_team = False
        every = tr("All prompts of the workspace: {total}. Labelled by anyone: {decided}.")
        text = (
            every
            if matches == total
            else tr("Prompts that match the filter: {matches} of {total}. Labelled by anyone: {decided}.")
        )
        found = text.format(matches=f"{matches:,}", total=f"{total:,}", decided=f"{decided:,}")
        self._say(progress_words(decided, matches, seconds), found)

    def _say(self, words: str, explained: str) -> None:
        self.text.setText(words)
        self.show_bar(self._has_room)
        for part in (self, self.text):
            set_tip(part, explained)

    def _keep_counts(self) -> None:
        """Give the text the width that it needs; in a narrow window only the counts, and the time left is cut.

        Where there is room, it keeps the width of the longest text: buttons beside it do not move under the pointer.
        """
        words = self.text.text()
        shown = words if self._has_room else words.partition(_SEPARATOR)[0]
        needed = self.text.fontMetrics().horizontalAdvance(shown) + px(4)
        self.text.least = max(self.text.least, needed) if self._has_room else needed
        self.text.updateGeometry()


def progress_words(decided: int, matches: int, seconds: float | None) -> str:
    """The progress as text; the time left is known once there is a pace."""
    if not matches:
        return tr("no matches")
    one, many = "{decided} of 1 prompt labelled", "{decided} of {count} prompts labelled"
    parts = [plural(matches, one, many, decided=f"{decided:,}")]
    left = matches - decided
    if seconds is not None and left:
        parts.append(tr("about {time} left").format(time=_duration(left * seconds)))
    return _SEPARATOR.join(parts)


def _duration(seconds: float) -> str:
    if seconds < _MINUTE:
        return tr("1 min")
    if seconds < _HOUR:
        return tr("{count} min").format(count=round(seconds / _MINUTE))
    if seconds < _DAY:
        return tr("{count} h").format(count=f"{seconds / _HOUR:.1f}")
    return tr("{count} days of work").format(count=f"{seconds / _DAY:.1f}")
