"""The studio's own instruments as `orbench-studio judge` knows them: no vendor, no cost, no batch."""

from typing import TYPE_CHECKING

import typer

from orbench_studio.cli.console import write_error
from orbench_studio.cli.progress import show_progress
from orbench_studio.domain.core.judgement import BuiltinJudge

if TYPE_CHECKING:
    from orbench_studio.instruments.assessment import Instrument
    from orbench_studio.services.judging.run_judges import JudgingResult
    from orbench_studio.services.workspace.workspace import Workspace


def builtin_judge(names: list[str]) -> BuiltinJudge | None:
    """The instrument that is asked for; None where language models are. They are not mixed: only those cost."""
    own = [name for name in names if name in tuple(BuiltinJudge)]
    if own and len(names) > 1:
        raise typer.BadParameter(f"{own[0]} is one of the studio's own: it stands alone, one at a time.")
    return BuiltinJudge(own[0]) if own else None


def judge_all(workspace: "Workspace", by: BuiltinJudge) -> "JudgingResult":
    """Judge every response that the instrument has not judged in its present version."""
    from orbench_studio.services.judging import run_judges

    with show_progress("judging") as on_progress:
        return run_judges.judge(workspace, _instrument(workspace, by), on_progress=on_progress)


def _instrument(workspace: "Workspace", by: BuiltinJudge) -> "Instrument":
    from orbench_studio.services.judging import run_judges

    if by is not BuiltinJudge.LOCAL:
        return run_judges.rules(workspace) if by is BuiltinJudge.RULES else run_judges.keywords()
    judge = run_judges.retrained(workspace)
    if not judge.learned:
        write_error(
            f"People have judged too little to learn from ({judge.examples} responses): it says what the rules say."
        )
    return judge
