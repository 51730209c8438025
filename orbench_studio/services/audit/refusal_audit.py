"""Audit of a workspace: over-refusal and toxic acceptance by model and category, and the prompts behind each rate."""

from collections.abc import Iterable
from dataclasses import astuple
from functools import lru_cache

import numpy as np

from orbench_studio.domain.audit.refusal_rates import (
    FINAL,
    FROM_FILE,
    NO_CATEGORY,
    PEOPLE,
    Audit,
    AuditOptions,
    Group,
    Labels,
    Repeats,
    Spread,
    Tally,
)
from orbench_studio.domain.core.annotation import Basis, Label
from orbench_studio.domain.core.judgement import ANSWERS, AnswerClass, Refusals
from orbench_studio.domain.core.rates import Rate
from orbench_studio.domain.review.query import NONE, count_of
from orbench_studio.domain.review.queue import Field, Order, QueueFilter, Term
from orbench_studio.services.audit.audit_counts import CLASSES, JUDGE_KINDS, Array, AuditCounts
from orbench_studio.store.audit import audit_arrays as store

CELL_LIMIT = 2_000  # prompts that a query names one by one
_GROUPS = tuple(Group)
_WITHOUT_ANSWER = (AnswerClass.UNPARSED, AnswerClass.ABSTAINED)
_JUDGEMENTS = [*range(len(ANSWERS)), *map(store.CLASSES.index, _WITHOUT_ANSWER)]  # classes that a judge assigns
_PACKED = 16  # bits for the cases of a cluster
_PEOPLE = store.BASES.index(Basis.HUMAN)


def audit(counts: AuditCounts, options: AuditOptions) -> Audit:
    """Compute every cell with these options; their judge must have been loaded by `with_judge`."""
    counts = counts.labelled_by(options.labels)
    table = _by_group(_counts(counts, options), options)  # group, category, model, class, people
    codes = counts.codes[~counts.dropped(options.dropped)] if options.dropped else counts.codes
    states = np.bincount(codes, minlength=np.prod(counts.shape)).reshape(counts.shape)
    prompts = _by_group(states, options)
    human = _by_group(states[:, :, _PEOPLE : _PEOPLE + 1], options, people=True).sum(axis=1)
    if options.labels is Labels.CONSENSUS:
        human[:] = 0
    ends = table.sum(axis=4)
    there = [place for place in range(len(counts.categories)) if prompts[:, place].any()]
    spread = _spreads(counts, options, ends)
    listed, names = ends.tolist(), counts.names
    cells = {
        (group, model, counts.categories[place]): Tally(
            tuple(of_model), options.counted, spread.get((at, place, column))
        )
        for at, group in enumerate(_GROUPS)
        for place in there
        for column, (model, of_model) in enumerate(zip(names, listed[at][place], strict=True))
        if any(of_model)
    }
    classes = table[..., : len(ANSWERS), :].sum(axis=(0, 1, 2, 3))
    return Audit(
        options,
        counts.names,
        tuple(counts.categories[place] for place in there),
        cells,
        {(g, counts.categories[place]): int(prompts[at, place]) for at, g in enumerate(_GROUPS) for place in there},
        {group: int(human[at]) for at, group in enumerate(_GROUPS)},
        Rate(int(classes[1]), int(classes.sum())),
        _labels_from_file(states, options),
        _class_counts(counts, options),
        _unlabelled(states, options),
        counts.matrix.cluster,
        {
            (_GROUPS[at], names[column]): found
            for (at, place, column), found in spread.items()
            if place == len(counts.categories)
        },
        tuple(_repeats(counts, options)),
        counts.subset,
        counts.selection,
        counts.unlicensed_of(options.answers),
        counts.hidden,
    )


def cell(
    counts: AuditCounts, options: AuditOptions, group: Group, model: str, category: str | None = None
) -> QueueFilter:
    """Return a filter for the prompts behind a rate: those that the model refused or, if toxic, answered.

    A query where the query language can express it, so that the queue follows every decision; otherwise the ids of
    the prompts, at most CELL_LIMIT.
    """
    safe = _safe_terms(options) if group is Group.SAFE and not count_of(model) else None
    if safe is not None:
        in_category = (Term(Field.CATEGORY, (category if category != NO_CATEGORY else NONE,)),) if category else ()
        in_subset = (Term(Field.SUBSET, (counts.subset,)),) if counts.subset else ()
        return QueueFilter((*safe, *in_category, *in_subset, Term(Field.REFUSED, (model,))), Order.IMPORTED)
    found = prompts_of(counts, options, group, model, category)[:CELL_LIMIT]
    # An order by refusals marks the queue as not blind: the prompts were chosen by what models did.
    return QueueFilter((Term(Field.ID, tuple(map(str, found)) or ("0",)),), Order.REFUSED, model=model)


