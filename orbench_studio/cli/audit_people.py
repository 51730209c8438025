"""`orbench-studio audit-people`: agreement of machines with human labels, and between annotators."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from orbench_studio.cli import options
from orbench_studio.cli.console import rate_as_json, write_json, write_line, write_table
from orbench_studio.domain.core.amounts import counted
from orbench_studio.domain.core.rates import coefficient_text
from orbench_studio.domain.core.schemes import SCHEMES
from orbench_studio.domain.judging.agreement import Confusion

if TYPE_CHECKING:
    from orbench_studio.services.audit.human_agreement import (
        AnnotatorAgreement,
        GroupAgreement,
        HumanAgreement,
        MachineAgreement,
    )


def audit_people(workspace: options.Workspace, as_json: options.Json = False) -> None:
    """Compare moderators and judges with human labels, and annotators with each other, on all labels.

    To choose a judge, see calibrate; to test one on labels that it has not seen, judge-test.
    """
    from orbench_studio.services.audit.human_agreement import human_agreement

    with options.open_workspace(workspace) as opened:
        found = human_agreement(opened)
    if as_json:
        write_json({"workspace": str(workspace), **_as_json(found)})
    else:
        _write_text(found)


def _write_text(found: "HumanAgreement") -> None:
    for title, machines, n, unit in (
        ("Moderators compared with human labels (toxic)", found.moderators, found.labels, "prompt"),
        ("Judges compared with human answer classes (any refusal)", found.judges, found.answers, "response"),
    ):
        write_line(f"{title}: {counted(n, unit)}")
        rows = [row for machine in machines for row in _machine_rows(machine)]
        write_table(("machine", "agreement", "precision", "recall", "kappa"), rows, indent=2)
        write_line("")
    if found.judges:
        write_line("Agreement of judges with people in the classes of other benchmarks")
        in_schemes = [
            (f"{one.name} ({one.kind})", *(rate.short_with_n for rate in one.by_scheme.values()))
            for one in found.judges
        ]
        write_table(("judge", *(one.title for one in SCHEMES)), in_schemes, indent=2)
        write_line("")
    for one in found.people:
        write_line(f"Agreement between annotators: {one.what}")
        header = ("", "annotators", "agreement", "kappa", "Fleiss' kappa", "alpha")
        write_table(header, list(_annotator_rows(one)), indent=2)
        write_line("")
    if found.self_consistency:
        write_line("Self-consistency (same label on a prompt shown again)")
        rates = [(annotator, rate.words) for annotator, rate in found.self_consistency.items()]
        write_table(("annotator", "agreement"), rates, indent=2)
        write_line("")
    if found.drift:
        write_line("Changed with the current guidelines (different on a prompt shown again)")
        write_table(("annotator", "changed"), [(who, drift.words) for who, drift in found.drift.items()], indent=2)
        write_line("")
    write_line(*filter(None, (found.hidden, found.method)))


def _machine_rows(machine: "MachineAgreement") -> Iterator[tuple[str, ...]]:
    yield f"{machine.name} ({machine.kind})", *_cells(machine.overall)
    for sliced in machine.by.values():
        for name, confusion in sliced.items():
            yield f"  {name}", *_cells(confusion)


def _cells(found: Confusion) -> tuple[str, ...]:
    rates = (found.accuracy, found.precision, found.recall)
    return *(rate.short_with_n for rate in rates), coefficient_text(found.kappa)


def _annotator_rows(one: "AnnotatorAgreement") -> Iterator[tuple[str, ...]]:
    parts = (("all", one.overall), *(part for sliced in one.by.values() for part in sliced.items()))
    for name, group in parts:
        of_all = coefficient_text(group.fleiss), coefficient_text(group.alpha)
        for pair in group.pairs:
            yield name, f"{pair.one} and {pair.other}", pair.same.short_with_n, coefficient_text(pair.kappa), *of_all


def _as_json(found: "HumanAgreement") -> dict[str, Any]:
    return {
        "labels": found.labels,
        "answers": found.answers,
        "hidden": found.hidden,
        "assumes": found.method,
        "moderators": [_machine(one) for one in found.moderators],
        "judges": [_machine(one) for one in found.judges],
        "people": [
            {"what": one.what, "overall": _between(one.overall), **_sliced(one.by, _between)} for one in found.people
        ],
        "self_consistency": found.self_consistency,
        "changed_with_guidelines": {
            annotator: rate_as_json(drift.changed) | {"by_class": drift.by_class}
            for annotator, drift in found.drift.items()
        },
    }


def _machine(one: "MachineAgreement") -> dict[str, Any]:
    return {
        "name": one.name,
        "kind": one.kind,
        "overall": _confusion(one.overall),
        "by_scheme": one.by_scheme,
        "excluded": one.excluded,
        **_sliced(one.by, _confusion),
    }


def _sliced(by: Mapping[str, Mapping[str, Any]], of: Any) -> dict[str, Any]:
    return {f"by_{name}": {value: of(one) for value, one in sliced.items()} for name, sliced in by.items()}


def _confusion(found: Confusion) -> dict[str, Any]:
    return {
        "n": found.n,
        "positive": found.positive,
        "counts": [{"people": p, "machine": m, "count": count} for (p, m), count in sorted(found.counts.items())],
        "accuracy": found.accuracy,
        "precision": found.precision,
        "recall": found.recall,
        "kappa": found.kappa,
    }


def _between(between: "GroupAgreement") -> dict[str, Any]:
    pairs = [{"annotators": [two.one, two.other], "same": two.same, "kappa": two.kappa} for two in between.pairs]
    return {"pairs": pairs, "fleiss": between.fleiss, "krippendorff_alpha": between.alpha}
