"""What if: every model's over-refusal and rank once some prompts are left out, and how sure the ranks are."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from orbench_studio.domain.audit.refusal_rates import AuditOptions, Drop, Group
from orbench_studio.domain.core.rates import Rate
from orbench_studio.services.audit.audit_counts import Array, AuditCounts
from orbench_studio.services.audit.refusal_audit import judged, members


@dataclass(frozen=True, slots=True)
class RankedModel:
    """A model's over-refusal, and its rank, 1 the highest, with the bootstrap's 95 % intervals of both.

    Prompts of one seed, or nearly the same, are drawn together. A rate without a case has no interval, and comes last.
    """

    rate: Rate
    interval: tuple[float, float] | None
    rank: int
    ranks: tuple[int, int]


@dataclass(frozen=True, slots=True)
class RankChange:
    """A model before and after."""

    model: str
    before: RankedModel
    after: RankedModel


@dataclass(frozen=True, slots=True)
class WhatIf:
    """All models by their rank before. `left` of `prompts` safe prompts are left; `takes` is what each drop takes."""

    choice: AuditOptions
    models: tuple[RankChange, ...]
    prompts: int
    left: int
    takes: Mapping[Drop, int]


def what_if(ledger: AuditCounts, choice: AuditOptions) -> WhatIf:
    """The models with the choice's prompts left out, beside the same without leaving out any; computes only."""
    whole = replace(choice, dropped=frozenset())
    safe, kept = members(ledger, whole, Group.SAFE), members(ledger, choice, Group.SAFE)
    before = _ranked(ledger, whole, safe)
    after = _ranked(ledger, choice, kept) if choice.dropped else before
    moved = [RankChange(model, before[model], after[model]) for model in ledger.names]
    takes = {drop: int((safe & ledger.dropped(frozenset({drop}))).sum()) for drop in Drop}
    order = sorted(moved, key=lambda one: (one.before.rank, one.model))
    return WhatIf(choice, tuple(order), int(safe.sum()), int(kept.sum()), takes)


def _ranked(ledger: AuditCounts, choice: AuditOptions, prompts: Array) -> dict[str, RankedModel]:
    # On first use: it brings scipy.
    from orbench_studio.estimates.resampling import Resampled

    cases, refused = (_by_prompt(ledger, prompts, responses) for responses in judged(ledger, choice))
    rates = [Rate(int(count), int(n)) for count, n in zip(refused.sum(0), cases.sum(0), strict=True)]
    if not len(cases) or not ledger.models:
        last = len(ledger.models)
        return {name: RankedModel(rate, None, 1, (1, last)) for name, rate in zip(ledger.names, rates, strict=True)}
    drawn = Resampled(refused, cases, _clusters(ledger)[prompts])
    found, ranks = drawn.rates, drawn.ranks
    return {
        name: RankedModel(
            rate,
            (float(found.low[at]), float(found.high[at])) if rate.n else None,
            int(ranks.rank[at]),
            (int(ranks.low[at]), int(ranks.high[at])),
        )
        for at, (name, rate) in enumerate(zip(ledger.names, rates, strict=True))
    }


def _clusters(ledger: AuditCounts) -> Array:
    """A number for each prompt, the same for prompts that a seed or a group of near duplicates links."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = len(ledger.prompt_ids)
    links = []
    for of in (ledger.seeds, ledger.groups):
        linked = np.flatnonzero(of)
        _, first, which = np.unique(of[linked], return_index=True, return_inverse=True)
        links.append((linked, linked[first][which]))
    ends = np.concatenate(links, axis=1)
    graph = coo_array((np.ones(ends.shape[1], bool), (ends[0], ends[1])), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1])


def _by_prompt(ledger: AuditCounts, prompts: Array, responses: Array) -> Array:
    """How many of these responses each model gave to each of these prompts, (prompts, models)."""
    models = len(ledger.models)
    place = np.cumsum(prompts) - 1
    there = np.flatnonzero(responses & prompts[ledger.rows])
    keys = place[ledger.rows[there]] * models + ledger.columns[there]
    size = int(prompts.sum())
    return np.bincount(keys, minlength=size * models).reshape(size, models).astype(np.float64)
