"""Reading the list of texts in a model's reply, however it numbers, quotes, brackets or wraps them.

Models are asked for a JSON object; what they send is everything else. No text is ever made up: each one stands in the
reply, letter by letter, but for line breaks within it and what JSON escapes. Where a reply declines, there is none.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from orbench_studio.domain.core.json_reply import json_values
from orbench_studio.domain.generation.list_lines import (
    Line,
    bare,
    is_talk,
    lines_of,
    several,
    split_along,
)

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
_SCAFFOLD = re.compile(r"[{\[]?\s*\"?\w+\"?\s*:\s*[\[{]*")  # the beginning of JSON that goes no further
_LONGEST = 50_000  # characters that are read; models are asked for less
_LAST_WORDS = re.compile(r"[.?!。？！…][\"”’')\]*_]*\s*$")


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"texts": {"type": "array", "items": {"type": "string"}}},
    "required": ["texts"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True)
class Listing:
    """The texts of a reply, in their order; `declined` where the reply says that it will not give any."""

    texts: tuple[str, ...] = ()
    declined: bool = False


def read_list(reply: str, *, cut: bool = False, wording: str = "") -> Listing:
    """The texts in a reply; `cut` where it stopped at the length limit, so that its last text may be half of one.

    What stands in the wording that was asked with is no text: weak models copy the form that they are shown.
    """
    found, copied = _read(reply, cut=cut), wording.casefold()
    return replace(found, texts=tuple(text for text in found.texts if text.casefold() not in copied))


def _read(reply: str, *, cut: bool) -> Listing:
    text = _THINKING.sub("", reply[:_LONGEST].replace("\r\n", "\n").replace("\r", "\n")).strip()
    found = _from_json(text) or _from_tags(text)
    if not found and _is_json(text):
        return Listing()
    if len(found) == 1 and "\n" in found[0]:
        return _read(found[0], cut=cut)
    if found:
        return Listing(tuple(_kept(found)))
    lines = lines_of(text)
    if _declines(lines):
        return Listing(declined=True)
    marked = any(line.marked for line in lines)
    found = list(split_along(lines) if marked else _unmarked(lines))
    if cut and found and not _LAST_WORDS.search(text):
        found.pop()
    return Listing(tuple(_kept(found)))


def _kept(found: Iterable[str]) -> Iterator[str]:
    """What is left of the texts once their wrappings are off; a model's own words in their place are none."""
    for text in found:
        inner = " ".join(bare(text).split())
        if sum(map(str.isalpha, inner)) > 1 and not DECLINES.match(inner) and not _SCAFFOLD.fullmatch(inner):
            yield inner


def _declines(lines: list[Line]) -> bool:
    """Whether the first thing that is said is a refusal: what is listed after it is something else."""
    first = next((line for line in lines if line.text), None)
    return first is not None and not first.marked and bool(DECLINES.match(first.text))


def _from_json(reply: str) -> list[str]:
    """The texts in the JSON of a reply; also where it is not quite JSON: cut off, or with one comma too many."""
    found = [text for value in json_values(reply) for text in _strings(value)]
    return found or _from_broken_json(reply)


def _strings(value: Any, depth: int = 0) -> list[str]:
    """The texts in a value: a list of them, objects with one each, or one object with a list or numbered texts."""
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
    named = [one for key, one in texts.items() if _says(key, _TEXT_KEYS) and not _says(key, _OTHER_KEYS)]
    return named[:1]


def _is_json(reply: str) -> bool:
    try:
        return isinstance(json.loads(reply), list | dict)
    except (ValueError, RecursionError):
        return False


def _says(key: str, words: tuple[str, ...]) -> bool:
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
    """The texts between tags, where a reply has any."""
    found = [(match["tag"].lower(), match["text"]) for match in _TAGGED.finditer(reply)]
    return [text for tag, text in found if tag not in _NO_TEXT]


def _unmarked(lines: list[Line]) -> Iterator[str]:
    """Nothing is numbered: the quoted texts where there are any, else every line that is not talk about them."""
    texts = [text for line in lines if line.text and not is_talk(line.text) for text in several(line.text)]
    quoted = [text for text in texts if bare(text) != text]
    yield from quoted if 2 * len(quoted) >= len(texts) else texts
