"""Read what a model rejects from its error, and adapt the request."""

import re
from collections.abc import Collection
from typing import Any

from orbench_studio.domain.evaluation.adaptation import Adaptation
from orbench_studio.domain.evaluation.batch import Cause
from orbench_studio.providers.failures import ApiError

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
