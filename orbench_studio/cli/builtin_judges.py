"""The studio's own instruments as `orbench-studio judge` knows them: no vendor, no cost, no batch."""

from typing import TYPE_CHECKING

import typer

from orbench_studio.cli.console import complain
from orbench_studio.cli.progress import steps
from orbench_studio.domain.core.judgement import OwnJudge

if TYPE_CHECKING:
    from orbench_studio.instruments.assessment import Instrument
    from orbench_studio.services.judging.run_judges import Judging
    from orbench_studio.services.workspace.workspace import Workspace


def meant(names: list[str]) -> OwnJudge | None:
    """The instrument that is asked for; None where language models are. They are not mixed: only those cost."""
    own = [name for name in names if name in tuple(OwnJudge)]
    if own and len(names) > 1:
        raise typer.BadParameter(f"{own[0]} is one of the studio's own: it stands alone, one at a time.")
    return OwnJudge(own[0]) if own else None


def judge_all(workspace: "Workspace", by: OwnJudge) -> "Judging":
    """Judge every response that the instrument has not judged in its present version."""
    from orbench_studio.services.judging import run_judges

    with steps("judging") as on_progress:
        return run_judges.judge(workspace, _instrument(workspace, by), on_progress=on_progress)


def _instrument(workspace: "Workspace", by: OwnJudge) -> "Instrument":
    from orbench_studio.services.judging import run_judges

    if by is not OwnJudge.LOCAL:
        return run_judges.rules(workspace) if by is OwnJudge.RULES else run_judges.keywords()
    judge = run_judges.retrained(workspace)
    if not judge.learned:
        complain(
            f"People have judged too little to learn from ({judge.examples} responses): it says what the rules say."
        )
    return judge
