"""Tables of the activity of annotators."""

from collections.abc import Callable
from datetime import datetime

from orbench_studio.domain.core.rates import coefficient_text
from orbench_studio.domain.team.progress import Activity
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.text_table import TextTable
from orbench_studio.gui.review.pace import seconds_text

Cells = dict[str, tuple[str, Callable[["Activity"], str]]]  # by the name of the column: its tooltip and its cells
NOTE = (
    "95 % intervals (Wilson; Dirichlet draws for kappa), pairs of labels assumed independent. While a prompt of a "
    "queue with an overlap lacks labels, those it has are hidden and count in no rate."
)
_WORK: Cells = {
    "Labels": ("Prompts that the annotator labelled", lambda one: f"{one.labels:,}"),
    "Labels per hour": (
        "Counts only labels made less than five minutes after the previous label; — with fewer than 20 labels",
        lambda one: f"{one.pace.labels_per_hour:,.0f}" if one.has_pace else "—",
    ),
    "Median time": (
        "Median time from one label to the next, of all labels in the workspace; intervals of more than five minutes "
        "are left out. The bar above the pages counts only your last 20 labels and skips, without such intervals. "
        "— with fewer than 20 labels.",
        lambda one: _seconds(one.pace.median_seconds if one.has_pace else None),
    ),
    "Assigned now": ("Prompts assigned to the annotator and not labelled yet", lambda one: f"{one.assigned:,}"),
    "Labelled / assigned by name": (
        "Labelled prompts of those assigned to the annotator by name",
        lambda one: f"{one.named.count:,} / {one.named.n:,}" if one.named.n else "—",
    ),
    "Approved": ("Prompts on which the annotator's decisions were approved", lambda one: f"{one.approved:,}"),
    "Sent back": (
        "Prompts that were sent back to the annotator and are not decided again yet",
        lambda one: f"{one.returned:,}",
    ),
}
_QUALITY: Cells = {
    "Agreement": (
        "Agreement with each label of other annotators, on prompts that have all their labels",
        lambda one: one.agreement.short,
    ),
    "Kappa": (
        "Cohen's kappa with each label of other annotators, on prompts that have all their labels",
        lambda one: coefficient_text(one.kappa, n=False),
    ),
    "n": ("Pairs of labels that agreement and kappa are computed from", lambda one: f"{one.kappa.n:,}"),
    "Self-consistency": (
        "Agreement with the annotator's own labels, on prompts shown again",
        lambda one: one.self_consistency.short_with_n,
    ),
    "Training accuracy": (
        "Agreement of first labels with known labels, on training prompts",
        lambda one: one.training.short_with_n,
    ),
    "Gold accuracy": (
        "Agreement of first labels with the hidden known labels of gold prompts",
        lambda one: one.gold.short_with_n,
    ),
}


def people_tables(people: list[Activity], now: datetime) -> list[TextTable]:
    """Build two tables with a row per annotator, which fit into a narrow window: their work, and its quality."""
    seen = ("Last decision or activity in a queue", lambda one: _ago(one.last_seen, now))
    work: Cells = {**_WORK, "Last seen": seen}
    return [_table(tr("Work of annotators"), people, work), _table(tr("Quality of labels"), people, _QUALITY)]


def _table(title: str, people: list[Activity], columns: Cells) -> TextTable:
    return TextTable(
        title,
        (tr("Annotator"), *map(tr, columns)),
        tuple((one.annotator, *(cell(one) for _tip, cell in columns.values())) for one in people),
        tips=("", *(tr(tip) for tip, _cell in columns.values())),
    )


def _seconds(median: float | None) -> str:
    return seconds_text(median) if median is not None else "—"


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