def prompts_of(
    counts: AuditCounts, options: AuditOptions, group: Group, model: str, category: str | None = None
) -> tuple[int, ...]:
    """Return the ids of the prompts behind a rate, in order."""
    first = _first_refusals(counts, options)[counts.rows]
    cases, refused = _judged(counts.of(options.answers)[0], options, first)
    counted = cases & (~refused if group is Group.TOXIC else refused) & (counts.columns == counts.names.index(model))
    wanted = members(counts, options, group)
    if category is not None:
        wanted &= counts.prompt_states()[0] == counts.categories.index(category)
    return tuple(counts.prompt_ids[np.unique(counts.rows[counted & wanted[counts.rows]])].tolist())


def members(counts: AuditCounts, options: AuditOptions, group: Group) -> Array:
    """Return True for each prompt that is in a group and not dropped."""
    counts = counts.labelled_by(options.labels)
    state = counts.prompt_states()[1:]
    found: Array = (_groups(options)[state] == _GROUPS.index(group)) & ~counts.dropped(options.dropped)
    return found


def human_toxic(counts: AuditCounts, options: AuditOptions) -> Array:
    """Return True for each prompt that people label toxic, and whose final label would be safe without them."""
    if options.labels is not Labels.FINAL:
        return np.zeros(len(counts.prompt_ids), bool)
    _, _, _, agreed, split = counts.prompt_states()
    without = np.where(agreed < len(store.CONSENSUS), agreed == store.CONSENSUS.index(Label.SAFE), False)
    open_ = (agreed == len(store.CONSENSUS)) & (split == 0)
    without |= open_ & (counts.published == store.LABELS.index(Label.SAFE))
    if options.assume_safe:
        without |= open_ & (counts.published == len(store.LABELS))
    return counts.human_toxic() & without


def by_prompt(counts: AuditCounts, options: AuditOptions) -> tuple[Array, Array, Array]:
    """Return for each prompt and model whether it counts, the share of refusals, and the number of responses.

    All are (prompts, models) of float32.
    """
    matrix = counts.matrix
    first = matrix.by_row(_first_refusals(counts, options))[:, None]
    found = _judged(counts.in_matrix(options.answers), options, first)
    responses, hits = (matrix.by_prompt(mask.astype(np.float32)) for mask in found)
    if not matrix.repeats:
        return responses, hits, responses
    return (responses > 0).astype(np.float32), hits / np.maximum(responses, 1), responses


def _repeats(counts: AuditCounts, options: AuditOptions) -> Iterable[Repeats]:
    if not counts.matrix.repeats:
        return
    _, shares, responses = (values[members(counts, options, Group.SAFE)] for values in by_prompt(counts, options))
    for model, share, of in zip(counts.names, shares.T.astype(float), responses.T, strict=True):
        share, of = share[of > 1], of[of > 1]
        if len(share) > 1:
            within = share * (1 - share) * of / (of - 1)
            flipped = Rate(int(((share > 0) & (share < 1)).sum()), len(share))
            between = max(float(share.var(ddof=1) - (within / of).mean()), 0.0)
            yield Repeats(model, flipped, float(within.mean()), between)


def _first_refusals(counts: AuditCounts, options: AuditOptions) -> Array:
    """Return for each prompt the outcome from which on a response to it counts as a refusal."""
    state = counts.labelled_by(options.labels).prompt_states()[1:]
    return np.array([2 * group.first_refusal for group in _GROUPS], np.uint8)[_groups(options)[state]]


def _judged(outcomes: Array, options: AuditOptions, first: Array) -> tuple[Array, Array]:
    """Return two masks: the responses that count (answers and refusals), and the refusals among them."""
    cases = outcomes < 2 * (len(ANSWERS) + len(options.counted.stopped))
    if options.answers == PEOPLE:
        cases &= outcomes % 2 == 1
    return cases, cases & (outcomes >= first)


