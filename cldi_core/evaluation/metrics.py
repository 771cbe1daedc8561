"""MRR and P@k over queries, and 95 % intervals of what is averaged over words (Hartmann & Søgaard 2018, section 4).

All intervals come from one idea.  The words are a sample; a word counts with everything that was measured of it (as
each of its parts of speech and in all language pairs), because these depend on each other: words are the *clusters*.
They are the words that are asked; in an average over pairs that translate into English the English ones, whose pictures
stand behind the right answers in all of them (``tables.by_english``).
A mean's variance is that of the clusters' contributions to it (linearization; Taylor series in surveys).
A mean of figures between known bounds gets Wilson's (1927) score interval with the *effective* number of coin tosses
``m (1 - m) / variance`` in place of n and Student's t with n - 1 degrees of freedom in place of 1.96, as surveys do it
for proportions (Kott & Carr 1997; Franco, Little, Louis & Slud 2019 recommend this form, and R's ``svyciprop`` has it).
For P@k of one pair that is Wilson's interval of n - 1 tosses; 1/rank lies in [0, 1] too, a paired difference in
[-1, 1].

It was chosen by simulated coverage, beside bootstraps (percentile, BCa, bootstrap-t) and Student's t: words were drawn
again and again from the demo's ranks, 20, 40 or 100 at a time.  At 20 words it held the truth in .84 to .98 of the
draws and in .92 to .98 of most; a percentile bootstrap in .51 to .94, BCa in .51 to .98, Student's t in .51 to .96.
Bootstrap-t is better for MRR (.88 to .98) and useless for P@k (.29 to .99).  What is hardest for all: P@1 near 0, and
differences that are 0 for most words.  ``tools/documents/coverage.py`` measures it again, on other words and features,
and docs/METHODS.md shows what comes out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cldi_core.errors import FeatureError
from cldi_core.evaluation.ranking import gold_ranks

LEVEL = 0.95
ENOUGH = 20  # words: of fewer, no interval holds the truth as often as it says
FEW, ALIKE = "n too small", "no spread"  # why a figure has no interval
TINY = 1e-18  # a variance of figures between 0 and 1 below which they are all the same, but for rounding
WIDTH = 1e-9  # narrower than any interval is
SHARES, DIFFERENCES, ANY = (0.0, 1.0), (-1.0, 1.0), (-math.inf, math.inf)  # between what bounds figures can lie

Clusters = Sequence[object] | NDArray[Any] | None  # the word of each query; None: each has one of its own


@dataclass(frozen=True)
class Interval:
    """A figure with its 95 % interval.

    Attributes:
        value: nan when nothing was measured.
        low, high: nan where there is no interval; ``why`` says why not.  Never equal.
        n: the independent things it was measured on: words, or items of a corpus.
    """

    value: float
    low: float
    high: float
    n: int

    @classmethod
    def between(cls, value: float, low: float, high: float, n: int) -> Interval:
        """The record of bounds that were computed; an interval without a width is none."""
        return cls(value, float(low), float(high), n) if high - low > WIDTH else cls(value, math.nan, math.nan, n)

    @property
    def why(self) -> str:
        """Why there is no interval: ``"n too small"``, ``"no spread"`` (all figures are the same); ``""`` elsewhere."""
        if not math.isnan(self.low) or math.isnan(self.value):
            return ""
        return FEW if self.n < ENOUGH else ALIKE

    @property
    def digits(self) -> int:
        """How many decimals tell the bounds apart: two, or more where they would be written alike."""
        return next((n for n in range(2, 9) if round(self.low, n) != round(self.high, n)), 2)

    def side(self, digits: int | None = None) -> int:
        """1 or -1 where the interval lies above or below 0 also as it is written, with so many decimals; 0 elsewhere.

        Nothing is drawn as a finding whose written interval touches 0, nor what has no interval.
        """
        digits = self.digits if digits is None else digits
        return int(round(self.low, digits) > 0) - int(round(self.high, digits) < 0)

    def bounds(self, number: Callable[[float, int], str]) -> str:
        """``"[.54, .60]"``, each written by ``number`` (of a figure and decimals); ``"(n too small)"``; ``""``."""
        if math.isnan(self.value):
            return ""
        if self.why:
            return f"({self.why})"
        return f"[{number(self.low, self.digits)}, {number(self.high, self.digits)}]"

    def text(self, number: Callable[[float, int], str]) -> str:
        """``".57 [.54, .60]"``, or ``".57 (n too small)"``; ``"–"`` where nothing was measured."""
        if math.isnan(self.value):
            return "–"
        return f"{number(self.value, self.digits)} {self.bounds(number)}"

    def record(self, name: str) -> dict[str, Any]:
        """As parts of a record: ``name``, ``name_low``, ``name_high``, ``name_why``."""
        return {name: self.value, f"{name}_low": self.low, f"{name}_high": self.high, f"{name}_why": self.why}


NOTHING = Interval(math.nan, math.nan, math.nan, 0)


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


@dataclass(frozen=True)
class _Mean:
    """A mean, and what each cluster contributes to its deviation.

    Attributes:
        shares: float64 (n,), their sum is 0 and ``n / (n - 1)`` times their squares' is the mean's variance.
        clusters: what each of them is called, sorted.
    """

    value: float
    shares: NDArray[np.float64]
    clusters: NDArray[Any]

    @property
    def variance(self) -> float:
        n = len(self.shares)
        return float((self.shares**2).sum() * n / (n - 1))


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


def figures(ranks: NDArray[np.float64], ks: Sequence[int] = (1, 10)) -> Mapping[str, NDArray[np.float64]]:
    """The figures that are averaged: ``"mrr"`` → 1/rank, ``"p@k"`` → rank <= k.

    Args:
        ranks: float64 (n,), nan where not covered; ks: the k of P@k.

    Returns:
        float64 (n,) by name; nan where not covered.

    >>> {name: values.tolist() for name, values in figures(np.array([1.0, 4.0]), ks=(1,)).items()}
    {'mrr': [1.0, 0.25], 'p@1': [1.0, 0.0]}
    """
    hits = {f"p@{k}": np.where(np.isnan(ranks), np.nan, (ranks <= k).astype(np.float64)) for k in ks}
    return {"mrr": 1 / ranks, **hits}


def chance(candidates: int, right: int) -> float:
    """The expected reciprocal rank of the best of ``right`` answers in a random order of ``candidates``.

    ``Σ_r P(best rank = r) / r`` with ``P(best rank > r) = C(candidates - r, right) / C(candidates, right)``.

    >>> chance(candidates=2, right=1)
    0.75
    """
    if not 0 < right <= candidates:
        return float("nan")
    total, beyond = 0.0, 1.0
    for position in range(1, candidates - right + 2):
        hit = beyond * right / (candidates - position + 1)
        total += hit / position
        beyond -= hit
    return total


def interval(values: NDArray[np.float64], clusters: Clusters = None, *, span: tuple[float, float] = SHARES) -> Interval:
    """The mean over pairs of the means over queries, with its interval.

    Args:
        values: float64 (n_queries,) or (n_queries, n_pairs): the figures of each query in each language pair (or under
            each seed), nan where not covered.
        clusters: the word of each query; without it each is one of its own.
        span: between what bounds figures can lie; ``ANY`` for such as have none, which get Student's t.

    Raises:
        FeatureError: figures lie outside the span.
    """
    table = _table(values)
    known = table[~np.isnan(table)]
    if len(known) and not span[0] <= known.min() <= known.max() <= span[1]:
        raise FeatureError(f"figures from {known.min():g} to {known.max():g}; expected {span[0]:g} to {span[1]:g}")
    return _bounded(_mean(table, clusters), span)


def paired(one: NDArray[np.float64], other: NDArray[np.float64], clusters: Clusters = None) -> Interval:
    """The mean difference of two methods on the same queries, with its interval; figures between 0 and 1.

    Args:
        one, other: float64 (n_queries,) or (n_queries, n_pairs), nan where not covered; only what both cover counts.
        clusters: the word of each query, as in ``interval``.
    """
    return interval(np.asarray(one) - np.asarray(other), clusters, span=DIFFERENCES)


def gap(
    one: NDArray[np.float64], other: NDArray[np.float64], clusters: tuple[Clusters, Clusters] = (None, None)
) -> Interval:
    """The difference of the means of two groups of queries, with its interval; figures between 0 and 1.

    From the intervals of both means by the method of variance estimates recovery (Zou & Donner 2008; for two
    proportions that is Newcombe's 1998 tenth method).  Words that have queries in both groups (*plant*, noun
    and verb) correlate the two means.

    Args:
        one, other: as in ``interval``; clusters: the words of both.
    """
    tables = _table(one), _table(other)
    # Without names no word is in both groups: the numbers of the second begin where those of the first end.
    apart = np.split(np.arange(len(tables[0]) + len(tables[1])), [len(tables[0])])
    first, second = (
        _mean(table, number if own is None else own) for table, own, number in zip(tables, clusters, apart, strict=True)
    )
    left, right = (_bounded(mean, SHARES) for mean in (first, second))
    n, value = min(left.n, right.n), left.value - right.value
    if not n:
        return NOTHING
    if left.why or right.why:
        return Interval(value, math.nan, math.nan, n)
    _, here, there = np.intersect1d(first.clusters, second.clusters, return_indices=True)
    covariance = float((first.shares[here] * second.shares[there]).sum())
    together = covariance / math.sqrt(first.variance * second.variance) if here.size else 0.0

    def reach(a: float, b: float) -> float:
        return math.sqrt(max(a * a + b * b - 2 * together * a * b, 0.0))

    low = value - reach(left.value - left.low, right.high - right.value)
    high = value + reach(left.high - left.value, right.value - right.low)
    return Interval.between(value, low, high, n)


def correlation(
    one: NDArray[np.floating], other: NDArray[np.floating], clusters: Clusters = None, *, ranks: bool = False
) -> Interval:
    """Pearson's r of two figures, or Spearman's rho of them, with Fisher's interval: float (n_queries,) each.

    The variance of ``artanh r`` is 1 / (n - 3) for Pearson's, (1 + ρ²/2) / (n - 3) for Spearman's (Bonett & Wright
    2000).  ``NOTHING`` where a figure does not vary, or of fewer than three queries.

    Args:
        clusters: the word of each query, as in ``interval``; their number is n.
        ranks: Spearman's.
    """
    from scipy.special import ndtri
    from scipy.stats import rankdata

    if len(one) < 3:
        return NOTHING
    sides = [rankdata(side) if ranks else np.asarray(side, np.float64) for side in (one, other)]
    centred = [side - side.mean() for side in sides]
    # Lengths beside those of the figures themselves: what is left of them by rounding is no variance.
    lengths = [float(np.linalg.norm(side)) for side in centred]
    if any(own <= 1e-12 * float(np.linalg.norm(side)) for own, side in zip(lengths, sides, strict=True)):
        return NOTHING
    value = float(np.clip(centred[0] @ centred[1] / (lengths[0] * lengths[1]), -1, 1))
    n = len(one) if clusters is None else len(np.unique(np.asarray(clusters)))
    if n < ENOUGH or abs(value) > 1 - 1e-12:
        return Interval(value, math.nan, math.nan, n)
    error = math.sqrt((1 + value**2 / 2 if ranks else 1.0) / (n - 3))
    reach = float(ndtri((1 + LEVEL) / 2)) * error
    return Interval.between(value, math.tanh(math.atanh(value) - reach), math.tanh(math.atanh(value) + reach), n)


def _mean(table: NDArray[np.float64], clusters: Clusters) -> _Mean:
    """The mean over pairs of the means over queries, float64 (n_queries, n_pairs); nan without any."""
    names = np.arange(len(table)) if clusters is None else np.asarray(clusters)
    known = ~np.isnan(table)
    totals = known.sum(axis=0)
    filled = np.where(known, table, 0)
    means = filled.sum(axis=0) / np.maximum(totals, 1)
    pairs = int((totals > 0).sum())
    if not pairs:
        return _Mean(math.nan, np.zeros(0), names[:0])
    own = (np.where(known, table - means, 0) / np.maximum(totals, 1)).sum(axis=1) / pairs
    covered = known.any(axis=1)
    found, place = np.unique(names[covered], return_inverse=True)
    shares = np.bincount(place, own[covered], len(found)).astype(np.float64)
    return _Mean(float(means.sum() / pairs), shares, found)


def _bounded(mean: _Mean, span: tuple[float, float]) -> Interval:
    """A mean with its interval."""
    n = len(mean.shares)
    nothing = Interval(mean.value, math.nan, math.nan, n)
    if n < ENOUGH:
        return nothing
    if math.isinf(span[1] - span[0]):
        reach = _student(n) * math.sqrt(mean.variance)
        return Interval.between(mean.value, mean.value - reach, mean.value + reach, n)
    width = span[1] - span[0]
    share, variance = (mean.value - span[0]) / width, mean.variance / width**2
    spread = share * (1 - share)
    if variance > TINY:
        effective = spread / variance
    elif spread > TINY:
        return nothing  # all are the same, and at neither bound: nothing says how far others may be
    else:
        effective = n - 1  # as many as a share near it has
    low, high = np.clip(span[0] + width * _wilson(share, effective, n), *span)  # but for rounding they lie within
    return Interval.between(mean.value, min(low, mean.value), max(high, mean.value), n)


def _wilson(share: float, effective: float, n: int) -> NDArray[np.float64]:
    """Wilson's score interval of a share of so many tosses, with Student's t of ``n`` words: float64 (2,)."""
    squared = _student(n) ** 2 / effective
    reach = math.sqrt(squared * (share * (1 - share) + squared / 4))
    return (share + squared / 2 + np.array([-reach, reach])) / (1 + squared)


def _student(n: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(n - 1, (1 + LEVEL) / 2))


def _table(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64 (n_queries,) or (n_queries, n_pairs) → (n_queries, n_pairs)."""
    array = np.asarray(values, np.float64)
    return array[:, None] if array.ndim == 1 else array
