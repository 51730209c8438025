"""`orbench-studio worker`: at whatever batches are running, until it is stopped."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbench_studio.cli import batch_progress, builtin_judges, options
from orbench_studio.cli.console import Exit, write_error, write_line
from orbench_studio.domain.workspace.location import Location

if TYPE_CHECKING:
    from orbench_studio.services.evaluation.worker import BatchWorker
    from orbench_studio.services.workspace.workspace import Workspace

_LINE = 10.0  # seconds between two lines about a batch


def worker(
    workspace: options.Workspace,
    models: Annotated[
        list[str] | None,
        typer.Option("--models", metavar="NAME", help="Only these: vendor/model, or ollama/ for all of it; repeat."),
    ] = None,
    until_done: Annotated[bool, typer.Option("--until-done", help="End when nothing is left to do.")] = False,
) -> None:
    """Take items of all running batches, beside whoever else is at them, and wait for more until Ctrl+C.

    Start it on as many machines as you like. Each asks the models for which it has a key, or a server; limits a minute
    are kept by all together. Killed, its items go to the others after half a minute.
    """
    named = [name for some in models or () for name in some.split(",") if name]
    _require_names(named)
    if _work(workspace, named, until_done=until_done):
        raise typer.Exit(Exit.INTERRUPTED)


def _require_names(names: list[str]) -> None:
    for name in names:
        if "/" not in name:
            message = f"{name!r} is no model's name. Write vendor/model, or vendor/ for all of a vendor."
            raise typer.BadParameter(message, param_hint="--models")


def _work(place: Location, models: list[str], *, until_done: bool) -> int:
    """Work until the end; how often it was interrupted."""
    from orbench_studio.services.evaluation.prices import load_prices
    from orbench_studio.services.evaluation.worker import BatchWorker
    from orbench_studio.services.workspace.workspace import open_workspace

    with open_workspace(place) as opened:
        write_line(f"At {opened.name}, taking items of running batches. Press Ctrl+C to stop.")
        at_work = BatchWorker(opened, load_prices(), models, write_line, partial(_judge, opened))
        with _stopped_by_signals(at_work) as interrupted, _told_of(at_work):
            at_work.work(until_done=until_done)
        return len(interrupted)


def _judge(workspace: "Workspace", by: str) -> None:
    write_line(builtin_judges.judge_all(workspace, by).changes.message)


@contextmanager
def _stopped_by_signals(at_work: "BatchWorker") -> Iterator[list[int]]:
    """The first Ctrl+C waits for what is under way, the second does not."""
    interrupted: list[int] = []

    def heed(number: int, _frame: Any) -> None:
        interrupted.append(number)
        if len(interrupted) == 1 and at_work.runners:
            write_error("Waiting for the answers that are under way. Press Ctrl+C again to give them up.")
        at_work.stop()

    before = {number: signal.signal(number, heed) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupted
    finally:
        for number, heeded in before.items():
            signal.signal(number, heeded)


@contextmanager
def _told_of(at_work: "BatchWorker") -> Iterator[None]:
    """A line for each model that is asked, now and then."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(_LINE):
            for batch_id, runner in list(at_work.runners.items()):
                snapshot = runner.snapshot()
                for model in snapshot.progress.models:
                    if model.model in snapshot.live:
                        write_error(f"{batch_id}  {batch_progress.line(model, snapshot.live[model.model])}")

    teller = threading.Thread(target=look, name="worker-telling")
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()
