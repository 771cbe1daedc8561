"""Intervals of what was measured under several seeds: items and seeds are drawn anew together.

A seed has its own split and its own first weights, so that figures of one seed depend on each other as those of one
item do.  Both are therefore drawn with replacement, independently of each other (the pigeonhole bootstrap, Owen 2007,
*Annals of Applied Statistics* 1), and an interval says what other items *and* other seeds would give.  Where there is
one seed only, it speaks of other items alone.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cldi_core.evaluation.metrics import ENOUGH, LEVEL, NOTHING, Interval

RESAMPLES, CHUNK = 2000, 200  # draws of a bootstrap; so many are made at a time
CACHED = 4000  # items: draws over more are made anew each time, to spare memory
SEED = 1  # of the draws of seeds

# How often each item is drawn, float64 (size, n_items) → what is measured of each draw, float64 (size, …).
Statistic = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def interval(table: NDArray[np.float64]) -> Interval:
    """The mean over seeds of the means over items: float64 (n_items, n_seeds), nan where a seed lacks the item."""
    table = table[~np.isnan(table).all(axis=1)]
    if not len(table):
        return NOTHING
    known = ~np.isnan(table)
    filled, weights = np.where(known, table, 0), known.astype(np.float64)
    both = np.hstack([filled, weights])
    every = filled.sum(axis=0) / np.maximum(weights.sum(axis=0), 1)
    totals, sizes = np.hsplit(resample(lambda counts: counts @ both, len(table)), 2)
    means = totals / np.maximum(sizes, 1)
    seeds = _seeds(table.shape[1]) * (sizes > 0)
    draws = (seeds * means).sum(axis=1) / np.where(seeds.any(axis=1), seeds.sum(axis=1), np.nan)
    return of_draws(float(every[weights.any(axis=0)].mean()), draws, len(table))


def median(ranks: NDArray[np.float64]) -> Interval:
    """The median of all ranks: float64 (n_items, n_seeds, n_queries), nan where there is none."""
    ranks = ranks[~np.isnan(ranks).all(axis=(1, 2))]
    if not len(ranks):
        return NOTHING
    ordered = np.unique(ranks[~np.isnan(ranks)])
    reached = np.zeros((RESAMPLES, len(ordered)))
    for number, seeds in enumerate(_seeds(ranks.shape[1]).T):
        own = ranks[:, number]
        there = np.flatnonzero(~np.isnan(own).all(axis=1))
        items, _ = places = np.nonzero(~np.isnan(own[there]))
        having = np.zeros((len(there), len(ordered)))  # how often each item has each rank, or a lower one
        np.add.at(having, (items, np.searchsorted(ordered, own[there][places])), 1)
        drawn = resample(lambda counts, there=there: counts[:, there], len(ranks))  # type: ignore[misc]
        reached += seeds[:, None] * (drawn @ having.cumsum(axis=1))
    total = reached[:, -1:]
    middle = [(reached < nth).sum(axis=1) for nth in (np.ceil(total / 2), np.floor(total / 2) + 1)]
    draws = np.where(total[:, 0] > 0, np.append(ordered, np.nan)[middle].mean(axis=0), np.nan)
    return of_draws(float(np.nanmedian(ranks)), draws, len(ranks))


def resample(statistic: Statistic, n: int, *, resamples: int = RESAMPLES, seed: int = 0) -> NDArray[np.float64]:
    """Bootstrap a statistic: its values on items drawn at random with replacement (Efron 1979).

    ``of_draws`` makes an interval of them.

    Returns:
        float64 (resamples, …), the same ones for the same seed.
    """
    draw = _counts if n <= CACHED else _counts.__wrapped__
    starts = range(0, resamples, CHUNK)
    counts = (draw(n, min(CHUNK, resamples - start), seed, start).astype(np.float64) for start in starts)
    return np.concatenate([statistic(some) for some in counts])


def of_draws(value: float, draws: NDArray[np.float64], n: int) -> Interval:
    """A figure of ``n`` items with the percentile interval of its resampled values: float64 (resamples,)."""
    if n < ENOUGH or np.isnan(draws).all():
        return Interval(value, math.nan, math.nan, n)
    tail = (1 - LEVEL) / 2
    low, high = np.nanquantile(draws, [tail, 1 - tail])
    return Interval.between(value, low, high, n)


@functools.lru_cache(maxsize=64)
def _counts(n: int, size: int, seed: int, start: int) -> NDArray[np.uint16]:
    """How often each of ``n`` items is drawn in each of ``size`` resamples: uint16 (size, n), rows sum to n.

    All rows of one table are resampled alike, so the last draws are kept: 2000 resamples of six kinds of rows.
    """
    rng = np.random.default_rng([seed, start])
    drawn = rng.integers(0, n, size=(size, n)) + n * np.arange(size)[:, None]
    return np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(np.uint16)


@functools.lru_cache(maxsize=16)
def _seeds(n: int) -> NDArray[np.float64]:
    """How often each of ``n`` seeds is drawn in each resample: float64 (RESAMPLES, n), rows sum to n."""
    found = np.random.default_rng(SEED).multinomial(n, [1 / n] * n, size=RESAMPLES).astype(np.float64)
    found.flags.writeable = False
    return found
