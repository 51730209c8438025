"""Keys: read from the environment or the system's keyring when they are needed, and kept nowhere."""

import logging
import os

from orbench_studio.errors import StudioError
from orbench_studio.providers.endpoints import Endpoint

SERVICE = "orbench-studio"

log = logging.getLogger(__name__)


class KeyMissingError(StudioError):
    """No key that can be sent is known for a vendor that wants one."""


def key_for(endpoint: Endpoint) -> str | None:
    """The endpoint's key; None where it wants none. KeyMissingError says where it is looked for, or what is wrong."""
    for variable in endpoint.key_variables:
        key = (os.environ.get(variable, "").strip() or from_keyring(variable) or "").strip()
        if not (key.isascii() and key.isprintable()):
            raise KeyMissingError(
                f"The key in {variable} has a line break or another character that no key has. Copy it again."
            )
        if key:
            return key
    if not endpoint.key_variables or endpoint.on_this_machine:
        return None
    variable = endpoint.key_variables[0]
    raise KeyMissingError(
        f"There is no key for {endpoint.name}. Put it in the environment variable {variable}, or in the system's "
        f"keyring: keyring set {SERVICE} {variable}"
    )


def from_keyring(variable: str) -> str | None:
    """What the system's keyring has under the name; None where it has nothing, or there is none."""
    # On first use: most people keep keys in the environment. A headless machine has no keyring, and that is no fault.
    try:
        import keyring

        return keyring.get_password(SERVICE, variable)
    except Exception as error:  # noqa: BLE001 - a damaged configuration or store of it raises whatever it likes
        log.info("the keyring cannot be read: %s", type(error).__name__)
        return None
