"""Whole sets as one vector: means and maxima of features, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from cldi_core.scoring.imagesets import ImageSets, unit_rows

BLOCK_BYTES = 32 << 20  # of the rows that are looked at together


def aggregate(sets: ImageSets, how: str, *, unit: bool = False) -> NDArray[np.float64]:
    """One vector per word: the component-wise ``"mean"`` or ``"max"`` of its pictures' features.

    Args:
        unit: scale every picture's features to length one before.

    Returns:
        float64 (n_words, dim); rows of words without pictures are 0.
    """
    ufunc = np.add if how == "mean" else np.maximum
    result = np.full((len(sets), sets.dim), 0.0 if how == "mean" else -np.inf)
    for word, members in _runs(sets):
        rows = sets.features[members]
        values = (unit_rows(rows) if unit else rows).astype(np.float64)
        result[word] = ufunc(result[word], ufunc.reduce(values, axis=0))
    if how == "mean":
        result /= np.maximum(sets.sizes, 1)[:, None]
    result[sets.sizes == 0] = 0
    return result


def _runs(sets: ImageSets) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Every word with its pictures; a very large word several times, with some of them each."""
    most = max(1, BLOCK_BYTES // (8 * max(sets.dim, 1)))
    for word in range(len(sets)):
        # In one order, so that words with the same pictures get the same vector to the last bit.
        members = np.sort(sets.members[sets.offsets[word] : sets.offsets[word + 1]])
        for start in range(0, len(members), most):
            yield word, members[start : start + most]


def pooled_cosines(source: ImageSets, target: ImageSets, how: str) -> NDArray[np.floating]:
    """The cosines of the words' aggregated vectors: float32 (n_source, n_target)."""
    # Equal vectors are multiplied once: the product of one with itself varies in the last bit with its place.
    rows, place = np.unique(unit_rows(aggregate(target, how)), axis=0, return_inverse=True)
    cosines: NDArray[np.floating] = (unit_rows(aggregate(source, how)) @ rows.T)[:, place.reshape(-1)]
    return cosines
