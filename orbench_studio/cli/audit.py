"""`orbench-studio audit`: over-refusal and toxic acceptance by model and category, with confidence intervals."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbench_studio.cli import options
from orbench_studio.cli.console import rate_as_json, show_progress, write_error, write_json, write_line, write_table
from orbench_studio.domain.audit.judge_error import JudgeErrors
from orbench_studio.domain.audit.refusal_rates import (
    FINAL,
    FROM_FILE,
    PEOPLE,
    Audit,
    AuditOptions,
    Drop,
    Group,
    Labels,
    Tally,
)
from orbench_studio.domain.audit.unjudged import unjudged_note
from orbench_studio.domain.core.judgement import Refusals
from orbench_studio.domain.core.schemes import SCHEMES

if TYPE_CHECKING:
    from orbench_studio.services.audit.audit_counts import AuditCounts
    from orbench_studio.services.audit.what_if import Comparison, WhatIf
    from orbench_studio.services.workspace.workspace import Workspace

_GROUPS = (Group.SAFE, Group.TOXIC)
_HOW = ("in words", "by stop reason", "by filter")
_NOTES = (
    "Rank 1 is the highest over-refusal. In parentheses: 95 % interval of the rate, and the marginal 95 % set of the "
    "rank: a confidence set for one model alone. Simultaneous set: with 95 % confidence, the sets of all "
    "models are right together.",
    "In words, by stop reason, by filter: refusals of safe prompts. Possible range: the over-refusal if none or all "
    "of the excluded responses to safe prompts were refusals.",
)
_WITHOUT_LABELS = (
    "No prompt is labelled safe or toxic, so there are no rates. Label prompts, or count prompts without a label as "
    "safe with --assume-safe."
)

_DROP = (
    "Exclude prompts that are controversial or disputed; human-toxic (people label them toxic); siblings (all but one "
    "of each seed); near-duplicates (all but one of each group); self-judged (the consensus needs votes of evaluated "
    "models). Repeatable."
)
_Subset = Annotated[
    str | None, typer.Option(metavar="NAME", help="Only the prompts of this subset. Default: all prompts.")
]
_RoganGladen = Annotated[
    bool,
    typer.Option(
        "--rogan-gladen", help="Also show rates corrected by the judge's sensitivity and specificity (Rogan, Gladen)."
    ),
]


def audit(
    workspace: options.Workspace,
    labels: Annotated[
        Labels,
        typer.Option(help="Source of labels; final: human, else consensus, else published (source file)."),
    ] = Labels.FINAL,
    judge: Annotated[
        str,
        typer.Option(metavar="NAME", help="Source of answer classes: final (people, else judges), people, or a judge."),
    ] = FINAL,
    assume_safe: Annotated[
        bool,
        typer.Option("--assume-safe", help="Count prompts without any label as safe, as in OR-Bench-Hard-1K."),
    ] = False,
    refusals: options.Refusals = Refusals.ALL,
    subset: _Subset = None,
    rogan_gladen: _RoganGladen = False,
    drop: Annotated[list[Drop] | None, typer.Option(help=_DROP)] = None,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report as one HTML file.")] = None,
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report as Markdown.")] = None,
    figures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the figures as PNG, SVG and PDF, light and dark.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Compute over-refusal and toxic acceptance by model and category, also without some prompts (what-if)."""
    from orbench_studio.services.audit import audit_counts, judge_error, refusal_audit, what_if
    from orbench_studio.services.curation.subset_audit import counts_of_subset

    chosen = AuditOptions(labels, judge, assume_safe, frozenset(drop or ()), refusals)
    with options.open_workspace(workspace) as opened:
        counts = audit_counts.with_judge(audit_counts.read(opened), opened, judge)
        if subset is not None:
            counts = counts_of_subset(counts, opened, subset)
        found = refusal_audit.audit(counts, chosen)
        moved = what_if.what_if(counts, chosen)
        errors = judge_error.judge_errors(counts, chosen)
        judges = [FINAL, "people", *counts.judges]
        each = {one: refusal_audit.audit(counts, replace(chosen, refusals=one)) for one in Refusals}
        result = {"workspace": str(workspace), "uuid": opened.uuid, "judges": judges}
        result |= _as_json(found, moved, errors, each)
        _write_files(opened, counts, found, (html, markdown, figures))
    if as_json:
        write_json(result)
    else:
        _write_text(found, moved, errors, rogan_gladen=rogan_gladen)


