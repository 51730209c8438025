"""Covers the texts of categories that the reviewer has chosen, until they are uncovered for one prompt."""

from dataclasses import replace

from orbench_studio.domain.review.decision import PromptView
from orbench_studio.domain.review.queue import QueueRow
from orbench_studio.gui.common.actions import key_text, tr
from orbench_studio.gui.common.text_pane import TextPane
from orbench_studio.settings import Settings

PromptTexts = dict[int, tuple[str | None, str]]  # category and text of a prompt, by what is about it
_BEGINNING = 200  # characters


class ContentCover:
    """Covers text panes. The reviewer's own note is never covered."""

    def __init__(self, settings: Settings, panes: dict[TextPane, str]) -> None:
        self.settings = settings
        self._panes = panes  # with the name of what each one shows
        self._view: PromptView | None = None
        self._uncovered: int | None = None

    @property
    def covers(self) -> bool:
        view = self._view
        return view is not None and self._uncovered != view.prompt.id and self._shielded(view.category)

    def show_prompt(self, view: PromptView) -> None:
        """Cover or show the texts of a prompt; uncovering does not carry over to another prompt."""
        if self._view is None or self._view.prompt.id != view.prompt.id:
            self._uncovered = None
        self._view = view
        self.update_panes()

    def toggle(self) -> bool:
        """Uncover or cover the current prompt; return False if its category is never covered."""
        if self._view is None or not self._shielded(self._view.category):
            return False
        self._uncovered = self._view.prompt.id if self.covers else None
        self.update_panes()
        return True

    def update_panes(self) -> None:
        for pane, what in self._panes.items():
            pane.cover(self.cover_text(what) if self.covers else "")

    def cover_text(self, what: str) -> str:
        """The text that replaces a covered one: what is covered, why, and how to uncover it."""
        category = self._view.category if self._view else ""
        key = key_text("reveal_text")
        text = (
            tr(
                "░░░ {what} covered, because the prompt's category is {category} (see Preferences). "
                "Press {key} to show it."
            )
            if key
            else tr("░░░ {what} covered, because the prompt's category is {category} (see Preferences).")
        )
        return text.format(what=what, category=category, key=key)

    def refusal(self) -> str:
        """Why a decision is not possible now; empty if it is."""
        if not self.covers:
            return ""
        key = key_text("reveal_text")
        text = tr("The text is covered. Press {key} to show it.") if key else tr("The text is covered. Show it first.")
        return text.format(key=key)

    def row_shown(self, row: QueueRow) -> QueueRow:
        """A row of the queue with its text covered if necessary."""
        return row_shown(self.settings, row)

    def _shielded(self, category: str | None) -> bool:
        return is_covered(self.settings, category)


def is_covered(settings: Settings, category: str | None) -> bool:
    """Whether texts of a category are covered."""
    return category is not None and str(category) in settings.shielded


def text_shown(settings: Settings, category: str | None, text: str) -> str:
    """A text of a list, covered if necessary."""
    return tr("░░░ covered") if is_covered(settings, category) else text


def beginning(settings: Settings, texts: PromptTexts, key: int) -> str:
    """The beginning of one of these texts in a line, covered if necessary; empty if it is not there."""
    category, text = texts.get(key, (None, ""))
    return text_shown(settings, category, " ".join(text[:_BEGINNING].split()))


def row_shown(settings: Settings, row: QueueRow) -> QueueRow:
    """A row of the queue with its text covered if necessary."""
    return replace(row, text=text_shown(settings, row.category, row.text))
