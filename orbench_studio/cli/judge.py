"""`orbench-studio judge`: stored responses judged, by the studio's own instruments or by language models."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbench_studio.cli import builtin_judges, launch_batch, options
from orbench_studio.cli.console import write_json, write_line
from orbench_studio.cli.request_options import RequestOptions, takes_request_options
from orbench_studio.domain.evaluation.batch import CLASS_TOKENS

if TYPE_CHECKING:
    from orbench_studio.domain.core.judgement import BuiltinJudge
    from orbench_studio.domain.evaluation.batch import BatchSettings

_JUDGES = f"rules, local, keywords; or a language model: {options.NAMES}"


@takes_request_options(max_tokens=CLASS_TOKENS)
def judge(
    workspace: options.Workspace,
    judge: Annotated[list[str], typer.Option("--judge", metavar="NAME", help=_JUDGES)],
    model: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only the responses of this model; repeat.")
    ] = None,
    batch: Annotated[int | None, typer.Option(metavar="N", help="Only the responses of this batch.")] = None,
    template: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Other instructions, with {case}, {prompt} and {response}.")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Also what it has judged already.")] = False,
    limit: options.Limit = None,
    *,
    sending: RequestOptions,
) -> None:
    """Judge responses that are there; nothing is generated again. What a judge says unreadably is unparsed.

    The studio's own instruments (rules; local, which learns from people's decisions; keywords, OR-Bench's lists) judge
    everything they have not judged yet, with no vendor and at no cost.
    """
    if own := builtin_judges.builtin_judge(judge):
        _judge_here(workspace, own, as_json=sending.as_json)
        return
    from orbench_studio.services.evaluation import judge_batches

    instructions = judge_batches.load_template(template)
    settings = sending.settings(judge, template=instructions.text)
    which = {"models": model or (), "batch_id": batch, "template": instructions, "again": again, "limit": limit}
    _put_to_models(workspace, judge, settings, which, sending)


def _judge_here(workspace: Path, by: "BuiltinJudge", *, as_json: bool) -> None:
    from orbench_studio.services.workspace.workspace import open_workspace

    with open_workspace(workspace) as opened:
        done = builtin_judges.judge_all(opened, by)
    if as_json:
        write_json({"judge": done.judge, "version": done.version, "judged": done.judged})
    else:
        write_line(done.changes.message)


def _put_to_models(
    workspace: Path, judges: list[str], settings: "BatchSettings", which: dict[str, Any], sending: RequestOptions
) -> None:
    from orbench_studio.services.evaluation import batch_control, judge_batches
    from orbench_studio.services.evaluation.cost_estimate import estimate_judging
    from orbench_studio.services.evaluation.launcher import require_ready
    from orbench_studio.services.evaluation.prices import load_prices
    from orbench_studio.services.workspace.workspace import open_workspace

    with open_workspace(workspace) as opened:
        prices = load_prices()
        batch_control.check(judges, settings, prices)
        require_ready(judges, settings)
        chosen = judge_batches.select_responses(opened, judges, **which)
        found = estimate_judging(opened, judges, [one.response_id for one in chosen], settings, prices)
        launch_batch.confirm(found, sending)
        batch = judge_batches.create(opened, judges, chosen, settings, prices=prices)
        launch_batch.launch(opened, batch, prices, as_json=sending.as_json)
