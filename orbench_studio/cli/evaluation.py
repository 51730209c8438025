"""`orbench-studio evaluate`, `batches` and `worker`: collect responses, control batches, and send their requests."""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbench_studio.cli import batch_progress, builtin_judges, launch_batch, options
from orbench_studio.cli.batch_progress import as_json as progress_as_json
from orbench_studio.cli.batch_progress import write_progress
from orbench_studio.cli.console import Exit, write_error, write_json, write_line, write_table
from orbench_studio.cli.request_options import RequestOptions, takes_request_options
from orbench_studio.domain.core.amounts import spent
from orbench_studio.domain.evaluation.batch import BatchProgress, Cause

if TYPE_CHECKING:
    from orbench_studio.services.evaluation.worker import BatchWorker
    from orbench_studio.services.workspace.workspace import Workspace


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


_LISTED = 20  # failed items shown without --json
_ALL = 1_000_000
# The options have the codes of the causes, not the values of the database.
CauseCode = StrEnum("CauseCode", {cause.name: cause.code for cause in Cause})  # type: ignore[misc]  # its members are not literals


class Action(StrEnum):
    """An action on batches."""

    LIST = "list"
    SHOW = "show"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    RETRY = "retry"


def batches(
    workspace: options.Workspace,
    action: Annotated[Action, typer.Argument(help="Action.")],
    batch: Annotated[int | None, typer.Argument(metavar="BATCH", help="Number of the batch, from `list`.")] = None,
    max_cost: Annotated[
        float | None, typer.Option(metavar="USD", help="With resume: new cost limit for the whole batch.")
    ] = None,
    live: Annotated[
        bool,
        typer.Option(
            "--live",
            help="With resume: fetch the results of vendor batches, cancel the rest, and send it with normal requests.",
        ),
    ] = False,
    cause: Annotated[
        list[CauseCode] | None, typer.Option(help="With show and retry: only items with this cause. Repeatable.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """List and control batches, also those that run in the window or in another process."""
    if action is not Action.LIST and batch is None:
        raise typer.BadParameter(
            f"The number of a batch is missing. List them with: batches {workspace} list", param_hint="BATCH"
        )
    causes = [Cause[code.name] for code in cause or ()]
    with options.open_workspace(workspace) as opened:
        if action is Action.LIST:
            _list(opened, as_json=as_json)
        elif batch is not None:
            _act(opened, action, batch, max_cost=max_cost, live=live, causes=causes, as_json=as_json)


def _list(workspace: "Workspace", *, as_json: bool) -> None:
    from orbench_studio.services.evaluation import batch_control

    found = batch_control.overview(workspace)
    if as_json:
        write_json([progress_as_json(progress) for progress in found])
    elif not found:
        write_line("There are no batches yet.")
    else:
        write_table(("batch", "status", "done", "of", "failed", "cost", "name"), map(_row, found))


def _row(progress: BatchProgress) -> tuple[object, ...]:
    cost = spent(progress.cost, progress.unpriced, progress.estimated)
    counts = (progress.done, progress.total, progress.failed or None)
    return progress.batch.id, progress.status, *counts, cost, progress.batch.name


def _act(
    workspace: "Workspace",
    action: Action,
    batch: int,
    *,
    max_cost: float | None,
    live: bool,
    causes: Sequence[Cause],
    as_json: bool,
) -> None:
    from orbench_studio.services.evaluation import batch_control
    from orbench_studio.services.evaluation.prices import load_prices

    if action is Action.SHOW:
        _show(workspace, batch, causes, as_json=as_json)
        return
    if action in (Action.PAUSE, Action.CANCEL):
        changes = (batch_control.pause if action is Action.PAUSE else batch_control.cancel)(workspace, batch)
        progress = batch_control.progress(workspace, batch)
        if action is Action.PAUSE or not any(model.at_vendor for model in progress.models):
            _print(progress, changes.message, as_json=as_json)
            return
    if action is Action.RETRY:
        changes = batch_control.retry(workspace, batch, causes)
        if not changes:
            _print(batch_control.progress(workspace, batch), changes.message, as_json=as_json)
            return
    if max_cost is not None:
        batch_control.set_cost_limit(workspace, batch, max_cost)
    if live:
        batch_control.send_rest_live(workspace, batch)
    launch_batch.launch(workspace, batch_control.progress(workspace, batch).batch, load_prices(), as_json=as_json)


def _show(workspace: "Workspace", batch: int, causes: Sequence[Cause], *, as_json: bool) -> None:
    from orbench_studio.services.evaluation import batch_control

    progress = batch_control.progress(workspace, batch)
    failed = batch_control.failures(workspace, batch, causes=causes, limit=_ALL if as_json else _LISTED + 1)
    if as_json:
        items: list[dict[str, Any]] = [
            {"item": f.item_id, "prompt": f.prompt_id, "model": f.model, "cause": f.cause.code, "message": f.message,
             "attempts": f.attempts}
            for f in failed
        ]  # fmt: skip
        write_json(progress_as_json(progress) | {"failures": items})
        return
    write_progress(progress)
    for item in failed[:_LISTED]:
        about = "a list of texts" if item.prompt_id is None else f"prompt {item.prompt_id}"
        write_line(f"  {about}, {item.model}: {item.cause.label}. {item.message}")
    if len(failed) > _LISTED:
        write_line("  There are more failed items: --json lists all of them.")


def _print(progress: BatchProgress, message: str, *, as_json: bool) -> None:
    if as_json:
        write_json(progress_as_json(progress))
        return
    if message:
        write_line(message)
    write_progress(progress)


_LOG_INTERVAL = 10.0  # seconds between lines about a batch


def worker(
    workspace: options.Workspace,
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--models", metavar="NAME", help="Only these: vendor/model, or vendor/ for all of a vendor. Repeatable."
        ),
    ] = None,
    until_done: Annotated[bool, typer.Option("--until-done", help="Exit when nothing is left to do.")] = False,
) -> None:
    """Process items of all running batches, together with other workers, until Ctrl+C.

    You can start workers on several machines. Each worker uses the models for which it has a key or a server. All
    workers share the limits per minute. If a worker is killed, others take its items after 30 seconds.
    """
    from orbench_studio.services.evaluation.prices import load_prices
    from orbench_studio.services.evaluation.worker import BatchWorker

    named = [name for some in models or () for name in some.split(",") if name]
    _require_names(named)
    with options.open_workspace(workspace) as opened:
        worker = BatchWorker(opened, load_prices(), named, write_line, partial(_judge, opened))
        write_line(f"Worker started for {opened.name}. Press Ctrl+C to stop.")
        with _stopped_by_signals(worker) as interrupted, _progress_logged(worker):
            worker.run(until_done=until_done)
    if interrupted:
        raise typer.Exit(Exit.INTERRUPTED)


def _require_names(names: list[str]) -> None:
    for name in names:
        if "/" not in name:
            message = f"{name!r} is not a model name. Write vendor/model, or vendor/ for all models of a vendor."
            raise typer.BadParameter(message, param_hint="--models")


def _judge(workspace: "Workspace", by: str, batch_id: int) -> None:
    write_line(builtin_judges.run_judge(workspace, by, batch_id).changes.message)


@contextmanager
def _stopped_by_signals(worker: "BatchWorker") -> Iterator[list[int]]:
    """The first Ctrl+C waits for in-flight requests, the second cancels them."""
    interrupted: list[int] = []

    def handle(number: int, _frame: Any) -> None:
        interrupted.append(number)
        if len(interrupted) == 1 and worker.runners:
            write_error("Waiting for in-flight requests. Press Ctrl+C again to cancel them.")
        worker.stop()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupted
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _progress_logged(worker: "BatchWorker") -> Iterator[None]:
    """Log a line for each active model at regular intervals."""
    over = threading.Event()

    def log_progress() -> None:
        while not over.wait(_LOG_INTERVAL):
            for batch_id, runner in list(worker.runners.items()):
                snapshot = runner.snapshot()
                for model in snapshot.progress.models:
                    if model.model in snapshot.live:
                        write_error(f"{batch_id}  {batch_progress.line(model, snapshot.live[model.model])}")

    logger = threading.Thread(target=log_progress, name="worker-progress")
    logger.start()
    try:
        yield
    finally:
        over.set()
        logger.join()
