"""The interface of model providers: request, answer, error."""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Protocol

from orbench_studio.domain.core.response import StopReason
from orbench_studio.domain.evaluation.adaptation import Adaptation
from orbench_studio.domain.evaluation.batch import Cause, Sampling
from orbench_studio.domain.evaluation.parameters import API
from orbench_studio.domain.judging.verdict_reply import TokenChoice

_REMOVED = {
    Adaptation.NO_TEMPERATURE: ("temperature",),
    Adaptation.NO_SEED: ("seed",),
    Adaptation.NO_LOGPROBS: ("logprobs", "top_logprobs", "include"),
}
_MAX_DETAILS = 2_000  # characters
_MAX_TOKENS = 2**31  # a larger number is not a count, and does not fit into the database


@dataclass(frozen=True, slots=True)
class Request:
    """One request to one model. `schema` asks for JSON output, if the model supports it.

    `turns` are (role, text) of a conversation that is sent instead of the text as one message of the user. `logprobs`
    asks for the probabilities of the generated tokens.
    """

    model: str
    text: str
    sampling: Sampling
    schema: dict[str, Any] | None = None
    timeout: float = 180  # seconds
    turns: tuple[tuple[str, str], ...] = ()
    logprobs: bool = False

    def messages(self, adapted: Collection[Adaptation] = ()) -> list[dict[str, str]]:
        """The conversation without the system prompt, or with it before the first text."""
        (role, _), *others = self.turns or (("user", self.text),)
        first = {"role": role, "content": self.prompt(adapted)}
        return [first, *({"role": role, "content": text} for role, text in others)]

    def prompt(self, adapted: Collection[Adaptation] = ()) -> str:
        """The text of the first message: with the system prompt before it, for a model that accepts none."""
        system = self.sampling.system if Adaptation.NO_SYSTEM in adapted else None
        text = self.turns[0][1] if self.turns else self.text
        return f"{system}\n\n{text}" if system else text

    @property
    def tokens(self) -> int:
        """Estimated input tokens, for limits and cost estimates."""
        return estimated_tokens(self.text) + estimated_tokens(self.sampling.system or "")


def estimated_tokens(text: str) -> int:
    """Estimated tokens of a text: one for every 4 bytes of UTF-8."""
    return (len(text.encode("utf-8", "replace")) + 3) // 4


def with_extra(body: dict[str, Any], sampling: Sampling, adapted: Collection[Adaptation]) -> dict[str, Any]:
    """Add the user's parameters to a request body; None removes a parameter, and so does an adaptation."""
    merged = body | dict(sampling.extra)
    removed = {API, *(name for adaptation, names in _REMOVED.items() if adaptation in adapted for name in names)}
    return {name: value for name, value in merged.items() if value is not None and name not in removed}


def texts(content: Any) -> str:
    """The text of a message: a string, or the text parts of a list."""
    if isinstance(content, str) or content is None:
        return content or ""
    return "".join(part["text"] for part in content if part.get("type") in ("text", "output_text"))


def storable_text(text: str) -> str:
    """Replace lone surrogates, which JSON can contain and UTF-8 cannot."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def details_text(details: dict[str, Any]) -> str:
    """A vendor's fields as JSON of limited length; empty without any. Fields that are too long are dropped."""
    text = json.dumps(details, ensure_ascii=False) if details else ""
    if len(text) > _MAX_DETAILS:
        sizes = {name: len(json.dumps(value, ensure_ascii=False)) for name, value in details.items()}
        longest = max(sizes, key=lambda name: sizes[name])
        return details_text({name: value for name, value in details.items() if name != longest})
    return storable_text(text)


def count(tokens: object) -> int | None:
    """The value if it is a valid token count, else None."""
    return tokens if isinstance(tokens, int) and 0 <= tokens < _MAX_TOKENS else None


@dataclass(frozen=True, slots=True)
class Allowance:
    """Remaining requests and tokens from the response headers, and the seconds until they are reset."""

    requests: int | None = None
    requests_reset: float = 0
    tokens: int | None = None
    tokens_reset: float = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """A model's answer. Refusals, blocks and empty texts are answers. Tokens are None if the vendor reports none.

    `reasoning` is what the vendor reports apart from the answer; its tokens are part of `output_tokens`. `stop_details`
    are the vendor's own fields about a refusal or a block, as JSON. `tokens` are the generated tokens, if requested.
    """

    text: str
    stop_reason: StopReason
    input_tokens: int | None = None
    output_tokens: int | None = None
    allowance: Allowance = field(default_factory=Allowance)
    reasoning: str = ""
    reasoning_tokens: int | None = None
    stop_details: str = ""
    tokens: tuple[TokenChoice, ...] = ()


class ProviderError(Exception):
    """A failed request and its cause. `retry_after`: seconds to wait, as the vendor asked. Never contains a key."""

    def __init__(self, cause: Cause, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.cause = cause
        self.message = message
        self.retry_after = retry_after

    def __str__(self) -> str:
        return self.message


class Provider(Protocol):
    """Access to one model from one event loop, for many concurrent requests.

    `adaptations` are those that its model needs, as far as they are known.
    """

    adaptations: list[Adaptation]

    async def complete(self, request: Request) -> Answer:
        """Send a request and return the answer; raise ProviderError if there is none."""

    async def close(self) -> None:
        """Close connections."""
