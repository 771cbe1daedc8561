"""Hubness corrections and rank fusion against their formulas, on ordinary and on awkward scores."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cldi_core.errors import FeatureError
from cldi_core.scoring.hubness import csls, fuse, inverted_softmax
from cldi_core.scoring.ties import ranks
from tests import oracles_extra as oracles

RNG = np.random.default_rng(3)


def cosines(n: int, m: int) -> np.ndarray:
    return RNG.uniform(-1, 1, (n, m)).astype(np.float32)


def without(scores: np.ndarray, rows: list[int], columns: list[int]) -> np.ndarray:
    scores = scores.copy()
    scores[rows] = np.nan
    scores[:, columns] = np.nan
    return scores


def read_only(scores: np.ndarray) -> np.ndarray:
    scores = scores.copy()
    scores.flags.writeable = False
    return scores


CASES = {
    "ordinary": cosines(7, 9),
    "tall": cosines(30, 2),
    "all negative": -np.abs(cosines(6, 5)) - 0.01,
    "ties": np.round(cosines(12, 14), 1),
    "all equal": np.full((4, 5), 0.25, np.float32),
    "one cell": cosines(1, 1),
    "one row": cosines(1, 8),
    "one column": cosines(8, 1),
    "words without pictures": without(cosines(9, 8), [0, 4], [2, 7]),
    "one known word": without(cosines(3, 3), [0, 2], [0, 1]),
    "nothing known": np.full((3, 4), np.nan, np.float32),
    "single cells unknown": np.where(cosines(9, 8) > 0.5, np.float32(np.nan), cosines(9, 8)),
    "signed zeros": np.array([[0.0, -0.0, 0.5], [-0.0, 0.0, -0.5]], np.float32),
    "float16": cosines(5, 6).astype(np.float16),
    "float64": cosines(5, 6).astype(np.float64),
    "non-contiguous": cosines(10, 12)[::2, ::3],
    "column order": np.asfortranarray(cosines(6, 7)),
    "reversed": cosines(6, 7)[::-1, ::-1],
    "read-only": read_only(cosines(6, 7)),
}
SCORES = CASES["ordinary"]
each_case = pytest.mark.parametrize("scores", CASES.values(), ids=CASES)


def check(found: np.ndarray, expected: list[list[float]], scores: np.ndarray, atol: float = 1e-6) -> None:
    assert found.dtype == np.float32
    assert found.shape == scores.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol)
    np.testing.assert_array_equal(np.isnan(found), np.isnan(scores))


@each_case
@pytest.mark.parametrize("k", [1, 2, 3, 10, 1000])
def test_csls_equals_its_formula(scores: np.ndarray, k: int) -> None:
    check(csls(scores, k), oracles.csls(scores.astype(float).tolist(), k), scores)


def test_csls_lowers_a_hub() -> None:
    """The hub in column 0 is nearest to all; corrected, every query finds its own word."""
    scores = np.full((4, 4), 0.1) + 0.5 * np.eye(4)
    scores = np.hstack([np.full((4, 1), 0.7), scores])
    assert scores.argmax(axis=1).tolist() == [0, 0, 0, 0]
    assert csls(scores, 2).argmax(axis=1).tolist() == [1, 2, 3, 4]
    assert inverted_softmax(scores).argmax(axis=1).tolist() == [1, 2, 3, 4]


@each_case
@pytest.mark.parametrize("beta", [0.1, 1.0, 30.0])
def test_inverted_softmax_is_the_logarithm_of_its_formula(scores: np.ndarray, beta: float) -> None:
    with np.errstate(invalid="ignore"):
        expected = np.log(oracles.inverted_softmax(scores.astype(float).tolist(), beta))
    check(inverted_softmax(scores, beta), expected, scores, atol=1e-5)
    assert not (inverted_softmax(scores, beta) > 0).any()


def test_inverted_softmax_keeps_small_values_apart() -> None:
    """As probabilities these would be exp(-2000) and exp(-1900), both 0."""
    found = inverted_softmax(np.array([[1.0, 1.0], [-1.0, -0.9]]), 1000)
    np.testing.assert_allclose(found, [[0, 0], [-2000, -1900]])


@pytest.mark.parametrize("correct", [csls, inverted_softmax, lambda scores: fuse([scores, scores**3])])
@pytest.mark.parametrize(("n", "m"), [(3, 5), (17, 21), (64, 33)])
@pytest.mark.parametrize("turned", [False, True])
def test_equal_columns_stay_equal(correct, n: int, m: int, turned: bool) -> None:
    scores = cosines(n, m)
    scores = np.hstack([scores, scores[:, :1], scores[:, ::-1]])
    found = correct(np.asfortranarray(scores) if turned else scores)
    np.testing.assert_array_equal(found[:, :m], found[:, :m:-1])
    np.testing.assert_array_equal(found[:, 0], found[:, m])


@each_case
@pytest.mark.parametrize("k", [0.5, 60])
def test_fuse_equals_its_formula(scores: np.ndarray, k: float) -> None:
    others = [scores, np.round(-scores, 1), np.where(np.isnan(scores), np.nan, RNG.normal(size=scores.shape))]
    for matrices in (others[:1], others):
        expected = oracles.fuse([matrix.astype(float).tolist() for matrix in matrices], k)
        check(fuse(matrices, k), expected, scores)


def test_fuse_is_unknown_where_any_matrix_is() -> None:
    one, other = without(cosines(4, 5), [1], []), without(cosines(4, 5), [], [3])
    np.testing.assert_array_equal(np.isnan(fuse([one, other])), np.isnan(one) | np.isnan(other))
    np.testing.assert_allclose(fuse([one, other]), oracles.fuse([one.tolist(), other.tolist()], 60), atol=1e-7)


@each_case
def test_fuse_takes_the_ranks_of_ties(scores: np.ndarray) -> None:
    np.testing.assert_array_equal(fuse([scores]), (1 / (60 + ranks(scores))).astype(np.float32))


def test_nearly_equal_scores_are_fused_as_equal() -> None:
    found = fuse([np.array([[0.5, 0.5 + 8e-7, 0.1, 0.5 + 1.2e-6]])])[0]
    np.testing.assert_allclose(found, 1 / (60 + np.array([2.5, 2, 4, 1.5])), rtol=1e-6)


@pytest.mark.parametrize("correct", [csls, inverted_softmax, lambda scores: fuse([scores])])
@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
def test_no_words_on_a_side_are_no_mistake(correct, shape: tuple[int, int]) -> None:
    assert correct(np.zeros(shape, np.float32)).shape == shape


def test_matrices_may_be_stacked_in_one_array() -> None:
    stacked = np.stack([SCORES, SCORES**3])
    np.testing.assert_array_equal(fuse(stacked), fuse(list(stacked)))


def test_fuse_accepts_infinities() -> None:
    found = fuse([np.array([[np.inf, -np.inf, np.inf, 0.0]])], 1)
    np.testing.assert_allclose(found, 1 / (1 + np.array([[1.5, 4, 1.5, 3]])), rtol=1e-6)


@pytest.mark.parametrize("correct", [csls, inverted_softmax, lambda scores: fuse([scores])])
def test_scores_are_not_changed(correct) -> None:
    scores = CASES["words without pictures"]
    before = scores.copy()
    correct(scores)
    np.testing.assert_array_equal(scores, before)


BAD = {
    "k of csls": (lambda: csls(SCORES, 0), ["k is 0", "1 or more"]),
    "negative k of csls": (lambda: csls(SCORES, -3), ["k is -3", "1 or more"]),
    "broken k of csls": (lambda: csls(SCORES, 2.5), ["k is 2.5", "whole number"]),
    "beta 0": (lambda: inverted_softmax(SCORES, 0), ["beta is 0", "above 0"]),
    "beta below 0": (lambda: inverted_softmax(SCORES, -1.5), ["beta is -1.5", "above 0"]),
    "beta nan": (lambda: inverted_softmax(SCORES, math.nan), ["beta is nan", "finite"]),
    "beta infinite": (lambda: inverted_softmax(SCORES, math.inf), ["beta is inf", "finite"]),
    "k of fuse": (lambda: fuse([SCORES], 0), ["k is 0", "above 0"]),
    "negative k of fuse": (lambda: fuse([SCORES], -60), ["k is -60", "above 0"]),
    "nothing to fuse": (lambda: fuse([]), ["no score matrices", "at least one"]),
    "shapes": (lambda: fuse([SCORES, SCORES, SCORES.T]), ["matrix 2", "(9, 7)", "(7, 9)"]),
    "a row for csls": (lambda: csls(SCORES[0]), ["(9,)", "(n_source, n_target)"]),
    "a row for the softmax": (lambda: inverted_softmax(SCORES[0]), ["(9,)", "(n_source, n_target)"]),
    "a row to fuse": (lambda: fuse([SCORES[0]]), ["(9,)", "(n_source, n_target)"]),
}


@pytest.mark.parametrize(("wrong", "told"), BAD.values(), ids=BAD)
def test_bad_arguments_are_told_in_one_line(wrong, told: list[str]) -> None:
    with pytest.raises(FeatureError) as error:
        wrong()
    assert [part for part in told if part not in str(error.value)] == []
    assert "\n" not in str(error.value)
