"""Transport scores against slow loops and against POT, on ordinary and on awkward image sets."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

from cldi_core.errors import FeatureError, UnknownNameError
from cldi_core.scoring import transport, transport_factors, transport_sets
from cldi_core.scoring.imagesets import ImageSets, similarity
from cldi_core.scoring.methods import SINKHORN
from cldi_core.scoring.scores import score_all
from cldi_core.scoring.transport import sinkhorn
from tests import oracles
from tests import oracles_extra as slow

RNG = np.random.default_rng(5)


EPSILONS = [1.0, 0.05, 0.02, 0.005]  # float32, float32 at its limit, float64, logarithms


def pictures(*sizes: int, dim: int = 5) -> list[np.ndarray]:
    return [RNG.normal(size=(n, dim)).astype(np.float32) for n in sizes]


def alike(*sizes: int) -> list[np.ndarray]:
    return [(array + 3).astype(np.float32) for array in pictures(*sizes, dim=32)]


def cast(arrays: list[np.ndarray], dtype: type) -> list[np.ndarray]:
    return [array.astype(dtype) for array in arrays]


def strided(arrays: list[np.ndarray]) -> list[np.ndarray]:
    return [np.repeat(np.repeat(array, 2, axis=0), 3, axis=1)[::2, ::3] for array in arrays]


S, T = pictures(1, 4, 7, 2), pictures(3, 1, 6, 2, 5)


ZERO, EMPTY = np.zeros((1, 5), np.float32), np.zeros((0, 5), np.float32)


CORNER = [np.abs(array) + 0.1 for array in S]  # all in one orthant: every cosine with its mirror image is below 0


SAME = np.ones((1, 5), np.float32)


FEW = np.eye(5, dtype=np.float32)[:3]


CASES: dict[str, tuple[list, list]] = {
    "ragged": (S, T),
    "one picture each": (pictures(1, 1, 1), pictures(1, 1)),
    "empty sets": ([EMPTY, *S, EMPTY], [T[0], EMPTY, *T[1:], EMPTY]),
    "empty source": ([EMPTY, EMPTY], T),
    "empty target": (S, [[], []]),
    "all empty": ([[], []], [[]]),
    "all negative": (CORNER, [-array for array in CORNER]),
    "zero vectors": ([ZERO, np.vstack([ZERO, S[1]]), S[2]], [ZERO, np.vstack([T[0], ZERO]), -np.abs(T[2])]),
    "only zero vectors": ([ZERO, np.vstack([ZERO, ZERO])], [ZERO, ZERO]),
    "duplicated pictures": (
        [np.repeat(S[1], 3, axis=0), S[1][[0, 0, 1]], S[2]],
        [np.repeat(T[0], 2, axis=0), T[0][[0, 1, 1, 1]], T[2], T[0][:1]],
    ),
    "pictures of several words": ([S[1], S[2]], [S[1][:2], S[1], np.vstack([S[1][1:3], S[2][:1]]), T[2]]),
    "ties": ([FEW[[0, 1]], FEW[[0, 0, 1, 2]], FEW[[2]]], [FEW[[0, 2]], FEW[[1]], FEW[[1, 2]], FEW[[0]], FEW[[0]]]),
    "opposites": ([np.vstack([SAME, -SAME * 2, -SAME * 3]), SAME], [np.vstack([SAME, SAME * 2, -SAME]), -SAME]),
    "one dimension": (pictures(1, 3, 2, dim=1), pictures(2, 1, 4, dim=1)),
    "all equal": ([SAME, np.repeat(SAME, 4, axis=0)], [SAME * 3, np.repeat(SAME, 2, axis=0), SAME]),
    "sizes that share a batch": (pictures(8, 9, 9, 10), pictures(9, 8, 16, 17, 18)),
    "float16": (cast(pictures(1, 4, 3, dim=40), np.float16), cast(pictures(2, 5, dim=40), np.float16)),
    "float64": (cast(S, np.float64), cast(T, np.float64)),
    "non-contiguous": (strided(S), strided(T)),
    "huge and tiny": ([array.astype(np.float64) * 1e300 for array in S], [array * 1e-30 for array in T]),
    "one word each": ([S[2]], [T[2]]),
}


each_case = pytest.mark.parametrize(("source", "target"), CASES.values(), ids=CASES)


def sets_of(arrays: list) -> ImageSets:
    return ImageSets.from_arrays([f"w{row}" for row in range(len(arrays))], arrays)


def check(found: np.ndarray, source: list, target: list, measure: Callable, atol: float) -> None:
    assert found.dtype == np.float32
    assert found.shape == (len(source), len(target))
    np.testing.assert_allclose(found, oracles.table(measure, source, target), rtol=0, atol=atol)
    assert not (np.abs(found) > 1).any()


@each_case
@pytest.mark.parametrize("epsilon", EPSILONS)
def test_equals_its_iterations_in_slow_loops(source: list, target: list, epsilon: float) -> None:
    found = sinkhorn(sets_of(source), sets_of(target), epsilon=epsilon, iterations=12)
    # Cosines are 1e-7 off, which epsilon divides, and iterations that have not settled pass on.
    check(found, source, target, lambda s, t: slow.sinkhorn(s, t, epsilon, 12), max(3e-6, 3e-8 / epsilon))


def check_with_pot(source: list, target: list, epsilon: float) -> None:
    ot = pytest.importorskip("ot")

    def plan(own: np.ndarray, other: np.ndarray) -> float:
        cosines = similarity(np.asarray(own, np.float64), np.asarray(other, np.float64)).astype(np.float64)
        options = {"method": "sinkhorn_log", "stopThr": 1e-9, "numItermax": 1000, "warn": False}
        return float((ot.sinkhorn([], [], 1 - cosines, epsilon, **options) * cosines).sum())

    check(sinkhorn(sets_of(source), sets_of(target), epsilon=epsilon, iterations=1000), source, target, plan, 3e-6)


@each_case
@pytest.mark.parametrize("epsilon", [1.0, 0.2])
def test_equals_pot(source: list, target: list, epsilon: float) -> None:
    check_with_pot(source, target, epsilon)


@pytest.mark.parametrize("epsilon", EPSILONS[1:])
def test_equals_pot_on_pictures_that_share_a_scene(epsilon: float) -> None:
    """Cosines as of a network's features, 0.8 to 1; with random ones, small epsilons do not settle in a lifetime."""
    check_with_pot(alike(1, 5, 12), alike(3, 1, 20, 12), epsilon)


