"""Reliability of moderators estimated from votes with few human labels, and the labels most likely wrong."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from orbench_studio.domain.audit.reliability import (
    VETO,
    ErrorCorrelation,
    RaterKind,
    RaterSkill,
    Reliability,
    Skill,
    Suspect,
    Suspects,
)
from orbench_studio.domain.core.annotation import Basis, Label
from orbench_studio.domain.core.judgement import DECIDED, NOT_REFUSED
from orbench_studio.domain.core.moderation import Verdict
from orbench_studio.domain.core.rates import Rate
from orbench_studio.domain.review.queue import Field, Order, QueueFilter, Term
from orbench_studio.estimates.dawid_skene import (
    MISSING,
    SAFE,
    TOXIC,
    bootstrap_intervals,
    dawid_skene,
    error_correlation,
)
from orbench_studio.services.audit.audit_counts import AuditCounts
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.audit import audit_arrays as store
from orbench_studio.store.audit import rater_labels
from orbench_studio.store.audit.rater_labels import RaterLabel

Array = NDArray[Any]
LIMIT = 200
_VOTES: dict[str, int] = {Verdict.SAFE: SAFE, Verdict.TOXIC: TOXIC, Label.SAFE: SAFE, Label.TOXIC: TOXIC}
_MIN_VOTES = 2  # of moderators on a unanimous prompt


class _Votes(NamedTuple):
    """Votes, (prompts, raters), on the prompts with votes; `rows` are their rows in the audit counts."""

    names: list[str]
    kinds: list[RaterKind]
    votes: NDArray[np.int8]
    rows: Array


def reliability(
    workspace: Workspace, counts: AuditCounts, *, draws: int = 200, on_draw: Callable[[], object] = lambda: None
) -> Reliability:
    """Fit the Dawid-Skene model to moderators, the veto and all annotators, by current category.

    Takes seconds; `on_draw` is called before each draw and may raise to cancel. The result is empty without votes.
    """
    cast = _votes(workspace, counts)
    categories = counts.prompt_states()[0][cast.rows].astype(np.int64)
    fitted = dawid_skene(cast.votes, categories, count=len(counts.categories))
    ends = bootstrap_intervals(cast.votes, categories, fitted, draws=draws, on_draw=on_draw)
    voted = cast.votes != MISSING
    by_category = np.zeros((len(counts.categories), len(cast.names)), dtype=int)
    np.add.at(by_category, categories, voted)
    vote_counts = np.vstack([by_category, voted.sum(0)])
    levels = (
        np.vstack([fitted.sensitivity, fitted.overall_sensitivity]),
        np.vstack([fitted.specificity, fitted.overall_specificity]),
    )

    def skill(category: int, rater: int) -> Skill:
        (s, p), at = levels, (category, rater)
        (s_low, s_high), (p_low, p_high) = ends
        sensitivity = (float(min(s_low[at], s[at])), float(max(s_high[at], s[at])))
        specificity = (float(min(p_low[at], p[at])), float(max(p_high[at], p[at])))
        return Skill(float(s[at]), sensitivity, float(p[at]), specificity, int(vote_counts[at]))

    found = [
        RaterSkill(
            name, kind, skill(-1, r), {c: skill(at, r) for at, c in enumerate(counts.categories) if vote_counts[at, r]}
        )
        for r, (name, kind) in enumerate(zip(cast.names, cast.kinds, strict=True))
    ]
    there = sorted(set(categories.tolist()))
    ids = counts.prompt_ids[cast.rows].tolist()
    return Reliability(
        tuple(found),
        tuple(_error_correlations(cast, fitted.p_safe)),
        {counts.categories[at]: float(fitted.safe[at]) for at in there},
        dict(zip(ids, fitted.p_safe.tolist(), strict=True)),
        frozenset(counts.prompt_ids[cast.rows[_unanimous(cast)]].tolist()),
    )


def has_moderator_votes(workspace: Workspace) -> bool:
    """Whether any moderator voted; without votes, there is no need to fit the model."""
    with workspace.reading() as db:
        return bool(rater_labels.moderator_votes(db))


def safe_probabilities(workspace: Workspace, counts: AuditCounts) -> dict[int, float]:
    """Return the probability of safe by prompt from the same model; prompts without votes are left out."""
    cast = _votes(workspace, counts)
    categories = counts.prompt_states()[0][cast.rows].astype(np.int64)
    fitted = dawid_skene(cast.votes, categories, count=len(counts.categories))
    return dict(zip(counts.prompt_ids[cast.rows].tolist(), fitted.p_safe.tolist(), strict=True))


def suspects(counts: AuditCounts, found: Reliability, limit: int = LIMIT) -> Suspects:
    """Rank prompts with a unanimous machine label and no human label by the probability that the label is wrong.

    Among equals, prompts that more models refuse come first: they change the rates more. Rates use final labels.
    """
    category, label, basis, _, _ = counts.prompt_states()
    undecided = ~np.isin(basis, [store.BASES.index(Basis.HUMAN), store.BASES.index(Basis.DISPUTED)])
    is_unanimous = undecided & np.isin(counts.prompt_ids, list(found.unanimous))
    p_safe = np.array([found.p_safe.get(i, np.nan) for i in counts.prompt_ids.tolist()])
    safe = label == store.LABELS.index(Label.SAFE)
    p_wrong = np.where(safe, 1 - p_safe, p_safe)
    refused, judged = _answers(counts)
    places = np.flatnonzero(is_unanimous)
    chosen = places[np.lexsort((places, -refused[places].sum(1), -p_wrong[places]))][:limit]
    hits, cases = (table[safe].sum(0) for table in (refused, judged))
    sign = np.where(safe, -1, 1)[:, None]
    after = _shares(hits + (sign * refused)[chosen], cases + (sign * judged)[chosen])
    changes = after - _shares(hits, cases)
    listed = tuple(
        Suspect(
            int(counts.prompt_ids[place]),
            counts.categories[category[place]],
            Label.SAFE if safe[place] else Label.TOXIC,
            float(p_wrong[place]),
            tuple(np.array(counts.names)[refused[place] > 0].tolist()),
            {name: float(c) for name, c in zip(counts.names, change, strict=True) if c and not np.isnan(c)},
        )
        for place, change in zip(chosen.tolist(), changes, strict=True)
    )
    flipped = [hits + (sign * refused)[chosen].sum(0), cases + (sign * judged)[chosen].sum(0)]
    rates = {
        name: (Rate(int(hits[m]), int(cases[m])), Rate(int(flipped[0][m]), int(flipped[1][m])))
        for m, name in enumerate(counts.names)
    }
    return Suspects(listed, rates, len(places))


def queue_of_suspects(found: Suspects) -> QueueFilter:
    ids = tuple(str(one.prompt_id) for one in found.found)
    # An order by refusals marks the queue as not blind: the prompts were chosen by their votes.
    return QueueFilter((Term(Field.ID, ids or ("0",)),), Order.REFUSED)


def _votes(workspace: Workspace, counts: AuditCounts) -> _Votes:
    with workspace.reading() as db:
        moderators, people = rater_labels.moderator_votes(db), rater_labels.human_labels(db)
    on_prompts = [vote for vote in moderators if vote.response_id is None]
    kinds: dict[tuple[RaterKind, str], int] = {}
    entries: list[tuple[int, int, int]] = []
    for kind, cast in (
        (RaterKind.MODERATOR, on_prompts),
        (RaterKind.VETO, _vetoes(moderators)),
        (RaterKind.PERSON, people),
    ):
        for one in cast:
            rater = kinds.setdefault((kind, one.rater), len(kinds))
            entries.append((one.prompt_id, rater, _VOTES.get(one.value, MISSING)))
    table = np.array(entries, dtype=np.int64).reshape(-1, 3)
    votes = np.full((len(counts.prompt_ids), len(kinds)), MISSING, dtype=np.int8)
    votes[np.searchsorted(counts.prompt_ids, table[:, 0]), table[:, 1]] = table[
        :, 2
    ]  # later votes overwrite earlier ones
    rows = np.flatnonzero((votes != MISSING).any(1))
    return _Votes([name for _, name in kinds], [kind for kind, _ in kinds], votes[rows], rows)


def _vetoes(moderators: Sequence[RaterLabel]) -> list[RaterLabel]:
    """Return the majority of the moderators of a response as one rater; ties are left out."""
    latest = {(one.prompt_id, one.rater, one.response_id): one for one in moderators if one.response_id is not None}
    balance: dict[int, int] = defaultdict(int)
    for one in latest.values():
        balance[one.prompt_id] += 1 if one.value == Verdict.SAFE else -1
    return [RaterLabel(p, VETO, Verdict.SAFE if tally > 0 else Verdict.TOXIC) for p, tally in balance.items() if tally]


def _unanimous(cast: _Votes) -> Array:
    """Return a mask of the prompts on which moderators agree and no machine disagrees."""
    machines = cast.votes[:, [at for at, kind in enumerate(cast.kinds) if kind is not RaterKind.PERSON]]
    moderators = cast.votes[:, [at for at, kind in enumerate(cast.kinds) if kind is RaterKind.MODERATOR]]
    contradicted = (machines == SAFE).any(1) & (machines == TOXIC).any(1)
    return np.asarray(~contradicted & ((moderators != MISSING).sum(1) >= _MIN_VOTES))


def _error_correlations(cast: _Votes, p_safe: Array) -> list[ErrorCorrelation]:
    of = [at for at, kind in enumerate(cast.kinds) if kind is not RaterKind.PERSON]
    votes, people = cast.votes[:, of], np.delete(cast.votes, of, axis=1)
    agreed_safe, agreed_toxic = ((people == label).any(1) for label in (SAFE, TOXIC))
    known = agreed_safe != agreed_toxic
    by_model = error_correlation(votes, p_safe)
    by_people = error_correlation(votes[known], agreed_safe[known].astype(float))
    found = []
    for one in range(len(of)):
        for other in range(one + 1, len(of)):
            both = (votes[:, one] != MISSING) & (votes[:, other] != MISSING)
            found.append(
                ErrorCorrelation(
                    cast.names[of[one]],
                    cast.names[of[other]],
                    *_with_interval([ends[one, other] for ends in by_model]),
                    int(both.sum()),
                    *_with_interval([ends[one, other] for ends in by_people]),
                    int((both & known).sum()),
                )
            )
    return found


def _answers(counts: AuditCounts) -> tuple[Array, Array]:
    """Count all refusals, and answers and refusals, both (prompts, models)."""
    classes = counts.outcomes // 2
    known = classes < len(DECIDED)
    tables = []
    for which in ((classes >= len(NOT_REFUSED)) & known, known):
        table = np.zeros((len(counts.prompt_ids), len(counts.names)), dtype=np.int32)
        np.add.at(table, (counts.rows[which], counts.columns[which]), 1)
        tables.append(table)
    return tables[0], tables[1]


def _shares(hits: Array, cases: Array) -> Array:
    return np.asarray(hits / np.where(cases > 0, cases, np.nan))


def _with_interval(ends: Sequence[float]) -> tuple[float | None, tuple[float, float] | None]:
    value, low, high = map(_number, ends)
    return value, None if low is None or high is None else (low, high)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
