"""Saved subsets with their recipe and the state of the workspace, and the difference of two subsets."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orbench_studio.domain.core.judgement import Refusals
from orbench_studio.domain.core.rates import Rate
from orbench_studio.domain.curation.selection import Step


@dataclass(frozen=True, slots=True)
class SubsetState:
    """State of the workspace when a subset was saved.

    `journal` is the number of journal entries, `human` the share of human labels in the subset, `prompts_sha256` the
    hash of the subset's texts and categories in order, `threshold` that of the near duplicates (None if there was no
    search), `refusals` those that the recipe counted.
    """

    workspace: str
    journal: int
    counts: Mapping[str, int]
    human: Rate
    recipe_sha256: str
    prompts_sha256: str
    threshold: float | None
    steps: tuple[Step, ...]
    refusals: Refusals = Refusals.ALL

    def to_json(self) -> str:
        """Serialize; equal states give equal text."""
        return json.dumps(
            {
                "workspace": self.workspace,
                "journal": self.journal,
                "counts": dict(self.counts),
                "human_labels": {"count": self.human.count, "n": self.human.n},
                "recipe_sha256": self.recipe_sha256,
                "prompts_sha256": self.prompts_sha256,
                "near_duplicates_threshold": self.threshold,
                "refusals": str(self.refusals),
                "funnel": [{"step": s.name, "left": s.left, "by_category": dict(s.categories)} for s in self.steps],
            },
            sort_keys=True,
        )

    @classmethod
    def from_json(cls, text: str) -> "SubsetState | None":
        """Parse `to_json`; None for a subset of an older version, which stored no state."""
        stored: dict[str, Any] = json.loads(text)
        if not stored:
            return None
        steps = tuple(Step(one["step"], one["left"], one["by_category"]) for one in stored["funnel"])
        human = Rate(stored["human_labels"]["count"], stored["human_labels"]["n"])
        hashes = stored["recipe_sha256"], stored["prompts_sha256"]
        return cls(stored["workspace"], stored["journal"], stored["counts"], human, *hashes,
                   stored["near_duplicates_threshold"], steps,
                   Refusals(stored.get("refusals", Refusals.WORDS)))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Subset:
    """A curated set of prompts, in the order of the recipe."""

    name: str
    recipe: str
    created_at: datetime
    prompt_ids: tuple[int, ...]
    state: SubsetState | None


@dataclass(frozen=True, slots=True)
class SubsetSummary:
    """Name, size and date of a subset."""

    name: str
    prompts: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DifferingPrompt:
    """A prompt that is in one set only, and why: the recipe step that removed it from the other set."""

    prompt_id: int | None
    text: str
    category: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Difference:
    first: str
    second: str
    both: int
    only_first: Sequence[DifferingPrompt] = field(default_factory=tuple)
    only_second: Sequence[DifferingPrompt] = field(default_factory=tuple)
