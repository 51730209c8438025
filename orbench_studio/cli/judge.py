"""`orbench-studio judge`: classify stored responses, with a built-in judge or with language models."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from orbench_studio.cli import builtin_judges, launch_batch, options
from orbench_studio.cli.console import write_json, write_line
from orbench_studio.cli.request_options import RequestOptions, takes_request_options
from orbench_studio.domain.evaluation.batch import CLASS_TOKENS, BatchSettings
from orbench_studio.domain.review.queue import QueueFilter
from orbench_studio.services.judging.builtin_judges import BUILTIN_JUDGES

_JUDGES = f"Built-in judge ({', '.join(BUILTIN_JUDGES)}) or a language model as {options.NAMES}"


@takes_request_options(max_tokens=CLASS_TOKENS)
def judge(
    workspace: options.Workspace,
    judge: Annotated[list[str], typer.Option("--judge", metavar="NAME", help=_JUDGES)],
    model: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only responses of this model. Repeatable.")
    ] = None,
    batch: Annotated[int | None, typer.Option(metavar="N", help="Only responses of this batch.")] = None,
    filter_by: options.Filter = None,
    template: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|PRESET",
            help="Prompt template with {case}, {prompt} and {response}, or a judge preset (see `judge-presets`).",
        ),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Include responses that have a judgement.")] = False,
    limit: options.Limit = None,
    *,
    sending: RequestOptions,
) -> None:
    """Assign an answer class to stored responses. Judge replies that cannot be parsed are recorded as "unparsed".

    Built-in judges are free: rules (patterns), local (a classifier trained on human labels) and keywords (OR-Bench's
    keyword lists). They judge all responses, or those of a batch or of a filter, that they have not judged yet.
    """
    wanted = options.parsed(filter_by)
    if builtin := builtin_judges.builtin_judge(judge):
        if model or template or again or limit is not None:
            raise typer.BadParameter(
                f"{builtin} is a built-in judge: --model, --template, --again and --limit are for language models."
            )
        _judge_builtin(workspace, builtin, batch, wanted or QueueFilter(), as_json=sending.as_json)
        return
    from orbench_studio.services.evaluation import judge_batches

    instructions = judge_batches.load_template(template)
    settings = sending.settings(judge, template=instructions.text)
    selection = {"models": model or (), "batch_id": batch, "template": instructions, "again": again, "limit": limit}
    _launch(workspace, judge, settings, wanted, selection, sending)


def _judge_builtin(workspace: Path, name: str, batch_id: int | None, wanted: QueueFilter, *, as_json: bool) -> None:
    with options.open_workspace(workspace) as opened:
        done = builtin_judges.run_judge(opened, name, batch_id, wanted.terms)
    if as_json:
        counts = {"judged": done.judged, "abstained": done.abstained, "not_judged": done.not_judged}
        write_json({"judge": done.judge, "version": done.version, **counts})
    else:
        write_line(done.changes.message)


def _launch(
    workspace: Path,
    judges: list[str],
    settings: BatchSettings,
    wanted: QueueFilter | None,
    selection: dict[str, Any],
    sending: RequestOptions,
) -> None:
    from orbench_studio.services.evaluation import batch_control, judge_batches
    from orbench_studio.services.evaluation.cost_estimate import estimate_judging
    from orbench_studio.services.evaluation.launcher import require_ready
    from orbench_studio.services.evaluation.prices import load_prices

    with options.open_workspace(workspace) as opened:
        prices = load_prices()
        selection["template"] = judge_batches.with_guidelines_of(opened, selection["template"])
        settings = replace(settings, template=selection["template"].text)
        batch_control.check(judges, settings, prices)
        require_ready(judges, settings)
        prompts = None if wanted is None else batch_control.select_prompts(opened, wanted=wanted)
        chosen = judge_batches.select_responses(opened, judges, prompt_ids=prompts, **selection)
        found = estimate_judging(opened, judges, [one.response_id for one in chosen], settings, prices)
        launch_batch.confirm(found, sending)
        batch = judge_batches.create(opened, judges, chosen, settings, prices=prices)
        launch_batch.launch(opened, batch, prices, as_json=sending.as_json)