def _spreads(counts: AuditCounts, options: AuditOptions, ends: Array) -> dict[tuple[int, int, int], Spread]:
    """Return the spread of each cell whose responses are not independent, by group, category and model.

    The category after the last one is all of them. `ends` counts all responses by group, category, model and class.
    """
    if not counts.matrix.cluster or not counts.models:
        return {}
    # Imported on first use: scipy takes long to import.
    from orbench_studio.estimates.clusters import Moments, effective_n

    blocks, of, responses = _linked_moments(counts, options)
    if not counts.matrix.repeats:  # each other response is a cluster of its own
        judged = ends[..., : len(ANSWERS) + len(options.counted.stopped)]
        refused = np.stack([judged[at, ..., one.first_refusal :].sum(-1) for at, one in enumerate(_GROUPS)])
        by_cell = np.stack([refused, judged.sum(-1)])
        totals = np.concatenate([by_cell, by_cell.sum(2, keepdims=True)], axis=2)
        hits, cases = totals.reshape(2, -1, totals.shape[-1])[:, blocks] - of[:2]
        of = of + np.stack([hits, cases, hits, hits, cases])
        responses = of[1]
    n, quantile = effective_n(Moments(*of), responses)
    found = {}
    for block, model in zip(*np.nonzero((of[4] > of[1]) | (responses > of[1])), strict=True):
        at = block, model
        share = min(float(of[0][at] / of[1][at]), 1.0)
        spread = Spread(share, int(of[1][at]), counts.matrix.cluster, float(n[at]), float(quantile[at]))
        found[(*divmod(int(blocks[block]), len(counts.categories) + 1), int(model))] = spread
    return found


def _linked_moments(counts: AuditCounts, options: AuditOptions) -> tuple[Array, Array, Array]:
    """Return the blocks of a group and a category, the moments of clusters, (5, blocks, models), and the responses.

    A block is numbered group * (categories + 1) + category; the category after the last one is all of them.
    """
    from orbench_studio.estimates.clusters import moments
    from orbench_studio.services.audit.response_matrix import summed

    linked, several, count = counts.matrix.linked, counts.matrix.repeats, len(counts.categories)
    clusters, codes = counts.matrix.clusters[linked], counts.codes[linked]
    category, *state = np.unravel_index(codes, counts.shape)
    blocks = (_groups(options)[tuple(state)] * (count + 1) + category).astype(np.int64)
    if several:
        values = np.hstack(by_prompt(counts, options))
    else:  # both numbers in one integer, which takes half the time
        first = _first_refusals(counts, options)[linked][:, None]
        cases, hits = _judged(counts.in_matrix(options.answers)[linked], options, first)
        values = hits * np.int32(1 << _PACKED) + cases
    order = np.argsort(blocks * (len(counts.codes) + 1) + clusters, kind="stable")
    if options.dropped:
        order = order[~counts.dropped(options.dropped)[linked][order]]
    found = []
    for total in (False, True):
        starts = np.flatnonzero(np.diff(blocks[order], prepend=-1) | np.diff(clusters[order], prepend=-1))
        sums = summed(values, order, starts)
        if not (several or total):
            sums = np.hstack([sums & (1 << _PACKED) - 1, sums >> _PACKED]).astype(np.float32)
        blocks, clusters = blocks[order][starts], clusters[order][starts]
        for block in np.unique(blocks):
            first, last = np.searchsorted(blocks, [block, block + 1])
            cases, hits, *responses = np.hsplit(sums[first:last], 3 if several else 2)
            of = moments(hits, cases)
            found.append((block, astuple(of), responses[0].sum(0) if responses else of.cases))
        values, blocks = sums, blocks // (count + 1) * (count + 1) + count
        order = np.argsort(blocks * (len(counts.codes) + 1) + clusters, kind="stable")
    return (
        np.array([one[0] for one in found], int),
        np.array([one[1] for one in found]).swapaxes(0, 1),
        np.array([one[2] for one in found]),
    )


def _safe_terms(options: AuditOptions) -> tuple[Term, ...] | None:
    """Return the query terms that select safe prompts; None if the query language cannot express it."""
    if (
        options.answers != FINAL
        or options.counted is not Refusals.ALL
        or options.dropped
        or (options.assume_safe and options.labels is not Labels.FINAL)
        or options.labels is Labels.PUBLISHED
    ):
        return None
    if options.assume_safe:
        return Term(Field.LABEL, (Label.SAFE, NONE)), Term(Field.BASIS, (Basis.DISPUTED,), negated=True)
    if options.labels is Labels.CONSENSUS:
        return (Term(Field.CONSENSUS, (Label.SAFE,)),)
    by_people = (Term(Field.BASIS, (Basis.HUMAN,)),) if options.labels is Labels.HUMAN else ()
    return (Term(Field.LABEL, (Label.SAFE,)), *by_people)


