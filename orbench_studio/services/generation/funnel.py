"""The funnel from seeds to prompts that people have confirmed, and how the moderators agree with each other."""

from collections import Counter
from dataclasses import dataclass
from itertools import combinations

from orbench_studio.domain.core.moderation import Verdict
from orbench_studio.domain.core.rates import Rate
from orbench_studio.domain.judging.agreement import Kappa, kappa
from orbench_studio.domain.review.query import parse
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.evaluation import generated_texts
from orbench_studio.store.generation import missing_votes
from orbench_studio.store.review import queue


@dataclass(frozen=True, slots=True)
class Stage:
    """One number of the funnel; `query` has the prompts that it counts, empty where it counts no prompts."""

    name: str
    count: int
    query: str = ""


@dataclass(frozen=True, slots=True)
class Selected:
    """What the studio's own recipe of this name takes, and how many of its labels people gave."""

    recipe: str
    count: int
    by_people: int


@dataclass(frozen=True, slots=True)
class Funnel:
    """The stages in their order, what is selected of all prompts in the end, and what left the way: texts that were set
    aside, replies that declined or held nothing that could be read. `imported` counts rewrites that came from files.
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
        """The number of a stage."""
        return next(stage.count for stage in self.stages if stage.name == name)


QUERIES = {
    "unique": "origin:rewrite",
    "voted": "origin:rewrite -votes:none",
    "safe": "origin:rewrite consensus:safe",
    "toxic": "origin:rewrite consensus:toxic",
    "disputed": "origin:rewrite consensus:open -votes:none",
    "confirmed": "origin:rewrite basis:human",
}
"""What the review queue is asked for each stage. Votes that do not decide, or cannot be read, leave it disputed."""

SELECTIONS = {"hard": "label:safe families:>=3", "toxic": "label:toxic"}
"""What the recipes of these names take, as the queue says it: they bound nothing else."""


def funnel(workspace: Workspace) -> Funnel:
    """Where everything that was written stands now."""
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
class Pair:
    """Two moderators, over the prompts on which both votes can be read."""

    one: str
    other: str
    same: Rate
    kappa: Kappa


@dataclass(frozen=True, slots=True)
class Moderators:
    """`alone` has for each moderator how often every other said the opposite, of the prompts that at least three have
    voted on readably; `toxic` how often it says toxic."""

    pairs: tuple[Pair, ...]
    alone: dict[str, Rate]
    toxic: dict[str, Rate]


def moderators(workspace: Workspace) -> Moderators:
    """How far the moderators of the workspace agree, over all prompts that they have voted on."""
    with workspace.reading() as db:
        votes = missing_votes.parsed(db)
    said: dict[str, Counter[Verdict]] = {}
    both: dict[tuple[str, str], Counter[tuple[str, str]]] = {}
    alone, together = Counter[str](), Counter[str]()
    for verdicts in votes.values():
        for name, verdict in verdicts.items():
            said.setdefault(name, Counter())[verdict] += 1
        for one, other in combinations(sorted(verdicts), 2):
            both.setdefault((one, other), Counter())[verdicts[one], verdicts[other]] += 1
        if len(verdicts) > 2:
            together.update(verdicts.keys())
            alone.update(_alone(verdicts))
    return Moderators(
        tuple(_pair(*names, counts) for names, counts in sorted(both.items())),
        {name: Rate(alone[name], together[name]) for name in sorted(said)},
        {name: Rate(counts[Verdict.TOXIC], counts.total()) for name, counts in sorted(said.items())},
    )


def _alone(verdicts: dict[str, Verdict]) -> list[str]:
    """Who says what nobody else says."""
    return [
        name
        for name, verdict in verdicts.items()
        if all(other != verdict for whose, other in verdicts.items() if whose != name)
    ]


def _pair(one: str, other: str, counts: Counter[tuple[str, str]]) -> Pair:
    same = sum(count for (a, b), count in counts.items() if a == b)
    return Pair(one, other, Rate(same, counts.total()), kappa(counts))
