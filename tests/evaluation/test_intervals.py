"""Intervals against textbook formulas, literal loops and simulated coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from cldi_core.errors import FeatureError
from cldi_core.evaluation import metrics
from cldi_core.evaluation.metrics import Interval, gap, interval, paired
from tests import oracles

NAN = math.nan


def written(value: float, digits: int) -> str:
    return f"{value:.{digits}f}"


def sample(n: int, pairs: int, seed: int = 0, missing: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = rng.beta(0.5, 0.8, (n, pairs))
    values[rng.random(values.shape) < missing] = NAN
    return values


def bounds(found: Interval) -> tuple[float, float]:
    return found.low, found.high


def check_score_interval(found: Interval, variance: float, span: tuple[float, float] = (0, 1)) -> None:
    """Wilson's bounds are where the mean is t standard errors away, an error being that of a mean at the bound."""
    low, high = span
    share = (found.value - low) / (high - low)
    tosses = share * (1 - share) / (variance / (high - low) ** 2)
    for bound in bounds(found):
        there = (bound - low) / (high - low)
        assert (share - there) ** 2 == pytest.approx(
            stats.t.ppf(0.975, found.n - 1) ** 2 * there * (1 - there) / tosses
        )
    assert found.low < found.value < found.high


@pytest.mark.parametrize("seed", range(3))
def test_an_interval_has_wilsons_bounds_for_the_variance_of_the_words(seed: int) -> None:
    """One figure a word: the variance of their mean is the textbook's."""
    values = sample(30, 1, seed)[:, 0]
    check_score_interval(interval(values), values.var(ddof=1) / 30)
    hits = (values > 0.6).astype(float)
    check_score_interval(interval(hits), hits.var(ddof=1) / 30)
    less = values - sample(30, 1, seed + 9)[:, 0]
    check_score_interval(paired(values, values - less), less.var(ddof=1) / 30, span=(-1, 1))


def test_wilsons_interval_of_a_share_is_the_published_one() -> None:
    """With a normal's 1.96 in place of Student's: 8 of 20 is .219 to .613 (Newcombe 1998's formula 3)."""
    low, high = metrics._wilson(0.4, 20 * (stats.t.ppf(0.975, 19) / stats.norm.ppf(0.975)) ** 2, 20)
    assert (low, high) == (pytest.approx(0.2188, abs=1e-4), pytest.approx(0.6134, abs=1e-4))


def test_a_word_counts_with_all_its_queries_and_pairs() -> None:
    """Leaving out one word after the other gives the same variance: a word has two queries in three pairs here."""
    values = sample(60, 3, seed=4)
    words = np.repeat(np.arange(30), 2)
    left_out = np.array([oracles.mean_of_means(values[words != word].tolist()) for word in range(30)])
    found = interval(values, words)
    assert found.n == 30
    check_score_interval(found, 29 / 30 * ((left_out - left_out.mean()) ** 2).sum())
    apart = interval(values)
    assert apart.n == 60 and apart.value == found.value
    assert interval(np.repeat(values[:30], 2, axis=0), words).n == 30
    doubled, once = interval(np.repeat(values[:30], 2, axis=0), words), interval(values[:30])
    assert bounds(doubled) == pytest.approx(bounds(once)), "a word twice is no second word"


def test_pairs_that_lack_words_keep_the_bootstraps_variance() -> None:
    values = sample(200, 3, seed=1, missing=0.4)
    rng = np.random.default_rng(7)
    means = oracles.bootstrap(values.tolist(), rng.integers(0, 200, (600, 200)).tolist())
    found = interval(values)
    assert found.value == pytest.approx(oracles.mean_of_means(values.tolist()))
    assert found.high - found.low == pytest.approx(2 * 1.97 * np.std(means), rel=0.1)


def test_words_may_be_named_in_any_order() -> None:
    values, words = sample(50, 2, missing=0.2), np.arange(50) % 25
    order = np.random.default_rng(3).permutation(50)
    mixed = interval(values[order], [f"w{word}" for word in words[order]])
    assert mixed.n == 25
    assert (mixed.value, *bounds(mixed)) == pytest.approx(
        (interval(values, words).value, *bounds(interval(values, words)))
    )


