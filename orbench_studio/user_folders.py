"""Folders of this user on this machine.

Where a user has no home folder, as in a container that runs under any user id, they are paths that cannot be read or
written: each reader and writer then says so in its own words.
"""

import os
from collections.abc import Callable
from pathlib import Path

from platformdirs import user_config_path, user_log_path, user_state_path

_NAME = "orbench-studio"
_NO_HOME = Path(os.devnull) / "HOME is not set"


def config_folder() -> Path:
    """Settings and prices."""
    return _folder(user_config_path)


def state_folder() -> Path:
    """Decisions that could not be sent yet."""
    return _folder(user_state_path)


def log_folder() -> Path:
    """The log."""
    return _folder(user_log_path)


def home() -> Path:
    """The home folder; the working folder where the user has none."""
    return expanded("~") if expanded("~") != Path("~") else Path.cwd()


def expanded(text: str) -> Path:
    """A path with `~` for a home folder, as it stands where there is no such home."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def _folder(of: Callable[[str], Path]) -> Path:
    try:
        return of(_NAME)
    except RuntimeError:
        return _NO_HOME