@pytest.mark.parametrize(("size", "other", "dim"), [(3, 4, 40), (5, 5, 16), (20, 30, 5), (80, 60, 3), (200, 150, 8)])
@pytest.mark.parametrize("signed", [True, False], ids=["signed", "unsigned"])
def test_equals_pot_with_the_options_of_the_method(size: int, other: int, dim: int, signed: bool) -> None:
    """With 100 of Sinkhorn's own steps, signed features were up to 1.7e-2 off."""
    ot = pytest.importorskip("ot")
    source, target = pictures(size, dim=dim), pictures(other, other, other, dim=dim)
    if not signed:
        source, target = [np.abs(array) for array in source], [np.abs(array) for array in target]
    found = transport.settle(sets_of(source), sets_of(target), **SINKHORN)
    options = {"method": "sinkhorn_log", "stopThr": 1e-9, "numItermax": 20_000, "warn": False}
    for column, array in enumerate(target):
        cosines = similarity(source[0].astype(np.float64), array.astype(np.float64)).astype(np.float64)
        expected = (ot.sinkhorn([], [], 1 - cosines, 0.05, **options) * cosines).sum()
        assert found.scores[0, column] == pytest.approx(expected, abs=max(3e-6, found.error))
    assert found.error < 1e-4


def marginal_error(source: np.ndarray, target: np.ndarray, iterations: int) -> float:
    """The L1 error of the rows of a plan after some of Sinkhorn's own iterations."""
    cosines = np.array([[oracles.cosine(i, j) for j in target] for i in source])
    kernel, x, y = np.exp(cosines / 0.05), np.ones(len(source)), np.ones(len(target))
    for _ in range(iterations):
        x = 1 / len(source) / (kernel @ y)
        y = 1 / len(target) / (kernel.T @ x)
    return float(np.abs((x[:, None] * kernel * y).sum(axis=1) - 1 / len(source)).sum())


