"""Features of the local judge: words at both ends of the response, words of the prompt, and findings of the rules."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.instruments.assessment import Answered, Assessment
from orbench_studio.instruments.plain_text import PlainText, words
from orbench_studio.instruments.rule_table import rule_table
from orbench_studio.instruments.rules import Finding, classify, find, nothing_to_judge, readable

_HEAD = (2, 300)  # sentences and characters at the beginning of a response
_TAIL = (2, 300)
_PROMPT_LENGTH = 200
_OTHER_NUMBERS = 4


@dataclass(frozen=True, slots=True)
class Features:
    """A response with the findings of the rules. `unjudgeable` is set for an empty or blocked response."""

    prompt: str
    text: PlainText
    findings: Sequence[Finding] = ()
    unjudgeable: Assessment | None = None


def extract(answered: Answered) -> Features:
    text = readable(answered.response)
    unjudgeable = nothing_to_judge(text)
    return Features(answered.prompt, text, () if unjudgeable else find(answered.prompt, text), unjudgeable)


def tokens(features: Features) -> list[str]:
    """Word 1- to 3-grams of the beginning, 1- and 2-grams of the end, and words of the prompt."""
    head = words(_part(features.text, features.text.sentences[: _HEAD[0]])[: _HEAD[1]])
    tail = words(_part(features.text, features.text.sentences[-_TAIL[0] :])[-_TAIL[1] :])
    prompt = words(features.prompt[:_PROMPT_LENGTH].lower())
    found = ["^" + " ".join(head[:2])]
    found += head
    found += map(" ".join, pairwise(head))
    found += map(" ".join, zip(head, head[1:], head[2:], strict=False))
    found += ["$" + word for word in tail]
    found += [f"${one} {two}" for one, two in pairwise(tail)]
    found += ["?" + word for word in prompt]
    return found


def numbers(features: Features) -> list[float]:
    """Numeric features: one per rule (1 if it matched), the rules' log-odds and class, and the length."""
    places = _places()
    found = [0.0] * (len(places) + _OTHER_NUMBERS)
    if features.unjudgeable is not None:
        return found
    for finding in features.findings:
        found[places[finding.rule.name]] = 1.0
    by_rules = classify(features.findings, features.text)
    probability = min(max(by_rules.refusal, 0.005), 0.995)
    length = features.text.sentences[-1][1] - features.text.sentences[0][0]
    found[-4:] = [
        math.log(probability / (1 - probability)) / 2,
        1.0 if by_rules.answer_class is AnswerClass.PARTIAL_REFUSAL else 0.0,
        math.log1p(length) / 8,
        1.0 if length < 200 else 0.0,
    ]
    return found


@cache
def _places() -> dict[str, int]:
    return {rule.name: place for place, rule in enumerate(rule_table().rules)}


def _part(text: PlainText, sentences: Sequence[tuple[int, int]]) -> str:
    return text.text[sentences[0][0] : sentences[-1][1]] if sentences else ""
