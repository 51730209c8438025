"""The Chat Completions API of OpenAI and compatible endpoints."""

from typing import Any

from orbench_studio.domain.core.response import StopReason
from orbench_studio.domain.evaluation.batch import Cause
from orbench_studio.providers.base import Allowance, Answer, ProviderError, Request, count, storable_text, with_extra
from orbench_studio.providers.endpoints import Endpoint
from orbench_studio.providers.http import ApiError, Http
from orbench_studio.providers.redaction import Redactor

_STOPS = {
    "stop": StopReason.STOP,
    "eos": StopReason.STOP,
    "tool_calls": StopReason.STOP,
    "length": StopReason.LENGTH,
    "content_filter": StopReason.BLOCKED,
}
_FILTER_WORDS = ("content_filter", "content_policy", "responsibleaipolicy", "data_inspection", "input_was_flagged")
_CODES = {401: Cause.KEY, 402: Cause.QUOTA, 403: Cause.BAD_REQUEST, 429: Cause.RATE_LIMIT}


class ChatProvider:
    """One model behind a Chat Completions endpoint.

    The provider adapts to two differences between models that do not affect measurements: the name of the token limit,
    and support for JSON schemas. It never drops a rejected `temperature`, because that would change the measurement.
    """

    def __init__(self, endpoint: Endpoint, key: str | None) -> None:
        headers = {} if key is None else {"api-key": key} if endpoint.vendor == "azure" else _bearer(key)
        self._redact = Redactor(key)
        self._http = Http(endpoint.base_url, headers, proxies=not endpoint.is_local)
        self._limit_name = "max_tokens"
        self._supports_schema = True

    async def complete(self, request: Request) -> Answer:
        """The answer; a block by the vendor's filter is an answer too."""
        with self._redact.errors():
            return await self._complete(request)

    async def close(self) -> None:
        """Close connections."""
        await self._http.close()

    async def _complete(self, request: Request) -> Answer:
        for _ in range(3):  # unchanged, with the other name of the token limit, without a schema
            body = chat_body(request, self._limit_name, self._supports_schema)
            try:
                reply, allowance = await self._http.post("/chat/completions", body, request.timeout)
            except ApiError as error:
                if error.cause is Cause.BAD_REQUEST and self._adapt(error, body):
                    continue
                return blocked_answer(error)
            return read_chat(reply, allowance)
        raise ProviderError(
            Cause.BAD_REQUEST,
            "The model rejects the request with either name of the token limit, and without a JSON schema.",
        )

    def _adapt(self, error: ApiError, body: dict[str, Any]) -> bool:
        """Adapt to the model; False if the error has another cause. Concurrent requests share what was learned."""
        message = error.message.lower()
        if "max_completion_tokens" in message and "max_tokens" in body:
            self._limit_name = "max_completion_tokens"
            return True
        if "response_format" in body and (
            "response_format" in message or "json_schema" in message or "schema" in message
        ):
            self._supports_schema = False
            return True
        return False


def chat_body(request: Request, limit_name: str = "max_tokens", with_schema: bool = True) -> dict[str, Any]:
    """The request body."""
    sampling = request.sampling
    messages = [{"role": "user", "content": request.text}]
    if sampling.system:
        messages.insert(0, {"role": "system", "content": sampling.system})
    body: dict[str, Any] = {"model": request.model, "messages": messages, limit_name: sampling.max_tokens}
    if sampling.temperature is not None:
        body["temperature"] = sampling.temperature
    if sampling.seed is not None:
        body["seed"] = sampling.seed
    if request.schema and with_schema:
        schema = {"name": "judgement", "strict": True, "schema": request.schema}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    return with_extra(body, sampling)


def read_chat(reply: dict[str, Any], allowance: Allowance | None = None) -> Answer:
    """The answer in a response. Missing choices or content mean an empty text; ProviderError if it is an error."""
    if reply.get("error"):
        raise _embedded_error(reply["error"])
    try:
        choices = reply["choices"] or [{"finish_reason": "content_filter"}]
        message = choices[0].get("message") or {}
        refusal = message.get("refusal")
        text = _text(message.get("content")) or _text(refusal)
        stop = _STOPS.get(str(choices[0].get("finish_reason")), StopReason.UNKNOWN)
        if refusal and stop is not StopReason.BLOCKED:
            stop = StopReason.REFUSED
        usage = reply.get("usage") or {}
        tokens = (count(usage.get("prompt_tokens")), count(usage.get("completion_tokens")))
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ProviderError(Cause.UNREADABLE, "The reply is JSON, but not a chat completion.") from error
    return Answer(storable_text(text), stop, *tokens, allowance or Allowance())


def blocked_answer(error: ApiError) -> Answer:
    """An empty, blocked answer if the vendor's filter rejected the request; raise any other error."""
    details = error.body.get("error")
    text = str(details).lower().replace(" ", "_") if isinstance(details, dict) else ""
    if error.cause in (Cause.BAD_REQUEST, Cause.KEY) and any(word in text for word in _FILTER_WORDS):
        return Answer("", StopReason.BLOCKED)
    raise error


def _embedded_error(error: Any) -> ProviderError:
    """The error in a response with status 200. Some routers report errors of a model like that."""
    code = error.get("code") if isinstance(error, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    cause = _CODES.get(code, Cause.SERVER) if isinstance(code, int) else Cause.SERVER
    return ProviderError(cause, f"The endpoint reported: {message}")


def _text(content: Any) -> str:
    """The text of a message: a string, or the text parts of a list."""
    if isinstance(content, str) or content is None:
        return content or ""
    return "".join(part["text"] for part in content if part.get("type") == "text")


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}
