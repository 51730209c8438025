"""Errors that have an owner.

`StudioError` and its kinds are caused by the user or the world: their text is shown as it is and says what happened,
where, and what to do. Anything else that escapes is our own fault and goes to the log and the crash dialog.
"""

import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class StudioError(Exception):
    """A fault of the user's input or of the world, in words the user can act on."""


class WorkspaceError(StudioError):
    """The workspace file cannot be opened, read or written."""


class ConnectionLostError(WorkspaceError):
    """The workspace's server cannot be reached; whether the last transaction was committed is not known."""


class WorkspaceMovedError(WorkspaceError):
    """The workspace's file was renamed, deleted or replaced while it was open; nothing is written to it any more."""


class FileFaultError(StudioError):
    """A file to import is refused as a whole; the workspace is as it was.

    `wants` is what the user has to say of it, where something is missing: moderator, model, judge, format. How to say
    it is for the command line and the window to tell.
    """

    def __init__(self, text: str, wants: str = "") -> None:
        super().__init__(text)
        self.wants = wants


class NothingLeftError(StudioError):
    """What was asked for is done already, or under way: nobody has done anything wrong."""


class StaleDecisionError(StudioError):
    """The prompt was decided somewhere else since it was shown, or is gone."""


class CancelledError(StudioError):
    """The user cancelled a long operation; nothing of it was kept."""


# What parsers, and a look into what they give, raise over input that is damaged or not what it should be.
DAMAGE = (
    ValueError, LookupError, TypeError, AttributeError, ArithmeticError, EOFError, MemoryError, RuntimeError,
    zlib.error, lzma.LZMAError, struct.error, zipfile.BadZipFile,
)  # fmt: skip
_LONGEST_TEXT = 200


@contextmanager
def explained(fault: Callable[[str], Exception]) -> Iterator[None]:
    """The guard around a parser: damage to its input becomes the error that `fault` makes of the reason."""
    try:
        yield
    except DAMAGE as error:
        raise fault(reason_of(error)) from None


def reason_of(error: BaseException) -> str:
    """Why input cannot be read, in one printable line: for the brackets of a message."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, MemoryError):
        return "it needs more memory than there is"
    if isinstance(error, KeyError):
        return shortened(f"{error.args[0] if error.args else 'a name'} is missing")
    message = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return shortened(message)


def shortened(text: str) -> str:
    """A text of somebody else in a message: its beginning, and no character that cannot be shown."""
    printable = "".join(mark if mark.isprintable() else "\N{REPLACEMENT CHARACTER}" for mark in text[:_LONGEST_TEXT])
    return printable if len(text) <= _LONGEST_TEXT else f"{printable}…"
