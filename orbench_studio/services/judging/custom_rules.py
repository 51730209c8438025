"""Phrases that people make rules of a workspace: tried on labels they were not mined from, saved, removed.

The rules of a workspace judge together with the studio's; the local judge, which learns phrases by itself, has no part
in them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from orbench_studio.domain.core.judgement import REFUSALS
from orbench_studio.domain.core.rates import Rate
from orbench_studio.domain.judging.custom_rule import CustomRule, SavedRule
from orbench_studio.errors import StudioError
from orbench_studio.instruments.assessment import Answered
from orbench_studio.instruments.phrases import Trial, attempt, normal
from orbench_studio.instruments.rules import RuleInstrument
from orbench_studio.services.judging.phrase_mining import judged, parted
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.judging import custom_rules
from orbench_studio.store.judging.judgements import Labelled

__all__ = ["CustomRule", "RuleEffect", "SavedRule", "effect", "remove", "save", "saved"]


@dataclass(frozen=True, slots=True)
class RuleEffect:
    """A rule on the held-out half: the phrase alone, and how often all the rules agree with people on any refusal
    before and after it; `mended` responses agree only after, `spoiled` only before."""

    trial: Trial
    before: Rate
    after: Rate
    mended: int
    spoiled: int


def saved(workspace: Workspace) -> list[SavedRule]:
    """Every rule of the workspace, also the removed ones, oldest first."""
    with workspace.reading() as db:
        return custom_rules.everything(db)


def effect(workspace: Workspace, rule: CustomRule) -> RuleEffect:
    """Try a rule on the labelled responses (of its model, where it has one) that no phrase is mined from.

    Changes nothing. Raises StudioError where there is no word in the phrase.
    """
    rule = _whole(rule)
    measured = parted(workspace, rule.model)[1]
    with workspace.reading() as db:
        there = custom_rules.in_force(db)
    before, after = (_agreeing(RuleInstrument(own), measured) for own in (there, (*there, rule)))
    pairs = list(zip(before, after, strict=True))
    return RuleEffect(
        attempt(rule.phrase, rule.refuses, judged(measured)),
        Rate(sum(before), len(before)),
        Rate(sum(after), len(after)),
        sum(now and not once for once, now in pairs),
        sum(once and not now for once, now in pairs),
    )


def save(workspace: Workspace, rule: CustomRule, *, annotator: str) -> SavedRule:
    """Make a phrase a rule of the workspace: the next judging by the rules goes by it.

    Raises StudioError where there is no word in the phrase, where it is a rule already for these responses, and where
    the workspace knows no such model.
    """
    rule = _whole(rule)
    with workspace.writing() as db:
        for other in custom_rules.in_force(db):
            if other.phrase == rule.phrase and (None in (other.model, rule.model) or other.model == rule.model):
                raise StudioError(f"“{rule.phrase}” is a rule of this workspace already. Remove that one first.")
        if rule.model is not None and not custom_rules.knows(db, rule.model):
            raise StudioError(f"This workspace has no model named {rule.model}. Check the name, or leave it out.")
        number = custom_rules.save(db, rule, annotator, datetime.now(UTC))
        return next(one for one in custom_rules.everything(db) if one.number == number)


def remove(workspace: Workspace, number: int, *, annotator: str) -> SavedRule:
    """Put a rule out of force; it stays on record. Raises StudioError where there is none of this number in force."""
    with workspace.writing() as db:
        found = next((one for one in custom_rules.everything(db) if one.number == number and not one.removed_at), None)
        if found is None:
            raise StudioError(f"There is no rule {number} in force in this workspace.")
        custom_rules.remove(db, number, annotator, datetime.now(UTC))
        return found


def _whole(rule: CustomRule) -> CustomRule:
    phrase = normal(rule.phrase)
    if not phrase:
        raise StudioError("There is no word in this phrase. Type at least one.")
    return replace(rule, phrase=phrase)


def _agreeing(rules: RuleInstrument, measured: Sequence[Labelled]) -> list[bool]:
    assessed = rules.assess([Answered(row.prompt, row.text, row.model) for row in measured])
    pairs = zip(assessed, measured, strict=True)
    return [(found.answer_class in REFUSALS) == (row.answer_class in REFUSALS) for found, row in pairs]
