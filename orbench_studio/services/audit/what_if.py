"""What-if analysis: over-refusal and rank of every model with some prompts dropped, and differences between models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import comb
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from orbench_studio.domain.audit.refusal_rates import AuditOptions, Drop, Group
from orbench_studio.domain.core.rates import Rate, span
from orbench_studio.services.audit.audit_counts import Array, AuditCounts
from orbench_studio.services.audit.refusal_audit import audit, by_prompt, human_toxic, members

if TYPE_CHECKING:
    from orbench_studio.estimates.ranks import Differences

SMALL_DIFFERENCE = 0.02
_NAMED = 4  # models with the same rate that a sentence names


@dataclass(frozen=True, slots=True)
class RankedModel:
    """Over-refusal of a model and its rank (1 is the highest rate) with 95 % confidence sets.

    Ranks compare two models on the prompts to which both have a judged response, or by their rates if there are none.
    `ranks` covers this rank with 95 % (marginal); `simultaneous` covers all ranks together with 95 %. A model without
    judged responses has the last rank.
    """

    rate: Rate
    rank: int
    ranks: tuple[int, int]
    simultaneous: tuple[int, int]

    @property
    def interval(self) -> tuple[float, float] | None:
        return self.rate.interval

    @property
    def rank_text(self) -> str:
        """Rank with its marginal set: `3 (2–5)`; a dash without judged responses."""
        return f"{self.rank} ({self.ranks[0]}–{self.ranks[1]})" if self.rate.n else "—"

    @property
    def simultaneous_text(self) -> str:
        """The simultaneous set: `1–7`; a dash without judged responses."""
        return f"{self.simultaneous[0]}–{self.simultaneous[1]}" if self.rate.n else "—"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Over-refusal of one model minus that of another, with a 95 % interval.

    They are compared on the `n` prompts to which both have a judged response.

    `prompts_needed` is the number of such prompts that shows a difference of SMALL_DIFFERENCE with 80 % power.
    """

    one: str
    other: str
    difference: float
    interval: tuple[float, float]
    n: int
    prompts_needed: int


@dataclass(frozen=True, slots=True)
class ExtremeModel:
    """The model with the highest or lowest over-refusal of `models`; a 95 % interval that accounts for this choice.

    `tied` are other models with the same rate.
    """

    model: str
    interval: tuple[float, float]
    models: int
    tied: tuple[str, ...] = ()

    def text(self, extreme: str) -> str:
        """A clause that says which model or models have the "highest" or "lowest" rate."""
        if not self.tied:
            return f"{self.model} has the {extreme}"
        names = [self.model, *self.tied]
        listed = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else "")
        return f"{listed} share the {extreme}"


@dataclass(frozen=True, slots=True)
class RankChange:
    """A model before and after dropping prompts."""

    model: str
    before: RankedModel
    after: RankedModel


@dataclass(frozen=True, slots=True)
class WhatIf:
    """All models, by their ranks before. `left` of `prompts` safe prompts remain.

    `removed` is how many each drop removes.
    `comparisons` are all pairs of models after dropping, the one with the higher rank first. `mark` is the mark of all
    rates, if a judge behind them has no valid licence.
    """

    options: AuditOptions
    models: tuple[RankChange, ...]
    prompts: int
    left: int
    removed: Mapping[Drop, int]
    comparisons: tuple[Comparison, ...]
    highest: ExtremeModel | None
    lowest: ExtremeModel | None
    mark: str = ""

    @property
    def choice(self) -> str:
        """What the highest and the lowest over-refusal of the models mean."""
        if self.highest is None or self.lowest is None:
            return ""
        ends = self.highest, self.lowest
        intervals = " and ".join(f"{span(end.interval)} ({end.model})" for end in ends)
        return (
            f"Over-refusal of {self.highest.models:,} models: {self.highest.text('highest')}, and "
            f"{self.lowest.text('lowest')}. Chance makes the highest of several rates too high on average, and the "
            f"lowest too low. Intervals that account for this: {intervals}."
        )

    @property
    def neighbours(self) -> tuple[Comparison, ...]:
        """The comparisons of models that follow each other by rank after dropping, by rank."""
        order = sorted(self.models, key=lambda change: change.after.rank)
        compared = {frozenset((pair.one, pair.other)): pair for pair in self.comparisons}
        pairs = (compared.get(frozenset((one.model, other.model))) for one, other in pairwise(order))
        return tuple(filter(None, pairs))

    @property
    def shared(self) -> str:
        """On how many prompts the models are compared, and how many would show a small difference."""
        pairs = comb(sum(one.after.rate.n > 0 for one in self.models), 2)
        if not pairs:
            return ""
        if not self.comparisons:
            return "No two models have judged responses to the same prompts, so ranks compare their rates."
        n = [one.n for one in self.comparisons]
        apart = " Models that share no prompt are compared by their rates." if len(n) < pairs else ""
        prompts = f"{min(n):,}" if min(n) == max(n) else f"{min(n):,}–{max(n):,}"
        needed = int(np.median([one.prompts_needed for one in self.comparisons]))
        return (
            f"Ranks compare two models on the prompts to which both have a judged response ({prompts} prompts). A rate "
            f"uses all prompts of its model, so the order by rate can differ from the ranks.{apart} To detect a "
            f"difference of {100 * SMALL_DIFFERENCE:.0f} points with a power of 80 %, two models need about {needed:,} "
            "such prompts (median of all pairs)."
        )


