"""Responses as a matrix of prompts by models, and which prompts form a cluster."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
PROMPT, SEED, NEAR_DUPLICATE = "prompt", "seed", "near-duplicate group"


@dataclass(frozen=True)
class ResponseMatrix:
    """The place of every response in a matrix with a column for each model.

    A prompt has as many rows as the most responses of a model to it; `starts` (prompts,) is its first row, and `places`
    (responses,) the flat index of a response. `clusters` (prompts,) numbers the clusters: prompts linked by a seed or a
    near-duplicate group share one. `cluster` names what links the responses of a cluster; empty if none has several
    responses of one model. `linked` are the prompts in clusters of several; all, if a model has several responses to a
    prompt.
    """

    shape: tuple[int, int]
    starts: Array
    places: Array
    clusters: Array
    cluster: str
    linked: Array

    @property
    def repeats(self) -> bool:
        """Whether a model has several responses to a prompt."""
        return self.shape[0] > len(self.starts)

    def filled(self, outcomes: Array, missing: int) -> Array:
        """Put the outcomes of responses in their places."""
        found = np.full(self.shape, missing, dtype=np.uint8)
        found.reshape(-1)[self.places] = outcomes
        return found

    def by_row(self, values: Array) -> Array:
        """Repeat the values of prompts for each of their rows."""
        return np.repeat(values, np.diff(self.starts, append=self.shape[0])) if self.repeats else values

    def by_prompt(self, values: Array) -> Array:
        """Sum over the responses of a model to a prompt, (prompts, models)."""
        return np.add.reduceat(values, self.starts, axis=0) if self.repeats else values


def response_matrix(rows: Array, columns: Array, models: int, links: dict[str, Array]) -> ResponseMatrix:
    """Place responses by prompt and model; `links` are the seeds and groups of prompts, 0 for none, by name."""
    prompts = len(next(iter(links.values())))
    keys = rows.astype(np.int64) * models + columns
    times = np.bincount(keys, minlength=prompts * models).reshape(prompts, models)
    most = np.maximum(times.max(axis=1, initial=0), 1)
    starts = np.cumsum(most) - most
    repeat = np.zeros(len(keys), dtype=np.int64)
    if times.max(initial=0) > 1:
        order = np.argsort(keys, kind="stable")
        first = np.concatenate([[True], np.diff(keys[order]) > 0])
        at = np.arange(len(keys))
        repeat[order] = at - np.maximum.accumulate(np.where(first, at, 0))
    places = ((starts[rows] + repeat) * models + columns).astype(np.int32)
    names = [name for name, of in links.items() if len(np.unique(of[of > 0])) < (of > 0).sum()]
    if not names and times.max(initial=0) > 1:
        names = [PROMPT]
    clusters = _clusters(list(links.values()), prompts)
    repeats = most.sum() > prompts
    linked = np.flatnonzero((np.bincount(clusters, minlength=1)[clusters] > 1) | repeats)
    return ResponseMatrix((int(most.sum()), models), starts, places, clusters, " or ".join(names), linked)


def summed(values: Array, order: Array, starts: Array) -> Array:
    """Sum the rows of `values` in this order, from each start to the next one."""
    from scipy.sparse import csr_array

    ends = np.append(starts, len(order))
    rows = csr_array((np.ones(len(order), values.dtype), order, ends), shape=(len(starts), len(values)))
    return np.asarray(rows @ values)


def _clusters(links: list[Array], prompts: int) -> Array:
    """Number the connected components of prompts that share a link."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pairs = []
    for of in links:
        linked = np.flatnonzero(of)
        _, first, which = np.unique(of[linked], return_index=True, return_inverse=True)
        pairs.append((linked, linked[first][which]))
    ends = np.concatenate(pairs, axis=1)
    graph = coo_array((np.ones(ends.shape[1], bool), (ends[0], ends[1])), shape=(prompts, prompts))
    return np.asarray(connected_components(graph, directed=False)[1])
