"""What each person of a team does, as a table of words."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.text_table import Row, TextTable

if TYPE_CHECKING:
    from orbench_studio.domain.core.rates import Rate
    from orbench_studio.domain.judging.agreement import Kappa
    from orbench_studio.domain.team.progress import Activity

_HEADER = (
    "Person",
    "Labels",
    "An hour",
    "Seconds each",
    "Same as others",
    "Kappa",
    "n",
    "Same again",
    "Practice right",
    "Holds",
    "Last seen",
)
NOTE = (
    "An hour and seconds (median): of labels less than five minutes apart. Same as others, kappa: against each label "
    "of others on prompts that have all their labels, n such pairs, taken as independent. Same again: on prompts shown "
    "again. Intervals are at 95 % (Wilson; Dirichlet draws for kappa)."
)


def people_table(people: list[Activity], now: datetime) -> TextTable:
    """A row a person."""
    return TextTable(tr("People"), tuple(map(tr, _HEADER)), tuple(_row(one, now) for one in people))


def _row(one: Activity, now: datetime) -> Row:
    hourly, seconds = one.pace.hourly, one.pace.seconds
    return (
        one.annotator,
        f"{one.labels:,}",
        f"{hourly:,.0f}" if hourly is not None else "–",
        f"{seconds:.0f}" if seconds is not None else "–",
        _share(one.same),
        _kappa(one.kappa),
        f"{one.kappa.n:,}",
        _share(one.consistency, n=True),
        _share(one.practice, n=True),
        f"{one.held:,}",
        _ago(one.seen, now),
    )


def _share(rate: Rate, *, n: bool = False) -> str:
    if rate.value is None or rate.interval is None:
        return "–"
    low, high = rate.interval
    of = f", {rate.count:,}/{rate.n:,}" if n else ""
    return f"{100 * rate.value:.0f} % ({100 * low:.0f}–{100 * high:.0f}){of}"


def _kappa(found: Kappa) -> str:
    if found.value is None:
        return "–"
    return f"{found.value:.2f}" + (f" ({found.interval[0]:.2f} to {found.interval[1]:.2f})" if found.interval else "")


def _ago(at: datetime | None, now: datetime) -> str:
    """When somebody was last seen: minutes, hours, then the day."""
    if at is None:
        return tr("never")
    minutes = (now - at).total_seconds() / 60
    if minutes < 2:
        return tr("just now")
    if minutes < 120:
        return f"{minutes:.0f} min {tr('ago')}"
    return f"{minutes / 60:.0f} h {tr('ago')}" if minutes < 48 * 60 else f"{at.astimezone():%Y-%m-%d}"
