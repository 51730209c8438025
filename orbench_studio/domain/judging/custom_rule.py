"""Phrases that people of a workspace have made rules: they tell refusals from answers beside the studio's own."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CustomRule:
    """Responses that begin with the phrase in them refuse (or answer): those of one model, or all models' for None."""

    phrase: str
    refuses: bool
    model: str | None = None


@dataclass(frozen=True, slots=True)
class SavedRule:
    """A rule with its number in the workspace, who saved it and when; removed, it is kept with who removed it."""

    number: int
    rule: CustomRule
    saved_by: str
    saved_at: datetime
    removed_by: str | None = None
    removed_at: datetime | None = None
