"""`orbench-studio batches`: list, show, pause, resume, cancel and retry batches."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbench_studio.cli import launch_batch, options
from orbench_studio.cli.batch_progress import as_json as progress_as_json
from orbench_studio.cli.batch_progress import write_progress
from orbench_studio.cli.console import write_json, write_line, write_table
from orbench_studio.domain.core.amounts import spent
from orbench_studio.domain.evaluation.batch import BatchProgress, Cause

if TYPE_CHECKING:
    from orbench_studio.services.workspace.workspace import Workspace

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
