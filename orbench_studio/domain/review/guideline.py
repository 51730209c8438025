"""The guidelines of a workspace, in immutable versions."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Guideline:
    """One version, counted from 1; its text is Markdown."""

    version: int
    text: str
    at: datetime
