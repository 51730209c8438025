"""The log: a small rotating file of operations and errors, without prompts, responses or API keys."""

import faulthandler
import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

from orbench_studio.user_folders import log_folder

_SIZE = 1_000_000
_BACKUPS = 3


def log_file() -> Path:
    return log_folder() / "studio.log"


class _NoFile(logging.StreamHandler[TextIO]):
    """Replaces the log file if it cannot be written: warnings and errors go to the terminal."""

    def __init__(self, why: str) -> None:
        super().__init__()
        self.setLevel(logging.WARNING)
        self.why = why


def set_up() -> str:
    """Write log records to the file, and Python's stack when the process crashes.

    If the file cannot be written, warnings and errors go to the terminal. Returns a message in that case, else "".
    """
    logger = logging.getLogger("orbench_studio")
    if logger.handlers:
        return next((handler.why for handler in logger.handlers if isinstance(handler, _NoFile)), "")
    logging.raiseExceptions = False  # do not report a full disk on the terminal for every record
    path = log_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = RotatingFileHandler(path, maxBytes=_SIZE, backupCount=_BACKUPS, encoding="utf-8")
    except OSError as error:
        handler = _NoFile(f"The log {path} cannot be written ({error.strerror}). Errors go to the terminal.")
    else:
        _dump_crashes(path)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    return handler.why if isinstance(handler, _NoFile) else ""


def _dump_crashes(path: Path) -> None:
    """Write crashes (segmentation fault, abort) to the log, unless faulthandler is already enabled."""
    if not faulthandler.is_enabled():
        faulthandler.enable(path.open("a", encoding="utf-8"))  # open until the process ends
