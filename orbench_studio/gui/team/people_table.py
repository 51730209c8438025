"""Table of the activity of annotators."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from orbench_studio.domain.core.rates import coefficient_text
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.text_table import Row, TextTable

if TYPE_CHECKING:
    from orbench_studio.domain.team.progress import Activity

# Names of the columns with their tooltips.
COLUMNS = {
    "Annotator": "",
    "Labels": "Prompts that the annotator labelled",
    "Labels per hour": "Counts only labels made less than five minutes after the previous label",
    "Median time": "Median time from one label to the next; intervals of more than five minutes are left out",
    "Agreement": "Agreement with each label of other annotators, on prompts that have all their labels",
    "Kappa": "Cohen's kappa with each label of other annotators, on prompts that have all their labels",
    "n": "Pairs of labels that agreement and kappa are computed from",
    "Self-consistency": "Agreement with the annotator's own labels, on prompts shown again",
    "Training accuracy": "Agreement of first labels with known labels, on training prompts",
    "Gold accuracy": "Agreement of first labels with the hidden known labels of gold prompts",
    "Assigned now": "Prompts assigned to the annotator and not labelled yet",
    "Named prompts": "Labelled prompts of those assigned to the annotator by name",
    "Approved": "Prompts on which the annotator's decisions were approved",
    "Sent back": "Prompts that were sent back to the annotator and are not decided again yet",
    "Last seen": "Last decision or activity in a queue",
}
NOTE = "95 % intervals (Wilson; Dirichlet draws for kappa), pairs of labels assumed independent."


def people_table(people: list[Activity], now: datetime) -> TextTable:
    """Build the table with a row per annotator."""
    return TextTable(
        tr("Annotators"),
        tuple(map(tr, COLUMNS)),
        tuple(_row(one, now) for one in people),
        tips=tuple(tr(tip) if tip else "" for tip in COLUMNS.values()),
        narrow=True,
    )


def _row(one: Activity, now: datetime) -> Row:
    labels_per_hour, median_seconds = one.pace.labels_per_hour, one.pace.median_seconds
    return (
        one.annotator,
        f"{one.labels:,}",
        f"{labels_per_hour:,.0f}" if labels_per_hour is not None else "—",
        tr("{seconds} s").format(seconds=f"{median_seconds:.0f}") if median_seconds is not None else "—",
        one.agreement.short,
        coefficient_text(one.kappa, n=False),
        f"{one.kappa.n:,}",
        one.self_consistency.short_with_n,
        one.training.short_with_n,
        one.gold.short_with_n,
        f"{one.assigned:,}",
        f"{one.named.count:,} / {one.named.n:,}" if one.named.n else "—",
        f"{one.approved:,}",
        f"{one.returned:,}",
        _ago(one.last_seen, now),
    )


def _ago(at: datetime | None, now: datetime) -> str:
    """Format a time relative to now: minutes, then hours, then the date."""
    if at is None:
        return tr("never")
    minutes = (now - at).total_seconds() / 60
    if minutes < 2:
        return tr("just now")
    if minutes < 120:
        return tr("{minutes} min ago").format(minutes=f"{minutes:.0f}")
    if minutes < 48 * 60:
        return tr("{hours} h ago").format(hours=f"{minutes / 60:.0f}")
    return f"{at.astimezone():%Y-%m-%d}"
