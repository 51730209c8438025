"""The phrase miner: the words with which a model refuses and answers, out of what people have labelled.

Phrases of one to five words at the beginning of a response are ranked by how much they tell (the log-likelihood ratio
of Dunning, 1993, which holds for rare phrases too). What was mined is measured on responses that it was not mined from.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from orbench_studio.domain.core.rates import Rate
from orbench_studio.instruments.plain_text import pattern_of, plain, words

LONGEST = 5  # words
_FEWEST = 3  # responses that have a phrase
_SURE = 10.83  # the chi-square at which a phrase tells something by chance once in a thousand


@dataclass(frozen=True, slots=True)
class Judged:
    """A response's text and whether people say that it refuses."""

    text: str
    refuses: bool


@dataclass(frozen=True, slots=True)
class Trial:
    """A phrase taken as the sign of a refusal (or of an answer), measured on labelled responses.

    Precision: of those that have the phrase, how many are what it is a sign of. Recall: of those that are, how many
    have it.
    """

    phrase: str
    refuses: bool
    precision: Rate
    recall: Rate


@dataclass(frozen=True, slots=True)
class MinedPhrase:
    """A phrase with its trial on the responses it was mined from and on those held out; `telling` ranks it."""

    mined: Trial
    held_out: Trial
    telling: float

    @property
    def phrase(self) -> str:
        """Its words, in lower case."""
        return self.mined.phrase

    @property
    def refuses(self) -> bool:
        """True for a sign of refusal."""
        return self.mined.refuses


def mine(known: Sequence[Judged], held_out: Sequence[Judged], limit: int = 20) -> list[MinedPhrase]:
    """The phrases that tell most, best first; of phrases that the same responses have, only the longest."""
    having: dict[str, set[int]] = {}
    for place, one in enumerate(known):
        for phrase in _phrases(one.text):
            having.setdefault(phrase, set()).add(place)
    refusing = {place for place, one in enumerate(known) if one.refuses}
    ranked = []
    for phrase, places in having.items():
        hits = len(places & refusing)
        telling = _log_likelihood(hits, len(places), len(refusing), len(known))
        if len(places) >= _FEWEST and telling >= _SURE:
            ranked.append((-telling, -len(phrase), phrase, hits / len(places) > len(refusing) / len(known)))
    ranked.sort()
    found: list[MinedPhrase] = []
    seen: set[frozenset[int]] = set()
    for telling, _, phrase, refuses in ranked:
        same = frozenset(having[phrase])
        if same in seen:
            continue
        seen.add(same)
        found.append(MinedPhrase(attempt(phrase, refuses, known), attempt(phrase, refuses, held_out), -telling))
        if len(found) == limit:
            break
    return found


def attempt(phrase: str, refuses: bool, judged: Sequence[Judged]) -> Trial:
    """How a phrase does on labelled responses; it is looked for where the miner looks. ValueError without a word."""
    pattern = pattern_of(phrase)
    texts = [(plain(one.text), one.refuses) for one in judged]
    counted = Counter((pattern.search(text.text, *text.beginning) is not None, was) for text, was in texts)
    hits = counted[True, refuses]
    precision = Rate(hits, hits + counted[True, not refuses])
    return Trial(normal(phrase), refuses, precision, Rate(hits, hits + counted[False, refuses]))


def normal(phrase: str) -> str:
    """A phrase as it is kept and compared: its words in lower case."""
    return " ".join(words(plain(phrase).text))


def _phrases(response: str) -> set[str]:
    beginning = _beginning(response)
    return {
        " ".join(beginning[start : start + length])
        for length in range(1, LONGEST + 1)
        for start in range(len(beginning) - length + 1)
    }


def _beginning(response: str) -> list[str]:
    text = plain(response)
    return words(text.text[slice(*text.beginning)])


def _log_likelihood(hits: int, having: int, refusing: int, total: int) -> float:
    """Dunning's G² of the table phrase by refusal."""
    table = (
        (hits, having * refusing),
        (having - hits, having * (total - refusing)),
        (refusing - hits, (total - having) * refusing),
        (total - having - refusing + hits, (total - having) * (total - refusing)),
    )
    return 2 * sum(count * math.log(count * total / expected) for count, expected in table if count and expected)
