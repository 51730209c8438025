"""`orbench-studio stats`: print the counts of a workspace and the consistency of its annotators."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from orbench_studio.cli import options
from orbench_studio.cli.console import write_json, write_line, write_table

if TYPE_CHECKING:
    from orbench_studio.services.workspace.statistics import Rate, Reveals


_TITLES = {"prompts_by_label_basis": "prompts by source of the final label (in queries: basis:)"}

_BY_CLASS = "responses_by_answer_class"


def stats(workspace: options.Workspace, as_json: options.Json = False) -> None:
    """Count prompts, votes, responses, judgements and decisions, and the prompts by category, status and label."""
    from orbench_studio.services.workspace import statistics

    with options.open_workspace(workspace) as opened:
        found = statistics.statistics(opened)
        consistency = statistics.consistency(opened)
        reveals = statistics.after_reveal(opened)
        by_template = statistics.by_template(opened)
    if as_json:
        found["results_by_template"] = by_template
        found["self_consistency"] = {annotator: _rate_as_json(rate) for annotator, rate in consistency.items()}
        found["changed_after_reveal"] = {what: _reveals_as_json(counted) for what, counted in reveals.items()}
        write_json(found)
        return
    plain: dict[str, object] = {name: value for name, value in found.items() if isinstance(value, int)}
    on_responses = plain.pop("votes_on_responses")
    if on_responses:
        plain["votes"] = f"{plain['votes']} (on responses: {on_responses})"
    _table(plain)
    for name, by in found.items():
        if isinstance(by, dict):
            write_line("", _TITLES.get(name, name.replace("_", " ")))
            _table({"no final class" if of == "none" and name == _BY_CLASS else of: count for of, count in by.items()})
    if by_template:
        write_line("", "results by template")
        _table(
            {f"{one.what}, {one.template_hash[:12]}{' (built-in)' * one.builtin}": one.results for one in by_template}
        )
    _write_consistency(consistency, reveals)


def _write_consistency(consistency: "dict[str, Rate]", reveals: "dict[str, Reveals]") -> None:
    if consistency:
        write_line("", "self-consistency (same label when a prompt is shown again)")
        write_table(("", ""), [(annotator, rate.words) for annotator, rate in consistency.items()], indent=2)
    for what, counted in reveals.items():
        if counted.changed.n:
            write_line("", f"{what.replace('_', ' ')} changed after votes were revealed")
            write_line(f"  changed {counted.changed.words}")
            write_line(
                f"  towards the consensus {counted.toward:,}, away from it {counted.away:,}, unchanged {counted.kept:,}"
            )


def _rate_as_json(rate: "Rate") -> dict[str, Any]:
    return {"n": rate.n, "count": rate.count, "rate": rate.value, "interval": rate.interval}


def _reveals_as_json(counted: "Reveals") -> dict[str, Any]:
    more = {"kept": counted.kept, "toward": counted.toward, "away": counted.away}
    return {"changed": _rate_as_json(counted.changed), **more}


def _table(counts: Mapping[str, object]) -> None:
    write_table(("", ""), [(name.replace("_", " "), count) for name, count in counts.items()], indent=2)
