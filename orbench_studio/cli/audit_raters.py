"""`orbench-studio audit-raters`: reliability of moderators without known labels, and the labels most likely wrong."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from orbench_studio.cli import options
from orbench_studio.cli.console import write_json, write_line, write_table
from orbench_studio.domain.audit.reliability import ErrorCorrelation, RaterSkill, Reliability, Skill, Suspect, Suspects
from orbench_studio.domain.core.amounts import counted
from orbench_studio.domain.core.rates import NO_VALUE, percent, with_interval

_SHOWN = 15  # doubtful labels in the text output


def audit_raters(
    workspace: options.Workspace,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="Number of labels most likely wrong to list.")] = 200,
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="With --json: add the probability of safe for every prompt.")
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Estimate the reliability of moderators (Dawid-Skene), and list unanimous labels that are most likely wrong."""
    from orbench_studio.services.audit.audit_counts import read
    from orbench_studio.services.audit.rater_reliability import reliability, suspects

    with options.open_workspace(workspace) as opened:
        counts = read(opened)
        found = reliability(opened, counts)
    listed = suspects(counts, found, limit)
    if as_json:
        result = {"workspace": str(workspace), **_as_json(found, listed)}
        write_json(result | ({"p_safe": found.p_safe} if probabilities else {}))
    else:
        _write_text(found, listed)


def _write_text(found: Reliability, listed: Suspects) -> None:
    if not found.raters:
        write_line("This workspace has no votes on prompts. Import or collect votes first.")
        return
    write_table(("rater", "sensitivity (toxic)", "specificity (safe)", "votes"), list(_rater_rows(found)))
    if found.error_correlations:
        write_line("", "Correlated errors, beyond chance")
        header = ("rater", "other rater", "correlation", "prompts", "on human labels", "prompts")
        pairs = [
            (one.one, one.other, _number(one.correlation, one.interval), one.prompts,
             _number(one.on_human_labels, one.interval_on_human_labels), one.prompts_on_human_labels)
            for one in found.error_correlations
        ]  # fmt: skip
        write_table(header, pairs, indent=2)
    write_line(
        "",
        f"{counted(listed.total, 'prompt')} with a unanimous machine label and no human label; of the "
        f"{len(listed.found):,} most doubtful, {listed.expected_wrong:.0f} are expected to be wrong",
    )
    doubtful = [
        (f"#{one.prompt_id}", one.category, one.label, f"{one.p_wrong:.2f}", counted(len(one.refused_by), "model"))
        for one in listed.found[:_SHOWN]
    ]
    write_table(("prompt", "category", "label", "P(wrong)", "refused by"), doubtful, indent=2)
    if listed.needs_review:
        title = f"Over-refusal if all {len(listed.found):,} labels were flipped (a limit, not an estimate)"
        write_line("", title)
        rates = [
            (model, percent(now.value, tenths=True), percent(flipped.value, tenths=True), f"{now.n:,}")
            for model, (now, flipped) in listed.rates.items()
        ]
        write_table(("model", "now", "flipped", "n"), rates, indent=2)
    write_line("", found.method)


def _rater_rows(found: Reliability) -> Iterator[tuple[object, ...]]:
    for rater in found.raters:
        yield f"{rater.name} ({rater.kind})", *_cells(rater.overall)
        for category, skill in rater.by_category.items():
            yield f"  {category}", *_cells(skill)


def _cells(skill: Skill) -> tuple[str, str, int]:
    sensitivity = with_interval(skill.sensitivity, skill.sensitivity_interval)
    return sensitivity, with_interval(skill.specificity, skill.specificity_interval), skill.votes


def _number(value: float | None, interval: tuple[float, float] | None) -> str:
    if value is None or interval is None:
        return NO_VALUE
    return f"{value:+.2f} ({interval[0]:+.2f} to {interval[1]:+.2f})"


def _as_json(found: Reliability, listed: Suspects) -> dict[str, Any]:
    return {
        "method": found.method,
        "prompts": len(found.p_safe),
        "raters": [_rater(one) for one in found.raters],
        "safe_by_category": found.safe,
        "error_correlations": [_pair(one) for one in found.error_correlations],
        "suspects": {
            "of": listed.total,
            "expected_wrong": listed.expected_wrong,
            "found": [_suspect(one) for one in listed.found],
            "over_refusal_if_all_flipped": {
                model: {"before": before, "after": after} for model, (before, after) in listed.rates.items()
            },
        },
    }


def _rater(one: RaterSkill) -> dict[str, Any]:
    by_category = {category: _skill(skill) for category, skill in one.by_category.items()}
    return {"name": one.name, "kind": one.kind, "overall": _skill(one.overall), "by_category": by_category}


def _skill(skill: Skill) -> dict[str, Any]:
    return {
        "sensitivity": {"value": skill.sensitivity, "interval": skill.sensitivity_interval},
        "specificity": {"value": skill.specificity, "interval": skill.specificity_interval},
        "votes": skill.votes,
    }


def _pair(one: ErrorCorrelation) -> dict[str, Any]:
    return {
        "raters": [one.one, one.other],
        "correlation": one.correlation,
        "interval": one.interval,
        "n": one.prompts,
        "on_human_labels": one.on_human_labels,
        "interval_on_human_labels": one.interval_on_human_labels,
        "n_on_human_labels": one.prompts_on_human_labels,
    }


def _suspect(one: Suspect) -> dict[str, Any]:
    return {
        "prompt": one.prompt_id,
        "category": one.category,
        "label": one.label,
        "p_wrong": one.p_wrong,
        "refused_by": one.refused_by,
        "change_of_over_refusal": one.changes,
    }
