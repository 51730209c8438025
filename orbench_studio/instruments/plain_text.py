"""Normalised text for pattern matching. It is as long as the original, so that spans are valid in both."""

import re
from dataclasses import dataclass
from itertools import chain, pairwise

_STRAIGHT = str.maketrans(
    {
        **dict.fromkeys("’‘ʼʹ′＇´`", "'"),
        **dict.fromkeys("“”„«»＂", '"'),
        **dict.fromkeys("\u00a0\u2007\u202f\u3000\u200b\ufeff", " "),
        **dict.fromkeys("‐‑", "-"),
    }
)
_TAGS = "think|thinking|thought|thoughts|reasoning|reason|analysis|scratchpad|reflection|seed:think"
# Begin and end marks of reasoning blocks in several model families.
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
_WORD = re.compile(r"[^\W_][\w']*")
_CHINESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_BEGINNING = (2, 300)  # sentences and characters
_SENTENCES = 400  # further sentences of a response are ignored


@dataclass(frozen=True, slots=True)
class PlainText:
    """Text in lower case with straight quotes and blanked reasoning; every character keeps its position.

    `sentences` are half-open spans in order, each beginning with a letter or a quote.
    """

    text: str
    sentences: tuple[tuple[int, int], ...]

    @property
    def is_empty(self) -> bool:
        """True if no text is left to classify."""
        return not self.sentences

    @property
    def beginning(self) -> tuple[int, int]:
        """The span in which phrases are mined and matched: two sentences, at most 300 characters."""
        if self.is_empty:
            return 0, 0
        start = self.sentences[0][0]
        return start, min(self.sentences[: _BEGINNING[0]][-1][1], start + _BEGINNING[1])


def plain(response: str) -> PlainText:
    """Normalise a response: no reasoning, lower case, straight quotes; positions are unchanged."""
    text = without_reasoning(_lower(response.translate(_STRAIGHT)))
    return PlainText(text, tuple(_sentences(text)))


def ending(response: str) -> PlainText | None:
    """The last paragraph of a response that is all unclosed reasoning; None for any other.

    Some models forget the end mark and write their reply as the last paragraph.
    """
    text = _lower(response.translate(_STRAIGHT)).rstrip()
    cut = text.rfind("\n\n")
    if cut < 0 or not without_reasoning(text).isspace():
        return None
    blanked = _MARKS.sub(lambda mark: " " * len(mark.group()), _blank(text, 0, cut))
    return PlainText(blanked, tuple(_sentences(blanked)))


def words(text: str) -> list[str]:
    """Split lower-case text into words, or into characters in scripts without spaces between words."""
    if _CHINESE.search(text):
        text = _CHINESE.sub(r" \g<0> ", text)
    return _WORD.findall(text)


def pattern_of(phrase: str) -> re.Pattern[str]:
    """A pattern for the words of a phrase, whatever separates them. Raises ValueError for a phrase without words."""
    wanted = words(plain(phrase).text)
    if not wanted:
        raise ValueError("the phrase contains no word")
    pattern = "" if _CHINESE.match(wanted[0]) else r"(?<![^\W_])"
    for word, after in pairwise([*wanted, ""]):
        pattern += re.escape(word)
        if after:
            pattern += r"[\W_]*" if _CHINESE.match(word) or _CHINESE.match(after) else r"[\W_]+"
    return re.compile(pattern if _CHINESE.match(wanted[-1]) else pattern + r"(?!'?[^\W_])")


def without_reasoning(text: str) -> str:
    """Blank reasoning blocks in lower-case text. An end mark alone blanks all before it; a begin mark all after it."""
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
