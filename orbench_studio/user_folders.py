"""The folders of this user on this machine.

A user without a home folder, as in a container with an arbitrary user id, gets paths that cannot be read or written, so
that each reader and writer reports its own error.
"""

import os
from collections.abc import Callable
from pathlib import Path

from platformdirs import user_config_path, user_log_path, user_state_path

_NAME = "orbench-studio"
_NO_HOME = Path(os.devnull) / "HOME is not set"


def config_folder() -> Path:
    return _folder(user_config_path)


def state_folder() -> Path:
    """The folder of decisions that have not been sent yet."""
    return _folder(user_state_path)


def log_folder() -> Path:
    return _folder(user_log_path)


def home() -> Path:
    """The home folder; the working folder if the user has none."""
    return expanded("~") if expanded("~") != Path("~") else Path.cwd()


def expanded(text: str) -> Path:
    """A path with `~` expanded; unchanged if there is no such home folder."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def _folder(of: Callable[[str], Path]) -> Path:
    try:
        return of(_NAME)
    except RuntimeError:
        return _NO_HOME
