"""The audit as a report for a colleague without the studio: tables, figures, what they stand on, and how."""

import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from orbench_studio import __version__
from orbench_studio.colours import LIGHT
from orbench_studio.domain.audit.refusal_rates import (
    NO_CATEGORY,
    Audit,
    AuditOptions,
    Drop,
    Group,
    Tally,
)
from orbench_studio.domain.core.rates import Rate
from orbench_studio.errors import CancelledError
from orbench_studio.formats.atomic import explained, written_file
from orbench_studio.formats.report_documents import (
    Block,
    Document,
    Grid,
    Heading,
    Paragraph,
    Picture,
    as_html,
    as_markdown,
)
from orbench_studio.services.audit.audit_counts import AuditCounts
from orbench_studio.services.audit.human_agreement import HumanAgreement, human_agreement
from orbench_studio.services.audit.refusal_audit import audit
from orbench_studio.services.audit.report_agreement import people_section, share
from orbench_studio.services.audit.what_if import WhatIf, what_if
from orbench_studio.services.workspace import statistics
from orbench_studio.services.workspace.statistics import Source
from orbench_studio.services.workspace.workspace import Workspace

Progress = Callable[[int, int], bool]
_TITLE = "Over-refusal audit of"
_MAGIC = 4  # bytes by which a picture's file is told
_WORST = 5  # cells named in the summary
_FEWEST = 20  # answers from which on a cell is named there
_COUNTED = ("prompts", "votes", "responses", "judgements", "annotations", "models", "moderators")
_METHOD = (
    "Over-refusal is the share of refusals among judged answers to prompts whose label is safe; toxic acceptance is "
    "the share of direct answers among judged answers to prompts whose label is toxic (OR-Bench, arXiv 2405.20947). "
    "Partial, indirect and direct refusals are refusals. Controversial and disputed prompts, and those without a "
    "label, are in neither.",
    "Responses that no judge could read, that the provider blocked or cut, that are empty or failed, and those nobody "
    "has judged, are never refusals and never answers: they are counted apart. Best and worst case say what the rate "
    "would be if none, or all of them, were refusals (for toxic acceptance: answers).",
    "Intervals are at 95 %: Wilson's score interval (JASA 22, 1927) where nothing else is said, which takes answers as "
    "independent. Prompts that were rewritten from the same seed, or are nearly the same, are not; intervals by seed "
    "draw what hangs together so as a whole (cluster bootstrap, 1,000 draws), and so do the intervals of ranks. None "
    "of them covers a judge or a moderator that errs in one direction.",
)


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a report stands on: the workspace, how much of everything it has, the files it was made from, its people."""

    name: str
    uuid: str
    illustrative: bool
    counts: Mapping[str, Any]
    sources: Sequence[Source]
    people: HumanAgreement


@dataclass(frozen=True, slots=True)
class Report:
    """A report that is ready to be written."""

    document: Document

    @property
    def figures(self) -> list[Picture]:
        """Its figures."""
        return [block for block in self.document.blocks if isinstance(block, Picture)]


def provenance(workspace: Workspace) -> Provenance:
    """What is told of a workspace."""
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
) -> Report:
    """Everything an audit says by a options. Computes only.

    Raises CancelledError where `on_progress` (told the steps done and all steps) answers no.
    """
    found = audit(counts, options)
    moved = what_if(counts, options)
    blocks: list[Block] = [*_summary(found), *_provenance(origin, found, now)]
    blocks += [*_totals(found, moved), *_categories(found, Group.SAFE), *_categories(found, Group.TOXIC)]
    blocks += [Heading("Figures"), *_pictures(found, on_progress)]
    blocks += _what_ifs(counts, options)
    blocks += people_section(origin.people)
    blocks += [Heading("Method"), *map(Paragraph, _METHOD)]
    return Report(Document(f"{_TITLE} {origin.name}", blocks))


def write_html(made: Report, path: Path) -> None:
    """One self-contained file, whole or not at all."""
    with written_file(path, b"<title>" + _TITLE.encode()) as part:
        part.write_bytes(as_html(made.document))


def write_markdown(made: Report, path: Path, figures: Mapping[str, str] | None = None) -> None:
    """The same as Markdown; `figures` has the addresses of the figures' files by name."""
    with written_file(path, as_markdown(Document(_TITLE, ())).strip().encode()) as part:
        part.write_text(as_markdown(made.document, figures), encoding="utf-8")


def write_figures(found: Audit, folder: Path, on_progress: Progress = lambda _done, _total: True) -> list[Path]:
    """Every figure in light and dark as PNG, SVG and PDF, each file whole or not at all; gives the files."""
    # On first use: it brings matplotlib.
    from orbench_studio.colours import DARK
    from orbench_studio.figures import drawing, look

    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
    wanted = [(name, scheme) for name in drawing.FIGURES for scheme in ("light", "dark")]
    written = []
    for done, (name, scheme) in enumerate(wanted):
        _go_on(on_progress, done, len(wanted))
        tokens = DARK if scheme == "dark" else LIGHT
        figure = drawing.FIGURES[name].draw(found, tokens)
        for kind in look.FORMATS:
            path = folder / f"{name}-{scheme}.{kind}"
            drawn = look.rendered(figure, tokens, kind)
            with written_file(path, drawn[:_MAGIC]) as part:
                part.write_bytes(drawn)
            written.append(path)
    return written


def _pictures(found: Audit, on_progress: Progress) -> list[Block]:
    # On first use: it brings matplotlib.
    from orbench_studio.figures import drawing, look

    pictures: list[Block] = []
    for done, (name, one) in enumerate(drawing.FIGURES.items()):
        _go_on(on_progress, done, len(drawing.FIGURES))
        pictures.append(Picture(name, one.title, look.rendered(one.draw(found, LIGHT), LIGHT, "svg")))
    return pictures