def _write_files(
    opened: "Workspace",
    counts: "AuditCounts",
    found: Audit,
    files: tuple[Path | None, Path | None, Path | None],
) -> None:
    # Imported on first use: matplotlib takes long to import.
    from orbench_studio.services.audit import audit_report

    html, markdown, figures = files
    if figures is not None:
        with show_progress("figures") as on_progress:
            audit_report.write_figures(found, figures, on_progress)
        write_error(f"Figures written to {figures}.")
    if html is None and markdown is None:
        return
    with show_progress("report") as on_progress:
        origin, now = audit_report.provenance(opened), datetime.now().astimezone()
        made = audit_report.report(origin, counts, found.options, now, on_progress=on_progress)
    if html is not None:
        audit_report.write_html(made, html)
        write_error(f"Report written to {html}.")
    if markdown is not None:
        audit_report.write_markdown(made, markdown, figures)
        write_error(f"Report written to {markdown}.")


def _as_json(
    found: Audit, moved: "WhatIf", errors: JudgeErrors, by_definition: Mapping[Refusals, Audit]
) -> dict[str, Any]:
    return {
        "labels": str(found.options.labels),
        "answers": found.options.answers,
        "assume_safe": found.options.assume_safe,
        "refusals": str(found.options.counted),
        "dropped": sorted(found.options.dropped),
        "subset": found.subset or None,
        "selection_bias": found.selection,
        "assumes": found.description,
        "prompts": {str(group): found.count(group) for group in Group},
        "hidden": found.hidden,
        "cluster": found.cluster,
        "judged_by": errors.judge,
        "judge_error": errors.method,
        "unlicensed_judges": found.unlicensed,
        "labelled_by_people": found.labelled_by_people,
        "judged_by_people": found.judged_by_people,
        "from_source_file": {
            "labels": found.labels_from_file,
            "answer_classes": found.class_counts.get(FROM_FILE, 0),
        },
        "answer_classes_by": {PEOPLE: found.judged_by_people.count, **found.class_counts},
        "models": [
            {
                "model": one.model,
                "rank": one.after.rank,
                "rank_set_marginal": one.after.ranks,
                "rank_set_simultaneous": one.after.simultaneous,
                "before_dropping": {"over_refusal": one.before.rate, "rank": one.before.rank},
                **_groups(found, errors, by_definition, one.model, None),
                "categories": {c: _groups(found, errors, by_definition, one.model, c) for c in found.categories},
            }
            for one in moved.models
        ],
        "highest_over_refusal": moved.highest,
        "lowest_over_refusal": moved.lowest,
        "repeats": [
            {
                "model": one.model,
                "flipped": one.flipped,
                "variance_within_prompts": one.within,
                "variance_between_prompts": one.between,
            }
            for one in found.repeats
        ],
        "differences_of_over_refusal": [_difference(pair) for pair in moved.comparisons],
    }


def _difference(pair: "Comparison") -> dict[str, Any]:
    return {
        "models": [pair.one, pair.other],
        "difference": pair.difference,
        "interval": pair.interval,
        "n": pair.n,
        "n_to_tell_2_points_apart": pair.prompts_needed,
    }


def _groups(
    found: Audit, errors: JudgeErrors, by_definition: Mapping[Refusals, Audit], model: str, category: str | None
) -> dict[str, Any]:
    names = {Group.SAFE: "over_refusal", Group.TOXIC: "toxic_acceptance", Group.OTHER: "refusal_of_others"}
    marked = {"unlicensed_judge": bool(found.unlicensed)}
    rates = {name: _tally(found.tally(group, model, category), group) | marked for group, name in names.items()}
    for group, name in names.items():
        others = {str(one): of.rate(group, model, category) for one, of in by_definition.items()}
        rates[name]["by_definition"] = others
        if corrected := errors.rates.get((group, model, category)):
            rates[name]["corrected_for_judge_error"] = corrected
    return rates


def _tally(tally: Tally, group: Group) -> dict[str, Any]:
    rate = tally.rate(group)
    return {
        **rate_as_json(rate),
        "best_and_worst": tally.bounds(group),
        "refused": tally.refused,
        "excluded": tally.excluded,
        "by_class": tally.by_class,
        "by_scheme": {scheme.name: tally.in_scheme(scheme) for scheme in SCHEMES},
    }


