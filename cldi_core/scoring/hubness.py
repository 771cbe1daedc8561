"""Scores corrected for hubs, and several score matrices made one.

A hub is a word that scores high with every query; it takes the first place of many whose right answer scores well too.
``csls`` and ``inverted_softmax`` measure each score by what its word scores elsewhere.  ``fuse`` looks at ranks only,
so matrices of different scales can vote together.  All three take nan for unknown (a word without pictures: a row or a
column of nan) and give nan in the same places.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cldi_core.errors import FeatureError
from cldi_core.scoring import Scores
from cldi_core.scoring.ties import ranks


def csls(scores: NDArray[np.floating], k: int = 10) -> Scores:
    """Cross-domain similarity local scaling (Conneau et al. 2018, "Word translation without parallel data", 2.3).

    ``2 s(i, j) - r(i) - r(j)``, where ``r`` is the mean of the ``k`` highest known scores of the row or of the column,
    of all of them where there are fewer.

    Args:
        scores: float (n_source, n_target), higher is more alike, nan for unknown.
        k: the size of a neighbourhood, 1 or more.

    Returns:
        float32 (n_source, n_target), computed in float64; for cosines in [-4, 4].

    Raises:
        FeatureError: scores that are not a matrix, or k out of range.
    """
    if k < 1 or k != int(k):
        raise FeatureError(f"k is {k}; expected a whole number, 1 or more")
    values = _matrix(scores)
    corrected = 2 * values - neighbourhood(values, int(k))[:, None] - neighbourhood(_matrix(values.T), int(k))[None, :]
    return corrected.astype(np.float32)


def inverted_softmax(scores: NDArray[np.floating], beta: float = 30.0) -> Scores:
    """The logarithm of the inverted softmax (Smith et al. 2017, "Offline bilingual word vectors …", section 2.3).

    ``log(exp(beta s(i, j)) / Σ_i' exp(beta s(i', j)))``: how likely the target word is to choose this source word among
    all.  The logarithm has the same order, and its small values stay apart, which as probabilities would all become 0
    in float32.

    Args:
        scores: float (n_source, n_target), higher is more alike, nan for unknown.
        beta: the inverse temperature, above 0: the larger, the more only the target word's best scores count.

    Returns:
        float32 (n_source, n_target), computed in float64, at most 0.  Equal columns stay equal.

    Raises:
        FeatureError: scores that are not a matrix, or beta out of range.
    """
    if not 0 < beta < math.inf:
        raise FeatureError(f"beta is {beta}; expected a finite number above 0, such as 30")
    values = beta * _matrix(scores)
    known = np.where(np.isnan(values), -np.inf, values)
    peak = known.max(axis=0, initial=-np.inf)
    peak[np.isneginf(peak)] = 0  # a column without a known score; -inf less itself would be undefined
    total = np.exp(known - peak).sum(axis=0)
    likelihood: NDArray[np.float64] = values - peak - np.log(np.where(total > 0, total, 1))
    return likelihood.astype(np.float32)


def fuse(matrices: Sequence[NDArray[np.floating]], k: float = 60) -> Scores:
    """Reciprocal rank fusion (Cormack, Clarke & Büttcher 2009): ``Σ_m 1 / (k + rank_m(i, j))``.

    The rank is that of ``ties.ranks``: among the known scores of the row, 1 is best, and scores within 1e-6 of each
    other are equal.

    Args:
        matrices: one or more float (n_source, n_target), higher is more alike, nan for unknown.
        k: above 0; the larger, the less the first places of a single matrix count.

    Returns:
        float32 (n_source, n_target), in (0, len(matrices) / k); nan where any matrix is nan.

    Raises:
        FeatureError: no matrices, something that is not a matrix, different shapes, or k out of range.
    """
    if not 0 < k < math.inf:
        raise FeatureError(f"k is {k}; expected a finite number above 0, such as 60")
    if not len(matrices):
        raise FeatureError("no score matrices were given; expected at least one")
    values = [_matrix(matrix) for matrix in matrices]
    for number, other in enumerate(values):
        if other.shape != values[0].shape:
            raise FeatureError(
                f"score matrix {number} has shape {other.shape} and matrix 0 {values[0].shape}; "
                "expected scores of the same words"
            )
    fused = np.zeros(values[0].shape)
    for other in values:
        fused += 1 / (k + ranks(other))
    return fused.astype(np.float32)


def _matrix(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    values = np.asarray(scores, np.float64, order="C")  # in one order, so that sums are the same to the last bit
    if values.ndim != 2:
        raise FeatureError(f"the scores have shape {values.shape}; expected (n_source, n_target)")
    return values


def neighbourhood(values: NDArray[np.floating], k: int) -> NDArray[np.float64]:
    """The mean of the k highest known values of each row, or of all: (n, m) → float64 (n,), nan without any."""
    values = np.asarray(values, np.float64)
    k = min(k, values.shape[1])
    known = np.where(np.isnan(values), -np.inf, values)
    # Sorted before they are added: rows with the same values in another order get the same mean to the last bit.
    highest = np.sort(np.partition(known, values.shape[1] - k, axis=1)[:, values.shape[1] - k :], axis=1)
    found = ~np.isneginf(highest)
    count = found.sum(axis=1)
    return np.where(count > 0, np.where(found, highest, 0).sum(axis=1) / np.maximum(count, 1), np.nan)
