"""Run a built-in judge from the command line: without a vendor, a cost or a batch."""

from typing import TYPE_CHECKING

import typer

from orbench_studio.cli.console import write_error
from orbench_studio.cli.progress import show_progress
from orbench_studio.services.judging.builtin_judges import BUILTIN_JUDGES

if TYPE_CHECKING:
    from orbench_studio.services.judging.run_judges import JudgingResult
    from orbench_studio.services.workspace.workspace import Workspace


def builtin_judge(names: list[str]) -> str | None:
    """The built-in judge among the names; None for language models. One run has one built-in judge only."""
    builtin = next((name for name in names if name in BUILTIN_JUDGES), None)
    if builtin is not None and len(names) > 1:
        raise typer.BadParameter(
            f"{builtin} is a built-in judge and cannot be combined with other judges. Run `judge` once per judge."
        )
    return builtin


def run_judge(workspace: "Workspace", name: str, batch_id: int | None = None) -> "JudgingResult":
    """Judge the responses of a batch, or all, that the built-in judge has not judged in its current version."""
    from orbench_studio.instruments.local_judge import LocalJudge
    from orbench_studio.services.judging import run_judges

    instrument = BUILTIN_JUDGES[name].create(workspace)
    if isinstance(instrument, LocalJudge) and not instrument.learned:
        write_error(
            f"Too few human answer classes to train the local judge ({instrument.examples}). "
            "It returns what the rules return."
        )
    with show_progress("judging") as on_progress:
        return run_judges.judge(workspace, instrument, batch_id=batch_id, on_progress=on_progress)
