"""Available models: vendors and their keys, model servers on this machine, built-in models."""

from typing import NamedTuple

from orbench_studio.errors import StudioError
from orbench_studio.providers import discovery
from orbench_studio.providers.credentials import KeyMissingError, key_for
from orbench_studio.providers.discovery import LocalServer
from orbench_studio.providers.endpoints import LOCAL_SERVERS, PRESETS, Endpoint
from orbench_studio.providers.local_model import MODEL, weights
from orbench_studio.providers.simulated import NAMES

__all__ = ["LocalServer", "Vendor", "built_in", "local_servers", "supported_servers", "vendors"]


class Vendor(NamedTuple):
    """A vendor: prefix of its model names, title, environment variable of its key, whether a key was found."""

    prefix: str
    title: str
    key_variable: str
    has_key: bool


def vendors() -> list[Vendor]:
    """The known vendors, and whether their keys are in the environment or the keyring."""
    found = []
    for prefix, preset in PRESETS.items():
        if preset.key_variables:
            target = Endpoint("", prefix, "", preset.base_url or "https://", preset.protocol, preset.key_variables)
            found.append(Vendor(f"{prefix}/", preset.title, preset.key_variables[0], _has_key(target)))
    return found


def local_servers() -> list[LocalServer]:
    """The running model servers on this machine and their models. Takes up to 2 seconds: do not call it in the GUI
    thread.
    """
    return discovery.local_servers()


def supported_servers() -> list[str]:
    """The servers that `local_servers` looks for, with their addresses."""
    return [f"{PRESETS[vendor].title} ({PRESETS[vendor].base_url})" for vendor in LOCAL_SERVERS]


def built_in() -> list[str]:
    """Models without a key or a server: the local model if it is installed, and the simulated models."""
    try:
        weights()
    except StudioError:
        return [f"simulated/{script}" for script in NAMES]
    return [f"local/{MODEL}", *(f"simulated/{script}" for script in NAMES)]


def _has_key(endpoint: Endpoint) -> bool:
    try:
        return key_for(endpoint) is not None
    except KeyMissingError:
        return False
