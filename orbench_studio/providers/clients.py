"""SDK clients for the endpoints: OpenAI and compatible ones, Azure, Anthropic, and Anthropic on Bedrock and Vertex."""

import os
from importlib.util import find_spec
from typing import Any

from orbench_studio.errors import StudioError
from orbench_studio.providers.endpoints import PRESETS, Endpoint, Protocol
from orbench_studio.providers.transport import Connection, http_options


def connect(endpoint: Endpoint, key: str | None) -> Connection:
    """A connection to the endpoint, without a request yet; StudioError if a package or a setting is missing."""
    # Each SDK is imported on first use: about a second.
    client = _anthropic(endpoint, key) if endpoint.protocol is Protocol.MESSAGES else _openai(endpoint, key)
    return Connection(client, endpoint.base_url)


def _openai(endpoint: Endpoint, key: str | None) -> Any:
    import openai

    options: dict[str, Any] = {
        "api_key": key or "none",  # a server without keys ignores it
        "max_retries": 0,
        "http_client": openai.DefaultAioHttpClient(**http_options(proxies=not endpoint.is_local)),
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
        "http_client": anthropic.DefaultAioHttpClient(**http_options(proxies=not endpoint.is_local)),
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
