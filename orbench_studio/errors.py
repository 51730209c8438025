"""The exceptions of the program.

`StudioError` and its subclasses are caused by input or by the environment. Their text is shown unchanged and says what
happened, where, and what to do. Any other exception is a bug and goes to the log and the crash dialog.
"""

import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager


class StudioError(Exception):
    """An error in the input or the environment, with a message that the user can act on."""


class WorkspaceError(StudioError):
    """The workspace file cannot be opened, read or written."""


class ConnectionLostError(WorkspaceError):
    """The workspace's server cannot be reached; whether the last transaction was committed is not known."""


class AccessEndedError(WorkspaceError):
    """The user's role in the workspace on a server was taken away while it was open."""


class WorkspaceMovedError(WorkspaceError):
    """The workspace file was renamed, deleted or replaced while it was open; it is not written to any more."""


class FileFaultError(StudioError):
    """A file cannot be imported; the workspace is unchanged.

    `wants` is the option that is missing, if any: moderator, model, judge, format, header, rows, requests, joined_by,
    encoding or value; `likely` is its probable value, and `columns` are those that may give it, where they are known.
    The command line and the window explain how to pass it.
    """

    def __init__(self, text: str, wants: str = "", likely: str = "", columns: Sequence[str] = ()) -> None:
        super().__init__(text)
        self.wants = wants
        self.likely = likely
        self.columns = columns


class DoubtfulFileError(FileFaultError):
    """A file was not imported because too much of it is doubtful, and the user asked for a strict import."""


class NothingLeftError(StudioError):
    """There is nothing to do: everything is completed or in progress. Not a failure."""


class StaleDecisionError(StudioError):
    """The prompt was changed elsewhere since it was shown, or no longer exists."""


class CancelledError(StudioError):
    """The user cancelled a long operation; it left no changes."""


# What parsers raise for damaged or unexpected input.
DAMAGE = (
    ValueError, LookupError, TypeError, AttributeError, ArithmeticError, EOFError, MemoryError, RuntimeError,
    zlib.error, lzma.LZMAError, struct.error, zipfile.BadZipFile,
)  # fmt: skip
_LONGEST_TEXT = 200


@contextmanager
def explained(fault: Callable[[str], Exception]) -> Iterator[None]:
    """Turn the exceptions of a parser into the error that `fault` creates from the reason."""
    try:
        yield
    except DAMAGE as error:
        raise fault(reason_of(error)) from None


def reason_of(error: BaseException) -> str:
    """The reason why input cannot be read, in one printable line."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, MemoryError):
        return "there is not enough memory"
    if isinstance(error, KeyError):
        return shortened(f"{error.args[0] if error.args else 'a name'} is missing")
    if isinstance(error, AttributeError | TypeError | IndexError):
        return "a value has another type or size than expected"
    message = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return shortened(message)


def shortened(text: str) -> str:
    """The beginning of an untrusted text, without characters that cannot be shown."""
    printable = "".join(mark if mark.isprintable() else "\N{REPLACEMENT CHARACTER}" for mark in text[:_LONGEST_TEXT])
    return printable if len(text) <= _LONGEST_TEXT else f"{printable}…"
