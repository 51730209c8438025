"""What the command line says: results to stdout, everything else to stderr."""

import json
from enum import IntEnum
from typing import Any

import typer

from orbench_studio.domain.rates import Rate


class Exit(IntEnum):
    """Exit codes; `--help` lists them."""

    OK = 0
    FAILED = 1
    USAGE = 2
    PROBLEMS = 3
    INTERRUPTED = 130


def tell(text: str) -> None:
    """A line of result for a person."""
    typer.echo(text)


def tell_json(result: Any) -> None:
    """The result for a machine; ASCII, so that no terminal's encoding can spoil it."""
    typer.echo(json.dumps(result, indent=2))


def rate_as_json(rate: Rate) -> dict[str, Any]:
    """A share with its 95 % Wilson interval and n."""
    return {"value": rate.value, "interval": rate.interval, "count": rate.count, "n": rate.n}


def complain(text: str) -> None:
    """What went wrong, for a person."""
    typer.echo(text, err=True)


def counted(count: int, one: str, many: str | None = None) -> str:
    """`1 row`, `1,319 rows`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
