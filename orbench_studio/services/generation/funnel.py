"""The funnel from seeds to prompts with human labels, and the agreement between moderators."""

from collections import Counter
from dataclasses import dataclass
from itertools import combinations

from orbench_studio.domain.core.moderation import Verdict
from orbench_studio.domain.core.rates import Rate
from orbench_studio.domain.judging.agreement import RaterPair, kappa
from orbench_studio.domain.review.query import parse
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.evaluation import generated_texts
from orbench_studio.store.generation import missing_votes
from orbench_studio.store.review import queue


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the funnel. `query` selects its prompts; empty if it does not count prompts."""

    name: str
    count: int
    query: str = ""


@dataclass(frozen=True, slots=True)
class Selected:
    """Size of the subset of a built-in recipe, and the number of its human labels."""

    recipe: str
    count: int
    by_people: int


@dataclass(frozen=True, slots=True)
class Funnel:
    """The stages in order, the resulting subsets, and what was rejected.

    `seeds_set_aside` and `rewrites_set_aside` count duplicates, `returned` toxic rewrites that became seeds, `declined`
    and `unread` replies without a text, and `imported` rewrites from files.
    """

    stages: tuple[Stage, ...]
    selected: tuple[Selected, ...]
    seeds_set_aside: int
    rewrites_set_aside: int
    returned: int
    declined: int
    unread: int
    imported: int

    def count(self, name: str) -> int:
        return next(stage.count for stage in self.stages if stage.name == name)


QUERIES = {
    "unique": "origin:rewrite",
    "voted": "origin:rewrite -votes:none",
    "safe": "origin:rewrite consensus:safe",
    "toxic": "origin:rewrite consensus:toxic",
    "disputed": "origin:rewrite consensus:open -votes:none",
    "confirmed": "origin:rewrite basis:human",
}
"""Query of each stage. Prompts whose votes have no consensus are disputed."""

SELECTIONS = {"hard": "label:safe families:>=3", "toxic": "label:toxic"}
"""Queries that are equivalent to the built-in recipes of these names."""


def funnel(workspace: Workspace) -> Funnel:
    """Count the stages of the pipeline."""
    with workspace.reading() as db:
        counts = generated_texts.counts(db)
        found = {name: queue.count(db, parse(query)) for name, query in QUERIES.items()}
        selected = tuple(
            Selected(name, queue.count(db, parse(query)), queue.count(db, parse(f"{query} basis:human")))
            for name, query in SELECTIONS.items()
        )
    stages = [Stage("seeds", counts.seeds), Stage("rewrites", found["unique"] + counts.rewrites_set_aside)]
    stages += [Stage(name, found[name], query) for name, query in QUERIES.items()]
    return Funnel(
        tuple(stages),
        selected,
        counts.seeds_set_aside,
        counts.rewrites_set_aside,
        counts.returned,
        counts.declined,
        counts.unread,
        counts.imported,
    )


@dataclass(frozen=True, slots=True)
class Moderators:
    """Agreement between moderators; that of two is on the prompts with parsed votes of both.

    `alone`: by moderator, how often all others voted the opposite, of the prompts with at least three parsed votes.
    `toxic`: by moderator, the rate of toxic votes.
    """

    pairs: tuple[RaterPair, ...]
    alone: dict[str, Rate]
    toxic: dict[str, Rate]


def moderators(workspace: Workspace) -> Moderators:
    """Agreement between the moderators of the workspace on all prompts with votes."""
    with workspace.reading() as db:
        by_prompt = missing_votes.parsed(db)
    counts: dict[str, Counter[Verdict]] = {}
    both: dict[tuple[str, str], Counter[tuple[str, str]]] = {}
    alone, together = Counter[str](), Counter[str]()
    for verdicts in by_prompt.values():
        for name, verdict in verdicts.items():
            counts.setdefault(name, Counter())[verdict] += 1
        for one, other in combinations(sorted(verdicts), 2):
            both.setdefault((one, other), Counter())[verdicts[one], verdicts[other]] += 1
        if len(verdicts) > 2:
            together.update(verdicts.keys())
            alone.update(_alone(verdicts))
    return Moderators(
        tuple(_pair(*names, pair_counts) for names, pair_counts in sorted(both.items())),
        {name: Rate(alone[name], together[name]) for name in sorted(counts)},
        {name: Rate(votes[Verdict.TOXIC], votes.total()) for name, votes in sorted(counts.items())},
    )


def _alone(verdicts: dict[str, Verdict]) -> list[str]:
    """Moderators whose verdict differs from all others."""
    return [
        name
        for name, verdict in verdicts.items()
        if all(other != verdict for whose, other in verdicts.items() if whose != name)
    ]


def _pair(one: str, other: str, counts: Counter[tuple[str, str]]) -> RaterPair:
    same = sum(count for (a, b), count in counts.items() if a == b)
    return RaterPair(one, other, Rate(same, counts.total()), kappa(counts))
