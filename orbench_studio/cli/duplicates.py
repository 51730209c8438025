"""`orbench-studio duplicates`: prompts that are nearly the same."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbench_studio.cli import options
from orbench_studio.cli.console import counted, write_json, write_line
from orbench_studio.cli.progress import show_progress

if TYPE_CHECKING:
    from orbench_studio.domain.curation.near_duplicates import Grouping

_TOLD = 10  # groups, for a person
_EXCERPT = 110  # characters


def duplicates(
    workspace: options.Workspace,
    threshold: Annotated[
        float, typer.Option(min=0.5, max=0.95, help="Share of runs of four characters that two prompts have in common.")
    ] = 0.6,
    as_json: Annotated[bool, typer.Option("--json", help="For machines: every group.")] = False,
) -> None:
    """Find the prompts that are nearly the same, by their letters, and keep their groups in the workspace.

    Those found before are replaced. Afterwards the queue knows has:duplicates and group:NUMBER, and a recipe can take
    at most so many of a group. All prompts of a group are at least as alike as the threshold to its first.
    """
    from orbench_studio.services.curation import near_duplicates as service
    from orbench_studio.services.workspace.workspace import open_workspace

    with open_workspace(workspace) as opened:
        with show_progress("comparing prompts") as on_progress:
            found = service.find_duplicates(opened, threshold, on_progress)
        groups = service.groups(opened)
        shown = groups if as_json else groups[:_TOLD]
        members = {group_id: service.members(opened, group_id) for group_id, _ in shown}
    if as_json:
        listed = [
            {"group": group_id, "prompts": [{"id": m.row.prompt_id, "similarity": m.similarity} for m in of]}
            for group_id, of in members.items()
        ]
        write_json({"workspace": str(workspace), **_as_json(found), "list": listed})
        return
    write_line(
        f"{counted(found.compared, 'prompt')} compared at {found.threshold:g}: {counted(found.prompts, 'prompt')} "
        f"in {counted(found.groups, 'group')} of near duplicates"
    )
    for group_id, of in members.items():
        write_line("", f"group {group_id}")
        for m in of[:_TOLD]:
            text = " ".join(m.text.split())
            write_line(
                f"  {m.similarity:4.2f}  #{m.row.prompt_id:<6} {text[:_EXCERPT]}{'…' if len(text) > _EXCERPT else ''}"
            )
    if len(groups) > _TOLD:
        write_line("", f"… and {counted(len(groups) - _TOLD, 'more group')}; in the window: has:duplicates")


def _as_json(found: "Grouping") -> dict[str, Any]:
    return {
        "method": found.method,
        "threshold": found.threshold,
        "compared": found.compared,
        "groups": found.groups,
        "prompts": found.prompts,
    }
