"""API keys from the environment or the system keyring. They are read when needed and never stored."""

import logging
import os
from functools import cache

from orbench_studio.errors import StudioError
from orbench_studio.providers.endpoints import Endpoint

SERVICE = "orbench-studio"

log = logging.getLogger(__name__)


class KeyMissingError(StudioError):
    """A vendor needs a key, and no valid key was found."""


def key_for(endpoint: Endpoint) -> str | None:
    """The key of an endpoint, None if it needs none; KeyMissingError names the variable or the fault."""
    for variable in endpoint.key_variables:
        key = (os.environ.get(variable, "").strip() or from_keyring(variable) or "").strip()
        if not (key.isascii() and key.isprintable()):
            raise KeyMissingError(
                f"The key in {variable} contains a line break or another invalid character. Copy the key again."
            )
        if key:
            return key
    if not endpoint.key_variables or endpoint.is_local:
        return None
    variable = endpoint.key_variables[0]
    raise KeyMissingError(
        f"There is no API key for {endpoint.name}. Set the environment variable {variable}, name a .env file that "
        f"contains it (--env-file, or Preferences), or store it in the keyring: keyring set {SERVICE} {variable}"
    )


def from_keyring(variable: str) -> str | None:
    """The keyring's entry of this name; None without an entry or a keyring."""
    # Imported on first use: most keys are in the environment. A headless machine without a keyring is not an error.
    try:
        import keyring

        return keyring.get_password(SERVICE, variable)
    except Exception as error:  # noqa: BLE001 - a damaged configuration or keyring raises any exception
        _report(type(error).__name__)
        return None


def keyring_name() -> str:
    """The name of the system keyring; empty without one."""
    try:
        import keyring

        backend = keyring.get_keyring()
        return str(backend.name) if backend.priority >= 1 else ""
    except Exception as error:  # noqa: BLE001 - a damaged configuration or keyring raises any exception
        _report(type(error).__name__)
        return ""


@cache
def _report(reason: str) -> None:
    """Log a fault of the keyring once per start: every vendor looks for its key."""
    log.info("the keyring cannot be read: %s", reason)
