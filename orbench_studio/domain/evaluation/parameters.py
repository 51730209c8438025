"""Additional request parameters as typed: `top_p=0.9`, or `openai/o3:reasoning_effort=low` for one model."""

import json
from collections.abc import Collection, Iterable
from typing import Any

Parameters = dict[str, Any]


def read_parameters(lines: Iterable[str], models: Collection[str]) -> tuple[Parameters, dict[str, Parameters]]:
    """Read parameters for all models and for single models, by name; ValueError names the faulty line.

    Values are JSON; a word needs no quotes. `null` removes a parameter.
    """
    for_all: Parameters = {}
    by_model: dict[str, Parameters] = {}
    for line in lines:
        key, separator, value = line.partition("=")
        model, _, name = key.strip().rpartition(":")
        if not separator or not name:
            raise ValueError(f"“{line}” is not a parameter. Write NAME=VALUE or MODEL:NAME=VALUE.")
        if model and model not in models:
            raise ValueError(f"“{line}” is for {model}, which is not one of the selected models.")
        (by_model.setdefault(model, {}) if model else for_all)[name] = _value(value.strip())
    return for_all, by_model


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
