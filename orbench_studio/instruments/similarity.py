"""How alike texts are, by their letters: the share of their runs of four characters that two texts have in common.

Similarity is |A ∩ B| / |A ∪ B| of the two sets of runs (Jaccard), whatever the case and the white space. It says
nothing of meaning: a sentence in other words is another sentence.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import vstack
from sklearn.feature_extraction.text import HashingVectorizer

METHOD = "shared runs of 4 characters"
LEAST, MOST = 0.5, 0.95  # thresholds between which pairs are found in reasonable time
_RUN = 4
_HASHES = 250
_FOUND = 0.95  # of the pairs that are just as alike as the threshold; of those more alike, more
_AT_ONCE = 10_000  # texts, or pairs, looked at together
_UNSURE = 0.12  # by which an estimate from the hashes may be too low: four standard deviations at the threshold
_BLOCKS = 16  # of a collection, before they are made one
_ASKED = 50  # texts that a collection is asked about together: their shares with 80,000 others take 50 MB
_NEIGHBOURS = 16  # that a text is compared with in one band: enough unless thousands come from one template

Progress = Callable[[int, int], object]


class Alike(NamedTuple):
    """Two texts by their places, the earlier first, and how alike they are (0 to 1)."""

    first: int
    second: int
    similarity: float


def pairs(texts: Sequence[str], threshold: float, on_progress: Progress = lambda _done, _of: None) -> list[Alike]:
    """Pairs of texts that are at least as alike as `threshold`, by their places.

    MinHash finds the candidates in bands (Broder 1997; Leskovec, Rajaraman and Ullman, Mining of Massive Datasets,
    chapter 3), each is then compared exactly. Of the pairs just as alike as the threshold at least 95 % are expected to
    be found. The same texts in the same order always give the same pairs. Texts of fewer than four characters are like
    nothing. `on_progress` hears of steps done, of how many, and may raise.
    """
    if not texts:
        return []
    runs = _runs(texts)
    size = np.diff(runs.indptr)
    usable = np.flatnonzero(size)
    runs, size = runs[usable], size[usable]
    rows = _rows(threshold)
    bands = _HASHES // rows
    steps = -(-len(usable) // _AT_ONCE) + bands
    hashes = np.empty((_HASHES, len(usable)), np.uint32)
    for step, start in enumerate(range(0, len(usable), _AT_ONCE)):
        on_progress(step, steps)
        hashes[:, start : start + _AT_ONCE] = _smallest(runs[start : start + _AT_ONCE])
    sketch = np.ascontiguousarray(hashes.T.astype(np.uint8))  # the last byte tells as well whether two are the same
    found: NDArray[np.int64] = np.empty(0, np.int64)
    for band in range(bands):
        on_progress(steps - bands + band, steps)
        together = _candidates(hashes[band * rows : (band + 1) * rows], hashes[band - 1])
        found = np.union1d(found, _plausible(together, sketch, size, threshold))
    first, second = np.divmod(found, max(len(usable), 1))
    alike = _jaccard(runs, size, first, second)
    kept = alike >= threshold
    return [
        Alike(int(usable[a]), int(usable[b]), float(s))
        for a, b, s in zip(first[kept], second[kept], alike[kept], strict=True)
    ]


def nearest(text: str, others: Sequence[str], count: int) -> list[tuple[int, float]]:
    """The places of the texts that are most like this one, the nearest first, with how alike they are (0 to 1)."""
    if not others:
        return []
    runs = _runs([text, *others])
    size = np.diff(runs.indptr)
    shared = np.asarray((runs[1:] @ runs[0].T).todense()).ravel()
    alike = shared / np.maximum(size[1:] + size[0] - shared, 1)
    order = np.argsort(-alike, kind="stable")[:count]
    return [(int(place), float(alike[place])) for place in order if alike[place] > 0]


class Collection:
    """Texts that become more, and which of them are nearly the same as others.

    Every pair is compared: 10,000 texts of a hundred letters take 15 ms for five others, 80,000 take 0.12 s (measured).
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._texts: list[str] = []
        self._blocks: list[Any] = []

    def add(self, texts: Sequence[str]) -> None:
        """Put texts to the others."""
        if texts:
            self._texts += texts
            self._blocks.append(_runs(texts))
        if len(self._blocks) > _BLOCKS:
            self._blocks = [vstack(self._blocks, format="csr")]

    def near(self, texts: Sequence[str]) -> list[list[str]]:
        """For each text those of the collection, and those before it here, that are at least as alike as the threshold:
        the most alike first, then the earlier."""
        if not texts:
            return []
        runs, others = _runs(texts), [*self._texts, *texts]
        found: list[list[tuple[float, int]]] = [[] for _ in texts]
        start = 0
        for block in [*self._blocks, runs]:
            for first in range(0, len(texts), _ASKED):
                for asked, place, alike in _near(block, runs[first : first + _ASKED], self._threshold):
                    if start + place < len(self._texts) + first + asked:
                        found[first + asked].append((-alike, start + place))
            start += block.shape[0]
        return [[others[place] for _, place in sorted(places)] for places in found]


