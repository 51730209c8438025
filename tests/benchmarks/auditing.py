"""Time of an audit table from cached counts and after a label, compared with pandas and a recount."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import pandas as pd

from orbench_studio.domain.audit.refusal_rates import AuditOptions, Group
from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.core.judgement import ANSWERS, REFUSALS
from orbench_studio.domain.review.decision import Decision
from orbench_studio.services.audit import audit_counts, refusal_audit
from orbench_studio.services.review import prompt_review
from orbench_studio.services.workspace.workspace import Workspace, open_workspace
from tests.benchmarks.report import Line, quantile, spread

_TABLE, _LABEL = 20, 50  # milliseconds
_JOINED = """
    SELECT r.model_id, p.category, r.answer_class FROM response_states r JOIN prompt_states p USING (prompt_id)
    WHERE p.final_label = 'safe'
"""
_ANNOTATOR = "benchmark"


def measure(path: Path, prompts: int, runs: int) -> Iterator[Line]:
    """Measure the table of all models and categories; pandas counts the same from data in memory."""
    with open_workspace(path) as workspace:
        counts, read = _timed(lambda: audit_counts.read(workspace))
        frame, frame_read = _timed(lambda: _frame(workspace))
        yield Line("audit, everything read once", prompts, read, "ms", frame_read)
        found, tables = _repeated(lambda: refusal_audit.audit(counts, AuditOptions()), runs * 4)
        counted, plain = _repeated(lambda: _by_pandas(frame), runs)
        names = {counts.models[model_id] for model_id, _ in counted}
        same = names <= set(found.models) and all(
            (rate.count, rate.n) == counted[model_id, category]
            for model_id, name in counts.models.items()
            for category in found.categories
            if (rate := found.rate(Group.SAFE, name, category)).n
        )
        yield from spread("audit table, pandas has read", prompts, tables, plain, _TABLE)
        yield Line("audit table equal to a recount", prompts, float(same), "", None, "1", same)
        yield from _labels(workspace, counts, prompts, runs)


def _labels(workspace: Workspace, counts: audit_counts.AuditCounts, prompts: int, runs: int) -> Iterator[Line]:
    times = []
    for run in range(runs * 10):
        prompt_id = 1 + run % prompts
        prompt_review.decide(workspace, Decision(prompt_id, Aspect.LABEL, "toxic"), annotator=_ANNOTATOR)
        (counts, _), millis = _timed(partial(_again, workspace, counts, prompt_id))
        times.append(millis)
    equal = bool((audit_counts.read(workspace).table == counts.table).all())
    for _ in range(runs * 10):
        prompt_review.undo(workspace, annotator=_ANNOTATOR)
    p50, p95 = quantile(times, 0.5), quantile(times, 0.95)
    yield Line("audit table after a label, p50", prompts, p50, "ms")
    yield Line("audit table after a label, p95", prompts, p95, "ms", None, f"< {_LABEL} ms", p95 < _LABEL and equal)


def _again(
    workspace: Workspace, counts: audit_counts.AuditCounts, prompt_id: int
) -> tuple[audit_counts.AuditCounts, Any]:
    now = audit_counts.refreshed(counts, workspace, (prompt_id,))
    return now, refusal_audit.audit(now, AuditOptions())


def _frame(workspace: Workspace) -> pd.DataFrame:
    with workspace.reading() as db:
        return pd.DataFrame(db.exec_driver_sql(_JOINED).fetchall(), columns=["model", "category", "ended"])


def _by_pandas(frame: pd.DataFrame) -> dict[Any, tuple[int, int]]:
    judged = frame[frame.ended.isin(list(ANSWERS))]
    refused = judged.ended.isin(list(REFUSALS)).groupby([judged.model, judged.category]).agg(["sum", "size"])
    return {key: (int(row["sum"]), int(row["size"])) for key, row in refused.iterrows()}


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = perf_counter()
    found = work()
    return found, (perf_counter() - start) * 1_000


def _repeated(work: Callable[[], Any], times: int) -> tuple[Any, list[float]]:
    done = [_timed(work) for _ in range(times)]
    return done[-1][0], [millis for _, millis in done]
