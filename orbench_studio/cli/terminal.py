"""A guard for the terminal: of control characters only newline and tab reach it.

The texts that we print come from models, files, reviewers and vendors. Their control characters could move the cursor,
hide a line, or make the terminal send input as if the user had typed it.
"""

import io
import os
import re
import sys
from typing import TextIO, cast

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_BREAKS = re.compile(f"[\n\t{_CONTROL.pattern[1:]}")


def visible(text: str) -> str:
    r"""The text with control characters escaped, as in `\x1b`; newlines and tabs stay."""
    return _CONTROL.sub(_escaped, text)


def in_one_line(text: str) -> str:
    r"""The text with newlines and tabs escaped too (`\n`, `\t`), so that a name cannot add a line."""
    return _BREAKS.sub(_escaped, text)


def guard() -> None:
    """Escape everything that this process prints from now on, including libraries and tracebacks."""
    # Colours are control characters; with FORCE_COLOR set, typer would send them to a pipe.
    os.environ["_TYPER_FORCE_DISABLE_TERMINAL"] = "1"
    sys.stdout, sys.stderr = _guarded(sys.stdout), _guarded(sys.stderr)


def unguarded(stream: TextIO) -> TextIO:
    """The stream behind a guarded one, for our progress bars, which move the cursor."""
    return stream.behind if isinstance(stream, _Guarded) else stream


class _Guarded(io.TextIOBase):
    """A text stream that escapes control characters. It has no `buffer`, which would bypass it."""

    def __init__(self, behind: TextIO) -> None:
        self.behind = behind

    @property
    def encoding(self) -> str:  # type: ignore[override]  # an attribute there, not a property
        return self.behind.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]  # an attribute there, not a property
        return self.behind.errors

    def write(self, text: str) -> int:
        self.behind.write(visible(text))
        return len(text)

    def flush(self) -> None:
        """Flush the stream behind, unless it is closed: Python 3.14 prints what a stream raises while it is deleted."""
        if not self.behind.closed:
            self.behind.flush()

    def fileno(self) -> int:
        return self.behind.fileno()

    def isatty(self) -> bool:
        """Always false, so that no library sends colours; ask the `unguarded` stream instead."""
        return False


def _guarded(stream: TextIO) -> TextIO:
    if stream is None or isinstance(stream, _Guarded):  # a windowed program on Windows has no streams
        return stream
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return cast(TextIO, _Guarded(stream))


def _escaped(found: re.Match[str]) -> str:
    return found.group().encode("unicode_escape").decode("ascii")
