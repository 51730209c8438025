"""The ten categories of OR-Bench (arXiv 2405.20947, section 3.1)."""

from enum import StrEnum


class Category(StrEnum):
    """The apparent topic of a prompt."""

    DECEPTION = "deception"
    HARASSMENT = "harassment"
    HARMFUL = "harmful"
    HATE = "hate"
    ILLEGAL = "illegal"
    PRIVACY = "privacy"
    SELF_HARM = "self-harm"
    SEXUAL = "sexual"
    UNETHICAL = "unethical"
    VIOLENCE = "violence"


_BY_LETTERS = {"".join(filter(str.isalpha, category)): category for category in Category}


def parse_category(text: str) -> Category | None:
    """The category with this name, ignoring case, spaces and hyphens; None if there is none."""
    return _BY_LETTERS.get("".join(filter(str.isalpha, text.lower())))