def test_the_error_is_that_of_the_plan_that_has_settled_least() -> None:
    """Neither the mean of all, nor the last one's: one pair of many is far off."""
    settled, hard = (
        alike(3, 3, 4),
        [np.array([[1.0, 0], [0.6, 0.8], [-1, 0.1]]), np.array([[1.0, 0.05], [-1, 0], [0, 1]])],
    )
    pad = [np.pad(array, ((0, 0), (0, 30))).astype(np.float32) for array in hard]
    for place in range(3):
        source = [*settled[:place], pad[0], *settled[place:]]
        target = [*settled[::-1][:place], pad[1], *settled[::-1][place:]]
        error = transport.settle(sets_of(source), sets_of(target), iterations=15).error
        every = [marginal_error(one, other, 14) for one in source for other in target]
        assert error == pytest.approx(max(every), rel=1e-4) and error > 3 * np.mean(every)


def test_what_has_settled_says_so_and_nothing_has_no_error() -> None:
    assert 0 < transport.settle(sets_of(alike(5, 12)), sets_of(alike(20, 3))).error < 1e-6
    assert transport.settle(sets_of([EMPTY]), sets_of([T[0]])).error == 0


def test_the_error_of_a_method_is_told(small_iterations: None) -> None:
    errors: dict[str, float] = {}
    score_all(sets_of(S), sets_of(T), ["avgmax", "sinkhorn+csls"], errors=errors)
    assert list(errors) == ["sinkhorn"] and errors["sinkhorn"] > 1e-4


@pytest.fixture
def small_iterations(monkeypatch: pytest.MonkeyPatch) -> None:
    """The method runs out of iterations."""
    monkeypatch.setitem(SINKHORN, "iterations", 3)


