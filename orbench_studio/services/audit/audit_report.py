"""Audit report for readers without the studio: tables, figures, data sources and method."""

import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from os.path import relpath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orbench_studio.colours import LIGHT
from orbench_studio.domain.audit.judge_error import JudgeErrors
from orbench_studio.domain.audit.refusal_rates import NO_CATEGORY, Audit, AuditOptions, Drop, Group, counts_text
from orbench_studio.domain.audit.unjudged import unjudged_note
from orbench_studio.domain.core.amounts import counted
from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.domain.core.rates import NO_VALUE, coefficient_text, percent, span
from orbench_studio.domain.core.schemes import SCHEMES
from orbench_studio.domain.judging.agreement import Confusion
from orbench_studio.errors import CancelledError
from orbench_studio.formats.atomic_files import explained, written_file
from orbench_studio.formats.report_documents import (
    Block,
    Document,
    Figure,
    Heading,
    Paragraph,
    Table,
    as_html,
    as_markdown,
)
from orbench_studio.services.audit import report_comparisons
from orbench_studio.services.audit.audit_counts import AuditCounts
from orbench_studio.services.audit.human_agreement import (
    AnnotatorAgreement,
    HumanAgreement,
    MachineAgreement,
    human_agreement,
)
from orbench_studio.services.audit.judge_error import judge_errors
from orbench_studio.services.audit.refusal_audit import audit
from orbench_studio.services.audit.what_if import RankedModel, WhatIf, what_if
from orbench_studio.services.workspace import statistics
from orbench_studio.services.workspace.statistics import Source
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.version import __version__

if TYPE_CHECKING:
    from matplotlib.figure import Figure as MatplotlibFigure