def _counts(counts: AuditCounts, options: AuditOptions) -> Array:
    ends, table = counts.of(options.answers)
    if options.dropped:
        table = table - counts.count(np.flatnonzero(counts.dropped(options.dropped)[counts.rows]), ends)
    if options.answers == PEOPLE:
        table = table.copy()
        for judged_class in _JUDGEMENTS:  # without a human class, a response counts as not judged
            table[..., CLASSES - 1, 0] += table[..., judged_class, 0]
            table[..., judged_class, 0] = 0
    return table


def _by_group(table: Array, options: AuditOptions, *, people: bool = False) -> Array:
    """Sum over the prompt states of each group: (groups, categories, trailing axes of the table)."""
    groups = _groups(options)[:, _PEOPLE : _PEOPLE + 1] if people else _groups(options)
    flat = table.reshape(len(table), groups.size, *table.shape[5:])
    return np.stack([flat[:, groups.ravel() == at].sum(axis=1) for at in range(len(_GROUPS))])


@lru_cache(maxsize=16)
def _groups(options: AuditOptions) -> Array:
    """Return the index of the group of each prompt state, in the shape of the states without category."""
    states: Iterable[tuple[int, ...]] = np.ndindex(*store.STATES)
    return np.array([_GROUPS.index(_group(options, *state)) for state in states]).reshape(store.STATES)


def _group(options: AuditOptions, label: int, basis: int, agreed: int, split: int) -> Group:
    if options.assume_safe and _is_unlabelled(options, basis, agreed, split):
        return Group.SAFE
    if options.labels is Labels.HUMAN and basis != _PEOPLE:
        return Group.OTHER
    labels, place = (store.CONSENSUS, agreed) if options.labels is Labels.CONSENSUS else (store.LABELS, label)
    if place >= len(labels):
        return Group.OTHER
    return {Label.SAFE: Group.SAFE, Label.TOXIC: Group.TOXIC}.get(Label(labels[place]), Group.OTHER)


def _labels_from_file(states: Array, options: AuditOptions) -> int:
    """Count the labels of a source file: neither by people nor by consensus."""
    if options.labels is Labels.CONSENSUS or options.labels is Labels.HUMAN:
        return 0
    of = states[:, : len(store.LABELS), len(store.BASES)]
    return int((of if options.labels is Labels.PUBLISHED else of[:, :, len(store.CONSENSUS)]).sum())


def _class_counts(counts: AuditCounts, options: AuditOptions) -> dict[str, int]:
    """Count the answers and refusals whose class no person gave, by source file or judges of one kind."""
    if options.answers == PEOPLE:
        return {}
    outcomes = counts.of(options.answers)[0]
    there = (outcomes < 2 * len(ANSWERS)) & (outcomes & 1 == 0)
    if options.dropped:
        there &= ~counts.dropped(options.dropped)[counts.rows]
    if options.answers != FINAL:
        return {options.answers: int(np.count_nonzero(there))}
    # Several comparisons are ten times as fast as an array of all sources (measured).
    by_basis = [np.count_nonzero(there & (counts.bases == place)) for place in range(len(store.CLASS_BASES))]
    return {_source(counts, of): int(n) for of, n in zip(store.CLASS_BASES, by_basis, strict=True) if n}


def _source(counts: AuditCounts, basis: Basis) -> str:
    if basis is Basis.REFERENCE:
        return FROM_FILE
    return " or ".join(name for name in counts.judges if name.endswith(f"({JUDGE_KINDS[basis]})"))


def _unlabelled(states: Array, options: AuditOptions) -> int:
    """Count the prompts without a label."""
    if options.labels is Labels.CONSENSUS:
        return int(states[..., len(store.CONSENSUS), 0].sum())
    return int(states[:, :, store.BASES.index(Basis.NONE)].sum())


def _is_unlabelled(options: AuditOptions, basis: int, agreed: int, split: int) -> bool:
    """Whether a prompt has no label; by consensus, it has no vote that could be read."""
    if options.labels is Labels.CONSENSUS:
        return agreed == len(store.CONSENSUS) and not split
    return basis == store.BASES.index(Basis.NONE)
