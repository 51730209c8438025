"""Update the prices of the user from a file: one of the studio, or LiteLLM's `model_prices_and_context_window.json`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from orbench_studio.errors import StudioError, reason_of
from orbench_studio.formats.atomic_files import explained, written_file
from orbench_studio.formats.row_guard import decoded
from orbench_studio.formats.small_text import text_of
from orbench_studio.services.evaluation.prices import LARGEST_FILE, Price, Prices, load_prices, read_prices, user_prices

_MILLION = 1_000_000
_PREFIXES = {"openai": "openai/", "anthropic": "anthropic/", "together_ai": "together/"}  # LiteLLM's name: our prefix
_SAME_NAMES = ("gemini", "mistral", "openrouter", "groq", "deepseek", "xai")
_MODES = ("chat", "responses")


@dataclass(frozen=True, slots=True)
class PriceUpdate:
    """The result of an update: the new table, and the numbers of new, changed and unchanged prices.

    `older` counts the models that the file does not have; they keep their prices and dates.
    """

    prices: Prices
    added: int
    changed: int
    unchanged: int
    older: int


def update_prices(file: Path, dated: str | None = None) -> PriceUpdate:
    """Merge the prices of a file into the user's prices. `dated`: the date of the prices, by default of the file."""
    before = load_prices()
    day = _day(file, dated)
    new = _read(file, day)
    common = before.by_model.keys() & new.keys()
    changed = sum(before.by_model[name][:3] != new[name][:3] for name in common)
    older = {name: _with_date(price, before) for name, price in before.by_model.items() if name not in new}
    merged = Prices(day, user_prices(), dict(sorted((older | new).items())))
    _write(merged)
    return PriceUpdate(merged, len(new) - len(common), changed, len(common) - changed, len(older))


def _day(file: Path, dated: str | None) -> str:
    """The date of the prices: the given one, or the last change of the file."""
    try:
        if dated is not None:
            return date.fromisoformat(dated).isoformat()
        return datetime.fromtimestamp(file.stat().st_mtime, UTC).date().isoformat()
    except ValueError as error:
        raise StudioError(f"{dated!r} is not a date. Write it as 2026-11-20.") from error
    except OSError as error:
        raise StudioError(f"{file} cannot be read: {reason_of(error)}.") from error


def _read(file: Path, day: str) -> dict[str, Price]:
    """The prices in a file of either format; StudioError if there are none."""
    try:
        content = decoded(text_of(file, LARGEST_FILE))
    except ValueError as error:
        raise StudioError(f"{file} is not JSON: {reason_of(error)}.") from error
    if isinstance(content, dict) and "usd_per_million_tokens" in content:
        own = read_prices(file)
        return {name: _with_date(price, own) for name, price in own.by_model.items()}
    entries = content.items() if isinstance(content, dict) else ()
    found = dict(one for name, entry in entries if (one := _from_litellm(name, entry, day)))
    if not found:
        raise StudioError(
            f"{file} has no prices that the studio can read. It must be a price file of the studio, or LiteLLM's "
            "model_prices_and_context_window.json."
        )
    return found


def _from_litellm(name: str, entry: Any, day: str) -> tuple[str, Price] | None:
    """The model's name here and its price; None for other vendors, other modes and entries without a price.

    Prices of long contexts, cached tokens and other service tiers are left out.
    """
    if not isinstance(entry, Mapping) or entry.get("mode") not in _MODES:
        return None
    vendor = entry.get("litellm_provider")
    if vendor not in (*_PREFIXES, *_SAME_NAMES):
        return None
    each, answer = (_per_million(entry.get(f"{kind}_cost_per_token")) for kind in ("input", "output"))
    if not each or not answer:  # 0 means "unknown" there
        return None
    prefix = _PREFIXES.get(vendor, f"{vendor}/")
    short = name.removeprefix(f"{vendor}/").removeprefix(prefix)
    page = entry.get("source")
    where = f"LiteLLM, citing {page}" if isinstance(page, str) and page.startswith("https://") else "LiteLLM"
    return f"{prefix}{short}", Price(each, answer, _batch_factor(entry, each, answer), where, day)


def _batch_factor(entry: Mapping[str, Any], each: float, answer: float) -> float:
    """The price in a vendor batch relative to the usual one, for the dearer of input and output."""
    batch = [_per_million(entry.get(f"{kind}_cost_per_token_batches")) for kind in ("input", "output")]
    if not batch[0] or not batch[1]:
        return 1.0
    return round(min(max(batch[0] / each, batch[1] / answer), 1.0), 6)


def _per_million(cost: Any) -> float | None:
    is_number = isinstance(cost, int | float) and not isinstance(cost, bool)
    return round(cost * _MILLION, 6) if is_number and 0 < cost < 1 else None


def _with_date(price: Price, table: Prices) -> Price:
    return price._replace(dated=price.dated or table.dated)


def _write(prices: Prices) -> None:
    values = {
        name: {"input": price.input, "output": price.output}
        | ({"batch": price.batch} if price.batch != 1.0 else {})
        | ({"source": price.source} if price.source else {})
        | {"dated": price.dated}
        for name, price in prices.by_model.items()
    }
    lines = ",\n".join(f"    {json.dumps(name)}: {json.dumps(value)}" for name, value in values.items())
    content = f'{{\n  "dated": "{prices.dated}",\n  "usd_per_million_tokens": {{\n{lines}\n  }}\n}}\n'
    with explained(prices.file):
        prices.file.parent.mkdir(parents=True, exist_ok=True)
    with written_file(prices.file, b"dated") as part:
        part.write_text(content, encoding="utf-8")
