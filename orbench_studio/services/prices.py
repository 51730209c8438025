"""What tokens cost: a dated file that the user can replace. No price is never taken for no cost."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from orbench_studio.errors import StudioError
from orbench_studio.providers.endpoints import endpoint
from orbench_studio.resources_dir import resources
from orbench_studio.user_folders import config_folder

_MILLION = 1_000_000


class Price(NamedTuple):
    """USD for a million tokens in, and out; `batch` is the share of it that the vendor's own batches cost."""

    input: float
    output: float
    batch: float = 1.0


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices by model, and the day on which they were right."""

    dated: str
    file: Path
    by_model: dict[str, Price]

    def of(self, model: str, base_url: str | None = None) -> Price | None:
        """The model's price; None where nobody has said. A model server of this machine costs nothing."""
        if model in self.by_model:
            return self.by_model[model]
        return Price(0.0, 0.0) if endpoint(model, base_url).free else None


def cost(price: Price | None, input_tokens: int | None, output_tokens: int | None, *, batch: bool) -> float | None:
    """USD; None where the price or the tokens are unknown."""
    if price is None or input_tokens is None or output_tokens is None:
        return 0.0 if price == Price(0.0, 0.0) else None
    whole = (input_tokens * price.input + output_tokens * price.output) / _MILLION
    return whole * price.batch if batch else whole


def own_prices() -> Path:
    """Where a user's own prices are; they stand instead of the studio's."""
    return config_folder() / "prices.json"


def load_prices() -> Prices:
    """The user's prices where there are any, else the studio's; StudioError where nobody can tell."""
    own = own_prices()
    try:
        own.stat()
    except (FileNotFoundError, NotADirectoryError):
        return read_prices(resources() / "prices.json")
    except OSError as error:
        raise StudioError(f"The prices in {own} cannot be read: {error.strerror}.") from error
    return read_prices(own)


def read_prices(file: Path) -> Prices:
    """The prices in a file; StudioError names what is wrong with it."""
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        by_model = {str(name): _price(**price) for name, price in kept["usd_per_million_tokens"].items()}
        return Prices(str(kept["dated"]), file, by_model)
    except OSError as error:
        raise StudioError(f"The prices in {file} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise StudioError(
            f"The prices in {file} cannot be read ({error}). It is JSON with a day and a price a model: "
            '{"dated": "2026-11-21", "usd_per_million_tokens": {"openai/gpt-4o": {"input": 2.5, "output": 10}}}'
        ) from error


def _price(*, input: float, output: float, batch: float = 1.0) -> Price:  # noqa: A002 - the word in the file
    found = Price(float(input), float(output), float(batch))
    if min(found) < 0:
        raise ValueError("a price is not negative")
    return found
