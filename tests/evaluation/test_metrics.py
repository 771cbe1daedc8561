"""MRR, P@k, coverage and chance against literal loops and known formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cldi_core.errors import FeatureError
from cldi_core.evaluation.metrics import chance, evaluate, figures, summarise
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


def test_p_at_1_and_at_10_are_what_is_asked_without_more() -> None:
    """As in the paper's tables."""
    scores = -np.arange(12.0) * np.ones((3, 1))
    gold: list[set[int]] = [{0}, {9}, {10}]
    assert evaluate(scores, gold).p_at == summarise(np.array([1.0, 10, 11]), 3).p_at == {1: 1 / 3, 10: 2 / 3}
    found = figures(np.array([1.0, 10, 11]))
    assert {name: values.tolist() for name, values in found.items() if name != "mrr"} == {
        "p@1": [1, 0, 0], "p@10": [1, 1, 0]
    }  # fmt: skip


@pytest.mark.parametrize(("candidates", "right"), [(n, r) for n in range(1, 7) for r in range(1, n + 1)])
def test_chance_equals_all_orders(candidates: int, right: int) -> None:
    assert chance(candidates, right) == pytest.approx(oracles.chance(candidates, right))


def test_chance_of_one_answer_is_the_harmonic_mean() -> None:
    assert chance(1600, 1) == pytest.approx(sum(1 / r for r in range(1, 1601)) / 1600)


@pytest.mark.parametrize(("candidates", "right"), [(0, 0), (5, 0), (3, 4), (5, -1)])
def test_chance_of_the_impossible_is_nan(candidates: int, right: int) -> None:
    assert math.isnan(chance(candidates, right))
