"""Ranks against a literal loop: ties, several right answers, words without pictures."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from cldi_core.errors import FeatureError
from cldi_core.evaluation.ranking import gold_ranks, order, rank, ranks_of, winners, with_right
from tests import oracles

NAN = np.nan


def tied_scores(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    """Few distinct values and some nan."""
    rng = np.random.default_rng(seed)
    return np.where(rng.random(shape) < 0.2, NAN, rng.integers(-3, 3, shape) / 4)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([0.1, 0.9, 0.5], [3, 1, 2]),
        ([0.5, 0.5, 0.5, 0.5], [2.5] * 4),
        ([0.9, 0.5, 0.5, 0.1], [1, 2.5, 2.5, 4]),
        ([-0.9, NAN, -0.1], [2, NAN, 1]),
        ([NAN, NAN], [NAN, NAN]),
        ([0.3], [1]),
        ([], []),
    ],
)
def test_rank_examples(scores: list[float], expected: list[float]) -> None:
    np.testing.assert_array_equal(rank(np.array(scores, np.float32)), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("seed", range(4))
def test_one_query_scored_many_times_has_the_ranks_of_each(seed: int, dtype: type) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.choice([0.1, 0.2, 0.2 + 5e-7, 0.3, 0.3 + 3e-6, np.nan], (60, 9)).astype(dtype)
    for right in ([3], (0, 4, 4), {1, 2, 8}, []):
        np.testing.assert_array_equal(ranks_of(scores, right), gold_ranks(scores, [right] * len(scores)))
    assert ranks_of(scores[:0], [1]).shape == (0,)
    with pytest.raises(FeatureError, match="right answer 9"):
        ranks_of(scores, [1, 9])


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rank_equals_the_loop(seed: int, dtype: type) -> None:
    scores = tied_scores(seed, (30,)).astype(dtype)
    np.testing.assert_array_equal(rank(scores), oracles.ranks(scores.tolist()))


@pytest.mark.parametrize("seed", range(10))
def test_gold_ranks_equal_the_loop(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = tied_scores(seed, (15, 12))
    scores[3] = NAN
    gold = [set(rng.integers(0, 12, rng.integers(0, 4)).tolist()) for _ in scores]
    found = gold_ranks(scores, gold)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, oracles.gold_ranks(scores.tolist(), gold))


@pytest.mark.parametrize("seed", range(10))
def test_ranks_of_a_list_are_those_of_each_right_answer_alone(seed: int) -> None:
    """A right answer has the rank of a query whose best answer it is; wrong ones keep the mean of their places."""
    rng = np.random.default_rng(seed)
    scores = tied_scores(seed, (12,))
    right = set(rng.choice(12, rng.integers(0, 6), replace=False).tolist())
    expected = oracles.ranks(scores.tolist())
    for column in (one for one in right if not np.isnan(scores[one])):
        below = {other for other in right if not scores[other] > scores[column]}
        expected[column] = oracles.gold_ranks([scores.tolist()], [below])[0]
    np.testing.assert_array_equal(with_right(scores, right), expected)


@pytest.mark.parametrize("container", [set, list, tuple, frozenset, np.array])
def test_gold_may_be_any_collection(container) -> None:
    assert gold_ranks(np.array([[0.1, 0.9, 0.5]]), [container([0, 2])]).tolist() == [2]
    assert [found.tolist() for found in winners(np.array([[0.5, 0.9, 0.5]]), [container([2, 0])])] == [[1], [0]]


def test_a_right_answer_that_is_named_twice_counts_once() -> None:
    assert gold_ranks(np.array([[0.5, 0.5, 0.1]]), [[0, 0]]).tolist() == [1.5]


@pytest.mark.parametrize(
    ("scores", "right", "expected"),
    [
        ([1, 1, 0], {0, 1}, 1),  # both answers that tie for first are right
        ([1, 1, 0], {0}, 1.5),
        ([1, 1, 1, 0], {0, 2}, 4 / 3),
        ([2, 1, 1, 1, 1], {1, 2, 4}, 1 + 5 / 4),
        ([0.5, 0.5 + 5e-7, 0.2], {0}, 1.5),  # within 1e-6 is equal …
        ([0.5, 0.5 + 2e-6, 0.2], {0}, 2),  # … and beyond is not
        ([0.5, 0.5 + 8e-7, 0.5 + 16e-7], {1}, 2),  # tied with both, though these two are not
        ([0.5, 0.5 + 8e-7, 0.5 + 16e-7], {0, 1}, 4 / 3),
        ([0, 1e-6, -1], {0}, 1.5),  # at 1e-6 exactly they are still equal
        ([0, 1e-6, -1], {0, 1}, 1),
        ([0, 1e-6, -1], {1}, 1.5),
    ],
)
def test_the_expected_rank_of_the_best_right_answer(scores: list[float], right: set[int], expected: float) -> None:
    assert gold_ranks(np.array([scores], np.float64), [right])[0] == pytest.approx(expected)


@pytest.mark.parametrize(("tied", "right"), [(2, 1), (3, 2), (5, 2), (6, 6)])
def test_ties_cost_what_a_random_order_costs(tied: int, right: int) -> None:
    places = [min(some) for some in itertools.combinations(range(1, tied + 1), right)]
    assert gold_ranks(np.zeros((1, tied)), [range(right)])[0] == pytest.approx(sum(places) / len(places))


def test_rounding_moves_no_rank() -> None:
    """float32 is within 2e-7 of float64: what ties before ties afterwards."""
    rng = np.random.default_rng(0)
    scores = tied_scores(1, (40, 30))
    gold = [set(rng.integers(0, 30, 3).tolist()) for _ in scores]
    noisy = scores + rng.uniform(-2e-7, 2e-7, scores.shape)
    np.testing.assert_array_equal(gold_ranks(noisy, gold), gold_ranks(scores, gold))


def test_a_right_answer_that_shares_the_first_place_wins() -> None:
    scores = np.array([[0.5, 0.5 + 5e-7, 0.2], [0.5, 0.9, 0.2], [0.5, 0.5, NAN], [0.5 + 5e-7, 0.1, 0.5], [NAN] * 3])
    winner, right = winners(scores, [{0, 2}, {0, 2}, {2}, {2}, {1}])
    assert winner.tolist()[:4] == [0, 1, 0, 2] and right.tolist()[:4] == [0, 0, 2, 2]


@pytest.mark.parametrize("seed", range(20))
def test_winners_equal_the_loop(seed: int) -> None:
    """As literal as the docstring: whoever is within 1e-6 of the highest shares the first place."""
    rng = np.random.default_rng(seed)
    scores = tied_scores(seed, (12, 7))
    scores[4], scores[5] = NAN, [NAN] * 6 + [-0.5]
    gold = [set(rng.choice(7, rng.integers(1, 4), replace=False).tolist()) for _ in scores]
    winner, right = winners(scores, gold)
    assert (winner.dtype, right.dtype) == (np.int64, np.int64)
    for row, own, best, answer in zip(scores.tolist(), gold, winner.tolist(), right.tolist(), strict=True):
        known = {column: score for column, score in enumerate(row) if not np.isnan(score)}
        first = [column for column, score in known.items() if score >= max(known.values()) - 1e-6]
        answers = sorted(own, key=lambda column: (-known.get(column, -9), column))
        assert answer == answers[0]
        assert best == (answer if answer in first or not first else first[0])


def test_a_right_answer_without_pictures_leaves_the_others() -> None:
    found = gold_ranks(np.array([[NAN, 0.2, 0.4], [NAN, 0.2, 0.4], [NAN] * 3]), [{0, 1}, {0}, {1}])
    np.testing.assert_array_equal(found, [2, NAN, NAN])


def test_number_of_queries_must_agree() -> None:
    with pytest.raises(FeatureError) as error:
        gold_ranks(np.zeros((3, 2)), [{0}, {1}])
    told = ["3 queries", "for 2", "one collection per query"]
    assert [part for part in told if part not in str(error.value)] == []


@pytest.mark.parametrize(("right", "wrong"), [([2], 2), ([0, 7], 7), ([-1], -1), ([-1, 0], -1), ([1, -4], -4)])
def test_gold_out_of_range_is_named(right: list[int], wrong: int) -> None:
    with pytest.raises(FeatureError) as error:
        gold_ranks(np.zeros((2, 2)), [{0}, right])
    told = [f"right answer {wrong} ", "query 1", "0 … 1"]
    assert [part for part in told if part not in str(error.value)] == []


def test_scores_of_a_wrong_shape_are_refused() -> None:
    with pytest.raises(FeatureError):
        gold_ranks(np.zeros(2), [{0}, {1}])


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([0.1, 0.9, 0.5], [1, 2, 0]),
        ([0.5, NAN, 0.5, 0.9, NAN], [3, 0, 2, 1, 4]),
        ([-0.5, NAN, -0.1], [2, 0, 1]),
        ([], []),
    ],
)
def test_order_is_stable_and_ends_with_nan(scores: list[float], expected: list[int]) -> None:
    found = order(np.array(scores))
    assert found.dtype == np.int64
    assert found.tolist() == expected


def test_order_of_many_ties_is_stable() -> None:
    scores = tied_scores(0, (500,))
    columns = sorted(range(500), key=lambda column: (np.isnan(scores[column]), -np.nan_to_num(scores[column])))
    assert order(scores).tolist() == columns


@pytest.mark.parametrize("seed", range(5))
def test_order_agrees_with_rank(seed: int) -> None:
    scores = tied_scores(seed, (25,))
    ranks = rank(scores)[order(scores)]
    known = ranks[~np.isnan(ranks)]
    assert np.isnan(ranks[len(known) :]).all()
    assert (np.diff(known) >= 0).all()
