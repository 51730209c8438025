"""`orbench-studio rules`: list, test, add and remove the custom rules of a workspace."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbench_studio.cli import options
from orbench_studio.cli.console import write_json, write_line, write_table
from orbench_studio.domain.core.amounts import counted
from orbench_studio.domain.judging.custom_rule import CustomRule, SavedRule

if TYPE_CHECKING:
    from orbench_studio.services.judging.custom_rules import RuleEffect
    from orbench_studio.services.workspace.workspace import Workspace

_MISSING = "Missing argument. Use `rules WORKSPACE try PHRASE`, `add PHRASE` or `remove NUMBER`."


class Action(StrEnum):
    """Actions of the command."""

    LIST = "list"
    TRY = "try"
    ADD = "add"
    REMOVE = "remove"


def rules(
    workspace: options.Workspace,
    action: Annotated[Action, typer.Argument(help="What to do.")],
    target: Annotated[
        str, typer.Argument(metavar="PHRASE|NUMBER", help="Phrase to try or add, or number of the rule to remove.")
    ] = "",
    answer: Annotated[bool, typer.Option("--answer", help="The phrase indicates an answer, not a refusal.")] = False,
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="Apply the rule only to responses of this model.")
    ] = None,
    annotator: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name to record with the change. Default: yours.")
    ] = None,
    as_json: options.Json = False,
) -> None:
    """List, test, add and remove custom rules. `calibrate` lists the most indicative phrases.

    A phrase is tested on held-out labelled responses; `add` tests it too. `judge --judge rules` then applies it.
    Removed rules stay on record.
    """
    if action is not Action.LIST and not target:
        raise typer.BadParameter(_MISSING, param_hint="PHRASE|NUMBER")
    with options.open_workspace(workspace) as opened:
        who = options.annotator_name(opened, annotator)
        if action is Action.LIST:
            _list(opened, as_json=as_json)
        elif action is Action.REMOVE:
            _remove(opened, target, who, as_json=as_json)
        else:
            _try(opened, CustomRule(target, not answer, model), who if action is Action.ADD else None, as_json=as_json)


def _list(workspace: "Workspace", *, as_json: bool) -> None:
    from orbench_studio.services.judging import custom_rules

    found = custom_rules.saved(workspace)
    if as_json:
        write_json([_saved_as_json(one) for one in found])
    elif not found:
        write_line("This workspace has no custom rules.")
    else:
        write_table(("rule", "indicates", "phrase", "model", "saved", "removed"), map(_row, found))


def _try(workspace: "Workspace", rule: CustomRule, saver: str | None, *, as_json: bool) -> None:
    from orbench_studio.services.judging import custom_rules

    found = custom_rules.effect(workspace, rule)
    saved = custom_rules.save(workspace, rule, annotator=saver) if saver is not None else None
    if as_json:
        write_json(_effect_as_json(found) | ({"rule": _saved_as_json(saved)} if saved else {}))
        return
    what = "refusal" if rule.refuses else "answer"
    write_line(f"“{found.phrase.phrase}” indicates {what}; held-out responses:")
    measures = {
        "precision": found.phrase.precision,
        "recall": found.phrase.recall,
        "agreement of rules, without it": found.without,
        "agreement of rules, with it": found.with_rule,
    }
    write_table(("", ""), [(name, rate.words) for name, rate in measures.items()], indent=2)
    write_line(f"  {counted(found.fixed, 'response')} become correct, {found.broken:,} become wrong")
    if saved:
        write_line(f"Saved as rule {saved.number}. Run `judge --judge rules` to apply it.")


def _remove(workspace: "Workspace", number: str, who: str, *, as_json: bool) -> None:
    from orbench_studio.services.judging import custom_rules

    if not number.isdecimal():
        raise typer.BadParameter(
            f"{number!r} is not a number. `rules WORKSPACE list` shows the numbers.", param_hint="NUMBER"
        )
    removed = custom_rules.remove(workspace, int(number), annotator=who)
    if as_json:
        write_json(_saved_as_json(removed))
    else:
        write_line(f"Rule {removed.number} removed. Run `judge --judge rules` to update the judgements.")


def _row(one: SavedRule) -> tuple[object, ...]:
    what = "refusal" if one.rule.refuses else "answer"
    saved = f"by {one.saved_by}, {one.saved_at.astimezone():%Y-%m-%d %H:%M}"
    removed = f"by {one.removed_by}, {one.removed_at.astimezone():%Y-%m-%d %H:%M}" if one.removed_at else ""
    return one.number, what, one.rule.phrase, one.rule.model or "all models", saved, removed


def _saved_as_json(one: SavedRule) -> dict[str, Any]:
    return {
        "number": one.number,
        "phrase": one.rule.phrase,
        "indicates": "refusal" if one.rule.refuses else "answer",
        "model": one.rule.model,
        "saved_by": one.saved_by,
        "saved_at": one.saved_at,
        "removed_by": one.removed_by,
        "removed_at": one.removed_at,
    }


def _effect_as_json(found: "RuleEffect") -> dict[str, Any]:
    return {
        "phrase": found.phrase.phrase,
        "indicates": "refusal" if found.phrase.refuses else "answer",
        "precision": found.phrase.precision,
        "recall": found.phrase.recall,
        "agreement_without": found.without,
        "agreement_with": found.with_rule,
        "fixed": found.fixed,
        "broken": found.broken,
    }
