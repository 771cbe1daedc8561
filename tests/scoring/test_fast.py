"""The fast pass: within its derived bound, and with the ranks of the exact one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from cldi_core.errors import FeatureError, UnknownNameError
from cldi_core.evaluation.ranking import gold_ranks, order
from cldi_core.scoring import best_match, scores
from cldi_core.scoring.imagesets import ImageSets, unit_rows
from cldi_core.scoring.methods import METHODS
from cldi_core.scoring.rounding import float32_error
from cldi_core.scoring.scores import precision_used, score, score_all
from cldi_core.scoring.typicality import typicality
from tests.scoring.test_scores import CASES, ROUNDED, sets_of

CUDA = torch.cuda.is_available()
NO_CUDA = "there is no CUDA device, so the pass on a graphics card cannot be compared"
PAPER = ["avgmax", "maxmax", "knn", "avgmax-sym"]


def relu(seed: int, words: int = 30, dim: int = 96, spread: float = 2.0) -> list[list[np.ndarray]]:
    """Two sides of sets like a network's features: not negative, with much in common; word ``i`` means word ``i``."""
    rng = np.random.default_rng(seed)
    common, meaning = rng.gamma(0.5, size=dim), rng.gamma(0.4, size=(words, dim))
    return [
        [common + 0.3 * word + spread * rng.gamma(0.3, size=(rng.integers(2, 9), dim)) for word in meaning]
        for _ in range(2)
    ]


def families(dim: int) -> dict[str, tuple[list, list]]:
    """Features on which rounding is ordinary, coherent, extreme or absent."""
    rng = np.random.default_rng(dim)
    flat = np.where(np.arange(dim) % 3 == 0, 1 + 2.0**-8, 1.0)  # half-way between two numbers of 8 bits
    groups = [flat * (1 + 0.002 * rng.integers(0, 3, size=(4, dim))) for _ in range(5)]
    spikes = [np.eye(dim)[rng.integers(0, dim, 5)] + 1e-4 for _ in range(6)]
    return {
        "relu": tuple(relu(dim, 8, dim)),
        "isotropic": ([rng.normal(size=(4, dim)) for _ in range(6)], [rng.normal(size=(5, dim)) for _ in range(7)]),
        "coherent": (groups, groups[::-1]),
        "spikes": (spikes, spikes[::-1]),
        "opposite": ([np.ones((3, dim)), np.ones((1, dim))], [-np.ones((2, dim)), np.ones((2, dim)) * 1e-20]),
        "zeros": ([np.zeros((2, dim)), np.ones((2, dim))], [np.zeros((1, dim)), np.eye(dim)[:1]]),
    }  # type: ignore[return-value]


def truth(source: ImageSets, target: ImageSets, weights: np.ndarray) -> dict[str, np.ndarray]:
    """All measures in float64, straight from all cosines."""

    def unit(sets: ImageSets) -> np.ndarray:
        rows = np.asarray(sets.features, np.float64)
        peak = np.abs(rows).max(axis=1, keepdims=True, initial=0)
        rows = rows / np.where(peak == 0, 1, peak)
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        return rows / np.where(norms == 0, 1, norms)

    cosines = unit(source) @ unit(target).T
    found = {name: np.empty((len(source), len(target))) for name in best_match.MEASURES}
    for row, word in enumerate(source.words):
        for column, other in enumerate(target.words):
            part = cosines[np.ix_(source.rows(word), target.rows(other))]
            own = weights[source.offsets[row] : source.offsets[row + 1]]
            found["forward"][row, column] = part.max(axis=1).mean()
            found["backward"][row, column] = part.max(axis=0).mean()
            found["weighted"][row, column] = own @ part.max(axis=1)
            found["best"][row, column] = part.max()
    return found


