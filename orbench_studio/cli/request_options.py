"""Request options, shared by all commands that send requests to models."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from typing import Any

import typer

from orbench_studio.cli import options
from orbench_studio.domain.evaluation.batch import MAX_TOKENS, TIMEOUT, BatchSettings, Limits, Sampling
from orbench_studio.domain.evaluation.parameters import read_parameters


@dataclass(frozen=True)
class RequestOptions:
    """Request options, and the options of the output."""

    base_url: options.BaseUrl = None
    temperature: options.Temperature = "0"
    max_tokens: options.MaxTokens = MAX_TOKENS
    param: options.Param = None
    concurrency: options.Concurrency = 20
    rpm: options.RequestsPerMinute = None
    tpm: options.TokensPerMinute = None
    timeout: options.Timeout = TIMEOUT
    max_cost: options.MaxCost = None
    vendor_batch: options.VendorBatch = False
    yes: options.Yes = False
    as_json: options.Json = False

    def settings(
        self, models: list[str], *, seed: int | None = None, system: str | None = None, **others: Any
    ) -> BatchSettings:
        """The settings for these options; BadParameter if they are invalid."""
        try:
            extra, by_model = read_parameters(self.param or [], models)
            temperature = None if self.temperature == "none" else _number(self.temperature)
            return BatchSettings(
                Sampling(temperature, self.max_tokens, system, seed, extra, by_model),
                Limits(self.concurrency, self.rpm, self.tpm, timeout=self.timeout, max_cost=self.max_cost),
                base_urls=dict.fromkeys(models, self.base_url) if self.base_url else {},
                vendor_batch=self.vendor_batch,
                **others,
            )
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error


def takes_request_options(**defaults: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add the fields of `RequestOptions` to a command, with these defaults. Its last argument receives them as one."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(command, eval_str=True)
        *specific, _ = signature.parameters.values()
        shared = [
            inspect.Parameter(
                field.name,
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                default=defaults.get(field.name, field.default),
                annotation=field.type,
            )
            for field in fields(RequestOptions)
        ]

        @wraps(command)
        def run(**values: Any) -> None:
            sending = RequestOptions(**{option.name: values.pop(option.name) for option in shared})
            command(**values, sending=sending)

        run.__signature__ = signature.replace(parameters=[*specific, *shared])  # type: ignore[attr-defined]  # typer reads it
        run.__annotations__ = {option.name: option.annotation for option in (*specific, *shared)}
        return run

    return decorate


def _number(temperature: str) -> float:
    try:
        return float(temperature)
    except ValueError:
        raise ValueError(f"The temperature must be a number or none, not {temperature!r}.") from None