@pytest.mark.parametrize(("shelf", "batch"), [(2**22, 2**17), (200, 60)])
@pytest.mark.parametrize("dim", [3, 64, 1024])
@pytest.mark.parametrize("epsilon", [0.05, 0.005])
def test_words_with_the_same_pictures_tie_exactly(
    epsilon: float, dim: int, shelf: int, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever they stand, in whatever order their pictures come, and if all of them come twice."""
    monkeypatch.setattr(transport_sets, "SHELF", shelf)
    monkeypatch.setattr(transport, "BATCH", {"cpu": batch})
    features = RNG.normal(size=(60, dim)).astype(np.float32)
    once = [RNG.integers(0, 60, n).tolist() for n in RNG.integers(1, 12, 13)]
    again = [RNG.permutation(rows * 2).tolist() for rows in once]
    rows = [*once, [0], *again[::-1]]
    sets = ImageSets.from_members([f"w{row}" for row in range(len(rows))], rows, features, None)
    found = sinkhorn(sets, sets, epsilon=epsilon, iterations=12)
    np.testing.assert_array_equal(found[:, :13], found[:, :13:-1])
    np.testing.assert_array_equal(found[:13], found[:13:-1])


def test_a_large_epsilon_gives_the_mean_cosine() -> None:
    check(sinkhorn(sets_of(S), sets_of(T), epsilon=1e6), S, T, oracles.mean_cosine, 1e-5)


@pytest.mark.parametrize("epsilon", [1e-2, 1e-3, 5e-4])
def test_a_small_epsilon_pairs_the_pictures_off(epsilon: float) -> None:
    source, target = pictures(4, 4, 4), pictures(4, 4)
    found = sinkhorn(sets_of(source), sets_of(target), epsilon=epsilon, iterations=5000)
    check(found, source, target, slow.assignment, 3 * epsilon)


@pytest.mark.parametrize("epsilon", [5e-324, 1e-300, 1e-9, 1e-4, 0.00999, 0.01, 0.049, 0.05, 1.0, 1e30, 1e300])
@pytest.mark.parametrize("case", ["opposites", "all negative", "zero vectors", "ragged", "all equal"])
def test_no_epsilon_leaves_the_range_of_floats(epsilon: float, case: str) -> None:
    """From 0.05 in float32 and from 0.01 in float64 the exponentials must just fit."""
    found = sinkhorn(*map(sets_of, CASES[case]), epsilon=epsilon, iterations=50)
    assert np.isfinite(found).all()
    assert (np.abs(found) <= 1).all()


@pytest.mark.parametrize("epsilon", [0.05, 0.01])
def test_the_worst_costs_stay_in_range(epsilon: float) -> None:
    """One picture of many has its match: the factors of the others go as far as they can."""
    pole, poles = [[1.0, 0.0]], [[-1.0, 0.0]] * 3 + [[1.0, 0.0]] + [[-1.0, 1e-3 * n] for n in range(1, 200)]
    source, target = [poles, [*poles[3:], *pole]], [pole, [[-1.0, 0.0], *pole], [*pole, *poles[4:9]]]
    found = sinkhorn(sets_of(source), sets_of(target), epsilon=epsilon, iterations=7)
    check(found, source, target, lambda s, t: slow.sinkhorn(s, t, epsilon, 7), 1e-5)


def test_known_values() -> None:
    """A picture cannot serve twice: half of the mass has to go to the other one."""
    x, y, z = np.eye(3)
    found = sinkhorn(sets_of([[x, x], [x, y], []]), sets_of([[x, y], [y, x], [x], [-x], [z], []]))
    expected = [[0.5, 0.5, 1, -1, 0], [1, 1, 0.5, -0.5, 0], [math.nan] * 5]
    np.testing.assert_allclose(found[:, :5], expected, atol=1e-6)
    assert np.isnan(found[:, 5]).all()


def test_is_symmetric_when_settled() -> None:
    source, target = sets_of(alike(1, 4, 7, 2)), sets_of(alike(3, 1, 6))
    there, back = (sinkhorn(*pair, iterations=2000) for pair in ((source, target), (target, source)))
    np.testing.assert_allclose(there, back.T, atol=2e-6)


@pytest.mark.parametrize("epsilon", [0.5, 0.04, 0.009])
def test_stops_early(epsilon: float, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    for domain in (transport_factors.Products, transport_factors.Logarithms):

        def counted(*args: object, sums: Callable = domain.sums) -> object:
            calls.append(1)
            return sums(*args)

        monkeypatch.setattr(domain, "sums", counted)
    sinkhorn(sets_of(alike(3, 4)), sets_of(alike(6, 2)), epsilon=epsilon, iterations=100_000)
    assert len(calls) < 2000


BAD = {
    "epsilon 0": ({"epsilon": 0}, ["epsilon is 0", "above 0"]),
    "epsilon below 0": ({"epsilon": -0.05}, ["epsilon is -0.05", "above 0"]),
    "epsilon nan": ({"epsilon": math.nan}, ["epsilon is nan", "finite"]),
    "epsilon infinite": ({"epsilon": math.inf}, ["epsilon is inf", "finite"]),
    "no iterations": ({"iterations": 0}, ["iterations is 0", "1 or more"]),
    "half an iteration": ({"iterations": 1.5}, ["iterations is 1.5", "whole number"]),
}


@pytest.mark.parametrize(("options", "told"), BAD.values(), ids=BAD)
def test_bad_arguments_are_told_in_one_line(options: dict, told: list[str]) -> None:
    with pytest.raises(FeatureError) as error:
        sinkhorn(sets_of(S), sets_of(T), **options)
    assert [part for part in told if part not in str(error.value)] == []
    assert "\n" not in str(error.value)


def test_different_dimensions_are_refused() -> None:
    with pytest.raises(FeatureError, match=r"source features have 3 .* target features 7"):
        sinkhorn(sets_of(pictures(2, dim=3)), sets_of(pictures(2, dim=7)))


def test_unknown_device_lists_the_choices() -> None:
    with pytest.raises(UnknownNameError, match="unknown device 'tpu'; choose from: cpu"):
        sinkhorn(sets_of(S), sets_of(T), device="tpu")


def test_importing_it_does_not_load_torch() -> None:
    code = "import sys, cldi_core.scoring.transport; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "False", done.stderr


def test_a_device_that_is_not_there_is_told_from_one_that_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UnknownNameError, match=r"'cuda'; choose from: cpu\b.*No CUDA device was found"):
        sinkhorn(sets_of(S), sets_of(T), device="cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with pytest.raises(UnknownNameError, match="'tpu'; choose from: cpu, cuda") as told:
        sinkhorn(sets_of(S), sets_of(T), device="tpu")
    assert "No CUDA" not in str(told.value)