def what_if(counts: AuditCounts, options: AuditOptions) -> WhatIf:
    """Compare the models with and without the prompts that the options drop.

    Final labels of human-toxic prompts are toxic. To show their effect, those that are safe without people count as
    safe before dropping.
    """
    nothing_dropped = replace(options, dropped=frozenset())
    safe, remaining = members(counts, nothing_dropped, Group.SAFE), members(counts, options, Group.SAFE)
    toxic = human_toxic(counts, options)
    removed = {drop: int((safe & counts.dropped(frozenset({drop}))).sum()) for drop in Drop}
    removed[Drop.HUMAN_TOXIC] += int(toxic.sum())
    with_toxic = toxic.any() and Drop.HUMAN_TOXIC in options.dropped
    before = _ranked(counts.labelled_safe(toxic) if with_toxic else counts, nothing_dropped)
    after = _ranked(counts, options) if options.dropped else before
    moved = [RankChange(model, before.models[model], after.models[model]) for model in counts.names]
    total = int(safe.sum()) + (int(toxic.sum()) if with_toxic else 0)
    order = sorted(moved, key=lambda one: (one.before.rank, -_rate(one.before), one.model))
    left = int(remaining.sum())
    return WhatIf(options, tuple(order), total, left, removed, after.comparisons, *after.extremes, after.mark)


def _rate(ranked: RankedModel) -> float:
    value = ranked.rate.value
    return -1.0 if value is None else value


class _Ranking(NamedTuple):
    models: dict[str, RankedModel]
    mark: str
    comparisons: tuple[Comparison, ...] = ()
    extremes: tuple[ExtremeModel | None, ExtremeModel | None] = (None, None)


def _ranked(counts: AuditCounts, options: AuditOptions) -> _Ranking:
    # Imported on first use: scipy takes long to import.
    from orbench_studio.estimates.ranks import differences, lowest, ranks, winner

    found, last = audit(counts, options), len(counts.models)
    rates = {name: found.rate(Group.SAFE, name) for name in counts.names}
    prompts = members(counts, options, Group.SAFE)
    if not prompts.any() or not last:
        return _Ranking({name: RankedModel(rate, 1, (1, last), (1, last)) for name, rate in rates.items()}, found.mark)
    with_rate = np.array([rate.n > 0 for rate in rates.values()])  # else unjudged responses would shift the rank
    cases, refused, _ = (values[prompts] * with_rate for values in by_prompt(counts, options))
    clusters = counts.matrix.clusters[prompts]
    compared = differences(refused, cases, clusters)
    ranked = ranks(refused, cases, clusters, compared)
    sets = [np.stack(ends, axis=1).tolist() for ends in (ranked.marginal, ranked.simultaneous)]
    models = {
        name: RankedModel(rate, int(ranked.rank[at]), tuple(sets[0][at]), tuple(sets[1][at]))
        for at, (name, rate) in enumerate(rates.items())
    }
    answered = int((cases.sum(0) > 0).sum())

    def extreme(of: tuple[int, float, float] | None) -> ExtremeModel | None:
        if of is None:
            return None
        name = counts.names[of[0]]
        tied = (other for other, rate in rates.items() if other != name and rate.value == rates[name].value)
        return ExtremeModel(name, of[1:], answered, tuple(tied))

    extremes = extreme(winner(refused, cases, clusters)), extreme(lowest(refused, cases, clusters))
    return _Ranking(models, found.mark, _comparisons(counts.names, compared, ranked.rank), extremes)


def _comparisons(names: Sequence[str], compared: "Differences", rank: Array) -> tuple[Comparison, ...]:
    needed = compared.prompts_needed(SMALL_DIFFERENCE)
    pairs = []
    for one, other in zip(*np.nonzero(np.triu(compared.n, 1)), strict=True):
        at = (one, other) if rank[one] <= rank[other] else (other, one)
        value, half = float(compared.value[at]), float(compared.quantile[at] * compared.error[at])
        interval = max(value - half, -1.0), min(value + half, 1.0)
        pair = names[at[0]], names[at[1]]
        pairs.append(Comparison(*pair, value, interval, int(compared.n[at]), int(np.ceil(needed[at]))))
    return tuple(pairs)
