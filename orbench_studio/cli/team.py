"""`orbench-studio team`: list, make, change, pause, open and end team queues; add and remove people."""

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbench_studio.cli.console import write_json, write_line
from orbench_studio.cli.options import Json, annotator_name, open_workspace
from orbench_studio.cli.options import Workspace as WorkspaceArgument
from orbench_studio.domain.core.amounts import counted
from orbench_studio.domain.review.query import parse
from orbench_studio.domain.team.progress import Activity
from orbench_studio.domain.team.queue import QueueState, TeamQueue, format_member, parse_members
from orbench_studio.domain.team.role import Role
from orbench_studio.domain.workspace.location import Location

if TYPE_CHECKING:
    from orbench_studio.services.team.team_queues import QueueStatus
    from orbench_studio.services.workspace.workspace import Workspace


class Action(StrEnum):
    """Action on the team queues, or on the people of a workspace on a server."""

    LIST = "list"
    MAKE = "make"
    CHANGE = "change"
    PAUSE = "pause"
    OPEN = "open"
    END = "end"
    ADD = "add"
    REMOVE = "remove"
    ASSIGN = "assign"
    UNASSIGN = "unassign"
    GOLD = "gold"
    APPROVE = "approve"
    SEND_BACK = "send-back"


_PEOPLE = (Action.ADD, Action.REMOVE)
_CHECKS = (Action.APPROVE, Action.SEND_BACK)
_ON_PROMPTS = (Action.ASSIGN, Action.UNASSIGN, Action.GOLD, *_CHECKS)
_STATES = {Action.PAUSE: QueueState.PAUSED, Action.OPEN: QueueState.OPEN, Action.END: QueueState.ENDED}


_What = Annotated[
    Action,
    typer.Argument(
        help="list, make, change, pause, open or end queues; assign or unassign prompts, or mark gold prompts; "
        "approve decisions or send them back; add or remove people."
    ),
]
_Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the queue, or of the person.")]
_Filter = Annotated[str | None, typer.Option("--filter", metavar="QUERY", help="Prompts of the queue. Default: all.")]
_Overlap = Annotated[int | None, typer.Option(metavar="N", help="Annotators per prompt. Default: 1.")]
_People = Annotated[
    list[str] | None,
    typer.Option(
        "--person",
        metavar="NAME[=SHARE|=CATEGORY,…]",
        help="Annotator, optionally with a share or categories. Repeatable. Default: all annotators.",
    ),
]
_Lease = Annotated[
    int | None, typer.Option(metavar="MINUTES", help="Time until an inactive assignment expires. Default: 30.")
]
_Training = Annotated[
    str | None, typer.Option(metavar="QUERY", help="Prompts with known labels that new annotators label first.")
]
_Share = Annotated[
    float | None, typer.Option(metavar="PERCENT", min=0, max=100, help="Gold prompts, in per cent of the queue.")
]
_Reason = Annotated[str | None, typer.Option(metavar="TEXT", help="Why decisions are sent back.")]
_Role = Annotated[Role, typer.Option(help="What an added person may do. On a server only.")]

_Yes = Annotated[bool, typer.Option("--yes", help="Remove the person. Without it, remove only says what will happen.")]


def team(
    workspace: WorkspaceArgument,
    action: _What = Action.LIST,
    name: _Name = "",
    query: _Filter = None,
    overlap: _Overlap = None,
    people: _People = None,
    lease: _Lease = None,
    training: _Training = None,
    share: _Share = None,
    reason: _Reason = None,
    role: _Role = Role.REVIEWER,
    yes: _Yes = False,
    as_json: Json = False,
) -> None:
    """Assign prompts to annotators with team queues, and show their progress.

    Without an action, lists the queues and the activity of each annotator. `--person ada=2 --person bob=1` sets shares,
    `--person ada=privacy,hate` sets categories.

    `pause` stops new assignments. `end` also releases current assignments and reveals all labels. `open` resumes a
    paused queue and reopens an ended one.

    `assign` gives the prompts of `--filter` to one `--person` of a queue: they come first and do not expire. `unassign`
    releases them.

    `gold` marks prompts of a queue whose label is known, `--share` per cent of the queue at random, or all that match
    `--filter`. Annotators label them like other prompts. The list shows how many of their first labels are right.

    `approve` approves what a person decided about the prompts of `--filter`. `send-back` returns these prompts to the
    person with a `--reason`. On a server both are for adjudicators and the owner.

    `add` gives a person a role in a workspace on a server, and creates a login with a random password, shown once, if
    the server does not know them. `remove` says what happens with a person's work; with `--yes` it removes them.
    """
    if action in _PEOPLE:
        _change_people(workspace, action, name, role, yes=yes)
        return
    _require_name(action, name)
    settings = _given(query=query, overlap=overlap, lease=lease, training=training)
    if people:
        settings["assignment"], settings["members"] = parse_members(people)
    with open_workspace(workspace) as opened:
        if action in _ON_PROMPTS:
            message = _act_on_prompts(opened, action, name, settings, _given(share=share), reason or "")
        else:
            message = _change_queue(opened, action, name, settings)
        _print_team(opened, message, as_json=as_json)


