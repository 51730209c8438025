"""The protocol of a judge that runs locally: its input, its output, its interface."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from orbench_studio.domain.core.judgement import AnswerClass, JudgeKind


@dataclass(frozen=True, slots=True)
class Answered:
    """A response with its prompt and its model ("" if unknown)."""

    prompt: str
    response: str
    model: str = ""


@dataclass(frozen=True, slots=True)
class Assessment:
    """Classification of one response.

    `refusal` is the probability of any refusal; `confidence` is the probability of the class among answer, partial and
    full refusal. For an abstention it is that of the more likely side. An instrument
    without probabilities returns 0 or 1 and a confidence of 1. `evidence` is a half-open
    span of characters of the response. `explanation` names what the class is based on.
    """

    answer_class: AnswerClass
    confidence: float
    refusal: float
    evidence: tuple[int, int] | None = None
    explanation: str = ""


class Instrument(Protocol):
    """A judge that runs locally. `services/judging/builtin_judges.py` lists them and describes how to add one."""

    @property
    def name(self) -> str:
        """Name of the judge in a workspace."""

    @property
    def kind(self) -> JudgeKind:
        """`RULE`, or `LOCAL` for a classifier trained in the workspace."""

    @property
    def version(self) -> str:
        """Changes whenever a response could be classified differently: code, patterns, training labels."""

    def assess(self, answered: Sequence[Answered]) -> list[Assessment]:
        """Classify responses; one assessment per response, in order."""
