"""`orbench-studio rules`: phrases as rules of a workspace: listed, tried on people's labels, added, removed."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbench_studio.cli import options
from orbench_studio.cli.console import counted, rate_as_json, write_error, write_json, write_line
from orbench_studio.domain.judging.custom_rule import CustomRule, SavedRule
from orbench_studio.settings import load_settings

if TYPE_CHECKING:
    from orbench_studio.services.judging.custom_rules import RuleEffect
    from orbench_studio.services.workspace.workspace import Workspace

_WITHOUT = "Which one? `rules WORKSPACE try PHRASE`, `add PHRASE`, `remove NUMBER`."


class Action(StrEnum):
    """What to do."""

    LIST = "list"
    TRY = "try"
    ADD = "add"
    REMOVE = "remove"


def rules(
    workspace: options.Workspace,
    deed: Annotated[Action, typer.Argument(help="What to do.")],
    what: Annotated[
        str, typer.Argument(metavar="[PHRASE|NUMBER]", help="The phrase to try or add, the rule to remove.")
    ] = "",
    answer: Annotated[bool, typer.Option("--answer", help="The phrase is a sign of an answer, not a refusal.")] = False,
    model: Annotated[str | None, typer.Option(metavar="NAME", help="Only for this model's responses.")] = None,
    annotator: Annotated[str | None, typer.Option(metavar="NAME", help="Who adds or removes; else you.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Make phrases rules of a workspace. Those that tell most are listed by calibrate.

    A phrase is tried on the labelled responses that no phrase is mined from; add tries it, too. `judge --judge rules`
    then judges by it. A removed rule stays on record.
    """
    from orbench_studio.services.workspace.workspace import open_workspace

    if deed is not Action.LIST and not what:
        raise typer.BadParameter(_WITHOUT, param_hint="PHRASE|NUMBER")
    who = annotator or _own_name()
    with open_workspace(workspace) as opened:
        if deed is Action.LIST:
            _list(opened, as_json=as_json)
        elif deed is Action.REMOVE:
            _remove(opened, what, who, as_json=as_json)
        else:
            _try(opened, CustomRule(what, not answer, model), who if deed is Action.ADD else None, as_json=as_json)


def _own_name() -> str:
    settings = load_settings()
    if settings.faults:
        write_error(" ".join(settings.faults))
    return settings.annotator


def _list(workspace: "Workspace", *, as_json: bool) -> None:
    from orbench_studio.services.judging import custom_rules

    found = custom_rules.saved(workspace)
    if as_json:
        write_json([_saved_as_json(one) for one in found])
    elif not found:
        write_line("This workspace has no rules of its own.")
    else:
        for one in found:
            write_line(_line(one))


def _try(workspace: "Workspace", rule: CustomRule, saver: str | None, *, as_json: bool) -> None:
    from orbench_studio.services.judging import custom_rules

    found = custom_rules.effect(workspace, rule)
    saved = custom_rules.save(workspace, rule, annotator=saver) if saver is not None else None
    if as_json:
        write_json(_effect_as_json(found) | ({"rule": _saved_as_json(saved)} if saved else {}))
        return
    sign = "a refusal" if rule.refuses else "an answer"
    write_line(f"“{found.trial.phrase}” as a sign of {sign}, on responses that no phrase is mined from")
    write_line(f"  precision  {found.trial.precision.words}")
    write_line(f"  recall     {found.trial.recall.words}")
    write_line(f"  the rules agree with people without it on {found.before.words}, with it on {found.after.words}")
    write_line(
        f"  {counted(found.mended, 'response')} judged as people do only with it, {found.spoiled:,} only without it"
    )
    if saved:
        write_line(f"Saved as rule {saved.number}. `judge --judge rules` judges by it.")


def _remove(workspace: "Workspace", what: str, who: str, *, as_json: bool) -> None:
    from orbench_studio.services.judging import custom_rules

    if not what.isdecimal():
        raise typer.BadParameter(f"{what!r} is no number; `rules list` tells them.", param_hint="NUMBER")
    removed = custom_rules.remove(workspace, int(what), annotator=who)
    if as_json:
        write_json(_saved_as_json(removed))
    else:
        write_line(f"Rule {removed.number} is no longer in force. `judge --judge rules` judges without it.")


def _line(one: SavedRule) -> str:
    sign = "refusal" if one.rule.refuses else "answer"
    gone = ""
    if one.removed_at is not None:
        gone = f"   removed by {one.removed_by}, {one.removed_at.astimezone():%Y-%m-%d %H:%M}"
    made = f"{one.saved_by}, {one.saved_at.astimezone():%Y-%m-%d %H:%M}"
    return f"{one.number:>4}  {sign:<8} {one.rule.phrase:<36} {one.rule.model or 'all models':<20} {made}{gone}"


def _saved_as_json(one: SavedRule) -> dict[str, Any]:
    return {
        "number": one.number,
        "phrase": one.rule.phrase,
        "sign_of": "refusal" if one.rule.refuses else "answer",
        "model": one.rule.model,
        "saved_by": one.saved_by,
        "saved_at": one.saved_at.isoformat(),
        "removed_by": one.removed_by,
        "removed_at": one.removed_at.isoformat() if one.removed_at else None,
    }


def _effect_as_json(found: "RuleEffect") -> dict[str, Any]:
    return {
        "phrase": found.trial.phrase,
        "sign_of": "refusal" if found.trial.refuses else "answer",
        "precision": rate_as_json(found.trial.precision),
        "recall": rate_as_json(found.trial.recall),
        "agreement_without": rate_as_json(found.before),
        "agreement_with": rate_as_json(found.after),
        "mended": found.mended,
        "spoiled": found.spoiled,
    }
