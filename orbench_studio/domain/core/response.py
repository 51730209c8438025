"""Responses of models. Refusals, blocked and empty responses are data; an API error is an error."""

from dataclasses import dataclass
from enum import StrEnum

from orbench_studio.domain.core.judgement import AnswerClass, Judgement

WHITE_SPACE = "".join(letter for letter in map(chr, range(0x3001)) if letter.isspace())  # none above


class StopReason(StrEnum):
    """Why the text ended; `unknown` if the source does not say."""

    STOP = "stop"
    LENGTH = "length"
    BLOCKED = "blocked"
    ERROR = "error"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Response:
    """The text that a model returned; may be empty, truncated or blocked.

    `asked` is the text that was sent, if it differs from the prompt (XSTest 195). `reference_class` is the final answer
    class in the source.
    """

    id: int
    model: str
    text: str
    stop_reason: StopReason = StopReason.UNKNOWN
    simulated: bool = False
    error: str | None = None
    asked: str | None = None
    reference_class: AnswerClass | None = None
    judgements: tuple[Judgement, ...] = ()


def stop_class(text: str, stop_reason: StopReason) -> AnswerClass | None:
    """The answer class that follows from the report of the provider alone; None for a regular text."""
    if stop_reason is StopReason.BLOCKED:
        return AnswerClass.BLOCKED
    if stop_reason is StopReason.ERROR:
        return AnswerClass.ERROR
    if not text.strip():
        return AnswerClass.EMPTY
    return AnswerClass.TRUNCATED if stop_reason is StopReason.LENGTH else None
