"""Additional request parameters as typed: `top_p=0.9`, or `openai/o3:reasoning_effort=low` for one model."""

import json
from collections.abc import Collection, Iterable
from typing import Any

Parameters = dict[str, Any]
_OURS = {
    **dict.fromkeys(("model", "messages", "input", "prompt"), "the batch sets it for each request"),
    **dict.fromkeys(("conversation", "previous_response_id"), "each prompt is sent on its own"),
    **dict.fromkeys(("n", "best_of", "num_return_sequences"), "one answer is read per request. Use repeats"),
    **dict.fromkeys(("stream", "stream_options", "background"), "replies are read as a whole"),
}
"""Parameters that would break the reading of replies, and why. They are refused before anything is sent."""
API = "api"
APIS = ("chat", "responses", "completions")
"""The parameter `api` selects the API of OpenAI and compatible endpoints. It is not sent."""


def read_parameters(lines: Iterable[str], models: Collection[str]) -> tuple[Parameters, dict[str, Parameters]]:
    """Read parameters for all models and for single models, by name; ValueError names the faulty line.

    Values are JSON; a word needs no quotes. `null` removes a parameter. `api=responses` selects the Responses API,
    `api=completions` the Completions API, which sends the text as it is, without the model's chat template.
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
        (by_model.setdefault(model, {}) if model else for_all)[name] = _checked(line, name, _value(value.strip()))
    return for_all, by_model


def _checked(line: str, name: str, value: Any) -> Any:
    if name in _OURS and value is not None:
        raise ValueError(f"“{line}” is not possible: {_OURS[name]}.")
    if name == API and value not in APIS:
        raise ValueError(f"“{line}” is not possible: the APIs are {', '.join(APIS)}.")
    return value


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