def _given(**options: Any) -> dict[str, Any]:
    return {option: value for option, value in options.items() if value is not None}


def _require_name(action: Action, name: str) -> None:
    if action is not Action.LIST and not name:
        what = "person" if action in (*_PEOPLE, *_CHECKS) else "queue"
        raise typer.BadParameter(f"Name the {what}: `team WORKSPACE {action} NAME`.", param_hint="NAME")


def _change_queue(opened: "Workspace", action: Action, name: str, settings: dict[str, Any]) -> str:
    from orbench_studio.services.team import team_queues

    if action is Action.LIST:
        return ""
    by = annotator_name(opened)
    if action is Action.MAKE:
        return team_queues.make(opened, TeamQueue(name, **settings), by=by).message
    if action is Action.CHANGE:
        return team_queues.change(opened, name, replace(team_queues.named(opened, name), **settings), by=by).message
    return team_queues.set_state(opened, name, _STATES[action], by=by).message


def _act_on_prompts(
    opened: "Workspace", action: Action, name: str, settings: dict[str, Any], share: dict[str, Any], reason: str
) -> str:
    """Assign the prompts of the filter, mark gold among them, or check a person's decisions about them."""
    from orbench_studio.services.review import search
    from orbench_studio.services.team import approval, team_queues

    query, by = settings.get("query"), annotator_name(opened)
    if action is Action.GOLD:
        return team_queues.mark_gold(opened, name, query or "", **share, by=by).message
    members = settings.get("members", ())
    if query is None or (action not in _CHECKS and len(members) != 1):
        person = "" if action in _CHECKS else "--person bob "
        raise typer.BadParameter(f"Name one person and a filter: `team WORKSPACE {action} NAME {person}--filter …`.")
    ids = search.queue_of(opened, parse(query)).ids
    if action is Action.ASSIGN:
        return team_queues.assign(opened, name, ids, to=members[0].annotator, by=by).message
    if action is Action.UNASSIGN:
        return team_queues.unassign(opened, name, ids, of=members[0].annotator, by=by).message
    if action is Action.APPROVE:
        return approval.approve(opened, ids, of=name, annotator=by).message
    return approval.send_back(opened, ids, reason, of=name, annotator=by).message


def _change_people(place: Location, action: Action, name: str, role: Role, *, yes: bool) -> None:
    _require_name(action, name)
    from orbench_studio.services.team import people_roles

    with open_workspace(place) as opened:
        if action is Action.REMOVE:
            removal = people_roles.preview_removal(opened, name)
            if yes:
                write_line(people_roles.remove(opened, removal, by=annotator_name(opened)).message)
            else:
                write_line(removal.summary)
                write_line(f"Nothing has changed yet. To remove {name}, repeat the command with --yes.")
            return
        added = people_roles.add(opened, name, role, by=annotator_name(opened))
    what = f"{'an' if role is Role.ADJUDICATOR else 'a'} {role} of this workspace."
    write_line(f"{name} is {what}" if added.is_changed else f"{name} is already {what} Nothing was changed.")
    if added.password is not None:
        write_line(f"Password of the new login, shown only now: {added.password}")


