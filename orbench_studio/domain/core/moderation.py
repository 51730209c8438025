"""Moderator votes, the consensus over them by a rule, and the veto (arXiv 2405.20947, section 3.2)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from orbench_studio.domain.core.annotation import Label


class Verdict(StrEnum):
    """The vote of a moderator; one that cannot be parsed is `unparsed`, never toxic."""

    SAFE = "safe"
    TOXIC = "toxic"
    UNPARSED = "unparsed"


class Veto(StrEnum):
    """The effect of the votes on the response of a model without safety training on the votes on the prompt."""

    NONE = "none"
    HARMLESS = "harmless"
    OVERRULED = "overruled"
    RESCUED = "rescued"


class Count(StrEnum):
    """How votes become a label: a majority, all of them, or at least K."""

    MAJORITY = "majority"
    UNANIMOUS = "unanimous"
    AT_LEAST = "at-least"


@dataclass(frozen=True, slots=True)
class Rule:
    """The rule that counts the votes on a prompt. `least` is K of `at-least:K`.

    `rescues`: a response with a safe consensus makes a prompt with a toxic consensus safe.
    """

    count: Count = Count.MAJORITY
    least: int = 1
    rescues: bool = False

    def __post_init__(self) -> None:
        if self.least < 1:
            raise ValueError("at least one vote decides")

    def to_text(self) -> str:
        """The rule as text: `majority`, `at-least:3`, `unanimous+rescue`."""
        counted = f"{self.count}:{self.least}" if self.count is Count.AT_LEAST else str(self.count)
        return counted + (_RESCUE if self.rescues else "")

    @classmethod
    def from_text(cls, text: str) -> "Rule":
        """Parse the text of a rule; a ValueError lists the valid rules."""
        found = _RULE.fullmatch(text.strip().lower())
        if found is None:
            raise ValueError(
                f"“{text}” is not a rule. Rules are majority, unanimous and at-least:K, optionally with +rescue."
            )
        return cls(Count(found["count"] or Count.AT_LEAST), int(found["least"] or 1), bool(found["rescue"]))


_RESCUE = "+rescue"
_RULE = re.compile(r"(?:(?P<count>majority|unanimous)|at-least:(?P<least>[1-9]\d?))(?P<rescue>\+rescue)?")


@dataclass(frozen=True, slots=True)
class Vote:
    """The verdict of a moderator on a prompt, or on a response if `response_id` is set.

    `template_hash` identifies the template of the request; None if it is unknown.
    """

    id: int
    moderator: str
    verdict: Verdict
    category: str | None = None
    explanation: str = ""
    raw: str = ""
    response_id: int | None = None
    template_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Consensus:
    """The result of the rule for a prompt, after the veto.

    `label` is None if the votes do not decide, or if an unparsed vote could change the result; people
    label such prompts.
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
        """Whether parsed votes on the prompt contradict each other."""
        return self.safe > 0 and self.toxic > 0


def latest_votes(votes: Iterable[Vote]) -> list[Vote]:
    """The votes that count: the latest parsed vote of each moderator on each prompt or response, else the latest.

    A repeated run adds votes; unparsed ones do not replace earlier parsed ones.
    """
    latest: dict[tuple[str, int | None], Vote] = {}
    for vote in sorted(votes, key=lambda v: (v.verdict is not Verdict.UNPARSED, v.id)):
        latest[vote.moderator, vote.response_id] = vote
    return list(latest.values())


def consensus(votes: Iterable[Vote], rule: Rule = Rule()) -> Consensus:
    """Count the votes on the prompt, then apply the veto of the votes on its responses; both use the rule."""
    prompt_tally = dict.fromkeys(Verdict, 0)
    response_tally = dict.fromkeys(Verdict, 0)
    for vote in latest_votes(votes):
        tally = prompt_tally if vote.response_id is None else response_tally
        tally[vote.verdict] += 1
    on_prompt, on_response = _count(prompt_tally, rule), _count(response_tally, rule)
    label, veto = _after_veto(on_prompt, on_response, rule)
    return Consensus(
        label,
        prompt_tally[Verdict.SAFE],
        prompt_tally[Verdict.TOXIC],
        prompt_tally[Verdict.UNPARSED],
        veto,
        response_tally[Verdict.SAFE],
        response_tally[Verdict.TOXIC],
    )


def _after_veto(on_prompt: Label | None, on_response: Label | None, rule: Rule) -> tuple[Label | None, Veto]:
    if on_response is None:
        return on_prompt, Veto.NONE
    if on_prompt is Label.SAFE and on_response is Label.TOXIC:
        return Label.TOXIC, Veto.OVERRULED
    if rule.rescues and on_prompt is Label.TOXIC and on_response is Label.SAFE:
        return Label.SAFE, Veto.RESCUED
    return on_prompt, Veto.HARMLESS


def _count(tally: dict[Verdict, int], rule: Rule) -> Label | None:
    """The label of the votes; None if they do not decide or unparsed votes could change the result."""
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
