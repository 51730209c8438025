"""Apply a recipe to prompts: the selected prompts, and the step that removed each of the others."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import NamedTuple

from orbench_studio.domain.core.amounts import counted
from orbench_studio.domain.core.annotation import Basis, Label
from orbench_studio.domain.core.judgement import Refusals
from orbench_studio.domain.curation.recipe import (
    FINAL_CLASS,
    HUMAN_CLASS,
    LabelSource,
    Preference,
    Recipe,
    Selecting,
    ShortagePolicy,
    Split,
)
from orbench_studio.domain.review.query import NONE, write_term

_BASES = {
    LabelSource.HUMAN: (Basis.HUMAN,),
    LabelSource.CONSENSUS: (Basis.CONSENSUS,),
    LabelSource.ANY: tuple(Basis),
}
_SOURCES = {LabelSource.HUMAN: "human", LabelSource.CONSENSUS: "consensus", LabelSource.ANY: "any source"}


class Candidate(NamedTuple):
    """A prompt with everything that a recipe can depend on.

    `matched_terms` counts the terms of the recipe's filter that match, from the first on; `families` are those that
    refuse by the recipe's judgement; `group` is that of its near duplicates. `p_safe` is None if nobody rated the
    prompt or the recipe does not use it.
    """

    prompt_id: int
    identity: bytes
    category: str
    label: str | None
    basis: str
    seed: int | None
    group: int | None
    matched_terms: int
    families: frozenset[str]
    p_safe: float | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the funnel: its condition, and how many prompts are left after it, by category."""

    name: str
    left: int
    categories: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Shortage:
    """Fewer prompts than requested: in a category, or in total ("all")."""

    category: str
    wanted: int
    found: int

    @property
    def message(self) -> str:
        """Description with both numbers."""
        where = " in total" if self.category == ALL else f" of {self.category}"
        return f"{self.found:,} of {self.wanted:,} prompts{where}"


ALL = "all"


@dataclass(frozen=True, slots=True)
class Selection:
    """Result of a recipe: the funnel, the selected prompts in order, and the step that removed each of the others.

    `shortages` lists the categories with too few prompts; if `stopped`, the recipe selects nothing because of them.
    `human_labels` counts the selected prompts with a human label, `no_labels` those without any label; `unlabelled`
    counts the prompts without any label when the step of the label begins, and `from_any_source` those that have the
    label from another source, if the recipe names a source.
    """

    steps: tuple[Step, ...]
    chosen: tuple[int, ...]
    removed_at: Mapping[int, int]
    shortages: tuple[Shortage, ...] = ()
    stopped: bool = False
    human_labels: int = 0
    no_labels: int = 0
    unlabelled: int = 0
    from_any_source: int = 0
    refused_by: Mapping[int, frozenset[str]] = field(default_factory=dict)

    def reason(self, prompt_id: int) -> str | None:
        """Name the step that removed a prompt; None if the prompt was selected or is unknown."""
        step = self.removed_at.get(prompt_id)
        return None if step is None else self.steps[step].name


@dataclass(frozen=True, slots=True)
class Remedy:
    """What lets prompts through again: changes of the recipe (section, key, value), and the number of prompts.

    `step` is the condition that removed all prompts; `changes` is empty if only other prompts can help.
    """

    step: str
    prompts: int
    changes: tuple[tuple[str, str, bool | str | None], ...] = ()


def remedy(recipe: Recipe, found: Selection) -> Remedy | None:
    """Find the step that removed all prompts that were left, and the change of the recipe that prevents it."""
    place = next((place for place, step in enumerate(found.steps) if not step.left), 0)
    if not place:
        return None  # some are left, or there are no prompts at all
    step, before = found.steps[place].name, found.steps[place - 1].left
    of_label = 1 + len(recipe.terms)
    if place < of_label:
        return Remedy(step, before, (("qualify", "filter", None),))
    if place == of_label:
        unlabelled = 0 if recipe.include_unlabelled else found.unlabelled
        if found.from_any_source > unlabelled:
            return Remedy(step, found.from_any_source, (("qualify", "by", str(LabelSource.ANY)),))
        if unlabelled:
            return Remedy(step, unlabelled, (("qualify", "include_unlabelled", True),))
        return Remedy(step, before)
    if recipe.p_safe is not None and place == of_label + 1:
        return Remedy(step, before, (("qualify", "p_safe", None),))
    if recipe.families and place == of_label + 1 + (recipe.p_safe is not None):
        return Remedy(step, before, (("refused", "of", None), ("refused", "families", None)))
    return Remedy(step, before)


