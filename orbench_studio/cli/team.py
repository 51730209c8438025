"""`orbench-studio team`: a team's queues listed with their people, made, changed, paused, ended."""

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbench_studio.cli.console import counted, rate_as_json, write_json, write_line
from orbench_studio.cli.options import Workspace as WorkspaceArgument
from orbench_studio.domain.team.queue import QueueState, TeamQueue, members_in, written

if TYPE_CHECKING:
    from orbench_studio.domain.team.progress import Activity
    from orbench_studio.services.team.team_queues import QueueStatus
    from orbench_studio.services.workspace.workspace import Workspace


class Action(StrEnum):
    """What to do."""

    LIST = "list"
    MAKE = "make"
    CHANGE = "change"
    PAUSE = "pause"
    OPEN = "open"
    END = "end"


_STATES = {Action.PAUSE: QueueState.PAUSED, Action.OPEN: QueueState.OPEN, Action.END: QueueState.ENDED}


def team(
    workspace: WorkspaceArgument,
    deed: Annotated[Action, typer.Argument(help="What to do.")] = Action.LIST,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="The queue's name.")] = "",
    query: Annotated[str | None, typer.Option("--filter", metavar="QUERY", help="Its prompts; else all.")] = None,
    overlap: Annotated[int | None, typer.Option(metavar="N", help="How many people label each prompt; else 1.")] = None,
    people: Annotated[
        list[str] | None,
        typer.Option("--person", metavar="NAME[=SHARE|=CATEGORY,…]", help="Who takes part; else everybody. Repeat it."),
    ] = None,
    lease: Annotated[int | None, typer.Option(metavar="MINUTES", help="How long a claim holds; else 30.")] = None,
    training: Annotated[
        str | None, typer.Option(metavar="QUERY", help="Prompts with known answers, first for a newcomer.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Share prompts out to a team: who labels which, and how many people label each.

    Without a deed it lists the queues and what each person does. `--person ada=2 --person bob=1` gives shares,
    `--person ada=privacy,hate` categories. An ended queue hides nothing any more.
    """
    from orbench_studio.services.team import team_queues
    from orbench_studio.services.workspace.workspace import open_workspace

    if deed is not Action.LIST and not name:
        raise typer.BadParameter(f"Which one? `team WORKSPACE {deed} NAME`.", param_hint="NAME")
    given = {"query": query, "overlap": overlap, "lease": lease, "training": training}
    said: dict[str, Any] = {what: value for what, value in given.items() if value is not None}
    if people:
        said["assignment"], said["members"] = members_in(people)
    with open_workspace(workspace) as opened:
        message = ""
        if deed is Action.MAKE:
            message = team_queues.make(opened, TeamQueue(name, **said)).message
        elif deed is Action.CHANGE:
            message = team_queues.change(opened, name, replace(team_queues.named(opened, name), **said)).message
        elif deed is not Action.LIST:
            message = team_queues.set_state(opened, name, _STATES[deed]).message
        _tell(opened, message, as_json=as_json)


def _tell(workspace: "Workspace", message: str, *, as_json: bool) -> None:
    from orbench_studio.services.team import team_queues

    queues, people = team_queues.queues(workspace), team_queues.people(workspace)
    if as_json:
        write_json(
            {"queues": [_queue_as_json(one) for one in queues], "people": [_work_as_json(one) for one in people]}
        )
        return
    if message:
        write_line(message)
    if not queues:
        write_line("This workspace has no team queue. Make one: orbench-studio team WORKSPACE make NAME --overlap 2")
    for standing in queues:
        _tell_queue(standing)
    for work in people:
        write_line(_line(work))


def _tell_queue(standing: "QueueStatus") -> None:
    queue, progress = standing.queue, standing.progress
    by = ", ".join(f"{count:,} with {labels}" for labels, count in enumerate(progress.by_labels))
    write_line(
        f"{queue.name} ({queue.state}): {counted(progress.prompts, 'prompt')}, {queue.overlap} labels each: {by}"
    )
    who = "; ".join(map(written, queue.members)) or "everybody"
    write_line(
        f"  {queue.query or 'all prompts'} · {who} · claims hold {queue.lease} minutes, {progress.held:,} are out"
    )
    if progress.disagreed:
        write_line(f"  people disagree about {progress.disagreed:,}, settled are {progress.adjudicated:,}")
    if progress.training:
        write_line(f"  {counted(progress.training, 'prompt')} to practise on: {queue.training}")


def _line(work: "Activity") -> str:
    pace = work.pace
    fast = f"{pace.hourly:,.0f} an hour, {pace.seconds:.0f} s each" if pace.hourly and pace.seconds else "no pace yet"
    seen = f"{work.seen.astimezone():%Y-%m-%d %H:%M}" if work.seen else "never"
    kappa = "no kappa yet"
    if work.kappa.value is not None:
        between = f" ({work.kappa.interval[0]:.2f} to {work.kappa.interval[1]:.2f})" if work.kappa.interval else ""
        kappa = f"kappa {work.kappa.value:.2f}{between}, n {work.kappa.n:,}"
    return f"{work.annotator}: {counted(work.labels, 'label')}, {fast}, {kappa}, holds {work.held:,}, last seen {seen}"


def _queue_as_json(standing: "QueueStatus") -> dict[str, Any]:
    queue, progress = standing.queue, standing.progress
    return {
        "name": queue.name,
        "state": queue.state,
        "query": queue.query,
        "overlap": queue.overlap,
        "lease_minutes": queue.lease,
        "assignment": queue.assignment,
        "people": [{"name": m.annotator, "share": m.share, "categories": list(m.categories)} for m in queue.members],
        "training": queue.training,
        "prompts": progress.prompts,
        "prompts_by_labels": list(progress.by_labels),
        "disagreed": progress.disagreed,
        "adjudicated": progress.adjudicated,
        "held": progress.held,
        "training_prompts": progress.training,
    }


def _work_as_json(work: "Activity") -> dict[str, Any]:
    return {
        "name": work.annotator,
        "labels": work.labels,
        "labels_an_hour": work.pace.hourly,
        "median_seconds": work.pace.seconds,
        "hours": work.pace.hours,
        "agreement": rate_as_json(work.same),
        "kappa": {"value": work.kappa.value, "interval": work.kappa.interval, "n": work.kappa.n},
        "self_consistency": rate_as_json(work.consistency),
        "practice": rate_as_json(work.practice),
        "held": work.held,
        "last_seen": work.seen.isoformat() if work.seen else None,
    }
