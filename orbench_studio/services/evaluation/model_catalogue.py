"""Which models can be asked from here: vendors and whether there is a key for them, model servers of this machine."""

from typing import NamedTuple

from orbench_studio.errors import StudioError
from orbench_studio.providers import discovery
from orbench_studio.providers.credentials import KeyMissingError, key_for
from orbench_studio.providers.discovery import LocalServer
from orbench_studio.providers.endpoints import ON_THIS_MACHINE, PRESETS, Endpoint
from orbench_studio.providers.local_model import MODEL, weights
from orbench_studio.providers.simulated import NAMES

__all__ = ["LocalServer", "Vendor", "built_in", "local_servers", "servers_looked_for", "vendors"]


class Vendor(NamedTuple):
    """A vendor: how its models' names begin, what it is called, which variable holds its key, whether there is one."""

    prefix: str
    title: str
    key_variable: str
    has_key: bool


def vendors() -> list[Vendor]:
    """The vendors that the studio knows, and whether their keys are in the environment or the keyring."""
    found = []
    for prefix, preset in PRESETS.items():
        if preset.key_variables:
            there = Endpoint("", prefix, "", preset.base_url or "https://", preset.protocol, preset.key_variables)
            found.append(Vendor(f"{prefix}/", preset.title, preset.key_variables[0], _has_key(there)))
    return found


def local_servers() -> list[LocalServer]:
    """The model servers that answer on this machine, with their models. Takes 2 seconds at most: not for a window's
    own thread.
    """
    return discovery.local_servers()


def servers_looked_for() -> list[str]:
    """The servers that `local_servers` asks for, and where."""
    return [f"{PRESETS[vendor].title} ({PRESETS[vendor].base_url})" for vendor in ON_THIS_MACHINE]


def built_in() -> list[str]:
    """Models that need neither a key nor a server: the real one where it is installed, and those that are simulated."""
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
