"""A response as the patterns read it: character for character as long as the original, so that spans fit both."""

import re
from dataclasses import dataclass
from itertools import chain

_STRAIGHT = str.maketrans(
    {
        **dict.fromkeys("’‘ʼʹ′＇´`", "'"),
        **dict.fromkeys("“”„«»＂", '"'),
        **dict.fromkeys("\u00a0\u2007\u202f\u3000\u200b\ufeff", " "),
        **dict.fromkeys("‐‑", "-"),
    }
)
_TAGS = "think|thinking|thought|thoughts|reasoning|reason|analysis|scratchpad|reflection|seed:think"
# How families of models mark what they think before they answer; each from its beginning to its end.
_REASONING = (
    (re.compile(rf"<(?:{_TAGS})>"), re.compile(rf"</(?:{_TAGS})>")),
    (re.compile(r"\[think\]"), re.compile(r"\[/think\]")),
    (re.compile(r"◁think▷"), re.compile(r"◁/think▷")),
    (re.compile(r"<\|begin_of_thought\|>"), re.compile(r"<\|end_of_thought\|>")),
    (
        re.compile(r"<\|channel\|>\s*(?:analysis|commentary)"),
        re.compile(r"<\|channel\|>\s*final\s*(?:<\|message\|>)?"),
    ),
)
_MARKS = re.compile(r"<\|[a-z_]{1,30}\|>")
_SENTENCE_END = re.compile(r"[.!?。！？؟।]+(?![a-z0-9])[\"')*]*|\n")
_LETTER = re.compile(r"\w")
_SENTENCES = 400  # more of one response says nothing new


@dataclass(frozen=True, slots=True)
class PlainText:
    """`text` is lower case with straight quotes and without reasoning, each character where it was.

    `sentences` are half-open spans of it, each beginning with a letter or a quote, in order.
    """

    text: str
    sentences: tuple[tuple[int, int], ...]

    @property
    def is_empty(self) -> bool:
        """True where nothing is left to judge."""
        return not self.sentences


def plain(response: str) -> PlainText:
    """The response without what the model only thought, lower case, quotes straight; positions are kept."""
    text = without_reasoning(_lower(response.translate(_STRAIGHT)))
    return PlainText(text, tuple(_sentences(text)))


def without_reasoning(text: str) -> str:
    """The lower-case text with reasoning blanked. An end without a beginning blanks all before it, and vice versa."""
    if not any(mark in text for mark in ("<", "[", "◁")):
        return text
    for begin, end in _REASONING:
        at = 0
        while (found := end.search(text, at)) is not None:
            opened = begin.search(text, at, found.start())
            start = opened.start() if opened else (0 if at == 0 else found.start())
            text = _blank(text, start, found.end())
            at = found.end()
        unclosed = begin.search(text, at)
        if unclosed is not None:
            text = _blank(text, unclosed.start(), len(text))
    return _MARKS.sub(lambda mark: " " * len(mark.group()), text)


def _blank(text: str, start: int, end: int) -> str:
    return text[:start] + " " * (end - start) + text[end:]


def _lower(text: str) -> str:
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(letter if len(letter.lower()) != 1 else letter.lower() for letter in text)


def _sentences(text: str) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    begin = 0
    for end in chain((match.end() for match in _SENTENCE_END.finditer(text)), (len(text),)):
        letter = _LETTER.search(text, begin, end)
        if letter is not None:
            start = letter.start()
            found.append((start - 1 if start > begin and text[start - 1] == '"' else start, end))
            if len(found) == _SENTENCES:
                break
        begin = end
    return found
