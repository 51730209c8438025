"""Model servers on this machine, found at their default ports."""

import json
import socket
from http.client import HTTPException
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

from orbench_studio.providers.endpoints import LOCAL_SERVERS, PRESETS, Endpoint

_TIMEOUT = 0.5  # seconds
_MAX_REPLY = 1_000_000  # bytes


class LocalServer(NamedTuple):
    """A running server and its models, named as for `--model`."""

    title: str
    base_url: str
    models: tuple[str, ...]


def local_servers() -> list[LocalServer]:
    """The running servers at the default ports of Ollama, LM Studio, vLLM and llama.cpp. Takes up to 2 seconds."""
    found = []
    for vendor in LOCAL_SERVERS:
        preset = PRESETS[vendor]
        models = _models(preset.base_url)
        if models is not None:
            found.append(LocalServer(preset.title, preset.base_url, tuple(f"{vendor}/{name}" for name in models)))
    return found


def is_reachable(target: Endpoint) -> bool:
    """Whether a local endpoint accepts connections. Remote endpoints are assumed to be reachable."""
    if not target.is_local or not target.base_url:
        return True
    address = urlsplit(target.base_url)
    port = address.port or (443 if address.scheme == "https" else 80)
    try:
        socket.create_connection((address.hostname or "", port), _TIMEOUT).close()
    except OSError:
        return False
    return True


def _models(base_url: str) -> list[str] | None:
    try:
        with build_opener(ProxyHandler({})).open(f"{base_url}/models", timeout=_TIMEOUT) as reply:
            listed = json.loads(reply.read(_MAX_REPLY))
            return [str(model["id"]) for model in listed["data"]]
    except (OSError, HTTPException, ValueError, RecursionError, KeyError, TypeError):
        return None  # no server, or not a model server
