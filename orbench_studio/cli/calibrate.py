"""`orbench-studio calibrate`: compare every judge of a workspace with human labels."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbench_studio.cli import options
from orbench_studio.cli.console import show_progress, write_json, write_line, write_table
from orbench_studio.domain.core.amounts import counted
from orbench_studio.domain.core.rates import coefficient_text
from orbench_studio.domain.judging.agreement import Agreement
from orbench_studio.domain.judging.calibration_result import Calibration, Draws, JudgeCalibration, LeftOutModel

if TYPE_CHECKING:
    from orbench_studio.instruments.phrases import MinedPhrase

_PHRASES = 5  # per model
_METHODS = (
    "Agreement, precision, recall, kappa: refusal or answer. Three-way: answer, partial, full refusal. "
    "95 % intervals (Wilson; Dirichlet for kappa); they account for several responses to a prompt. "
    "Refusals without words (by stop reason or "
    "a filter), unparsed and empty responses are excluded. All scores are on held-out data."
)

_LEFT_OUT = (
    "agreement on each model: rules, and local judge",
    "  others: trained without the labels of the model. all: trained also on its labels of other prompts. few labels: "
    "trained on",
    "  that many labels of other models, mean ± SD of draws.",
)


def calibrate(
    workspace: options.Workspace,
    draws: Annotated[
        int, typer.Option(min=1, max=100, metavar="N", help="Random draws per point of the learning curve.")
    ] = 5,
    labels: Annotated[
        int, typer.Option(min=20, metavar="N", help="Training labels of a draw when one model is left out.")
    ] = 200,
    as_json: options.Json = False,
) -> None:
    """Compare every judge with human labels: agreement, precision, recall and kappa, by model, category and type.

    All scores are on held-out data.
    """
    from orbench_studio.services.judging.calibration import calibrate_workspace
    from orbench_studio.services.judging.phrase_mining import mined_phrases

    with options.open_workspace(workspace) as opened, show_progress("comparing judges") as on_progress:
        found = calibrate_workspace(opened, draws=draws, left_out_labels=labels, on_progress=on_progress)
        phrases = {model: mined_phrases(opened, model, _PHRASES) for model in found.by_model}
    if as_json:
        mined = {model: [_phrase(one) for one in some] for model, some in phrases.items()}
        write_json({"workspace": str(workspace), "assumes": _METHODS, **_as_json(found), "phrases": mined})
    else:
        _print(found, phrases)


def _as_json(found: Calibration) -> dict[str, Any]:
    return {
        "labels": {
            "responses": found.labels,
            "prompts": found.prompts,
            "in_sealed_split": found.sealed,
            "hidden": found.hidden,
            "by_class": found.by_class,
            "by_model": found.by_model,
            "random_sample": {"responses": found.sample, "inclusion_probability": found.inclusion},
        },
        "instruments": [_instrument(one) for one in found.instruments],
        "left_one_model_out": [_left_out(one) for one in found.left_out],
        "learning_curve": [_draws(one) for one in found.learning],
        "trust": found.trust,
    }


def _instrument(one: JudgeCalibration) -> dict[str, Any]:
    return {
        "name": one.name,
        "version": one.version,
        "how": one.how,
        "overall": _agreement(one.slices.overall),
        **{f"by_{name}": {k: _agreement(v) for k, v in slices.items()} for name, slices in one.slices.by.items()},
        "on_random_sample": _agreement(one.on_sample) if one.on_sample else None,
        "calibration_error": one.calibration_error,
        "calibration_error_interval": one.calibration_interval,
        "reliability": [{"n": b.n, "given": b.given, "observed": b.observed} for b in one.curve],
    }


def _agreement(found: Agreement) -> dict[str, Any]:
    return {
        "n": found.n,
        "accuracy": found.accuracy,
        "precision": found.precision,
        "recall": found.recall,
        "kappa": found.kappa,
        "three_way": found.three_way,
        "by_scheme": found.by_scheme,
        "three_way_kappa": found.three_way_kappa,
        "not_compared": found.apart,
    }


def _left_out(one: LeftOutModel) -> dict[str, Any]:
    return {
        "model": one.model,
        "rules": _agreement(one.rules),
        "local_judge_on_all_others": _agreement(one.all_others),
        "local_judge_with_its_own": _agreement(one.with_own),
        "local_judge_on_few": _draws(one.draws) if one.draws else None,
    }


def _draws(found: Draws) -> dict[str, Any]:
    return {
        "labels": found.labels,
        "mean": found.mean,
        "spread": found.spread,
        "any_refusal": found.any_refusal,
        "three_way": found.three_way,
    }


def _phrase(one: "MinedPhrase") -> dict[str, Any]:
    return {
        "phrase": one.phrase,
        "indicates": "refusal" if one.refuses else "answer",
        "mined": {"precision": one.mined.precision, "recall": one.mined.recall},
        "held_out": {"precision": one.held_out.precision, "recall": one.held_out.recall},
    }


def _print(found: Calibration, phrases: "Mapping[str, Sequence[MinedPhrase]]") -> None:
    write_line(
        f"{counted(found.labels, 'human answer class', 'human answer classes')} of responses to "
        f"{counted(found.prompts, 'prompt')} by {counted(len(found.by_model), 'model')}; {found.sample:,} of them "
        "drawn at random by the order “Most useful to judge first” of the Review page",
        *found.not_compared,
        "",
    )
    rows = [row for one in found.instruments for row in _rows(one)]
    write_table(("judge", "agreement", "three-way", "precision", "recall", "kappa", "calibration error"), rows)
    _print_left_out(found)
    if found.learning:
        write_line("", "learning curve of the local judge, on held-out responses")
        steps = [(s.labels, f"{s.mean:.3f} ± {s.spread:.3f}", len(s.any_refusal)) for s in found.learning]
        write_table(("labels", "agreement, mean ± SD of draws", "draws"), steps, indent=2)
    write_line("", "recommended judge per model (highest lower bound of agreement)")
    write_table(("", ""), [(model, ", ".join(names)) for model, names in found.trust.items()], indent=2)
    for model, mined in phrases.items():
        if not mined:
            continue
        write_line("", f"most indicative phrases of {model}, scored on held-out prompts")
        found_phrases = [
            ("refusal" if one.refuses else "answer", one.phrase, one.held_out.precision.words) for one in mined
        ]
        write_table(("indicates", "phrase", "precision"), found_phrases, indent=2)
    write_line("", _METHODS)


def _print_left_out(found: Calibration) -> None:
    if not found.left_out:
        return
    header = ("model", "rules", "local: others", "three-way", "local: all", "three-way", "local: few labels")
    rows = []
    for one in found.left_out:
        draws = one.draws
        few = f"{draws.mean:.3f} ± {draws.spread:.3f} ({draws.labels} labels)" if draws else "too few labels"
        others, own = one.all_others, one.with_own
        rates = (one.rules.accuracy, others.accuracy, others.three_way, own.accuracy, own.three_way)
        rows.append((f"  {one.model}", *(rate.short_with_n for rate in rates), few))
    write_line("", *_LEFT_OUT)
    write_table(header, rows)


def _rows(one: JudgeCalibration) -> Iterator[tuple[str, ...]]:
    yield one.name, *_cells(one.slices.overall), one.calibration_text
    for model, agreement in one.slices.by["model"].items():
        yield f"  {model}", *_cells(agreement), ""


def _cells(found: Agreement) -> tuple[str, ...]:
    rates = (found.accuracy, found.three_way, found.precision, found.recall)
    return *(rate.short_with_n for rate in rates), coefficient_text(found.kappa)
