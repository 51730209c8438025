"""`orbench-studio audit-people`: people against machines, and people against each other."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbench_studio.cli import options
from orbench_studio.cli.console import counted, write_json, write_line

if TYPE_CHECKING:
    from orbench_studio.domain.core.rates import Rate
    from orbench_studio.domain.judging.agreement import Confusion, Kappa
    from orbench_studio.estimates.raters import Coefficient
    from orbench_studio.services.audit.human_agreement import (
        HumanAgreement,
        MachineAgreement,
        PairAgreement,
    )


def audit_people(
    workspace: options.Workspace,
    as_json: Annotated[bool, typer.Option("--json", help="For machines: one object.")] = False,
) -> None:
    """Hold moderators, judges and rules against what people decided, and people against each other."""
    from orbench_studio.services.audit.human_agreement import human_agreement
    from orbench_studio.services.workspace.workspace import open_workspace

    with open_workspace(workspace) as opened:
        found = human_agreement(opened)
    if as_json:
        write_json({"workspace": str(workspace), **_as_json(found)})
    else:
        _tell(found)


def _tell(found: "HumanAgreement") -> None:
    for title, machines, n, thing in (
        ("against people's labels of prompts (toxic)", found.moderators, found.labels, "prompt"),
        ("against people's answer classes (any refusal)", found.judges, found.answers, "response"),
    ):
        write_line(f"{title}: {counted(n, thing)} decided")
        if machines:
            write_line(f"  {'':<34}{'agreement':<30}{'precision':>10}{'recall':>10}{'kappa':>8}  three-way")
        for machine in machines:
            _tell_machine(machine)
        write_line("")
    for one in found.people:
        write_line(f"between annotators, {one.what}")
        _tell_between("all", one.overall)
        for sliced in one.by.values():
            for name, between in sliced.items():
                _tell_between(name, between)
        write_line("")
    if found.self_consistency:
        write_line("self-consistency (same label on a prompt shown again)")
        for annotator, rate in found.self_consistency.items():
            write_line(f"  {annotator}  {rate.words}")
        write_line("")
    write_line(found.method)


def _tell_machine(machine: "MachineAgreement") -> None:
    three_way = "" if machine.three_way is None else _number(machine.three_way.value)
    write_line(_line(f"{machine.name} ({machine.kind})", machine.overall) + f"  {three_way}")
    for sliced in machine.by.values():
        for name, confusion in sliced.items():
            write_line(_line(f"  {name}", confusion))


def _line(name: str, found: "Confusion") -> str:
    rates = "".join(f"{_number(rate.value):>10}" for rate in (found.precision, found.recall))
    return f"  {name:<34}{_agreed(found.accuracy):<30}{rates}{_number(found.kappa.value):>8}"


def _tell_between(name: str, between: "PairAgreement") -> None:
    together = f"Fleiss {_number(between.fleiss.value)}, alpha {_number(between.alpha.value)} of {between.alpha.n:,}"
    for two in between.pairs:
        same = f"{two.same.count:,} of {two.same.n:,} alike, kappa {_number(two.kappa.value)}"
        write_line(f"  {name:<20}{two.one} and {two.other}: {same}; {together}")


def _agreed(rate: "Rate") -> str:
    if rate.interval is None:
        return "none compared"
    return f"{_number(rate.value)} [{rate.interval[0]:.3f}, {rate.interval[1]:.3f}] n={rate.n:,}"


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:.3f}"


def _as_json(found: "HumanAgreement") -> dict[str, Any]:
    return {
        "labels": found.labels,
        "answers": found.answers,
        "assumes": found.method,
        "moderators": [_machine(one) for one in found.moderators],
        "judges": [_machine(one) for one in found.judges],
        "people": [
            {"what": one.what, "overall": _between(one.overall), **_sliced(one.by, _between)} for one in found.people
        ],
        "self_consistency": {annotator: _rate(rate) for annotator, rate in found.self_consistency.items()},
    }


def _machine(one: "MachineAgreement") -> dict[str, Any]:
    return {
        "name": one.name,
        "kind": one.kind,
        "overall": _confusion(one.overall),
        "three_way": _rate(one.three_way) if one.three_way else None,
        "apart": dict(one.excluded),
        **_sliced(one.by, _confusion),
    }


def _sliced(by: Mapping[str, Mapping[str, Any]], of: Any) -> dict[str, Any]:
    return {f"by_{name}": {value: of(one) for value, one in sliced.items()} for name, sliced in by.items()}


def _confusion(found: "Confusion") -> dict[str, Any]:
    counts = [{"people": p, "machine": m, "count": count} for (p, m), count in sorted(found.counts.items())]
    rates = {"accuracy": found.accuracy, "precision": found.precision, "recall": found.recall}
    return {
        "n": found.n,
        "positive": found.positive,
        "counts": counts,
        **{name: _rate(rate) for name, rate in rates.items()},
        "kappa": _chance(found.kappa),
    }


def _between(between: "PairAgreement") -> dict[str, Any]:
    pairs = [
        {"annotators": [two.one, two.other], "same": _rate(two.same), "kappa": _chance(two.kappa)}
        for two in between.pairs
    ]
    return {"pairs": pairs, "fleiss": _chance(between.fleiss), "krippendorff_alpha": _chance(between.alpha)}


def _rate(rate: "Rate") -> dict[str, Any]:
    return {"value": rate.value, "count": rate.count, "n": rate.n, "interval": rate.interval}


def _chance(one: "Kappa | Coefficient") -> dict[str, Any]:
    return {"value": one.value, "n": one.n, "interval": one.interval}
