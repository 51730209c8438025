"""What-if analysis: over-refusal and rank of every model with some prompts dropped, with bootstrap intervals."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from orbench_studio.domain.audit.refusal_rates import AuditOptions, Drop, Group
from orbench_studio.domain.core.rates import Rate
from orbench_studio.services.audit.audit_counts import Array, AuditCounts
from orbench_studio.services.audit.refusal_audit import judged, members


@dataclass(frozen=True, slots=True)
class RankedModel:
    """Over-refusal of a model and its rank (1 is the highest rate), with 95 % intervals of the cluster bootstrap.

    Prompts of one seed or one group of near duplicates are resampled together. A model without judged answers has no
    interval and the last rank.
    """

    rate: Rate
    interval: tuple[float, float] | None
    rank: int
    ranks: tuple[int, int]

    @property
    def rank_text(self) -> str:
        """Rank with its interval: `3 (2–5)`; a dash without judged answers."""
        return f"{self.rank} ({self.ranks[0]}–{self.ranks[1]})" if self.rate.n else "—"


@dataclass(frozen=True, slots=True)
class RankChange:
    """A model before and after dropping prompts."""

    model: str
    before: RankedModel
    after: RankedModel


@dataclass(frozen=True, slots=True)
class WhatIf:
    """All models, by rank before. `left` of `prompts` safe prompts remain; `removed` is how many each drop removes."""

    options: AuditOptions
    models: tuple[RankChange, ...]
    prompts: int
    left: int
    removed: Mapping[Drop, int]


def what_if(counts: AuditCounts, options: AuditOptions) -> WhatIf:
    """Compare the models with and without the prompts that the options drop."""
    nothing_dropped = replace(options, dropped=frozenset())
    safe, remaining = members(counts, nothing_dropped, Group.SAFE), members(counts, options, Group.SAFE)
    before = _ranked(counts, nothing_dropped, safe)
    after = _ranked(counts, options, remaining) if options.dropped else before
    moved = [RankChange(model, before[model], after[model]) for model in counts.names]
    removed = {drop: int((safe & counts.dropped(frozenset({drop}))).sum()) for drop in Drop}
    order = sorted(moved, key=lambda one: (one.before.rank, one.model))
    return WhatIf(options, tuple(order), int(safe.sum()), int(remaining.sum()), removed)


def _ranked(counts: AuditCounts, options: AuditOptions, prompts: Array) -> dict[str, RankedModel]:
    # Imported on first use: scipy takes long to import.
    from orbench_studio.estimates.resampling import Resampled

    cases, refused = (_by_prompt(counts, prompts, responses) for responses in judged(counts, options))
    rates = [Rate(int(count), int(n)) for count, n in zip(refused.sum(0), cases.sum(0), strict=True)]
    if not len(cases) or not counts.models:
        last = len(counts.models)
        return {name: RankedModel(rate, None, 1, (1, last)) for name, rate in zip(counts.names, rates, strict=True)}
    drawn = Resampled(refused, cases, _clusters(counts)[prompts])
    found, ranks = drawn.rates, drawn.ranks
    return {
        name: RankedModel(
            rate,
            (float(found.low[at]), float(found.high[at])) if rate.n else None,
            int(ranks.rank[at]),
            (int(ranks.low[at]), int(ranks.high[at])),
        )
        for at, (name, rate) in enumerate(zip(counts.names, rates, strict=True))
    }


def _clusters(counts: AuditCounts) -> Array:
    """Return a cluster number for each prompt: prompts linked by a seed or a near-duplicate group share it."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    count = len(counts.prompt_ids)
    links = []
    for of in (counts.seeds, counts.groups):
        linked = np.flatnonzero(of)
        _, first, which = np.unique(of[linked], return_index=True, return_inverse=True)
        links.append((linked, linked[first][which]))
    ends = np.concatenate(links, axis=1)
    graph = coo_array((np.ones(ends.shape[1], bool), (ends[0], ends[1])), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1])


def _by_prompt(counts: AuditCounts, prompts: Array, responses: Array) -> Array:
    """Count these responses by prompt and model, (prompts, models)."""
    models = len(counts.models)
    place = np.cumsum(prompts) - 1
    there = np.flatnonzero(responses & prompts[counts.rows])
    keys = place[counts.rows[there]] * models + counts.columns[there]
    size = int(prompts.sum())
    return np.bincount(keys, minlength=size * models).reshape(size, models).astype(np.float64)
