"""What tokens cost: a dated file that the user can replace. No price is never taken for no cost."""

from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import NamedTuple

from orbench_studio.errors import StudioError, explained
from orbench_studio.formats.guards import decoded, text
from orbench_studio.formats.small_text import text_of
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

    def fault(reason: str) -> StudioError:
        return StudioError(
            f"The prices in {file} cannot be read ({reason}). It is JSON with a day and a price a model: "
            '{"dated": "2026-11-21", "usd_per_million_tokens": {"openai/gpt-4o": {"input": 2.5, "output": 10}}}'
        )

    kept = text_of(file)
    with explained(fault):
        found = decoded(kept)
        by_model = {str(name): _price(**price) for name, price in found["usd_per_million_tokens"].items()}
        return Prices(text(found["dated"]), file, by_model)


def _price(*, input: float, output: float, batch: float = 1.0) -> Price:  # noqa: A002 - the word in the file
    found = Price(float(input), float(output), float(batch))
    if not all(isfinite(number) and number >= 0 for number in found):
        raise ValueError("a price is a number from 0 on")
    return found
