"""Beginnings that prompts of a list have in common, so that the list can show what tells them apart."""

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate

_FEWEST = 3  # prompts that share a beginning
_SHORTEST, _LONGEST = 6, 12  # words of a beginning; a shorter one costs no room
_REST = 6  # words that stay, so that the prompt is recognised


def shared_beginnings(texts: Sequence[str]) -> list[int]:
    """Number of initial characters that each text shares with at least two others, in whole words.

    Only long beginnings count, and the last six words of a text are never counted as shared.
    """
    beginnings = [_beginnings(text) for text in texts]
    counts = Counter(beginning for of in beginnings for beginning in of)
    return [max((len(one) for one in of if counts[one] >= _FEWEST), default=0) for of in beginnings]


def _beginnings(text: str) -> list[str]:
    words = text.split(" ")
    ends = list(accumulate(len(word) + 1 for word in words))
    return [text[: ends[count - 1]] for count in range(_SHORTEST, min(_LONGEST, len(words) - _REST) + 1)]
