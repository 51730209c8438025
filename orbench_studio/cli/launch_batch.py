"""Estimate, confirm and launch a batch; shared by all commands that send requests to models."""

from typing import TYPE_CHECKING

import typer

from orbench_studio.cli import batch_progress, builtin_judges
from orbench_studio.cli.console import ask, write_error, write_json, write_line
from orbench_studio.cli.request_options import RequestOptions
from orbench_studio.domain.core.amounts import counted, duration, usd
from orbench_studio.domain.evaluation.batch import Batch, BatchKind, BatchSettings
from orbench_studio.domain.evaluation.states import BatchState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orbench_studio.services.evaluation.cost_estimate import Estimate, ModelEstimate
    from orbench_studio.services.evaluation.prices import Prices
    from orbench_studio.services.generation.seeds_and_rewrites import GenerationRequest
    from orbench_studio.services.workspace.workspace import Workspace


def confirm(found: "Estimate", sending: RequestOptions) -> None:
    """Print the estimate and ask for confirmation; exit if it is not given."""
    if not sending.as_json:
        for model in found.models:
            write_line(_line(model))
        if found.max_cost:
            write_line(f"Total: {counted(found.items, 'request')}, at most {usd(found.max_cost)}.")
        facts = [f"Duration: about {duration(found.seconds)}."] if found.seconds else []
        facts += [f"Prices as of {found.prices_dated}."] if found.max_cost else []
        if facts:
            write_line(" ".join(facts))
    if found.warning:
        write_error(found.warning)
    if sending.yes:
        return
    not_sent = "Nothing was sent. To launch without confirmation, add --yes."
    ask("Launch this batch?", not_sent, can_ask=not sending.as_json)


def launch_lists(
    workspace: "Workspace",
    kind: BatchKind,
    model: str,
    requests: "Sequence[GenerationRequest]",
    settings: BatchSettings,
    sending: RequestOptions,
) -> None:
    """Estimate, confirm and run a batch of lists; exit with its exit code."""
    from orbench_studio.services.evaluation.launcher import require_ready
    from orbench_studio.services.evaluation.prices import load_prices
    from orbench_studio.services.generation import seeds_and_rewrites

    prices = load_prices()
    seeds_and_rewrites.check(kind, model, settings, prices)
    require_ready([model], settings)
    confirm(seeds_and_rewrites.estimate(workspace, model, requests, settings, prices), sending)
    launch(
        workspace,
        seeds_and_rewrites.create(workspace, kind, model, requests, settings, prices),
        prices,
        as_json=sending.as_json,
    )


def launch(workspace: "Workspace", batch: Batch, prices: "Prices", *, as_json: bool) -> None:
    """Run a batch, print its result, and exit with its exit code."""
    from orbench_studio.services.evaluation.launcher import open_runner

    try:
        progress = batch_progress.run(open_runner(workspace, batch.id, prices))
    except KeyboardInterrupt:
        _report_interrupted(workspace, batch.id)
        raise
    if as_json:
        write_json(batch_progress.as_json(progress))
    else:
        batch_progress.write_progress(progress)
        if progress.failed:
            write_line(f"To retry the failed items: orbench-studio batches {workspace.place} retry {batch.id}")
    _judge_completed(workspace, prices)
    raise typer.Exit(batch_progress.exit_code(progress))


def _report_interrupted(workspace: "Workspace", batch_id: int) -> None:
    from orbench_studio.services.evaluation import batch_control

    if batch_control.progress(workspace, batch_id).batch.state is BatchState.RUNNING:
        write_error(f"Batch {batch_id} continues in other processes.")
    else:
        write_error(
            f"Batch {batch_id} is paused. To resume it: orbench-studio batches {workspace.place} resume {batch_id}"
        )


def _judge_completed(workspace: "Workspace", prices: "Prices") -> None:
    """Run the judging that completed batches asked for."""
    from orbench_studio.services.evaluation.judge_batches import start_follow_ups
    from orbench_studio.services.evaluation.launcher import open_runner

    for found in start_follow_ups(workspace):
        if found.builtin_judge is not None:
            write_error(builtin_judges.run_judge(workspace, found.builtin_judge, found.batch_id).changes.message)
        elif found.judge_batch_id is not None:
            progress = batch_progress.run(open_runner(workspace, found.judge_batch_id, prices))
            write_error(
                f"Batch {found.judge_batch_id}, {progress.batch.name}: {progress.status}, {progress.done:,} judged."
            )


def queue_for_workers(workspace: "Workspace", batch: Batch, *, as_json: bool) -> None:
    """Leave a batch to workers, and print how to start one."""
    from orbench_studio.services.evaluation import batch_control

    batch_control.queue_for_workers(workspace, batch.id)
    if as_json:
        write_json(batch_progress.as_json(batch_control.progress(workspace, batch.id)))
    else:
        write_line(f"Batch {batch.id} waits for workers. To start one: orbench-studio worker {workspace.place}")


def _line(model: "ModelEstimate") -> str:
    tokens = f"{model.input_tokens:,} input tokens, at most {model.max_output:,} output tokens"
    if model.max_cost is None:
        cost = "unpriced"
    elif model.max_cost == 0:
        cost = "free"
    else:
        expected = "" if model.expected_cost is None else f"about {usd(model.expected_cost)}, "
        cost = f"{expected}at most {usd(model.max_cost)}"
    return f"{model.model}: {counted(model.items, 'request')}, about {tokens}, {cost}."
