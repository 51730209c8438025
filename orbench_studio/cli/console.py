"""What the command line says: results to stdout, everything else to stderr. Nothing else in the package prints."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import typer

from orbench_studio.cli.terminal import guard, in_one_line, unguarded
from orbench_studio.domain.core.rates import Rate

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn


class Exit(IntEnum):
    """Exit codes; `--help` lists them."""

    OK = 0
    FAILED = 1
    USAGE = 2
    PROBLEMS = 3
    INTERRUPTED = 130


def write_line(*lines: str) -> None:
    """Lines of result for a person. What a line quotes cannot break it: newlines in it are written out."""
    for line in lines:
        typer.echo(in_one_line(line))


def tell_text(text: str) -> None:
    """A text of many lines, as it is but for control characters."""
    typer.echo(text.replace("\r\n", "\n"))


def write_json(result: Any, *, indent: int | None = 2) -> None:
    """The result for a machine; ASCII, so that no terminal's encoding can spoil it. Without `indent` in one line."""
    typer.echo(json.dumps(result, indent=indent).replace("\x7f", "\\u007f"))  # the one that json leaves as it is


def rate_as_json(rate: Rate) -> dict[str, Any]:
    """A share with its 95 % Wilson interval and n."""
    return {"value": rate.value, "interval": rate.interval, "count": rate.count, "n": rate.n}


def write_error(*lines: str) -> None:
    """What went wrong, for a person; a line stays one, as in `tell`."""
    for line in lines:
        typer.echo(in_one_line(line), err=True)


def on_terminal() -> bool:
    """Whether stderr is a terminal, which can show how far something is."""
    return unguarded(sys.stderr).isatty()


@contextmanager
def bars(*columns: "ProgressColumn") -> "Iterator[Progress]":
    """Progress bars on the terminal, and lines above them. Descriptions are `in_one_line`, and no markup."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(*columns, console=Console(file=unguarded(sys.stderr)), transient=True) as shown:
        guard()  # rich has put streams of its own in place, which lead past the guarded ones
        yield shown


def counted(count: int, one: str, many: str | None = None) -> str:
    """`1 row`, `1,319 rows`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
