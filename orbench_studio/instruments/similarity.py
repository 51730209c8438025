"""Similarity of texts: the Jaccard similarity |A ∩ B| / |A ∪ B| of their sets of character 4-grams.

Case and white space are ignored. Paraphrases are not similar: the measure knows no meaning.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import vstack
from sklearn.feature_extraction.text import HashingVectorizer

METHOD = "shared runs of 4 characters"
LEAST, MOST = 0.5, 0.95  # range of thresholds for which pairs are found in reasonable time
_RUN = 4
_HASHES = 250
_EXPECTED_RECALL = 0.95  # of pairs exactly at the threshold; higher above it
_CHUNK = 10_000  # texts, or pairs, compared at a time
_ESTIMATE_ERROR = 0.12  # four standard deviations of the estimate from the hashes, at the threshold
_MAX_BLOCKS = 16  # of a collection, before they are merged
_QUERY_CHUNK = 50  # texts compared with a collection at a time: 50 MB for 80,000 texts
_NEIGHBOURS = 16  # that a text is compared with per band; enough unless thousands share a template

Progress = Callable[[int, int], object]


class SimilarPair(NamedTuple):
    """Two texts by index, the earlier first, and their similarity (0 to 1)."""

    first: int
    second: int
    similarity: float


def pairs(texts: Sequence[str], threshold: float, on_progress: Progress = lambda _done, _of: None) -> list[SimilarPair]:
    """Find the pairs of texts with at least the similarity `threshold`.

    MinHash with bands (Broder 1997; Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, chapter 3) finds the
    candidates; each is then compared exactly. At least 95 % of the pairs at the threshold are expected to be found, and
    more above it. The result is deterministic. Texts of fewer than four characters are in no pair.
    `on_progress(done, total)` is called before every step and may raise to cancel.
    """
    if not texts:
        return []
    runs = _runs(texts)
    size = np.diff(runs.indptr)
    usable = np.flatnonzero(size)
    runs, size = runs[usable], size[usable]
    rows = _rows(threshold)
    bands = _HASHES // rows
    steps = -(-len(usable) // _CHUNK) + bands
    hashes = np.empty((_HASHES, len(usable)), np.uint32)
    for step, start in enumerate(range(0, len(usable), _CHUNK)):
        on_progress(step, steps)
        hashes[:, start : start + _CHUNK] = _smallest(runs[start : start + _CHUNK])
    sketch = np.ascontiguousarray(hashes.T.astype(np.uint8))  # the last byte suffices for the estimate
    found: NDArray[np.int64] = np.empty(0, np.int64)
    for band in range(bands):
        on_progress(steps - bands + band, steps)
        together = _candidates(hashes[band * rows : (band + 1) * rows], hashes[band - 1])
        found = np.union1d(found, _plausible(together, sketch, size, threshold))
    first, second = np.divmod(found, max(len(usable), 1))
    similarity = _jaccard(runs, size, first, second)
    similar = similarity >= threshold
    return [
        SimilarPair(int(usable[a]), int(usable[b]), float(s))
        for a, b, s in zip(first[similar], second[similar], similarity[similar], strict=True)
    ]


def nearest(text: str, others: Sequence[str], count: int) -> list[tuple[int, float]]:
    """Indices and similarities (0 to 1) of the most similar texts, best first."""
    if not others:
        return []
    runs = _runs([text, *others])
    size = np.diff(runs.indptr)
    shared = np.asarray((runs[1:] @ runs[0].T).todense()).ravel()
    similarity = shared / np.maximum(size[1:] + size[0] - shared, 1)
    order = np.argsort(-similarity, kind="stable")[:count]
    return [(int(place), float(similarity[place])) for place in order if similarity[place] > 0]


class Collection:
    """A growing collection of texts that finds near duplicates.

    All pairs are compared: five texts against 10,000 of a hundred letters take 15 ms, against 80,000 take 0.12 s.
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._texts: list[str] = []
        self._blocks: list[Any] = []

    def add(self, texts: Sequence[str]) -> None:
        if texts:
            self._texts += texts
            self._blocks.append(_runs(texts))
        if len(self._blocks) > _MAX_BLOCKS:
            self._blocks = [vstack(self._blocks, format="csr")]

    def near(self, texts: Sequence[str]) -> list[list[str]]:
        """For each text the similar texts of the collection and of the texts before it, most similar first."""
        if not texts:
            return []
        runs, others = _runs(texts), [*self._texts, *texts]
        found: list[list[tuple[float, int]]] = [[] for _ in texts]
        start = 0
        for block in [*self._blocks, runs]:
            for first in range(0, len(texts), _QUERY_CHUNK):
                for query, place, similarity in _near(block, runs[first : first + _QUERY_CHUNK], self._threshold):
                    if start + place < len(self._texts) + first + query:
                        found[first + query].append((-similarity, start + place))
            start += block.shape[0]
        return [[others[place] for _, place in sorted(places)] for places in found]


