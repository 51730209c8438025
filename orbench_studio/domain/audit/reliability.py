"""Reliability of moderators and annotators as raters of prompts, and the labels that are most likely wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from orbench_studio.domain.core.annotation import Label
from orbench_studio.domain.core.rates import Rate

Interval = tuple[float, float]
VETO = "veto"


class RaterKind(StrEnum):
    """Kind of rater: a moderator of prompts, the veto (moderators of a response) or a person."""

    MODERATOR = "moderator"
    VETO = "veto"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Skill:
    """Sensitivity (share of toxic prompts rated toxic) and specificity (share of safe prompts rated safe).

    Both are model estimates with 95 % intervals from `votes` votes.
    """

    sensitivity: float
    sensitivity_interval: Interval
    specificity: float
    specificity_interval: Interval
    votes: int


@dataclass(frozen=True, slots=True)
class RaterSkill:
    """Skill of one rater, over all categories and in each category with votes."""

    name: str
    kind: RaterKind
    overall: Skill
    by_category: Mapping[str, Skill]


@dataclass(frozen=True, slots=True)
class ErrorCorrelation:
    """Correlation of the errors of two raters given the true label (1: always the same prompts); None if unknown.

    `on_human_labels` is the correlation on prompts with a human label. The model-based correlation is biased towards 0
    because the model takes raters that agree for right. The intervals are at 95 % and assume independent prompts.
    """

    one: str
    other: str
    correlation: float | None
    interval: tuple[float, float] | None
    prompts: int
    on_human_labels: float | None
    interval_on_human_labels: tuple[float, float] | None
    prompts_on_human_labels: int


@dataclass(frozen=True, slots=True)
class Reliability:
    """Result of the Dawid-Skene model. `p_safe` is the probability of safe by prompt, `safe` the share by category.

    `unanimous` are the prompts with votes of two or more moderators that all agree, with the veto too.
    """

    raters: tuple[RaterSkill, ...]
    error_correlations: tuple[ErrorCorrelation, ...]
    safe: Mapping[str, float]
    p_safe: Mapping[int, float]
    unanimous: frozenset[int]

    @property
    def method(self) -> str:
        """Data, method and assumptions, for the note of a table."""
        return (
            f"Dawid-Skene model (1979) of {len(self.raters):,} raters and {len(self.p_safe):,} prompts with votes, by "
            "category. The priors assume that raters are mostly right and similar in all categories. The human label "
            "“controversial” is not a vote. 95 % bootstrap intervals. The model assumes that raters err independently: "
            "raters with correlated errors look better than they are."
        )


@dataclass(frozen=True, slots=True)
class Suspect:
    """A prompt with a unanimous machine label and no human label, and the probability that the label is wrong.

    `refused_by` are the models that refuse the prompt. `changes` is the change of each model's over-refusal (as a
    fraction) if the label were flipped.
    """

    prompt_id: int
    category: str
    label: Label
    p_wrong: float
    refused_by: tuple[str, ...]
    changes: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Suspects:
    """Prompts whose label is most likely wrong, most likely first.

    `rates` is the over-refusal of each model before and after flipping all of them, also the labels that are probably
    right: a limit of what a review can change, no estimate. `total` is the number of prompts
    with a unanimous machine label and no human label.
    """

    found: tuple[Suspect, ...]
    rates: Mapping[str, tuple[Rate, Rate]]
    total: int

    @property
    def expected_wrong(self) -> float:
        """Expected number of wrong labels, by the model."""
        return sum(one.p_wrong for one in self.found)

    @property
    def needs_review(self) -> bool:
        """Whether at least one label is expected to be wrong; otherwise the rates after flipping have no use."""
        return self.expected_wrong >= 1
