"""What reaches the terminal: no control character but newline and tab, whoever prints.

Models, files, colleagues and vendors write the texts that we print. A control character of theirs could move the
cursor, hide a line, or make the terminal answer as if the user had typed.
"""

import io
import os
import re
import sys
from typing import TextIO, cast

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_BREAKS = re.compile(f"[\n\t{_CONTROL.pattern[1:]}")


def visible(text: str) -> str:
    r"""The text with its control characters written out, as in `\x1b`; newlines and tabs stay."""
    return _CONTROL.sub(_written_out, text)


def in_one_line(text: str) -> str:
    r"""The same with newlines and tabs written out too, so that a name cannot add a line: `\n`, `\t`."""
    return _BREAKS.sub(_written_out, text)


def guard() -> None:
    """Let nothing be printed from now on but `visible` text, by us, by a library, or by Python's own traceback."""
    # Colours are control characters: typer would send them to what is no terminal where FORCE_COLOR is set.
    os.environ["_TYPER_FORCE_DISABLE_TERMINAL"] = "1"
    sys.stdout, sys.stderr = _guarded(sys.stdout), _guarded(sys.stderr)


def unguarded(stream: TextIO) -> TextIO:
    """The stream behind a guarded one: for our own progress bars alone, which move the cursor."""
    return stream.behind if isinstance(stream, _Guarded) else stream


class _Guarded(io.TextIOBase):
    """A text stream that takes no control character. It has no `buffer`, which would be a way around it."""

    def __init__(self, behind: TextIO) -> None:
        self.behind = behind

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self.behind.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        return self.behind.errors

    def write(self, text: str) -> int:
        self.behind.write(visible(text))
        return len(text)

    def flush(self) -> None:
        self.behind.flush()

    def fileno(self) -> int:
        return self.behind.fileno()

    def isatty(self) -> bool:
        """Never, so that no library sends colours; `unguarded` tells whether there is a terminal."""
        return False


def _guarded(stream: TextIO) -> TextIO:
    if stream is None or isinstance(stream, _Guarded):  # a windowed program on Windows has no streams
        return stream
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return cast(TextIO, _Guarded(stream))


def _written_out(found: re.Match[str]) -> str:
    return found.group().encode("unicode_escape").decode("ascii")
