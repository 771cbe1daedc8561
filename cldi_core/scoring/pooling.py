"""Whole sets as one vector: means and maxima of features, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cldi_core.scoring.imagesets import ImageSets, unit_rows
from cldi_core.scoring.products import products

BLOCK_BYTES = 32 << 20  # of the rows that are looked at together


def aggregate(
    sets: ImageSets, how: str, words: NDArray[np.int64] | None = None, *, unit: bool = False
) -> NDArray[np.float64]:
    """One vector per word: the component-wise ``"mean"`` or ``"max"`` of its pictures' features.

    Args:
        words: int64 (n_words,), the numbers of the words that are wanted; all of them without it.
        unit: scale every picture's features to length one before.

    Returns:
        float64 (n_words, dim); rows of words without pictures are 0.
    """
    words = np.arange(len(sets)) if words is None else words
    ufunc = np.add if how == "mean" else np.maximum
    result = np.full((len(words), sets.dim), 0.0 if how == "mean" else -np.inf)
    for place, members in runs(sets, words):
        rows = sets.features[members]
        values = unit_rows(rows) if unit else rows
        result[place] = ufunc(result[place], ufunc.reduce(values, axis=0, dtype=np.float64))
    sizes = sets.sizes[words]
    if how == "mean":
        result /= np.maximum(sizes, 1)[:, None]
    result[sizes == 0] = 0
    return result


def runs(sets: ImageSets, words: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """The place of every word with its pictures; a very large word several times, with some of them each."""
    most = max(1, BLOCK_BYTES // (8 * max(sets.dim, 1)))
    for place, word in enumerate(words.tolist()):
        # In one order, so that words with the same pictures get the same vector to the last bit.
        members = np.sort(sets.members[sets.offsets[word] : sets.offsets[word + 1]])
        for start in range(0, len(members), most):
            yield place, members[start : start + most]


def pooled_cosines(source: ImageSets, target: ImageSets, how: str) -> NDArray[np.floating]:
    """The cosines of the words' aggregated vectors: float32 (n_source, n_target)."""
    # Equal vectors are multiplied once: the product of one with itself varies in the last bit with its place.
    rows, place = np.unique(unit_rows(aggregate(target, how)), axis=0, return_inverse=True)
    cosines: NDArray[np.floating] = products(unit_rows(aggregate(source, how)), rows)[:, place.reshape(-1)]
    return cosines
