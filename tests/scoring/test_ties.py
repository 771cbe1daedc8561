"""The rule of ties against its literal definition, pair by pair."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cldi_core.scoring.ties import TIE, ranks
from tests import oracles

NAN, INF = math.nan, math.inf
ROWS: dict[str, list[float]] = {
    "ordinary": [0.3, 0.1, 0.2],
    "equal": [0.5, 0.2, 0.5, 0.5],
    "nearly equal": [0.5, 0.5 + 0.9e-6, 0.5 - 0.9e-6, 0.2],
    "just apart": [0.5, 0.5 + 1.1e-6, 0.5 - 1.1e-6],
    "a chain": [0.5 + 0.7e-6 * step for step in (3, 0, 1, 4, 2)],
    "unknown": [NAN, 0.5, NAN, 0.5, 0.7],
    "nothing known": [NAN, NAN],
    "no candidates": [],
    "infinite": [INF, -INF, 0.0, INF, NAN, -INF],
    "signed zeros": [0.0, -0.0, 1.0],
    "negative": [-0.5, -0.5 - 1e-7, -0.2],
    "one": [0.1],
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_ranks_follow_the_rule(row: list[float]) -> None:
    scores = np.array([row, row[::-1]], np.float64).reshape(2, len(row))
    found = ranks(scores)
    assert found.dtype == np.float64 and found.shape == scores.shape
    np.testing.assert_array_equal(found, np.array([oracles.ranks(row), oracles.ranks(row[::-1])]).reshape(scores.shape))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("seed", range(20))
def test_ranks_of_many_near_ties(seed: int, dtype: type) -> None:
    """Differences are multiples of 0.37e-6, so that chains of ties are common and none is exactly at the border."""
    rng = np.random.default_rng(seed)
    scores = 0.25 + 0.37e-6 * rng.integers(0, 1 + 3 ** rng.integers(0, 6), (4, rng.integers(1, 40)))
    scores[rng.random(scores.shape) < 0.1] = np.nan
    scores = scores.astype(dtype)
    np.testing.assert_array_equal(ranks(scores), [oracles.ranks(row.tolist()) for row in scores])


def test_ranks_are_those_of_any_order() -> None:
    rng = np.random.default_rng(0)
    scores = np.round(rng.random((3, 50)), 1)
    order = rng.permutation(50)
    np.testing.assert_array_equal(ranks(scores[:, order]), ranks(scores)[:, order])


def test_the_same_rank_in_a_chain_depends_on_the_neighbours_only() -> None:
    """The ends of a chain of three are not tied with each other: ranks 1.5, 2, 2.5."""
    step = 0.7 * TIE
    np.testing.assert_array_equal(ranks(np.array([[2 * step, step, 0.0]])), [[1.5, 2, 2.5]])
