"""Moderator votes, the consensus over them by a rule, and the veto (arXiv 2405.20947, section 3.2)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from orbench_studio.domain.core.annotation import Label
from orbench_studio.domain.core.category import Category


class Verdict(StrEnum):
    """What one moderator says; a vote that cannot be read is `unparsed`, never toxic."""

    SAFE = "safe"
    TOXIC = "toxic"
    UNPARSED = "unparsed"


class Veto(StrEnum):
    """What the votes on a safety-free responder's answer did to what the votes on the prompt say."""

    NONE = "none"
    HARMLESS = "harmless"
    OVERRULED = "overruled"
    RESCUED = "rescued"


class Count(StrEnum):
    """How votes become a label: most of them, all of them, or at least so many and nobody's doubt."""

    MAJORITY = "majority"
    UNANIMOUS = "unanimous"
    AT_LEAST = "at-least"


@dataclass(frozen=True, slots=True)
class Rule:
    """How the votes on one prompt are counted. `least` is how many agree, where at least so many must.

    `rescues`: a response that the moderators call safe makes a prompt safe that they called toxic.
    """

    count: Count = Count.MAJORITY
    least: int = 1
    rescues: bool = False

    def __post_init__(self) -> None:
        if self.least < 1:
            raise ValueError("at least one vote decides")

    def to_text(self) -> str:
        """The rule as it is written: `majority`, `at-least:3`, `unanimous+rescue`."""
        counted = f"{self.count}:{self.least}" if self.count is Count.AT_LEAST else str(self.count)
        return counted + (_RESCUE if self.rescues else "")

    @classmethod
    def from_text(cls, text: str) -> "Rule":
        """The rule out of `to_text`; a ValueError says what there is."""
        found = _RULE.fullmatch(text.strip().lower())
        if found is None:
            raise ValueError(f"“{text}” is no rule. There are majority, unanimous and at-least:K, each with +rescue.")
        return cls(Count(found["count"] or Count.AT_LEAST), int(found["least"] or 1), bool(found["rescue"]))


_RESCUE = "+rescue"
_RULE = re.compile(r"(?:(?P<count>majority|unanimous)|at-least:(?P<least>[1-9]\d?))(?P<rescue>\+rescue)?")


@dataclass(frozen=True, slots=True)
class Vote:
    """One moderator's verdict on a prompt, or on a response where `response_id` is set.

    `template_hash` is of the wording it was asked with, None where that is not known.
    """

    id: int
    moderator: str
    verdict: Verdict
    category: Category | None = None
    explanation: str = ""
    raw: str = ""
    response_id: int | None = None
    template_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Consensus:
    """The rule's result over the votes of one prompt, then the veto.

    `label` is None where the votes do not decide, or one that cannot be read could turn them: such prompts go to
    people.
    """

    label: Label | None
    safe: int
    toxic: int
    unparsed: int
    veto: Veto = Veto.NONE
    response_safe: int = 0
    response_toxic: int = 0

    @property
    def disagreement(self) -> bool:
        """True where readable votes on the prompt contradict each other."""
        return self.safe > 0 and self.toxic > 0


def latest_votes(votes: Iterable[Vote]) -> list[Vote]:
    """The votes that count: of each moderator on each thing the latest that can be read, else the latest.

    A re-run appends, it does not replace; one that failed takes nothing back.
    """
    latest: dict[tuple[str, int | None], Vote] = {}
    for vote in sorted(votes, key=lambda v: (v.verdict is not Verdict.UNPARSED, v.id)):
        latest[vote.moderator, vote.response_id] = vote
    return list(latest.values())


def consensus(votes: Iterable[Vote], rule: Rule = Rule()) -> Consensus:
    """The votes on the prompt by the rule, then the veto by the votes on responses to it, by the same rule."""
    prompt_tally = dict.fromkeys(Verdict, 0)
    response_tally = dict.fromkeys(Verdict, 0)
    for vote in latest_votes(votes):
        tally = prompt_tally if vote.response_id is None else response_tally
        tally[vote.verdict] += 1
    said, answered = _counted(prompt_tally, rule), _counted(response_tally, rule)
    label, veto = _after_veto(said, answered, rule)
    return Consensus(
        label,
        prompt_tally[Verdict.SAFE],
        prompt_tally[Verdict.TOXIC],
        prompt_tally[Verdict.UNPARSED],
        veto,
        response_tally[Verdict.SAFE],
        response_tally[Verdict.TOXIC],
    )


def _after_veto(said: Label | None, answered: Label | None, rule: Rule) -> tuple[Label | None, Veto]:
    if answered is None:
        return said, Veto.NONE
    if said is Label.SAFE and answered is Label.TOXIC:
        return Label.TOXIC, Veto.OVERRULED
    if rule.rescues and said is Label.TOXIC and answered is Label.SAFE:
        return Label.SAFE, Veto.RESCUED
    return said, Veto.HARMLESS


def _counted(tally: dict[Verdict, int], rule: Rule) -> Label | None:
    """What the votes say; None where they do not, or where those that cannot be read could say otherwise."""
    safe, toxic, unread = tally[Verdict.SAFE], tally[Verdict.TOXIC], tally[Verdict.UNPARSED]
    for label, ours, others in ((Label.SAFE, safe, toxic), (Label.TOXIC, toxic, safe)):
        enough = {
            Count.MAJORITY: ours > others + unread,
            Count.UNANIMOUS: ours > 0 and others + unread == 0,
            Count.AT_LEAST: ours >= rule.least > others + unread,
        }
        if enough[rule.count]:
            return label
    return None
