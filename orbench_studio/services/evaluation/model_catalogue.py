"""Available models: vendors and their keys, model servers on this machine, built-in models."""

from collections.abc import Iterable
from enum import Enum, auto
from typing import NamedTuple

from orbench_studio.errors import StudioError
from orbench_studio.providers import discovery
from orbench_studio.providers.credentials import KeyMissingError, key_for
from orbench_studio.providers.discovery import LocalServer
from orbench_studio.providers.endpoints import BATCH_VENDORS, LOCAL_SERVERS, PRESETS, Endpoint
from orbench_studio.providers.local_model import MODEL, weights
from orbench_studio.providers.simulated import DESCRIPTIONS, NAMES
from orbench_studio.services.evaluation.prices import Price, Prices
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.evaluation import batches

_RECENT = 10  # batches whose models are offered as recent


def has_batch_api(model: str) -> bool:
    """Whether the vendor of a model has a batch API that is supported."""
    return model.partition("/")[0] in BATCH_VENDORS


class Vendor(NamedTuple):
    """A vendor: prefix of its model names, title, environment variable of its key, whether a key was found."""

    prefix: str
    title: str
    key_variable: str
    has_key: bool


class Source(Enum):
    """Where the models of a group are from."""

    RECENT = auto()
    SERVER = auto()
    BUILT_IN = auto()
    VENDOR = auto()


class ModelGroup(NamedTuple):
    """Models to choose from, each with its price if it is known. A vendor has the variable of its key."""

    source: Source
    title: str
    models: list[tuple[str, Price | None]]
    key_variable: str = ""
    has_key: bool = False


def groups(workspace: Workspace, prices: Prices) -> list[ModelGroup]:
    """The recent models of a workspace, the built-in models, and the priced models of each vendor; keys first."""
    names: dict[str, None] = {}
    with workspace.reading() as db:
        for batch in batches.load_all(db)[:_RECENT]:
            names |= dict.fromkeys(batches.models(db, batch.id).values())
    found = [_group(Source.RECENT, "", names, prices)] if names else []
    found.append(_group(Source.BUILT_IN, "", built_in(), prices))
    for vendor in sorted(vendors(), key=lambda vendor: not vendor.has_key):
        priced = [name for name in prices.by_model if name.startswith(vendor.prefix)]
        group = _group(Source.VENDOR, vendor.title, priced, prices)
        found.append(group._replace(key_variable=vendor.key_variable, has_key=vendor.has_key))
    return found


def server_groups() -> list[ModelGroup]:
    """The models of the servers on this machine. Takes up to 2 seconds."""
    return [
        ModelGroup(Source.SERVER, server.title, [(name, None) for name in server.models]) for server in local_servers()
    ]


def _group(source: Source, title: str, names: Iterable[str], prices: Prices) -> ModelGroup:
    return ModelGroup(source, title, [(name, prices.of(name) if name in prices.by_model else None) for name in names])


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


def about(model: str) -> str:
    """What a simulated model does; empty for any other model."""
    vendor, _, script = model.partition("/")
    name, _, delay = script.partition("@")
    found = DESCRIPTIONS.get(name, "") if vendor == "simulated" else ""
    return f"{found}; {delay} s per answer" if found and delay else found


def _has_key(endpoint: Endpoint) -> bool:
    try:
        return key_for(endpoint) is not None
    except KeyMissingError:
        return False
