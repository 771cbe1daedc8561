"""Evaluation: MRR and P@k over queries, with bootstrap intervals (Hartmann & Søgaard 2018, section 4)."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cldi_core.evaluation.ranking import gold_ranks

RESAMPLES, CHUNK = 2000, 200  # draws of a bootstrap; so many are made at a time
LEVEL = 0.95
CACHED = 4000  # words: draws over more are made anew each time, to spare memory
TINY = 1e-24  # a variance of figures between 0 and 1 below which they are all the same, but for rounding

# How often each word is drawn, float64 (size, n_words) → what is measured of each draw, float64 (size, …).
Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % bootstrap interval; all nan when nothing was measured."""

    value: float
    low: float
    high: float


NOTHING = Interval(float("nan"), float("nan"), float("nan"))


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


def resample(statistic: Statistic, n: int, *, resamples: int = RESAMPLES, seed: int = 0) -> NDArray[np.float64]:
    """Bootstrap a statistic: its values on words drawn at random with replacement (Efron 1979).

    A word is drawn with all its figures, because those of several pairs (or seeds, or queries) depend on each other.

    Args:
        statistic: of ``n`` words, such as ``mean_of``, ``median_of`` or ``correlation_of``.

    Returns:
        float64 (resamples, …), the same ones for the same seed.
    """
    draw = _counts if n <= CACHED else _counts.__wrapped__
    starts = range(0, resamples, CHUNK)
    counts = (draw(n, min(CHUNK, resamples - start), seed, start).astype(np.float64) for start in starts)
    return np.concatenate([statistic(some) for some in counts])


@functools.lru_cache(maxsize=64)
def _counts(n: int, size: int, seed: int, start: int) -> NDArray[np.uint16]:
    """How often each of ``n`` words is drawn in each of ``size`` resamples: uint16 (size, n), rows sum to n.

    All methods of one table are resampled alike, so the last draws are kept: 2000 resamples of six kinds of words.
    """
    rng = np.random.default_rng([seed, start])
    drawn = rng.integers(0, n, size=(size, n)) + n * np.arange(size)[:, None]
    return np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(np.uint16)


def bootstrap(statistic: Statistic, n: int, *, seed: int = 0) -> Interval:
    """A statistic of ``n`` words, one number, with its bootstrap interval."""
    return Interval(float(_of_all(statistic, n)), *_bounds(resample(statistic, n, seed=seed)))


def mean_of(values: NDArray[np.float64]) -> Statistic:
    """The mean over pairs of the means over words.

    Args:
        values: float64 (n_words, n_pairs, …): figures of each word in each language pair, nan where not covered.

    Returns:
        The statistic: float64 (size, n_words) → (size, …).
    """
    known = ~np.isnan(values)
    weights = known.reshape(len(values), -1).astype(np.float64)
    filled = np.where(known, values, 0).reshape(len(values), -1)

    def of(counts: NDArray[np.float64]) -> NDArray[np.float64]:
        totals = counts @ weights
        columns = np.where(totals > 0, counts @ filled / np.maximum(totals, 1), np.nan)
        columns = columns.reshape(len(counts), *values.shape[1:])
        pairs = (~np.isnan(columns)).sum(axis=1)
        return np.where(pairs > 0, np.nansum(columns, axis=1) / np.maximum(pairs, 1), np.nan)

    return of


def median_of(values: NDArray[np.float64]) -> Statistic:
    """The median of all figures of the drawn words: float64 (n_words, n_figures), nan where there is none."""
    known = ~np.isnan(values)
    ordered, place = np.unique(values[known], return_inverse=True)
    having = np.zeros((len(values), len(ordered)))  # how often each word has each figure
    np.add.at(having, (np.nonzero(known)[0], place), 1)

    def of(counts: NDArray[np.float64]) -> NDArray[np.float64]:
        reached = np.cumsum(counts @ having, axis=1)
        total = reached[:, -1:]
        middle = [(reached < nth).sum(axis=1) for nth in (np.ceil(total / 2), np.floor(total / 2) + 1)]
        return np.where(total[:, 0] > 0, np.append(ordered, np.nan)[middle].mean(axis=0), np.nan)

    return of


def correlation_of(one: NDArray[np.floating], other: NDArray[np.floating]) -> Statistic:
    """Pearson's r of two figures, float (n_words,) each; nan where the drawn words have the same figure."""
    sides = [(side - side.min()) / (np.ptp(side) or 1) for side in (one, other)]

    def of(counts: NDArray[np.float64]) -> NDArray[np.float64]:
        n = counts.sum(axis=1)
        left, right = (side - (counts @ side / n)[:, None] for side in sides)
        both, first, second = (
            np.einsum("ij,ij,ij->i", counts, *pair) / n for pair in ((left, right), (left, left), (right, right))
        )
        varied = np.minimum(first, second) > TINY
        return np.where(varied, both / np.sqrt(np.where(varied, first * second, 1)), np.nan)

    return of


def intervals(values: NDArray[np.float64], *, seed: int = 0) -> list[Interval]:
    """Several figures at once, on the same resamples: float64 (n_words, n_pairs, n_figures) → one interval each."""
    table = _covered(values)
    if not len(table):
        return [NOTHING] * values.shape[2]
    draws = resample(mean_of(table), len(table), seed=seed)
    means = _of_all(mean_of(table), len(table))
    return [Interval(float(mean), *_bounds(draws[:, figure])) for figure, mean in enumerate(means)]


def interval(values: NDArray[np.float64], *, seed: int = 0) -> Interval:
    """The mean over pairs of the means over words, with its bootstrap interval: float64 (n_words[, n_pairs])."""
    return intervals(_table(values)[:, :, None], seed=seed)[0]


def gap(one: NDArray[np.float64], other: NDArray[np.float64], *, seed: int = 0) -> Interval:
    """The difference of two groups' means (different words, so resampled independently), with its interval."""
    tables = [_covered(_table(values)) for values in (one, other)]
    if not all(map(len, tables)):
        return NOTHING
    means = [float(_of_all(mean_of(table), len(table))) for table in tables]
    draws = [resample(mean_of(table), len(table), seed=seed + shift) for shift, table in enumerate(tables)]
    return Interval(means[0] - means[1], *_bounds(draws[0] - draws[1]))


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


def _of_all(statistic: Statistic, n: int) -> NDArray[np.float64]:
    """The statistic of all words, each taken once: float64 (…)."""
    return np.asarray(statistic(np.ones((1, n)))[0])


def _covered(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Without the words that have no figure at all."""
    return values[~np.isnan(values).all(axis=tuple(range(1, values.ndim)))]


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
