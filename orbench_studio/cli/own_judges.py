"""The studio's own instruments as `orbench-studio judge` knows them: no vendor, no cost, no batch."""

from typing import TYPE_CHECKING

import typer

from orbench_studio.cli.steps import steps
from orbench_studio.cli.telling import complain
from orbench_studio.domain.judgement import OwnJudge

if TYPE_CHECKING:
    from orbench_studio.instruments.assessment import Instrument
    from orbench_studio.services.assessing import Judging
    from orbench_studio.services.workspace import Workspace


def meant(names: list[str]) -> OwnJudge | None:
    """The instrument that is asked for; None where language models are. They are not mixed: only those cost."""
    own = [name for name in names if name in tuple(OwnJudge)]
    if own and len(names) > 1:
        raise typer.BadParameter(f"{own[0]} is one of the studio's own: it stands alone, one at a time.")
    return OwnJudge(own[0]) if own else None


def judge_all(workspace: "Workspace", by: OwnJudge) -> "Judging":
    """Judge every response that the instrument has not judged in its present version."""
    from orbench_studio.services import assessing

    with steps("judging") as on_progress:
        return assessing.judge(workspace, _instrument(workspace, by), on_progress=on_progress)


def _instrument(workspace: "Workspace", by: OwnJudge) -> "Instrument":
    from orbench_studio.services import assessing

    if by is not OwnJudge.LOCAL:
        return assessing.rules(workspace) if by is OwnJudge.RULES else assessing.keywords()
    judge = assessing.retrained(workspace)
    if not judge.learned:
        complain(
            f"People have judged too little to learn from ({judge.examples} responses): it says what the rules say."
        )
    return judge
