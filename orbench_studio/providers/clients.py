"""SDK clients for the endpoints: OpenAI and compatible ones, Azure, Anthropic, and Anthropic on Bedrock and Vertex."""

import os
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2

from orbench_studio.errors import StudioError
from orbench_studio.providers.endpoints import PRESETS, Endpoint, Protocol
from orbench_studio.providers.transport import Connection, http_options


def connect(endpoint: Endpoint, key: str | None) -> Connection:
    """A connection to the endpoint, without a request yet; StudioError if a package or a setting is missing."""
    # Each SDK is imported on first use: about a second.
    client = _anthropic(endpoint, key) if endpoint.protocol is Protocol.MESSAGES else _openai(endpoint, key)
    return Connection(client, endpoint.base_url)


def load_sdk() -> None:
    """Import the SDK of most vendors before it is needed."""
    import openai  # noqa: F401 - loaded, to be used later


def _openai(endpoint: Endpoint, key: str | None) -> Any:
    import openai

    options: dict[str, Any] = {
        "api_key": key or "none",  # a server without keys ignores it
        "max_retries": 0,
        "http_client": _http_client(openai.DefaultAioHttpClient, endpoint),
    }
    version = os.environ.get("OPENAI_API_VERSION")
    if endpoint.vendor == "azure" and version:
        resource = endpoint.base_url.removesuffix("/openai/v1")
        return openai.AsyncAzureOpenAI(azure_endpoint=resource, api_version=version, **options)
    return openai.AsyncOpenAI(base_url=endpoint.base_url, **options)


def _anthropic(endpoint: Endpoint, key: str | None) -> Any:
    import anthropic

    options: dict[str, Any] = {
        "max_retries": 0,
        "open_telemetry": False,
        "http_client": _http_client(anthropic.DefaultAioHttpClient, endpoint),
    }
    address = None if endpoint.base_url == PRESETS[endpoint.vendor].base_url else endpoint.base_url
    if endpoint.vendor == "bedrock":
        if not os.environ.get("AWS_BEARER_TOKEN_BEDROCK"):
            _require("boto3", endpoint)
        return _configured(anthropic.AsyncAnthropicBedrock, endpoint, options | {"base_url": address})
    if endpoint.vendor == "vertex":
        _require("google.auth", endpoint)
        project = os.environ.get("ANTHROPIC_VERTEX_PROJECT_ID") or os.environ.get("GOOGLE_CLOUD_PROJECT")
        settings = {"base_url": address, "region": os.environ.get("CLOUD_ML_REGION", "global"), "project_id": project}
        return _configured(anthropic.AsyncAnthropicVertex, endpoint, options | settings)
    return anthropic.AsyncAnthropic(api_key=key or "none", base_url=endpoint.base_url.removesuffix("/v1"), **options)


def _http_client(client: type[httpx2.AsyncClient], endpoint: Endpoint) -> httpx2.AsyncClient:
    """The HTTP client of an SDK, with the proxies of the environment unless the endpoint is on this machine."""
    address, proxies = urlsplit(endpoint.base_url), getproxies()
    proxy = proxies.get(address.scheme) or proxies.get("all") or ""
    uses_proxy = not endpoint.is_local and not proxy_bypass(address.hostname or "")
    if uses_proxy and proxy.startswith("socks"):
        raise StudioError(
            f"{endpoint.name}: SOCKS proxies are not supported. Set HTTPS_PROXY to an HTTP proxy, or add the host to "
            f"NO_PROXY."
        )
    try:
        return client(**http_options(proxies=not endpoint.is_local))
    except (httpx2.InvalidURL, ValueError) as error:
        raise StudioError(
            f"{endpoint.name}: the address of the proxy in the environment is invalid: {error}."
        ) from None


def _configured(client: Any, endpoint: Endpoint, options: dict[str, Any]) -> Any:
    try:
        return client(**options)
    except ValueError as error:  # for example: no region
        raise StudioError(f"{endpoint.name}: {error}") from error


def _require(package: str, endpoint: Endpoint) -> None:
    try:
        is_installed = find_spec(package) is not None
    except ModuleNotFoundError:
        is_installed = False
    if not is_installed:
        raise StudioError(
            f"{endpoint.name} needs a package that is not installed. Install it: "
            f"pip install 'orbench-studio[{endpoint.vendor}]'"
        )
