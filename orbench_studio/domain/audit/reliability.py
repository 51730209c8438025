"""How good moderators and people are as raters of prompts, and which labels of theirs are most likely wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from orbench_studio.domain.core.annotation import Label
from orbench_studio.domain.core.rates import Rate

Interval = tuple[float, float]
VETO = "veto"


class RaterKind(StrEnum):
    """Who rates: a moderator of prompts, the moderators of a responder's answer together, or a person."""

    MODERATOR = "moderator"
    VETO = "veto"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Skill:
    """How often a rater calls toxic what is toxic (sensitivity), and safe what is safe (specificity).

    Both are estimates of a model with 95 % intervals; `votes` of the rater are behind them.
    """

    sensitivity: float
    sensitivity_interval: Interval
    specificity: float
    specificity_interval: Interval
    votes: int


@dataclass(frozen=True, slots=True)
class RaterSkill:
    """One rater, over all categories and in each that it has voted in."""

    name: str
    kind: RaterKind
    overall: Skill
    by_category: Mapping[str, Skill]


@dataclass(frozen=True, slots=True)
class ErrorCorrelation:
    """How far two raters err on the same prompts, beyond what their error rates explain (1: always); None unknown.

    `by_people` is the same where a person says what is right, on so many prompts both rated; it cannot be talked down
    by raters that are in step, which the model takes for right.
    """

    one: str
    other: str
    correlation: float | None
    prompts: int
    on_human_labels: float | None
    prompts_on_human_labels: int


@dataclass(frozen=True, slots=True)
class Reliability:
    """What Dawid and Skene's model makes of all votes. `p_safe` is by prompt, `safe` the share that is, by category.

    `alike` are the prompts on which two moderators or more agree, and none, nor the veto, disagrees.
    """

    raters: tuple[RaterSkill, ...]
    error_correlations: tuple[ErrorCorrelation, ...]
    safe: Mapping[str, float]
    p_safe: Mapping[int, float]
    unanimous: frozenset[int]

    @property
    def method(self) -> str:
        """What was estimated from what, and what that assumes."""
        return (
            f"Dawid and Skene (1979) over {len(self.raters):,} raters and {len(self.p_safe):,} prompts with a vote, by "
            "category, with priors that raters are mostly right and alike in all categories. A person's controversial "
            "is no vote. 95 % intervals of prompts drawn again. Assumes that raters err independently of each other: "
            "where they are in step, they look better than they are."
        )


@dataclass(frozen=True, slots=True)
class Suspect:
    """A prompt that all machines label alike and nobody has decided, and the probability that they are wrong.

    `refused_by` are the models that refuse it; `changes` is by how much each model's over-refusal would move (0.001 is
    a tenth of a point) if its label were the other one.
    """

    prompt_id: int
    category: str
    label: Label
    p_wrong: float
    refused_by: tuple[str, ...]
    changes: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Suspects:
    """The prompts most likely mislabelled, most likely first, and each model's over-refusal before and after flipping
    all of them; `of` is how many prompts all machines label alike and nobody has decided."""

    found: tuple[Suspect, ...]
    rates: Mapping[str, tuple[Rate, Rate]]
    total: int

    @property
    def expected_wrong(self) -> float:
        """How many of them are mislabelled, by the model."""
        return sum(one.p_wrong for one in self.found)