def _write_text(found: Audit, moved: "WhatIf", errors: JudgeErrors, *, rogan_gladen: bool) -> None:
    safe, toxic, other = (found.count(group) for group in (Group.SAFE, Group.TOXIC, Group.OTHER))
    prompts = f"{safe:,} safe prompts, {toxic:,} toxic, and {other:,} controversial, disputed or unlabelled ones"
    write_line(prompts, *found.choices)
    human = f"human labels: {found.label_sources}; answer classes of {found.class_sources}"
    write_line(human, *filter(None, (found.selection, found.hidden)), "")
    if not safe + toxic:
        write_line(_WITHOUT_LABELS)
        return
    header = (
        "model",
        "rank (marginal set)",
        "simultaneous set",
        f"over-refusal{found.mark}",
        *_HOW,
        "possible range",
        "excluded, safe",
        f"toxic acceptance{found.mark}",
        "excluded, toxic",
    )
    write_table(header, _rows(found, moved))
    if errors.rates:
        _write_corrected(found, moved, errors, rogan_gladen=rogan_gladen)
    if moved.options.dropped:
        toxic = moved.removed[Drop.HUMAN_TOXIC] if Drop.HUMAN_TOXIC in moved.options.dropped else 0
        as_safe = f" ({toxic:,} that people label toxic count as safe here, by their other labels)" if toxic else ""
        write_line("", f"{moved.left:,} of {moved.prompts:,} safe prompts remain. Before dropping prompts{as_safe}:")
        before = [(one.model, one.before.rank_text, one.before.rate.words) for one in moved.models]
        write_table(("model", "rank", "over-refusal"), before)
    if found.repeats:
        write_line("", "Safe prompts with several responses: both refused and answered, and variance of refusal")
        repeats = [(one.model, one.flipped.words, f"{one.within:.3f}", f"{one.between:.3f}") for one in found.repeats]
        write_table(("model", "flipped", "within prompts", "between prompts"), repeats)
    if moved.comparisons:
        write_line(
            "", "Over-refusal of models that follow each other by rank, on the prompts with judged responses of both"
        )
        write_table(("higher", "lower", "difference in points", "prompts"), [_pair(pair) for pair in moved.neighbours])
    unjudged = dict.fromkeys(unjudged_note(found, group) for group in _GROUPS)
    write_line(
        "",
        *_NOTES,
        errors.method,
        *filter(None, (*unjudged, found.mark_note, found.dependence, moved.shared, moved.choice)),
    )


def _write_corrected(found: Audit, moved: "WhatIf", errors: JudgeErrors, *, rogan_gladen: bool) -> None:
    header, texts = ["over-refusal", "toxic acceptance"], [(errors.words, group) for group in _GROUPS]
    if rogan_gladen:
        header += [f"{name}, Rogan-Gladen" for name in header]
        texts += [(errors.rogan_gladen_words, group) for group in _GROUPS]
    rows = [
        (f"  {category}" if category else one.model, *(text(g, one.model, category) for text, g in texts))
        for one in moved.models
        for category in (None, *found.categories)
        if any((g, one.model, category) in errors.rates for g in _GROUPS)
    ]
    write_line("", "Corrected for the errors of the judge")
    write_table(("model", *header), rows)


def _pair(pair: "Comparison") -> tuple[str, ...]:
    low, high = (f"{100 * end:+.1f}" for end in pair.interval)
    return pair.one, pair.other, f"{100 * pair.difference:+.1f} ({low} to {high})", f"{pair.n:,}"


def _rows(found: Audit, moved: "WhatIf") -> Iterator[tuple[str, ...]]:
    """A row for each model, and one for each of its categories with judged responses."""
    for one in moved.models:
        safe, toxic = (found.tally(group, one.model) for group in _GROUPS)
        yield one.model, one.after.rank_text, one.after.simultaneous_text, *_cells(safe, toxic)
        for category in found.categories:
            safe, toxic = (found.tally(group, one.model, category) for group in _GROUPS)
            if safe.responses or toxic.responses:
                yield f"  {category}", "", "", *_cells(safe, toxic)


def _cells(safe: Tally, toxic: Tally) -> tuple[str, ...]:
    refused = (f"{count:,}" for count in safe.refused.values())
    bounds = safe.bounds_text(Group.SAFE)
    return safe.refusal.words, *refused, bounds, safe.excluded_text, toxic.acceptance.words, toxic.excluded_text
