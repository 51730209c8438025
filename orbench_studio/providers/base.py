"""What every provider of models does: takes a request, gives an answer, or says why there is none."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from orbench_studio.domain.core.response import StopReason
from orbench_studio.domain.evaluation.batch import Cause, Sampling

_MOST_TOKENS = 2**31  # more is no count, and fits no database


@dataclass(frozen=True, slots=True)
class Request:
    """One question for one model. `schema` asks for an answer in JSON of that schema, where the model can."""

    model: str
    text: str
    sampling: Sampling
    schema: dict[str, Any] | None = None
    timeout: float = 180  # seconds

    @property
    def tokens(self) -> int:
        """About how many tokens go in; four characters a token is near enough for limits and estimates."""
        return guessed_tokens(self.text) + guessed_tokens(self.sampling.system or "")


def guessed_tokens(text: str) -> int:
    """About how many tokens a text has, from its length in bytes: 4 of them a token, other scripts take more."""
    return (len(text.encode("utf-8", "replace")) + 3) // 4


def with_extra(body: dict[str, Any], sampling: Sampling) -> dict[str, Any]:
    """A request's body with what the user adds to it; None takes out what would be sent otherwise."""
    whole = body | dict(sampling.extra)
    return {name: value for name, value in whole.items() if value is not None}


def whole_text(text: str) -> str:
    """The text as it can be stored: halves of characters, which JSON can hold and no encoding can, are replaced."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def count(tokens: object) -> int | None:
    """A count of tokens; None where it is none."""
    return tokens if isinstance(tokens, int) and 0 <= tokens < _MOST_TOKENS else None


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a vendor's headers say is left: requests and tokens, and the seconds until there are more of them."""

    requests: int | None = None
    requests_reset: float = 0
    tokens: int | None = None
    tokens_reset: float = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; a refusal, a block and an empty text are answers. Tokens are None where the vendor says none."""

    text: str
    stop_reason: StopReason
    input_tokens: int | None = None
    output_tokens: int | None = None
    allowance: Allowance = field(default_factory=Allowance)


class AskError(Exception):
    """There is no answer, and why; `retry_after` is what the vendor asks for, in seconds. Never holds a key."""

    def __init__(self, cause: Cause, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.cause = cause
        self.message = message
        self.retry_after = retry_after

    def __str__(self) -> str:
        return self.message


class Provider(Protocol):
    """A way to one model. Used by one event loop, by many requests at once."""

    async def ask(self, request: Request) -> Answer:
        """The answer; AskError where there is none."""

    async def close(self) -> None:
        """Let go of connections."""
