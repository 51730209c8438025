"""Output of the command line: results to stdout, everything else to stderr. Nothing else in the package prints."""

import json
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import IntEnum
from io import StringIO
from typing import TYPE_CHECKING, Any

import typer

from orbench_studio.cli.terminal import guard, in_one_line, unguarded
from orbench_studio.domain.core.rates import ClusterRate, DesignRate, Rate, UnjudgedRate

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

_NUMBER = re.compile(r"[-+±]?[\d,.]+ ?%?|-|")
EXCERPT = 110  # characters of a prompt in a table
_UNLIMITED = 1_000_000  # columns of a pipe: no value is ever wrapped or shortened there


class Exit(IntEnum):
    """Exit codes; `--help` lists them."""

    OK = 0
    FAILED = 1
    USAGE = 2
    PROBLEMS = 3
    INTERRUPTED = 130


def write_line(*lines: str) -> None:
    """Write lines of a result. Control characters and newlines in a line are escaped."""
    for line in lines:
        typer.echo(in_one_line(line))


def write_text(text: str) -> None:
    """Write a text of several lines; control characters are escaped."""
    typer.echo(text.replace("\r\n", "\n"))


def write_table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, indent: int = 0) -> None:
    """Rows under a header; no output without rows. Whole numbers get thousands separators, None is an empty cell.

    Columns that contain only numbers are aligned to the right. On a terminal, a rule separates the header and long
    cells wrap; elsewhere a row is always one line. Cells cannot break a row: their newlines are escaped.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    cells = [[_cell(value) for value in row] for row in rows]
    if not cells:
        return
    is_terminal = unguarded(sys.stdout).isatty()
    box = SIMPLE_HEAD if is_terminal and (sys.stdout.encoding or "").lower().startswith("utf") else None
    table = Table(box=box, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0), show_header=any(columns))
    for name, values in zip(columns, zip(*cells, strict=True), strict=True):
        is_number = all(map(_NUMBER.fullmatch, values))
        table.add_column(Text(name), justify="right" if is_number else "left", overflow="fold", no_wrap=not is_terminal)
    for row in cells:
        table.add_row(*map(Text, row))
    width = shutil.get_terminal_size().columns - indent if is_terminal else _UNLIMITED
    text = StringIO()
    Console(file=text, width=width, color_system=None, legacy_windows=False).print(table)
    write_line(*(f"{' ' * indent}{line}".rstrip() for line in text.getvalue().splitlines()))


def _cell(value: object) -> str:
    if value is None:
        return ""
    return in_one_line(f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value))


def write_json(result: Any, *, indent: int | None = 2) -> None:
    """Write a result as JSON in ASCII, which is safe in every encoding; in one line if `indent` is None.

    A result may contain rates, coefficients of agreement, times, mappings and dataclasses.
    """
    text = json.dumps(result, indent=indent, default=_as_json)
    typer.echo(text.replace("\x7f", "\\u007f"))  # json does not escape DEL


def _as_json(value: object) -> dict[str, Any] | str:
    """What JSON has for a value: rates with interval and n, times in ISO 8601, the fields of other dataclasses."""
    if isinstance(value, Rate):
        return rate_as_json(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def rate_as_json(rate: Rate) -> dict[str, Any]:
    """A rate with its 95 % interval and n, and the clusters that the interval accounts for."""
    found: dict[str, Any] = {"value": rate.value, "interval": rate.interval, "count": rate.count, "n": rate.n}
    if isinstance(rate, ClusterRate):
        found |= {"prompts": rate.prompts, "cluster": rate.cluster, "effective_n": rate.effective_n}
    if isinstance(rate, DesignRate):
        found |= {"cluster": "prompt", "effective_n": rate.effective_n}
    if isinstance(rate, UnjudgedRate):
        found |= {"no_value": rate.words}
    return found


def write_error(*lines: str) -> None:
    """Write lines to standard error, escaped as in `write_line`."""
    for line in lines:
        typer.echo(in_one_line(line), err=True)


def on_terminal() -> bool:
    """Whether stderr is a terminal, which can show progress."""
    return unguarded(sys.stderr).isatty()


@contextmanager
def progress_bars(*columns: "ProgressColumn") -> "Iterator[Progress]":
    """Progress bars on the terminal, with log lines above them. The caller escapes descriptions with `in_one_line`."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(*columns, console=Console(file=unguarded(sys.stderr)), transient=True) as progress:
        guard()  # rich replaces the guarded streams
        yield progress


def ask(question: str, without_answer: str, *, can_ask: bool = True, err: bool = False) -> None:
    """Ask whether to continue; where nobody can answer, write what was not done, and exit."""
    if not can_ask or not sys.stdin.isatty():
        write_error(without_answer)
        raise typer.Exit(Exit.USAGE)
    typer.confirm(question, abort=True, err=err)


@contextmanager
def show_progress(description: str) -> Iterator[Callable[[int, int], bool]]:
    """Show a progress bar if stderr is a terminal; the callback always returns True (Ctrl+C stops)."""
    if not on_terminal():
        yield lambda _done, _total: True
        return
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

    named = TextColumn("{task.description}", markup=False)
    with progress_bars(named, BarColumn(), TaskProgressColumn(), TimeRemainingColumn()) as bar:
        task = bar.add_task(in_one_line(description))

        def on_progress(done: int, total: int) -> bool:
            bar.update(task, completed=done, total=total if done < total else None)
            return True

        yield on_progress
