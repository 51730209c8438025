"""What an audit counts, read once and kept beside the open workspace.

A ledger has every response as a few bytes and, kept from them, how many responses are in each cell, so that a table is
summed in a millisecond whatever its labels are. What a deed changes is read again and counted over. A ledger itself
never changes: another thread can go on with the one it has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orbench_studio.domain.audit.refusal_rates import FINAL, PEOPLE, Drop, judge_name
from orbench_studio.domain.core.annotation import Basis, Label
from orbench_studio.domain.core.moderation import Rule, Vote, consensus
from orbench_studio.errors import StudioError
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.audit import audit_arrays as store
from orbench_studio.store.core import votes
from orbench_studio.store.review import derived_states

CLASSES = len(store.CLASSES) + 1  # the last: nobody has judged, or people disagree
_ENDS = CLASSES * 2  # each class given by machines, and by people
_MOST = 2_000  # prompts that are counted over one by one rather than all anew
Array = NDArray[Any]


@dataclass(frozen=True)
class AuditCounts:
    """Prompts and responses, the latter in the order of their ids, and how many there are of which kind.

    `codes` says where each prompt stands (store.audit.SHAPE), `seeds` which it was rewritten from, `groups` which near
    duplicates it is one of, 0 for none. `rows` and `columns` are the places of each response's prompt and model, `ends`
    is its class times two, and one more where people gave it. `counts` is of the shape (*SHAPE, models, CLASSES, 2).
    `alone` has ends and counts of the judges whose word is to count alone. `self_judged` are prompts whose consensus
    falls without the votes of the models.
    """

    prompt_ids: Array
    codes: Array
    seeds: Array
    groups: Array
    rows: Array
    columns: Array
    ends: Array
    counts: Array
    models: Mapping[int, str]
    judges: Mapping[str, int]
    self_judged: frozenset[int]
    alone: Mapping[str, tuple[Array, Array]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The models in the order of their places."""
        return tuple(self.models[model_id] for model_id in sorted(self.models))

    def standing(self) -> tuple[Array, ...]:
        """Where each prompt stands, an array for each part of `store.SHAPE`."""
        return np.unravel_index(self.codes, store.SHAPE)

    def of(self, answers: str) -> tuple[Array, Array]:
        """Ends and counts by a choice of answers; KeyError where its judge was not asked for by `with_judge`."""
        return (self.ends, self.counts) if answers in (FINAL, PEOPLE) else self.alone[answers]

    def count(self, slots: Any, ends: Array) -> Array:
        """The counts of some responses, by what they end in."""
        size = prod(store.SHAPE) * len(self.models) * _ENDS
        counted = np.bincount(self._keys(slots, ends), minlength=size)
        return counted.reshape(*store.SHAPE, len(self.models), CLASSES, 2)

    def moved(self, slots: Array, ends: Array, before: "AuditCounts", kept: tuple[Array, Array]) -> Array:
        """Counts that were kept of a ledger before, with these responses counted as they are now."""
        ended, counts = kept
        counts = counts.copy()
        for ledger, way, by in ((before, ended, -1), (self, ends, 1)):
            np.add.at(counts.reshape(-1), ledger._keys(slots, way), by)
        return counts

    def _keys(self, slots: Any, ends: Array) -> Array:
        stand = self.codes[self.rows[slots]] * len(self.models)
        keys: Array = (stand + self.columns[slots]) * _ENDS + ends[slots]
        return keys

    def dropped(self, drops: frozenset[Drop]) -> Array:
        """True for each prompt that is to be left out."""
        _, label, basis, _, split = self.standing()
        found = np.zeros(len(label), bool)
        if Drop.CONTROVERSIAL in drops:
            found |= (label == store.LABELS.index(Label.CONTROVERSIAL)) | (split == 1)
            found |= basis == store.BASES.index(Basis.DISPUTED)
        if Drop.HUMAN_TOXIC in drops:
            found |= (label == store.LABELS.index(Label.TOXIC)) & (basis == store.BASES.index(Basis.HUMAN))
        for drop, of in ((Drop.SIBLINGS, self.seeds), (Drop.NEAR_DUPLICATES, self.groups)):
            if drop in drops:
                first = np.zeros(len(label), bool)
                first[np.unique(of, return_index=True)[1]] = True
                found |= (of > 0) & ~first
        if Drop.SELF_JUDGED in drops:
            found |= np.isin(self.prompt_ids, list(self.self_judged))
        return found


