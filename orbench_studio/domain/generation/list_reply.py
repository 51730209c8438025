"""Extract the list of texts from a model's reply, in any form: JSON, numbers, quotes, brackets, tags, tables.

Models are asked for a JSON object but often reply in another form. Every extracted text occurs literally in the reply,
except for line breaks and JSON escapes. A reply that declines has no texts.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from orbench_studio.domain.core.json_reply import json_values
from orbench_studio.domain.generation.list_lines import Line, bare, is_comment, lines_of, several, split_along

DECLINES = re.compile(
    r"^\W*(?:(?:sorry|unfortunately|however|but|no)\b[\s,.!;:—-]*)*(?:i[’']?\s?a?m\s+(?:very\s+|truly\s+|really\s+)?sorry"
    r"|i\s+(?:can\s?no|can[’']|ca)n?[’']?t\b|i\s+cannot\b|i\s+(?:wo|do)n[’']?t\b|i\s+(?:will|am|must|do)\s+(?:not|unable)\b"
    r"|i[’']?m\s+(?:not\s+able|unable|not\s+comfortable|not\s+going)\b|i\s+(?:have|need|must)\s+(?:to\s+)?(?:declin|refus)"
    r"|i\s+(?:declin|refus|apologi[sz]e)|my\s+apologies|as\s+an?\s+(?:ai|language\s+model|assistant)\b"
    r"|抱歉|对不起|很抱歉|我无法|我不能)",
    re.IGNORECASE,
)
_THINKING = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_TAGGED = re.compile(
    r"<(?P<tag>[a-z][a-z_]{0,20}|[a-z]{0,10}[_-]?\d{1,3})(?: [^<>]*)?>(?P<text>[^<>]+)</(?P=tag)>", re.I
)
_NO_TEXT = frozenset({"b", "i", "em", "strong", "u", "code", "a", "note", "explanation", "original", "seed", "think"})
_TEXT_KEYS = (
    "rewrit",
    "rephras",
    "prompt",
    "question",
    "sentence",
    "request",
    "text",
    "content",
    "output",
    "seed",
    "variant",
)
_OTHER_KEYS = (
    "original",
    "explan",
    "reason",
    "categor",
    "id",
    "index",
    "number",
    "note",
    "count",
    "source",
    "label",
    "type",
)
_NUMBERED_KEY = re.compile(r"[a-z _#-]*\d{1,3}", re.IGNORECASE)
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"(?!\s*:)')
_SCAFFOLD = re.compile(r"[{\[]?\s*\"?\w+\"?\s*:\s*[\[{]*")  # the beginning of truncated JSON
_MAX_CHARACTERS = 50_000  # of a reply; the requested lists are shorter
_COMPLETE_END = re.compile(r"[.?!。？！…][\"”’')\]*_]*\s*$")


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"texts": {"type": "array", "items": {"type": "string"}}},
    "required": ["texts"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Listing:
    """The texts of a reply in order. `declined` is True if the reply refuses to write any."""

    texts: tuple[str, ...] = ()
    declined: bool = False


def read_list(reply: str, *, cut: bool = False, template: str = "") -> Listing:
    """Extract the texts of a reply.

    `cut`: the reply was truncated at the length limit, so an incomplete last text is dropped. Texts that occur in
    `template` are dropped, because weak models copy its examples.
    """
    found, instructions = _read(reply, cut=cut), template.casefold()
    return replace(found, texts=tuple(text for text in found.texts if text.casefold() not in instructions))


def _read(reply: str, *, cut: bool) -> Listing:
    text = _THINKING.sub("", reply[:_MAX_CHARACTERS].replace("\r\n", "\n").replace("\r", "\n")).strip()
    found = _from_json(text) or _from_tags(text)
    if not found and _is_json(text):
        return Listing()
    if len(found) == 1 and "\n" in found[0]:
        return _read(found[0], cut=cut)
    if found:
        return Listing(tuple(_cleaned(found)))
    lines = lines_of(text)
    if _declines(lines):
        return Listing(declined=True)
    marked = any(line.marked for line in lines)
    found = list(split_along(lines) if marked else _unmarked(lines))
    if cut and found and not _COMPLETE_END.search(text):
        found.pop()
    return Listing(tuple(_cleaned(found)))


def _cleaned(found: Iterable[str]) -> Iterator[str]:
    """Unwrap the texts and drop refusals, JSON fragments and texts without letters."""
    for text in found:
        inner = " ".join(bare(text).split())
        if sum(map(str.isalpha, inner)) > 1 and not DECLINES.match(inner) and not _SCAFFOLD.fullmatch(inner):
            yield inner


def _declines(lines: list[Line]) -> bool:
    """Whether the reply begins with a refusal: a list after it has other content."""
    first = next((line for line in lines if line.text), None)
    return first is not None and not first.marked and bool(DECLINES.match(first.text))


def _from_json(reply: str) -> list[str]:
    """The texts in the JSON of a reply, also in truncated or slightly invalid JSON."""
    found = [text for value in json_values(reply) for text in _strings(value)]
    return found or _from_broken_json(reply)


def _strings(value: Any, depth: int = 0) -> list[str]:
    """The texts in a JSON value: a list of strings or objects, or an object with a list or numbered strings."""
    if depth > 4:
        return []
    if isinstance(value, list):
        return [text for one in value for text in ([one] if isinstance(one, str) else _strings(one, depth + 1))]
    if not isinstance(value, dict):
        return []
    nested = [text for one in value.values() if isinstance(one, list | dict) for text in _strings(one, depth + 1)]
    if nested:
        return nested
    texts = {str(key): one for key, one in value.items() if isinstance(one, str)}
    numbered = [one for key, one in texts.items() if _NUMBERED_KEY.fullmatch(key)]
    if numbered:
        return numbered
    named = [one for key, one in texts.items() if _contains(key, _TEXT_KEYS) and not _contains(key, _OTHER_KEYS)]
    return named[:1]


def _is_json(reply: str) -> bool:
    try:
        return isinstance(json.loads(reply), list | dict)
    except (ValueError, RecursionError):
        return False


def _contains(key: str, words: tuple[str, ...]) -> bool:
    return any(word in key.lower() for word in words)


def _from_broken_json(reply: str) -> list[str]:
    begin = re.search(r"(?m)^\s*(?:[\w ]*=\s*)?(?:\{\s*\"[^\"\n]*\"\s*:\s*)?\[\s*(?=\")", reply)
    if begin is None:
        return []
    strings = _STRING.findall(reply, begin.end())
    return [text for text in map(_unescaped, strings) if text is not None]


def _unescaped(string: str) -> str | None:
    try:
        value = json.loads(string)
    except ValueError:
        return None
    return value if isinstance(value, str) else None


def _from_tags(reply: str) -> list[str]:
    found = [(match["tag"].lower(), match["text"]) for match in _TAGGED.finditer(reply)]
    return [text for tag, text in found if tag not in _NO_TEXT]


def _unmarked(lines: list[Line]) -> Iterator[str]:
    """The texts of a reply without list marks: mostly quoted texts, else all lines that are not comments."""
    texts = [text for line in lines if line.text and not is_comment(line.text) for text in several(line.text)]
    quoted = [text for text in texts if bare(text) != text]
    yield from quoted if 2 * len(quoted) >= len(texts) else texts
