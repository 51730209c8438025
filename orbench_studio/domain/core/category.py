"""Categories of prompts: the ten of OR-Bench (arXiv 2405.20947, section 3.1), and a workspace's own beside them.

A category is text in lower case. Code that follows OR-Bench's method (generation, moderation) uses the ten; everything
else takes any category.
"""

from difflib import get_close_matches
from enum import StrEnum

LONGEST_CATEGORY = 100  # characters
_TYPO = 0.9


class Category(StrEnum):
    """The apparent topic of a prompt in OR-Bench."""

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
    """The category of OR-Bench with this name, ignoring case, spaces and hyphens; None if there is none."""
    return _BY_LETTERS.get("".join(filter(str.isalpha, text.lower())))


def category_name(text: str) -> str:
    """The category that a text names: one of OR-Bench's ten, or else a workspace's own.

    A comma becomes a semicolon, because commas separate categories in queries and lists of annotators. Raises
    ValueError for a text that cannot name a category.
    """
    known = parse_category(text) if text.isascii() else None
    if known is not None:
        return known.value
    name = " ".join(text.lower().replace(",", ";").split())
    if not name or name == "none" or len(name) > LONGEST_CATEGORY or not name.isprintable():
        raise ValueError(f"{text[:40]!r} is not a valid category")
    return name


def stored_category(text: str) -> str:
    """A category as the workspace stores it; raises ValueError for any other text."""
    if category_name(text) != text:
        raise ValueError(f"{text[:40]!r} is not a valid category")
    return text


def typed_category(text: str) -> str:
    """A category that a person typed; raises ValueError for a text that is nearly one of OR-Bench's ten."""
    name = category_name(text)
    near = get_close_matches(name, Category, n=1, cutoff=_TYPO)
    if near and near[0] != name:
        raise ValueError(f"“{text.strip()}” is not a category. Did you mean {near[0]}?")
    return name
