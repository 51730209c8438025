"""Progress of a running batch: progress bars on a terminal, regular lines in a log. Ctrl-C pauses the batch."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from orbench_studio.cli.console import Exit, on_terminal, progress_bars, write_error, write_line
from orbench_studio.cli.terminal import in_one_line
from orbench_studio.domain.core.amounts import counted, duration, spent
from orbench_studio.domain.evaluation.batch import BatchProgress, ModelProgress, Worker
from orbench_studio.domain.evaluation.states import BatchState

if TYPE_CHECKING:
    from orbench_studio.services.evaluation.batch_runner import BatchRunner, LiveModel, Snapshot

_LOG_INTERVAL = 10.0  # seconds between lines of a log


def run(runner: "BatchRunner") -> BatchProgress:
    """Run a batch and show its progress, as `BatchRunner.run`."""

    def explain() -> None:
        write_error("Waiting for in-flight requests. Press Ctrl-C again to cancel them.")

    with _shown() as show:
        return runner.run(show, explain)


def write_progress(progress: BatchProgress) -> None:
    """Print the progress of a batch."""
    batch = progress.batch
    write_line(f"Batch {batch.id}, {batch.name}: {progress.status}. {batch.note or ''}".rstrip())
    for model in progress.models:
        write_line(f"  {line(model)}")
        for adaptation in batch.settings.adaptations.get(model.model, ()):
            write_line(f"    adapted: {adaptation.label}")
        if model.stopped is not None:
            write_line(f"    stopped: {model.stopped}")
        for cause, items in model.failed_by.items():
            write_line(f"    failed, {cause.label}: {items:,}")
    for worker in progress.workers:
        write_line(f"  worker: {_worker(worker)}")


def _worker(worker: Worker) -> str:
    since = worker.since.astimezone().strftime("%H:%M")
    rate = f"{counted(worker.held, 'item')} claimed, {worker.per_minute:,} items/min"
    return f"{worker.machine}, process {worker.pid}, since {since}, {rate}"


def line(model: ModelProgress, live: "LiveModel | None" = None) -> str:
    """The progress of one model in one line."""
    parts = [f"{model.done:,} of {model.total:,} done"]
    for count, name in ((model.failed, "failed"), (model.cancelled, "cancelled"), (model.at_vendor, "at the vendor")):
        if count:
            parts.append(f"{count:,} {name}")
    if model.input_tokens or model.output_tokens:
        parts.append(f"{model.input_tokens + model.output_tokens:,} tokens")
    if model.stopped is not None and model.left:
        parts.append("stopped")
    parts.append(spent(model.cost, model.unpriced, model.estimated))
    if live is not None:
        parts.append(f"{live.per_minute:,} items/min")
        if live.waiting:
            parts.append(f"waiting: {live.waiting}")
        elif live.seconds_left is not None:
            parts.append(f"{duration(live.seconds_left)} left")
    return f"{model.model}: {', '.join(parts)}"


def as_json(progress: BatchProgress) -> dict[str, Any]:
    """The progress as JSON; cost in USD, null if no response has a price."""
    batch = progress.batch
    return {
        "batch": batch.id,
        "name": batch.name,
        "kind": batch.kind,
        "state": batch.state.label,
        "workers": progress.workers,
        "note": batch.note,
        "total": progress.total,
        "done": progress.done,
        "failed": progress.failed,
        "left": progress.left,
        "cost": _cost(progress.cost, progress.unpriced, progress.done),
        "unpriced": progress.unpriced,
        "estimated": progress.estimated,
        "models": [
            _model(model, progress.status_of(model)) | {"adaptations": batch.settings.adaptations.get(model.model, ())}
            for model in progress.models
        ],
    }


def exit_code(progress: BatchProgress) -> Exit:
    """0 if all items have a result, 3 if some items failed, 1 if the batch failed or is still running."""
    if progress.batch.state in (BatchState.FAILED, BatchState.RUNNING):
        return Exit.FAILED
    return Exit.PROBLEMS if progress.failed else Exit.OK


def _model(model: ModelProgress, state: str) -> dict[str, Any]:
    usage = ("input_tokens", "output_tokens", "unpriced", "estimated")
    counts = ("total", "done", "failed", "cancelled", "at_vendor", *usage)
    cost = _cost(model.cost, model.unpriced, model.done)
    found = {
        "model": model.model,
        "state": state,
        "stopped": model.stopped,
        "cost": cost,
        "failed_by": {cause.code: items for cause, items in model.failed_by.items()},
    }
    return found | {name: getattr(model, name) for name in counts}


def _cost(cost: float, unpriced: int, done: int) -> float | None:
    return None if done and unpriced == done else round(cost, 6)


@contextmanager
def _shown() -> "Iterator[Callable[[Snapshot], None]]":
    if not on_terminal():
        yield _Log()
        return
    from rich.progress import BarColumn, TextColumn

    with progress_bars(BarColumn(24), TextColumn("{task.description}", markup=False)) as shown:
        tasks: dict[str, Any] = {}

        def show(snapshot: "Snapshot") -> None:
            for model in snapshot.progress.models:
                if model.model not in tasks:
                    tasks[model.model] = shown.add_task("", total=model.total)
                message = in_one_line(line(model, snapshot.live.get(model.model)))
                shown.update(tasks[model.model], completed=model.total - model.left, description=message)

        yield show


class _Log:
    """Writes a line for each model at regular intervals."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _LOG_INTERVAL

    def __call__(self, snapshot: "Snapshot") -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _LOG_INTERVAL
        for model in snapshot.progress.models:
            write_error(line(model, snapshot.live.get(model.model)))
        if snapshot.waiting:
            write_error(f"waiting: {snapshot.waiting}")
