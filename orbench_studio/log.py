"""The studio's log: one small file that rotates. Deeds and faults go in; never a prompt, a response or a key."""

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

from orbench_studio.user_folders import log_folder

_SIZE = 1_000_000
_KEPT = 3


def log_file() -> Path:
    """Where the log is, on this machine and for this user."""
    return log_folder() / "studio.log"


class _NoFile(logging.NullHandler):
    """Stands where there can be no log file."""

    def __init__(self, why: str) -> None:
        super().__init__()
        self.why = why


def set_up() -> str:
    """Write the studio's log records to the file. Where that is impossible, give a sentence that says why."""
    logger = logging.getLogger("orbench_studio")
    if logger.handlers:
        return next((handler.why for handler in logger.handlers if isinstance(handler, _NoFile)), "")
    path = log_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = RotatingFileHandler(path, maxBytes=_SIZE, backupCount=_KEPT, encoding="utf-8")
    except OSError as error:
        handler = _NoFile(f"There is no log: {path} cannot be written ({error.strerror}).")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    return handler.why if isinstance(handler, _NoFile) else ""
