"""`orbench-studio worker`: process the items of running batches."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbench_studio.cli import batch_progress, builtin_judges, options
from orbench_studio.cli.console import Exit, write_error, write_line

if TYPE_CHECKING:
    from orbench_studio.services.evaluation.worker import BatchWorker
    from orbench_studio.services.workspace.workspace import Workspace

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
