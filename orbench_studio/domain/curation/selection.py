"""What a recipe makes of prompts: which are taken, and at which step each of the others fell."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

from orbench_studio.domain.core.annotation import Basis
from orbench_studio.domain.curation.recipe import (
    COUNTS,
    PEOPLE,
    By,
    Preference,
    Recipe,
    Short,
    Spread,
)
from orbench_studio.domain.review.query import NONE, write_term

_BASES = {By.HUMAN: (Basis.HUMAN,), By.CONSENSUS: (Basis.CONSENSUS,), By.ANY: tuple(Basis)}
_PLURAL = {By.HUMAN: "people", By.CONSENSUS: "the moderators' consensus", By.ANY: "whoever decided"}


class Candidate(NamedTuple):
    """A prompt as a recipe looks at it.

    `holds` counts the terms of the recipe's filter, from the first on, that it fulfils; `families` are those that
    refuse it by the judgement that the recipe asks for. `group` is of near duplicates. `p_safe` is None where nobody
    has rated the prompt, or the recipe does not ask.
    """

    prompt_id: int
    identity: bytes
    category: str
    label: str | None
    basis: str
    seed: int | None
    group: int | None
    holds: int
    families: frozenset[str]
    p_safe: float | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the funnel: what it asks for, and how many prompts are left after it, by category."""

    words: str
    left: int
    categories: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Shortage:
    """Fewer prompts than places: in a category, or on the whole ("all")."""

    category: str
    wanted: int
    found: int

    @property
    def words(self) -> str:
        """What is missing."""
        where = "" if self.category == ALL else f" of {self.category}"
        return f"{self.found:,} of {self.wanted:,} prompts{where}"


ALL = "all"


@dataclass(frozen=True, slots=True)
class Selection:
    """What a recipe makes of a workspace: the funnel, the prompts taken in order, and the step where the others fell.

    `short` says where there were fewer prompts than places. `stopped`: the recipe takes nothing for that. `by_people`
    counts the prompts taken whose label is people's.
    """

    steps: tuple[Step, ...]
    chosen: tuple[int, ...]
    fell: Mapping[int, int]
    short: tuple[Shortage, ...] = ()
    stopped: bool = False
    by_people: int = 0

    def why(self, prompt_id: int) -> str | None:
        """What the step asks for at which a prompt fell; None where it was taken or is unknown."""
        step = self.fell.get(prompt_id)
        return None if step is None else self.steps[step].words


@dataclass(slots=True)
class _Funnel:
    """The steps so far, and what is left."""

    left: list[Candidate]
    steps: list[Step] = field(default_factory=list)
    fell: dict[int, int] = field(default_factory=dict)

    def note(self, words: str) -> None:
        self.steps.append(Step(words, len(self.left), dict(sorted(Counter(c.category for c in self.left).items()))))

    def keep(self, words: str, kept: Sequence[Candidate]) -> None:
        staying = {candidate.prompt_id for candidate in kept}
        gone = (candidate.prompt_id for candidate in self.left if candidate.prompt_id not in staying)
        self.fell.update(dict.fromkeys(gone, len(self.steps)))
        self.left = list(kept)
        self.note(words)


def select(recipe: Recipe, candidates: Iterable[Candidate]) -> Selection:
    """Apply a recipe. The same recipe and the same prompts always give the same, in whatever order they come."""
    funnel = _Funnel(sorted(candidates, key=lambda candidate: candidate.identity))
    funnel.note("all prompts")
    for place, term in enumerate(recipe.terms):
        funnel.keep(write_term(term), [c for c in funnel.left if c.holds > place])
    categories = sorted({candidate.category for candidate in funnel.left})
    bases = _BASES[recipe.by]
    labelled = [c for c in funnel.left if c.label == recipe.label and c.basis in bases]
    funnel.keep(f"label {recipe.label}, by {_PLURAL[recipe.by]}", labelled)
    if recipe.p_safe is not None:
        least = recipe.p_safe
        sure = [c for c in funnel.left if c.p_safe is not None and c.p_safe >= least]
        funnel.keep(f"P(safe) at least {least:g}", sure)
    if recipe.families:
        refused = [c for c in funnel.left if _refusing(recipe, c) >= recipe.families]
        funnel.keep(_refused_words(recipe), refused)
    ranked = sorted(funnel.left, key=lambda candidate: _rank(recipe, candidate))
    deal = _Deal(recipe, ranked, categories)
    funnel.left = ranked
    for words, kept in deal.steps():
        funnel.keep(words, kept)
    stopped = bool(deal.short) and recipe.short is Short.STOP
    chosen = () if stopped else tuple(candidate.prompt_id for candidate in funnel.left)
    by_people = 0 if stopped else sum(candidate.basis == Basis.HUMAN for candidate in funnel.left)
    return Selection(tuple(funnel.steps), chosen, funnel.fell, tuple(deal.short), stopped, by_people)


