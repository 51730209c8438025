"""The audit of a workspace: which model refuses what it should answer, in which category, and on which prompts."""

from collections.abc import Iterable

import numpy as np

from orbench_studio.domain.audit.refusal_rates import (
    FINAL,
    NO_CATEGORY,
    PEOPLE,
    Audit,
    AuditOptions,
    Drop,
    Group,
    Labels,
    Tally,
)
from orbench_studio.domain.core.annotation import Basis, Label
from orbench_studio.domain.core.judgement import ANSWERS, AnswerClass
from orbench_studio.domain.core.rates import Rate
from orbench_studio.domain.review.query import NONE, count_of
from orbench_studio.domain.review.queue import Field, Order, QueueFilter, Term
from orbench_studio.services.audit.audit_counts import (
    CLASSES,
    Array,
    AuditCounts,
    read,
    refreshed,
    with_judge,
)
from orbench_studio.store.audit import audit_arrays as store

__all__ = [
    "CELL_LIMIT",
    "Audit",
    "AuditCounts",
    "AuditOptions",
    "Drop",
    "Group",
    "Labels",
    "audit",
    "cell",
    "prompts_of",
    "read",
    "refreshed",
    "with_judge",
]  # fmt: skip

CELL_LIMIT = 2_000  # prompts that a query names one by one
_CATEGORIES = (*store.CATEGORIES, NO_CATEGORY)
_GROUPS = tuple(Group)
_JUDGEMENTS = [*range(len(ANSWERS)), store.CLASSES.index(AnswerClass.UNPARSED)]  # what a machine has to say for itself
_PEOPLE = store.BASES.index(Basis.HUMAN)


def audit(ledger: AuditCounts, choice: AuditOptions) -> Audit:
    """Every cell by a choice; its judge must have been asked for by `with_judge`."""
    counts = _by_group(_counts(ledger, choice), choice)  # group, category, model, class, people
    codes = ledger.codes[~ledger.dropped(choice.dropped)] if choice.dropped else ledger.codes
    standing = np.bincount(codes, minlength=np.prod(store.SHAPE)).reshape(store.SHAPE)
    prompts = _by_group(standing, choice)
    human = _by_group(standing[:, :, _PEOPLE : _PEOPLE + 1], choice, people=True).sum(axis=1)
    if choice.labels is Labels.CONSENSUS:
        human[:] = 0
    ends = counts.sum(axis=4)
    there = [place for place in range(len(_CATEGORIES)) if prompts[:, place].any()]
    listed = ends.tolist()
    cells = {
        (group, model, _CATEGORIES[place]): Tally(tuple(of_model))
        for group, by_category in zip(_GROUPS, listed, strict=True)
        for place in there
        for model, of_model in zip(ledger.names, by_category[place], strict=True)
        if any(of_model)
    }
    classes = counts[..., : len(ANSWERS), :].sum(axis=(0, 1, 2, 3))
    return Audit(
        choice,
        ledger.names,
        tuple(_CATEGORIES[place] for place in there),
        cells,
        {(g, _CATEGORIES[place]): int(prompts[at, place]) for at, g in enumerate(_GROUPS) for place in there},
        {group: int(human[at]) for at, group in enumerate(_GROUPS)},
        Rate(int(classes[1]), int(classes.sum())),
        int(standing[:, :, store.BASES.index(Basis.NONE)].sum()),
    )


def cell(
    ledger: AuditCounts, choice: AuditOptions, group: Group, model: str, category: str | None = None
) -> QueueFilter:
    """The queue of the prompts behind a rate: those the model refused, or accepted where they are toxic.

    In the words of the query language where these can say it, and the queue then follows every decision; else the
    prompts one by one, at most CELL_LIMIT of them.
    """
    said = _said(choice) if group is Group.SAFE and not count_of(model) else None
    if said is not None:
        there = (Term(Field.CATEGORY, (category if category != NO_CATEGORY else NONE,)),) if category else ()
        return QueueFilter((*said, *there, Term(Field.REFUSED, (model,))), Order.IMPORTED)
    found = prompts_of(ledger, choice, group, model, category)[:CELL_LIMIT]
    # The order tells of machines, as this choice of prompts does.
    return QueueFilter((Term(Field.ID, tuple(map(str, found)) or ("0",)),), Order.REFUSED)


