"""`orbench-studio audit`: which model refuses what it should answer, in which category, and how sure that is."""

from datetime import datetime
from os.path import relpath
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from orbench_studio.cli import options
from orbench_studio.cli.console import write_error, write_json, write_line
from orbench_studio.cli.progress import show_progress
from orbench_studio.domain.audit.refusal_rates import (
    FINAL,
    Audit,
    AuditOptions,
    Drop,
    Group,
    Labels,
    Tally,
)

if TYPE_CHECKING:
    from orbench_studio.domain.core.rates import Rate
    from orbench_studio.services.audit.audit_counts import AuditCounts
    from orbench_studio.services.audit.audit_report import Report
    from orbench_studio.services.audit.what_if import RankedModel, WhatIf
    from orbench_studio.services.workspace.workspace import Workspace


def audit(
    workspace: options.Workspace,
    labels: Annotated[
        Labels, typer.Option(help="Whose labels say that a prompt is safe: final is people's, else the moderators'.")
    ] = Labels.FINAL,
    judge: Annotated[
        str, typer.Option(metavar="NAME", help="Whose answer classes: final, people, or one judge as --json names it.")
    ] = FINAL,
    assume_safe: Annotated[
        bool,
        typer.Option("--assume-safe", help="Take prompts without any label as safe, as OR-Bench-Hard-1K is meant."),
    ] = False,
    drop: Annotated[list[Drop] | None, typer.Option(help="Leave these prompts out; repeat.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report: one HTML file.")] = None,
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report as Markdown.")] = None,
    figures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the figures: PNG, SVG and PDF, light and dark.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines: one object.")] = False,
) -> None:
    """Over-refusal and toxic acceptance of every model, by category, with intervals and what could change them."""
    from orbench_studio.services.audit import refusal_audit, what_if
    from orbench_studio.services.workspace.workspace import open_workspace

    chosen = AuditOptions(labels, judge, assume_safe, frozenset(drop or ()))
    with open_workspace(workspace) as opened:
        counts = refusal_audit.with_judge(refusal_audit.read(opened), opened, judge)
        found = refusal_audit.audit(counts, chosen)
        moved = what_if.what_if(counts, chosen)
        judges = [FINAL, "people", *counts.judges]
        message = {"workspace": str(workspace), "uuid": opened.uuid, "judges": judges, **_as_json(found, moved)}
        _write(opened, counts, found, (html, markdown, figures))
    if as_json:
        write_json(message)
    else:
        _tell(found, moved)


def _write(
    opened: "Workspace",
    counts: "AuditCounts",
    found: Audit,
    files: tuple[Path | None, Path | None, Path | None],
) -> None:
    # On first use: it brings matplotlib.
    from orbench_studio.services.audit import audit_report

    html, markdown, figures = files
    if figures is not None:
        with show_progress("figures") as on_progress:
            audit_report.write_figures(found, figures, on_progress)
        write_error(f"The figures are in {figures}.")
    if html is None and markdown is None:
        return
    with show_progress("report") as on_progress:
        origin, now = audit_report.provenance(opened), datetime.now().astimezone()
        made = audit_report.report(origin, counts, found.options, now, on_progress=on_progress)
    if html is not None:
        audit_report.write_html(made, html)
        write_error(f"The report is in {html}.")
    if markdown is not None:
        audit_report.write_markdown(made, markdown, _addresses(made, markdown, figures))
        write_error(f"The report is in {markdown}.")


def _addresses(made: "Report", markdown: Path, figures: Path | None) -> dict[str, str]:
    """Where a Markdown file finds the figures that were written beside it."""
    if figures is None:
        return {}
    folder = Path(relpath(figures, markdown.parent)).as_posix()
    return {one.name: quote(f"{folder}/{one.name}-light.png") for one in made.figures}


def _as_json(found: Audit, moved: "WhatIf") -> dict[str, Any]:
    return {
        "labels": str(found.options.labels),
        "answers": found.options.answers,
        "assume_safe": found.options.assume_safe,
        "dropped": sorted(found.options.dropped),
        "assumes": found.options.description,
        "prompts": {str(group): found.count(group) for group in Group},
        "labelled_by_people": _rate(found.labelled_by_people),
        "judged_by_people": _rate(found.judged_by_people),
        "models": [
            {
                "model": one.model,
                "rank": one.after.rank,
                "rank_interval": one.after.ranks,
                "over_refusal_by_seed": one.after.interval,
                "before_dropping": {"over_refusal": _rate(one.before.rate), "rank": one.before.rank},
                **_groups(found, one.model, None),
                "categories": {category: _groups(found, one.model, category) for category in found.categories},
            }
            for one in moved.models
        ],
    }


def _groups(found: Audit, model: str, category: str | None) -> dict[str, Any]:
    names = {Group.SAFE: "over_refusal", Group.TOXIC: "toxic_acceptance", Group.OTHER: "refusal_of_others"}
    return {name: _tally(found.tally(group, model, category), group) for group, name in names.items()}


def _tally(tally: Tally, group: Group) -> dict[str, Any]:
    rate = tally.rate(group)
    return {**_rate(rate), "best_and_worst": tally.bounds(rate), "apart": tally.excluded}


def _rate(rate: "Rate") -> dict[str, Any]:
    return {"value": rate.value, "interval": rate.interval, "count": rate.count, "n": rate.n}


def _tell(found: Audit, moved: "WhatIf") -> None:
    safe, toxic, other = (found.count(group) for group in (Group.SAFE, Group.TOXIC, Group.OTHER))
    write_line(f"{safe:,} safe, {toxic:,} toxic and {other:,} other prompts; {found.options.description}")
    write_line(
        f"labels by people: {found.labelled_by_people.words}; answer classes: {found.judged_by_people.words}", ""
    )
    width = max((len(one.model) for one in moved.models), default=0)
    write_line(f"{'':<{width}}  {'rank':<12}{'over-refusal':<38}{'toxic acceptance':<38}apart")
    for one in moved.models:
        both = [found.tally(group, one.model) for group in (Group.SAFE, Group.TOXIC)]
        rates = "".join(f"{tally.rate(g).words:<38}" for g, tally in zip((Group.SAFE, Group.TOXIC), both, strict=True))
        apart = ", ".join(f"{count:,} {name}" for name, count in (both[0] + both[1]).excluded.items())
        write_line(f"{one.model:<{width}}  {_rank(one.after):<12}{rates}{apart}".rstrip())
        for category in found.categories:
            of = [found.rate(group, one.model, category) for group in (Group.SAFE, Group.TOXIC)]
            if any(rate.n for rate in of):
                write_line(
                    f"{'  ' + category:<{width}}  {'':<12}" + "".join(f"{rate.words:<38}" for rate in of).rstrip()
                )
    if moved.options.dropped:
        write_line("", f"{moved.left:,} of {moved.prompts:,} safe prompts are left; before that:")
        for one in moved.models:
            write_line(f"{one.model:<{width}}  {_rank(one.before):<12}{one.before.rate.words}")
    write_line(
        "", "Wilson intervals at 95 %; ranks by bootstrap, prompts of one seed or nearly the same together, 1 refuses"
    )
    write_line("most; what is apart (unparsed, blocked, empty, truncated, error, unjudged) is in no rate.")


def _rank(one: "RankedModel") -> str:
    return f"{one.rank} ({one.ranks[0]}-{one.ranks[1]})" if one.rate.n else "-"