def _go_on(on_progress: Progress, done: int, total: int) -> None:
    if not on_progress(done, total):
        raise CancelledError("Cancelled: nothing more was written.")


def _summary(found: Audit) -> list[Block]:
    cells = [
        (rate, model, category)
        for (group, model, category), tally in found.cells.items()
        if group is Group.SAFE and (rate := tally.refusal).n >= _FEWEST
    ]
    message = [
        f"{model} on {_named(category)}: {rate.words}"
        for rate, model, category in sorted(cells, key=lambda cell: -(cell[0].interval or (0, 0))[0])[:_WORST]
    ]
    safe, toxic, other = (found.count(group) for group in (Group.SAFE, Group.TOXIC, Group.OTHER))
    blocks: list[Block] = [
        Paragraph(
            f"{len(found.models):,} models; {safe:,} safe, {toxic:,} toxic and {other:,} other prompts. "
            f"{found.options.description.capitalize()}."
        )
    ]
    if message:
        blocks.append(Paragraph("Surely refused most (by the lower end of the interval): " + "; ".join(message) + "."))
    if not safe:
        blocks.append(Paragraph("No prompt is safe by these labels, so that there is no over-refusal to tell."))
    return blocks


def _provenance(origin: Provenance, found: Audit, now: datetime) -> list[Block]:
    rows = [
        ("Workspace", f"{origin.name} ({origin.uuid})"),
        ("Written", f"{now:%Y-%m-%d %H:%M %Z} by OR-Bench Studio {__version__}, Python {platform.python_version()}"),
        ("It holds", ", ".join(f"{origin.counts[name]:,} {name}" for name in _COUNTED)),
        ("Labels by people", found.labelled_by_people.words),
        ("Answer classes by people", found.judged_by_people.words),
        *((f"Source {n}", f"{s.name} ({s.format}, {s.imported_at:%Y-%m-%d})")
          for n, s in enumerate(origin.sources, 1)),
    ]  # fmt: skip
    if origin.illustrative:
        rows.append(("Illustrative", "Texts and models of this workspace are invented; no number is about a model."))
    return [Heading("What it stands on"), Grid(("", ""), rows, words=2)]


def _totals(found: Audit, moved: WhatIf) -> list[Block]:
    header = ("Model", "Rank", "Over-refusal", "n", "By seed", "Best to worst", "Toxic acceptance", "n", "Apart")
    rows = []
    for one in moved.models:
        ranked = one.after
        safe, toxic = (found.tally(group, one.model) for group in (Group.SAFE, Group.TOXIC))
        rows.append(
            (
                one.model,
                ranks(ranked.rank, ranked.ranks) if ranked.rate.n else "—",
                share(safe.refusal),
                f"{safe.judged:,}",
                _span(ranked.interval),
                _span(safe.bounds(safe.refusal)),
                share(toxic.acceptance),
                f"{toxic.judged:,}",
                apart(safe + toxic),
            )
        )
    message = (
        "Rank 1 refuses most; in brackets 95 % intervals. Best to worst: what the rate could be with what is apart."
    )
    return [Heading("Models"), Grid(header, rows), Paragraph(message, quiet=True)]


def _categories(found: Audit, group: Group) -> list[Block]:
    there = [c for c in found.categories if any(found.tally(group, m, c).judged for m in found.models)]
    if not there:
        return []
    title = "Over-refusal by category" if group is Group.SAFE else "Toxic acceptance by category"
    rows = [[model, *(share(found.rate(group, model, c), n=True) for c in there)] for model in found.models]
    return [Heading(title), Grid(["Model", *map(_named, there)], rows)]


def _what_ifs(counts: AuditCounts, options: AuditOptions) -> list[Block]:
    whole = AuditOptions(options.labels, options.answers, options.assume_safe)
    taken = what_if(counts, whole)
    drops = [drop for drop in Drop if taken.removed[drop]]
    if not drops:
        return []
    each = [
        what_if(counts, AuditOptions(whole.labels, whole.answers, whole.assume_safe, frozenset({d}))) for d in drops
    ]
    after = [{one.model: one.after for one in found.models} for found in each]
    header = ("Model", "As it is", *(f"Without {drop} ({taken.removed[drop]:,})" for drop in drops))
    rows = [
        [one.model, _placed(one.before.rate, one.before.rank, one.before.ranks)]
        + [_placed(a[one.model].rate, a[one.model].rank, a[one.model].ranks) for a in after]
        for one in taken.models
    ]
    message = "Over-refusal, and the rank with its 95 % interval, once some of the safe prompts are left out."
    return [Heading("What would change the answer"), Grid(header, rows), Paragraph(message, quiet=True)]


def ranks(rank: int, between: tuple[int, int]) -> str:
    """A rank with its interval: `3 (2–5)`."""
    return f"{rank} ({between[0]}–{between[1]})"


def apart(tally: Tally) -> str:
    """What is no judgement on an answer, with how many there are."""
    return ", ".join(f"{count:,} {name}" for name, count in tally.excluded.items()) or "—"


def _placed(rate: Rate, rank: int, between: tuple[int, int]) -> str:
    return "—" if not rate.n else f"{100 * (rate.value or 0):.0f} %, rank {ranks(rank, between)}"


def _span(interval: tuple[float, float] | None) -> str:
    return f"{100 * interval[0]:.0f}–{100 * interval[1]:.0f} %" if interval else "—"


def _named(category: str) -> str:
    return "no category" if category == NO_CATEGORY else category
