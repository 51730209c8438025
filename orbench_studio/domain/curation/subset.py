"""A saved subset: the recipe, what it gave, and what the workspace was like; and what two subsets differ in."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orbench_studio.domain.core.rates import Rate
from orbench_studio.domain.curation.selection import Step


@dataclass(frozen=True, slots=True)
class SubsetState:
    """What the workspace was like when a subset was saved.

    `journal` is how many deeds the journal had, `human` the share of the subset's labels that are people's,
    `prompts_sha256` is of the subset's texts and categories in order; `threshold` that of the near duplicates, None
    where nobody had looked for any.
    """

    workspace: str
    journal: int
    counts: Mapping[str, int]
    human: Rate
    recipe_sha256: str
    prompts_sha256: str
    threshold: float | None
    steps: tuple[Step, ...]

    def to_json(self) -> str:
        """As text, the same for the same state."""
        return json.dumps(
            {
                "workspace": self.workspace,
                "journal": self.journal,
                "counts": dict(self.counts),
                "human_labels": {"count": self.human.count, "n": self.human.n},
                "recipe_sha256": self.recipe_sha256,
                "prompts_sha256": self.prompts_sha256,
                "near_duplicates_threshold": self.threshold,
                "funnel": [{"step": s.words, "left": s.left, "by_category": dict(s.categories)} for s in self.steps],
            },
            sort_keys=True,
        )

    @classmethod
    def from_json(cls, text: str) -> "SubsetState | None":
        """Read it back; None for a subset of an older studio, which kept nothing of this."""
        kept: dict[str, Any] = json.loads(text)
        if not kept:
            return None
        steps = tuple(Step(one["step"], one["left"], one["by_category"]) for one in kept["funnel"])
        human = Rate(kept["human_labels"]["count"], kept["human_labels"]["n"])
        hashes = kept["recipe_sha256"], kept["prompts_sha256"]
        return cls(kept["workspace"], kept["journal"], kept["counts"], human, *hashes,
                   kept["near_duplicates_threshold"], steps)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Subset:
    """A curated set of prompts, in the order of the recipe's preference."""

    name: str
    recipe: str
    created_at: datetime
    prompt_ids: tuple[int, ...]
    state: SubsetState | None


@dataclass(frozen=True, slots=True)
class SubsetSummary:
    """A subset in a list."""

    name: str
    prompts: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class DifferingPrompt:
    """A prompt that one of two sets lacks, and why: the step of that one's recipe at which it fell."""

    prompt_id: int | None
    text: str
    category: str | None
    why: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What two sets of prompts differ in; `only_first` are those that the second lacks."""

    first: str
    second: str
    both: int
    only_first: Sequence[DifferingPrompt] = field(default_factory=tuple)
    only_second: Sequence[DifferingPrompt] = field(default_factory=tuple)
