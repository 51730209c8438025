"""`orbench-studio check`: whether a workspace is whole."""

from typing import Annotated

import typer

from orbench_studio.cli import options
from orbench_studio.cli.console import Exit, counted, write_json, write_line


def check(
    workspace: options.Workspace,
    as_json: Annotated[bool, typer.Option("--json", help="For machines: an object with the list of problems.")] = False,
) -> None:
    """Look for damage: of the file, its tables and triggers, its references, each value, what follows from them.

    Changes nothing, but that a workspace of an older format is brought to this one, as whenever it is opened.
    """
    from orbench_studio.services.workspace.workspace import problems_in

    problems = problems_in(workspace)
    if as_json:
        write_json({"workspace": str(workspace), "problems": problems})
    elif problems:
        write_line(f"{workspace.name} has {counted(len(problems), 'problem')}:")
        for problem in problems:
            write_line(f"  {problem}")
    else:
        write_line(f"{workspace.name} is whole.")
    if problems:
        raise typer.Exit(Exit.PROBLEMS)
