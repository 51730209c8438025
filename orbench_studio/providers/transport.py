"""Connections to vendors through their SDKs: replies of limited size, one timeout, every failure a ProviderError.

The SDKs know addresses, credentials, signatures and proxies. Their retries are off, because the batch decides what is
sent again; bodies are exchanged raw, which needs half the CPU time of their typed objects (decision 4).
"""

import asyncio
import json
import os
import re
import socket
import ssl
from collections.abc import Iterator
from functools import cache
from typing import Any

import httpx2

from orbench_studio.domain.evaluation.batch import Cause
from orbench_studio.errors import StudioError
from orbench_studio.providers.base import Allowance, ProviderError
from orbench_studio.providers.failures import read_failure, unreadable
from orbench_studio.providers.headers import allowance

_MAX_REPLY = 16  # MB, decompressed
_KEEP_ALIVE = 15.0  # seconds
_CONNECTION_ERRORS = {"APIConnectionError", "HTTPError", "ClientError", "StreamError", "InvalidURL", "EndOfStream"}
"""Names of the exceptions of the SDKs and their HTTP libraries, so that an unused one is not imported."""
_CREDENTIAL_ERRORS = {"GoogleAuthError", "BotoCoreError", "MissingDependencyError", "OpenAIError", "AnthropicError"}
_CREDENTIAL_WORDS = re.compile(r"credentials|project_id|API token")  # of Anthropic's clients for Bedrock and Vertex


class Connection:
    """One SDK client. Redirects are not followed, because they could send the key to another host."""

    def __init__(self, client: Any, address: str) -> None:
        self._client = client
        self._address = address

    async def post(self, path: str, body: dict[str, Any], timeout: float) -> tuple[dict[str, Any], Allowance]:
        """Send a JSON body; return the JSON object of the response and the remaining rate limit."""
        try:
            async with asyncio.timeout(timeout):
                return await self._post(path, body)
        except TimeoutError as error:
            raise ProviderError(Cause.TIMEOUT, f"No answer within {timeout:g} seconds.") from error
        except Exception as error:
            failure = connection_error(error, self._address)
            if failure is None or failure is error:
                raise
            raise failure from None

    async def close(self) -> None:
        await self._client.close()

    async def _post(self, path: str, body: dict[str, Any]) -> tuple[dict[str, Any], Allowance]:
        options = {"follow_redirects": False}
        reply: httpx2.Response = await self._client.post(
            path, cast_to=httpx2.Response, body=body, options=options, stream=True, stream_cls=object
        )
        try:
            raw = await _read_body(reply)
        finally:
            await reply.aclose()
        return parse(raw), allowance(reply.headers)


def http_options(*, proxies: bool) -> dict[str, Any]:
    """The options of an SDK's HTTP client. The batch limits concurrency and time, so the client does not."""
    return {
        "timeout": None,
        "limits": httpx2.Limits(max_connections=0, keepalive_expiry=_KEEP_ALIVE),
        "verify": certificates(),
        "trust_env": proxies,
        "follow_redirects": False,
        "event_hooks": {"response": [_raise_failure]},
    }


def certificates() -> ssl.SSLContext:
    """The certificates to trust, of the system or as the environment says."""
    return _certificates(*(os.environ.get(name, "") for name in ("SSL_CERT_FILE", "SSL_CERT_DIR")))


@cache
def _certificates(file: str, folder: str) -> ssl.SSLContext:
    """Read the certificates once, because that takes 20 ms."""
    try:
        return httpx2.create_ssl_context(trust_env=bool(file or folder))
    except (OSError, ssl.SSLError) as error:
        raise StudioError(
            f"The certificates in {file or folder} cannot be read: {error}. Check SSL_CERT_FILE."
        ) from error


def parse(raw: bytes | bytearray) -> dict[str, Any]:
    """The JSON object of a response; ProviderError if there is none."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise unreadable(raw, "a reply of the API")
    return body


async def _raise_failure(reply: httpx2.Response) -> None:
    """Read an error here: the SDKs would read a body of any size, and word the error their own way."""
    if not 200 <= reply.status_code < 300:
        raise read_failure(reply.status_code, reply.headers, await _read_body(reply))


async def _read_body(reply: httpx2.Response) -> bytearray:
    raw = bytearray()
    async for piece in reply.aiter_bytes():
        raw += piece
        if len(raw) > _MAX_REPLY * 1_000_000:
            message = f"The reply is larger than {_MAX_REPLY} MB. Check the base URL and max tokens."
            raise ProviderError(Cause.TOO_LARGE, message)
    return raw


def connection_error(error: BaseException, address: str) -> ProviderError | None:
    """The cause and the words for an exception of an SDK or below it; None if it is a fault of this program."""
    chain = list(_chain(error))
    names = {kind.__name__ for found in chain for kind in type(found).__mro__}
    for found in chain:
        if isinstance(found, ProviderError):  # an SDK may wrap what `_raise_failure` raises
            return found
        if isinstance(found, ssl.SSLCertVerificationError) and hasattr(found, "verify_message"):  # not aiohttp's
            return ProviderError(
                Cause.ENDPOINT,
                f"The TLS certificate of {address} is not trusted: {found.verify_message}. Behind a proxy with a "
                f"certificate of its own, set SSL_CERT_FILE to its CA file.",
            )
        if isinstance(found, ssl.SSLError) and not isinstance(found, ssl.SSLCertVerificationError):
            return ProviderError(
                Cause.UNREACHABLE, f"No TLS connection to {address}: {getattr(found, 'reason', None) or found}."
            )
        if isinstance(found, socket.gaierror) or type(found).__name__ == "ClientConnectorDNSError":
            return ProviderError(
                Cause.UNREACHABLE,
                f"The host name of {address} cannot be resolved. Check the address and the network connection.",
            )
    if "ProxyError" in names or "ClientProxyConnectionError" in names:
        return ProviderError(Cause.UNREACHABLE, f"The proxy does not connect to {address}: {_words(chain)}.")
    if "ClientConnectorError" in names or any(isinstance(found, ConnectionRefusedError) for found in chain):
        return ProviderError(Cause.UNREACHABLE, f"No server answers at {address}.")
    if names & _CONNECTION_ERRORS or isinstance(chain[-1], OSError):
        return ProviderError(Cause.CONNECTION, f"The connection failed: {_words(chain)}")
    if names & _CREDENTIAL_ERRORS or (isinstance(error, RuntimeError) and _CREDENTIAL_WORDS.search(str(error))):
        return ProviderError(Cause.KEY, f"The credentials for {address} cannot be used: {_words(chain)}")
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _words(chain: list[BaseException]) -> str:
    """The most exact words: those of the library below."""
    return next((text for found in reversed(chain) if (text := str(found).strip())), type(chain[-1]).__name__)