Progress = Callable[[int, int], bool]
_TITLE = "Over-refusal audit of"
_MAGIC = 4  # bytes that identify the format of an image file
_NAMED_CELLS = 5  # in the summary
_COUNTED = ("prompts", "votes", "responses", "judgements", "annotations", "models", "moderators")
_DROPPED = {
    Drop.CONTROVERSIAL: "controversial or disputed prompts",
    Drop.HUMAN_TOXIC: "prompts that people label toxic",
    Drop.SIBLINGS: "further rewrites of the same seed",
    Drop.NEAR_DUPLICATES: "further near duplicates",
    Drop.SELF_JUDGED: "prompts whose consensus depends on evaluated models",
}
_AGREEMENT = ("Machine", "n", "Agreement", "Precision", "Recall", "Kappa", "Excluded")
_METHOD = (
    "Over-refusal is the share of refusals among answers and refusals of prompts whose label is safe; toxic acceptance "
    "is the share of direct answers among those of prompts whose label is toxic (OR-Bench, arXiv 2405.20947). "
    "Partial, indirect and direct refusals and non-responsive texts are refusals in words. A model also refuses by "
    "stop reason (the vendor's "
    "reply says so, without words of the model) or because a filter blocked the prompt or the response. “Data” says "
    "which of these the rates count; the columns count all three. Controversial prompts, disputed prompts and prompts "
    "without a label are in neither rate.",
    "Some responses have no answer class: the judge's reply could not be parsed, the judge abstained, annotators "
    "dispute the class, the response is truncated or empty, the request failed, or nobody has judged it. These "
    "responses are excluded from the rates. “Possible range” is the over-refusal if none and if all of the excluded "
    "responses to safe prompts were refusals.",
    "All intervals are 95 % intervals. Unless stated otherwise they are Wilson score intervals (JASA 22, 1927), which "
    "assume independent answers. Repeats of a prompt, rewrites of one seed and near duplicates are not independent: "
    "where there are any, the interval uses the effective number of prompts, from the variance between clusters (Korn "
    "and Graubard, Survey Methodology 24, 1998). Rank sets come from paired differences (Mogstad, Romano, Shaikh, "
    "Wilhelm, Review of Economic Studies 91, 2024). Only the corrected rates account for errors of a judge; no "
    "interval accounts for errors of the moderators.",
)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Data behind a report: the workspace, its counts, its source files and the agreement of its annotators."""

    name: str
    uuid: str
    illustrative: bool
    counts: Mapping[str, Any]
    sources: Sequence[Source]
    people: HumanAgreement


def provenance(workspace: Workspace) -> Provenance:
    counts, sources = statistics.statistics(workspace), statistics.sources(workspace)
    people = human_agreement(workspace)
    return Provenance(workspace.name, workspace.uuid, workspace.illustrative, counts, sources, people)


def report(
    origin: Provenance,
    counts: AuditCounts,
    options: AuditOptions,
    now: datetime,
    *,
    on_progress: Progress = lambda _done, _total: True,
) -> Document:
    """Compute the report of an audit with these options.

    Raises CancelledError if `on_progress`, called with the finished and all steps, returns False.
    """
    found = audit(counts, options)
    moved = what_if(counts, options)
    blocks: list[Block] = [*_summary(found), *_provenance(origin, found, now)]
    blocks += [
        *_totals(found, moved, judge_errors(counts, options)),
        *_categories(found, Group.SAFE),
        *_categories(found, Group.TOXIC),
    ]
    blocks += [Heading("Figures"), *_figures(found, on_progress)]
    blocks += _what_ifs(counts, options)
    blocks += _agreement(origin.people)
    blocks += [Heading("Method"), *map(Paragraph, _METHOD)]
    return Document(f"{_TITLE} {origin.name}", blocks)


def write_html(made: Document, path: Path) -> None:
    """Write one self-contained HTML file, atomically."""
    with written_file(path, b"<title>" + _TITLE.encode()) as part:
        part.write_bytes(as_html(made))


def write_markdown(made: Document, path: Path, figures: Path | None = None) -> None:
    """Write the report as Markdown, atomically, with links to the saved figures in the folder `figures`."""
    links = {}
    if figures is not None:
        folder = Path(relpath(figures, path.parent)).as_posix()
        links = {one.name: f"{folder}/{one.name}-light.png" for one in made.figures}
    with written_file(path, as_markdown(Document(_TITLE, ())).strip().encode()) as part:
        part.write_text(as_markdown(made, links), encoding="utf-8")


def write_figures(found: Audit, folder: Path, on_progress: Progress = lambda _done, _total: True) -> list[Path]:
    """Write each figure in light and dark as PNG, SVG and PDF, and return the files."""
    # Imported on first use: matplotlib takes long to import.
    from orbench_studio.colours import DARK
    from orbench_studio.figures import drawing, look

    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    wanted = [(name, scheme) for name in drawing.FIGURES for scheme in ("light", "dark")]
    written = []
    for done, (name, scheme) in enumerate(wanted):
        _check_cancelled(on_progress, done, len(wanted))
        tokens = DARK if scheme == "dark" else LIGHT
        figure = drawing.FIGURES[name].draw(found, tokens)
        for kind in look.FORMATS:
            path = folder / f"{name}-{scheme}.{kind}"
            drawn = look.rendered(figure, tokens, kind)
            with written_file(path, drawn[:_MAGIC]) as part:
                part.write_bytes(drawn)
            written.append(path)
    return written


def draw_figures(found: Audit) -> "dict[str, MatplotlibFigure]":
    """Draw the figures of the report, in light colours, by name."""
    # Imported on first use: matplotlib takes long to import.
    from orbench_studio.figures import drawing

    return {name: one.draw(found, LIGHT) for name, one in drawing.FIGURES.items()}


def _figures(found: Audit, on_progress: Progress) -> list[Block]:
    # Imported on first use: matplotlib takes long to import.
    from orbench_studio.figures import drawing, look

    figures: list[Block] = []
    for done, (name, one) in enumerate(drawing.FIGURES.items()):
        _check_cancelled(on_progress, done, len(drawing.FIGURES))
        figures.append(Figure(name, one.title, look.rendered(one.draw(found, LIGHT), LIGHT, "svg")))
    return figures


def _check_cancelled(on_progress: Progress, done: int, total: int) -> None:
    if not on_progress(done, total):
        raise CancelledError("Cancelled. Files that were already written are complete; no more were written.")


def _summary(found: Audit) -> list[Block]:
    cells = found.highest(Group.SAFE)
    message = [
        f"{cell.model} on {_named(cell.category)}: {cell.rate.words}, simultaneously {span(cell.interval, ' to ')}"
        for cell in cells[:_NAMED_CELLS]
    ]
    last = cells[len(message) - 1] if message else None
    unnamed = sum(cell.interval[0] == last.interval[0] for cell in cells[len(message) :]) if last else 0
    if unnamed:
        message.append(f"{counted(unnamed, 'other cell')} with the same lower end as the last")
    safe, toxic, other = (found.count(group) for group in (Group.SAFE, Group.TOXIC, Group.OTHER))
    blocks: list[Block] = [
        Paragraph(
            f"{len(found.models):,} models; {safe:,} safe prompts, {toxic:,} toxic, and {other:,} controversial, "
            "disputed or unlabelled ones; "
            f"{found.description}."
        ),
        *map(Paragraph, filter(None, (found.selection, found.hidden))),
    ]
    if message:
        method = f"Highest over-refusal, by the lower end of the simultaneous intervals of {cells[0].cells:,} cells"
        blocks.append(Paragraph(f"{method} (Bonferroni): {'; '.join(message)}."))
    if not safe:
        blocks.append(Paragraph("No prompt is labelled safe, so there is no over-refusal rate."))
    return blocks


def _provenance(origin: Provenance, found: Audit, now: datetime) -> list[Block]:
    rows = [
        ("Workspace", f"{origin.name} ({origin.uuid})"),
        ("Created", f"{now:%Y-%m-%d %H:%M %Z} by OR-Bench Studio {__version__}, Python {platform.python_version()}"),
        ("Contents", ", ".join(f"{origin.counts[name]:,} {name}" for name in _COUNTED)),
        ("Human labels", found.label_sources),
        ("Answer classes", found.class_sources),
        ("Refusals counted", found.options.counted.description),
        *((f"Source {n}", f"{s.name} ({s.format}, {s.imported_at:%Y-%m-%d})")
          for n, s in enumerate(origin.sources, 1)),
    ]  # fmt: skip
    if origin.illustrative:
        rows.append(
            ("Illustrative", "The texts and models of this workspace are invented. Its numbers describe no real model.")
        )
    return [Heading("Data"), Table(("", ""), rows, text_columns=2)]


def _totals(found: Audit, moved: WhatIf, errors: JudgeErrors) -> list[Block]:
    header = ("Model", "Rank (marginal set)", "Simultaneous set", f"Over-refusal{found.mark}", "n", "Refused in words",
              "Refused by stop reason", "Refused by filter", "Possible range", "Excluded, safe",
              f"Toxic acceptance{found.mark}", "n", "Excluded, toxic")  # fmt: skip
    rows = []
    for one in moved.models:
        ranked = one.after
        safe, toxic = (found.tally(group, one.model) for group in (Group.SAFE, Group.TOXIC))
        rows.append(
            (
                one.model,
                ranked.rank_text,
                ranked.simultaneous_text,
                safe.refusal.short,
                f"{safe.refusal.n:,}",
                *(f"{count:,}" for count in safe.refused.values()),
                safe.bounds_text(Group.SAFE) or NO_VALUE,
                safe.excluded_text or NO_VALUE,
                toxic.acceptance.short,
                f"{toxic.acceptance.n:,}",
                toxic.excluded_text or NO_VALUE,
            )
        )
    message = (
        f"Refusals of safe prompts that the rates count: {found.options.counted.description}. Rank 1 is the highest "
        "over-refusal. In parentheses: 95 % interval of the rate, and the marginal 95 % set of the rank: a confidence "
        "set for one model alone. Simultaneous set: with 95 % confidence, the sets of all models are "
        "right together. Possible range: the over-refusal if none or all of the excluded responses to safe prompts "
        "were refusals. Excluded: responses to safe prompts, and to toxic prompts, that are in no rate. "
        f"{found.dependence} {found.mark_note}".rstrip()
    )
    unjudged = dict.fromkeys(filter(None, (unjudged_note(found, group) for group in (Group.SAFE, Group.TOXIC))))
    return [
        Heading("Models"),
        Table(header, rows),
        *map(Paragraph, unjudged),
        Paragraph(message, quiet=True),
        *_by_class(found),
        *report_comparisons.blocks(found, moved, errors),
    ]


def _by_class(found: Audit) -> list[Block]:
    """How the models answered by class, and the refusals by the schemes of other benchmarks."""
    blocks: list[Block] = []
    for group in (Group.SAFE, Group.TOXIC):
        tallies = {model: found.tally(group, model) for model in found.models}
        there = [of for of in AnswerClass if any(str(of) in tally.by_class for tally in tallies.values())]
        if not there:
            continue
        header = ("Model", *(of.label.capitalize() for of in there), *(f"Refused, {one.title}" for one in SCHEMES))
        rows = [
            (
                model,
                *(f"{tally.by_class.get(str(of), 0):,}" for of in there),
                *(tally.in_scheme(scheme).short_with_n for scheme in SCHEMES),
            )
            for model, tally in tallies.items()
        ]
        blocks += [Heading(f"Answer classes, {group} prompts"), Table(header, rows)]
    if blocks:
        blocks.append(
            Paragraph(
                "Responses by answer class. Refused: the share of refusals by the classes of OR-Bench, XSTest and "
                "RefusalBench, among the responses that they have a class for, with an interval as for the rate.",
                quiet=True,
            )
        )
    return blocks


def _categories(found: Audit, group: Group) -> list[Block]:
    there = [c for c in found.categories if any(found.tally(group, m, c).judged for m in found.models)]
    if not there:
        return []
    title = "Over-refusal by category" if group is Group.SAFE else "Toxic acceptance by category"
    rows = [[model, *(found.rate(group, model, c).short_with_n for c in there)] for model in found.models]
    return [Heading(f"{title}{found.mark}"), Table(["Model", *map(_named, there)], rows)]


def _what_ifs(counts: AuditCounts, options: AuditOptions) -> list[Block]:
    unchanged = what_if(counts, replace(options, dropped=frozenset()))
    drops = [drop for drop in Drop if unchanged.removed[drop]]
    if not drops:
        return []
    each = [what_if(counts, replace(options, dropped=frozenset({drop}))) for drop in drops]
    after = [{one.model: one.after for one in found.models} for found in each]
    header = ("Model", "All prompts", *(f"Without {_DROPPED[drop]} ({unchanged.removed[drop]:,})" for drop in drops))
    rows = [
        [one.model, *map(_rate_and_rank, (one.before, *(by_model[one.model] for by_model in after)))]
        for one in unchanged.models
    ]
    message = "Over-refusal, and rank with its 95 % interval, without some of the safe prompts."
    for drop, found in zip(drops, each, strict=True):
        if found.prompts > unchanged.prompts:
            rates = "; ".join(f"{one.model} {percent(one.before.rate.value, tenths=True)}" for one in found.models)
            counted = f"{unchanged.removed[drop]:,} {_DROPPED[drop]}"
            message += f" Over-refusal if {counted} counted as safe: {rates}."
    return [Heading("What if"), Table(header, rows), Paragraph(message, quiet=True)]


def _agreement(found: HumanAgreement) -> list[Block]:
    """Return the section; empty without human labels."""
    if not found.labels and not found.answers:
        return []
    blocks: list[Block] = [
        Heading("Agreement"),
        Paragraph(f"Human labels: {found.labels:,} prompts, {found.answers:,} responses. {found.hidden}".rstrip()),
    ]
    for title, machines in (
        ("Moderators compared with human labels of prompts; precision and recall of toxic.", found.moderators),
        ("Judges compared with human answer classes; precision and recall of refusals.", found.judges),
    ):
        if machines:
            blocks += [Paragraph(title, quiet=True), Table(_AGREEMENT, list(_machines(machines)))]
    if rows := [row for one in found.people for row in _annotators(one)]:
        header = ("Between annotators", "n", "Agreement", "Cohen's kappa", "Fleiss' kappa", "Krippendorff's alpha")
        blocks.append(Table(header, rows))
    blocks.append(Paragraph(found.method, quiet=True))
    return blocks


def _rate_and_rank(one: RankedModel) -> str:
    return NO_VALUE if one.rate.value is None else f"{percent(one.rate.value, tenths=True)}, rank {one.rank_text}"


def _named(category: str) -> str:
    return "no category" if category == NO_CATEGORY else category


def _machines(machines: Sequence[MachineAgreement]) -> Iterable[Sequence[str]]:
    for one in machines:
        classes = counts_text(one.excluded)
        yield f"{one.name} ({one.kind})", *_confusion(one.overall), classes
        for model, part in one.by.get("model", {}).items():
            yield f"{one.name}: {model}", *_confusion(part), ""


def _confusion(found: Confusion) -> tuple[str, ...]:
    return (
        f"{found.n:,}",
        found.accuracy.short,
        found.precision.short_with_n,
        found.recall.short_with_n,
        coefficient_text(found.kappa),
    )


def _annotators(one: AnnotatorAgreement) -> Iterable[Sequence[str]]:
    group = one.overall
    if not group.n:
        return
    yield one.what, f"{group.n:,}", "", "", coefficient_text(group.fleiss), coefficient_text(group.alpha)
    for pair in group.pairs:
        yield f"{pair.one} and {pair.other}", f"{pair.same.n:,}", pair.same.short, coefficient_text(pair.kappa), "", ""
