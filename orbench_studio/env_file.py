"""A `.env` file with keys and network settings, named by the user. Variables that are set already take precedence."""

import os
from pathlib import Path

from orbench_studio.errors import StudioError

_LARGEST = 1_000_000  # bytes
_loaded: dict[str, str] = {}  # variables from the file that was loaded last


def load_env_file(name: str) -> None:
    """Set the variables of the file, instead of those of a file loaded before; StudioError if it cannot be read."""
    for variable, value in _loaded.items():
        if os.environ.get(variable) == value:
            del os.environ[variable]
    _loaded.clear()
    if not name:
        return
    from dotenv import dotenv_values

    file = Path(name).expanduser()
    try:
        if file.stat().st_size > _LARGEST:
            raise ValueError("it is too large")
        values = dotenv_values(file, encoding="utf-8-sig")
        found = {key: value for key, value in values.items() if value is not None and key not in os.environ}
        os.environ.update(found)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise StudioError(f"The keys file {file} cannot be read: {why}.") from None
    _loaded.update(found)
