"""Read the verdict in the reply of a classifier or judge that has its own reply format.

The reader is tolerant of mark-up, letter case and text around the verdict, and never guesses: a reply without exactly
one of the expected values is unparsed. Replies are untrusted text.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import NamedTuple

from orbench_studio.domain.core import json_reply

_SPECIAL = re.compile(r"<\|[^<>|]{1,40}\|>|</?s>|<(?:eos|bos|pad|end_of_turn|start_of_turn)>")
_FINAL = re.compile(r"<\|channel\|>\s*final\s*<\|message\|>", re.I)  # OpenAI's harmony format
_THOUGHT = re.compile(r"<(think|thinking|reasoning)>.*?</\1>", re.I | re.S)
_OPEN_THOUGHT = re.compile(r"<(?:think|thinking|reasoning)>", re.I)
_CLOSED_THOUGHT = re.compile(r"^.*</(?:think|thinking|reasoning)>", re.I | re.S)
_LEAD = (
    r"^[\W_]*(?:(?:my|the|final|overall)\s+)*(?:answer|verdict|label|class|classification|judgement|judgment|output)"
)
_LEAD_IN = re.compile(rf"{_LEAD}(?:\s+is\b|[\W_]*[:=-])[\W_]*", re.I)
_EDGE = "\"'“”‘’`*_#>[](){}<.,:;!- \t\r\n"


class TokenChoice(NamedTuple):
    """A generated token, and the probabilities of the likeliest tokens in its place."""

    text: str
    alternatives: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class ReplyFormat:
    """Where a verdict stands in a reply, and what its values mean.

    `field` is the name in a line `Name: value`, `tag` that of an XML-like tag, `key` that of a JSON object; `brackets`
    stands for `[[value]]`. Without any of them, the reply starts with the value. A reply that is nothing but the value
    is read in each format but `field`, because a plain yes does not say to which of several questions.
    """

    values: Mapping[str, str]
    field: str = ""
    tag: str = ""
    key: str = ""
    brackets: bool = False
    categories: Mapping[str, str] = dataclass_field(default_factory=dict)


class Verdict(NamedTuple):
    """A meaning of `ReplyFormat.values`, with the value as the model wrote it and the reply without reasoning."""

    meaning: str
    value: str
    answer: str


def read_verdict(reply: str, form: ReplyFormat) -> Verdict | None:
    """The verdict in a reply; None if it is missing, unknown or contradicts itself."""
    answer = answer_part(reply)
    if answer is None:
        return None
    parts = [part for _, part in _parts(answer, form)]
    values = [_whole_value(part, form) for part in parts]
    if not parts and not form.field:
        values = [_first_value(answer, form)]
    meanings = {None if value is None else form.values[value] for value in values}
    meaning = meanings.pop() if len(meanings) == 1 else None
    return None if meaning is None or values[-1] is None else Verdict(meaning, values[-1], answer)


def answer_part(reply: str) -> str | None:
    """The reply without reasoning and special tokens; None if the reasoning does not end."""
    text = _THOUGHT.sub("", _FINAL.split(reply)[-1])
    text = _CLOSED_THOUGHT.sub("", text)  # some servers cut the opening tag
    if _OPEN_THOUGHT.search(text):
        return None
    return _SPECIAL.sub(" ", text).strip()


def named_category(verdict: Verdict, form: ReplyFormat) -> str | None:
    """The category whose code the reply names after the verdict, such as S10; None for none or several."""
    codes = {code.lower(): name for code, name in form.categories.items()}
    words = re.findall(r"\w+", verdict.answer.lower())
    found = {codes[word] for word in words if word in codes}
    return found.pop() if len(found) == 1 else None


def probabilities(tokens: Sequence[TokenChoice], verdict: Verdict, form: ReplyFormat) -> dict[str, float] | None:
    """The probability of each meaning, from the tokens of the verdict; None if the tokens do not tell.

    Follows the verdict token by token while several values begin alike; the probabilities of the values are scaled to
    a sum of 1, because the model could also have written something else.
    """
    place = _place_of(verdict, tokens, form)
    if place is None:
        return None
    found = dict.fromkeys(form.values, 0.0)
    written, share, left = "", 1.0, list(form.values)
    for token in tokens[place:]:
        if not _plain(token.text):
            continue
        groups = _groups(token, written, left)
        total = sum(mass for _, mass in groups.values())
        written += _plain(token.text)
        if total <= 0:
            return None
        chosen: list[str] = []
        for values, mass in groups.values():
            if verdict.value in values:
                chosen, next_share = values, share * mass / total
            elif len({form.values[value] for value in values}) == 1:
                found[values[0]] += share * mass / total
            elif mass / total > _NEGLIGIBLE:
                return None
        if not chosen:
            return None
        share, left = next_share, chosen
        if len({form.values[value] for value in left}) == 1:
            found[verdict.value] += share
            return _by_meaning(found, form)
    return None


_NEGLIGIBLE = 0.001
_RECOGNISED = 20  # characters of an answer that find it among the tokens


def _parts(answer: str, form: ReplyFormat) -> Iterator[tuple[int, str]]:
    """The places that the format names, each with its offset."""
    patterns = []
    if form.field:
        name = re.escape(form.field).replace(r"\ ", r"[\s_]+")
        patterns.append(rf"(?m)^[^a-z\n]{{0,20}}{name}[^a-z:=\n]{{0,10}}[:=](.*)$")
    if form.tag:
        patterns.append(rf"(?s)<{form.tag}>(.*?)</{form.tag}>")
    if form.brackets:
        patterns.append(r"(?s)\[\[(.*?)\]\]")
    for pattern in patterns:
        yield from ((found.start(1), found[1]) for found in re.finditer(pattern, answer, re.I))
    if form.key:
        starts = [found.end() for found in re.finditer(rf'"{re.escape(form.key)}"\s*:', answer)]
        objects = list(json_reply.objects(answer, form.key))
        yield from ((starts[-1], str(one[form.key])) for one in objects)


def _whole_value(part: str, form: ReplyFormat) -> str | None:
    """The value that a part is, apart from mark-up, or starts with before a full stop or a comma."""
    return _first_value(part.strip(_EDGE).splitlines()[0] if part.strip(_EDGE) else "", form)


def _first_value(text: str, form: ReplyFormat) -> str | None:
    """The value that a text starts with, before the end of the line, a punctuation mark or a category's code.

    None if another value follows, or is a line of its own.
    """
    plain = _LEAD_IN.sub("", text).lstrip(_EDGE).lower()
    follows = "|".join([r"\s*$", r"\s*[^\w\s]", *(rf"\s+{re.escape(code.lower())}\b" for code in form.categories)])
    for value in sorted(form.values, key=len, reverse=True):
        match = re.match(rf"{_pattern(value)}(?={follows})", plain, re.M)
        if match is None:
            continue
        others = [other for other, meaning in form.values.items() if meaning != form.values[value]]
        contradiction = "|".join(map(_pattern, others))
        rest = plain[match.end() :]
        is_alone = re.compile(rf"^[\W_]{{0,10}}(?:{contradiction})[\W_]{{0,10}}$", re.M)
        goes_on = re.compile(rf"^[\W_]*(?:and|or|/|\||,)[\W_]*(?:{contradiction})\b")
        return None if others and (is_alone.search(rest) or goes_on.search(rest)) else value
    return None


def _pattern(value: str) -> str:
    return re.escape(value.lower()).replace("_", r"[\s_-]+")


def _place_of(verdict: Verdict, tokens: Sequence[TokenChoice], form: ReplyFormat) -> int | None:
    """The token at which the value starts."""
    joined = "".join(token.text for token in tokens)
    start = max((start for start, _ in _parts(joined, form)), default=-1)
    if start < 0 and not form.field:
        start = joined.rfind(verdict.answer[:_RECOGNISED])
    value = re.compile(_pattern(verdict.value)).search(joined.lower(), start) if start >= 0 else None
    end = 0
    for place, token in enumerate(tokens):
        end += len(token.text)
        if value is not None and end > value.start():
            return place
    return None


def _groups(token: TokenChoice, written: str, left: Sequence[str]) -> dict[tuple[str, ...], tuple[list[str], float]]:
    """The values that go on with each alternative, and the probability of these alternatives."""
    groups: dict[tuple[str, ...], tuple[list[str], float]] = {}
    for text, probability in token.alternatives.items():
        now = written + _plain(text)
        values = [value for value in left if now and _plain(text) and _goes_on(_plain(value), now)]
        if values:
            key = tuple(values)
            groups[key] = values, groups.get(key, (values, 0.0))[1] + probability
    return groups


def _goes_on(value: str, written: str) -> bool:
    return value.startswith(written) or written.startswith(value)


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.lower())


def _by_meaning(found: Mapping[str, float], form: ReplyFormat) -> dict[str, float]:
    total = sum(found.values())
    by_meaning = dict.fromkeys(form.values.values(), 0.0)
    for value, share in found.items():
        by_meaning[form.values[value]] += share / total
    return by_meaning
