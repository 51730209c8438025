"""`orbench-studio curate` and `orbench-studio diff`: subsets made by a recipe, and what two of them differ in."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbench_studio.cli import options
from orbench_studio.cli.console import counted, write_json, write_line

if TYPE_CHECKING:
    from orbench_studio.domain.curation.subset import Difference, Differing
    from orbench_studio.services.curation.run_recipe import Selection, Tally

_TOLD = 20  # prompts of a difference, for a person
_EXCERPT = 90  # characters


def curate(
    workspace: options.Workspace,
    recipe: Annotated[
        str, typer.Option(metavar="FILE", help="A recipe in TOML, or the name of one that comes with the studio.")
    ],
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Save the subset under this name.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Also where another subset has that name.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines, with the prompts in order.")] = False,
) -> None:
    """Tell how many prompts fall at each step of a recipe, and how much of the rest each model refuses.

    The same workspace and the same recipe always give the same subset.
    """
    from orbench_studio.domain.curation.recipe import read_recipe
    from orbench_studio.services.curation import run_recipe, subsets
    from orbench_studio.services.workspace.workspace import open_workspace

    ready = run_recipe.default_recipes().get(recipe)
    wanted = read_recipe(ready) if ready and not Path(recipe).exists() else run_recipe.recipe_in(Path(recipe))
    with open_workspace(workspace) as opened:
        found = run_recipe.run_recipe(opened, wanted)
        rates = run_recipe.rates(opened, found.chosen)
        saved = subsets.save_subset(opened, name, wanted, replace=replace) if name is not None else None
    if as_json:
        write_json({"workspace": str(workspace), "saved": name, **_as_json(found, rates)})
        return
    _tell(found, rates)
    if saved is not None:
        write_line("", f"{saved.message}")


def _as_json(found: "Selection", rates: "Mapping[str, Tally]") -> dict[str, Any]:
    return {
        "funnel": [{"step": one.words, "left": one.left, "by_category": dict(one.categories)} for one in found.steps],
        "short": [{"category": one.category, "wanted": one.wanted, "found": one.found} for one in found.short],
        "stopped": found.stopped,
        "labels_by_people": found.by_people,
        "prompts": list(found.chosen),
        "models": {model: _tally(tally) for model, tally in rates.items()},
    }


def _tally(tally: "Tally") -> dict[str, Any]:
    rate = tally.refusal
    return {"refusals": rate.count, "n": rate.n, "rate": rate.value, "interval": rate.interval, "apart": tally.excluded}


def _tell(found: "Selection", rates: "Mapping[str, Tally]") -> None:
    before = found.steps[0].left
    for step in found.steps:
        write_line(f"{step.left:>8,}  {step.words}" + (f"  (-{before - step.left:,})" if step.left < before else ""))
        before = step.left
    by_category = ", ".join(f"{category} {count:,}" for category, count in found.steps[-1].categories.items())
    if by_category:
        write_line("", f"by category: {by_category}")
    for one in found.short:
        write_line(f"short: {one.words}")
    if found.chosen:
        write_line(
            f"labels: {found.by_people:,} by people, {len(found.chosen) - found.by_people:,} by machines or the source"
        )
    if found.stopped:
        write_line("The recipe stops there: it takes nothing.")
    if rates and found.chosen:
        write_line("", "refusals on these prompts (Wilson intervals at 95 %, responses taken as independent)")
        for model, tally in rates.items():
            apart = (
                f"; apart: {', '.join(f'{n:,} {what}' for what, n in tally.excluded.items())}" if tally.excluded else ""
            )
            write_line(f"  {model:<28}{tally.refusal.words}{apart}")


def diff(
    workspace: options.Workspace,
    first: Annotated[str, typer.Argument(help="A subset's name, or a table with a column prompt.")],
    second: Annotated[str, typer.Argument(help="Another.")],
    as_json: Annotated[bool, typer.Option("--json", help="For machines: every prompt.")] = False,
) -> None:
    """Tell which prompts two subsets, or a subset and a published file, differ in, and why."""
    from orbench_studio.services.curation import subsets
    from orbench_studio.services.workspace.workspace import open_workspace

    with open_workspace(workspace) as opened:
        found = subsets.compare(opened, first, second)
    if as_json:
        write_json(_difference(found))
        return
    write_line(f"{counted(found.both, 'prompt')} in both")
    for has, lacks, only in (
        (found.first, found.second, found.only_first),
        (found.second, found.first, found.only_second),
    ):
        write_line("", f"{counted(len(only), 'prompt')} in {has} and not in {lacks}")
        for why, count in Counter(one.why for one in only).most_common():
            write_line(f"  {count:>6,}  {why}")
        for one in only[:_TOLD]:
            write_line(f"    {_line(one)}")
        if len(only) > _TOLD:
            write_line(f"    … and {len(only) - _TOLD:,} more; --json tells all")


def _line(one: "Differing") -> str:
    text = " ".join(one.text.split())
    number = f"#{one.prompt_id}" if one.prompt_id is not None else "-"
    return f"{number:<8}{text[:_EXCERPT]}{'…' if len(text) > _EXCERPT else ''}"


def _difference(found: "Difference") -> dict[str, Any]:
    def message(some: "Sequence[Differing]") -> list[dict[str, Any]]:
        return [{"id": one.prompt_id, "prompt": one.text, "category": one.category, "why": one.why} for one in some]

    return {
        "first": found.first,
        "second": found.second,
        "both": found.both,
        "only_first": message(found.only_first),
        "only_second": message(found.only_second),
    }
