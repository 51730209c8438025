"""The Chat Completions and Completions APIs of OpenAI and compatible endpoints: request bodies and replies."""

from collections.abc import Collection, Iterator
from typing import Any

from orbench_studio.domain.core.response import STOP_REASONS, StopReason
from orbench_studio.domain.evaluation.adaptation import Adaptation
from orbench_studio.domain.evaluation.batch import Cause
from orbench_studio.providers.base import (
    Answer,
    ProviderError,
    Request,
    count,
    details_text,
    storable_text,
    texts,
    with_extra,
)
from orbench_studio.providers.failures import answer_in_error, reported_error
from orbench_studio.providers.token_choices import TOP_TOKENS, TOP_TOKENS_OF_TEXT, token_choices

PATH = "/chat/completions"
TEXT_PATH = "/completions"
_FAILED = ("error", "network_error", "insufficient_system_resource", "malformed_function_call", "abort")
_DETAILS = (
    "finish_reason", "native_finish_reason", "finish_message", "refusal", "stop_details", "content_filter_results",
    "content_filter_result", "content_filter_offsets", "safety_ratings", "safetyRatings", "block_reason", "blockReason",
    "prompt_filter_results", "prompt_feedback", "promptFeedback", "moderation", "provider_specific_fields", "provider",
)  # fmt: skip
"""Fields of vendors that say why an answer stopped: in the reply, its choice, or the message."""
_PROMPT_FEEDBACK = ("prompt_feedback", "promptFeedback", "block_reason", "blockReason", "prompt_filter_results")


def chat_body(request: Request, adapted: Collection[Adaptation] = ()) -> dict[str, Any]:
    sampling = request.sampling
    messages = request.messages(adapted)
    if sampling.system and Adaptation.NO_SYSTEM not in adapted:
        messages.insert(0, {"role": "system", "content": sampling.system})
    limit = "max_completion_tokens" if Adaptation.LIMIT_NAME in adapted else "max_tokens"
    body: dict[str, Any] = {"model": request.model, "messages": messages, limit: sampling.max_tokens}
    if sampling.temperature is not None:
        body["temperature"] = sampling.temperature
    if sampling.seed is not None:
        body["seed"] = sampling.seed
    if request.schema and Adaptation.NO_SCHEMA not in adapted:
        schema = {"name": "judgement", "strict": True, "schema": request.schema}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    if request.logprobs:
        body |= {"logprobs": True, "top_logprobs": TOP_TOKENS}
    return with_extra(body, sampling, adapted)


def text_body(request: Request, adapted: Collection[Adaptation] = ()) -> dict[str, Any]:
    """The request body of the Completions API, which sends the text without a chat template."""
    sampling = request.sampling
    body: dict[str, Any] = {"model": request.model, "prompt": request.prompt({*adapted, Adaptation.NO_SYSTEM})}
    body["max_tokens"] = sampling.max_tokens
    if sampling.temperature is not None:
        body["temperature"] = sampling.temperature
    if sampling.seed is not None:
        body["seed"] = sampling.seed
    if request.logprobs:
        body["logprobs"] = TOP_TOKENS_OF_TEXT
    return with_extra(body, sampling, adapted)


def read_text(reply: dict[str, Any]) -> Answer:
    choices = reply.get("choices")
    if isinstance(choices, list):
        choices = [one | {"message": {"content": one.get("text")}} if isinstance(one, dict) else one for one in choices]
        reply = reply | {"choices": choices}
    return read_chat(reply)


def read_chat(reply: dict[str, Any]) -> Answer:
    """The answer in a reply; ProviderError if it has none, so that an answer is never stored as an empty one."""
    if reply.get("error"):
        return answer_in_error(reported_error(200, reply))
    choices = reply.get("choices")
    if not isinstance(choices, list):
        if reply.get("object") == "error" or reply.get("detail"):
            return answer_in_error(reported_error(200, reply))
        raise ProviderError(Cause.UNREADABLE, "The reply is JSON, but not a chat completion.")
    if len(choices) > 1:
        raise ProviderError(
            Cause.UNREADABLE, f"The reply has {len(choices)} choices, but only one is supported. Request one choice."
        )
    try:
        return _read_choice(reply, choices[0]) if choices else _without_choices(reply)
    except (KeyError, TypeError, AttributeError) as error:
        raise ProviderError(Cause.UNREADABLE, "The reply is JSON, but not a chat completion.") from error


