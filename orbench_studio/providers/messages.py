"""The Messages API of Anthropic."""

from typing import Any

from orbench_studio.domain.core.response import StopReason
from orbench_studio.domain.evaluation.batch import Cause
from orbench_studio.providers.base import Allowance, Answer, ProviderError, Request, count, storable_text, with_extra
from orbench_studio.providers.endpoints import Endpoint
from orbench_studio.providers.http import Http
from orbench_studio.providers.redaction import Redactor

_VERSION = "2023-06-01"
_STOPS = {
    "end_turn": StopReason.STOP,
    "stop_sequence": StopReason.STOP,
    "max_tokens": StopReason.LENGTH,
    "refusal": StopReason.REFUSED,
}


class MessagesProvider:
    """One model of Anthropic."""

    def __init__(self, endpoint: Endpoint, key: str | None) -> None:
        headers = {"anthropic-version": _VERSION} | ({"x-api-key": key} if key else {})
        self._redact = Redactor(key)
        self._http = Http(endpoint.base_url, headers, proxies=not endpoint.is_local)

    async def complete(self, request: Request) -> Answer:
        """The answer; Anthropic's `refusal` stop reason is a refusal. The API has no seed."""
        with self._redact.errors():
            reply, allowance = await self._http.post("/messages", messages_body(request), request.timeout)
            return read_message(reply, allowance)

    async def close(self) -> None:
        """Close connections."""
        await self._http.close()


def messages_body(request: Request) -> dict[str, Any]:
    """The request body."""
    sampling = request.sampling
    body: dict[str, Any] = {
        "model": request.model,
        "max_tokens": sampling.max_tokens,
        "messages": [{"role": "user", "content": request.text}],
    }
    if sampling.temperature is not None:
        body["temperature"] = sampling.temperature
    if sampling.system:
        body["system"] = sampling.system
    return with_extra(body, sampling)


def read_message(reply: dict[str, Any], allowance: Allowance | None = None) -> Answer:
    """The answer in a response; ProviderError if it is not a message."""
    try:
        text = "".join(part["text"] for part in reply["content"] or [] if part["type"] == "text")
        stop = _STOPS.get(str(reply.get("stop_reason")), StopReason.UNKNOWN)
        usage = reply.get("usage") or {}
        tokens = (count(usage.get("input_tokens")), count(usage.get("output_tokens")))
    except (KeyError, TypeError, AttributeError) as error:
        raise ProviderError(Cause.UNREADABLE, "The reply is JSON, but not a message.") from error
    return Answer(storable_text(text), stop, *tokens, allowance or Allowance())