def read(workspace: Workspace) -> AuditCounts:
    """Everything that an audit counts, as it is now: a second or two for millions of responses."""
    with workspace.reading() as db:
        prompts, answers = store.prompts(db), store.answers(db)
        models = store.models(db)
        judges = {judge_name(name, kind): judge_id for judge_id, name, kind in store.judges(db)}
        voted = store.voted_by(db, list(models))
        cast = votes.of_prompts(db, voted)
        rule = derived_states.rule(db)
    ledger = AuditCounts(
        prompts.ids,
        prompts.codes.astype(np.int32),
        prompts.seeds,
        prompts.groups,
        np.searchsorted(prompts.ids, answers.prompts).astype(np.int32),
        np.searchsorted(sorted(models), answers.models).astype(np.int32),
        answers.ends.astype(np.int8),
        np.empty(0),
        models,
        judges,
        frozenset(prompt_id for prompt_id in voted if _hinges(cast[prompt_id], frozenset(models.values()), rule)),
    )
    return replace(ledger, counts=ledger.count(slice(None), ledger.ends))


def refreshed(ledger: AuditCounts, workspace: Workspace, prompt_ids: Sequence[int] | None) -> AuditCounts:
    """The ledger after deeds about these prompts, None where they are many."""
    if prompt_ids is None or len(prompt_ids) > _MOST:
        return read(workspace)
    with workspace.reading() as db:
        prompts, answers = store.prompts(db, prompt_ids), store.answers(db, prompt_ids)
    places = np.flatnonzero(np.isin(ledger.prompt_ids, prompts.ids))
    slots = np.flatnonzero(np.isin(ledger.rows, places))
    pairs = (
        (ledger.prompt_ids[places], prompts.ids),
        (ledger.prompt_ids[ledger.rows[slots]], answers.prompts),
        (np.array(sorted(ledger.models), int)[ledger.columns[slots]], answers.models),
    )
    if not all(np.array_equal(known, there) for known, there in pairs):
        return read(workspace)  # something has come or gone
    now = replace(ledger, codes=_put(ledger.codes, places, prompts.codes), ends=_put(ledger.ends, slots, answers.ends))
    alone = {
        name: (ends, now.moved(slots, ends, ledger, (ends, counts)))
        for name, (ends, counts) in ledger.alone.items()
        if np.array_equal(now.ends[slots], ledger.ends[slots])  # else it is asked for again, which takes a while
    }
    return replace(now, counts=now.moved(slots, now.ends, ledger, (ledger.ends, ledger.counts)), alone=alone)


def with_judge(ledger: AuditCounts, workspace: Workspace, answers: str) -> AuditCounts:
    """The ledger with what a choice of answers needs; StudioError where it names no judge."""
    if answers in (FINAL, PEOPLE) or answers in ledger.alone:
        return ledger
    if answers not in ledger.judges:
        known = ", ".join((FINAL, PEOPLE, *ledger.judges))
        raise StudioError(f"There is no judge “{answers}” here. There are {known}.")
    with workspace.reading() as db:
        said = store.judged(db, ledger.judges[answers])
    if len(said) != len(ledger.rows):
        raise StudioError("Responses were added meanwhile. Try again.")
    ends = (said * 2).astype(np.int8)
    return replace(ledger, alone={**ledger.alone, answers: (ends, ledger.count(slice(None), ends))})


def _put(array: Array, places: Array, values: Array) -> Array:
    changed = array.copy()
    changed[places] = values
    return changed


def _hinges(cast: Sequence[Vote], own: frozenset[str], rule: Rule) -> bool:
    """The consensus falls without the votes of the models that are evaluated here."""
    return consensus(cast, rule).label != consensus((vote for vote in cast if vote.moderator not in own), rule).label
