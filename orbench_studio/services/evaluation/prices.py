"""Token prices from a dated file that the user can replace. A model without a price is not free."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime
from math import isfinite
from pathlib import Path
from typing import NamedTuple

from orbench_studio.errors import StudioError, explained
from orbench_studio.formats.row_guard import decoded, text
from orbench_studio.formats.small_text import text_of
from orbench_studio.providers.base import Answer, Request, estimated_tokens
from orbench_studio.providers.endpoints import endpoint
from orbench_studio.resources_dir import resources
from orbench_studio.store.evaluation.results import Usage
from orbench_studio.user_folders import config_folder

_MILLION = 1_000_000
MAX_AGE = 90  # days
LARGEST_FILE = 20_000_000  # bytes


class Price(NamedTuple):
    """USD per million input and output tokens; `batch` is the factor for vendor batches.

    `source` and `dated` (YYYY-MM-DD) say where the price is from; empty if the file does not say it.
    """

    input: float
    output: float
    batch: float = 1.0
    source: str = ""
    dated: str = ""


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices by model, and their date."""

    dated: str
    file: Path
    by_model: dict[str, Price]

    def dated_for(self, models: Collection[str]) -> str:
        """The date of the oldest price of these models; that of the file if none has a price."""
        used = [self.by_model[model].dated or self.dated for model in models if model in self.by_model]
        return min(used, default=self.dated)

    def of(self, model: str, base_url: str | None = None) -> Price | None:
        """The price of a model; None if unknown. A model server on this machine is free."""
        if model in self.by_model:
            return self.by_model[model]
        return Price(0.0, 0.0) if endpoint(model, base_url).is_free else None


def usage(price: Price | None, request: Request, answer: Answer, *, batch: bool) -> Usage:
    """Tokens and cost of an answer. Tokens that the vendor does not report are estimated for the cost, not stored."""
    reported = (answer.input_tokens, answer.output_tokens)
    if None not in reported or price is None:
        return Usage(*reported, cost(price, *reported, batch=batch))
    tokens = [known if known is not None else estimated for known, estimated in
              zip(reported, (request.tokens, estimated_tokens(answer.text)), strict=True)]  # fmt: skip
    amount = cost(price, *tokens, batch=batch)
    return Usage(*reported, amount, is_estimated=bool(amount))


def cost(price: Price | None, input_tokens: int | None, output_tokens: int | None, *, batch: bool) -> float | None:
    """Cost in USD; None if the price or the tokens are unknown."""
    if price is None or input_tokens is None or output_tokens is None:
        return None
    total = (input_tokens * price.input + output_tokens * price.output) / _MILLION
    return total * price.batch if batch else total


def age_warning(models: Collection[str], prices: Prices, today: date | None = None) -> str:
    """A warning if a price of these models is older than 90 days, else an empty text."""
    priced = [model for model in models if model in prices.by_model]
    days = _age(prices.dated_for(priced), today or datetime.now(UTC).date()) if priced else 0
    if days <= MAX_AGE:
        return ""
    return (
        f"The prices are {days:,} days old and may have changed. Update them from a file: "
        "orbench-studio prices update FILE"
    )


def _age(dated: str, today: date) -> int:
    """Days since a date; more than the maximum if it is no date."""
    try:
        return (today - date.fromisoformat(dated)).days
    except ValueError:
        return MAX_AGE + 1


def user_prices() -> Path:
    """The user's price file, which replaces the built-in one."""
    return config_folder() / "prices.json"


def load_prices() -> Prices:
    """The user's prices if the file exists, else the built-in ones; StudioError if it cannot be read."""
    file = user_prices()
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return read_prices(resources() / "prices.json")
    except OSError as error:
        raise StudioError(f"The prices in {file} cannot be read: {error.strerror}.") from error
    return read_prices(file)


def read_prices(file: Path) -> Prices:
    """Read prices from a file; StudioError names the fault."""

    def fault(reason: str) -> StudioError:
        return StudioError(
            f"The prices in {file} cannot be read ({reason}). The file must be JSON with a date and a price per model: "
            '{"dated": "2026-11-21", "usd_per_million_tokens": {"openai/gpt-4o": {"input": 2.5, "output": 10}}}'
        )

    content = text_of(file, LARGEST_FILE)
    with explained(fault):
        found = decoded(content)
        by_model = {str(name): _price(**price) for name, price in found["usd_per_million_tokens"].items()}
        return Prices(text(found["dated"]), file, by_model)


def _price(
    *,
    input: float,  # noqa: A002 - the key in the file
    output: float,
    batch: float = 1.0,
    source: str = "",
    dated: str = "",
) -> Price:
    numbers = (float(input), float(output), float(batch))
    found = Price(*numbers, text(source), text(dated))
    if not all(isfinite(number) and number >= 0 for number in numbers):
        raise ValueError("a price must be a number of at least 0")
    return found
