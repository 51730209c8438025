"""The studio's own instruments as `orbench-studio judge` knows them: no vendor, no cost, no batch."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from orbench_studio.cli.steps import steps
from orbench_studio.cli.telling import complain, tell, tell_json

if TYPE_CHECKING:
    from orbench_studio.instruments.assessment import Instrument
    from orbench_studio.services.workspace import Workspace


class Own(StrEnum):
    """Which instrument."""

    RULES = "rules"
    LOCAL = "local"
    KEYWORDS = "keywords"


def meant(names: list[str]) -> Own | None:
    """The instrument that is asked for; None where language models are. They are not mixed: only those cost."""
    own = [name for name in names if name in tuple(Own)]
    if own and len(names) > 1:
        raise typer.BadParameter(f"{own[0]} is one of the studio's own: it stands alone, one at a time.")
    return Own(own[0]) if own else None


def judge_all(workspace: Path, by: Own, *, as_json: bool) -> None:
    """Judge every response that the instrument has not judged in its present version."""
    from orbench_studio.services import assessing
    from orbench_studio.services.workspace import open_workspace

    with open_workspace(workspace) as opened, steps("judging") as on_progress:
        done = assessing.judge(opened, _instrument(opened, by), on_progress=on_progress)
    if as_json:
        tell_json({"judge": done.judge, "version": done.version, "judged": done.judged})
    else:
        tell(done.changes.told)


def _instrument(workspace: "Workspace", by: Own) -> "Instrument":
    from orbench_studio.services import assessing

    if by is not Own.LOCAL:
        return assessing.rules(workspace) if by is Own.RULES else assessing.keywords()
    judge = assessing.retrained(workspace)
    if not judge.learned:
        complain(
            f"People have judged too little to learn from ({judge.examples} responses): it says what the rules say."
        )
    return judge
