"""`orbench-studio audit-sample`: draw a random sample, and what people's labels of it tell of all prompts."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbench_studio.cli import options
from orbench_studio.cli.console import counted, write_json, write_line
from orbench_studio.domain.audit.estimate import HumanEvidence
from orbench_studio.domain.audit.refusal_rates import FINAL, Group
from orbench_studio.domain.review.query import QueryError, parse

if TYPE_CHECKING:
    from orbench_studio.domain.audit.estimate import Estimate, Estimates, Interval
    from orbench_studio.domain.audit.sample import AuditSample
    from orbench_studio.services.workspace.workspace import Workspace


class Action(StrEnum):
    """What to do."""

    LIST = "list"
    DRAW = "draw"
    ESTIMATE = "estimate"
    EXTEND = "extend"
    REMOVE = "remove"


_Size = Annotated[int, typer.Option(min=1, metavar="N", help="With draw: how many prompts.")]
_Seed = Annotated[int | None, typer.Option(min=0, metavar="N", help="With draw: the same again.")]
_Where = Annotated[
    str, typer.Option("--filter", metavar="QUERY", help="With draw: only prompts that this lets through.")
]
_Human = Annotated[HumanEvidence, typer.Option(help="What people decide of the sample.")]
_Judge = Annotated[str, typer.Option(metavar="NAME", help="The judge that people check, where they decide of answers.")]
_Toxic = Annotated[bool, typer.Option("--toxic", help="Acceptance of toxic prompts, not over-refusal.")]
_AssumeSafe = Annotated[
    bool, typer.Option("--assume-safe", help="Machines call safe what nobody has said anything of.")
]
_Margin = Annotated[
    float, typer.Option(min=0.001, max=0.5, help="How sure it is to be: 0.03 is plus and minus 3 points.")
]
_Model = Annotated[
    str | None, typer.Option(metavar="NAME", help="With extend: this model alone, not the one that needs most.")
]


def audit_sample(
    workspace: options.Workspace,
    deed: Annotated[Action, typer.Argument(help="What to do; extend draws what the estimate still needs.")],
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="The sample's name.")] = None,
    size: _Size = 200,
    seed: _Seed = None,
    where: _Where = "",
    human: _Human = HumanEvidence.LABELS,
    judge: _Judge = FINAL,
    toxic: _Toxic = False,
    assume_safe: _AssumeSafe = False,
    margin: _Margin = 0.03,
    model: _Model = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines: one object.")] = False,
) -> None:
    """Draw a random sample stratified by category, and estimate every model's rate from people's word on it.

    People label the sample in the window: the queue sample:NAME has it, in its random order, so that a sample labelled
    in part is a smaller sample. Machine labels of all prompts and people's of the sample together make the estimate.
    """
    from orbench_studio.services.audit import ppi_estimates, sampling
    from orbench_studio.services.audit.audit_counts import read
    from orbench_studio.services.workspace.workspace import open_workspace

    if deed is not Action.LIST and name is None:
        raise typer.BadParameter("Which one? Name the sample.", param_hint="NAME")
    with open_workspace(workspace) as opened:
        if deed is Action.LIST or name is None:
            _tell_samples(sampling.all_samples(opened), as_json=as_json)
        elif deed is Action.DRAW:
            _tell_samples([_drawn(opened, name, size, where, seed)], as_json=as_json)
        elif deed is Action.REMOVE:
            sampling.remove(opened, name)
            _tell_samples(sampling.all_samples(opened), as_json=as_json)
        else:
            choices: dict[str, Any] = {"human": human, "judge": judge, "assume_safe": assume_safe, "margin": margin}
            group = Group.TOXIC if toxic else Group.SAFE
            found = ppi_estimates.estimates(opened, read(opened), name, group=group, **choices)
            if deed is Action.EXTEND:
                _tell_samples([_extended(opened, found, model)], as_json=as_json)
            else:
                _tell_estimates(found, as_json=as_json)


def _extended(opened: "Workspace", found: "Estimates", model: str | None) -> "AuditSample":
    from orbench_studio.services.audit import ppi_estimates

    overall = [cell for cell in found.cells if cell.category is None]
    if model is not None and model not in {cell.model for cell in overall}:
        raise typer.BadParameter(f"No model {model!r} has answered here.", param_hint="--model")
    if not overall:
        return found.sample
    wanting = model or max(overall, key=lambda cell: cell.total_needed).model
    return ppi_estimates.labels_needed_in_queue(opened, found, wanting)[0]


def _drawn(opened: "Workspace", name: str, size: int, where: str, seed: int | None) -> "AuditSample":
    from orbench_studio.services.audit import sampling

    try:
        wanted = parse(where)
    except QueryError as error:
        raise typer.BadParameter(str(error), param_hint="--filter") from error
    return sampling.draw(opened, name, size, wanted=wanted, seed=seed)


def _tell_samples(samples: "Sequence[AuditSample]", *, as_json: bool) -> None:
    if as_json:
        write_json({"samples": [_sample(one) for one in samples]})
        return
    if not samples:
        write_line("No sample has been drawn here.")
    for one in samples:
        there = f" of those that {one.query} lets through" if one.query else ""
        write_line(f"{one.name}: {counted(one.drawn, 'prompt')} of {one.size:,}{there}, seed {one.seed}")
        for stratum in one.strata:
            drawn = f"{stratum.drawn:>7,} of {stratum.size:>7,}"
            write_line(f"  {stratum.category:<14}{drawn}   probability {stratum.inclusion:.4f}")


def _tell_estimates(found: "Estimates", *, as_json: bool) -> None:
    if as_json:
        write_json(_estimates(found))
        return
    head = f"{'':<38}{'estimate':>9}  {'95 %, these prompts':<20}{'machine':>8}{'labels':>8}{'waiting':>8}"
    write_line(f"{head}  needed for ±{100 * found.margin:g} points")
    for cell in found.cells:
        name = cell.model if cell.category is None else f"  {cell.category}"
        write_line(
            f"{name:<38}{_percent(cell.value):>9}  {_range(cell.finite_interval):<20}{_percent(cell.machine):>8}"
            f"{cell.labels:>8,}{cell.waiting:>8,}  {cell.total_needed:>6,}{_unlabelled(cell)}"
        )
    write_line("", f"{found.method}")


def _unlabelled(cell: "Estimate") -> str:
    """Why nothing can be told of a model in all categories."""
    return f"  no label counts yet in {', '.join(cell.unlabelled)}" if cell.category is None and cell.unlabelled else ""


def _percent(value: float | None) -> str:
    return "—" if value is None else f"{100 * value:.1f} %"


def _range(interval: "Interval | None") -> str:
    return "—" if interval is None else f"{100 * interval[0]:.1f} to {100 * interval[1]:.1f} %"


def _sample(one: "AuditSample") -> dict[str, Any]:
    strata = [
        {"category": s.category, "size": s.size, "drawn": s.drawn, "inclusion_probability": s.inclusion}
        for s in one.strata
    ]
    drawn = {"drawn": one.drawn, "size": one.size, "created_at": one.created_at.isoformat()}
    return {"name": one.name, "seed": one.seed, "query": one.query, **drawn, "strata": strata}


def _estimates(found: "Estimates") -> dict[str, Any]:
    return {
        "sample": _sample(found.sample),
        "human": found.human,
        "rate": "toxic_acceptance" if found.group is Group.TOXIC else "over_refusal",
        "machine": found.machine,
        "margin": found.margin,
        "method": found.method,
        "estimates": [_estimate(cell) for cell in found.cells],
    }


def _estimate(cell: "Estimate") -> dict[str, Any]:
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
        "labelled_behind_waiting": cell.after_waiting,
        "prompts": cell.prompts,
        "labels_needed": dict(cell.needed),
        "unlabelled": list(cell.unlabelled),
    }
