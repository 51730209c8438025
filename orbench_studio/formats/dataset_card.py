"""The README of a Hugging Face dataset folder: the YAML that `load_dataset` reads, and a description for readers."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

NAME = "README.md"
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_TEXT = """
# Prompts for measuring refusals

Exported with OR-Bench Studio, which measures **over-refusal**: language models refusing prompts that only look toxic
([arXiv 2405.20947](https://arxiv.org/abs/2405.20947)).

| configuration | prompts | labels | labelled by people | people agree with each other | toxic seeds |
|---|---|---|---|---|---|
{table}

`load_dataset(folder, "{first}")` gives the columns `prompt`, `category`, `label` and `label_basis`. The last is the
source of the label: `human`, `consensus` of moderators, `reference` (the imported file), `disputed`, or `none`.
`{first}-full` also has every moderator's vote, every response with its judgements, and every decision of a person with
what was in view. Decisions that were undone or replaced are marked `in_force: false`.

`manifest.json` has {contents}all counts, and the SHA-256 of every other file.{annotators}
{licence}
"""


def card(
    names: Sequence[str], parts: Sequence[Mapping[str, Any]], licence: str, *, annotators: str, contents: str
) -> str:
    """Write the card; `parts` are the manifest's entries for the exported sets, `contents` is what selected them."""
    text = _TEXT.format(
        table="\n".join(map(_line, parts)),
        first=names[0],
        contents=f"{contents}, " if contents else "",
        annotators=f" Annotators appear under {annotators}." if any(p["counts"]["annotations"] for p in parts) else "",
        licence=f"\nLicence: {licence}" if licence else "\nNo licence is stated.",
    )
    return _head(names, parts, licence) + text


def _head(names: Sequence[str], parts: Sequence[Mapping[str, Any]], licence: str) -> str:
    prompts = sum(part["counts"]["prompts"] for part in parts)
    head = ["---", *_licence(licence), "tags:", "- over-refusal", "- safety", "task_categories:", "- text-generation"]
    head += ["size_categories:", f"- {_size(prompts)}", "configs:"]
    for place, name in enumerate(names):
        head += _configuration(name, f"data/{name}.parquet", default=place == 0)
        head += _configuration(f"{name}-full", f"data/{name}-full.parquet", default=False)
    return "\n".join([*head, "---"]) + "\n"


def _licence(licence: str) -> list[str]:
    return [f"license: {json.dumps(licence)}"] if licence else []


def _configuration(name: str, path: str, *, default: bool) -> list[str]:
    lines = [f"- config_name: {json.dumps(name)}", "  data_files:", "  - split: train", f"    path: {json.dumps(path)}"]
    return [*lines, "  default: true"] if default else lines


def _size(prompts: int) -> str:
    return next((name for limit, name in _SIZES if prompts < limit), "n>1M")


def _line(part: Mapping[str, Any]) -> str:
    counts = part["counts"]
    labels = ", ".join(f"{count:,} {name}" for name, count in counts["prompts_by_label"].items())
    people = part["agreement"].get("labels, people with each other")
    cells = [f"`{part['name']}`", f"{counts['prompts']:,}", labels, _count(part["human_labels"])]
    cells.append(_count(people) if people else "no prompt has two labels")
    return f"| {' | '.join(cells)} | {part['seeds']} |"


def _count(rate: Mapping[str, Any]) -> str:
    """A share of exactly these prompts: no sample, so no interval."""
    return f"{rate['count']:,} of {rate['n']:,}"
