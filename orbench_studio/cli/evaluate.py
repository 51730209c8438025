"""`orbench-studio evaluate`: prompts put to models, the answers into the review queue."""

from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from orbench_studio.cli import launch, options
from orbench_studio.domain.batch import MAX_TOKENS, TIMEOUT, BatchSettings


def evaluate(
    workspace: options.Workspace,
    model: Annotated[list[str], typer.Option(metavar="NAME", help=options.NAMES)],
    base_url: options.BaseUrl = None,
    subset: Annotated[str | None, typer.Option(metavar="NAME", help="The prompts of a subset.")] = None,
    filter_by: options.Filter = None,
    limit: options.Limit = None,
    system: Annotated[Path | None, typer.Option(metavar="FILE", help="A system prompt.")] = None,
    temperature: options.Temperature = "0",
    max_tokens: options.MaxTokens = MAX_TOKENS,
    seed: Annotated[int | None, typer.Option(metavar="N", help="For models that take one.")] = None,
    repeats: Annotated[int, typer.Option(min=1, metavar="N", help="Ask each model so often.")] = 1,
    param: options.Param = None,
    concurrency: options.Concurrency = 20,
    rpm: options.RequestsPerMinute = None,
    tpm: options.TokensPerMinute = None,
    timeout: options.Timeout = TIMEOUT,
    max_cost: options.MaxCost = None,
    vendor_batch: options.VendorBatch = False,
    to_workers: options.ToWorkers = False,
    yes: options.Yes = False,
    as_json: options.Json = False,
) -> None:
    """Put prompts to models. Killed or interrupted at any moment, it goes on where it was: see `batches`."""
    settings = launch.settings(
        model,
        base_url,
        limits={
            "concurrency": concurrency,
            "requests_per_minute": rpm,
            "tokens_per_minute": tpm,
            "timeout": timeout,
            "max_cost": max_cost,
        },
        sampling={"max_tokens": max_tokens, "seed": seed, "system": _text(system)},
        param=param or [],
        temperature=temperature,
        repeats=repeats,
        vendor_batch=vendor_batch,
    )
    if to_workers and vendor_batch:
        raise typer.BadParameter("Workers send live: leave out --vendor-batch.", param_hint="--to-workers")
    which = _Chosen(filter_by, subset, limit)
    _launch(workspace, model, settings, which, to_workers=to_workers, yes=yes, as_json=as_json)


class _Chosen(NamedTuple):
    """Which prompts."""

    filter_by: str | None
    subset: str | None
    limit: int | None


def _launch(
    path: Path,
    models: list[str],
    settings: BatchSettings,
    which: _Chosen,
    *,
    to_workers: bool,
    yes: bool,
    as_json: bool,
) -> None:
    from orbench_studio.services import evaluating
    from orbench_studio.services.estimating import estimate
    from orbench_studio.services.launching import require_ready
    from orbench_studio.services.prices import load_prices
    from orbench_studio.services.workspace import open_workspace

    wanted = options.parsed(which.filter_by)
    with open_workspace(path) as opened:
        prices = load_prices()
        evaluating.check(models, settings, prices)
        if not to_workers:
            require_ready(models, settings)
        ids = evaluating.choose(opened, wanted=wanted, subset=which.subset, limit=which.limit)
        launch.confirm(estimate(opened, models, ids, settings, prices), yes=yes, as_json=as_json)
        batch = evaluating.create(opened, models, ids, settings, prices=prices)
        if to_workers:
            launch.hand_over(opened, batch, as_json=as_json)
        else:
            launch.go(opened, batch, prices, as_json=as_json)


def _text(file: Path | None) -> str | None:
    from orbench_studio.services.launching import read_text

    return None if file is None else read_text(file)
