"""`orbench-studio check`: check the integrity of a workspace."""

from typing import Annotated

import typer

from orbench_studio.cli import options
from orbench_studio.cli.console import Exit, counted, write_json, write_line


def check(
    workspace: options.Workspace,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="First compute all derived values again, such as final labels."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: an object with a list of problems.")] = False,
) -> None:
    """Check the file, its schema, its references, every value, and all derived values.

    Nothing is changed without `--repair`, except that a workspace of an older version is migrated first. With it, no
    decision, vote or judgement is changed.
    """
    from orbench_studio.services.workspace import workspace as service

    problems = service.repair(workspace) if repair else service.problems_in(workspace)
    if as_json:
        write_json({"workspace": str(workspace), "problems": problems})
    elif problems:
        write_line(f"{workspace.name} has {counted(len(problems), 'problem')}:")
        for problem in problems:
            write_line(f"  {problem}")
    else:
        write_line(f"{workspace.name}: no problems found.")
    if problems:
        raise typer.Exit(Exit.PROBLEMS)
