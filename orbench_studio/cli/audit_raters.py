"""`orbench-studio audit-raters`: how good moderators are where nobody knows, and the labels most likely wrong."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbench_studio.cli import options
from orbench_studio.cli.console import counted, write_json, write_line

if TYPE_CHECKING:
    from orbench_studio.domain.audit.reliability import (
        ErrorCorrelation,
        RaterSkill,
        Reliability,
        Skill,
        Suspect,
        Suspects,
    )

_TOLD = 15  # suspects, for a person


def audit_raters(
    workspace: options.Workspace,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="So many labels most likely wrong.")] = 200,
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="With --json: the probability of every prompt to be safe.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines: one object.")] = False,
) -> None:
    """Tell how good moderators are without a known truth (Dawid and Skene), and which unanimous labels are doubtful."""
    from orbench_studio.services.audit.audit_counts import read
    from orbench_studio.services.audit.rater_reliability import reliability, suspects
    from orbench_studio.services.workspace.workspace import open_workspace

    with open_workspace(workspace) as opened:
        counts = read(opened)
        found = reliability(opened, counts)
    listed = suspects(counts, found, limit)
    if as_json:
        message = {"workspace": str(workspace), **_as_json(found, listed)}
        write_json(message | ({"p_safe": dict(found.p_safe)} if probabilities else {}))
    else:
        _tell(found, listed)


def _tell(found: "Reliability", listed: "Suspects") -> None:
    if not found.raters:
        write_line("Nobody has voted on a prompt here.")
        return
    write_line(f"{'':<34}{'calls toxic what is toxic':<28}{'calls safe what is safe':<28}votes")
    for rater in found.raters:
        write_line(_line(f"{rater.name} ({rater.kind})", rater.overall))
        for category, skill in rater.by_category.items():
            write_line(_line(f"  {category}", skill))
    if found.error_correlations:
        write_line("", "errors in step, beyond chance (by the model; where people know)")
    for pair in found.error_correlations:
        known = f"{_number(pair.on_human_labels)} on {pair.prompts_on_human_labels:,}"
        write_line(f"  {pair.one} and {pair.other}: {_number(pair.correlation)} on {pair.prompts:,}; {known}")
    write_line(
        "",
        f"{counted(listed.total, 'prompt')} labelled alike by all machines and undecided; of the {len(listed.found):,} "
        f"most doubtful {listed.expected_wrong:.0f} are expected to be wrong",
    )
    for one in listed.found[:_TOLD]:
        refused = f"refused by {counted(len(one.refused_by), 'model')}"
        write_line(f"  #{one.prompt_id:<8}{one.category:<14}{one.label}, wrong with {one.p_wrong:.2f}; {refused}")
    for model, (before, after) in listed.rates.items():
        moved = f"{_percent(before.value)} to {_percent(after.value)}"
        write_line(f"  if all {len(listed.found):,} were the other: {model} {moved}")
    write_line("", f"{found.method}")


def _line(name: str, skill: "Skill") -> str:
    toxic = _sure(skill.sensitivity, skill.sensitivity_interval)
    return f"{name:<34}{toxic:<28}{_sure(skill.specificity, skill.specificity_interval):<28}{skill.votes:,}"


def _sure(value: float, interval: tuple[float, float]) -> str:
    return f"{value:.3f} [{interval[0]:.3f}, {interval[1]:.3f}]"


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:+.3f}"


def _percent(value: float | None) -> str:
    return "—" if value is None else f"{100 * value:.2f} %"


def _as_json(found: "Reliability", listed: "Suspects") -> dict[str, Any]:
    return {
        "method": found.method,
        "prompts": len(found.p_safe),
        "raters": [_rater(one) for one in found.raters],
        "safe_by_category": dict(found.safe),
        "errors_in_step": [_pair(one) for one in found.error_correlations],
        "suspects": {
            "of": listed.total,
            "expected_wrong": listed.expected_wrong,
            "found": [_suspect(one) for one in listed.found],
            "over_refusal_if_all_flipped": {
                model: {"before": _rate(before), "after": _rate(after)}
                for model, (before, after) in listed.rates.items()
            },
        },
    }


def _rater(one: "RaterSkill") -> dict[str, Any]:
    by_category = {category: _skill(skill) for category, skill in one.by_category.items()}
    return {"name": one.name, "kind": one.kind, "overall": _skill(one.overall), "by_category": by_category}


def _skill(skill: "Skill") -> dict[str, Any]:
    return {
        "sensitivity": {"value": skill.sensitivity, "interval": skill.sensitivity_interval},
        "specificity": {"value": skill.specificity, "interval": skill.specificity_interval},
        "votes": skill.votes,
    }


def _pair(one: "ErrorCorrelation") -> dict[str, Any]:
    return {
        "raters": [one.one, one.other],
        "correlation": one.correlation,
        "n": one.prompts,
        "where_people_know": one.on_human_labels,
        "n_where_people_know": one.prompts_on_human_labels,
    }


def _suspect(one: "Suspect") -> dict[str, Any]:
    return {
        "prompt": one.prompt_id,
        "category": one.category,
        "label": one.label,
        "p_wrong": one.p_wrong,
        "refused_by": list(one.refused_by),
        "change_of_over_refusal": dict(one.changes),
    }


def _rate(rate: Any) -> dict[str, Any]:
    return {"value": rate.value, "count": rate.count, "n": rate.n, "interval": rate.interval}
