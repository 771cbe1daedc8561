"""Other ways to the same scores, as one would write them with numpy or with a library.

Each takes unit rows and gives a call; the call returns ``"avgmax"``, float (n_source, n_target), or ``"votes"``,
float64 (n_source, n_target): how many source pictures have their nearest picture in the target word.
"""

from __future__ import annotations

import importlib
import math
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Call = Callable[[], dict[str, NDArray[np.floating]]]
BLOCK = 1024  # pictures of each side, about; blocks hold whole words
LIMIT, SAMPLE = 10.0, 3.0  # seconds: what may be measured whole, and how much of it is measured otherwise
LEAST = 0.1  # of the source words are measured in any case
TRIES = 3


class Rows:
    """Unit rows, float32 (n, dim), word after word; word ``i`` has ``rows[offsets[i]:offsets[i + 1]]``."""

    def __init__(self, rows: NDArray[np.float32], offsets: NDArray[np.int64]) -> None:
        self.rows, self.offsets = rows, offsets

    @property
    def words(self) -> list[NDArray[np.float32]]:
        """The rows of each word, without a copy."""
        return [self.rows[start:stop] for start, stop in pairwise(self.offsets.tolist())]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """int64 (n_words,): how many pictures each word has."""
        return np.diff(self.offsets)

    def blocks(self) -> list[tuple[int, int]]:
        """First and last (exclusive) word of blocks of about ``BLOCK`` pictures."""
        number = self.offsets[:-1] // BLOCK
        edges = [*np.flatnonzero(np.diff(number, prepend=-1)).tolist(), len(number)]
        return list(pairwise(edges))


def pair_by_pair(source: Iterable[NDArray[np.float32]], target: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """AVGMAX by one product for every pair of words: float32 (n_source, n_target)."""
    return np.array([[(own @ other.T).max(axis=1).mean() for other in target] for own in source], np.float32)


def numpy_pairs(source: Rows, target: Rows, seed: int) -> tuple[Call, float]:
    """``pair_by_pair`` for all source words or, where that takes too long, for a seeded choice of them.

    Returns:
        The call, and the share of the whole work that it does.
    """
    own, others = source.words, target.words
    tries = []
    for _ in range(TRIES):
        start = time.perf_counter()
        pair_by_pair(own[:1], others)
        tries.append(time.perf_counter() - start)
    whole = min(tries) * len(source.rows) / len(own[0])
    count = len(own) if whole <= LIMIT else math.ceil(len(own) * max(LEAST, min(1, SAMPLE / whole)))
    chosen = np.sort(np.random.default_rng(seed).choice(len(own), count, replace=False))

    def call() -> dict[str, NDArray[np.floating]]:
        found = np.full((len(own), len(others)), np.nan, np.float32)
        found[chosen] = pair_by_pair([own[word] for word in chosen], others)
        return {"avgmax": found}

    return call, float(source.sizes[chosen].sum() / len(source.rows))


def numpy_blocks(source: Rows, target: Rows) -> Call:
    """Products of blocks, and ``np.maximum.reduceat`` over each target word."""

    def call() -> dict[str, NDArray[np.floating]]:
        found = np.empty((len(source.sizes), len(target.sizes)), np.float32)
        for left, right in source.blocks():
            start = source.offsets[left]
            rows = source.rows[start : source.offsets[right]].T
            for first, last in target.blocks():
                others = target.rows[target.offsets[first] : target.offsets[last]]
                starts = target.offsets[first:last] - target.offsets[first]
                best = np.maximum.reduceat(others @ rows, starts, axis=0)
                sums = np.add.reduceat(best, source.offsets[left:right] - start, axis=1)
                found[left:right, first:last] = sums.T / source.sizes[left:right, None]
        return {"avgmax": found}

    return call


def fast_maxsim(source: Rows, target: Rows) -> Call:
    """MaxSim of each source word's pictures (the query) with each target word's (a document), by the query's size."""
    score = importlib.import_module("fast_maxsim").maxsim_scores_variable
    queries, documents = source.words, target.words

    def call() -> dict[str, NDArray[np.floating]]:
        return {"avgmax": np.array([score(query, documents) / len(query) for query in queries])}

    return call


def faiss(source: Rows, target: Rows) -> Call:
    """The nearest target picture of every source picture, from an exact index that is built beforehand."""
    index = importlib.import_module("faiss").IndexFlatIP(target.rows.shape[1])
    index.add(target.rows)
    owner = np.repeat(np.arange(len(target.sizes)), target.sizes)
    voter = np.repeat(np.arange(len(source.sizes)), source.sizes)

    def call() -> dict[str, NDArray[np.floating]]:
        _, nearest = index.search(source.rows, 1)
        votes = np.zeros((len(source.sizes), len(target.sizes)))
        np.add.at(votes, (voter, owner[nearest[:, 0]]), 1)
        return {"votes": votes}

    return call
