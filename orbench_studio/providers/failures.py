"""Failed requests: read the vendor's status and body into a cause and a message.

Messages quote the vendor's own words; the provider removes keys from them and shortens them.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from orbench_studio.domain.core.response import StopReason
from orbench_studio.domain.evaluation.batch import Cause
from orbench_studio.providers.base import Answer, ProviderError, details_text
from orbench_studio.providers.headers import retry_after, seconds

_BY_STATUS = {
    401: Cause.KEY,
    402: Cause.QUOTA,
    403: Cause.KEY,
    404: Cause.NO_MODEL,
    408: Cause.TIMEOUT,
    409: Cause.SERVER,
    429: Cause.RATE_LIMIT,
    503: Cause.OVERLOADED,
    529: Cause.OVERLOADED,
}
_SERVER_ERROR = 500
_BY_WORDS = (
    (
        Cause.QUOTA,
        r"insufficient_quota|billing_hard_limit|billing_not_active|billing_error|spend_limit_reached"
        r"|insufficient (?:credits|balance)|credit_balance_too_low|credit balance is too low|more credits, or fewer",
    ),
    (Cause.KEY, r"invalid_api_key|authentication_error|api_key_invalid|api key not valid|api key expired"),
    (
        Cause.NO_MODEL,
        r"model_not_found|not_found_error|deploymentnotfound|invalid_model|model_decommissioned|not a valid model id"
        r"|model identifier is invalid|model \S+ does not exist|no endpoints found",
    ),
    (
        Cause.OVERLOADED,
        r"overloaded_error|engine_overloaded|model_overloaded|overloaded\b|insufficient_system_resource",
    ),
    (Cause.RATE_LIMIT, r"rate_limit_(?:error|exceeded)|resource_exhausted|throttlingexception"),
)
"""Codes and phrases that name a cause more exactly than the status. The first that occurs counts."""
_BLOCKS = re.compile(
    r"content_filter|content_policy|responsibleaipolicy|data_inspection|datainspection|flagged_input"
    r"|input was flagged|input_was_flagged|content exists risk|violates usage guidelines|safety_check_type"
    r"|prompt was flagged|invalid_prompt|bio_policy|policy_violation|prohibited_content|guardrail_intervened"
)
_BLOCK_STATUSES = (200, 400, 403, 422, 451)
_OUT_OF_TOKENS = "max_tokens or model output limit was reached"
"""OpenAI's status 400 for a reasoning model that spent the limit before its answer."""
_TITLE = re.compile(r"<(title|h1)[^>]*>(.*?)</\1>", re.IGNORECASE | re.DOTALL)
_PAGE = re.compile(r"\s*(?:<!--.*?-->\s*)*<(?:!doctype|html|head|body|center|h1)\b", re.IGNORECASE | re.DOTALL)
_MAX_PAGE = 20_000  # characters of a page to search
ADVICE = {
    Cause.KEY: "The API key was rejected. Check the key and its access to this model.",
    Cause.QUOTA: "The account has no credit left.",
    Cause.NO_MODEL: "The vendor does not know this model, or it is retired.",
}


class ApiError(ProviderError):
    """An error that a server reported; `error` is the vendor's error object, empty if there is none."""

    def __init__(self, status: int, cause: Cause, message: str, error: dict[str, Any]) -> None:
        super().__init__(cause, message)
        self.status = status
        self.error = error

    @property
    def words(self) -> str:
        """The vendor's error in lower case: codes, message and details."""
        return json.dumps(self.error, ensure_ascii=False).lower()


def read_failure(status: int, headers: Mapping[str, str], raw: bytes | bytearray) -> ApiError:
    """The error for a response that is not a success."""
    text = raw.decode("utf-8", "replace").strip()
    if 300 <= status < 400:
        place = headers.get("Location", "").partition("?")[0] or "another address"
        message = f"{status}: The server redirects to {place}. Use the final address as the base URL."
        return ApiError(status, Cause.ENDPOINT, message, {})
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        body = None
    if body is None:
        return _unstructured(status, headers, text)
    error = reported_error(status, body)
    error.retry_after = retry_after(headers) if error.retry_after is None else error.retry_after
    return error


def reported_error(status: int, body: Any) -> ApiError:
    """The error in a JSON body: of a failed request, inside of a reply with status 200, or of one choice."""
    error = _error_object(body)
    words = _message(error)
    codes = " ".join(_codes(error))
    cause = cause_of(status, codes, words)
    message = " ".join(part for part in (ADVICE.get(cause, ""), words or codes) if part) or "The vendor gave no reason."
    found = ApiError(
        status, cause, f"{status}: {message}" if status != 200 else f"The endpoint reported: {message}", error
    )
    found.retry_after = _retry_delay(error)
    return found


