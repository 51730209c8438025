"""The chart of throughput and spend."""

from datetime import UTC, datetime

from orbench_studio.domain.evaluation.batch import Batch, BatchKind, BatchProgress, BatchSettings, ModelProgress, Worker
from orbench_studio.domain.evaluation.states import BatchState
from orbench_studio.gui.common.theme import Theme
from orbench_studio.gui.evaluation.activity_chart import Activity, ActivityChart

BATCH = Batch(7, "a batch", BatchKind.EVALUATION, BatchState.RUNNING, BatchSettings())


def observed(rows):
    """The samples of progress at these times: (seconds, items per minute of each of two workers, USD)."""
    activity = Activity()
    for at, rate, cost in rows:
        workers = (Worker("host", 1, datetime.now(UTC), 9, rate), Worker("other", 2, datetime.now(UTC), 9, rate))
        activity.add(BatchProgress(BATCH, (ModelProgress("a", total=10_000, cost=cost),), workers), at)
    return activity.of(BATCH.id)


def test_chart_shows_items_per_minute_and_spend(qapp):
    chart = ActivityChart(Theme(qapp))
    chart.show_samples(observed([(0, 0, 0.0), (1, 300, 0.1)]))
    assert chart.isHidden(), "two samples make no line"
    chart.show_samples(observed([(0, 0, 0.0), (0.4, 900, 0.9), (0.8, 100, 0.9), (10, 300, 1.0), (20, 150, 1.5)]))
    assert not chart.isHidden()
    assert chart.accessibleName() == "Items/min: 300, max 600. Spend: 1.50 USD in 20 s"
    chart.resize(600, chart.sizeHint().height())
    assert not chart.grab().isNull()


def test_long_batch_keeps_few_samples():
    samples = observed([(second, second, 0.0) for second in range(5_000)])
    assert len(samples) <= 600
    assert (samples[0][0], samples[-1][0]) == (0, 4_999)
