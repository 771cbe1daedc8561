"""Whether one method is better than another: paired bootstrap and permutation over words, Holm's correction.

Everything is over words, as the intervals of ``metrics`` are: a word counts with all that was measured of it, because
its queries share their pictures.  What a word contributes to the difference of two means is one number; these are drawn
with replacement (bootstrap: Efron & Tibshirani 1993, chapter 13; for rankings Koehn 2004), or have their signs flipped
(permutation; Smucker, Allan & Carterette 2007 found both to agree for MAP of rankings).

The bootstrap's percentile interval is shown beside the p value, because it asks the same question of the same words.
It is too narrow for few words (see ``metrics``), so that there is none below ``ENOUGH``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from cldi_core.errors import FeatureError
from cldi_core.evaluation import metrics
from cldi_core.evaluation.metrics import Clusters, Interval

DRAWS = 10_000
ALPHA = 0.05
LEVEL_AT = 1e-12  # contributions that differ by less are level, but for rounding
_CHUNK = 2_000_000  # numbers drawn at a time


@dataclass(frozen=True)
class Paired:
    """How much better one method is than another on the same words.

    Attributes:
        difference: of the means, the first less the second, with its bootstrap interval; n is the number of words.
        p: two-sided, of the permutation test; nan without words.
        won, lost, level: words that the first has better, worse, and that are the same, each with all its queries.
    """

    difference: Interval
    p: float
    won: int
    lost: int
    level: int


@dataclass(frozen=True)
class Contributions:
    """What each word contributes to some differences of two means, all of the same queries.

    Attributes:
        sums: float64 (n_words, n_pairs, n_differences), of the differences of its queries.
        counts: float64 (n_words, n_pairs), the number of these.
    """

    sums: NDArray[np.float64]
    counts: NDArray[np.float64]

    @classmethod
    def of(cls, less: NDArray[np.float64], words: Clusters) -> Contributions:
        """Of differences, float64 (n_queries, n_pairs, n_differences), nan where one of them is not known."""
        names = np.arange(len(less)) if words is None else np.asarray(words)
        if len(names) != len(less):
            raise FeatureError(f"{len(less)} queries but {len(names)} words; give the word of each query")
        known = np.asarray(~np.isnan(less).any(axis=2))
        kept = known.any(axis=1)
        found, place = np.unique(names[kept], return_inverse=True)
        sums, counts = np.zeros((len(found), *less.shape[1:])), np.zeros((len(found), less.shape[1]))
        np.add.at(sums, place, np.where(known[:, :, None], less, 0)[kept])
        np.add.at(counts, place, known[kept])
        return cls(sums, counts)

    @property
    def shares(self) -> NDArray[np.float64]:
        """What each word adds, float64 (n_words, n_differences): their sum is the mean over pairs of the means."""
        totals = self.counts.sum(axis=0)
        pairs = max(int((totals > 0).sum()), 1)
        shares: NDArray[np.float64] = (self.sums / np.maximum(totals, 1)[:, None]).sum(axis=1) / pairs
        return shares


def compare(
    one: NDArray[np.float64],
    other: NDArray[np.float64],
    words: Clusters = None,
    *,
    seed: int = 0,
    draws: int = DRAWS,
) -> Paired:
    """Set two methods against each other on the same queries.

    Args:
        one, other: float64 (n_queries,) or (n_queries, n_pairs): a figure of each query under each of them, such as
            1/rank, higher is better, nan where not covered; only what both cover counts.
        words: the word of each query, as the ``clusters`` of ``metrics.interval``.
        draws: of the bootstrap and of the permutation test.

    Raises:
        FeatureError: figures or words that are not of the same queries.
    """
    return every_pair({"one": one, "other": other}, words, seed=seed, draws=draws)[0][2]


def every_pair(
    figures: Mapping[str, NDArray[np.float64]], words: Clusters = None, *, seed: int = 0, draws: int = DRAWS
) -> list[tuple[str, str, Paired]]:
    """``compare`` of each of some methods with each that follows it: [(one, other, how they compare)].

    Only what all of them cover counts, so that all differences are of the same words.
    """
    names = list(combinations(figures, 2))
    shapes = {np.shape(one) for one in figures.values()}
    if len(shapes) > 1 or not shapes or len(next(iter(shapes))) not in (1, 2):
        raise FeatureError(f"figures of shapes {shapes}; expected (n_queries,) or (n_queries, n_pairs), all the same")
    arrays = {name: np.asarray(one, np.float64) for name, one in figures.items()}
    tables = {name: one[:, None] if one.ndim == 1 else one for name, one in arrays.items()}
    found = Contributions.of(np.stack([tables[one] - tables[other] for one, other in names], axis=2), words)
    shares = found.shares
    if not len(shares):
        return [(*both, Paired(metrics.NOTHING, math.nan, 0, 0, 0)) for both in names]
    intervals, ps = bootstrap(found, seed=seed, draws=draws), flipped(shares, seed=seed, draws=draws)
    won, lost = (shares > LEVEL_AT).sum(axis=0).tolist(), (shares < -LEVEL_AT).sum(axis=0).tolist()
    return [
        (*both, Paired(intervals[k], float(ps[k]), won[k], lost[k], len(shares) - won[k] - lost[k]))
        for k, both in enumerate(names)
    ]


def bootstrap(found: Contributions, *, seed: int = 0, draws: int = DRAWS) -> list[Interval]:
    """Each difference with the percentile interval of a bootstrap over words.

    A draw takes as many words as there are, with replacement, each with all its queries; its figure is the mean over
    pairs of the means over the queries it took.
    """
    values, (n, pairs, several) = found.shares.sum(axis=0), found.sums.shape
    if n < metrics.ENOUGH:
        return [Interval(float(value), math.nan, math.nan, n) for value in values]
    sums, parts = found.sums.reshape(n, -1), []
    for times in _times(np.random.default_rng(seed), n, draws):
        totals = (times @ found.counts)[:, :, None]
        means = (times @ sums).reshape(-1, pairs, several) / np.where(totals > 0, totals, math.nan)
        parts.append(np.nanmean(means, axis=1))  # a draw may have no query of a pair
    ends = [(1 - metrics.LEVEL) / 2, (1 + metrics.LEVEL) / 2]
    low, high = np.nanquantile(np.concatenate(parts), ends, axis=0)
    return [Interval.between(float(value), low[k], high[k], n) for k, value in enumerate(values)]


def _times(rng: np.random.Generator, n: int, draws: int) -> Iterator[NDArray[np.float64]]:
    """How often each of ``n`` words is taken in each draw, some draws at a time: float64 (draws, n)."""
    step = max(_CHUNK // n, 1)
    for start in range(0, draws, step):
        count = min(step, draws - start)
        taken = rng.integers(0, n, (count, n)) + n * np.arange(count)[:, None]
        yield np.bincount(taken.ravel(), minlength=count * n).reshape(count, n).astype(np.float64)


def flipped(shares: NDArray[np.float64], *, seed: int = 0, draws: int = DRAWS) -> NDArray[np.float64]:
    """Two-sided p of sums, by flipping the signs of whole words: float64 (n_words, n_sums) → (n_sums,).

    If two methods were equally good, each word's contribution could as well have had the other sign.  Words that are
    level have no sign.  All ways to choose the others' signs are tried where they are no more than ``draws``; else so
    many are drawn, and the one that was measured counts among them (Phipson & Smyth 2010), so that no p is 0.
    """
    moved = np.abs(shares) > LEVEL_AT
    few = np.array([n < 63 and 2**n <= draws for n in moved.sum(axis=0).tolist()], bool)
    found = np.full(shares.shape[1], math.nan)
    for column in np.flatnonzero(few):
        kept = shares[moved[:, column], column]
        ways = np.arange(2 ** len(kept))
        signs = np.where((ways[:, None] >> np.arange(len(kept))) & 1, -1.0, 1.0)
        found[column] = _beyond(signs, kept[:, None])[0] / len(ways)
    rest = shares[:, ~few]
    if rest.shape[1]:
        rng, step, beyond = np.random.default_rng(seed), max(_CHUNK // len(rest), 1), np.zeros(rest.shape[1])
        for start in range(0, draws, step):
            bits = rng.integers(0, 2, (min(step, draws - start), len(rest)), np.int8)
            beyond += _beyond(1.0 - 2.0 * bits, rest)
        found[~few] = (beyond + 1) / (draws + 1)
    return found


def p_values(
    differences: Sequence[NDArray[np.float64]], words: Clusters, *, seed: int = 0, draws: int = DRAWS
) -> NDArray[np.float64]:
    """The p of several differences, each on what it covers itself: float64 (n_differences,), nan where that is nothing.

    Args:
        differences: each float64 (n_queries, n_pairs), nan where not covered; words: as in ``compare``.
    """
    if not differences:
        return np.zeros(0)
    less = np.stack(differences, axis=2)
    known = ~np.isnan(less)
    totals = known.sum(axis=0)
    pairs = np.maximum((totals > 0).sum(axis=0), 1)
    found, place = np.unique(np.arange(len(less)) if words is None else np.asarray(words), return_inverse=True)
    shares = np.zeros((len(found), len(differences)))
    np.add.at(shares, place, (np.where(known, less, 0) / np.maximum(totals, 1)).sum(axis=1) / pairs)
    return np.where(totals.sum(axis=0) > 0, flipped(shares, seed=seed, draws=draws), math.nan)


def _beyond(signs: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """How often sums with these signs lie as far from 0 as those that were measured: float64 (n_sums,)."""
    slack = LEVEL_AT * max(len(shares), 1)  # sums of the same numbers in another order differ by rounding
    far: NDArray[np.float64] = (np.abs(signs @ shares) >= np.abs(shares.sum(axis=0)) - slack).sum(axis=0, dtype=float)
    return far


def holm(ps: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
    """p values after Holm's (1979) correction for the family that they are: float64 (n,); nan is of no family.

    The smallest of n times n, the next times n - 1 …, none below the one before.  That of statsmodels, which gives the
    same, looks through all memory for garbage each time.
    """
    given = np.asarray(ps, np.float64)
    found, known = np.full(len(given), math.nan), np.flatnonzero(~np.isnan(given))
    order = known[np.argsort(given[known], kind="stable")]
    found[order] = np.minimum(np.maximum.accumulate(given[order] * np.arange(len(order), 0, -1)), 1.0)
    return found
