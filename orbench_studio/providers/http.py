"""One POST of JSON over aiohttp, with the world's faults as AskError.

The vendors' SDKs spend about 4 ms of processor time a request, a fifth of a core at 50 requests a second; see the
decision record. What a vendor says goes into error texts as it is: the providers cut it short, without the key.
"""

import json
from collections.abc import Mapping
from typing import Any

import aiohttp

from orbench_studio.domain.evaluation.batch import Cause
from orbench_studio.providers.base import Allowance, AskError
from orbench_studio.providers.headers import retry_after, seconds

_LARGEST_REPLY = 16  # MB, unpacked
_BY_STATUS = {
    401: Cause.KEY,
    403: Cause.KEY,
    402: Cause.QUOTA,
    404: Cause.NO_MODEL,
    408: Cause.TIMEOUT,
    409: Cause.SERVER,
    429: Cause.RATE_LIMIT,
    503: Cause.OVERLOADED,
    529: Cause.OVERLOADED,
}
_SERVER_FAULT = 500
ADVICE = {
    Cause.KEY: "The key was refused. Check it, and that it may use this model.",
    Cause.QUOTA: "The account has no credit left.",
}


class Refused(AskError):  # noqa: N818 - the vendor's word for it, and no more
    """The endpoint answered with a status of 400 or above; `body` is what it said, as far as it was JSON."""

    def __init__(self, cause: Cause, message: str, body: dict[str, Any]) -> None:
        super().__init__(cause, message)
        self.body = body


class Http:
    """Connections to one endpoint. Redirects are not followed: they would carry the key elsewhere."""

    def __init__(self, base_url: str, headers: dict[str, str], *, proxies: bool) -> None:
        self._base_url = base_url
        self._headers = headers
        self._proxies = proxies
        self._session: aiohttp.ClientSession | None = None

    async def post(self, path: str, body: dict[str, Any], timeout: float) -> tuple[dict[str, Any], Allowance]:
        """The reply's JSON object, and what the headers say is left."""
        try:
            async with self._open().post(
                self._base_url + path,
                json=body,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout),
            ) as reply:
                raw = await _to_the_end(reply.content)
                status, headers = reply.status, reply.headers
        except TimeoutError as error:
            raise AskError(Cause.TIMEOUT, f"No answer within {timeout:g} seconds.") from error
        except aiohttp.ClientConnectorError as error:
            raise AskError(Cause.UNREACHABLE, f"Nothing answers at {self._base_url}.") from error
        except (aiohttp.ClientError, OSError) as error:
            raise AskError(Cause.CONNECTION, f"The connection failed: {str(error) or type(error).__name__}") from error
        return _read(status, headers, raw), allowance(headers)

    async def close(self) -> None:
        """Let go of the connections."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            # The studio bounds how many requests are under way itself.
            connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=300)
            self._session = aiohttp.ClientSession(connector=connector, headers=self._headers, trust_env=self._proxies)
        return self._session


async def _to_the_end(content: aiohttp.StreamReader) -> bytearray:
    """A body to its end. A read gives what has arrived, which is seldom all of it."""
    raw = bytearray()
    async for piece in content.iter_any():
        raw += piece
        if len(raw) > _LARGEST_REPLY * 1_000_000:
            message = f"The reply is larger than {_LARGEST_REPLY} MB. Check the base URL and max tokens."
            raise AskError(Cause.TOO_LARGE, message)
    return raw


def _read(status: int, headers: Mapping[str, str], raw: bytearray) -> dict[str, Any]:
    """The JSON object in a body; AskError where there is none, or where the status is that of an error."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        body = None
    if 200 <= status < 300:
        if not isinstance(body, dict):
            raise AskError(Cause.UNREADABLE, f"The reply is no JSON object: {_said(raw)}")
        return body
    refused = refusal(status, body if isinstance(body, dict) else {})
    refused.message = refused.message or f"{status}: {_said(raw)}"
    refused.retry_after = retry_after(headers)
    raise refused


def _said(raw: bytearray) -> str:
    return raw.decode("utf-8", "replace").strip() or "nothing at all."


def allowance(headers: Mapping[str, str]) -> Allowance:
    """What is left according to OpenAI's headers or Anthropic's; nothing where there are none."""
    for stem, order in (("x-ratelimit-", "{1}-{0}"), ("anthropic-ratelimit-", "{0}-{1}")):
        left = {kind: headers.get(stem + order.format(kind, "remaining")) for kind in ("requests", "tokens")}
        if any(left.values()):
            resets = {kind: headers.get(stem + order.format(kind, "reset"), "") for kind in left}
            return Allowance(
                _whole(left["requests"]), seconds(resets["requests"]), _whole(left["tokens"]), seconds(resets["tokens"])
            )
    return Allowance()


def refusal(status: int, body: dict[str, Any]) -> Refused:
    """An error of a vendor; `told` is empty where it says nothing."""
    cause = cause_of(status, body)
    message = ADVICE.get(cause) or _message(body)
    return Refused(cause, f"{status}: {message}" if message else "", body)


def cause_of(status: int, body: dict[str, Any]) -> Cause:
    """What a status of 400 or above means, with what the body says about it."""
    error = body.get("error")
    kinds = {str(error.get(name)) for name in ("code", "type")} if isinstance(error, dict) else set()
    if kinds & {"insufficient_quota", "billing_hard_limit_reached", "credit_balance_too_low"}:
        return Cause.QUOTA
    if kinds & {"invalid_api_key", "authentication_error"}:
        return Cause.KEY
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return Cause.SERVER if status >= _SERVER_FAULT else Cause.BAD_REQUEST


def _message(body: Any) -> str:
    error = body.get("error", body) if isinstance(body, dict) else None
    message = error.get("message") or error.get("detail") if isinstance(error, dict) else error
    return message.strip() if isinstance(message, str) else ""


def _whole(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None
