"""The provider of one model at a vendor: send requests, adapt to what the model rejects, read answers."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

from orbench_studio.domain.evaluation.adaptation import Adaptation
from orbench_studio.domain.evaluation.batch import Cause
from orbench_studio.domain.evaluation.parameters import API
from orbench_studio.providers import chat_api, messages_api, responses_api
from orbench_studio.providers.base import Answer, Request
from orbench_studio.providers.clients import connect
from orbench_studio.providers.endpoints import Endpoint, Protocol
from orbench_studio.providers.failures import ApiError, answer_in_error
from orbench_studio.providers.redaction import Redactor

_REJECTED = re.compile(
    r"not support|unsupported|deprecated|only the default|not allowed|not permitted|not enabled|unexpected"
    r"|unrecognized|unknown|extra inputs|cannot be (?:used|set|specified)|cannot both|may only be set|only 1 is allowed"
    r"|invalid param|not available|not accepted|does not exist|must be omitted|must use the default"
)
_PARAMETERS = (
    (Adaptation.NO_TEMPERATURE, "temperature", r"temperature"),
    (Adaptation.NO_SEED, "seed", r"seed"),
    (Adaptation.LIMIT_NAME, "max_tokens", r"max_tokens|max_completion_tokens"),
    (Adaptation.NO_SCHEMA, "response_format", r"response_format|json_schema|schema|structured outputs?"),
    (Adaptation.NO_LOGPROBS, "logprobs", r"(?:top_)?logprobs"),
    (Adaptation.NO_LOGPROBS, "top_logprobs", r"(?:top_)?logprobs"),
    (Adaptation.NO_SCHEMA, "text", r"text\.format|json_schema|schema|structured outputs?"),
)
_SYSTEM = re.compile(r"(?:system|developer)['\"`]?,? (?:role|instruction|message|prompt)|role['\"`]? does not support")
_RESPONSES_ONLY = re.compile(r"only supported in v1/responses|use the responses api|not a chat model")


@dataclass(frozen=True, slots=True)
class Api:
    """An API: path, request body, and the answer in a reply."""

    path: str
    body: Callable[[Request, Collection[Adaptation]], dict[str, Any]]
    read: Callable[[dict[str, Any]], Answer]


CHAT = Api(chat_api.PATH, chat_api.chat_body, chat_api.read_chat)
COMPLETIONS = Api(chat_api.TEXT_PATH, chat_api.text_body, chat_api.read_text)
RESPONSES = Api(responses_api.PATH, responses_api.responses_body, responses_api.read_response)
MESSAGES = Api(messages_api.PATH, messages_api.messages_body, messages_api.read_message)


def api_of(endpoint: Endpoint, adaptations: Collection[Adaptation]) -> Api:
    """The API that the endpoint, or a model that has been adapted to, speaks."""
    if endpoint.protocol is Protocol.MESSAGES:
        return MESSAGES
    if Adaptation.COMPLETIONS in adaptations:
        return COMPLETIONS
    return RESPONSES if Adaptation.RESPONSES in adaptations else CHAT


def known_adaptations(endpoint: Endpoint, request: Request) -> tuple[Adaptation, ...]:
    """Those of the vendor, and the API that the user selected."""
    selected = {"responses": Adaptation.RESPONSES, "completions": Adaptation.COMPLETIONS}
    api = selected.get(str(request.sampling.extra.get(API)))
    return endpoint.adaptations if api is None else (*endpoint.adaptations, api)


class VendorProvider:
    """One model behind an API of a vendor.

    If the model rejects a parameter, the request is sent again without it. `adaptations` grows by what was learned,
    and concurrent requests share it.
    """

    def __init__(self, endpoint: Endpoint, key: str | None, adaptations: Collection[Adaptation] = ()) -> None:
        self.adaptations = list(adaptations)
        self._endpoint = endpoint
        self._redact = Redactor(key)
        self._connection = connect(endpoint, key)

    async def complete(self, request: Request) -> Answer:
        """The answer; a block by the vendor's filter is an answer too."""
        with self._redact.errors():
            return await self._complete(request)

    async def close(self) -> None:
        await self._connection.close()

    async def _complete(self, request: Request) -> Answer:
        for _ in Adaptation:
            adapted = (*known_adaptations(self._endpoint, request), *self.adaptations)
            api = api_of(self._endpoint, adapted)
            body = api.body(request, adapted)
            try:
                return await self._send(api, body, request.timeout)
            except ApiError as error:
                learned = adaptation_to(error, body, adapted)
                if learned is None:
                    return answer_in_error(error)
                if learned not in self.adaptations:
                    self.adaptations.append(learned)
        return await self._send(api, body, request.timeout)

    async def _send(self, api: Api, body: dict[str, Any], timeout: float) -> Answer:
        reply, allowance = await self._connection.post(api.path, body, timeout)
        return replace(api.read(reply), allowance=allowance)


def adaptation_to(error: ApiError, body: dict[str, Any], done: Collection[Adaptation]) -> Adaptation | None:
    """The adaptation that the error asks for; None if it has another cause, or the adaptation is already applied."""
    message = " ".join(error.message.lower().split())
    parameter = str(error.error.get("param") or "").lower()
    if _RESPONSES_ONLY.search(message) and "messages" in body and Adaptation.RESPONSES not in done:
        return Adaptation.RESPONSES
    if error.cause is not Cause.BAD_REQUEST or not _REJECTED.search(message):
        return None
    for adaptation, name, pattern in _PARAMETERS:
        is_named = parameter == name or re.search(rf"(?<![\w]){pattern}(?![\w])", message)
        if name in body and adaptation not in done and is_named:
            return adaptation
    has_system = "system" in body or "instructions" in body or _has_system_message(body)
    if has_system and Adaptation.NO_SYSTEM not in done and _SYSTEM.search(message):
        return Adaptation.NO_SYSTEM
    return None


def _has_system_message(body: dict[str, Any]) -> bool:
    return any(message.get("role") == "system" for message in body.get("messages", ()))
