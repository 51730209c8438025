"""`orbench-studio duplicates`: find near duplicates."""

from typing import Annotated, Any

import typer

from orbench_studio.cli import options
from orbench_studio.cli.console import EXCERPT, show_progress, write_json, write_line, write_table
from orbench_studio.domain.core.amounts import counted, excerpt
from orbench_studio.domain.curation.near_duplicates import Grouping

_LISTED = 10  # groups, and prompts of each, without --json


def duplicates(
    workspace: options.Workspace,
    threshold: Annotated[
        float, typer.Option(min=0.5, max=0.95, help="Minimum similarity: the share of character 4-grams in common.")
    ] = 0.6,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with every group.")] = False,
) -> None:
    """Find near duplicates by wording and save their groups in the workspace.

    Replaces the groups of an earlier search. Queries find the prompts with has:duplicates and group:NUMBER, and
    recipes can limit the prompts per group. Every prompt has at least the minimum similarity to the first prompt of its
    group.
    """
    from orbench_studio.services.curation import near_duplicates as service

    with options.open_workspace(workspace) as opened:
        with show_progress("comparing prompts") as on_progress:
            found = service.find_duplicates(opened, threshold, on_progress)
        groups = service.groups(opened)
        shown = groups if as_json else groups[:_LISTED]
        members = {group_id: service.members(opened, group_id) for group_id, _ in shown}
    if as_json:
        listed = [
            {"group": group_id, "prompts": [{"id": m.row.prompt_id, "similarity": m.similarity} for m in of]}
            for group_id, of in members.items()
        ]
        write_json({"workspace": str(workspace), **_as_json(found), "list": listed})
        return
    write_line(
        f"{counted(found.compared, 'prompt')} compared at similarity {found.threshold:g}: "
        f"{counted(found.prompts, 'prompt')} in {counted(found.groups, 'group')} of near duplicates"
    )
    for group_id, of in members.items():
        write_line("", f"Group {group_id}")
        rows = [(f"{m.similarity:.2f}", f"#{m.row.prompt_id}", excerpt(m.text, EXCERPT)) for m in of[:_LISTED]]
        write_table(("similarity", "prompt", "text"), rows, indent=2)
    if len(groups) > _LISTED:
        write_line("", f"… {counted(len(groups) - _LISTED, 'more group')}; use --json to list all")


def _as_json(found: Grouping) -> dict[str, Any]:
    return {
        "method": found.method,
        "threshold": found.threshold,
        "compared": found.compared,
        "groups": found.groups,
        "prompts": found.prompts,
    }