@pytest.mark.parametrize("block", [3, 4096])
@pytest.mark.parametrize("dim", [1, 2, 33, 700])
@pytest.mark.parametrize("family", families(3))
def test_bound_holds(family: str, dim: int, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(best_match, "MOST_ROWS", block)
    source, target = (sets_of(side) for side in families(dim)[family])
    weights = typicality(source)
    expected = truth(source, target, weights)
    for fast in (True, False):
        found = best_match.Pass(source, target, best_match.MEASURES, fast=fast, weights=weights).run()
        for name in best_match.MEASURES:
            off = np.abs(found.values[name] - expected[name])
            assert (off <= found.error[name]).all(), (name, off.max(), np.max(found.error[name]))


def test_bound_is_of_use() -> None:
    """On features like a network's the bound is far below what scores differ by, and the error far below the bound."""
    source, target = (sets_of(side) for side in relu(0, 20, 512))
    found = best_match.Pass(source, target, ("forward",), fast=True).run()
    expected = truth(source, target, typicality(source))["forward"]
    assert np.max(found.error["forward"]) < 0.01 < expected.std()
    assert np.abs(found.values["forward"] - expected).max() < 0.5 * np.max(found.error["forward"])


@pytest.mark.parametrize("method", ROUNDED)
@pytest.mark.parametrize(("source", "target"), CASES.values(), ids=CASES)
def test_awkward_sets_rank_as_in_exact(method: str, source: list, target: list) -> None:
    """Every candidate's rank is asked for, so every score that matters must be settled."""
    sides = sets_of(source), sets_of(target)
    gold = [range(len(target))] * len(source)
    exact, fast = (score(*sides, method, precision, gold=gold) for precision in ("exact", "fast"))
    np.testing.assert_array_equal(np.isnan(fast), np.isnan(exact))
    for column in range(len(target)):
        single = [[column]] * len(source)
        np.testing.assert_array_equal(gold_ranks(fast, single), gold_ranks(exact, single))


@pytest.mark.parametrize("seed", range(5))
def test_gold_ranks_and_top_ten_are_those_of_exact(seed: int) -> None:
    source, target = (sets_of(side) for side in relu(seed, 40))
    gold = [{row} for row in range(40)]
    exact, fast = (score_all(source, target, PAPER, precision, gold=gold) for precision in ("exact", "fast"))
    raw = score_all(source, target, PAPER, "fast", top=0)
    for name in PAPER:
        ranks = gold_ranks(exact[name], gold)
        assert 1 < ranks.mean() < 20  # neither trivial nor hopeless
        np.testing.assert_array_equal(gold_ranks(fast[name], gold), ranks)
        for row in range(40):
            assert order(fast[name][row])[:10].tolist() == order(exact[name][row])[:10].tolist()
    # Without settling some do change, so the test could fail.
    assert any((gold_ranks(raw[name], gold) != gold_ranks(exact[name], gold)).any() for name in PAPER)
    np.testing.assert_array_equal(raw["knn"], exact["knn"])


def test_exact_scores_are_float64s() -> None:
    source, target = (sets_of(side) for side in relu(7, 15, 300))
    expected = truth(source, target, typicality(source))
    assert np.abs(score(source, target, "avgmax") - expected["forward"]).max() < 1e-6
    ranks = gold_ranks(expected["forward"], [{row} for row in range(15)])
    np.testing.assert_array_equal(gold_ranks(score(source, target, "avgmax"), [{row} for row in range(15)]), ranks)


def test_a_huge_set() -> None:
    """10,000 pictures in one word take several blocks on either side."""
    rng = np.random.default_rng(0)
    huge, small = rng.normal(size=(10_000, 6)), [rng.normal(size=(n, 6)) for n in (3, 1, 4)]
    for source, target in (([huge, *small], small), (small, [*small, huge])):
        sides = sets_of(source), sets_of(target)
        expected = truth(*sides, typicality(sides[0]))
        for precision in ("exact", "fast"):
            found = score_all(*sides, ["avgmax", "maxmax", "avgmax-sym", "avgmax-typical", "knn"], precision)
            atol = 1e-6 if precision == "exact" else 0.01
            both = (expected["forward"] + expected["backward"]) / 2
            np.testing.assert_allclose(found["avgmax"], expected["forward"], atol=atol)
            np.testing.assert_allclose(found["maxmax"], expected["best"], atol=atol)
            np.testing.assert_allclose(found["avgmax-sym"], both, atol=atol)
            np.testing.assert_allclose(found["avgmax-typical"], expected["weighted"], atol=atol)
            cosines = unit_rows(np.concatenate(source)) @ unit_rows(np.concatenate(target)).T
            nearest = np.repeat(np.arange(len(target)), [len(array) for array in target])[cosines.argmax(axis=1)]
            parts = np.split(nearest, np.cumsum([len(array) for array in source])[:-1])
            votes = np.array([np.bincount(part, minlength=len(target)) / len(part) for part in parts])
            np.testing.assert_allclose(found["knn"], votes, atol=1e-6)


def test_precision_that_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    sides = sets_of(relu(0)[0]), sets_of(relu(0)[1])
    assert precision_used(*sides, ["avgmax"], "exact") == "exact"
    assert precision_used(*sides, ["avgmax", "cnn-mean"], "fast") == "fast"
    assert precision_used(*sides, ["cnn-mean"], "fast") == "exact"
    assert precision_used(*sides, ["avgmax", "avgmax+csls"], "fast") == "exact"
    assert precision_used(*sides, ["avgmax"], "auto") == "exact"  # too little work to pay
    monkeypatch.setattr(scores, "WORTHWHILE", 1.0)
    for able, units, used in ((True, True, "fast"), (True, False, "exact"), (False, False, "exact")):
        monkeypatch.setattr(scores, "has_bfloat16", lambda device, able=able: able)
        monkeypatch.setattr(scores, "has_matrix_units", lambda device, units=units: units)
        assert precision_used(*sides, ["avgmax"], "auto") == used
    monkeypatch.setattr(scores, "BARELY", 1.0)
    monkeypatch.setattr(scores, "has_bfloat16", lambda device: True)
    assert precision_used(*sides, ["avgmax"], "auto") == "fast"


def test_composed_methods_are_made_from_exact_scores() -> None:
    source, target = (sets_of(side) for side in relu(3))
    for name in ("avgmax+csls", "maxmax+isf", "rrf=avgmax,maxmax", "cnn-max+csls"):
        np.testing.assert_array_equal(score(source, target, name, "fast"), score(source, target, name))


def test_right_answers_that_are_none() -> None:
    source, target = (sets_of(side) for side in relu(3, 4))
    with pytest.raises(FeatureError, match="right answers for 1 words"):
        score(source, target, gold=[{0}])
    with pytest.raises(FeatureError, match="right answer 4 of 'w2' is not a candidate; expected 0 … 3"):
        score(source, target, gold=[{0}, {1}, {4}, {3}])


class Full:
    """Stands for a device without memory: a pass fails unless its blocks are small enough."""

    def __init__(self, fits: float) -> None:
        self.fits, self.tried, self.original = fits, [], best_match.Pass

    def __call__(self, *args: Any, share: float, **options: Any) -> best_match.Pass:
        self.tried.append(share)
        if share > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return self.original(*args, share=share, **options)


def test_smaller_blocks_where_memory_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    sides = sets_of(relu(1)[0]), sets_of(relu(1)[1])
    expected = score(*sides)
    device = Full(fits=0.25)
    monkeypatch.setattr(best_match, "Pass", device)
    np.testing.assert_allclose(score(*sides), expected, atol=1e-6)
    assert device.tried == [1.0, 0.5, 0.25]
    monkeypatch.setattr(best_match, "Pass", Full(fits=0.0))
    with pytest.raises(FeatureError, match=r"memory of 'cpu' is too small for 30 × 30 words .* use device 'cpu'"):
        score(*sides)


@pytest.mark.skipif(CUDA, reason="there is a CUDA device")
def test_no_graphics_card() -> None:
    sides = sets_of(relu(1)[0]), sets_of(relu(1)[1])
    with pytest.raises(UnknownNameError, match="No CUDA device was found"):
        score(*sides, device="cuda")


@pytest.mark.skipif(not CUDA, reason=NO_CUDA)
@pytest.mark.parametrize("precision", ["exact", "fast"])
def test_graphics_card_equals_processor(precision: str) -> None:
    for seed in range(3):
        source, target = (sets_of(side) for side in relu(seed, 60, 500))
        gold = [{row} for row in range(60)]
        for name in METHODS:
            cpu = score(source, target, name, gold=gold)
            found = score(source, target, name, precision, "cuda", gold=gold)
            np.testing.assert_array_equal(gold_ranks(found, gold), gold_ranks(cpu, gold))
            atol = 1e-3 if precision == "fast" else 2e-5 if METHODS[name].bases or name == "sinkhorn" else 1e-6
            np.testing.assert_allclose(found, cpu, atol=atol)


def test_error_of_float32_grows_slowly() -> None:
    assert 1e-6 < float32_error(512) < float32_error(4096) < 5e-5
