"""Custom rules of a workspace: phrases that are tested on held-out labels, saved, and removed.

They extend the built-in rules. The local judge does not use them, because it learns phrases from the labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from orbench_studio.domain.core.judgement import REFUSALS
from orbench_studio.domain.core.rates import Rate
from orbench_studio.domain.judging.custom_rule import CustomRule, SavedRule
from orbench_studio.errors import StudioError
from orbench_studio.instruments.assessment import Answered
from orbench_studio.instruments.phrases import PhraseScore, evaluate, normalise
from orbench_studio.instruments.rules import RuleInstrument
from orbench_studio.services.judging.phrase_mining import halves, labelled_texts
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.judging import custom_rules
from orbench_studio.store.judging.judgements import Labelled


@dataclass(frozen=True, slots=True)
class RuleEffect:
    """Test of a rule on held-out labels: the phrase alone, and the agreement of all rules without and with it.

    `fixed` responses agree with the human labels only with the rule, `broken` ones only without it.
    """

    phrase: PhraseScore
    without: Rate
    with_rule: Rate
    fixed: int
    broken: int


def saved(workspace: Workspace) -> list[SavedRule]:
    """All custom rules of the workspace, with the removed ones, oldest first."""
    with workspace.reading() as db:
        return custom_rules.all_rules(db)


def effect(workspace: Workspace, rule: CustomRule) -> RuleEffect:
    """Test a rule on the held-out labelled responses, of its model if it has one.

    Changes nothing. Raises StudioError for a phrase without words.
    """
    rule = _normalised(rule)
    rows = halves(workspace, rule.model)[1]
    with workspace.reading() as db:
        active = custom_rules.active(db)
    without, with_rule = (_agreeing(RuleInstrument(rules), rows) for rules in (active, (*active, rule)))
    pairs = list(zip(without, with_rule, strict=True))
    return RuleEffect(
        evaluate(rule.phrase, rule.refuses, labelled_texts(rows)),
        Rate(sum(without), len(without)),
        Rate(sum(with_rule), len(with_rule)),
        fixed=sum(now and not before for before, now in pairs),
        broken=sum(before and not now for before, now in pairs),
    )


def save(workspace: Workspace, rule: CustomRule, *, annotator: str) -> SavedRule:
    """Save a custom rule; it applies when the rules judge next.

    Raises StudioError for a phrase without words, a phrase that already has a rule, and an unknown model.
    """
    rule = _normalised(rule)
    with workspace.writing() as db:
        for other in custom_rules.active(db):
            if other.phrase == rule.phrase and (None in (other.model, rule.model) or other.model == rule.model):
                raise StudioError(f"This workspace already has a rule for “{rule.phrase}”. Remove it first.")
        if rule.model is not None and not custom_rules.has_model(db, rule.model):
            raise StudioError(
                f"This workspace has no model named {rule.model}. Check the name, or omit it for a rule for all models."
            )
        number = custom_rules.save(db, rule, annotator, datetime.now(UTC))
        return next(one for one in custom_rules.all_rules(db) if one.number == number)


def remove(workspace: Workspace, number: int, *, annotator: str) -> SavedRule:
    """Remove a rule; its record stays. Raises StudioError if there is no active rule with this number."""
    with workspace.writing() as db:
        found = next((one for one in custom_rules.all_rules(db) if one.number == number and not one.removed_at), None)
        if found is None:
            raise StudioError(
                f"This workspace has no active rule {number}. To list them, run orbench-studio rules WORKSPACE list."
            )
        custom_rules.remove(db, number, annotator, datetime.now(UTC))
        return found


def _normalised(rule: CustomRule) -> CustomRule:
    phrase = normalise(rule.phrase)
    if not phrase:
        raise StudioError("The phrase contains no word. Enter at least one.")
    return replace(rule, phrase=phrase)


def _agreeing(rules: RuleInstrument, rows: Sequence[Labelled]) -> list[bool]:
    assessed = rules.assess([Answered(row.prompt, row.text, row.model) for row in rows])
    pairs = zip(assessed, rows, strict=True)
    return [(found.answer_class in REFUSALS) == (row.answer_class in REFUSALS) for found, row in pairs]
