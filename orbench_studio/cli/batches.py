"""`orbench-studio batches`: list them, look at one, pause, resume, cancel, try again what failed."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbench_studio.cli import launch_batch, options
from orbench_studio.cli.batch_progress import as_json as progress_as_json
from orbench_studio.cli.batch_progress import write_progress
from orbench_studio.cli.console import write_json, write_line
from orbench_studio.domain.core.amounts import spent
from orbench_studio.domain.evaluation.batch import BatchProgress, Cause

if TYPE_CHECKING:
    from orbench_studio.services.workspace.workspace import Workspace

_LISTED = 20  # failures named one by one
_ALL = 1_000_000


class Action(StrEnum):
    """What to do."""

    LIST = "list"
    SHOW = "show"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    RETRY = "retry"


def batches(
    workspace: options.Workspace,
    deed: Annotated[Action, typer.Argument(help="What to do.")],
    batch: Annotated[int | None, typer.Argument(metavar="[BATCH]", help="Its number, as `list` tells it.")] = None,
    max_cost: Annotated[
        float | None, typer.Option(metavar="USD", help="With resume: what it may cost in all from now on.")
    ] = None,
    live: Annotated[
        bool, typer.Option("--live", help="With resume: take what the vendor's batch has, send the rest one by one.")
    ] = False,
    cause: Annotated[
        list[Cause] | None, typer.Option(help="With show and retry: only what failed for this; repeat.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Look at batches and steer them, also those that another process or the window is at."""
    from orbench_studio.services.workspace.workspace import open_workspace

    if deed is not Action.LIST and batch is None:
        raise typer.BadParameter(f"Which one? `batches {workspace} list` tells their numbers.", param_hint="BATCH")
    with open_workspace(workspace) as opened:
        if deed is Action.LIST:
            _list(opened, as_json=as_json)
        elif batch is not None:
            _steer(opened, deed, batch, max_cost=max_cost, live=live, causes=cause or (), as_json=as_json)


def _list(workspace: "Workspace", *, as_json: bool) -> None:
    from orbench_studio.services.evaluation import batch_control

    found = batch_control.overview(workspace)
    if as_json:
        write_json([progress_as_json(progress) for progress in found])
    elif not found:
        write_line("There are no batches yet.")
    else:
        for progress in found:
            write_line(_row(progress))


def _row(progress: BatchProgress) -> str:
    batch = progress.batch
    done = f"{progress.done:,} of {progress.total:,}"
    failed = f", {progress.failed:,} failed" if progress.failed else ""
    money = spent(progress.cost, progress.unpriced)
    return f"{batch.id:>4}  {progress.state_words:<11}  {done}{failed}, {money}  {batch.name}"


def _steer(
    workspace: "Workspace",
    deed: Action,
    batch: int,
    *,
    max_cost: float | None,
    live: bool,
    causes: Sequence[Cause],
    as_json: bool,
) -> None:
    from orbench_studio.services.evaluation import batch_control
    from orbench_studio.services.evaluation.prices import load_prices

    if deed is Action.SHOW:
        _show(workspace, batch, causes, as_json=as_json)
        return
    if deed in (Action.PAUSE, Action.CANCEL):
        changes = (batch_control.pause if deed is Action.PAUSE else batch_control.cancel)(workspace, batch)
        progress = batch_control.progress(workspace, batch)
        if deed is Action.PAUSE or not any(model.at_vendor for model in progress.models):
            _tell(progress, changes.message, as_json=as_json)
            return
    if deed is Action.RETRY:
        changes = batch_control.retry(workspace, batch, causes)
        if not changes:
            _tell(batch_control.progress(workspace, batch), changes.message, as_json=as_json)
            return
    if max_cost is not None:
        batch_control.raise_cap(workspace, batch, max_cost)
    if live:
        batch_control.send_rest_live(workspace, batch)
    launch_batch.launch(workspace, batch_control.progress(workspace, batch).batch, load_prices(), as_json=as_json)


def _show(workspace: "Workspace", batch: int, causes: Sequence[Cause], *, as_json: bool) -> None:
    from orbench_studio.services.evaluation import batch_control

    progress = batch_control.progress(workspace, batch)
    failed = batch_control.failures(workspace, batch, causes=causes, limit=_ALL if as_json else _LISTED + 1)
    if as_json:
        items: list[dict[str, Any]] = [
            {"item": f.item_id, "prompt": f.prompt_id, "model": f.model, "cause": f.cause, "told": f.message,
             "attempts": f.attempts}
            for f in failed
        ]  # fmt: skip
        write_json(progress_as_json(progress) | {"failures": items})
        return
    write_progress(progress)
    for item in failed[:_LISTED]:
        about = "a list of texts" if item.prompt_id is None else f"prompt {item.prompt_id}"
        write_line(f"  {about}, {item.model}: {item.cause}. {item.message}")
    if len(failed) > _LISTED:
        write_line("  and more: --json lists all of them")


def _tell(progress: BatchProgress, message: str, *, as_json: bool) -> None:
    if as_json:
        write_json(progress_as_json(progress))
        return
    if message:
        write_line(message)
    write_progress(progress)
