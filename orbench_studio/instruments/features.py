"""What the local judge looks at: words where responses decide themselves, and what the rules find."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.instruments.assessment import Answered, Assessment
from orbench_studio.instruments.plain_text import PlainText, plain, words
from orbench_studio.instruments.rule_table import rule_table
from orbench_studio.instruments.rules import LONGEST, Finding, find, nothing_to_judge, weigh

_HEAD = (2, 300)  # sentences and characters that a response begins with
_TAIL = (2, 300)
_PROMPT = 200
_OTHERS = 4
_PLACES = {rule.name: place for place, rule in enumerate(rule_table().rules)}
FEATURES = len(_PLACES) + _OTHERS


@dataclass(frozen=True, slots=True)
class Seen:
    """A response with what the rules find in it; `stopped` where there is nothing to judge."""

    prompt: str
    text: PlainText
    findings: Sequence[Finding] = ()
    stopped: Assessment | None = None


def look(answered: Answered) -> Seen:
    """Read one response."""
    text = plain(answered.response[:LONGEST])
    stopped = nothing_to_judge(text)
    return Seen(answered.prompt, text, () if stopped else find(answered.prompt, text), stopped)


def tokens(seen: Seen) -> list[str]:
    """Words and sequences of two and three at the beginning, of two at the end, and the prompt's words."""
    head = words(_part(seen.text, seen.text.sentences[: _HEAD[0]])[: _HEAD[1]])
    tail = words(_part(seen.text, seen.text.sentences[-_TAIL[0] :])[-_TAIL[1] :])
    asked = words(seen.prompt[:_PROMPT].lower())
    found = ["^" + " ".join(head[:2])]
    found += head
    found += map(" ".join, pairwise(head))
    found += map(" ".join, zip(head, head[1:], head[2:], strict=False))
    found += ["$" + word for word in tail]
    found += [f"${one} {two}" for one, two in pairwise(tail)]
    found += ["?" + word for word in asked]
    return found


def measures(seen: Seen) -> list[float]:
    """One number a rule (1 where it found something), the rules' log-odds and class, and the length."""
    found = [0.0] * FEATURES
    if seen.stopped is not None:
        return found
    for finding in seen.findings:
        found[_PLACES[finding.rule.name]] = 1.0
    ruled = weigh(seen.findings, seen.text)
    chance = min(max(ruled.refusal, 0.005), 0.995)
    length = seen.text.sentences[-1][1] - seen.text.sentences[0][0]
    found[-4:] = [
        math.log(chance / (1 - chance)) / 2,
        1.0 if ruled.answer_class is AnswerClass.PARTIAL_REFUSAL else 0.0,
        math.log1p(length) / 8,
        1.0 if length < 200 else 0.0,
    ]
    return found


def _part(text: PlainText, sentences: Sequence[tuple[int, int]]) -> str:
    return text.text[sentences[0][0] : sentences[-1][1]] if sentences else ""
