"""Evaluation: MRR and P@k over queries, with bootstrap intervals (Hartmann & Søgaard 2018, section 4)."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cldi_core.evaluation.ranking import gold_ranks

RESAMPLES = 2000
LEVEL = 0.95
CACHED = 4000  # words: draws over more are made anew each time, to spare memory


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % bootstrap interval; all nan when nothing was measured."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Result:
    """What ``evaluate`` measured.

    Attributes:
        mrr: mean of 1/rank over the covered queries; nan when there are none.
        p_at: k → share of covered queries whose best right answer has rank <= k.
        n: covered queries, those whose word and at least one right answer have pictures.
        coverage: n over all queries that have a right answer; nan without any.
        ranks: float64 (n_queries,), nan where not covered.
    """

    mrr: float
    p_at: dict[int, float]
    n: int
    coverage: float
    ranks: NDArray[np.float64] = field(repr=False, compare=False)


def evaluate(scores: NDArray[np.floating], gold: Sequence[Collection[int]], ks: Sequence[int] = (1, 10)) -> Result:
    """Rank the right answers among all candidates and average.

    Args:
        scores: float (n_queries, n_candidates), higher is better, nan for a word without pictures.
        gold: for each query the columns of its right answers; any of them counts.
        ks: the k of P@k.

    Queries without right answers are no queries.  Queries without pictures lower ``coverage``, not the means.

    >>> evaluate(np.array([[0.9, 0.1], [0.8, 0.2]]), [{0}, {1}]).mrr
    0.75
    """
    ranks = gold_ranks(np.asarray(scores), gold)
    return summarise(ranks, asked=sum(len(right) > 0 for right in gold), ks=ks)


def summarise(ranks: NDArray[np.float64], asked: int, ks: Sequence[int] = (1, 10)) -> Result:
    """Average ranks that are known already: float64 (n,), nan where not covered, of ``asked`` queries."""
    covered = ranks[~np.isnan(ranks)]
    n = len(covered)
    return Result(
        mrr=float((1 / covered).mean()) if n else float("nan"),
        p_at={k: float((covered <= k).mean()) if n else float("nan") for k in ks},
        n=n,
        coverage=n / asked if asked else float("nan"),
        ranks=ranks,
    )


def resample(
    values: NDArray[np.float64], *, resamples: int = RESAMPLES, seed: int = 0, chunk: int = 200
) -> NDArray[np.float64]:
    """Bootstrap the mean of the columns' means by resampling rows.

    Args:
        values: float64 (n_words, n_pairs, …): figures of each word in each language pair, nan where not covered.
            A word is drawn with all its pairs, because its figures in several pairs depend on each other.

    Returns:
        float64 (resamples, …): the mean over pairs of the means over words, in each resample.
    """
    n = len(values)
    known = ~np.isnan(values)
    filled = np.where(known, values, 0).reshape(n, -1)
    weights = known.reshape(n, -1).astype(np.float64)
    means = []
    for start in range(0, resamples, chunk):
        size = min(chunk, resamples - start)
        counts = (_counts if n <= CACHED else _counts.__wrapped__)(n, size, seed, start)
        totals = counts @ weights
        columns = np.where(totals > 0, counts @ filled / np.maximum(totals, 1), np.nan)
        means.append(_mean_over_pairs(columns.reshape(size, *values.shape[1:])))
    return np.concatenate(means)


@functools.lru_cache(maxsize=16)
def _counts(n: int, size: int, seed: int, start: int) -> NDArray[np.float64]:
    """How often each of ``n`` words is drawn in each of ``size`` resamples: float64 (size, n), rows sum to n.

    All methods of one table are resampled alike, so the last draws are kept.
    """
    rng = np.random.default_rng([seed, start])
    drawn = rng.integers(0, n, size=(size, n)) + n * np.arange(size)[:, None]
    return np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(np.float64)


def intervals(values: NDArray[np.float64], *, resamples: int = RESAMPLES, seed: int = 0) -> list[Interval]:
    """Several figures at once, on the same resamples: float64 (n_words, n_pairs, n_figures) → one interval each."""
    table = values[~np.isnan(values).all(axis=(1, 2))]
    if not len(table):
        return [Interval(float("nan"), float("nan"), float("nan"))] * values.shape[2]
    known = ~np.isnan(table)
    totals = known.sum(axis=0)
    columns = np.where(totals > 0, np.where(known, table, 0).sum(axis=0) / np.maximum(totals, 1), np.nan)
    means = _mean_over_pairs(columns[None])[0]
    draws = resample(table, resamples=resamples, seed=seed)
    return [Interval(float(mean), *_bounds(draws[:, figure])) for figure, mean in enumerate(means)]


def interval(values: NDArray[np.float64], *, resamples: int = RESAMPLES, seed: int = 0) -> Interval:
    """The mean over pairs of the means over words, with its bootstrap interval: float64 (n_words[, n_pairs])."""
    return intervals(_table(values)[:, :, None], resamples=resamples, seed=seed)[0]


def gap(one: NDArray[np.float64], other: NDArray[np.float64], *, resamples: int = RESAMPLES, seed: int = 0) -> Interval:
    """The difference of two groups' means (different words, so resampled independently), with its interval."""
    first, second = interval(one, seed=seed).value, interval(other, seed=seed).value
    if np.isnan(first) or np.isnan(second):
        return Interval(float("nan"), float("nan"), float("nan"))
    tables = [_table(values) for values in (one, other)]
    tables = [table[~np.isnan(table).all(axis=1)] for table in tables]
    draws = [resample(table, resamples=resamples, seed=seed + shift) for shift, table in enumerate(tables)]
    return Interval(first - second, *_bounds(draws[0] - draws[1]))


