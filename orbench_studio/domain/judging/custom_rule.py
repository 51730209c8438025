"""Custom rules of a workspace: phrases that indicate refusals or answers, besides the built-in rules."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class CustomRule:
    """A phrase at the beginning of a response that indicates a refusal (or an answer). `model` None: of all models."""

    phrase: str
    refuses: bool
    model: str | None = None


@dataclass(frozen=True, slots=True)
class SavedRule:
    """A stored rule with its number, and who saved and removed it when. Removed rules stay on record."""

    number: int
    rule: CustomRule
    saved_by: str
    saved_at: datetime
    removed_by: str | None = None
    removed_at: datetime | None = None
