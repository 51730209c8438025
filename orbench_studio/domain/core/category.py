"""The ten categories of OR-Bench (arXiv 2405.20947, section 3.1)."""

from enum import StrEnum


class Category(StrEnum):
    """What a prompt seems to be about."""

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
    """The category a text names, whatever its case, spaces and hyphens; None where it names none."""
    return _BY_LETTERS.get("".join(filter(str.isalpha, text.lower())))