@dataclass(slots=True)
class _Funnel:
    """The steps so far, and the prompts that are left."""

    left: list[Candidate]
    steps: list[Step] = field(default_factory=list)
    removed_at: dict[int, int] = field(default_factory=dict)

    def add_step(self, name: str) -> None:
        self.steps.append(Step(name, len(self.left), dict(sorted(Counter(c.category for c in self.left).items()))))

    def keep(self, name: str, remaining: Sequence[Candidate]) -> None:
        ids = {candidate.prompt_id for candidate in remaining}
        removed = (candidate.prompt_id for candidate in self.left if candidate.prompt_id not in ids)
        self.removed_at.update(dict.fromkeys(removed, len(self.steps)))
        self.left = list(remaining)
        self.add_step(name)


def select(recipe: Recipe, candidates: Iterable[Candidate]) -> Selection:
    """Apply a recipe. The result depends on the recipe and the prompts only, not on the order of the prompts."""
    funnel = _Funnel(sorted(candidates, key=lambda candidate: candidate.identity))
    funnel.add_step("all prompts")
    for place, term in enumerate(recipe.terms):
        funnel.keep(write_term(term), [c for c in funnel.left if c.matched_terms > place])
    categories = sorted({candidate.category for candidate in funnel.left})
    bases = _BASES[recipe.by]
    unlabelled = [c for c in funnel.left if c.label is None and c.basis == Basis.NONE]
    labels = tuple(Label) if recipe.label is None else (recipe.label,)
    from_any_source = [c for c in funnel.left if c.label in labels]
    labelled = [c for c in from_any_source if c.basis in bases]
    condition = f"{f'label {recipe.label}' if recipe.label else 'any label'} ({_SOURCES[recipe.by]})"
    if recipe.include_unlabelled:
        funnel.keep(f"{condition} or none", [*labelled, *unlabelled])
    else:
        funnel.keep(condition, labelled)
    if recipe.p_safe is not None:
        least = recipe.p_safe
        funnel.keep(
            f"P(safe) at least {least:g}", [c for c in funnel.left if c.p_safe is not None and c.p_safe >= least]
        )
    if recipe.families:
        refused = [c for c in funnel.left if _refusals(recipe, c) >= recipe.families]
        funnel.keep(_refusal_step(recipe), refused)
    ranked = sorted(funnel.left, key=lambda candidate: _rank(recipe, candidate))
    allocation = _Allocation(recipe, ranked, categories)
    funnel.left = ranked
    for name, remaining in allocation.steps():
        funnel.keep(name, remaining)
    stopped = bool(allocation.shortages) and recipe.short is ShortagePolicy.STOP
    selected = [] if stopped else funnel.left
    return Selection(
        tuple(funnel.steps),
        tuple(candidate.prompt_id for candidate in selected),
        funnel.removed_at,
        tuple(allocation.shortages),
        stopped,
        sum(candidate.basis == Basis.HUMAN for candidate in selected),
        sum(candidate.basis == Basis.NONE for candidate in selected),
        len(unlabelled),
        len(from_any_source) - len(labelled),
        {c.prompt_id: c.families.intersection(recipe.of or c.families) for c in selected},
    )