def paired(one: NDArray[np.float64], other: NDArray[np.float64], *, seed: int = 0) -> Interval:
    """The mean difference of two methods on the same words (resampled together), with its interval."""
    return interval(np.asarray(one) - np.asarray(other), seed=seed)


def figures(ranks: NDArray[np.float64], ks: Sequence[int] = (1, 10)) -> Mapping[str, NDArray[np.float64]]:
    """The figures that are averaged: ``"mrr"`` → 1/rank, ``"p@k"`` → rank <= k; nan where not covered."""
    hits = {f"p@{k}": np.where(np.isnan(ranks), np.nan, (ranks <= k).astype(np.float64)) for k in ks}
    return {"mrr": 1 / ranks, **hits}


def chance(candidates: int, right: int) -> float:
    """The expected reciprocal rank of the best of ``right`` answers in a random order of ``candidates``.

    ``Σ_r P(best rank = r) / r`` with ``P(best rank > r) = C(candidates - r, right) / C(candidates, right)``.
    """
    if not 0 < right <= candidates:
        return float("nan")
    total, beyond = 0.0, 1.0
    for position in range(1, candidates - right + 2):
        hit = beyond * right / (candidates - position + 1)
        total += hit / position
        beyond -= hit
    return total


def _mean_over_pairs(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64 (n, n_pairs, …) → (n, …): the mean over the pairs that have a figure."""
    known = ~np.isnan(columns)
    counts = known.sum(axis=1)
    return np.where(counts > 0, np.where(known, columns, 0).sum(axis=1) / np.maximum(counts, 1), np.nan)


def _table(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64 (n_words,) or (n_words, n_pairs) → (n_words, n_pairs)."""
    array = np.asarray(values, np.float64)
    return array[:, None] if array.ndim == 1 else array


def _bounds(draws: NDArray[np.float64]) -> tuple[float, float]:
    tail = (1 - LEVEL) / 2
    if np.isnan(draws).all():
        return float("nan"), float("nan")
    low, high = np.nanquantile(draws, [tail, 1 - tail])
    return float(low), float(high)
