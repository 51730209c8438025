"""Which model servers run on this machine, found by asking the ports where they usually are."""

import json
import socket
from http.client import HTTPException
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

from orbench_studio.providers.endpoints import ON_THIS_MACHINE, PRESETS, Endpoint

_PATIENCE = 0.5  # seconds; where nothing listens the answer is immediate
_LONGEST = 1_000_000  # bytes


class LocalServer(NamedTuple):
    """A server that answers, and the names of its models as `--model` takes them."""

    title: str
    base_url: str
    models: tuple[str, ...]


def local_servers() -> list[LocalServer]:
    """The servers on the loopback ports of Ollama, LM Studio, vLLM and llama.cpp. Takes 2 seconds at most."""
    found = []
    for vendor in ON_THIS_MACHINE:
        preset = PRESETS[vendor]
        models = _models(preset.base_url)
        if models is not None:
            found.append(LocalServer(preset.title, preset.base_url, tuple(f"{vendor}/{name}" for name in models)))
    return found


def answers(place: Endpoint) -> bool:
    """Whether anything listens where the model is, if that is this machine; a vendor is taken to be there."""
    if not place.on_this_machine or not place.base_url:
        return True
    address = urlsplit(place.base_url)
    port = address.port or (443 if address.scheme == "https" else 80)
    try:
        socket.create_connection((address.hostname or "", port), _PATIENCE).close()
    except OSError:
        return False
    return True


def _models(base_url: str) -> list[str] | None:
    try:
        with build_opener(ProxyHandler({})).open(f"{base_url}/models", timeout=_PATIENCE) as reply:
            listed = json.loads(reply.read(_LONGEST))
            return [str(model["id"]) for model in listed["data"]]
    except (OSError, HTTPException, ValueError, RecursionError, KeyError, TypeError):
        return None  # nothing there, or something that is no model server
