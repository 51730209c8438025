"""`orbench-studio judge`: the studio's instruments over the responses of a workspace."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orbench_studio.cli.steps import steps
from orbench_studio.cli.telling import complain, tell, tell_json

if TYPE_CHECKING:
    from orbench_studio.instruments.assessment import Instrument
    from orbench_studio.services.workspace import Workspace


class By(StrEnum):
    """Which instrument."""

    RULES = "rules"
    LOCAL = "local"
    KEYWORDS = "keywords"


def judge(
    workspace: Annotated[Path, typer.Argument(help="The workspace.")],
    by: Annotated[
        By,
        typer.Option(
            help="The rules, the local judge as it learns from people's decisions now, or OR-Bench's keywords."
        ),
    ] = By.RULES,
    as_json: Annotated[bool, typer.Option("--json", help="For machines: an object.")] = False,
) -> None:
    """Judge every response that the instrument has not judged yet. What people and other judges say stays as it is."""
    from orbench_studio.services import assessing
    from orbench_studio.services.workspace import open_workspace

    with open_workspace(workspace) as opened, steps("judging") as on_progress:
        done = assessing.judge(opened, _instrument(opened, by), on_progress=on_progress)
    if as_json:
        tell_json({"judge": done.judge, "version": done.version, "judged": done.judged})
    else:
        tell(done.changes.told)


def _instrument(workspace: "Workspace", by: By) -> "Instrument":
    from orbench_studio.services import assessing

    if by is not By.LOCAL:
        return assessing.rules() if by is By.RULES else assessing.keywords()
    judge = assessing.retrained(workspace)
    if not judge.learned:
        complain(
            f"People have judged too little to learn from ({judge.examples} responses): it says what the rules say."
        )
    return judge
