"""`orbench-studio curate` and `orbench-studio diff`: make subsets with recipes, and compare them."""

import json
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbench_studio.cli import options
from orbench_studio.cli.console import EXCERPT, write_json, write_line, write_table
from orbench_studio.domain.audit.refusal_rates import Group, Tally
from orbench_studio.domain.core.amounts import counted, excerpt
from orbench_studio.domain.core.judgement import Refusals
from orbench_studio.domain.curation.recipe import Recipe, read_recipe
from orbench_studio.domain.curation.selection import Remedy, Selection, remedy
from orbench_studio.domain.curation.subset import Difference, DifferingPrompt

if TYPE_CHECKING:
    from orbench_studio.services.curation.run_recipe import SubsetRates

_BY_OTHERS = (
    "Selected by others: the rate on the prompts that enough other families refuse. The refusals of the model's own "
    "family did not select them."
)
_LISTED = 20  # prompts of a difference without --json


def curate(
    workspace: options.Workspace,
    recipe: Annotated[str, typer.Option(metavar="FILE", help="TOML file, or the name of a built-in recipe.")],
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Save the result as a subset with this name.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace an existing subset with this name.")] = False,
    split: Annotated[
        bool,
        typer.Option(
            "--split", help="Select by the refusals of a random half of the model families, and compare the other half."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with the prompt ids in order.")] = False,
) -> None:
    """Select a subset by a recipe; show how many prompts each step removes, and refusal rates on the rest.

    The same workspace and recipe always produce the same subset.
    """
    from orbench_studio.services.curation import run_recipe, subsets

    built_in = run_recipe.default_recipes().get(recipe)
    wanted = read_recipe(built_in) if built_in and not Path(recipe).exists() else run_recipe.recipe_in(Path(recipe))
    with options.open_workspace(workspace) as opened:
        wanted = run_recipe.split(opened, wanted) if split else wanted
        found = run_recipe.run_recipe(opened, wanted)
        rates = run_recipe.rates(opened, wanted, found)
        saved = None
        try:
            if name is not None:
                saved = subsets.save_subset(opened, name, wanted, replace=replace)
        finally:  # the steps explain why a subset cannot be saved
            if as_json:
                write_json(
                    {
                        "workspace": str(workspace),
                        "saved": name if saved else None,
                        **_as_json(wanted, found, rates),
                    }
                )
            else:
                _print_selection(wanted, found, rates)
    if saved is not None and not as_json:
        write_line("", saved.message)


def _as_json(recipe: Recipe, found: Selection, rates: "SubsetRates") -> dict[str, Any]:
    return {
        "funnel": [{"step": one.name, "left": one.left, "by_category": one.categories} for one in found.steps],
        "short": found.shortages,
        "stopped": found.stopped,
        "human_labels": found.human_labels,
        "prompts": found.chosen,
        "intervals": rates.intervals,
        "models": {model: _tally(tally) for model, tally in rates.models.items()},
        "models_selected_by_other_families": {model: _tally(tally) for model, tally in rates.by_others.items()},
        "selection_bias": recipe.selection_bias,
    }


def _tally(tally: Tally) -> dict[str, Any]:
    rate = tally.refusal
    return {
        "refusals": rate.count,
        "n": rate.n,
        "rate": rate.value,
        "interval": rate.interval,
        "counted": str(tally.refusals),
        "refused": tally.refused,
        "best_and_worst": tally.bounds(Group.SAFE),
        "apart": tally.excluded,
    }


def _print_selection(recipe: Recipe, found: Selection, rates: "SubsetRates") -> None:
    counts = [step.left for step in found.steps]
    removed = [left - before or None for before, left in pairwise([counts[0], *counts])]
    names = [step.name for step in found.steps]
    write_table(("prompts", "removed", "step"), list(zip(counts, removed, names, strict=True)))
    by_category = ", ".join(f"{category} {count:,}" for category, count in found.steps[-1].categories.items())
    if by_category:
        write_line("", f"By category: {by_category}")
    for one in found.shortages:
        write_line(f"Too few prompts: {one.message}")
    if found.chosen:
        others = len(found.chosen) - found.human_labels - found.no_labels
        write_line(f"Labels: {found.human_labels:,} human, {others:,} from other sources, {found.no_labels:,} without")
    if found.stopped:
        write_line("The recipe stops because of this and selects no prompts.")
    if way_out := remedy(recipe, found):
        write_line("", *_describe_remedy(way_out))
    if rates.models and found.chosen:
        method = f"refusals {Refusals.ALL.description}; {rates.intervals}"
        write_line("", f"Refusal rates on these prompts ({method})")
        by_others = {model: tally.refusal.words for model, tally in rates.by_others.items()}
        rows = [
            (model, tally.refusal.words, by_others.get(model, ""), tally.refused_text, tally.excluded_text)
            for model, tally in rates.models.items()
        ]
        write_table(
            ("model", "refusals", "selected by others" if by_others else "", "kinds of refusals", "excluded"),
            rows,
            indent=2,
        )
        write_line(*filter(None, (recipe.selection_bias, _BY_OTHERS if by_others else "")))


def _describe_remedy(way_out: Remedy) -> list[str]:
    changes = " and ".join(
        f"remove {section}.{key}" if value is None else f"set {section}.{key} = {json.dumps(value)}"
        for section, key, value in way_out.changes
    )
    if ("qualify", "include_unlabelled", True) in way_out.changes:
        why = f"Prompts without a label: {way_out.prompts:,}. To include them"
    elif ("qualify", "by", "any") in way_out.changes:
        why = f"Such a label from another source: {counted(way_out.prompts, 'prompt')}. To accept it"
    else:
        why = f"Prompts left without this condition: {way_out.prompts:,}. To drop it"
    is_split = any(section == "refused" and key == "of" for section, key, _ in way_out.changes)
    without_split = ", or omit --split" if is_split else ""
    return [
        f"No prompt meets the condition “{way_out.step}”.",
        *([f"{why}, {changes} in the recipe{without_split}."] if changes else []),
    ]


def diff(
    workspace: options.Workspace,
    first: Annotated[str, typer.Argument(help="Name of a subset, or a table with a column prompt.")],
    second: Annotated[str, typer.Argument(help="Name of another subset, or a table with a column prompt.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with every prompt.")] = False,
) -> None:
    """Compare two subsets, or a subset with a published table, and show why prompts of one are not in the other."""
    from orbench_studio.services.curation import subsets

    with options.open_workspace(workspace) as opened:
        found = subsets.compare(opened, first, second)
    if as_json:
        write_json(_difference_as_json(found))
        return
    write_line(f"{counted(found.both, 'prompt')} in both")
    for has, lacks, only in (
        (found.first, found.second, found.only_first),
        (found.second, found.first, found.only_second),
    ):
        write_line("", f"{counted(len(only), 'prompt')} in {has} and not in {lacks}")
        reasons = Counter(one.reason for one in only).most_common()
        write_table(("", ""), [(count, reason) for reason, count in reasons], indent=2)
        write_table(("", ""), [_row(one) for one in only[:_LISTED]], indent=4)
        if len(only) > _LISTED:
            write_line(f"    … {len(only) - _LISTED:,} more; use --json to list all")


def _row(one: DifferingPrompt) -> tuple[str, str]:
    return f"#{one.prompt_id}" if one.prompt_id is not None else "-", excerpt(one.text, EXCERPT)


def _difference_as_json(found: Difference) -> dict[str, Any]:
    def listed(some: Sequence[DifferingPrompt]) -> list[dict[str, Any]]:
        return [{"id": one.prompt_id, "prompt": one.text, "category": one.category, "why": one.reason} for one in some]

    return {
        "first": found.first,
        "second": found.second,
        "both": found.both,
        "only_first": listed(found.only_first),
        "only_second": listed(found.only_second),
    }
