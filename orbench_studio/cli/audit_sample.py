"""`orbench-studio audit-sample`: draw a random sample, and estimate rates of all prompts from its human labels."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbench_studio.cli import options
from orbench_studio.cli.console import write_json, write_line, write_table
from orbench_studio.domain.audit.estimate import Estimate, Estimates, HumanEvidence
from orbench_studio.domain.audit.refusal_rates import FINAL, Group
from orbench_studio.domain.audit.sample import AuditSample
from orbench_studio.domain.core.amounts import counted
from orbench_studio.domain.core.judgement import Refusals
from orbench_studio.domain.core.rates import percent, span
from orbench_studio.domain.review.query import QueryError, parse

if TYPE_CHECKING:
    from orbench_studio.services.workspace.workspace import Workspace


_COLUMNS = (
    "Machine rate: from machine labels only. Labels used: prompts of the sample that count for the estimate. To label: "
    "prompts of the sample without a human label. More labels: further ones, beyond those used. "
    "Without labels: categories without a label that counts."
)


class Action(StrEnum):
    """What to do with a sample."""

    LIST = "list"
    DRAW = "draw"
    ESTIMATE = "estimate"
    EXTEND = "extend"
    REMOVE = "remove"


_Size = Annotated[int, typer.Option(min=1, metavar="N", help="With draw: number of prompts.")]
_Seed = Annotated[
    int | None, typer.Option(min=0, metavar="N", help="With draw: random seed of the sample. Default: a new one.")
]
_Where = Annotated[str, typer.Option("--filter", metavar="QUERY", help="With draw: only prompts that match.")]
_Human = Annotated[
    HumanEvidence, typer.Option(help="Human data that the estimate uses: prompt labels, answer classes, or both.")
]
_Judge = Annotated[
    str, typer.Option(metavar="NAME", help="Judge whose answer classes are compared, with --human answers or both.")
]
_Toxic = Annotated[bool, typer.Option("--toxic", help="Estimate toxic acceptance, not over-refusal.")]
_AssumeSafe = Annotated[bool, typer.Option("--assume-safe", help="Count prompts without any label as safe.")]
_Margin = Annotated[
    float, typer.Option(min=0.001, max=0.5, help="Wanted half-width of the interval: 0.03 is ±3 points.")
]
_Model = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="With extend: the model; default: the one that needs most labels."),
]


def audit_sample(
    workspace: options.Workspace,
    action: Annotated[
        Action,
        typer.Argument(
            help="list samples; draw, extend or remove one; estimate rates from its labels. extend adds the prompts "
            "that the estimate still needs labels for."
        ),
    ],
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Name of the sample.")] = None,
    size: _Size = 200,
    seed: _Seed = None,
    where: _Where = "",
    human: _Human = HumanEvidence.LABELS,
    judge: _Judge = FINAL,
    toxic: _Toxic = False,
    assume_safe: _AssumeSafe = False,
    margin: _Margin = 0.03,
    refusals: options.Refusals = Refusals.ALL,
    model: _Model = None,
    as_json: options.Json = False,
) -> None:
    """Draw a random sample stratified by category, and estimate the rates of every model from its human labels.

    Label the sample in the window: the query sample:NAME opens it in its random order, so that a partly labelled sample
    is a smaller random sample. The estimate combines machine labels of all prompts with human labels of the sample.
    """
    from orbench_studio.services.audit import ppi_estimates, sampling
    from orbench_studio.services.audit.audit_counts import read

    if action is not Action.LIST and name is None:
        raise typer.BadParameter("Name the sample.", param_hint="NAME")
    with options.open_workspace(workspace) as opened:
        if action is Action.LIST or name is None:
            _write_samples(sampling.all_samples(opened), as_json=as_json)
        elif action is Action.DRAW:
            _write_samples([_draw(opened, name, size, where, seed)], as_json=as_json)
        elif action is Action.REMOVE:
            sampling.remove(opened, name)
            _write_samples(sampling.all_samples(opened), as_json=as_json)
        else:
            choices: dict[str, Any] = {"human": human, "judge": judge, "assume_safe": assume_safe, "margin": margin}
            choices["refusals"] = refusals
            group = Group.TOXIC if toxic else Group.SAFE
            found = ppi_estimates.estimates(opened, read(opened), name, group=group, **choices)
            if action is Action.EXTEND:
                _write_samples([_extend(opened, found, model)], as_json=as_json)
            else:
                _write_estimates(found, as_json=as_json)


def _extend(opened: "Workspace", found: Estimates, model: str | None) -> AuditSample:
    from orbench_studio.services.audit import ppi_estimates

    overall = [cell for cell in found.cells if cell.category is None]
    if model is not None and model not in {cell.model for cell in overall}:
        raise typer.BadParameter(f"This workspace has no responses of {model!r}. Check the name.", param_hint="--model")
    if not overall:
        return found.sample
    chosen = model or max(overall, key=lambda cell: cell.total_needed).model
    return ppi_estimates.labels_needed_in_queue(opened, found, chosen)[0]


def _draw(opened: "Workspace", name: str, size: int, where: str, seed: int | None) -> AuditSample:
    from orbench_studio.services.audit import sampling

    try:
        wanted = parse(where)
    except QueryError as error:
        raise typer.BadParameter(str(error), param_hint="--filter") from error
    return sampling.draw(opened, name, size, wanted=wanted, seed=seed)


def _write_samples(samples: Sequence[AuditSample], *, as_json: bool) -> None:
    if as_json:
        write_json({"samples": [_sample(one) for one in samples]})
        return
    if not samples:
        write_line("This workspace has no audit samples.")
    for one in samples:
        matching = f" that match {one.query}" if one.query else ""
        write_line(f"{one.name}: {counted(one.drawn, 'prompt')} of {one.size:,}{matching}, seed {one.seed}")
        strata = [(s.category, s.drawn, s.size, f"{s.inclusion:.4f}") for s in one.strata]
        write_table(("category", "drawn", "of", "probability"), strata, indent=2)


def _write_estimates(found: Estimates, *, as_json: bool) -> None:
    if as_json:
        write_json(_estimates(found))
        return
    needed = f"more labels for ±{100 * found.margin:g} points"
    header = ("model", "estimate", "95 % interval", "machine rate", "labels used", "to label", needed, "without labels")
    write_table(header, [_row(cell) for cell in found.cells])
    write_line("", _COLUMNS, found.method)


def _row(cell: Estimate) -> tuple[object, ...]:
    return (
        cell.model if cell.category is None else f"  {cell.category}",
        percent(cell.value, tenths=True),
        span(cell.finite_interval, " to ", tenths=True),
        percent(cell.machine, tenths=True),
        cell.labels,
        cell.waiting,
        cell.total_needed,
        ", ".join(cell.unlabelled) if cell.category is None else "",
    )


def _sample(one: AuditSample) -> dict[str, Any]:
    strata = [
        {"category": s.category, "size": s.size, "drawn": s.drawn, "inclusion_probability": s.inclusion}
        for s in one.strata
    ]
    drawn = {"drawn": one.drawn, "size": one.size, "created_at": one.created_at}
    return {"name": one.name, "seed": one.seed, "query": one.query, **drawn, "strata": strata}


def _estimates(found: Estimates) -> dict[str, Any]:
    return {
        "sample": _sample(found.sample),
        "human": found.human,
        "rate": "toxic_acceptance" if found.group is Group.TOXIC else "over_refusal",
        "machine": found.machine,
        "margin": found.margin,
        "method": found.method,
        "estimates": [_estimate(cell) for cell in found.cells],
    }


def _estimate(cell: Estimate) -> dict[str, Any]:
    return {
        "model": cell.model,
        "category": cell.category,
        "value": cell.value,
        "interval_of_these_prompts": cell.finite_interval,
        "interval_of_prompts_like_these": cell.superpopulation_interval,
        "machine": cell.machine,
        "sample_alone": cell.sample,
        "labels": cell.labels,
        "waiting": cell.waiting,
        "labelled_after_waiting": cell.after_waiting,
        "prompts": cell.prompts,
        "labels_needed": cell.needed,
        "unlabelled": cell.unlabelled,
    }
