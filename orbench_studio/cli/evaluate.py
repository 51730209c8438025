"""`orbench-studio evaluate`: send prompts to models and store their responses."""

from pathlib import Path
from typing import Annotated

import typer

from orbench_studio.cli import launch_batch, options
from orbench_studio.cli.request_options import RequestOptions, takes_request_options


@takes_request_options()
def evaluate(
    workspace: options.Workspace,
    model: Annotated[list[str], typer.Option(metavar="NAME", help=options.NAMES)],
    subset: Annotated[str | None, typer.Option(metavar="NAME", help="Use the prompts of a subset.")] = None,
    filter_by: options.Filter = None,
    limit: options.Limit = None,
    system: Annotated[Path | None, typer.Option(metavar="FILE", help="File with a system prompt.")] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Random seed of the requests, for models that support one.")
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, metavar="N", help="Number of requests per prompt and model.")] = 1,
    to_workers: options.ToWorkers = False,
    *,
    sending: RequestOptions,
) -> None:
    """Send prompts to models. An interrupted batch can be resumed at any time: see `batches`."""
    from orbench_studio.services.evaluation import batch_control
    from orbench_studio.services.evaluation.cost_estimate import estimate
    from orbench_studio.services.evaluation.launcher import require_ready
    from orbench_studio.services.evaluation.prices import load_prices

    text = None if system is None else batch_control.read_text(system)
    settings = sending.settings(model, seed=seed, system=text, repeats=repeats)
    if to_workers and sending.vendor_batch:
        raise typer.BadParameter("Workers only send live requests. Remove --vendor-batch.", param_hint="--to-workers")
    wanted = options.parsed(filter_by)
    with options.open_workspace(workspace) as opened:
        prices = load_prices()
        batch_control.check(model, settings, prices)
        if not to_workers:
            require_ready(model, settings)
        ids = batch_control.select_prompts(opened, wanted=wanted, subset=subset, limit=limit)
        launch_batch.confirm(estimate(opened, model, ids, settings, prices), sending)
        batch = batch_control.create(opened, model, ids, settings, prices=prices)
        if to_workers:
            launch_batch.queue_for_workers(opened, batch, as_json=sending.as_json)
        else:
            launch_batch.launch(opened, batch, prices, as_json=sending.as_json)