def _near(block: Any, queries: Any, threshold: float) -> Iterator[tuple[int, int, float]]:
    """Yield (query index, block index, similarity) of all pairs at the threshold."""
    shared = (block @ queries.T).tocoo()
    similarity = shared.data / (np.diff(block.indptr)[shared.row] + np.diff(queries.indptr)[shared.col] - shared.data)
    for at in np.flatnonzero(similarity >= threshold):
        yield int(shared.col[at]), int(shared.row[at]), float(similarity[at])


def _runs(texts: Sequence[str]) -> Any:
    """The 4-grams of each text: a sparse binary matrix with one row per text."""
    runs = HashingVectorizer(
        analyzer="char", ngram_range=(_RUN, _RUN), binary=True, norm=None, alternate_sign=False, dtype=np.float32
    )
    return runs.transform(" ".join(text.lower().split()) for text in texts)


def _rows(threshold: float) -> int:
    """Rows per band: the most that still reach the expected recall at the threshold."""
    chances = ((rows, 1 - (1 - threshold**rows) ** (_HASHES // rows)) for rows in range(1, _HASHES))
    return max(rows for rows, chance in chances if chance >= _EXPECTED_RECALL)


def _smallest(runs: Any) -> NDArray[np.uint32]:
    """MinHash signatures: the smallest value of each hash over each text's 4-grams, hashes × texts."""
    factors = np.random.RandomState(0).randint(1, 2**62, _HASHES, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    # Mix the bits: consecutive 4-gram numbers must not give consecutive hashes.
    mixed = (runs.indices.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    starts = runs.indptr[:-1]
    return np.stack(
        [np.minimum.reduceat(((mixed * factor) >> np.uint64(32)).astype(np.uint32), starts) for factor in factors]
    )


def _candidates(
    band: NDArray[np.uint32], mixing: NDArray[np.uint32]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield pairs of texts whose hashes agree in the band, the smaller index first.

    In large buckets, a text is paired only with its neighbours in the order of `mixing`, which differs between bands.
    """
    if band.shape[1] < 2:
        return
    order = np.lexsort((mixing, *band))
    same = np.all(band[:, order[1:]] == band[:, order[:-1]], axis=0)
    bucket = np.concatenate([[0], np.cumsum(~same)])
    live = np.flatnonzero(same)
    for apart in range(1, _NEIGHBOURS + 1):
        one, other = order[live], order[live + apart]
        yield np.minimum(one, other), np.maximum(one, other)
        live = live[live + apart + 1 < len(order)]
        live = live[bucket[live] == bucket[live + apart + 1]]


def _plausible(
    together: Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]],
    sketch: NDArray[np.uint8],
    size: NDArray[np.int64],
    threshold: float,
) -> NDArray[np.int64]:
    """Candidate pairs that may reach the threshold, each encoded as one number."""
    plausible = []
    for first, second in together:
        small, large = np.minimum(size[first], size[second]), np.maximum(size[first], size[second])
        likely = small >= threshold * large
        first, second = first[likely], second[likely]
        for start in range(0, len(first), _CHUNK):
            a, b = first[start : start + _CHUNK], second[start : start + _CHUNK]
            estimate = np.count_nonzero(sketch[a] == sketch[b], axis=1) / _HASHES
            near = estimate >= threshold - _ESTIMATE_ERROR
            plausible.append(a[near] * len(sketch) + b[near])
    return np.concatenate(plausible) if plausible else np.empty(0, np.int64)


def _jaccard(
    runs: Any, size: NDArray[np.int64], first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.float64]:
    shared = [
        np.asarray(runs[first[start : start + _CHUNK]].multiply(runs[second[start : start + _CHUNK]]).sum(1)).ravel()
        for start in range(0, len(first), _CHUNK)
    ]
    common: NDArray[np.float64] = np.concatenate(shared).astype(float) if shared else np.empty(0)
    found: NDArray[np.float64] = common / (size[first] + size[second] - common)
    return found
