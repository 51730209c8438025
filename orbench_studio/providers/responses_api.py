"""OpenAI's Responses API: request bodies and replies."""

from collections.abc import Collection
from typing import Any

from orbench_studio.domain.core.response import STOP_REASONS, StopReason
from orbench_studio.domain.evaluation.adaptation import Adaptation
from orbench_studio.domain.evaluation.batch import Cause
from orbench_studio.providers.base import Answer, ProviderError, Request, count, details_text, storable_text, with_extra
from orbench_studio.providers.failures import answer_in_error, reported_error
from orbench_studio.providers.token_choices import TOP_TOKENS, token_choices

PATH = "/responses"
MIN_TOKENS = 16  # a smaller limit is rejected


def responses_body(request: Request, adapted: Collection[Adaptation] = ()) -> dict[str, Any]:
    """The request body. The vendor is asked not to store the response."""
    sampling = request.sampling
    body: dict[str, Any] = {
        "model": request.model,
        "input": request.messages(adapted) if request.turns else request.prompt(adapted),
        "max_output_tokens": max(sampling.max_tokens, MIN_TOKENS),
        "store": False,
    }
    if sampling.system and Adaptation.NO_SYSTEM not in adapted:
        body["instructions"] = sampling.system
    if sampling.temperature is not None:
        body["temperature"] = sampling.temperature
    if sampling.seed is not None:
        body["seed"] = sampling.seed
    if request.schema and Adaptation.NO_SCHEMA not in adapted:
        body["text"] = {
            "format": {"type": "json_schema", "name": "judgement", "strict": True, "schema": request.schema}
        }
    if request.logprobs:
        body |= {"include": ["message.output_text.logprobs"], "top_logprobs": TOP_TOKENS}
    return with_extra(body, sampling, adapted)


def read_response(reply: dict[str, Any]) -> Answer:
    """The answer in a reply; ProviderError if it has none."""
    if reply.get("error"):
        return answer_in_error(reported_error(200, reply))
    try:
        return _read(reply)
    except (KeyError, TypeError, AttributeError) as error:
        raise ProviderError(Cause.UNREADABLE, "The reply is JSON, but not a response of the Responses API.") from error


def _read(reply: dict[str, Any]) -> Answer:
    status, output = reply.get("status"), reply["output"]
    incomplete = (reply.get("incomplete_details") or {}).get("reason")
    if status not in ("completed", "incomplete", None):
        raise ProviderError(Cause.SERVER, f"The response is not complete: its status is “{status}”.")
    messages = [part for item in output if item["type"] == "message" for part in item.get("content") or ()]
    text = "".join(part["text"] for part in messages if part["type"] == "output_text")
    refusal = "".join(part["refusal"] for part in messages if part["type"] == "refusal")
    stop = STOP_REASONS.get(incomplete, StopReason.UNKNOWN) if incomplete else StopReason.STOP
    if refusal:
        stop = StopReason.REFUSED
    if not messages and stop in (StopReason.STOP, StopReason.UNKNOWN):
        kinds = ", ".join(dict.fromkeys(str(item["type"]) for item in output)) or "nothing"
        raise ProviderError(Cause.UNREADABLE, f"The reply has no message with a text, only: {kinds}.")
    usage = reply.get("usage") or {}
    details = {"incomplete_details": reply.get("incomplete_details"), "refusal": refusal}
    filters = {"content_filters": reply.get("content_filters"), "moderation": reply.get("moderation")}
    is_stopped = stop not in (StopReason.STOP, StopReason.LENGTH)
    return Answer(
        storable_text(text or refusal),
        stop,
        count(usage.get("input_tokens")),
        count(usage.get("output_tokens")),
        reasoning=storable_text("\n\n".join(_reasoning(output))),
        reasoning_tokens=count((usage.get("output_tokens_details") or {}).get("reasoning_tokens")),
        stop_details=details_text({k: v for k, v in (details | filters).items() if v}) if is_stopped else "",
        tokens=token_choices([one for part in messages for one in part.get("logprobs") or ()]),
    )


def _reasoning(output: list[dict[str, Any]]) -> list[str]:
    """The full reasoning where a server sends it, else the summaries."""
    items = [item for item in output if item["type"] == "reasoning"]
    return [part["text"] for item in items for part in item.get("content") or item.get("summary") or ()]
