"""Token prices from a dated file that the user can replace. A model without a price is not free."""

from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import NamedTuple

from orbench_studio.errors import StudioError, explained
from orbench_studio.formats.guards import decoded, text
from orbench_studio.formats.small_text import text_of
from orbench_studio.providers.base import Answer, Request, estimated_tokens
from orbench_studio.providers.endpoints import endpoint
from orbench_studio.resources_dir import resources
from orbench_studio.store.evaluation.results import Usage
from orbench_studio.user_folders import config_folder

_MILLION = 1_000_000


class Price(NamedTuple):
    """USD per million input and output tokens; `batch` is the factor for vendor batches."""

    input: float
    output: float
    batch: float = 1.0


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices by model, and their date."""

    dated: str
    file: Path
    by_model: dict[str, Price]

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

    content = text_of(file)
    with explained(fault):
        found = decoded(content)
        by_model = {str(name): _price(**price) for name, price in found["usd_per_million_tokens"].items()}
        return Prices(text(found["dated"]), file, by_model)


def _price(*, input: float, output: float, batch: float = 1.0) -> Price:  # noqa: A002 - the key in the file
    found = Price(float(input), float(output), float(batch))
    if not all(isfinite(number) and number >= 0 for number in found):
        raise ValueError("a price must be a number of at least 0")
    return found
