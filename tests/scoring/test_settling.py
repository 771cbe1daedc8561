"""What is left undecided by a rough score is found, and computing only that again gives the true ranks."""

from __future__ import annotations

import numpy as np
import pytest

from cldi_core.evaluation.ranking import gold_ranks, order
from cldi_core.scoring import settling
from cldi_core.scoring.settling import undecided

Gold = list[list[int]]


def rough(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, Gold]:
    """True scores, some equal and some missing; rough ones; how far each is off at most; right answers."""
    rng = np.random.default_rng(seed)
    rows, columns = int(rng.integers(1, 6)), int(rng.integers(1, 40))
    truth = rng.normal(size=(rows, columns))
    if seed % 2:
        truth = np.round(truth, 1)
    error = rng.uniform(0, 0.3 if seed % 3 else 0.02, size=(rows, columns))
    scores = truth + error * rng.choice([-1, 1, 0, 0.5], size=(rows, columns))
    missing = rng.random(columns) < 0.1
    truth[:, missing] = scores[:, missing] = np.nan
    gold = [rng.integers(0, columns, rng.integers(0, 3)).tolist() for _ in range(rows)]
    return truth, scores, error, gold


@pytest.mark.parametrize("seed", range(200))
def test_ranks_are_true_when_the_undecided_are_known(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "CHUNK_NUMBERS", [1, 70, 1 << 18][seed % 3])
    truth, scores, error, gold = rough(seed)
    top = seed % 12
    merged = np.where(undecided(scores, error, gold, top), truth, scores)
    np.testing.assert_array_equal(gold_ranks(merged, gold), gold_ranks(truth, gold))
    for row in range(len(truth)):
        # Each right answer has its own true rank, not only the best one.
        for answer in gold[row]:
            single = [[answer] if other == row else [] for other in range(len(truth))]
            np.testing.assert_array_equal(gold_ranks(merged, single), gold_ranks(truth, single))
        best = order(truth[row])[:top]
        assert order(merged[row])[:top].tolist() == best.tolist()


def test_nothing_is_undecided_when_nothing_touches() -> None:
    scores = np.array([[0.1, 0.2, 0.3, np.nan], [0.3, 0.2, 0.1, np.nan]])
    assert not undecided(scores, 0.04, [{0}, {1, 3}], 10).any()
    assert undecided(scores, 0.05001, [{0}, set()], 0).tolist() == [[True, True, False, False], [False] * 4]


def test_only_what_matters_is_undecided() -> None:
    scores = np.array([[0.9, 0.5, 0.5001, 0.1, 0.1001]])
    assert undecided(scores, 0.001, None, 1).sum() == 0
    assert undecided(scores, 0.001, None, 2)[0].tolist() == [False, True, True, False, False]
    assert undecided(scores, 0.001, [{4}], 0)[0].tolist() == [False, False, False, True, True]
    assert undecided(scores, 0.001, [{0}], 0).sum() == 0


@pytest.mark.parametrize("gold", [None, [], [set(), set()]])
def test_no_right_answers(gold: Gold | None) -> None:
    assert not undecided(np.zeros((2, 3)), 1.0, gold, 0).any()
    assert undecided(np.full((2, 3), np.nan), 1.0, gold, 5).sum() == 0
