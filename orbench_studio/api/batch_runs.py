"""Send requests to models from a notebook: estimate, run with progress bars, return the result as a data frame."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from orbench_studio.domain.evaluation.batch import BatchSettings, Limits, Sampling
from orbench_studio.domain.evaluation.parameters import read_parameters
from orbench_studio.domain.review.query import parse
from orbench_studio.errors import StudioError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from orbench_studio.domain.evaluation.batch import Batch
    from orbench_studio.services.evaluation.batch_runner import Snapshot
    from orbench_studio.services.evaluation.cost_estimate import Estimate, ModelEstimate
    from orbench_studio.services.evaluation.prices import Prices
    from orbench_studio.services.workspace.workspace import Workspace

_ESTIMATED = ("model", "items", "input_tokens", "max_output", "expected_cost", "max_cost", "seconds")
_LIMITS = {
    **{name: name for name in ("concurrency", "timeout", "max_cost")},
    "rpm": "requests_per_minute",
    "tpm": "tokens_per_minute",
}


class RequestOptions(TypedDict, total=False):
    """The request options of the command line. `params` maps NAME, or MODEL:NAME, to a value."""

    base_url: str
    temperature: float | None
    max_tokens: int
    params: Mapping[str, Any]
    concurrency: int
    rpm: int
    tpm: int
    timeout: float
    max_cost: float
    vendor_batch: bool


@contextmanager
def studio_errors() -> Iterator[None]:
    """Raise an invalid argument as a StudioError, as the command line shows it."""
    try:
        yield
    except StudioError:
        raise
    except ValueError as error:
        raise StudioError(str(error)) from error


def settings(
    models: Sequence[str], request: RequestOptions, *, seed: int | None = None, system: str | None = None, **others: Any
) -> BatchSettings:
    """The settings for request options; a StudioError names an invalid one."""
    options: dict[str, Any] = dict(request)
    sampling = _popped(options, {"temperature": "temperature", "max_tokens": "max_tokens"})
    limits = _popped(options, _LIMITS)
    base_url, vendor_batch = options.pop("base_url", None), options.pop("vendor_batch", False)
    lines = [f"{name}={json.dumps(value)}" for name, value in options.pop("params", {}).items()]
    if options:
        known = ", ".join(RequestOptions.__annotations__)
        raise StudioError(f"Unknown option {', '.join(map(repr, options))}. Options: {known}.")
    with studio_errors():
        extra, by_model = read_parameters(lines, models)
        return BatchSettings(
            Sampling(**sampling, system=system, seed=seed, extra=extra, extra_by_model=by_model),
            Limits(**limits),
            base_urls=dict.fromkeys(models, base_url) if base_url else {},
            vendor_batch=vendor_batch,
            **others,
        )


def prompt_ids(workspace: Workspace, query: str, subset: str | None, limit: int | None) -> list[int]:
    """The prompts of a subset or of a filter."""
    from orbench_studio.services.evaluation import batch_control

    with studio_errors():
        wanted = parse(query)
    return batch_control.select_prompts(workspace, wanted=wanted, subset=subset, limit=limit)


def evaluation(
    workspace: Workspace, models: Sequence[str], ids: Sequence[int], wanted: BatchSettings, *, dry_run: bool
) -> tuple[Estimate, Batch | None, Prices]:
    """Check and estimate an evaluation, and create its batch unless `dry_run`."""
    from orbench_studio.services.evaluation import batch_control, cost_estimate

    prices = _checked_prices(models, wanted)
    estimate = cost_estimate.estimate(workspace, models, ids, wanted, prices)
    batch = None if dry_run else batch_control.create(workspace, models, ids, wanted, prices=prices)
    return estimate, batch, prices


def judging(
    workspace: Workspace,
    judges: Sequence[str],
    selection: Mapping[str, Any],
    template: Path | None,
    request: RequestOptions,
    *,
    dry_run: bool,
) -> tuple[Estimate, Batch | None, Prices]:
    """Check and estimate the judging by language models, and create its batch unless `dry_run`."""
    from orbench_studio.domain.evaluation.batch import CLASS_TOKENS
    from orbench_studio.services.evaluation import cost_estimate, judge_batches

    instructions = judge_batches.with_guidelines_of(workspace, judge_batches.load_template(template))
    with_tokens: RequestOptions = {"max_tokens": CLASS_TOKENS, **request}
    wanted = settings(judges, with_tokens, template=instructions.text)
    prices = _checked_prices(judges, wanted)
    chosen = judge_batches.select_responses(workspace, judges, template=instructions, **selection)
    ids = [response.response_id for response in chosen]
    estimate = cost_estimate.estimate_judging(workspace, judges, ids, wanted, prices)
    batch = None if dry_run else judge_batches.create(workspace, judges, chosen, wanted, prices=prices)
    return estimate, batch, prices


def judge_builtin(
    workspace: Workspace, name: str, query: str, batch_id: int | None, *, progress: bool
) -> dict[str, Any]:
    """Run a built-in judge on the responses to the prompts of a filter; returns its row of the result."""
    from orbench_studio.services.judging import builtin_judges, run_judges

    with studio_errors():
        terms = parse(query).terms
    instrument = builtin_judges.BUILTIN_JUDGES[name].create(workspace)
    if warning := builtin_judges.training_warning(instrument):
        warnings.warn(warning, stacklevel=3)
    with _bars(shown=progress) as bar:

        def on_progress(done: int, total: int) -> bool:
            bar(name, done, total, "")
            return True

        result = run_judges.judge(workspace, instrument, batch_id=batch_id, terms=terms, on_progress=on_progress)
    return {"model": result.judge, "kind": "judging", "state": "completed", "items": result.total,
            "completed": result.judged}  # fmt: skip


def run(workspace: Workspace, batch: Batch, prices: Prices, *, progress: bool) -> None:
    """Run a batch with a progress bar for each model. Interrupting the kernel pauses it; it can be resumed later."""
    from orbench_studio.services.evaluation.launcher import open_runner

    with _bars(shown=progress) as bar:

        def show(snapshot: Snapshot) -> None:
            for model in snapshot.progress.models:
                failed = f"{model.failed:,} failed" if model.failed else ""
                bar(model.model, model.total - model.left, model.total, failed)

        open_runner(workspace, batch.id, prices).run(show)


def estimated(estimate: Estimate) -> list[dict[str, Any]]:
    """The rows of an estimate; costs in USD."""
    if estimate.warning:
        warnings.warn(estimate.warning, stacklevel=3)
    return [_estimated(model) for model in estimate.models]


def _popped(options: dict[str, Any], fields: Mapping[str, str]) -> dict[str, Any]:
    return {field: options.pop(name) for name, field in fields.items() if name in options}


def _estimated(model: ModelEstimate) -> dict[str, Any]:
    return {name: getattr(model, name) for name in _ESTIMATED}


def _checked_prices(models: Sequence[str], wanted: BatchSettings) -> Prices:
    from orbench_studio.services.evaluation import batch_control
    from orbench_studio.services.evaluation.launcher import require_ready
    from orbench_studio.services.evaluation.prices import load_prices

    prices = load_prices()
    batch_control.check(models, wanted, prices)
    require_ready(models, wanted)
    return prices


@contextmanager
def _bars(*, shown: bool) -> Iterator[Callable[[str, int, int, str], None]]:
    """A function that updates the bar of a name; widgets in notebooks, text elsewhere."""
    if not shown:
        yield lambda *_: None
        return
    from tqdm.auto import tqdm

    bars: dict[str, Any] = {}

    def update(name: str, done: int, total: int, note: str) -> None:
        if name not in bars:
            bars[name] = tqdm(desc=name, total=total, unit="item")
        bars[name].set_postfix_str(note, refresh=False)
        bars[name].update(done - bars[name].n)

    try:
        yield update
    finally:
        for bar in bars.values():
            bar.close()
