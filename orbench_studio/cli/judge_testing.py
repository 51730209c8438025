"""`orbench-studio judge-test` and `judge-presets`: test judges on held-out labels and probes; list presets."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbench_studio.cli import batch_progress, launch_batch, options
from orbench_studio.cli.console import write_json, write_line, write_table
from orbench_studio.cli.request_options import RequestOptions, takes_request_options
from orbench_studio.domain.core.judgement import JudgeKind
from orbench_studio.domain.evaluation.batch import CLASS_TOKENS
from orbench_studio.domain.judging.agreement import Agreement
from orbench_studio.domain.judging.licence import Licence
from orbench_studio.services.judging.builtin_judges import BUILTIN_JUDGES

if TYPE_CHECKING:
    from orbench_studio.services.judging.licences import JudgeStanding
    from orbench_studio.services.workspace.workspace import Workspace

_JUDGE = f"Test this judge: built-in ({', '.join(BUILTIN_JUDGES)}), or a language model as {options.NAMES}"


@takes_request_options(max_tokens=CLASS_TOKENS)
def judge_test(
    workspace: options.Workspace,
    judge: Annotated[str | None, typer.Option("--judge", metavar="NAME", help=_JUDGE)] = None,
    template: Annotated[
        str | None, typer.Option(metavar="FILE|PRESET", help="Prompt template or judge preset, as for `judge`.")
    ] = None,
    annotator: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Your name in the journal. Default: the annotator of the settings."),
    ] = None,
    *,
    sending: RequestOptions,
) -> None:
    """Test a judge on held-out human labels and with probes, and record what it is fit for.

    Without --judge, show the tests of all judges. The held-out labels are those of a third of the labelled prompts:
    the sealed test split. After the first test, calibrate and phrase mining leave them out; rates, and the local judge
    that judges responses, use all labels. The journal records each test.
    """
    from orbench_studio.services.judging import licences

    with options.open_workspace(workspace) as opened:
        if judge is None:
            _write_standings(licences.standings(opened), as_json=sending.as_json)
            return
        name = options.annotator_name(opened, annotator)
        if judge in BUILTIN_JUDGES:
            made = licences.licence_builtin(opened, judge, name)
        else:
            made = _licence_model(opened, judge, template, name, sending)
    if sending.as_json:
        write_json(as_json(made))
    else:
        _write(made)


def _licence_model(
    workspace: "Workspace", judge: str, template: str | None, annotator: str, sending: RequestOptions
) -> Licence:
    from orbench_studio.services.evaluation import ask_judge, judge_batches
    from orbench_studio.services.evaluation.cost_estimate import estimate_judging
    from orbench_studio.services.evaluation.launcher import require_ready
    from orbench_studio.services.evaluation.prices import load_prices
    from orbench_studio.services.judging import licences

    found, prices = licences.plan(workspace), load_prices()
    instructions = judge_batches.with_guidelines_of(workspace, judge_batches.load_template(template))
    settings = sending.settings([judge], template=instructions.text)
    require_ready([judge], settings)
    texts = found.texts
    with ask_judge.texts_workspace(texts) as temporary:
        batch = ask_judge.create(temporary, judge, replace(settings, vendor_batch=False), prices)
        launch_batch.confirm(estimate_judging(temporary, [judge], range(1, len(texts) + 1), settings, prices), sending)

        def ask(_texts: Sequence[Any]) -> Any:
            return ask_judge.classes_of(temporary, judge, batch, prices, batch_progress.run, len(texts))

        return licences.give(workspace, found, (judge, JudgeKind.LLM, instructions.hash), ask, annotator)


def as_json(made: Licence) -> dict[str, Any]:
    """A licence as JSON."""
    return {
        "judge": made.judge,
        "kind": str(made.kind),
        "version": made.version,
        "labelled_by": made.annotators,
        "opening": made.opening,
        "fit": {str(one.use): {"finding": str(one.finding), "reasons": one.reasons} for one in made.verdicts},
        "agreement": made.agreement.accuracy,
        "not_compared": made.agreement.apart,
        "recall_by_class": {str(human): rate for human, rate in made.recalls.items()},
        **{
            f"by_{kind}": {name: Agreement(pairs).accuracy for name, pairs in of.items()}
            for kind, of in made.slices.items()
        },
        "probes": [{"probe": one.name, "towards": one.towards, "changed": one.changed} for one in made.probes],
        "dangerous": [{"kind": one.kind, "name": one.name, "agreement": one.agreement} for one in made.dangerous],
    }


def _write_standings(found: "Sequence[JudgeStanding]", *, as_json: bool) -> None:
    if as_json:
        write_json([_standing(one) for one in found])
        return
    if not found:
        write_line("No judge has judged responses yet.")
        return
    rows = [
        (f"{one.judge} ({one.kind})", one.reason or "passed", f"{one.at:%Y-%m-%d}, {one.by}" if one.at else "")
        for one in found
    ]
    write_table(("judge", "test", "tested"), rows)


def _standing(one: "JudgeStanding") -> dict[str, Any]:
    values = {"judge": one.judge, "kind": str(one.kind), "state": str(one.state), "reason": one.reason}
    return values | {
        "licence": as_json(one.licence) if one.licence else None,
        "given_at": one.at,
        "given_by": one.by,
    }


def _write(made: Licence) -> None:
    by = ", ".join(made.annotators) or "source files"
    labels = f"{len(made.sealed):,} sealed human labels by {by}"
    write_line(f"{made.judge}: {labels}; test {made.opening} of this judge on the sealed test split", "")
    rows = [("all", made.agreement.accuracy.short_with_n), *_slices(made)]
    rows += [(f"  {human.label}", rate.short_with_n) for human, rate in made.recalls.items()]
    write_table(("sealed test split", "agreement, refusal or answer"), rows)
    write_line("")
    probes = [(one.name, one.towards, one.changed.short_with_n, one.result) for one in made.probes]
    write_table(("probe", "misleads towards", "answer classes changed", "result"), probes)
    write_line("")
    for verdict in made.verdicts:
        write_line(f"{verdict.finding} for {verdict.use}", *(f"  {reason}" for reason in verdict.reasons))
    for cell in made.dangerous:
        write_line(f"significantly below the overall agreement: {cell.kind} {cell.name}, {cell.agreement.words}")
    excluded = Agreement(made.sealed).apart
    if excluded:
        write_line(
            "", "not in the agreement: " + ", ".join(f"{count:,} {one.label}" for one, count in excluded.items())
        )


def _slices(made: Licence) -> Iterator[tuple[str, str]]:
    for of in made.slices.values():
        yield from ((f"  {name}", Agreement(pairs).accuracy.short_with_n) for name, pairs in of.items())


def judge_presets(as_json: options.Json = False) -> None:
    """List the judges with their own request and reply formats: what each measures, and what it can be used for.

    Use one with `judge --template NAME` or `moderate --template NAME`. A file in the folder `judges` beside the
    settings adds a preset.
    """
    from orbench_studio.services.core import templates

    found = templates.titles()
    if as_json:
        uses = {name: [str(use) for use in one.formats] for name, one in found.items()}
        write_json([
            {"name": name, "title": one.title, "uses": uses[name], "note": one.note, "source": one.source}
            for name, one in found.items()
        ])  # fmt: skip
        return
    rows = [(name, ", ".join(map(str, one.formats)), one.note) for name, one in found.items()]
    write_table(("name", "use as", "what it measures"), rows)
    write_line("", f"Built-in presets and your own, from {templates.own_folder()}")
