"""People against machines and people against each other, as a section of a report."""

from collections.abc import Iterable, Sequence

from orbench_studio.domain.core.rates import Rate
from orbench_studio.domain.judging.agreement import Confusion, Kappa
from orbench_studio.estimates.raters import Coefficient
from orbench_studio.formats.report_documents import Block, Grid, Heading, Paragraph
from orbench_studio.services.audit.human_agreement import (
    HumanAgreement,
    MachineAgreement,
    PeopleAgreement,
)

_HEADER = ("Machine", "n", "Same", "Precision", "Recall", "Kappa", "Not compared")


def people_section(found: HumanAgreement) -> list[Block]:
    """What people have decided, and how far machines and people agree with it; nothing where nobody has."""
    if not found.labels and not found.answers:
        return []
    blocks: list[Block] = [
        Heading("People against machines"),
        Paragraph(f"Prompts labelled by people: {found.labels:,}; responses: {found.answers:,}."),
    ]
    for title, machines in (
        ("Moderators against people's labels; precision and recall of toxic.", found.moderators),
        ("Judges against people's answer classes; precision and recall of refusals.", found.judges),
    ):
        if machines:
            blocks += [Paragraph(title, quiet=True), Grid(_HEADER, list(_machines(machines)))]
    if rows := [row for one in found.people for row in _people(one)]:
        header = ("People against each other", "n", "Same", "Cohen", "Fleiss", "Krippendorff")
        blocks.append(Grid(header, rows))
    blocks.append(Paragraph(found.method, quiet=True))
    return blocks


def share(rate: Rate, *, n: bool = False) -> str:
    """A rate with its interval in short: `31 % (26–37)`, and what it is of where that is not told beside it."""
    if rate.value is None or rate.interval is None:
        return "—"
    low, high = rate.interval
    return f"{100 * rate.value:.0f} % ({100 * low:.0f}–{100 * high:.0f})" + (
        f", {rate.count:,}/{rate.n:,}" if n else ""
    )


def _machines(machines: Sequence[MachineAgreement]) -> Iterable[Sequence[str]]:
    for one in machines:
        apart = ", ".join(f"{count:,} {name}" for name, count in one.excluded.items())
        yield f"{one.name} ({one.kind})", *_confusion(one.overall), apart
        for model, part in one.by.get("model", {}).items():
            yield f"{one.name}: {model}", *_confusion(part), ""


def _confusion(found: Confusion) -> tuple[str, ...]:
    return (f"{found.n:,}", share(found.accuracy), share(found.precision), share(found.recall), _kappa(found.kappa))


def _people(one: PeopleAgreement) -> Iterable[Sequence[str]]:
    together = one.overall
    if not together.things:
        return
    yield one.what, f"{together.things:,}", "", "", _kappa(together.fleiss), _kappa(together.alpha)
    for two in together.pairs:
        yield f"{two.one} and {two.other}", f"{two.same.n:,}", share(two.same), _kappa(two.kappa), "", ""


def _kappa(found: Kappa | Coefficient) -> str:
    if found.value is None:
        return "—"
    between = f" ({found.interval[0]:.2f} to {found.interval[1]:.2f})" if found.interval else ""
    return f"{found.value:.2f}{between}"
