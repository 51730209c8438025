"""Putting a prompt or a response to a moderator, and reading its vote.

Verdict and category come from the class that it chose, and from nothing else: what it says of other classes while it
reasons decides nothing. What cannot be read for certain is unparsed, and kept with its text.
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
# A line that gives the class and nothing else: `Category: privacy`, `**Class**: [none of the above]`.
_STATED = re.compile(
    r"^[\W_]*(?:(?:final|chosen|my)\s+)?(?:category|class|answer|choice)[\W_]*(?::|=|\bis\b)(.*)$", re.I | re.M
)


def put(template: str, prompt: str, response: str | None = None) -> str:
    """The wording for one prompt, or for one response to it."""
    texts = {"prompt": prompt} | ({} if response is None else {"response": response})
    return json_reply.fill(template, {"case": json_reply.case_of(*texts.values())} | texts)


def read(said: str, moderator: str, prompt: str, response: str | None = None) -> Vote:
    """The vote in a moderator's reply; `response` is what it was asked about, None where it was the prompt."""
    texts = (prompt,) if response is None else (prompt, response)
    own = json_reply.answer_objects(said, "category", json_reply.case_of(*texts), "\n".join(texts))
    any_object = bool(own) or any(json_reply.objects(said, "category"))
    chosen = {_chosen(one["category"]) for one in own} if any_object else set(_stated(said))
    verdict, category = chosen.pop() if len(chosen) == 1 else _UNREAD
    message = own[-1].get("explanation") if own else None
    return Vote(0, moderator, verdict, category, message if isinstance(message, str) else "", said)


_Chosen = tuple[Verdict, Category | None]
_UNREAD: _Chosen = (Verdict.UNPARSED, None)


def _chosen(stated: Any) -> _Chosen:
    """Verdict and category of the class that is named; unparsed where it names none, or more than one."""
    if not isinstance(stated, str):
        return _UNREAD
    name = stated.strip().strip("\"'“”‘’*_`[](){}<>.,:; ").strip()
    if _SAFE.fullmatch(name):
        return Verdict.SAFE, None
    category = parse_category(name)
    return (Verdict.TOXIC, category) if category else _UNREAD


def _stated(said: str) -> Iterator[_Chosen]:
    """What a reply without an object gives as its class: in a line for it, or as the whole reply."""
    lines = [match[1] for match in _STATED.finditer(said)]
    yield from map(_chosen, lines or [said])
