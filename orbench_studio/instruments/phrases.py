"""Phrase mining: the phrases with which a model refuses and answers, from human labels.

Phrases of one to five words at the beginning of a response are ranked by the log-likelihood ratio of Dunning (1993),
which is valid for rare phrases too. Mined phrases are evaluated on held-out responses.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from orbench_studio.domain.core.rates import Rate
from orbench_studio.instruments.plain_text import pattern_of, plain, words

LONGEST = 5  # words
_MIN_RESPONSES = 3  # that contain a phrase
_THRESHOLD = 10.83  # chi-square with one degree of freedom, p = 0.001


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A response and its human label: refusal or answer."""

    text: str
    refuses: bool


@dataclass(frozen=True, slots=True)
class PhraseScore:
    """Precision and recall of a phrase as an indicator of refusals (or of answers), on labelled responses."""

    phrase: str
    refuses: bool
    precision: Rate
    recall: Rate


@dataclass(frozen=True, slots=True)
class MinedPhrase:
    """A phrase with its scores on the responses it was mined from and on held-out ones; `score` ranks it."""

    mined: PhraseScore
    held_out: PhraseScore
    score: float

    @property
    def phrase(self) -> str:
        """Words of the phrase, in lower case."""
        return self.mined.phrase

    @property
    def refuses(self) -> bool:
        """True if the phrase indicates a refusal."""
        return self.mined.refuses


def mine_phrases(known: Sequence[LabelledText], held_out: Sequence[LabelledText], limit: int = 20) -> list[MinedPhrase]:
    """The most indicative phrases, best first; of phrases that occur in the same responses only the longest."""
    having: dict[str, set[int]] = {}
    for place, one in enumerate(known):
        for phrase in _phrases(one.text):
            having.setdefault(phrase, set()).add(place)
    refusing = {place for place, one in enumerate(known) if one.refuses}
    ranked = []
    for phrase, places in having.items():
        hits = len(places & refusing)
        score = _log_likelihood(hits, len(places), len(refusing), len(known))
        if len(places) >= _MIN_RESPONSES and score >= _THRESHOLD:
            ranked.append((-score, -len(phrase), phrase, hits / len(places) > len(refusing) / len(known)))
    ranked.sort()
    found: list[MinedPhrase] = []
    known_sets: set[frozenset[int]] = set()
    for score, _, phrase, refuses in ranked:
        same = frozenset(having[phrase])
        if same in known_sets:
            continue
        known_sets.add(same)
        found.append(MinedPhrase(evaluate(phrase, refuses, known), evaluate(phrase, refuses, held_out), -score))
        if len(found) == limit:
            break
    return found


def evaluate(phrase: str, refuses: bool, judged: Sequence[LabelledText]) -> PhraseScore:
    """Evaluate a phrase on labelled responses, in the mined span. Raises ValueError for a phrase without words."""
    pattern = pattern_of(phrase)
    texts = [(plain(one.text), one.refuses) for one in judged]
    counted = Counter((pattern.search(text.text, *text.beginning) is not None, was) for text, was in texts)
    hits = counted[True, refuses]
    precision = Rate(hits, hits + counted[True, not refuses])
    return PhraseScore(normalise(phrase), refuses, precision, Rate(hits, hits + counted[False, refuses]))


def normalise(phrase: str) -> str:
    """Normalise a phrase for storage and comparison: its words in lower case."""
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
    """Dunning's G² of the 2 × 2 table of phrase and refusal."""
    table = (
        (hits, having * refusing),
        (having - hits, having * (total - refusing)),
        (refusing - hits, (total - having) * refusing),
        (total - having - refusing + hits, (total - having) * (total - refusing)),
    )
    return 2 * sum(count * math.log(count * total / expected) for count, expected in table if count and expected)