def _read_choice(reply: dict[str, Any], choice: dict[str, Any]) -> Answer:
    message = choice.get("message") or {}
    finish = str(choice.get("finish_reason")).lower()
    if choice.get("error"):
        return answer_in_error(reported_error(200, choice))
    if finish in _FAILED:
        raise ProviderError(Cause.SERVER, f"The model ended with “{choice.get('native_finish_reason') or finish}”.")
    refusal = texts(message.get("refusal"))
    text = texts(message.get("content")) or refusal
    reasoning = "".join(_reasoning(message))
    stop = STOP_REASONS.get(finish, StopReason.UNKNOWN)
    if str(choice.get("native_finish_reason")).lower() == "refusal" or (refusal and stop is not StopReason.BLOCKED):
        stop = StopReason.REFUSED
    if not text:
        _require_reason(message, stop, reasoning)
    details = ""
    if stop in (StopReason.REFUSED, StopReason.BLOCKED, StopReason.UNKNOWN):
        details = details_text(dict(_details(reply, choice, message)))
    return Answer(
        storable_text(text), stop, *_tokens(reply), reasoning=storable_text(reasoning),
        reasoning_tokens=_reasoning_tokens(reply), stop_details=details, tokens=token_choices(choice.get("logprobs")),
    )  # fmt: skip


def _without_choices(reply: dict[str, Any]) -> Answer:
    """A block, if the vendor reports one for the prompt; an error otherwise."""
    details = {name: reply[name] for name in _PROMPT_FEEDBACK if reply.get(name)}
    if not details:
        raise ProviderError(Cause.UNREADABLE, "The reply has no choices and states no reason.")
    return Answer("", StopReason.BLOCKED, *_tokens(reply), stop_details=details_text(details))


def _require_reason(message: dict[str, Any], stop: StopReason, reasoning: str) -> None:
    """Raise an error for a message without text that nothing explains. An empty string is what the model wrote."""
    calls = message.get("tool_calls") or ([message["function_call"]] if message.get("function_call") else [])
    if calls:
        names = [str((call.get("function") or call).get("name")) for call in calls]
        raise ProviderError(Cause.UNREADABLE, f"The reply contains only a tool call ({', '.join(names)}) and no text.")
    is_explained = stop in (StopReason.LENGTH, StopReason.BLOCKED, StopReason.REFUSED) or bool(reasoning)
    if message.get("content") is None and not is_explained:
        raise ProviderError(Cause.UNREADABLE, "The reply has no content and states no reason.")


def _reasoning(message: dict[str, Any]) -> Iterator[str]:
    """The reasoning beside the content (DeepSeek, vLLM, OpenRouter, Groq), or as parts of it (Mistral)."""
    for name in ("reasoning_content", "reasoning", "thinking"):
        if isinstance(message.get(name), str) and message[name]:
            yield message[name]
            return
    content = message.get("content")
    for part in content if isinstance(content, list) else ():
        if part.get("type") in ("thinking", "reasoning"):
            yield texts(part.get("thinking") or part.get("text"))


def _details(*places: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for place in places:
        yield from ((name, place[name]) for name in _DETAILS if place.get(name))


def _tokens(reply: dict[str, Any]) -> tuple[int | None, int | None]:
    """Input and output tokens. Gemini and xAI count reasoning tokens only in the total."""
    usage = reply.get("usage") or {}
    sent, written, total = (count(usage.get(name)) for name in ("prompt_tokens", "completion_tokens", "total_tokens"))
    if sent is not None and written is not None and total is not None:
        written = max(written, total - sent)
    return sent, written


def _reasoning_tokens(reply: dict[str, Any]) -> int | None:
    usage = reply.get("usage") or {}
    details = usage.get("completion_tokens_details") or {}
    tokens = count(details.get("reasoning_tokens"))
    if tokens is None:
        written, all_written = count(usage.get("completion_tokens")), _tokens(reply)[1]
        if written is not None and all_written is not None and all_written > written:
            return all_written - written
    return tokens
