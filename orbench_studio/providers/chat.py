"""OpenAI's Chat Completions, as OpenAI and every compatible endpoint speak it."""

from typing import Any

from orbench_studio.domain.core.response import StopReason
from orbench_studio.domain.evaluation.batch import Cause
from orbench_studio.providers.base import Allowance, Answer, AskError, Request, count, whole_text, with_extra
from orbench_studio.providers.endpoints import Endpoint
from orbench_studio.providers.http import Http, Refused
from orbench_studio.providers.redaction import Redactor

_STOPS = {
    "stop": StopReason.STOP,
    "eos": StopReason.STOP,
    "tool_calls": StopReason.STOP,
    "length": StopReason.LENGTH,
    "content_filter": StopReason.BLOCKED,
}
_FILTERED = ("content_filter", "content_policy", "responsibleaipolicy", "data_inspection", "input_was_flagged")
_CODES = {401: Cause.KEY, 402: Cause.QUOTA, 403: Cause.BAD_REQUEST, 429: Cause.RATE_LIMIT}


class ChatProvider:
    """One model behind a Chat Completions endpoint.

    Models differ in two things that change nothing of what is measured, and which are found out once: the name of the
    limit on tokens, and whether an answer can be held to a JSON schema. A refused `temperature` is not dropped
    silently: it would be another measurement.
    """

    def __init__(self, endpoint: Endpoint, key: str | None) -> None:
        headers = {} if key is None else {"api-key": key} if endpoint.vendor == "azure" else _bearer(key)
        self._telling = Redactor(key)
        self._http = Http(endpoint.base_url, headers, proxies=not endpoint.on_this_machine)
        self._limit_name = "max_tokens"
        self._holds_to_schema = True

    async def ask(self, request: Request) -> Answer:
        """The answer; a request that the vendor's filter refuses is one too."""
        with self._telling.errors():
            return await self._ask(request)

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.close()

    async def _ask(self, request: Request) -> Answer:
        for _ in range(3):  # as it is, with another name for the limit, without a schema
            body = chat_body(request, self._limit_name, self._holds_to_schema)
            try:
                reply, allowance = await self._http.post("/chat/completions", body, request.timeout)
            except Refused as refused:
                if refused.cause is Cause.BAD_REQUEST and self._adapt(refused, body):
                    continue
                return filtered(refused)
            return read_chat(reply, allowance)
        raise AskError(Cause.BAD_REQUEST, "The model takes the request in none of the ways in which it can be put.")

    def _adapt(self, refused: Refused, body: dict[str, Any]) -> bool:
        """Whether the request can be put otherwise. What other requests have found out meanwhile counts too."""
        message = refused.message.lower()
        if "max_completion_tokens" in message and "max_tokens" in body:
            self._limit_name = "max_completion_tokens"
            return True
        if "response_format" in body and (
            "response_format" in message or "json_schema" in message or "schema" in message
        ):
            self._holds_to_schema = False
            return True
        return False


def chat_body(request: Request, limit_name: str = "max_tokens", holds_to_schema: bool = True) -> dict[str, Any]:
    """The request as JSON."""
    sampling = request.sampling
    messages = [{"role": "user", "content": request.text}]
    if sampling.system:
        messages.insert(0, {"role": "system", "content": sampling.system})
    body: dict[str, Any] = {"model": request.model, "messages": messages, limit_name: sampling.max_tokens}
    if sampling.temperature is not None:
        body["temperature"] = sampling.temperature
    if sampling.seed is not None:
        body["seed"] = sampling.seed
    if request.schema and holds_to_schema:
        schema = {"name": "judgement", "strict": True, "schema": request.schema}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    return with_extra(body, sampling)


def read_chat(reply: dict[str, Any], allowance: Allowance | None = None) -> Answer:
    """The answer in a reply. No choices and no content are answers without a text; AskError where it is an error."""
    if reply.get("error"):
        raise _error_within(reply["error"])
    try:
        choices = reply["choices"] or [{"finish_reason": "content_filter"}]
        message = choices[0].get("message") or {}
        refusal = message.get("refusal")
        text = _text(message.get("content")) or _text(refusal)
        stop = _STOPS.get(str(choices[0].get("finish_reason")), StopReason.UNKNOWN)
        usage = reply.get("usage") or {}
        tokens = (count(usage.get("prompt_tokens")), count(usage.get("completion_tokens")))
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise AskError(Cause.UNREADABLE, "The reply is JSON, but not that of a chat completion.") from error
    return Answer(whole_text(text), stop, *tokens, allowance or Allowance())


def filtered(refused: Refused) -> Answer:
    """What the vendor's filter refused, as an answer; anything else is raised again."""
    error = refused.body.get("error")
    named = str(error).lower().replace(" ", "_") if isinstance(error, dict) else ""
    if refused.cause in (Cause.BAD_REQUEST, Cause.KEY) and any(sign in named for sign in _FILTERED):
        return Answer("", StopReason.BLOCKED)
    raise refused


def _error_within(error: Any) -> AskError:
    """Some routers put an error of the model behind them into a reply that says all is well."""
    code = error.get("code") if isinstance(error, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    cause = _CODES.get(code, Cause.SERVER) if isinstance(code, int) else Cause.SERVER
    return AskError(cause, f"The endpoint reported: {message}")


def _text(content: Any) -> str:
    """A text, or the texts of a list of parts."""
    if isinstance(content, str) or content is None:
        return content or ""
    return "".join(part["text"] for part in content if part.get("type") == "text")


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}
