"""How well the right one is found among many: the rank of the best right answer, and what a random order gives."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cldi_core.evaluation import ranking

KS = (1, 5, 10)


def best_ranks(scores: NDArray[np.floating], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The rank of the best right answer of each query, as in ``ranking.gold_ranks``: float64 (n_queries,).

    Args:
        scores: (n_queries, n_candidates), higher is better.
        right: bool, of the same shape; every row has a right answer.

    Raises:
        ValueError: scores that are nan, or a query without a right answer.
    """
    if np.isnan(scores).any():
        raise ValueError("scores are nan")
    if not right.any(axis=1).all():
        raise ValueError("a query has no right answer")
    return ranking.gold_ranks(scores, [np.flatnonzero(row) for row in right])


def chance(candidates: int, right: int = 1, ks: Sequence[int] = KS) -> dict[int, float]:
    """Recall at each k of a random order, for queries with so many right answers among the candidates."""
    missed = {}
    for k in ks:
        none = 1.0
        for drawn in range(min(k, candidates)):
            none *= max(candidates - right - drawn, 0) / (candidates - drawn)
        missed[k] = none
    return {k: 1 - none for k, none in missed.items()}


def median_of_chance(candidates: int, right: int = 1) -> float:
    """The median of the best right answer's rank in a random order."""
    missed = 1.0
    for drawn in range(candidates):
        missed *= max(candidates - right - drawn, 0) / (candidates - drawn)
        if missed <= 0.5 + 1e-9:
            # Exactly half: the median lies between this rank and the next.
            return drawn + 1 + (0.5 if missed >= 0.5 - 1e-9 else 0.0)
    return float("nan")