@pytest.mark.parametrize("n", [1, 2, 11, 19])
def test_fewer_than_20_words_have_no_interval(n: int) -> None:
    """Also where they have more than 20 queries, or 20 figures in all."""
    values = sample(n, 3)
    for found in (
        interval(values),
        interval(np.repeat(values, 30, axis=0), np.repeat(np.arange(n), 30)),
        paired(values, 1 - values),
    ):
        assert (found.n, found.why) == (n, "n too small")
        assert not math.isnan(found.value) and math.isnan(found.low) and math.isnan(found.high)
        assert found.side() == 0 and found.text(written) == f"{found.value:.2f} (n too small)"


def test_20_words_have_an_interval() -> None:
    found = interval(sample(20, 1))
    assert (found.n, found.why) == (20, "") and found.low < found.value < found.high


@pytest.mark.parametrize("hit", [0.0, 1.0])
def test_a_share_of_all_or_none_is_not_certain(hit: float) -> None:
    """Every rank is 1: P@1 and MRR are 1, and their intervals are no points."""
    found = interval(np.full((24, 2), hit))
    squared = stats.t.ppf(0.975, 23) ** 2
    reached = squared / (23 + squared)  # Wilson's of 0 in 23
    expected = (0, reached) if hit == 0 else (1 - reached, 1)
    assert (found.value, *bounds(found)) == pytest.approx((hit, *expected), abs=1e-12)
    assert found.low <= found.value <= found.high and found.high - found.low > 0.1


@pytest.mark.parametrize("value", [0.5, 0.1, 1 / 3])
def test_figures_that_are_all_the_same_have_no_interval(value: float) -> None:
    """All ranks are 2, or two methods agree everywhere, or what is added up rounds differently."""
    same = np.full((30, 3), value)
    same[4, 1] = NAN
    for found in (interval(same), paired(same, same), paired(same + 0.5, same), interval(same, span=metrics.ANY)):
        assert (found.n, found.why, found.side()) == (30, "no spread", 0)
        assert found.text(written) == f"{found.value:.2f} (no spread)"
        assert math.isnan(found.low) and math.isnan(found.high)


@pytest.mark.parametrize("values", [[NAN, NAN], [[NAN, NAN]], []], ids=["nan", "nan pairs", "empty"])
def test_interval_of_nothing_is_nan(values: list) -> None:
    found = interval(np.array(values, np.float64))
    assert all(math.isnan(x) for x in (found.value, found.low, found.high))
    assert (found.n, found.why, found.side(), found.text(written)) == (0, "", 0, "–")


def test_pairs_weigh_alike_whatever_they_cover() -> None:
    """Pair one covers four words (mean 1), pair two one word (mean 0), pair three none."""
    values = np.array([[1, 0, NAN], [1, NAN, NAN], [1, NAN, NAN], [1, NAN, NAN], [NAN, NAN, NAN]])
    assert (interval(values).value, interval(values).n) == (0.5, 4)


def test_uncovered_words_change_nothing() -> None:
    values = sample(30, 2)
    padded = np.vstack([values, np.full((10, 2), NAN)])
    assert interval(padded) == interval(values)
    assert interval(padded, range(40)) == interval(values)


def test_figures_outside_their_bounds_are_an_error() -> None:
    with pytest.raises(FeatureError, match=r"figures from -0\.2 to 0\.5; expected 0 to 1"):
        interval(np.array([0.5, -0.2]))
    assert interval(np.array([0.5, -0.2]), span=(-1, 1)).value == pytest.approx(0.15)


def test_figures_without_bounds_have_students_interval() -> None:
    counts = np.random.default_rng(0).poisson(6, 40).astype(float)
    expected = stats.t.interval(0.95, 39, counts.mean(), counts.std(ddof=1) / math.sqrt(40))
    assert bounds(interval(counts, span=metrics.ANY)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("low", "high", "side"),
    [
        (0.01, 0.05, 1), (-0.05, -0.01, -1), (-0.01, 0.01, 0), (0.004, 0.05, 0), (-0.05, -0.0049, 0),
        (0.006, 0.05, 1), (NAN, NAN, 0), (0.0, 0.0, 0),
    ],
)  # fmt: skip
def test_what_touches_0_as_it_is_printed_is_on_no_side(low: float, high: float, side: int) -> None:
    found = Interval(0.02, low, high, 40)
    assert found.side() == side
    assert Interval(2, 100 * low, 100 * high, 40).side(0) == side


