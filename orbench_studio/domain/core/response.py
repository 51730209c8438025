"""Responses of models. Refusals, blocked and empty responses are data; an API error is an error."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from orbench_studio.domain.core.judgement import AnswerClass, Judgement

WHITE_SPACE = "".join(letter for letter in map(chr, range(0x3001)) if letter.isspace())  # none above


class StopReason(StrEnum):
    """Why the text ended; `unknown` if the source does not say.

    `refused`: the vendor's reply says that the model refused (Anthropic's stop reason, OpenAI's refusal field).
    `blocked`: a filter blocked the prompt or the response.
    """

    STOP = "stop"
    LENGTH = "length"
    REFUSED = "refused"
    BLOCKED = "blocked"
    ERROR = "error"
    UNKNOWN = "unknown"


STOP_REASONS: Mapping[str, StopReason] = {
    **dict.fromkeys(("stop", "eos", "eos_token", "stop_sequence", "end_turn", "complete"), StopReason.STOP),
    **dict.fromkeys(("tool_calls", "function_call", "tool_use"), StopReason.STOP),
    **dict.fromkeys(
        ("length", "max_tokens", "model_length", "max_output_tokens", "model_context_window_exceeded"),
        StopReason.LENGTH,
    ),
    **dict.fromkeys(
        ("content_filter", "content_filtered", "safety", "recitation", "blocklist", "prohibited_content", "spii",
         "image_safety", "sensitive", "guardrail_intervened", "moderation"),
        StopReason.BLOCKED,
    ),
    "refusal": StopReason.REFUSED,
}  # fmt: skip
"""The words of the vendors, in lower case."""
UNJUDGEABLE = (StopReason.REFUSED, StopReason.BLOCKED, StopReason.ERROR)  # no text of the model to judge


@dataclass(frozen=True, slots=True)
class Response:
    """The text that a model returned; may be empty, truncated, refused or blocked.

    `asked` is the text that was sent, if it differs from the prompt (XSTest 195). `reference_class` is the final answer
    class in the source. `stop_details` are the vendor's fields about a refusal or a block, as JSON.
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
    reasoning: str = ""
    reasoning_tokens: int | None = None
    stop_details: str = ""


_STOPPED = {
    StopReason.REFUSED: AnswerClass.REFUSED_BY_STOP_REASON,
    StopReason.BLOCKED: AnswerClass.BLOCKED_BY_FILTER,
    StopReason.ERROR: AnswerClass.ERROR,
}


def stop_class(text: str, stop_reason: StopReason) -> AnswerClass | None:
    """The answer class that follows from the report of the vendor alone; None for a regular text."""
    if stop_reason in _STOPPED:
        return _STOPPED[stop_reason]
    if stop_reason is StopReason.LENGTH:
        return AnswerClass.TRUNCATED  # also without a text: the limit was spent on reasoning
    return None if text.strip() else AnswerClass.EMPTY