def prompts_of(
    ledger: AuditCounts, choice: AuditOptions, group: Group, model: str, category: str | None = None
) -> tuple[int, ...]:
    """The ids of the prompts behind a rate, in order."""
    cases, refused = judged(ledger, choice)
    counted = cases & (~refused if group is Group.TOXIC else refused) & (ledger.columns == ledger.names.index(model))
    wanted = members(ledger, choice, group)
    if category is not None:
        wanted &= ledger.standing()[0] == _CATEGORIES.index(category)
    return tuple(ledger.prompt_ids[np.unique(ledger.rows[counted & wanted[ledger.rows]])].tolist())


def members(ledger: AuditCounts, choice: AuditOptions, group: Group) -> Array:
    """True for each prompt of a group that is not left out."""
    state = ledger.standing()[1:]
    found: Array = (_groups(choice)[state] == _GROUPS.index(group)) & ~ledger.dropped(choice.dropped)
    return found


def judged(ledger: AuditCounts, choice: AuditOptions) -> tuple[Array, Array]:
    """True for each response that is an answer or a refusal; and for each that is a refusal."""
    classes, people = np.divmod(ledger.of(choice.answers)[0], 2)
    cases = classes < len(ANSWERS)
    if choice.answers == PEOPLE:
        cases &= people == 1
    return cases, cases & (classes > 0)


def _said(choice: AuditOptions) -> tuple[Term, ...] | None:
    """What makes a prompt safe by a choice, in the query language; None where that has no words for it."""
    if choice.answers != FINAL or choice.dropped or (choice.assume_safe and choice.labels is not Labels.FINAL):
        return None
    if choice.assume_safe:
        return Term(Field.LABEL, (Label.SAFE, NONE)), Term(Field.BASIS, (Basis.DISPUTED,), negated=True)
    if choice.labels is Labels.CONSENSUS:
        return (Term(Field.CONSENSUS, (Label.SAFE,)),)
    by_people = (Term(Field.BASIS, (Basis.HUMAN,)),) if choice.labels is Labels.HUMAN else ()
    return (Term(Field.LABEL, (Label.SAFE,)), *by_people)


def _counts(ledger: AuditCounts, choice: AuditOptions) -> Array:
    ends, counts = ledger.of(choice.answers)
    if choice.dropped:
        counts = counts - ledger.count(np.flatnonzero(ledger.dropped(choice.dropped)[ledger.rows]), ends)
    if choice.answers == PEOPLE:
        counts = counts.copy()
        for said in _JUDGEMENTS:  # what machines say is as if nobody had said it
            counts[..., CLASSES - 1, 0] += counts[..., said, 0]
            counts[..., said, 0] = 0
    return counts


def _by_group(counts: Array, choice: AuditOptions, *, people: bool = False) -> Array:
    """Summed over the states of prompts that belong to a group: groups first, then categories, then what was last."""
    groups = _groups(choice)[:, _PEOPLE : _PEOPLE + 1] if people else _groups(choice)
    flat = counts.reshape(len(_CATEGORIES), groups.size, *counts.shape[5:])
    return np.stack([flat[:, groups.ravel() == at].sum(axis=1) for at in range(len(_GROUPS))])


def _groups(choice: AuditOptions) -> Array:
    """The place of the group that each state of a prompt belongs to, in the shape of the states."""
    states: Iterable[tuple[int, ...]] = np.ndindex(*store.SHAPE[1:])
    return np.array([_GROUPS.index(_group(choice, *state[:3])) for state in states]).reshape(store.SHAPE[1:])


def _group(choice: AuditOptions, label: int, basis: int, agreed: int) -> Group:
    if choice.assume_safe and basis == store.BASES.index(Basis.NONE):
        return Group.SAFE
    if choice.labels is Labels.HUMAN and basis != _PEOPLE:
        return Group.OTHER
    labels, place = (store.CONSENSUS, agreed) if choice.labels is Labels.CONSENSUS else (store.LABELS, label)
    said = labels[place] if place < len(labels) else None
    return {Label.SAFE: Group.SAFE, Label.TOXIC: Group.TOXIC}.get(Label(said), Group.OTHER) if said else Group.OTHER