class _Deal:
    """Deals the places out to prompts in their order of preference."""

    def __init__(self, recipe: Recipe, ranked: list[Candidate], categories: Sequence[str]) -> None:
        self._recipe = recipe
        self._ranked = ranked
        self._left = quotas(recipe, Counter(c.category for c in ranked), categories)
        self._places = recipe.prompts if recipe.prompts is not None else len(ranked)
        self._seeds: Counter[int] = Counter()
        self._groups: Counter[int] = Counter()
        self._taken: set[int] = set()
        self._alike: dict[int, str] = {}  # prompts left out for what is alike, with which
        wanted = dict(self._left or {})
        self._walk(by_category=True)
        got = Counter(c.category for c in ranked if c.prompt_id in self._taken)
        self.short = [Shortage(name, count, got[name]) for name, count in wanted.items() if got[name] < count]
        if recipe.short is Short.FILL and self._left is not None:
            self._walk(by_category=False)
        if recipe.prompts is not None and not wanted and len(self._taken) < recipe.prompts:
            self.short.append(Shortage(ALL, recipe.prompts, len(self._taken)))

    def _walk(self, *, by_category: bool) -> None:
        for candidate in self._ranked:
            if candidate.prompt_id in self._taken:
                continue
            alike = self._too_alike(candidate)
            if alike:
                self._alike[candidate.prompt_id] = alike
            elif len(self._taken) < self._places and (not by_category or self._has_room(candidate)):
                self._take(candidate)

    def _too_alike(self, candidate: Candidate) -> str:
        per_seed, per_group = self._recipe.per_seed, self._recipe.per_group
        if per_seed and candidate.seed is not None and self._seeds[candidate.seed] >= per_seed:
            return "seed"
        if per_group and candidate.group is not None and self._groups[candidate.group] >= per_group:
            return "group"
        return ""

    def _has_room(self, candidate: Candidate) -> bool:
        return self._left is None or self._left.get(candidate.category, 0) > 0

    def _take(self, candidate: Candidate) -> None:
        self._taken.add(candidate.prompt_id)
        if self._left is not None:
            self._left[candidate.category] = self._left.get(candidate.category, 0) - 1
        if candidate.seed is not None:
            self._seeds[candidate.seed] += 1
        if candidate.group is not None:
            self._groups[candidate.group] += 1

    def steps(self) -> Iterable[tuple[str, list[Candidate]]]:
        """The steps that remain of the funnel, with what they leave in order of preference."""
        recipe, left = self._recipe, self._ranked
        for limit, name, words in (
            (recipe.per_seed, "seed", f"at most {recipe.per_seed} of a seed"),
            (recipe.per_group, "group", f"at most {recipe.per_group} of a group of near duplicates"),
        ):
            if limit:
                left = [c for c in left if self._alike.get(c.prompt_id) != name]
                yield words, left
        if recipe.prompts is not None:
            yield _size_words(recipe), [c for c in left if c.prompt_id in self._taken]


def quotas(recipe: Recipe, there: Mapping[str, int], categories: Sequence[str]) -> dict[str, int] | None:
    """How many places each category has; None where categories do not matter.

    Equal: among all categories that the filter lets through, those without a prompt that qualifies too. Proportional:
    to the prompts that qualify. What does not divide goes to the largest remainders, then to the categories with more
    prompts that qualify, then by name.
    """
    if recipe.given is not None:
        return dict(recipe.given)
    if recipe.spread is None or recipe.prompts is None:
        return None
    weights = {name: there.get(name, 0) if recipe.spread is Spread.PROPORTIONAL else 1 for name in categories}
    whole = sum(weights.values())
    if not whole:
        return dict.fromkeys(categories, 0)
    places = {name: recipe.prompts * weight // whole for name, weight in weights.items()}
    remainders = {name: recipe.prompts * weight % whole for name, weight in weights.items()}
    order = sorted(weights, key=lambda name: (-remainders[name], -there.get(name, 0), name))
    for name in order[: recipe.prompts - sum(places.values())]:
        places[name] += 1
    return places


def _rank(recipe: Recipe, candidate: Candidate) -> tuple[int | bytes, ...]:
    first = {
        Preference.HUMAN: int(candidate.basis != Basis.HUMAN),
        Preference.FAMILIES: -_refusing(recipe, candidate),
    }
    # By the text and not by the number that it happens to have in this workspace.
    lot = blake2b(candidate.identity, digest_size=8, salt=recipe.seed.to_bytes(8, "big")).digest()
    return *(first[preference] for preference in recipe.order), lot, candidate.identity


def _refusing(recipe: Recipe, candidate: Candidate) -> int:
    return len(candidate.families.intersection(recipe.of)) if recipe.of else len(candidate.families)


def _refused_words(recipe: Recipe) -> str:
    whose = {COUNTS: "", PEOPLE: ", as people say"}.get(recipe.judgement, f", as {recipe.judgement} says")
    of = f" of {', '.join(recipe.of)}" if recipe.of else ""
    families = "family" if recipe.families == 1 else "families"
    return f"refused by at least {recipe.families} {families}{of}{whose}"


def _size_words(recipe: Recipe) -> str:
    how = "as given by category" if recipe.given is not None else recipe.spread and f"{recipe.spread} by category"
    return f"{recipe.prompts:,} prompts" + (f", {how}" if how else "")


def category_of(value: str | None) -> str:
    """The name under which the funnel counts a category."""
    return value or NONE