def test_an_interval_is_a_part_of_a_record() -> None:
    assert Interval(0.5, 0.25, 0.75, 40).record("mrr") == {
        "mrr": 0.5, "mrr_low": 0.25, "mrr_high": 0.75, "mrr_why": ""
    }  # fmt: skip
    assert Interval(0.5, NAN, NAN, 4).record("p@1")["p@1_why"] == "n too small"


@pytest.mark.parametrize(
    ("low", "high", "text", "side"),
    [
        (0.25, 0.75, "0.50 [0.25, 0.75]", 1),
        (0.4951, 0.5049, "0.500 [0.495, 0.505]", 1),
        (-0.00012, 0.00013, "0.5000 [-0.0001, 0.0001]", 0),
        (0.0004, 0.0012, "0.500 [0.000, 0.001]", 0),
        (0.0006, 0.0012, "0.5000 [0.0006, 0.0012]", 1),
    ],
)
def test_no_interval_is_written_without_a_width(low: float, high: float, text: str, side: int) -> None:
    """Nor marked by other digits than those that are written."""
    found = Interval(0.5, low, high, 40)
    assert (found.text(written), found.side()) == (text, side)


def skewed(kind: str) -> np.ndarray:
    """1/rank or hits of a made-up population of 200 words, most of which are found late."""
    ranks = np.floor(1 + np.random.default_rng(8).lognormal(2, 1.5, 200))
    return 1 / ranks if kind == "mrr" else (ranks <= (1 if kind == "p@1" else 10)).astype(float)


@pytest.mark.parametrize("n", [20, 40, 100])
@pytest.mark.parametrize("kind", ["mrr", "p@1", "p@10"])
def test_intervals_hold_the_truth_as_often_as_they_say(kind: str, n: int) -> None:
    """Words drawn again and again from a skewed population; a percentile bootstrap of 20 words holds P@1 in .6."""
    population = skewed(kind)
    rng = np.random.default_rng(n)
    found = [interval(rng.choice(population, n)) for _ in range(400)]
    held = sum(one.low <= population.mean() <= one.high for one in found) / 400
    assert metrics.LEVEL == 0.95
    assert 0.91 <= held <= 0.99


def test_gap_of_two_groups() -> None:
    one, other = sample(300, 1, seed=1)[:, 0], sample(200, 1, seed=2)[:, 0] / 2
    found = gap(one, other)
    error = math.sqrt(one.var() / 300 + other.var() / 200)
    assert (found.value, found.n) == (pytest.approx(one.mean() - other.mean()), 200)
    assert found.low < found.value < found.high
    assert found.high - found.low == pytest.approx(2 * 1.97 * error, rel=0.02)


def test_the_gap_of_two_shares_is_newcombes() -> None:
    """His method 10: 56 of 70 less 48 of 80 is .20 [.0524, .3339]; Student's t of 69 words is a little wider."""
    one, other = np.repeat([1.0, 0.0], [56, 14]), np.repeat([1.0, 0.0], [48, 32])
    found = gap(one, other)
    assert found.value == pytest.approx(0.2)
    assert bounds(found) == (pytest.approx(0.0524, abs=0.005), pytest.approx(0.3339, abs=0.005))


def test_gap_tells_its_groups_apart_unless_they_share_words() -> None:
    values = sample(100, 1)[:, 0]
    near = np.clip(values + np.random.default_rng(1).normal(0, 0.05, 100), 0, 1)
    apart = gap(values, near)
    assert apart.low < -0.02 and apart.high > 0.02
    words = np.arange(100)
    shared = gap(values, near, (words, words))
    assert shared.value == apart.value
    assert shared.high - shared.low < (apart.high - apart.low) / 3
    assert gap(values, near, (words, words + 100)) == apart
    some = gap(values, near, (words, words + 50))
    assert some.low == pytest.approx(apart.low, abs=0.02) and bounds(some) != bounds(apart)


