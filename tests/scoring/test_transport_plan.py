"""The plan of one pair of words: what moves where, and that the score is made of it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cldi_core.errors import FeatureError, UnknownNameError
from cldi_core.scoring import transport_plans
from cldi_core.scoring.imagesets import ImageSets
from cldi_core.scoring.transport import plan_of, sinkhorn
from tests import oracles
from tests.scoring.test_scores import CASES, sets_of


def slow_plan(source: list, target: list, epsilon: float) -> np.ndarray:
    """Scaling in turn until nothing moves, on the numbers themselves; equal pictures are different ones here."""
    kernel = np.array([[math.exp(oracles.cosine(i, j) / epsilon) for j in target] for i in source])
    x, y = np.ones(len(source)), np.ones(len(target))
    for _ in range(50_000):
        before = x
        x = 1 / len(source) / (kernel @ y)
        y = 1 / len(target) / (x @ kernel)
        if np.abs(x / before - 1).max() < 1e-12:
            break
    return x[:, None] * kernel * y


@pytest.mark.parametrize(("source", "target"), CASES.values(), ids=CASES)
def test_a_plan_makes_the_score_and_spends_all_pictures(source: list, target: list) -> None:
    own, other = sets_of(source), sets_of(target)
    scores = sinkhorn(own, other)
    for row, word in enumerate(own.words[:2]):
        for column, candidate in enumerate(other.words[:3]):
            plan = plan_of(own, other, word, candidate)
            assert plan.weights.shape == plan.cosines.shape == (len(source[row]), len(target[column]))
            if plan.weights.size:
                score = float((plan.weights * plan.cosines).sum())
                assert score == pytest.approx(float(scores[row, column]), abs=3e-7)
                np.testing.assert_allclose(plan.weights.sum(axis=1), 1 / len(source[row]), atol=1e-5)
                np.testing.assert_allclose(plan.weights.sum(axis=0), 1 / len(target[column]), atol=1e-5)
            else:
                assert np.isnan(scores[row, column])


@pytest.mark.parametrize("epsilon", [0.2, 0.05])
def test_a_plan_is_that_of_scaling_in_turn(epsilon: float) -> None:
    rng = np.random.default_rng(5)
    source, target = rng.normal(size=(4, 5)), rng.normal(size=(3, 5))
    source, target = source[[0, 1, 2, 1, 3, 1]], target[[2, 0, 1, 2]]  # some are listed more than once
    plan = plan_of(sets_of([source]), sets_of([target]), "w0", "w0", epsilon=epsilon)
    np.testing.assert_allclose(plan.weights, slow_plan(source.tolist(), target.tolist(), epsilon), atol=2e-6)
    expected = [[oracles.cosine(i, j) for j in target] for i in source]
    np.testing.assert_allclose(plan.cosines, expected, atol=1e-6)


def test_a_small_epsilon_pairs_pictures_off() -> None:
    x = np.eye(3, dtype=np.float32)
    plan = plan_of(sets_of([x]), sets_of([x[[2, 0, 1]]]), "w0", "w0", epsilon=0.001)
    np.testing.assert_allclose(plan.weights, np.eye(3)[:, [2, 0, 1]] / 3, atol=1e-6)


def test_a_large_pair_is_walked_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(6)
    own, other = sets_of([rng.normal(size=(9, 4))]), sets_of([rng.normal(size=(5, 4))])
    whole = plan_of(own, other, "w0", "w0")
    monkeypatch.setattr(transport_plans, "PAIR", 8 * 5 * 2)
    parts = plan_of(own, other, "w0", "w0")
    np.testing.assert_allclose(parts.weights, whole.weights, atol=1e-9)
    np.testing.assert_allclose(parts.cosines, whole.cosines, atol=1e-7)


def test_words_and_numbers_that_are_none_are_refused() -> None:
    sets = ImageSets.from_arrays(["cow"], [[[1.0, 0.0]]])
    with pytest.raises(UnknownNameError, match="cat"):
        plan_of(sets, sets, "cat", "cow")
    with pytest.raises(FeatureError, match="epsilon is 0"):
        plan_of(sets, sets, "cow", "cow", epsilon=0)
    with pytest.raises(FeatureError, match="dimensions"):
        plan_of(sets, ImageSets.from_arrays(["cow"], [[[1.0]]]), "cow", "cow")
