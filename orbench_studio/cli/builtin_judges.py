"""Run a built-in judge from the command line: without a vendor, a cost or a batch."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from orbench_studio.cli.console import show_progress, write_error
from orbench_studio.domain.review.queue import Term
from orbench_studio.services.judging.builtin_judges import BUILTIN_JUDGES, single_builtin, training_warning

if TYPE_CHECKING:
    from orbench_studio.services.judging.run_judges import JudgingResult
    from orbench_studio.services.workspace.workspace import Workspace


def builtin_judge(names: list[str]) -> str | None:
    """The built-in judge among the names, as `single_builtin`; BadParameter if it is combined with others."""
    try:
        return single_builtin(names)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def run_judge(
    workspace: "Workspace", name: str, batch_id: int | None = None, terms: Sequence[Term] = ()
) -> "JudgingResult":
    """Judge the responses, of a batch or a filter or all, that the built-in judge has not judged in this version."""
    from orbench_studio.services.judging import run_judges

    instrument = BUILTIN_JUDGES[name].create(workspace)
    if warning := training_warning(instrument):
        write_error(warning)
    with show_progress("judging") as on_progress:
        return run_judges.judge(workspace, instrument, batch_id=batch_id, terms=terms, on_progress=on_progress)