def _print_team(workspace: "Workspace", message: str, *, as_json: bool) -> None:
    from orbench_studio.services.team import team_queues

    queues, people = team_queues.queues(workspace), team_queues.people(workspace)
    if as_json:
        write_json(
            {"queues": [_queue_as_json(one) for one in queues], "people": [_activity_as_json(one) for one in people]}
        )
        return
    if message:
        write_line(message)
    if not queues:
        write_line("No team queues. Make one: orbench-studio team WORKSPACE make NAME --overlap 2")
    for status in queues:
        _print_queue(status)
    for activity in people:
        write_line(_line(activity))
    if people:
        write_line("Labels that were imported do not count here.")


def _print_queue(status: "QueueStatus") -> None:
    queue, progress = status.queue, status.progress
    numbers = " / ".join(str(number) for number in range(len(progress.by_labels)))
    by_labels = f"{numbers} labels: {' / '.join(f'{prompts:,}' for prompts in progress.by_labels)}"
    write_line(
        f"{queue.name} ({queue.state}): {progress.finished:,} of {counted(progress.prompts, 'prompt')} complete, "
        f"overlap {queue.overlap}; prompts with {by_labels}"
    )
    annotators = "; ".join(map(format_member, queue.members)) or "everybody"
    write_line(
        f"  {queue.query or 'all prompts'} · {annotators} · assignments expire after {counted(queue.lease, 'minute')}, "
        f"{progress.assigned:,} assigned now"
    )
    if progress.disagreed:
        write_line(f"  {counted(progress.disagreed, 'disagreement')}, {progress.adjudicated:,} adjudicated")
    if progress.training:
        write_line(f"  {counted(progress.training, 'training prompt')}: {queue.training}")
    if progress.gold:
        write_line(f"  {counted(progress.gold, 'gold prompt')}")


def _line(activity: Activity) -> str:
    pace, found = activity.pace, activity.kappa
    speed = "labels per hour: too few labels"
    if activity.has_pace and pace.labels_per_hour and pace.median_seconds:
        speed = f"{pace.labels_per_hour:,.0f} labels per hour, median time {pace.median_seconds:.0f} s"
    last_seen = f"{activity.last_seen.astimezone():%Y-%m-%d %H:%M}" if activity.last_seen else "never"
    named = f"{activity.named.count:,} of {activity.named.n:,} named prompts labelled, " if activity.named.n else ""
    named += f"gold {activity.gold.words}, " if activity.gold.n else ""
    named += f"{activity.approved:,} approved, " if activity.approved else ""
    named += f"{activity.returned:,} sent back, " if activity.returned else ""
    kappa = "no kappa yet"
    if found.value is not None:
        interval = f" ({found.interval[0]:.2f} to {found.interval[1]:.2f})" if found.interval else ""
        kappa = f"kappa {found.value:.2f}{interval}, n {found.n:,}"
    return (
        f"{activity.annotator}: {counted(activity.labels, 'label')}, {speed}, {kappa}, "
        f"{activity.assigned:,} assigned now, {named}last seen {last_seen}"
    )


def _queue_as_json(status: "QueueStatus") -> dict[str, Any]:
    queue, progress = status.queue, status.progress
    return {
        "name": queue.name,
        "state": queue.state,
        "query": queue.query,
        "overlap": queue.overlap,
        "lease_minutes": queue.lease,
        "assignment": queue.assignment,
        "people": [{"name": m.annotator, "share": m.share, "categories": m.categories} for m in queue.members],
        "training": queue.training,
        "prompts": progress.prompts,
        "prompts_by_labels": progress.by_labels,
        "disagreed": progress.disagreed,
        "adjudicated": progress.adjudicated,
        "assigned": progress.assigned,
        "training_prompts": progress.training,
        "gold_prompts": progress.gold,
    }


def _activity_as_json(activity: Activity) -> dict[str, Any]:
    pace = activity.pace
    return {
        "name": activity.annotator,
        "labels": activity.labels,
        "labels_per_hour": pace.labels_per_hour,
        "median_seconds": pace.median_seconds,
        "hours": pace.hours,
        "agreement": activity.agreement,
        "kappa": activity.kappa,
        "self_consistency": activity.self_consistency,
        "training_accuracy": activity.training,
        "gold_accuracy": activity.gold,
        "assigned": activity.assigned,
        "approved": activity.approved,
        "sent_back": activity.returned,
        "named_prompts": activity.named.n,
        "named_prompts_labelled": activity.named.count,
        "last_seen": activity.last_seen,
    }
