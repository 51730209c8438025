"""How long what people do takes on a workspace: the next prompt, a decision, filters, audits, batches, checks."""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from typing import Any

from orbench_studio.domain.audit.refusal_rates import AuditOptions
from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.core.response import StopReason
from orbench_studio.domain.data.export import Export, Form
from orbench_studio.domain.evaluation.batch import BatchSettings
from orbench_studio.domain.evaluation.rate_limits import RateRequest
from orbench_studio.domain.review.decision import Decision
from orbench_studio.domain.review.query import parse
from orbench_studio.domain.review.queue import Field, QueueFilter
from orbench_studio.domain.team.queue import TeamQueue
from orbench_studio.services.audit import audit_counts, refusal_audit
from orbench_studio.services.data.export_files import export
from orbench_studio.services.evaluation import batch_control
from orbench_studio.services.evaluation.batch_coordinator import BatchCoordinator, Demand, Report
from orbench_studio.services.evaluation.prices import Prices
from orbench_studio.services.review import prompt_review, search
from orbench_studio.services.team import assignments, team_queues
from orbench_studio.services.workspace.statistics import statistics
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.evaluation.results import ModelAnswer, Outcome
from tests.benchmarks import texts
from tests.benchmarks.drive import FILTERS
from tests.benchmarks.report import quantile

_PAGE = 100  # lines of the queue that are fetched to be seen
_ROUNDS = 3
_CLAIMS, _CLAIMED = 20, 50
_EXPORTED = 200  # prompts
_ANSWERS = 500
_LEASE = 60.0
_IN_RESPONSES = "whatever was left over"
_FACETS = (Field.REFUSED, Field.VOTED, Field.STATUS)
_PRICES = Prices("", Path("prices.json"), {})

Figures = Iterator[tuple[str, float]]


def times(workspace: Workspace, prompts: int, models: int, decisions: int, scratch: Path) -> Figures:
    """Milliseconds, seconds and megabytes by what they are of."""
    yield from _reviewing(workspace, prompts, decisions)
    yield from _finding(workspace)
    yield from _auditing(workspace)
    yield from _team(workspace)
    yield from _batch(workspace, models)
    yield "s: stats", _seconds(lambda: statistics(workspace))
    yield "s: check", _seconds(workspace.problems)
    wanted = Export(Form.CSV, scratch / "out", filter=f"id:1-{_EXPORTED}")
    yield f"s: export of {_EXPORTED} prompts", _seconds(lambda: export(workspace, wanted))


def search_index(workspace: Workspace) -> Figures:
    """The index of responses, which people make when they want it: how long it takes, and searching by it."""
    with_index = parse(f'response:"{_IN_RESPONSES}"')
    yield "s: index of responses made", _seconds(lambda: search.index_responses(workspace, lambda *_: True))
    yield "ms: search in responses, indexed", _shown(workspace, with_index)


def _reviewing(workspace: Workspace, prompts: int, decisions: int) -> Figures:
    random = Random(prompts)
    chosen = [random.randint(1, prompts) for _ in range(decisions)]
    loaded = [_millis(lambda: prompt_review.load(workspace, one)) for one in chosen]  # noqa: B023 - called at once
    said = [Decision(one, Aspect.LABEL, random.choice(("safe", "toxic"))) for one in chosen]
    decided = [_millis(lambda: prompt_review.decide(workspace, one, annotator="ada")) for one in said]  # noqa: B023 - called at once
    for name, taken in (("next prompt loaded", loaded), ("decision", decided)):
        yield f"ms: {name}, p50", quantile(taken, 0.5)
        yield f"ms: {name}, p95", quantile(taken, 0.95)


def _finding(workspace: Workspace) -> Figures:
    for name, wanted in FILTERS.items():
        yield f"ms: filter, {name}", _shown(workspace, wanted)
    yield "ms: search in responses", _shown(workspace, parse(f'response:"{_IN_RESPONSES}"'))
    yield "s: queue, most useful first", _seconds(lambda: search.queue_of(workspace, parse("sort:useful")))
    for field in _FACETS:
        yield f"ms: counts beside {field}", _often(lambda: search.counts_of(workspace, QueueFilter(), field))  # noqa: B023 - called at once


def _shown(workspace: Workspace, wanted: QueueFilter) -> float:
    """A filter's queue and its first lines."""

    def show() -> None:
        search.queue_rows(workspace, search.queue_of(workspace, wanted).ids[:_PAGE])

    return _often(show)


def _auditing(workspace: Workspace) -> Figures:
    start = perf_counter()
    counts = audit_counts.read(workspace)
    yield "s: audit read", perf_counter() - start
    arrays = (
        counts.prompt_ids,
        counts.codes,
        counts.seeds,
        counts.groups,
        counts.rows,
        counts.columns,
        counts.outcomes,
    )
    yield "memory, MB: audit kept", (sum(array.nbytes for array in arrays) + counts.table.nbytes) / 1e6
    yield "ms: audit table", _often(lambda: refusal_audit.audit(counts, AuditOptions()))
    prompt_review.decide(workspace, Decision(1, Aspect.LABEL, "toxic"), annotator="ada")
    yield "ms: audit after a decision", _often(lambda: audit_counts.refreshed(counts, workspace, (1,)))


def _team(workspace: Workspace) -> Figures:
    """A queue of all prompts, and prompts claimed of it one by one."""
    yield "s: team's queue made", _seconds(lambda: team_queues.make(workspace, TeamQueue("everything", overlap=2)))
    taken = [
        _millis(lambda: assignments.claim(workspace, "everything", annotator="ben", ahead=held + 1))  # noqa: B023 - called at once
        for held in range(_CLAIMS)
    ]
    yield "ms: prompt claimed, p95", quantile(taken, 0.95)


def _batch(workspace: Workspace, models: int) -> Figures:
    """All prompts for as many models, written down; some of the items claimed as a runner claims them."""
    names = [f"openai/benchmark-{number}" for number in range(models)]
    ids = batch_control.select_prompts(workspace)
    start = perf_counter()
    batch = batch_control.create(workspace, names, ids, BatchSettings(), prices=_PRICES)
    yield "s: batch of all written down", perf_counter() - start
    coordinator = BatchCoordinator(workspace, batch.id, _LEASE)
    coordinator.begin()
    first, last = min(coordinator.models), max(coordinator.models)
    wanted = Report((), {first: Demand(_CLAIMED, RateRequest())})
    taken = [_millis(lambda: coordinator.exchange(wanted)) for _ in range(_CLAIMS)]
    yield f"ms: {_CLAIMED} items claimed, p95", quantile(taken, 0.95)
    yield f"ms: {_ANSWERS} answers of a model stored", _stored(coordinator, last)
    coordinator.leave()


def _stored(coordinator: BatchCoordinator, model_id: int) -> float:
    """Answers to items that were claimed, taken home in one transaction as those of a vendor's batch are."""
    claimed = coordinator.exchange(Report((), {model_id: Demand(_ANSWERS, RateRequest())})).assigned[model_id].items
    random = Random(0)
    outcomes = [
        Outcome(one.item_id, one.prompt_id, model_id, 1, ModelAnswer(texts.response(random), StopReason.STOP))
        for one in claimed
    ]
    return _millis(lambda: coordinator.exchange(Report(outcomes, {})))


def _often(work: Callable[[], Any]) -> float:
    return median(_millis(work) for _ in range(_ROUNDS))


def _millis(work: Callable[[], Any]) -> float:
    return _seconds(work) * 1_000


def _seconds(work: Callable[[], Any]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start
