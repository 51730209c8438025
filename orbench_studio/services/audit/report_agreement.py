"""Report section on the agreement of machines with human labels and between annotators."""

from collections.abc import Iterable, Sequence

from orbench_studio.domain.core.rates import Rate
from orbench_studio.domain.judging.agreement import Confusion, Kappa
from orbench_studio.estimates.raters import Coefficient
from orbench_studio.formats.report_documents import Block, Heading, Paragraph, Table
from orbench_studio.services.audit.human_agreement import (
    AnnotatorAgreement,
    HumanAgreement,
    MachineAgreement,
)

_HEADER = ("Machine", "n", "Agreement", "Precision", "Recall", "Kappa", "Excluded")


def agreement_section(found: HumanAgreement) -> list[Block]:
    """Return the section; empty without human labels."""
    if not found.labels and not found.answers:
        return []
    blocks: list[Block] = [
        Heading("Agreement"),
        Paragraph(f"Human labels: {found.labels:,} prompts, {found.answers:,} responses."),
    ]
    for title, machines in (
        ("Moderators compared with human labels of prompts; precision and recall of toxic.", found.moderators),
        ("Judges compared with human answer classes; precision and recall of refusals.", found.judges),
    ):
        if machines:
            blocks += [Paragraph(title, quiet=True), Table(_HEADER, list(_machines(machines)))]
    if rows := [row for one in found.people for row in _people(one)]:
        header = ("Between annotators", "n", "Agreement", "Cohen's kappa", "Fleiss' kappa", "Krippendorff's alpha")
        blocks.append(Table(header, rows))
    blocks.append(Paragraph(found.method, quiet=True))
    return blocks


def share(rate: Rate, *, n: bool = False) -> str:
    """Format a rate with its interval: `31 % (26–37)`; with `n` also its counts."""
    if rate.value is None or rate.interval is None:
        return "—"
    low, high = rate.interval
    return f"{100 * rate.value:.0f} % ({100 * low:.0f}–{100 * high:.0f})" + (
        f", {rate.count:,}/{rate.n:,}" if n else ""
    )


def _machines(machines: Sequence[MachineAgreement]) -> Iterable[Sequence[str]]:
    for one in machines:
        excluded = ", ".join(f"{count:,} {name}" for name, count in one.excluded.items())
        yield f"{one.name} ({one.kind})", *_confusion(one.overall), excluded
        for model, part in one.by.get("model", {}).items():
            yield f"{one.name}: {model}", *_confusion(part), ""


def _confusion(found: Confusion) -> tuple[str, ...]:
    return (f"{found.n:,}", share(found.accuracy), share(found.precision), share(found.recall), _kappa(found.kappa))


def _people(one: AnnotatorAgreement) -> Iterable[Sequence[str]]:
    together = one.overall
    if not together.n:
        return
    yield one.what, f"{together.n:,}", "", "", _kappa(together.fleiss), _kappa(together.alpha)
    for two in together.pairs:
        yield f"{two.one} and {two.other}", f"{two.same.n:,}", share(two.same), _kappa(two.kappa), "", ""


def _kappa(found: Kappa | Coefficient) -> str:
    if found.value is None:
        return "—"
    between = f" ({found.interval[0]:.2f} to {found.interval[1]:.2f})" if found.interval else ""
    return f"{found.value:.2f}{between}"
