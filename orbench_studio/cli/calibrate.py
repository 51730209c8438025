"""`orbench-studio calibrate`: compare every judge of a workspace with human labels."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbench_studio.cli import options
from orbench_studio.cli.console import counted, rate_as_json, write_json, write_line
from orbench_studio.cli.progress import show_progress

if TYPE_CHECKING:
    from orbench_studio.domain.judging.agreement import Agreement, Kappa
    from orbench_studio.domain.judging.calibration_result import (
        Calibration,
        Draws,
        JudgeCalibration,
        LeftOutModel,
    )
    from orbench_studio.instruments.phrases import MinedPhrase

_PHRASES = 5  # per model
_METHODS = (
    "95 % intervals (Wilson; Dirichlet for kappa); responses are treated as independent. "
    "Unparsed, blocked and empty responses are excluded. All scores are on held-out data."
)


def calibrate(
    workspace: options.Workspace,
    draws: Annotated[int, typer.Option(min=1, max=100, help="Random draws per point of the learning curve.")] = 5,
    labels: Annotated[int, typer.Option(min=20, help="Training labels of a draw when one model is left out.")] = 200,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare every judge with human labels: agreement, precision, recall and kappa, by model, category and type.

    All scores are on held-out data.
    """
    from orbench_studio.services.judging.calibration import calibrate_workspace
    from orbench_studio.services.judging.phrase_mining import mined_phrases
    from orbench_studio.services.workspace.workspace import open_workspace

    with open_workspace(workspace) as opened, show_progress("calibrating") as on_progress:
        found = calibrate_workspace(opened, draws=draws, left_out_labels=labels, on_progress=on_progress)
        phrases = {model: mined_phrases(opened, model, _PHRASES) for model in found.by_model}
    if as_json:
        mined = {model: [_phrase(one) for one in some] for model, some in phrases.items()}
        write_json({"workspace": str(workspace), "assumes": _METHODS, **_as_json(found), "phrases": mined})
    else:
        _print(found, phrases)


def _as_json(found: "Calibration") -> dict[str, Any]:
    return {
        "labels": {
            "responses": found.labels,
            "prompts": found.prompts,
            "by_class": dict(found.by_class),
            "by_model": dict(found.by_model),
            "random_sample": {"responses": found.sample, "inclusion_probability": found.inclusion},
        },
        "instruments": [_instrument(one) for one in found.instruments],
        "left_one_model_out": [_left_out(one) for one in found.left_out],
        "learning_curve": [_draws(one) for one in found.learning],
        "trust": dict(found.trust),
    }


def _instrument(one: "JudgeCalibration") -> dict[str, Any]:
    return {
        "name": one.name,
        "version": one.version,
        "how": one.how,
        "overall": _agreement(one.slices.overall),
        **{f"by_{name}": {k: _agreement(v) for k, v in slices.items()} for name, slices in one.slices.by.items()},
        "on_random_sample": _agreement(one.on_sample) if one.on_sample else None,
        "calibration_error": one.calibration_error,
        "reliability": [{"n": b.n, "given": b.given, "observed": rate_as_json(b.observed)} for b in one.curve],
    }


def _agreement(found: "Agreement") -> dict[str, Any]:
    return {
        "n": found.n,
        "accuracy": rate_as_json(found.accuracy),
        "precision": rate_as_json(found.precision),
        "recall": rate_as_json(found.recall),
        "kappa": _kappa(found.kappa),
        "three_way": rate_as_json(found.three_way),
        "three_way_kappa": _kappa(found.three_way_kappa),
        "not_compared": dict(found.apart),
    }


def _kappa(kappa: "Kappa") -> dict[str, Any]:
    return {"value": kappa.value, "interval": kappa.interval, "n": kappa.n}


def _left_out(one: "LeftOutModel") -> dict[str, Any]:
    return {
        "model": one.model,
        "rules": _agreement(one.rules),
        "local_judge_on_all_others": _agreement(one.all_others),
        "local_judge_with_its_own": _agreement(one.with_own),
        "local_judge_on_few": _draws(one.draws) if one.draws else None,
    }


def _draws(found: "Draws") -> dict[str, Any]:
    return {
        "labels": found.labels,
        "mean": found.mean,
        "spread": found.spread,
        "any_refusal": list(found.any_refusal),
        "three_way": list(found.three_way),
    }


def _phrase(one: "MinedPhrase") -> dict[str, Any]:
    return {
        "phrase": one.phrase,
        "indicates": "refusal" if one.refuses else "answer",
        "mined": {"precision": rate_as_json(one.mined.precision), "recall": rate_as_json(one.mined.recall)},
        "held_out": {"precision": rate_as_json(one.held_out.precision), "recall": rate_as_json(one.held_out.recall)},
    }


def _print(found: "Calibration", phrases: "Mapping[str, Sequence[MinedPhrase]]") -> None:
    write_line(
        f"{counted(found.labels, 'human label')} of responses to {counted(found.prompts, 'prompt')} "
        f"by {counted(len(found.by_model), 'model')}; random sample: {found.sample:,}",
        "",
    )
    write_line(
        f"{'':<28}{'agreement':<30}{'three-way':<12}{'precision':<12}{'recall':<12}{'kappa':<10}calibration error"
    )
    for one in found.instruments:
        write_line(_line(one.name, one.slices.overall) + _number(one.calibration_error))
        for model, agreement in one.slices.by["model"].items():
            write_line(_line(f"  {model}", agreement))
    _print_left_out(found)
    if found.learning:
        write_line("", "learning curve of the local judge, on held-out responses")
        for step in found.learning:
            write_line(
                f"  {step.labels:>6,} labels   {step.mean:.3f} ± {step.spread:.3f} over {len(step.any_refusal)} draws"
            )
    write_line("", "recommended judge per model (highest lower bound of agreement)")
    for model, name in found.trust.items():
        write_line(f"  {model:<26}{name}")
    for model, mined in phrases.items():
        write_line("", f"most indicative phrases of {model}, scored on held-out prompts")
        for phrase in mined:
            indicates = "refusal" if phrase.refuses else "answer"
            write_line(f"  {indicates:<8} {phrase.phrase:<40} precision {phrase.held_out.precision.words}")
    write_line("", _METHODS)


def _print_left_out(found: "Calibration") -> None:
    if not found.left_out:
        return
    header = ("one model left out", "rules", "local judge, other models", "local judge, all models", "few labels")
    write_line("", "{:<28}{:<8}{:<28}{:<28}{}".format(*header))
    for one in found.left_out:
        draws = one.draws
        few = f"{draws.mean:.3f} ± {draws.spread:.3f} ({draws.labels} labels)" if draws else "too few labels"
        others, all_models = map(_with_three_way, (one.all_others, one.with_own))
        write_line(f"  {one.model:<26}{_number(one.rules.accuracy.value):<8}{others:<28}{all_models:<28}{few}")


def _with_three_way(found: "Agreement") -> str:
    return f"{_number(found.accuracy.value)}, three-way {_number(found.three_way.value)}"


def _line(name: str, found: "Agreement") -> str:
    rate = found.accuracy
    share = "no data"
    if rate.interval is not None:
        share = f"{_number(rate.value)} [{rate.interval[0]:.3f}, {rate.interval[1]:.3f}] n={rate.n:,}"
    others = (found.three_way.value, found.precision.value, found.recall.value)
    return f"{name:<28}{share:<30}" + "".join(f"{_number(v):<12}" for v in others) + f"{_number(found.kappa.value):<10}"


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:.3f}"
