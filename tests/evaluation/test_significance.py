"""Bootstrap, permutation and Holm against slow ways to the same numbers."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from cldi_core.errors import FeatureError
from cldi_core.evaluation import metrics, significance

NAN = math.nan


def figures(n: int, seed: int = 0, gain: float = 0.05) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Figures of two methods on queries of words that have one to three, in two pairs, some not covered."""
    rng = np.random.default_rng(seed)
    words = [f"w{number}" for number in range(n) for _ in range(int(rng.integers(1, 4)))]
    one = rng.random((len(words), 2))
    other = np.clip(one - gain + rng.normal(0, 0.1, one.shape), 0, 1)
    other[rng.random(one.shape) < 0.1] = NAN
    return one, other, words


def shares_of(one: np.ndarray, other: np.ndarray, words: list[str]) -> dict[str, float]:
    """What each word adds to the difference, in a loop over every figure."""
    less = one - other
    totals = [(~np.isnan(less[:, column])).sum() for column in range(less.shape[1])]
    found: dict[str, float] = {}
    for row, word in enumerate(words):
        for column, value in enumerate(less[row]):
            if not math.isnan(value):
                found[word] = found.get(word, 0.0) + value / totals[column] / less.shape[1]
    return found


def test_p_is_that_of_all_ways_to_flip_eight_words() -> None:
    one, other, words = figures(8)
    shares = [*shares_of(one, other, words).values()]
    sums = [abs(sum(s * share for s, share in zip(signs, shares, strict=True)))
            for signs in itertools.product((1, -1), repeat=len(shares))]  # fmt: skip
    expected = sum(far >= abs(sum(shares)) - 1e-12 for far in sums) / 2 ** len(shares)
    found = significance.compare(one, other, words)
    assert found.p == pytest.approx(expected) and 0 < found.p < 1
    assert found.difference.value == pytest.approx(sum(shares))
    assert (found.difference.n, found.difference.why) == (8, "n too small")


def test_p_of_many_words_is_near_scipys() -> None:
    one, other, words = figures(60, seed=3, gain=0.015)
    shares = np.array([*shares_of(one, other, words).values()])
    expected = stats.permutation_test(
        (shares,), lambda x, axis: x.sum(axis=axis), permutation_type="samples", n_resamples=20_000, rng=1
    ).pvalue
    found = significance.compare(one, other, words).p
    assert found == pytest.approx(expected, abs=0.02) and 0.02 < found < 0.9
    assert significance.compare(one, other, words, draws=99, seed=2).p * 100 % 1 == pytest.approx(0, abs=1e-9)
    assert significance.compare(one + 1, other, words).p == pytest.approx(1 / 10_001), "no p is 0"


def test_words_are_flipped_whole_and_counted_whole() -> None:
    """Ten queries of two words are two coins, not ten."""
    words = ["run"] * 5 + ["cow"] * 5
    found = significance.compare(np.full(10, 0.5), np.full(10, 0.25), words)
    assert (found.p, found.won, found.lost, found.level) == (0.5, 2, 0, 0)
    mixed = significance.compare(np.array([1.0, 0.5, 0.2, 0.3]), np.array([0.5, 1.0, 0.1, 0.3]), ["a", "a", "b", "c"])
    assert (mixed.won, mixed.lost, mixed.level) == (1, 0, 2), "a word that gains and loses as much is level"
    assert mixed.p == 1, "one word is not level: both its signs are as far from 0"


def test_the_interval_is_that_of_a_loop_over_the_same_draws() -> None:
    one, other, words = figures(25, seed=5)
    names = sorted(set(words))
    less, means = one - other, []
    taken = np.random.default_rng(7).integers(0, len(names), (200, len(names)))
    for draw in taken:
        columns: list[list[float]] = [[], []]
        for number in draw:
            for row in (row for row, word in enumerate(words) if word == names[number]):
                for column in (0, 1):
                    if not math.isnan(less[row, column]):
                        columns[column].append(less[row, column])
        means.append(np.mean([np.mean(column) for column in columns]))
    found = significance.compare(one, other, words, seed=7, draws=200).difference
    assert [found.low, found.high] == pytest.approx(np.quantile(means, [0.025, 0.975]))
    assert found.low < found.value < found.high and found.n == 25


def test_the_interval_is_near_that_of_the_tables() -> None:
    one, other, words = figures(300, seed=2)
    found, table = significance.compare(one, other, words).difference, metrics.paired(one, other, words)
    assert found.value == pytest.approx(table.value) and found.n == table.n
    assert [found.low, found.high] == pytest.approx([table.low, table.high], abs=0.1 * (table.high - table.low))


def test_several_are_compared_on_what_all_of_them_cover() -> None:
    one, other, words = figures(30, seed=4)
    third = np.clip(one + 0.1, 0, 1)
    found = {pair[:2]: pair[2] for pair in significance.every_pair({"a": one, "b": other, "c": third}, words)}
    assert list(found) == [("a", "b"), ("a", "c"), ("b", "c")]
    covered = np.where(np.isnan(other), NAN, one)
    for pair, (first, second) in {
        ("a", "b"): (one, other),
        ("a", "c"): (covered, third),
        ("b", "c"): (other, third),
    }.items():
        alone, both = significance.compare(first, second, words), found[pair]
        assert (alone.p, alone.won, alone.lost) == (both.p, both.won, both.lost)
        assert vars(alone.difference) == pytest.approx(vars(both.difference))


def test_nothing_to_compare() -> None:
    found = significance.compare(np.full(3, NAN), np.ones(3))
    assert math.isnan(found.p) and (found.won, found.lost, found.level, found.difference.n) == (0, 0, 0, 0)
    same = significance.compare(np.ones(30), np.ones(30))
    assert (same.p, same.level, same.difference.why) == (1, 30, "no spread")
    with pytest.raises(FeatureError, match="all the same"):
        significance.compare(np.ones(3), np.ones(4))
    with pytest.raises(FeatureError, match="2 words"):
        significance.compare(np.ones(3), np.ones(3), ["a", "b"])


@pytest.mark.parametrize("count", [1, 2, 7, 200])
def test_holm_is_that_of_statsmodels(count: int) -> None:
    from statsmodels.stats.multitest import multipletests

    ps = np.random.default_rng(count).uniform(size=count).round(2) ** 3  # some are equal
    np.testing.assert_array_equal(significance.holm(ps), multipletests(ps, method="holm")[1])


def test_holm_steps_down() -> None:
    """By hand: the smallest times 4, the next times 3 … and never below the one before."""
    ps = [0.01, 0.04, 0.03, NAN, 0.005]
    expected = [3 * 0.01, 0.06, 2 * 0.03, NAN, 4 * 0.005]  # 0.04 alone, but 0.06 came before
    np.testing.assert_allclose(significance.holm(ps), expected)
    assert significance.holm([0.4, 0.9]).tolist() == pytest.approx([0.8, 0.9])
    assert len(significance.holm([])) == 0 and math.isnan(significance.holm([NAN])[0])
