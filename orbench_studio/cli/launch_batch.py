"""What the verbs share that put something to models: the estimate and the question, the launch."""

import sys
from typing import TYPE_CHECKING

import typer

from orbench_studio.cli import batch_progress, builtin_judges
from orbench_studio.cli.console import Exit, counted, write_error, write_json, write_line
from orbench_studio.cli.request_options import RequestOptions
from orbench_studio.domain.core.amounts import duration, usd
from orbench_studio.domain.evaluation.batch import Batch, BatchKind, BatchSettings, BatchState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbench_studio.services.evaluation.cost_estimate import Estimate, ModelEstimate
    from orbench_studio.services.evaluation.prices import Prices
    from orbench_studio.services.generation.seeds_and_rewrites import GenerationRequest
    from orbench_studio.services.workspace.workspace import Workspace


def confirm(found: "Estimate", sending: RequestOptions) -> None:
    """Tell what the launch will send and cost, and ask; ends where the answer is no."""
    if not sending.as_json:
        for model in found.models:
            write_line(_line(model))
        whole = f"{counted(found.items, 'request')} in all, at most {usd(found.most_cost)}" if found.most_cost else ""
        write_line(f"{whole}{whole and '. '}It takes about {duration(found.seconds)}. Prices of {found.prices_dated}.")
    if sending.yes:
        return
    if sending.as_json or not sys.stdin.isatty():
        write_error("Nothing was sent. To launch it without being asked, add --yes.")
        raise typer.Exit(Exit.USAGE)
    typer.confirm("Launch it?", abort=True)


def describe(
    workspace: "Workspace",
    kind: BatchKind,
    model: str,
    asked: "Sequence[GenerationRequest]",
    settings: BatchSettings,
    sending: RequestOptions,
) -> None:
    """Tell what the lists will cost, ask, and let the model write them; ends with the exit code for how it went."""
    from orbench_studio.services.evaluation.launcher import require_ready
    from orbench_studio.services.evaluation.prices import load_prices
    from orbench_studio.services.generation import seeds_and_rewrites

    prices = load_prices()
    seeds_and_rewrites.check(kind, model, settings, prices)
    require_ready([model], settings)
    confirm(seeds_and_rewrites.estimate(workspace, model, asked, settings, prices), sending)
    launch(
        workspace,
        seeds_and_rewrites.create(workspace, kind, model, asked, settings, prices),
        prices,
        as_json=sending.as_json,
    )


def launch(workspace: "Workspace", batch: Batch, prices: "Prices", *, as_json: bool) -> None:
    """Run a batch to its end and tell how it stands; ends with the exit code that says it."""
    from orbench_studio.services.evaluation.launcher import open_runner

    try:
        progress = batch_progress.run(open_runner(workspace, batch.id, prices))
    except KeyboardInterrupt:
        _tell_interrupted(workspace, batch.id)
        raise
    if as_json:
        write_json(batch_progress.as_json(progress))
    else:
        batch_progress.write_progress(progress)
        if progress.failed:
            write_line(f"To try what failed again: orbench-studio batches {workspace.place} retry {batch.id}")
    _follow(workspace, prices)
    raise typer.Exit(batch_progress.exit_code(progress))


def _tell_interrupted(workspace: "Workspace", batch_id: int) -> None:
    from orbench_studio.services.evaluation import batch_control

    if batch_control.progress(workspace, batch_id).batch.state is BatchState.RUNNING:
        write_error(f"Batch {batch_id} goes on: others are at it.")
    else:
        write_error(f"Batch {batch_id} is paused. To go on: orbench-studio batches {workspace.place} resume {batch_id}")


def _follow(workspace: "Workspace", prices: "Prices") -> None:
    """Have answers judged, where that was asked for at the launch of what is finished now."""
    from orbench_studio.services.evaluation.judge_batches import follow
    from orbench_studio.services.evaluation.launcher import open_runner

    for found in follow(workspace):
        if found.builtin_judge is not None:
            write_error(builtin_judges.judge_all(workspace, found.builtin_judge).changes.message)
        elif found.judging is not None:
            progress = batch_progress.run(open_runner(workspace, found.judging, prices))
            write_error(
                f"Batch {found.judging}, {progress.batch.name}: {progress.state_words}, {progress.done:,} judged."
            )


def hand_over(workspace: "Workspace", batch: Batch, *, as_json: bool) -> None:
    """Leave a batch to workers, and tell how to start one."""
    from orbench_studio.services.evaluation import batch_control

    batch_control.hand_over(workspace, batch.id)
    if as_json:
        write_json(batch_progress.as_json(batch_control.progress(workspace, batch.id)))
    else:
        write_line(f"Batch {batch.id} is left to the workers. To start one: orbench-studio worker {workspace.place}")


def _line(model: "ModelEstimate") -> str:
    tokens = f"{model.input_tokens:,} tokens in and at most {model.most_output:,} out"
    if model.most_cost is None:
        money = "unpriced"
    elif model.most_cost == 0:
        money = "free of charge"
    else:
        likely = "" if model.likely_cost is None else f"about {usd(model.likely_cost)}, "
        money = f"{likely}at most {usd(model.most_cost)}"
    return f"{model.model}: {counted(model.items, 'request')}, about {tokens}, {money}."
