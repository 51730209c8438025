"""JSON requests over aiohttp, with every failure as ProviderError.

The vendors' SDKs need about 4 ms of CPU time per request, a fifth of a core at 50 requests per second: see decision 4.
Messages of vendors are passed on unchanged; the providers shorten them and remove keys.
"""

import json
from collections.abc import Mapping
from typing import Any

import aiohttp

from orbench_studio.domain.evaluation.batch import Cause
from orbench_studio.providers.base import Allowance, ProviderError
from orbench_studio.providers.headers import retry_after, seconds

_MAX_REPLY = 16  # MB, decompressed
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
_SERVER_ERROR = 500
ADVICE = {
    Cause.KEY: "The API key was rejected. Check the key and its access to this model.",
    Cause.QUOTA: "The account has no credit left.",
}


class ApiError(ProviderError):
    """An HTTP status of 400 or above; `body` is the JSON of the response, empty if it is not JSON."""

    def __init__(self, cause: Cause, message: str, body: dict[str, Any]) -> None:
        super().__init__(cause, message)
        self.body = body


class Http:
    """Connections to one endpoint. Redirects are not followed, because they could send the key to another host."""

    def __init__(self, base_url: str, headers: dict[str, str], *, proxies: bool) -> None:
        self._base_url = base_url
        self._headers = headers
        self._proxies = proxies
        self._session: aiohttp.ClientSession | None = None

    async def post(self, path: str, body: dict[str, Any], timeout: float) -> tuple[dict[str, Any], Allowance]:
        """Send a JSON body; return the JSON object of the response and the remaining rate limit."""
        try:
            async with self._open().post(
                self._base_url + path,
                json=body,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout),
            ) as reply:
                raw = await _read_body(reply.content)
                status, headers = reply.status, reply.headers
        except TimeoutError as error:
            raise ProviderError(Cause.TIMEOUT, f"No answer within {timeout:g} seconds.") from error
        except aiohttp.ClientConnectorError as error:
            raise ProviderError(Cause.UNREACHABLE, f"No server answers at {self._base_url}.") from error
        except (aiohttp.ClientError, OSError) as error:
            raise ProviderError(
                Cause.CONNECTION, f"The connection failed: {str(error) or type(error).__name__}"
            ) from error
        return _parse(status, headers, raw), allowance(headers)

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            # No limit here: the batch limits concurrency itself.
            connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=300)
            self._session = aiohttp.ClientSession(connector=connector, headers=self._headers, trust_env=self._proxies)
        return self._session


async def _read_body(content: aiohttp.StreamReader) -> bytearray:
    """Read a body to its end. One read returns only the bytes that have arrived."""
    raw = bytearray()
    async for chunk in content.iter_any():
        raw += chunk
        if len(raw) > _MAX_REPLY * 1_000_000:
            message = f"The reply is larger than {_MAX_REPLY} MB. Check the base URL and max tokens."
            raise ProviderError(Cause.TOO_LARGE, message)
    return raw


def _parse(status: int, headers: Mapping[str, str], raw: bytearray) -> dict[str, Any]:
    """The JSON object of a response; ProviderError if there is none, or if the status is an error."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        body = None
    if 200 <= status < 300:
        if not isinstance(body, dict):
            raise ProviderError(Cause.UNREADABLE, f"The reply is not a JSON object: {_text(raw)}")
        return body
    error = api_error(status, body if isinstance(body, dict) else {})
    error.message = error.message or f"{status}: {_text(raw)}"
    error.retry_after = retry_after(headers)
    raise error


def _text(raw: bytearray) -> str:
    return raw.decode("utf-8", "replace").strip() or "empty body"


def allowance(headers: Mapping[str, str]) -> Allowance:
    """The remaining rate limit from the headers of OpenAI or Anthropic."""
    for stem, order in (("x-ratelimit-", "{1}-{0}"), ("anthropic-ratelimit-", "{0}-{1}")):
        left = {kind: headers.get(stem + order.format(kind, "remaining")) for kind in ("requests", "tokens")}
        if any(left.values()):
            resets = {kind: headers.get(stem + order.format(kind, "reset"), "") for kind in left}
            return Allowance(
                _int(left["requests"]), seconds(resets["requests"]), _int(left["tokens"]), seconds(resets["tokens"])
            )
    return Allowance()


def api_error(status: int, body: dict[str, Any]) -> ApiError:
    """The error for a status; its message is empty if the body has none."""
    cause = cause_of(status, body)
    message = ADVICE.get(cause) or _message(body)
    return ApiError(cause, f"{status}: {message}" if message else "", body)


def cause_of(status: int, body: dict[str, Any]) -> Cause:
    """The cause of a status of 400 or above, with the error code in the body."""
    error = body.get("error")
    kinds = {str(error.get(name)) for name in ("code", "type")} if isinstance(error, dict) else set()
    if kinds & {"insufficient_quota", "billing_hard_limit_reached", "credit_balance_too_low"}:
        return Cause.QUOTA
    if kinds & {"invalid_api_key", "authentication_error"}:
        return Cause.KEY
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return Cause.SERVER if status >= _SERVER_ERROR else Cause.BAD_REQUEST


def _message(body: Any) -> str:
    error = body.get("error", body) if isinstance(body, dict) else None
    message = error.get("message") or error.get("detail") if isinstance(error, dict) else error
    return message.strip() if isinstance(message, str) else ""


def _int(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None
