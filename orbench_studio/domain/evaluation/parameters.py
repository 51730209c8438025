"""More parameters of requests, as people write them: `top_p=0.9`, or `openai/o3:reasoning_effort=low` for one model."""

import json
from collections.abc import Collection, Iterable
from typing import Any

Parameters = dict[str, Any]


def read_parameters(lines: Iterable[str], models: Collection[str]) -> tuple[Parameters, dict[str, Parameters]]:
    """Those for all models, and those for one of them by its name; ValueError says what in a line cannot be.

    Values are JSON, and a word needs no quotes. `null` takes a parameter out that would be sent otherwise.
    """
    for_all: Parameters = {}
    by_model: dict[str, Parameters] = {}
    for line in lines:
        place, separator, value = line.partition("=")
        model, _, name = place.strip().rpartition(":")
        if not separator or not name:
            raise ValueError(f"“{line}” is not NAME=VALUE or MODEL:NAME=VALUE.")
        if model and model not in models:
            raise ValueError(f"“{line}” is for {model}, which is not among the models.")
        (by_model.setdefault(model, {}) if model else for_all)[name] = _value(value.strip())
    return for_all, by_model


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
