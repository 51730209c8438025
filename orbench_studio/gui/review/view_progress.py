"""How far the reviewer is in the current view: decided prompts of all, pace and time left."""

from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from orbench_studio.gui.common.actions import plural, tr
from orbench_studio.gui.common.elided_label import ElidedLabel
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import set_tip

_BAR = 96
_SEPARATOR = "\u00a0\u00a0·  "
_MINUTE, _HOUR = 60, 3_600
_DAY = 24 * _HOUR


class ViewProgress(QWidget):
    """A bar and a line of text."""

    def __init__(self) -> None:
        super().__init__()
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName(tr("Decided prompts in this view"))
        self.text = ElidedLabel("", "quiet")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._bar)
        row.addWidget(self.text)

    def show_bar(self, shown: bool) -> None:
        """Show or hide the bar; the counts are always shown."""
        self._bar.setVisible(shown)
        self._keep_counts()

    def show_progress(self, decided: int, matches: int, total: int, seconds: float | None) -> None:
        """Show the progress of a view of `matches` prompts; `seconds` is the median time for one."""
        self._bar.setFixedWidth(px(_BAR))
        self._bar.setRange(0, max(matches, 1))
        self._bar.setValue(decided)
        words = progress_words(decided, matches, seconds)
        self.text.setText(words)
        self._keep_counts()
        every = tr("No filter: this queue has all prompts of the workspace ({total}).")
        text = every if matches == total else tr("Prompts that match the filter: {matches} of {total}")
        found = text.format(matches=f"{matches:,}", total=f"{total:,}")
        for part in (self, self.text):
            set_tip(part, found)

    def _keep_counts(self) -> None:
        """Give the counts the width that they need; only the time left may be cut."""
        counts = self.text.text().partition(_SEPARATOR)[0]
        self.text.setMinimumWidth(self.text.fontMetrics().horizontalAdvance(counts) + px(4))


def progress_words(decided: int, matches: int, seconds: float | None) -> str:
    """The progress as text; the time left is known once there is a pace."""
    if not matches:
        return tr("no matches")
    one, many = "{decided} of 1 prompt decided", "{decided} of {count} prompts decided"
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
