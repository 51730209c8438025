"""What every instrument is given and gives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from orbench_studio.domain.core.judgement import AnswerClass, JudgeKind


@dataclass(frozen=True, slots=True)
class Answered:
    """A response, the prompt it answers and the model that gave it ("" where nobody knows)."""

    prompt: str
    response: str
    model: str = ""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What an instrument makes of a response.

    `refusal` is the probability of any refusal, `confidence` that of the class among answer, partial and full refusal;
    an instrument that only counts words gives 1 for what it says. `evidence` is a half-open span of the response's
    characters, `explanation` says in words what it stands on.
    """

    answer_class: AnswerClass
    confidence: float
    refusal: float
    evidence: tuple[int, int] | None = None
    explanation: str = ""


class Instrument(Protocol):
    """Gives answer classes. `version` changes whenever it could judge differently."""

    @property
    def name(self) -> str:
        """The judge's name in a workspace."""

    @property
    def kind(self) -> JudgeKind:
        """Rule or local."""

    @property
    def version(self) -> str:
        """What it is made of: code, patterns, annotations."""

    def assess(self, answered: Sequence[Answered]) -> list[Assessment]:
        """One assessment a response, in order."""
