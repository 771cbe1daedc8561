"""From scores to ranks: where the right answers stand among all candidates, by the rule of ties of ``ties``."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from cldi_core.errors import FeatureError
from cldi_core.scoring.ties import TIE, ranks


def rank(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """Ranks of all candidates of one query: float (n,) → float64 (n,), 1 is best.

    A candidate has the mean of the places that it shares with those of equal scores; nan (no pictures) stays nan.
    """
    one: NDArray[np.float64] = ranks(np.asarray(scores)[None, :])[0]
    return one


def with_right(scores: NDArray[np.floating], right: Collection[int]) -> NDArray[np.float64]:
    """Ranks of all candidates of one query as a list of them shows: as ``rank``, but for right answers that tie.

    Each of these has the rank that ``gold_ranks`` gives the query if it is the best: where the first of them is to be
    expected.  So two that share the first place alone are both at 1, and not at 1½.

    Args:
        scores: float (n,); right: the columns of the right answers.

    Returns:
        float64 (n,), 1 is best; nan where the score is.
    """
    found, own = rank(scores), np.asarray(scores, np.float64)
    known = [column for column in right if not np.isnan(own[column])]
    for column in known:
        above, tied = (own > own[column] + TIE).sum(), (np.abs(own - own[column]) <= TIE).sum()
        found[column] = above + (tied + 1) / ((np.abs(own[known] - own[column]) <= TIE).sum() + 1)
    return found


def gold_ranks(scores: NDArray[np.floating], gold: Sequence[Collection[int]]) -> NDArray[np.float64]:
    """The rank of the best right answer of every query.

    With ``h`` candidates above it, ``t`` tied with it (itself among them) and ``g`` of these right, that is
    ``h + (t + 1) / (g + 1)``: where the first right answer is to be expected if equal ones are put in a random order.

    Args:
        scores: float (n_queries, n_candidates), nan where a word has no pictures.
        gold: for each query the columns of its right answers.

    Returns:
        float64 (n_queries,); nan where the query, or all its right answers, have no pictures, or none is given.

    Raises:
        FeatureError: scores that are no matrix, not one collection for each query, or a right answer that is no
            candidate.
    """
    if scores.ndim != 2:
        raise FeatureError(f"the scores have shape {scores.shape}; expected (n_queries, n_candidates)")
    if len(gold) != len(scores):
        raise FeatureError(f"{len(scores)} queries but right answers for {len(gold)}; give one collection per query")
    found = np.full(len(scores), np.nan)
    for row, right in enumerate(gold):
        columns = np.fromiter(set(right), np.int64)
        outside = columns[(columns < 0) | (columns >= scores.shape[1])]
        if len(outside):
            raise FeatureError(
                f"right answer {outside[0]} of query {row} is not a candidate; expected 0 … {scores.shape[1] - 1}"
            )
        own = scores[row].astype(np.float64)
        known = own[columns][~np.isnan(own[columns])]
        if len(known):
            best = known.max()
            above, tied = (own > best + TIE).sum(), (np.abs(own - best) <= TIE).sum()
            found[row] = above + (tied + 1) / ((known >= best - TIE).sum() + 1)
    return found


def ranks_of(scores: NDArray[np.floating], right: Collection[int]) -> NDArray[np.float64]:
    """As ``gold_ranks`` for one query that is scored many times: float (n_times, n_candidates) → float64 (n_times,).

    Raises:
        FeatureError: a right answer that is no candidate.
    """
    columns = np.array(sorted(set(right)), np.int64)
    if not len(scores) or not len(columns) or columns[0] < 0 or columns[-1] >= scores.shape[1]:
        return gold_ranks(scores, [right] * len(scores))
    known = scores[:, columns].astype(np.float64)
    best = np.where(np.isnan(known), -np.inf, known).max(axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):  # of a row in which no right answer is known
        apart = scores - best  # nan is neither above nor tied
        above, tied = (scores > best + TIE).sum(axis=1), (np.abs(apart, out=apart) <= TIE).sum(axis=1)
        own = (known >= best - TIE).sum(axis=1)
    return np.where(np.isneginf(best[:, 0]), np.nan, above + (tied + 1) / (own + 1))


def winners(
    scores: NDArray[np.floating], gold: Sequence[Collection[int]]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The candidate that wins each query, and its best right answer: two int64 (n_queries,) of columns.

    Of several that share the first place a right one wins, else the first in the order of the candidates.  As scores
    and right answers are in ``gold_ranks``, except that every query has a right answer; a query without any score has
    its first right answer as both.
    """
    filled = np.where(np.isnan(scores), -np.inf, scores).astype(np.float64)
    answers = [np.sort(np.fromiter(own, np.int64)) for own in gold]
    right = np.array([own[row[own].argmax()] for row, own in zip(filled, answers, strict=True)], np.int64)
    shares_first = filled >= filled.max(axis=1, keepdims=True) - TIE
    wins = shares_first[np.arange(len(filled)), right]
    return np.where(wins, right, shares_first.argmax(axis=1)), right


def order(scores: NDArray[np.floating]) -> NDArray[np.int64]:
    """Columns of one query's candidates, best first: float (n_candidates,) → int64 (n_candidates,).

    Equal scores keep their order, nan comes last.

    >>> order(np.array([0.1, np.nan, 0.7])).tolist()
    [2, 0, 1]
    """
    return np.argsort(rank(scores), kind="stable").astype(np.int64)
