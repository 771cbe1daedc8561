"""From scores to ranks: where the right answers stand among all candidates, by the rule of ties of ``ties``."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from cldi_core.errors import FeatureError
from cldi_core.scoring.ties import TIE, ranks

TOGETHER = 1 << 17  # scores that are ranked at once, so that they stay in the processor's cache


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
    columns = [_columns(right, row, scores.shape[1]) for row, right in enumerate(gold)]
    counts, found = np.array([len(own) for own in columns], np.int64), np.full(len(scores), np.nan)
    for count in np.unique(counts[counts > 0]).tolist():
        rows = np.flatnonzero(counts == count)
        found[rows] = _ranks(scores, rows, np.stack([columns[row] for row in rows]))
    return found


def ranks_of(scores: NDArray[np.floating], right: Collection[int]) -> NDArray[np.float64]:
    """As ``gold_ranks`` for one query that is scored many times: float (n_times, n_candidates) → float64 (n_times,).

    Raises:
        FeatureError: a right answer that is no candidate.
    """
    columns = _columns(right, 0, scores.shape[1])
    if not len(columns):
        return np.full(len(scores), np.nan)
    return _ranks(scores, np.arange(len(scores)), np.broadcast_to(columns, (len(scores), len(columns))))


def _columns(right: Collection[int], query: int, count: int) -> NDArray[np.int64]:
    """The columns of a query's right answers, each once; FeatureError where one is not among so many."""
    columns = np.fromiter(set(right), np.int64)
    outside = columns[(columns < 0) | (columns >= count)]
    if len(outside):
        raise FeatureError(f"right answer {outside[0]} of query {query} is not a candidate; expected 0 … {count - 1}")
    return columns


def _ranks(scores: NDArray[np.floating], rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.float64]:
    """The formula of ``gold_ranks`` for some rows of scores and their right answers, int64 (n_rows, n_right)."""
    found = np.empty(len(rows))
    step = max(1, TOGETHER // scores.shape[1])
    for start in range(0, len(rows), step):
        some = slice(start, start + step)
        own = scores[rows[some]].astype(np.float64)
        known = np.take_along_axis(own, columns[some], axis=1)
        unknown = np.isnan(known)
        best = np.where(unknown, -np.inf, known).max(axis=1, keepdims=True)
        with np.errstate(invalid="ignore"):  # of a row in which no right answer is known
            above = (own > best + TIE).sum(axis=1)  # nan is neither above nor tied
            tied = (np.abs(own - best) <= TIE).sum(axis=1)
            right = (known >= best - TIE).sum(axis=1)
        found[some] = np.where(unknown.all(axis=1), np.nan, above + (tied + 1) / (right + 1))
    return found


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
