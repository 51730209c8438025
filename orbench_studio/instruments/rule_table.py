"""The rule instrument's table: named patterns out of the resource files, compiled once."""

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
_SPACE = r"[\\s*_]{1,4}"  # white space, or what emphasis looks like
_APOSTROPHE = r"(?:'|&#0?39;|&apos;|\\\\u2019|â€™)?"  # also left out, escaped, or decoded wrongly
_OUTSIDE = r"(?![^\[\]]*\])"  # a class of characters


class Stance(StrEnum):
    """What a rule says that the model does."""

    DECLINE = "decline"
    EVADE = "evade"
    LIMIT = "limit"
    OFFER = "offer"
    TURN = "turn"
    ANSWER = "answer"


class Where(StrEnum):
    """The part of a response in which a rule looks."""

    OPENING = "opening"
    FIRST = "first"
    HEAD = "head"
    ANYWHERE = "anywhere"
    LAST = "last"
    BEGINNING = "beginning"


@dataclass(frozen=True, slots=True)
class Rule:
    """A named pattern; `points` are log-odds that the response refuses, `asked` the kind of prompt it is for."""

    name: str
    stance: Stance
    where: Where
    points: float
    pattern: re.Pattern[str]
    asked: str | None = None
    beyond_ascii: bool = False


@dataclass(frozen=True, slots=True)
class RuleTable:
    """All rules, the kinds of prompt they distinguish, and a version that changes with any of it."""

    rules: tuple[Rule, ...]
    asked: Mapping[str, re.Pattern[str]]
    version: str


@lru_cache(maxsize=1)
def rule_table() -> RuleTable:
    """The table as the resource files have it."""
    rules: list[Rule] = []
    asked: dict[str, re.Pattern[str]] = {}
    digest = hashlib.sha256()
    for name in _FILES:
        content = (resources() / "instruments" / name).read_text(encoding="utf-8")
        digest.update(content.encode("utf-8"))
        said = tomllib.loads(content)
        words = said.get("words", {})
        asked |= {kind: _compiled(patterns, words) for kind, patterns in said.get("asked", {}).items()}
        rules += [_rule(row, words) for row in said["rule"]]
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
    whole = _WORDS.sub(lambda word: words[word.group(1)], "|".join(patterns))
    for sign, meant in ((" ", _SPACE), ("'", _APOSTROPHE)):
        whole = re.sub(sign + _OUTSIDE, meant, whole)
    return re.compile(whole)
