"""What a reviewer looks at, and what a reviewer decides."""

from collections.abc import Container
from dataclasses import dataclass

from orbench_studio.domain.annotation import Annotation, Aspect, Label
from orbench_studio.domain.category import Category
from orbench_studio.domain.final_label import FinalLabel
from orbench_studio.domain.judgement import ANSWERS, FinalAnswer
from orbench_studio.domain.moderation import Consensus, Vote
from orbench_studio.domain.prompt import Prompt
from orbench_studio.domain.response import Response


@dataclass(frozen=True, slots=True)
class ResponseView:
    """A response, the answer class that counts, and the decisions behind it."""

    response: Response
    final: FinalAnswer
    decided: tuple[Annotation, ...]


@dataclass(frozen=True, slots=True)
class PromptView:
    """Everything known of one prompt, as of one moment; `version` tells whether somebody decided since."""

    prompt: Prompt
    siblings: int
    category: Category | None
    votes: tuple[Vote, ...]
    consensus: Consensus
    final: FinalLabel
    responses: tuple[ResponseView, ...]
    decided: tuple[Annotation, ...]
    version: int

    def said_by(self, annotator: str, aspect: Aspect) -> str | None:
        """What this annotator said last of an aspect of the prompt, in the studio; None where nothing."""
        said = [a for a in self.decided if a.aspect is aspect and a.annotator == annotator and not a.imported]
        return said[-1].value if said else None


_OF_RESPONSES = (Aspect.ANSWER_CLASS, Aspect.EVIDENCE)
_VALUES: dict[Aspect, Container[str]] = {
    Aspect.LABEL: frozenset(Label),
    Aspect.RECHECK: frozenset(Label),
    Aspect.CATEGORY: frozenset(Category),
    Aspect.ANSWER_CLASS: frozenset(ANSWERS),
    Aspect.FLAG: ("on", "off"),
    Aspect.SKIP: ("skipped",),
}


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing a person decides of a prompt, or of a response to it where `response_id` is set."""

    prompt_id: int
    aspect: Aspect
    value: str
    response_id: int | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        if self.aspect in _VALUES and self.value not in _VALUES[self.aspect]:
            raise ValueError(f"{self.value!r} is no {self.aspect}")
        if (self.aspect in _OF_RESPONSES) != (self.response_id is not None):
            raise ValueError("answer class and evidence are a response's, everything else a prompt's")
        if self.aspect is Aspect.EVIDENCE:
            evidence_span(self.value)


def evidence_span(value: str) -> tuple[int, int]:
    """The half-open span of characters that the value of an evidence decision says; a ValueError where it says none."""
    start, _, end = value.partition(":")
    if not (start.isdecimal() and end.isdecimal() and int(start) < int(end)):
        raise ValueError(f"{value!r} is no span")
    return int(start), int(end)
