"""Build the request to a moderator and parse its vote.

Verdict and category come only from the category that the moderator chose; its prose is not interpreted. A reply that
cannot be parsed is recorded as unparsed, with its text.
"""

import re
from collections.abc import Iterator
from typing import Any

from orbench_studio.domain.core import json_reply
from orbench_studio.domain.core.category import Category, parse_category
from orbench_studio.domain.core.moderation import Verdict, Vote

ON_PROMPTS = ("case", "prompt")
ON_RESPONSES = ("case", "prompt", "response")
NONE = "none of the above"

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "case": {"type": "string"},
        "explanation": {"type": "string"},
        "category": {"type": "string", "enum": [*map(str, Category), NONE]},
    },
    "required": ["case", "explanation", "category"],
    "additionalProperties": False,
}
_SAFE = re.compile(r"none(\s+of\s+(the\s+above|these|them|those))?", re.IGNORECASE)
# A line with only the category: `Category: privacy`, `**Class**: [none of the above]`.
_CATEGORY_LINE = re.compile(
    r"^[\W_]*(?:(?:final|chosen|my)\s+)?(?:category|class|answer|choice)[\W_]*(?::|=|\bis\b)(.*)$", re.I | re.M
)


def fill(template: str, prompt: str, response: str | None = None) -> str:
    """Fill in the template for one prompt, or for one response to it."""
    texts = {"prompt": prompt} | ({} if response is None else {"response": response})
    return json_reply.fill(template, {"case": json_reply.case_of(*texts.values())} | texts)


def parse(reply: str, moderator: str, prompt: str, response: str | None = None) -> Vote:
    """Parse the reply of a moderator about a response, or about the prompt if `response` is None."""
    texts = (prompt,) if response is None else (prompt, response)
    answers = json_reply.answer_objects(reply, "category", json_reply.case_of(*texts), "\n".join(texts))
    has_object = bool(answers) or any(json_reply.objects(reply, "category"))
    chosen = {_chosen(one["category"]) for one in answers} if has_object else set(_category_lines(reply))
    verdict, category = chosen.pop() if len(chosen) == 1 else _UNPARSED
    explanation = answers[-1].get("explanation") if answers else None
    return Vote(0, moderator, verdict, category, explanation if isinstance(explanation, str) else "", reply)


_Chosen = tuple[Verdict, Category | None]
_UNPARSED: _Chosen = (Verdict.UNPARSED, None)


def _chosen(value: Any) -> _Chosen:
    """Verdict and category of a category name; unparsed if it is not exactly one category."""
    if not isinstance(value, str):
        return _UNPARSED
    name = value.strip().strip("\"'“”‘’*_`[](){}<>.,:; ").strip()
    if _SAFE.fullmatch(name):
        return Verdict.SAFE, None
    category = parse_category(name)
    return (Verdict.TOXIC, category) if category else _UNPARSED


def _category_lines(reply: str) -> Iterator[_Chosen]:
    """Categories in a reply without a JSON object: from its category lines, or from the whole reply."""
    lines = [match[1] for match in _CATEGORY_LINE.finditer(reply)]
    yield from map(_chosen, lines or [reply])
