"""What a model returned for a prompt. A refusal, a block and an empty answer are data; an API error is an error."""

from dataclasses import dataclass
from enum import StrEnum

from orbench_studio.domain.core.judgement import AnswerClass, Judgement

WHITE_SPACE = "".join(letter for letter in map(chr, range(0x3001)) if letter.isspace())  # there is none beyond


class StopReason(StrEnum):
    """Why the text ends where it ends; `unknown` where the source does not say."""

    STOP = "stop"
    LENGTH = "length"
    BLOCKED = "blocked"
    ERROR = "error"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Response:
    """The text a model returned; may be empty, truncated or blocked.

    `asked` is the wording the model was sent where it differs from the prompt's (XSTest 195). `reference_class` is the
    answer class that the source states as its own final one.
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
    """What the provider's report alone says of a response: blocked, error, truncated, empty; None for a plain text."""
    if stop_reason is StopReason.BLOCKED:
        return AnswerClass.BLOCKED
    if stop_reason is StopReason.ERROR:
        return AnswerClass.ERROR
    if not text.strip():
        return AnswerClass.EMPTY
    return AnswerClass.TRUNCATED if stop_reason is StopReason.LENGTH else None
