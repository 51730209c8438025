"""The Messages API of Anthropic: request bodies and replies."""

from collections.abc import Collection
from typing import Any

from orbench_studio.domain.core.response import STOP_REASONS, StopReason
from orbench_studio.domain.evaluation.adaptation import Adaptation
from orbench_studio.domain.evaluation.batch import Cause
from orbench_studio.providers.base import Answer, ProviderError, Request, count, details_text, storable_text, with_extra
from orbench_studio.providers.failures import answer_in_error, reported_error

PATH = "/v1/messages"
_GUARDRAIL = "amazon-bedrock-guardrailAction"
_INPUT = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


def messages_body(request: Request, adapted: Collection[Adaptation] = ()) -> dict[str, Any]:
    """The request body. The API has no seed and no schema."""
    sampling = request.sampling
    body: dict[str, Any] = {
        "model": request.model,
        "max_tokens": sampling.max_tokens,
        "messages": request.messages(adapted),
    }
    if sampling.temperature is not None:
        body["temperature"] = sampling.temperature
    if sampling.system and Adaptation.NO_SYSTEM not in adapted:
        body["system"] = sampling.system
    return with_extra(body, sampling, adapted)


def read_message(reply: dict[str, Any]) -> Answer:
    """The answer in a reply; ProviderError if it has none."""
    if reply.get("type") == "error" or reply.get("error"):
        return answer_in_error(reported_error(200, reply))
    try:
        return _read(reply)
    except (KeyError, TypeError, AttributeError) as error:
        raise ProviderError(Cause.UNREADABLE, "The reply is JSON, but not a message.") from error


def _read(reply: dict[str, Any]) -> Answer:
    parts, reason = reply["content"], str(reply.get("stop_reason"))
    text = "".join(part["text"] for part in parts if part["type"] == "text")
    stop = STOP_REASONS.get(reason, StopReason.UNKNOWN)
    if reply.get(_GUARDRAIL) == "INTERVENED":
        stop = StopReason.BLOCKED
    calls = [str(part.get("name")) for part in parts if part["type"].endswith("tool_use")]
    if not text and calls:
        message = f"The reply contains only a tool call ({', '.join(calls)}) and no text."
        raise ProviderError(Cause.UNREADABLE, message)
    if not text and stop is StopReason.UNKNOWN:
        raise ProviderError(Cause.UNREADABLE, f"The reply has no text. Its stop reason is “{reason}”.")
    usage = reply.get("usage") or {}
    sent = [count(usage.get(name)) for name in _INPUT]
    details = {"stop_reason": reason, "stop_details": reply.get("stop_details"), _GUARDRAIL: reply.get(_GUARDRAIL)}
    is_stopped = stop in (StopReason.REFUSED, StopReason.BLOCKED, StopReason.UNKNOWN)
    return Answer(
        storable_text(text),
        stop,
        None if sent[0] is None else sum(tokens or 0 for tokens in sent),
        count(usage.get("output_tokens")),
        reasoning=storable_text("\n\n".join(part["thinking"] for part in parts if part["type"] == "thinking")),
        reasoning_tokens=count((usage.get("output_tokens_details") or {}).get("thinking_tokens")),
        stop_details=details_text({name: value for name, value in details.items() if value}) if is_stopped else "",
    )
