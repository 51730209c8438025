"""The studio's log: one small file that rotates. Deeds and faults go in; never a prompt, a response or a key."""

import faulthandler
import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

from orbench_studio.user_folders import log_folder

_SIZE = 1_000_000
_KEPT = 3


def log_file() -> Path:
    """Where the log is, on this machine and for this user."""
    return log_folder() / "studio.log"


class _NoFile(logging.StreamHandler[TextIO]):
    """Stands where there can be no log file: warnings and errors go to the terminal."""

    def __init__(self, why: str) -> None:
        super().__init__()
        self.setLevel(logging.WARNING)
        self.why = why


def set_up() -> str:
    """Write the studio's log records to the file, and Python's stacks there when the process crashes.

    Where there can be no file, warnings and errors go to the terminal, and a sentence is returned that says why.
    """
    logger = logging.getLogger("orbench_studio")
    if logger.handlers:
        return next((handler.why for handler in logger.handlers if isinstance(handler, _NoFile)), "")
    logging.raiseExceptions = False  # a full disk, or a folder that goes, is not told on the user's terminal each time
    path = log_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = RotatingFileHandler(path, maxBytes=_SIZE, backupCount=_KEPT, encoding="utf-8")
    except OSError as error:
        handler = _NoFile(f"There is no log: {path} cannot be written ({error.strerror}).")
    else:
        _dump_crashes(path)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    return handler.why if isinstance(handler, _NoFile) else ""


def _dump_crashes(path: Path) -> None:
    """Have a crash (a segmentation fault, an abort) written to the log, unless it is already shown elsewhere."""
    if not faulthandler.is_enabled():
        faulthandler.enable(path.open("a", encoding="utf-8"))  # open until the process ends
