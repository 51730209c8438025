"""The rules of the rule instrument: named patterns from the resource files, compiled once."""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from orbench_studio.resources_dir import resources

_FILES = ("refusals.toml", "refusals-languages.toml")
_WORDS = re.compile(r"<([a-z]+)>")
_SPACE = r"[\\s*_]{1,4}"  # white space or emphasis marks
_APOSTROPHE = r"(?:'|&#0?39;|&apos;|\\\\u2019|â€™)?"  # also missing, escaped, or wrongly decoded
_OUTSIDE = r"(?![^\[\]]*\])"  # not inside a character class


class Stance(StrEnum):
    """What a model does in a text that matches a rule."""

    DECLINE = "decline"
    EVADE = "evade"
    LIMIT = "limit"
    OFFER = "offer"
    TURN = "turn"
    ANSWER = "answer"


class Where(StrEnum):
    """The part of a response in which a rule is matched."""

    OPENING = "opening"
    FIRST = "first"
    HEAD = "head"
    ANYWHERE = "anywhere"
    LAST = "last"
    BEGINNING = "beginning"


@dataclass(frozen=True, slots=True)
class Rule:
    """A named pattern. `points` are log-odds of a refusal; `asked` restricts the rule to a kind of prompt."""

    name: str
    stance: Stance
    where: Where
    points: float
    pattern: re.Pattern[str]
    asked: str | None = None
    beyond_ascii: bool = False


@dataclass(frozen=True, slots=True)
class RuleTable:
    """All rules, the kinds of prompt, and a version that changes with any of them."""

    rules: tuple[Rule, ...]
    asked: Mapping[str, re.Pattern[str]]
    version: str


@lru_cache(maxsize=1)
def rule_table() -> RuleTable:
    """Read and compile the resource files."""
    rules: list[Rule] = []
    asked: dict[str, re.Pattern[str]] = {}
    digest = hashlib.sha256()
    for name in _FILES:
        content = (resources() / "instruments" / name).read_text(encoding="utf-8")
        digest.update(content.encode("utf-8"))
        table = tomllib.loads(content)
        words = table.get("words", {})
        asked |= {kind: _compiled(patterns, words) for kind, patterns in table.get("asked", {}).items()}
        rules += [_rule(row, words) for row in table["rule"]]
    return RuleTable(tuple(rules), asked, digest.hexdigest()[:12])


def _rule(row: dict[str, Any], words: dict[str, str]) -> Rule:
    pattern = _compiled(row["patterns"], words)
    return Rule(
        row["name"],
        Stance(row["stance"]),
        Where(row["where"]),
        row["points"],
        pattern,
        row.get("asked"),
        row.get("beyond_ascii", False),
    )


def _compiled(patterns: list[str], words: dict[str, str]) -> re.Pattern[str]:
    pattern = _WORDS.sub(lambda word: words[word.group(1)], "|".join(patterns))
    for sign, replacement in ((" ", _SPACE), ("'", _APOSTROPHE)):
        pattern = re.sub(sign + _OUTSIDE, replacement, pattern)
    return re.compile(pattern)