def _near(block: Any, asked: Any, threshold: float) -> Iterator[tuple[int, int, float]]:
    """Which of the asked is as alike to which of the block, and how much."""
    shared = (block @ asked.T).tocoo()
    alike = shared.data / (np.diff(block.indptr)[shared.row] + np.diff(asked.indptr)[shared.col] - shared.data)
    for at in np.flatnonzero(alike >= threshold):
        yield int(shared.col[at]), int(shared.row[at]), float(alike[at])


def _runs(texts: Sequence[str]) -> Any:
    """Which runs each text has: a sparse matrix of ones, a row a text."""
    runs = HashingVectorizer(
        analyzer="char", ngram_range=(_RUN, _RUN), binary=True, norm=None, alternate_sign=False, dtype=np.float32
    )
    return runs.transform(" ".join(text.lower().split()) for text in texts)


def _rows(threshold: float) -> int:
    """How many hashes must agree in a band: as many as find the share of pairs at the threshold that we promise."""
    chances = ((rows, 1 - (1 - threshold**rows) ** (_HASHES // rows)) for rows in range(1, _HASHES))
    return max(rows for rows, chance in chances if chance >= _FOUND)


def _smallest(runs: Any) -> NDArray[np.uint32]:
    """The smallest value of each hash over each text's runs: hashes by texts."""
    factors = np.random.RandomState(0).randint(1, 2**62, _HASHES, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    # Neighbouring numbers of runs must not give neighbouring hashes.
    mixed = (runs.indices.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    starts = runs.indptr[:-1]
    return np.stack(
        [np.minimum.reduceat(((mixed * factor) >> np.uint64(32)).astype(np.uint32), starts) for factor in factors]
    )


def _candidates(
    band: NDArray[np.uint32], mixing: NDArray[np.uint32]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """The places of texts whose hashes agree in the whole band, in pairs, the smaller place first.

    Where more agree than a text has neighbours here, `mixing` decides which are neighbours: in each band others.
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
    """Of the candidates those that may be as alike as the threshold, as one number a pair."""
    kept = []
    for first, second in together:
        small, large = np.minimum(size[first], size[second]), np.maximum(size[first], size[second])
        likely = small >= threshold * large
        first, second = first[likely], second[likely]
        for start in range(0, len(first), _AT_ONCE):
            a, b = first[start : start + _AT_ONCE], second[start : start + _AT_ONCE]
            estimate = np.count_nonzero(sketch[a] == sketch[b], axis=1) / _HASHES
            near = estimate >= threshold - _UNSURE
            kept.append(a[near] * len(sketch) + b[near])
    return np.concatenate(kept) if kept else np.empty(0, np.int64)


def _jaccard(
    runs: Any, size: NDArray[np.int64], first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.float64]:
    shared = [
        np.asarray(
            runs[first[start : start + _AT_ONCE]].multiply(runs[second[start : start + _AT_ONCE]]).sum(1)
        ).ravel()
        for start in range(0, len(first), _AT_ONCE)
    ]
    common: NDArray[np.float64] = np.concatenate(shared).astype(float) if shared else np.empty(0)
    found: NDArray[np.float64] = common / (size[first] + size[second] - common)
    return found