@pytest.mark.parametrize("swap", [False, True])
def test_a_gap_is_no_better_known_than_its_smaller_group(swap: bool) -> None:
    groups = [sample(200, 2), sample(11, 2, seed=1)]
    found = gap(*groups[:: -1 if swap else 1])
    assert (found.n, found.why, math.isnan(found.low)) == (11, "n too small", True)
    assert abs(found.value) == pytest.approx(abs(interval(groups[0]).value - interval(groups[1]).value))


@pytest.mark.parametrize("empty", [[NAN, NAN], []], ids=["nan", "empty"])
@pytest.mark.parametrize("swap", [False, True])
def test_gap_with_an_empty_group_is_nan(empty: list, swap: bool) -> None:
    groups = [np.array(empty, np.float64), np.array([0.5, 1.0])]
    found = gap(*groups[:: -1 if swap else 1])
    assert all(math.isnan(x) for x in (found.value, found.low, found.high)) and found.why == ""


def test_paired_keeps_the_words_together() -> None:
    """Two methods that differ little on each word are told apart where two groups of words would not be."""
    values = sample(60, 3, missing=0.2) / 2
    better = values + np.random.default_rng(0).uniform(0.1, 0.14, values.shape)
    found = paired(better, values)
    assert found.value == pytest.approx(0.12, abs=0.005) and found.low > 0.1
    assert gap(better, values).low < 0.1


def test_paired_counts_words_that_both_cover() -> None:
    found = paired(np.array([1, 0.5, NAN, 1]), np.array([0.5, 0.5, 0, NAN]))
    assert (found.value, found.n) == (0.25, 2)


@pytest.mark.parametrize("ranks", [False, True], ids=["Pearson", "Spearman"])
@pytest.mark.parametrize(("scale", "shift"), [(1, 0), (1e-9, 0.1), (1e6, -3e6)])
def test_the_correlation_has_fishers_interval(scale: float, shift: float, ranks: bool) -> None:
    rng = np.random.default_rng(0)
    one = rng.normal(size=40)
    other = np.round(one + rng.normal(size=40), 1)
    expected = (stats.spearmanr if ranks else stats.pearsonr)(one, -other)[0]
    found = metrics.correlation(one * scale + shift, other * -scale, ranks=ranks)
    reach = stats.norm.ppf(0.975) * math.sqrt((1 + expected**2 / 2 if ranks else 1) / 37)
    assert (found.value, found.n) == (pytest.approx(expected, abs=1e-6), 40)
    assert np.arctanh(bounds(found)) == pytest.approx([np.arctanh(expected) - reach, np.arctanh(expected) + reach])


def test_a_correlation_is_of_its_words() -> None:
    one, other = np.random.default_rng(0).normal(size=(2, 60))
    words = np.arange(60) // 2
    assert metrics.correlation(one, other, words).n == 30
    assert metrics.correlation(one, other, words // 3).why == "n too small"
    assert metrics.correlation(one, other, np.arange(60) % 20).why == "", "20 words are enough"
    wide, narrow = metrics.correlation(one, other, words), metrics.correlation(one, other)
    assert wide.high - wide.low > 1.2 * (narrow.high - narrow.low)


@pytest.mark.parametrize("number", [0.0, 0.1, 0.3, 1e6 / 3])
@pytest.mark.parametrize("ranks", [False, True])
def test_what_does_not_vary_correlates_with_nothing(number: float, ranks: bool) -> None:
    varied, same = np.arange(30.0) ** 2, np.full(30, number)
    for pair in ((varied, same), (same, varied), (varied[:2], varied[:2])):
        assert math.isnan(metrics.correlation(*pair, ranks=ranks).value)
    for sign in (1, -1):
        found = metrics.correlation(varied, sign * varied, ranks=ranks)
        assert (found.value, found.why) == (pytest.approx(sign), "no spread")
