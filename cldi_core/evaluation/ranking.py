"""From scores to ranks: where the right answers stand among all candidates."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from cldi_core.errors import FeatureError


def rank(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Ranks of all candidates of one query: float (n,) → float64 (n,), 1 is best.

    Candidates with equal scores all get the mean rank of their block; nan (no pictures) stays nan.
    """
    ranks = np.full(len(scores), np.nan)
    known = np.flatnonzero(~np.isnan(scores))
    values, inverse, counts = np.unique(-scores[known], return_inverse=True, return_counts=True)
    above = np.concatenate([[0], np.cumsum(counts)[:-1]]) if len(values) else np.zeros(0)
    ranks[known] = (above + (counts + 1) / 2)[inverse]
    return ranks


def gold_ranks(scores: NDArray[np.floating], gold: Sequence[Collection[int]]) -> NDArray[np.float64]:
    """The rank of the best right answer of every query.

    Args:
        scores: float (n_queries, n_candidates), nan where a word has no pictures.
        gold: for each query the columns of its right answers.

    Returns:
        float64 (n_queries,): 1 + the number of higher scores + half the number of *other* equal ones, which is the
        mean rank of the tied block; nan where the query, or all its right answers, have no pictures, or none is given.
    """
    if scores.ndim != 2:
        raise FeatureError(f"the scores have shape {scores.shape}; expected (n_queries, n_candidates)")
    if len(gold) != len(scores):
        raise FeatureError(f"{len(scores)} queries but right answers for {len(gold)}; give one collection per query")
    ranks = np.full(len(scores), np.nan)
    for row, right in enumerate(gold):
        columns = np.fromiter(right, np.int64)
        outside = columns[(columns < 0) | (columns >= scores.shape[1])]
        if len(outside):
            raise FeatureError(
                f"right answer {outside[0]} of query {row} is not a candidate; expected 0 … {scores.shape[1] - 1}"
            )
        best = scores[row, columns]
        best = best[~np.isnan(best)]
        if len(best):
            top = best.max()
            ranks[row] = (scores[row] > top).sum() + ((scores[row] == top).sum() + 1) / 2
    return ranks


def order(scores: NDArray[np.floating]) -> NDArray[np.int64]:
    """Columns of one query's candidates, best first; equal scores keep their order, nan comes last."""
    return np.argsort(np.where(np.isnan(scores), -np.inf, scores) * -1, kind="stable").astype(np.int64)