class _Allocation:
    """Fills the places of a subset with prompts in their order of preference."""

    def __init__(self, recipe: Recipe, ranked: list[Candidate], categories: Sequence[str]) -> None:
        self._recipe = recipe
        self._ranked = ranked
        self._places = recipe.prompts if recipe.prompts is not None else len(ranked)
        self._seeds: Counter[int] = Counter()
        self._groups: Counter[int] = Counter()
        self._taken: set[int] = set()
        self._similar: dict[int, str] = {}  # prompts left out because of another prompt of their seed or group
        as_many = recipe.split is Split.EQUAL and recipe.prompts is None
        qualifying = Counter(c.category for c in ranked)
        self._left = self._most_equal(categories) if as_many else quotas(recipe, qualifying, categories)
        wanted = dict(self._left or {})
        self._fill(by_category=True)
        got = Counter(c.category for c in ranked if c.prompt_id in self._taken)
        self.shortages = [Shortage(name, count, got[name]) for name, count in wanted.items() if got[name] < count]
        if recipe.short is ShortagePolicy.FILL and self._left is not None:
            self._fill(by_category=False)
        if recipe.prompts is not None and not wanted and len(self._taken) < recipe.prompts:
            self.shortages.append(Shortage(ALL, recipe.prompts, len(self._taken)))

    def _most_equal(self, categories: Sequence[str]) -> dict[str, int]:
        """As many places in each category as the one with the fewest prompts fills; one without any fills none."""
        every = _Allocation(replace(self._recipe, split=None), self._ranked, categories)
        counts = Counter(c.category for c in self._ranked if c.prompt_id in every._taken)
        fewest = min(counts.values(), default=0)
        self._places = fewest * len(counts)
        return dict.fromkeys(categories, fewest)

    def _fill(self, *, by_category: bool) -> None:
        for candidate in self._ranked:
            if candidate.prompt_id in self._taken:
                continue
            similar_by = self._limit_reached(candidate)
            if similar_by:
                self._similar[candidate.prompt_id] = similar_by
            elif len(self._taken) < self._places and (not by_category or self._has_room(candidate)):
                self._take(candidate)

    def _limit_reached(self, candidate: Candidate) -> str:
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
        """Yield the remaining steps of the funnel with the prompts that they leave, in order of preference."""
        recipe, left = self._recipe, self._ranked
        for limit, similar_by, name in (
            (recipe.per_seed, "seed", f"at most {recipe.per_seed} per seed"),
            (recipe.per_group, "group", f"at most {recipe.per_group} per group of near duplicates"),
        ):
            if limit:
                left = [c for c in left if self._similar.get(c.prompt_id) != similar_by]
                yield name, left
        if recipe.prompts is not None or recipe.split is Split.EQUAL:
            yield _size_step(recipe), [c for c in left if c.prompt_id in self._taken]


def quotas(recipe: Recipe, qualifying: Mapping[str, int], categories: Sequence[str]) -> dict[str, int] | None:
    """Compute the number of places of each category; None if the recipe has no quotas.

    An equal split includes categories that match the filter but have no qualifying prompt. A proportional split follows
    the qualifying prompts. Remaining places go to the largest remainders, then to the categories with more qualifying
    prompts, then by name.
    """
    if recipe.per_category is not None:
        return dict(recipe.per_category)
    if recipe.split is None or recipe.prompts is None:
        return None
    weights = {name: qualifying.get(name, 0) if recipe.split is Split.PROPORTIONAL else 1 for name in categories}
    total = sum(weights.values())
    if not total:
        return dict.fromkeys(categories, 0)
    places = {name: recipe.prompts * weight // total for name, weight in weights.items()}
    remainders = {name: recipe.prompts * weight % total for name, weight in weights.items()}
    order = sorted(weights, key=lambda name: (-remainders[name], -qualifying.get(name, 0), name))
    for name in order[: recipe.prompts - sum(places.values())]:
        places[name] += 1
    return places


def _rank(recipe: Recipe, candidate: Candidate) -> tuple[int | bytes, ...]:
    first = {
        Preference.HUMAN: int(candidate.basis != Basis.HUMAN),
        Preference.FAMILIES: -_refusals(recipe, candidate),
    }
    # Ties are broken by the text, because the id of a prompt depends on the order of imports.
    draw = blake2b(candidate.identity, digest_size=8, salt=recipe.seed.to_bytes(8, "big")).digest()
    return *(first[preference] for preference in recipe.order), draw, candidate.identity


def _refusals(recipe: Recipe, candidate: Candidate) -> int:
    return len(candidate.families.intersection(recipe.of)) if recipe.of else len(candidate.families)


def _refusal_step(recipe: Recipe) -> str:
    judged = {FINAL_CLASS: "", HUMAN_CLASS: " (human labels)"}.get(recipe.judgement, f" (judge {recipe.judgement})")
    of = f" of {', '.join(recipe.of)}" if recipe.of else ""
    families = "model family" if recipe.families == 1 else "model families"
    counted_by = recipe.judgement != HUMAN_CLASS and recipe.refusals is not Refusals.ALL
    how = f", counting refusals {recipe.refusals.description}" if counted_by else ""
    first = ", first responses" if recipe.responses is Selecting.FIRST else ""
    return f"refused by at least {recipe.families} {families}{of}{judged}{how}{first}"


def _size_step(recipe: Recipe) -> str:
    split = "fixed" if recipe.per_category is not None else recipe.split
    size = "maximum size" if recipe.prompts is None else counted(recipe.prompts, "prompt")
    return size + (f", {split} numbers by category" if split else "")


def category_of(value: str | None) -> str:
    return value or NONE
