"""Texts of the categories a reviewer wants covered stay covered until asked for, one prompt at a time."""

from dataclasses import replace

from orbench_studio.domain.review.decision import PromptView
from orbench_studio.domain.review.queue import QueueRow
from orbench_studio.gui.common.actions import key_text, tr
from orbench_studio.gui.common.text_pane import TextPane
from orbench_studio.settings import Settings


class ContentCover:
    """Covers the panes it is given. The note is the reviewer's own, and never covered."""

    def __init__(self, settings: Settings, panes: dict[TextPane, str]) -> None:
        self.settings = settings
        self._panes = panes  # with what each of them shows, in a word
        self._view: PromptView | None = None
        self._asked_for: int | None = None

    @property
    def covers(self) -> bool:
        """Whether the texts on the screen are covered."""
        view = self._view
        return view is not None and self._asked_for != view.prompt.id and self._shielded(view.category)

    def meet(self, view: PromptView) -> None:
        """Cover or show the texts of a prompt; what was asked for of another one counts no more."""
        if self._view is None or self._view.prompt.id != view.prompt.id:
            self._asked_for = None
        self._view = view
        self.settle()

    def toggle(self) -> bool:
        """Show the texts of this prompt, or cover them again; gives whether there was anything to do."""
        if self._view is None or not self._shielded(self._view.category):
            return False
        self._asked_for = self._view.prompt.id if self.covers else None
        self.settle()
        return True

    def settle(self) -> None:
        """Cover or show the panes as it should be now."""
        for pane, what in self._panes.items():
            pane.cover(self.words(what) if self.covers else "")

    def words(self, what: str) -> str:
        """What is covered, why, and how to see it."""
        category = self._view.category if self._view else ""
        return f"░░░ {what} {tr('of category')} {category}, {tr('covered as you prefer')}. {_how()}"

    def refusal(self) -> str:
        """Why nothing is decided now, in words; empty where something can be."""
        if not self.covers:
            return ""
        return f"{tr('Nothing is decided on a covered text.')} {_how()}"

    def line(self, row: QueueRow) -> QueueRow:
        """A line of the queue as it may be shown."""
        return line_shown(self.settings, row)

    def _shielded(self, category: str | None) -> bool:
        return is_covered(self.settings, category)


def is_covered(settings: Settings, category: str | None) -> bool:
    """Whether the reviewer wants texts of a category covered."""
    return category is not None and str(category) in settings.shielded


def text_shown(settings: Settings, category: str | None, text: str) -> str:
    """A text in a list as it may be shown."""
    return f"░░░ {tr('covered')}" if is_covered(settings, category) else text


def line_shown(settings: Settings, row: QueueRow) -> QueueRow:
    """A line of the queue as it may be shown."""
    return replace(row, text=text_shown(settings, row.category, row.text))


def _how() -> str:
    key = key_text("reveal_text")
    return (
        f"{key} {tr('shows it')}." if key else tr("“Show a covered text” has no key: give it one in the sheet of keys.")
    )