def cause_of(status: int, codes: str = "", words: str = "") -> Cause:
    """The cause of an error. A status of 200 means that the error was found inside of a reply."""
    named = f"{codes} {words}".lower()
    for cause, pattern in _BY_WORDS:
        if re.search(pattern, named):
            return cause
    inner = [int(code) for code in codes.split() if re.fullmatch(r"[45]\d\d", code)]
    status = inner[0] if status == 200 and inner else status
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return Cause.BAD_REQUEST if 400 <= status < _SERVER_ERROR else Cause.SERVER


def answer_in_error(error: ApiError) -> Answer:
    """The answer that some vendors report as an error: blocked by a filter, or truncated; raise any other error."""
    if _OUT_OF_TOKENS in error.words:
        return Answer("", StopReason.LENGTH, stop_details=details_text(error.error))
    if error.status in _BLOCK_STATUSES and _BLOCKS.search(error.words.replace(" ", "_") + error.words):
        return Answer("", StopReason.BLOCKED, stop_details=details_text(error.error))
    raise error


def unreadable(raw: bytes | bytearray, wanted: str) -> ProviderError:
    """The error for a reply with status 200 that is not JSON: often a page of a proxy, a portal or a firewall."""
    text = raw.decode("utf-8", "replace").strip()
    if _PAGE.match(text[:_MAX_PAGE]):
        message = (
            f"The server returned a web page instead of {wanted}: {_title(text)}. Check the base URL, "
            f"and whether a proxy, a firewall or a login page intercepts the connection."
        )
        return ProviderError(Cause.UNREADABLE, message)
    return ProviderError(Cause.UNREADABLE, f"The reply is not a JSON object: {text or 'empty body'}")


def _unstructured(status: int, headers: Mapping[str, str], text: str) -> ApiError:
    """The error for a body without JSON."""
    if not _PAGE.match(text[:_MAX_PAGE]):
        cause = cause_of(status)
        advice = ADVICE.get(cause, "")
        error = ApiError(status, cause, f"{status}: {advice} {text or 'empty body'}".replace(":  ", ": "), {})
    elif status in (401, 403, 404, 406, 451):
        message = (
            f"{status}: The server returned a web page instead of an API error: {_title(text)}. Check the base URL, "
            f"and whether a proxy or a firewall blocks the request."
        )
        error = ApiError(status, Cause.BAD_REQUEST, message, {})
    else:
        error = ApiError(status, cause_of(status), f"{status}: The gateway returned a web page: {_title(text)}", {})
    error.retry_after = retry_after(headers)
    return error


def _title(page: str) -> str:
    found = _TITLE.search(page[:_MAX_PAGE])
    text = found[2] if found else page[:_MAX_PAGE]
    return f"“{' '.join(re.sub(r'<[^>]*>', ' ', text).split()) or 'no title'}”"


def _error_object(body: Any) -> dict[str, Any]:
    """The innermost error object: Gemini wraps it in a list, others in `error`, some send only a text."""
    while isinstance(body, list) and body:
        body = body[0]
    if not isinstance(body, dict):
        return {"message": str(body)}
    error = body.get("error")
    if isinstance(error, dict):
        return error
    if isinstance(error, str):
        return body | {"message": error}
    return body


def _message(error: dict[str, Any]) -> str:
    """The message of an error object, with the words of the vendor behind a router."""
    words = [_text(error.get(name)) for name in ("message", "detail", "error_description")]
    metadata = error.get("metadata")
    words.append(_text(metadata.get("raw")) if isinstance(metadata, dict) else "")
    return " ".join(dict.fromkeys(word for word in words if word))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, list):
        return "; ".join(filter(None, map(_text, value)))
    if isinstance(value, dict):
        return next((text for name in ("message", "msg", "detail") if (text := _text(value.get(name)))), "")
    return ""


def _codes(error: dict[str, Any]) -> Iterator[str]:
    """Everything in an error object that names its kind."""
    for name in ("code", "type", "status"):
        if isinstance(error.get(name), str | int):
            yield str(error[name])
    details = error.get("details")
    for detail in [*details, error] if isinstance(details, list) else [details, error]:
        if isinstance(detail, dict):
            for name in ("reason", "error_code"):
                if isinstance(detail.get(name), str):
                    yield detail[name]


def _retry_delay(error: dict[str, Any]) -> float | None:
    """Gemini's waiting time, which is in the body."""
    details = error.get("details")
    for detail in details if isinstance(details, list) else []:
        if isinstance(detail, dict) and isinstance(detail.get("retryDelay"), str):
            return seconds(detail["retryDelay"])
    return None
