"""MRR, P@k, coverage and bootstrap intervals against literal loops and known formulas."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import pytest

from cldi_core.errors import FeatureError
from cldi_core.evaluation import metrics
from cldi_core.evaluation.metrics import (
    bootstrap,
    chance,
    correlation_of,
    evaluate,
    figures,
    gap,
    interval,
    intervals,
    mean_of,
    median_of,
    paired,
    resample,
    summarise,
)
from tests import oracles

NAN = math.nan
KS = (1, 2, 3, 5, 10, 1000)


def literal(scores: np.ndarray, gold: list[set[int]]) -> tuple[float, dict[int, float], int, float]:
    ranks = oracles.gold_ranks(scores.tolist(), gold)
    covered = [r for r in ranks if not math.isnan(r)]
    asked = [right for right in gold if right]
    mrr = sum(1 / r for r in covered) / len(covered)
    p_at = {k: sum(r <= k for r in covered) / len(covered) for k in KS}
    return mrr, p_at, len(covered), len(covered) / len(asked)


@pytest.mark.parametrize("seed", range(10))
def test_evaluate_equals_the_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = np.where(rng.random((20, 14)) < 0.15, NAN, rng.integers(0, 8, (20, 14)) / 8).astype(np.float32)
    scores[4] = NAN
    gold = [set(rng.integers(0, 14, n).tolist()) for n in rng.integers(0, 4, 20)]
    found = evaluate(scores, gold, ks=KS)
    mrr, p_at, n, coverage = literal(scores, gold)
    assert found.mrr == pytest.approx(mrr)
    assert found.p_at == pytest.approx(p_at)
    assert (found.n, found.coverage) == (n, pytest.approx(coverage))
    assert len(found.ranks) == 20


def test_a_tie_costs_the_mean_rank_of_its_block() -> None:
    found = evaluate(np.array([[0.9, 0.5, 0.5, 0.5, 0.1]]), [{2}], ks=(2, 3))
    assert (found.mrr, found.p_at) == (pytest.approx(1 / 3), {2: 0, 3: 1})


def test_the_best_of_several_right_answers_counts() -> None:
    assert evaluate(np.array([[0.9, 0.5, 0.7, 0.1]]), [{3, 1, 2}]).mrr == 0.5


def test_coverage_counts_queries_with_gold_only() -> None:
    """One answered, one word without pictures, one right answer without pictures, one no query at all."""
    scores = np.array([[0.9, 0.1, NAN], [NAN] * 3, [0.2, 0.1, NAN], [0.3, 0.1, NAN]])
    found = evaluate(scores, [{0}, {0}, {2}, set()])
    assert (found.n, found.coverage, found.mrr) == (1, pytest.approx(1 / 3), 1)
    np.testing.assert_array_equal(found.ranks, [1, NAN, NAN, NAN])


@pytest.mark.parametrize(
    ("scores", "gold", "coverage"),
    [(np.full((2, 3), NAN), [{0}, {1}], 0), (np.ones((2, 3)), [set(), set()], NAN), (np.ones((0, 3)), [], NAN)],
    ids=["all nan", "no gold", "no queries"],
)
def test_nothing_to_measure_gives_nan(scores: np.ndarray, gold: list, coverage: float) -> None:
    found = evaluate(scores, gold)
    assert math.isnan(found.mrr)
    assert all(math.isnan(value) for value in found.p_at.values())
    assert found.n == 0
    assert found.coverage == pytest.approx(coverage, nan_ok=True)


def test_gold_out_of_range_is_named() -> None:
    with pytest.raises(FeatureError, match="right answer 9 of query 0"):
        evaluate(np.ones((1, 3)), [{9}])


def test_summarise_known_ranks() -> None:
    found = summarise(np.array([1, 2, NAN, 4]), asked=6, ks=(2,))
    assert (found.mrr, found.p_at, found.n, found.coverage) == (pytest.approx(1.75 / 3), {2: 2 / 3}, 3, 0.5)


def test_figures_are_nan_where_not_covered() -> None:
    found = figures(np.array([1, 1.5, NAN, 4]), ks=(1, 3))
    assert list(found) == ["mrr", "p@1", "p@3"]
    np.testing.assert_allclose(found["mrr"], [1, 2 / 3, NAN, 0.25])
    np.testing.assert_array_equal(found["p@1"], [1, 0, NAN, 0])
    np.testing.assert_array_equal(found["p@3"], [1, 1, NAN, 0])


def sample(n: int, pairs: int, seed: int = 0, missing: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = rng.beta(0.5, 0.8, (n, pairs))
    values[rng.random(values.shape) < missing] = NAN
    return values


@pytest.mark.parametrize("values", [[[0.1], [0.4], [0.9]], [[0.1, NAN], [NAN, 0.5], [0.9, 0.7]]], ids=["one", "nan"])
def test_resample_has_the_distribution_of_all_draws(values: list[list[float]]) -> None:
    """Three words can be drawn in 27 ways: every mean must be one of those, about as often as it should be."""
    draws = [list(draw) for draw in itertools.product(range(3), repeat=3)]
    expected = Counter(round(mean, 9) for mean in oracles.bootstrap(values, draws))
    found = Counter(np.round(resample(mean_of(np.array(values)), 3, resamples=27_000, seed=1), 9).tolist())
    assert found.keys() == expected.keys()
    for mean, ways in expected.items():
        assert found[mean] == pytest.approx(1000 * ways, abs=5 * math.sqrt(1000 * ways))


@pytest.mark.parametrize("resamples", [1, 199, 200, 201, 400])
def test_resample_gives_as_many_as_asked(resamples: int) -> None:
    every = resample(mean_of(sample(5, 2)), 5, resamples=400)
    found = resample(mean_of(sample(5, 2)), 5, resamples=resamples)
    assert found.shape == (resamples,)
    whole = resamples - resamples % metrics.CHUNK
    np.testing.assert_array_equal(found[:whole], every[:whole])


def drawn(counts: np.ndarray, values: np.ndarray) -> list[np.ndarray]:
    """The rows of some values that each draw took, literally."""
    return [np.concatenate([[row] * int(n) for row, n in zip(values, draw, strict=True) if n]) for draw in counts]


def some_draws(n: int) -> np.ndarray:
    return np.array(
        [np.bincount(draw, minlength=n) for draw in np.random.default_rng(5).integers(0, n, (50, n))], float
    )


def test_the_median_is_that_of_all_figures_of_the_drawn_words() -> None:
    values = np.random.default_rng(0).integers(1, 9, (7, 4)) / 2
    values[[0, 0, 1, 3], [1, 2, 0, 3]], values[2] = NAN, NAN
    counts = np.concatenate([some_draws(7), np.eye(7)[2:4] * 7])
    expected = [NAN if np.isnan(rows).all() else np.nanmedian(rows) for rows in drawn(counts, values)]
    np.testing.assert_array_equal(median_of(values)(counts), expected)
    assert bootstrap(median_of(values), 7).value == np.nanmedian(values)


@pytest.mark.parametrize(("scale", "shift"), [(1, 0), (1e-9, 0.1), (1e6, -3e6)])
def test_the_correlation_is_pearsons(scale: float, shift: float) -> None:
    rng = np.random.default_rng(0)
    one = rng.normal(size=20)
    other = one + rng.normal(size=20)
    counts = some_draws(20)
    expected = [np.corrcoef(rows.T)[0, 1] for rows in drawn(counts, np.stack([one, other], axis=1))]
    found = correlation_of(one * scale + shift, other * -scale)(counts)
    np.testing.assert_allclose(found, -np.array(expected), atol=1e-6)


@pytest.mark.parametrize("number", [0.0, 0.1, 0.3, 1e6 / 3])
def test_what_does_not_vary_correlates_with_nothing(number: float) -> None:
    varied, same = np.array([0.1, 0.7, 0.1, 0.3]), np.full(4, number)
    every = np.array([[1, 1, 1, 1], [4, 0, 0, 0], [3, 0, 1, 0], [0, 3, 1, 0], [0, 0, 0, 4]], float)
    assert np.isnan(correlation_of(varied, same)(every)).all()
    assert np.isnan(correlation_of(varied, varied[::-1])(every)).tolist() == [False, True, True, False, True]
    thirds = np.array([1 / 3] * 30 + [0, 1])
    draws = np.random.default_rng(0).multinomial(32, [1 / 30] * 30 + [0, 0], 20).astype(float)
    assert np.isnan(correlation_of(thirds, np.arange(32.0) ** 2)(draws)).all(), "rounding is no variance"
    found = bootstrap(correlation_of(varied, varied[::-1]), 4)
    assert -1 <= found.low <= found.value <= found.high <= 1 + 1e-9, "draws without variance are left out"


def test_interval_agrees_with_an_independent_bootstrap() -> None:
    values = sample(80, 2, seed=1, missing=0.2)
    rng = np.random.default_rng(99)
    draws = rng.integers(0, 80, (2000, 80)).tolist()
    low, high = np.quantile(oracles.bootstrap(values.tolist(), draws), [0.025, 0.975])
    found = interval(values)
    assert found.value == pytest.approx(oracles.mean_of_means(values.tolist()))
    assert (found.low, found.high) == (pytest.approx(low, abs=0.01), pytest.approx(high, abs=0.01))


def test_interval_has_the_width_of_the_standard_error() -> None:
    values = sample(400, 1)[:, 0]
    found = interval(values)
    assert found.value == pytest.approx(values.mean())
    assert found.low < found.value < found.high
    assert found.high - found.low == pytest.approx(2 * 1.96 * values.std() / math.sqrt(400), rel=0.1)


def test_interval_is_seeded() -> None:
    values = sample(50, 2)
    assert interval(values, seed=3) == interval(values, seed=3)
    assert interval(values, seed=3) != interval(values, seed=4)


def test_pairs_weigh_alike_whatever_they_cover() -> None:
    """Pair one covers four words (mean 1), pair two one word (mean 0), pair three none."""
    values = np.array([[1, 0, NAN], [1, NAN, NAN], [1, NAN, NAN], [1, NAN, NAN], [NAN, NAN, NAN]])
    found = interval(values)
    assert found.value == 0.5
    assert found.low <= 0.5 <= found.high


def test_uncovered_words_change_nothing() -> None:
    values = sample(30, 2)
    padded = np.vstack([values, np.full((10, 2), NAN)])
    assert interval(padded) == interval(values)


@pytest.mark.parametrize("values", [[NAN, NAN], [[NAN, NAN]], []], ids=["nan", "nan pairs", "empty"])
def test_interval_of_nothing_is_nan(values: list) -> None:
    found = interval(np.array(values, np.float64))
    assert all(math.isnan(x) for x in (found.value, found.low, found.high))


def test_several_figures_at_once_equal_each_alone() -> None:
    ranks = np.where(np.isnan(sample(40, 3, missing=0.2)), NAN, np.arange(1.0, 121).reshape(40, 3) % 13 + 1)
    one_by_one = figures(ranks, ks=(1, 5))
    together = intervals(np.stack(list(one_by_one.values()), axis=2), seed=2)
    alone = [interval(values, seed=2) for values in one_by_one.values()]
    found = [(got.value, got.low, got.high) for got in together]
    assert np.array(found) == pytest.approx(np.array([(one.value, one.low, one.high) for one in alone]), rel=1e-12)


def test_interval_of_one_word_is_its_value() -> None:
    found = interval(np.array([0.25]))
    assert (found.value, found.low, found.high) == (0.25, 0.25, 0.25)


def test_gap_of_two_groups() -> None:
    one, other = sample(300, 1, seed=1)[:, 0], sample(200, 1, seed=2)[:, 0] - 0.3
    found = gap(one, other)
    error = math.sqrt(one.var() / 300 + other.var() / 200)
    assert found.value == pytest.approx(one.mean() - other.mean())
    assert found.low < found.value < found.high
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.1)
    assert found == gap(one, other)


def test_gap_resamples_its_groups_independently() -> None:
    values = sample(100, 1)[:, 0]
    found = gap(values, values)
    assert found.value == 0
    assert found.low < -0.02
    assert found.high > 0.02


def test_groups_are_drawn_once_and_the_draws_kept() -> None:
    one, other = sample(90, 2, seed=1, missing=0.1), sample(70, 2, seed=2)
    metrics._counts.cache_clear()
    first = gap(one, other)
    made = metrics._counts.cache_info()
    chunks = metrics.RESAMPLES // metrics.CHUNK
    assert (made.misses, made.hits) == (2 * chunks, 0)
    assert gap(one, other) == first
    assert metrics._counts.cache_info()[:2] == (2 * chunks, 2 * chunks)


@pytest.mark.parametrize("empty", [[NAN, NAN], []], ids=["nan", "empty"])
@pytest.mark.parametrize("swap", [False, True])
def test_gap_with_an_empty_group_is_nan(empty: list, swap: bool) -> None:
    groups = [np.array(empty, np.float64), np.array([0.5, 1.0])]
    found = gap(*groups[:: -1 if swap else 1])
    assert all(math.isnan(x) for x in (found.value, found.low, found.high))


def test_paired_keeps_the_words_together() -> None:
    """A method that is better by the same on every word is better without doubt."""
    values = sample(60, 3, missing=0.2)
    found = paired(values + 0.125, values)
    assert (found.value, found.low, found.high) == pytest.approx((0.125, 0.125, 0.125))


def test_paired_counts_words_that_both_cover() -> None:
    found = paired(np.array([1, 0.5, NAN, 1]), np.array([0.5, 0.5, 0, NAN]))
    assert found.value == 0.25


@pytest.mark.parametrize(("candidates", "right"), [(n, r) for n in range(1, 7) for r in range(1, n + 1)])
def test_chance_equals_all_orders(candidates: int, right: int) -> None:
    assert chance(candidates, right) == pytest.approx(oracles.chance(candidates, right))


def test_chance_of_one_answer_is_the_harmonic_mean() -> None:
    assert chance(1600, 1) == pytest.approx(sum(1 / r for r in range(1, 1601)) / 1600)


@pytest.mark.parametrize(("candidates", "right"), [(0, 0), (5, 0), (3, 4), (5, -1)])
def test_chance_of_the_impossible_is_nan(candidates: int, right: int) -> None:
    assert math.isnan(chance(candidates, right))


def test_intervals_are_of_95_percent() -> None:
    """Of many samples of a known mean, about 95 % of the intervals hold it."""
    rng = np.random.default_rng(0)
    found = [interval(rng.random(60), seed=run) for run in range(200)]
    assert metrics.LEVEL == 0.95
    assert 0.89 <= sum(one.low <= 0.5 <= one.high for one in found) / 200 <= 0.99
