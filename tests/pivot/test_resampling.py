"""Intervals over items and seeds together: against loops, and against what is known of their width."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from cldi_core.evaluation import metrics
from cldi_core.evaluation.metrics import NOTHING, Interval
from cldi_core.pivot import resampling
from tests import oracles


def ragged(items: int = 60, seeds: int = 4, *, of_seeds: float = 0.0) -> np.ndarray:
    """Hits of items under seeds, float64 (items, seeds); each seed has only some of the items, and its own level."""
    rng = np.random.default_rng(1)
    level = 0.5 + of_seeds * np.linspace(-1, 1, seeds)
    table = (rng.random((items, seeds)) < level).astype(float)
    table[rng.random((items, seeds)) < 0.4] = np.nan
    return table


def slow_draws(table: np.ndarray) -> np.ndarray:
    """The mean over drawn seeds of the means over drawn items, by loops: float64 (draws,)."""
    rng, found = np.random.default_rng(5), []
    for _ in range(2000):
        items, seeds = (rng.integers(0, n, n) for n in table.shape)
        means = [np.nanmean(own) for own in table[items][:, seeds].T if not np.isnan(own).all()]
        found.append(np.mean(means))
    return np.array(found)


@pytest.mark.parametrize("of_seeds", [0.0, 0.3])
def test_items_and_seeds_are_drawn_together(of_seeds: float) -> None:
    table = ragged(of_seeds=of_seeds)
    found = resampling.interval(table)
    assert found.value == pytest.approx(np.nanmean(table, axis=0).mean())
    low, high = np.quantile(slow_draws(table), [0.025, 0.975])
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.02)


def test_where_seeds_differ_the_interval_is_wider_than_over_items_alone() -> None:
    table = np.repeat([[0.0, 1.0]], 50, axis=0)  # two seeds that never agree: other items change nothing
    found = resampling.interval(table)
    assert (found.value, found.low, found.high) == (0.5, 0, 1)
    table = ragged(400, 6, of_seeds=0.3)
    wide, narrow = resampling.interval(table), metrics.interval(table)
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low) and wide.value == pytest.approx(narrow.value)


def test_of_one_seed_only_items_are_drawn() -> None:
    table = ragged(seeds=1)
    table = table[~np.isnan(table[:, 0])]
    found, rng = resampling.interval(table), np.random.default_rng(7)
    draws = table[rng.integers(0, len(table), (20_000, len(table))), 0].mean(axis=1)
    assert found.value == pytest.approx(table.mean())
    assert (found.low, found.high) == pytest.approx(np.quantile(draws, [0.025, 0.975]), abs=0.01)


def test_items_without_figures_do_not_count() -> None:
    table = ragged()
    nothing = np.full((7, 4), np.nan)
    assert resampling.interval(np.concatenate([table, nothing])) == resampling.interval(table)
    assert np.isnan(resampling.interval(nothing).value) and np.isnan(resampling.median(nothing[:, :, None]).value)


def slow_medians(ranks: np.ndarray) -> np.ndarray:
    """The medians of drawn items under drawn seeds, by loops: float64 (draws,)."""
    rng, found = np.random.default_rng(5), []
    for _ in range(2000):
        items, seeds = (rng.integers(0, n, n) for n in ranks.shape[:2])
        found.append(np.nanmedian(ranks[items][:, seeds]))
    return np.array(found)


def test_the_median_of_drawn_items_and_seeds() -> None:
    rng = np.random.default_rng(2)
    ranks = rng.integers(1, 60, (40, 3, 2)).astype(float) + 20 * np.arange(3)[None, :, None]
    ranks[rng.random(ranks.shape) < 0.3] = np.nan
    found = resampling.median(ranks)
    assert found.value == np.nanmedian(ranks)
    low, high = np.quantile(slow_medians(ranks), [0.025, 0.975])
    assert (found.low, found.high) == pytest.approx((low, high), abs=1.5)


def mean_of(values: np.ndarray) -> resampling.Statistic:
    """The mean over pairs of the means of the drawn items."""
    known = ~np.isnan(values)

    def of(counts: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return np.nanmean((counts @ np.where(known, values, 0)) / (counts @ known.astype(float)), axis=1)

    return of


@pytest.mark.parametrize("values", [[[0.1], [0.4], [0.9]], [[0.1, 0.2], [0.3, 0.5], [0.9, 0.7]]], ids=["one", "two"])
def test_resample_has_the_distribution_of_all_draws(values: list[list[float]]) -> None:
    """Three items can be drawn in 27 ways: every mean must be one of those, about as often as it should be."""
    draws = [list(draw) for draw in itertools.product(range(3), repeat=3)]
    expected = Counter(round(mean, 9) for mean in oracles.bootstrap(values, draws))
    found = Counter(np.round(resampling.resample(mean_of(np.array(values)), 3, resamples=27_000, seed=1), 9).tolist())
    assert found.keys() == expected.keys()
    for mean, ways in expected.items():
        assert found[mean] == pytest.approx(1000 * ways, abs=5 * math.sqrt(1000 * ways))


@pytest.mark.parametrize("resamples", [1, 199, 200, 201, 400])
def test_resample_gives_as_many_as_asked(resamples: int) -> None:
    """However many are made at a time, and anew: kept draws would equal themselves whatever they are."""
    values, chunk = ragged(50, 2), resampling.CHUNK
    every = resampling.resample(mean_of(values), 50, resamples=400)
    resampling._counts.cache_clear()
    found = resampling.resample(mean_of(values), 50, resamples=resamples)
    assert found.shape == (resamples,)
    whole = resamples - resamples % chunk
    np.testing.assert_array_equal(found[:whole], every[:whole])
    assert (every[:chunk] != every[chunk : 2 * chunk]).mean() > 0.9, "no draw is made twice"


def test_draws_are_made_once_and_kept_and_each_seed_has_its_own() -> None:
    values = ragged(90, 2)
    resampling._counts.cache_clear()
    first = resampling.resample(mean_of(values), 90)
    chunks = resampling.RESAMPLES // resampling.CHUNK
    assert resampling._counts.cache_info()[:2] == (0, chunks)
    resampling.resample(mean_of(1 - values), 90)
    assert resampling._counts.cache_info()[:2] == (chunks, chunks)
    resampling._counts.cache_clear()
    np.testing.assert_array_equal(resampling.resample(mean_of(values), 90), first)
    assert (resampling.resample(mean_of(values), 90, seed=1) != first).mean() > 0.9
    resampling._counts.cache_clear()
    resampling.resample(lambda counts: counts[:, 0], resampling.CACHED + 1, resamples=2)
    assert resampling._counts.cache_info()[:2] == (0, 0), "draws over very many items are not kept"


def test_the_interval_of_draws_holds_95_percent_of_them() -> None:
    found = resampling.of_draws(0.5, np.append(np.linspace(0, 1, 2001), math.nan), 30)
    assert (found.value, found.low, found.high) == (0.5, pytest.approx(0.025), pytest.approx(0.975))
    assert math.isnan(resampling.of_draws(math.nan, np.full(9, math.nan), 30).low)


@pytest.mark.parametrize("n", [1, 2, 11, 19])
def test_draws_of_fewer_than_20_items_make_no_interval(n: int) -> None:
    found = resampling.of_draws(0.5, np.arange(9.0), n)
    assert (found.value, found.n, found.why) == (0.5, n, "n too small") and math.isnan(found.high)
    assert resampling.of_draws(0.5, np.arange(9.0), 20).why == ""


@pytest.mark.parametrize("value", [0.5, 0.1, 1 / 3])
def test_draws_that_are_all_the_same_make_no_interval(value: float) -> None:
    assert resampling.of_draws(value, np.full(50, value), 30).why == "no spread"


def draws_of(monkeypatch: pytest.MonkeyPatch, call: Callable[[], Interval]) -> tuple[float, np.ndarray, int]:
    """The value, the resampled values and the number of items that an interval is made of."""
    seen: list[tuple[float, np.ndarray, int]] = []
    monkeypatch.setattr(resampling, "of_draws", lambda *given: seen.append(given) or NOTHING)
    call()
    (found,) = seen
    return found


def counts_of(items: int, seeds: int) -> tuple[np.ndarray, np.ndarray]:
    """How often each item and each seed is drawn: int (draws, items) and (draws, seeds)."""
    drawn = resampling.resample(lambda counts: counts, items).astype(int), resampling._seeds(seeds).astype(int)
    assert all((counts.sum(axis=1) == n).all() for counts, n in zip(drawn, (items, seeds), strict=True))
    return drawn


@pytest.mark.parametrize("seeds", [1, 2, 3])
def test_each_draw_is_that_of_a_loop(monkeypatch: pytest.MonkeyPatch, seeds: int) -> None:
    """Few items, so that a seed is at times drawn without any of its items."""
    table = np.array([[0.0, 1, np.nan], [1, np.nan, np.nan], [0.25, np.nan, 1]])[:, :seeds]
    value, draws, n = draws_of(monkeypatch, lambda: resampling.interval(table))
    assert n == 3 and value == pytest.approx(np.mean([5 / 12, 1, 1][:seeds]))
    for draw, own, others in zip(draws, *counts_of(3, seeds), strict=True):
        columns = [column for column, times in zip(table.T, others, strict=True) for _ in range(times)]
        figures = [[figure for figure in np.repeat(column, own) if not np.isnan(figure)] for column in columns]
        means = [sum(some) / len(some) for some in figures if some]
        assert draw == pytest.approx(sum(means) / len(means) if means else np.nan, nan_ok=True)


@pytest.mark.parametrize(("items", "queries"), [(2, 1), (3, 2), (6, 3)])
def test_each_median_is_that_of_a_loop(monkeypatch: pytest.MonkeyPatch, items: int, queries: int) -> None:
    rng = np.random.default_rng(3)
    ranks = rng.integers(1, 9, (items, 3, queries)) / 2
    ranks[rng.random(ranks.shape) < 0.5] = np.nan
    ranks[:, 2] = np.nan  # a seed without any
    ranks[0, 0, 0] = 4.0
    value, draws, n = draws_of(monkeypatch, lambda: resampling.median(ranks))
    known = ranks[~np.isnan(ranks).all(axis=(1, 2))]
    assert value == np.nanmedian(ranks) and n == len(known)
    for draw, own, others in zip(draws, *counts_of(len(known), 3), strict=True):
        drawn = np.repeat(np.repeat(known, own, axis=0), others, axis=1)
        drawn = drawn[~np.isnan(drawn)]
        assert draw == pytest.approx(np.median(drawn) if len(drawn) else np.nan, nan_ok=True)


def test_a_seed_without_figures_does_not_count() -> None:
    table = ragged()
    bare = np.concatenate([table, np.full((len(table), 1), np.nan)], axis=1)
    found = resampling.interval(bare)
    assert found.value == pytest.approx(resampling.interval(table).value)
    assert not np.isnan([found.low, found.high]).any() and found.low < found.value < found.high


def test_what_is_kept_of_draws_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        resampling._seeds(4)[0, 0] = 9
