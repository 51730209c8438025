"""The folder of the program's own files: icons, demo data, judges, prices."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def resources() -> Path:
    """The resources folder: inside of the installed package, or beside it in a checkout."""
    installed = _PACKAGE / "resources"
    return installed if installed.is_dir() else _PACKAGE.parent / "resources"
