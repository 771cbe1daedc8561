"""Optimal transport in batches: how pairs are put together, and that no limit of memory shows."""

from __future__ import annotations

import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from cldi_core.scoring import transport, transport_factors, transport_plans, transport_sets
from cldi_core.scoring.imagesets import ImageSets, similarity
from cldi_core.scoring.transport import sinkhorn
from tests.conftest import Spy

RNG = np.random.default_rng(5)
EPSILONS = [1.0, 0.05, 0.02, 0.005]  # float32, float32 at its limit, float64, logarithms


def pictures(*sizes: int, dim: int = 5) -> list[np.ndarray]:
    return [RNG.normal(size=(n, dim)).astype(np.float32) for n in sizes]


S, T = pictures(1, 4, 7, 2), pictures(3, 1, 6, 2, 5)
ZERO, EMPTY = np.zeros((1, 5), np.float32), np.zeros((0, 5), np.float32)
SAME = np.ones((1, 5), np.float32)


def sets_of(arrays: list) -> ImageSets:
    return ImageSets.from_arrays([f"w{row}" for row in range(len(arrays))], arrays)


@pytest.mark.parametrize("epsilon", EPSILONS[1:])
def test_memory_limits_do_not_change_scores(epsilon: float, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = sets_of([EMPTY, *S, ZERO, *pictures(9, 10)]), sets_of([*T, EMPTY, SAME, *pictures(12, 11, 3)])
    expected = sinkhorn(source, target, epsilon=epsilon, iterations=12)
    for shelf, batch, pair, slack in ((1, 1, 1, 8), (20, 40, 64, 1), (60, 100, 100, 10**9)):
        monkeypatch.setattr(transport, "BATCH", {"cpu": batch})
        monkeypatch.setattr(transport_plans, "PAIR", pair)
        monkeypatch.setattr(transport_sets, "SHELF", shelf)
        monkeypatch.setattr(transport_sets, "SLACK", slack)
        np.testing.assert_allclose(sinkhorn(source, target, epsilon=epsilon, iterations=12), expected, atol=3e-6)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_large_word_on_disk(dtype: type, tmp_path: Path) -> None:
    """Ten thousand pictures, memory-mapped and read-only, a thousand at a time; whichever side they stand on."""
    np.save(tmp_path / "features.npy", (RNG.normal(size=(10_000, 3)) + 1).astype(dtype))
    features = np.load(tmp_path / "features.npy", mmap_mode="r")
    large = ImageSets.from_members(["all", "few"], [range(10_000), [7, 3]], features, None)
    small = sets_of([features[:3], features[2:3]])
    expected = sinkhorn(large, small, iterations=300)
    large.features = Spy(features)  # type: ignore[assignment]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = sinkhorn(small, large, iterations=300)
    np.testing.assert_allclose(found.T, expected, atol=1e-5)
    alone = [similarity(features[2:3], other).mean() for other in (features, features[[7, 3]])]
    np.testing.assert_allclose(found[1], alone, atol=1e-5)
    assert large.features.most <= 1024


def test_a_large_pair_is_never_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """500 × 400 pictures, with all their cosines at once and in blocks of 20 rows."""
    source, target = sets_of(pictures(500, dim=8)), sets_of(pictures(400, dim=8))
    for epsilon in EPSILONS[1:]:
        expected = sinkhorn(source, target, epsilon=epsilon, iterations=3)
        with monkeypatch.context() as patch:
            patch.setattr(transport_plans, "PAIR", 20 * 400 * 8)
            found = sinkhorn(source, target, epsilon=epsilon, iterations=3)
        np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(("shelf", "dim"), [(60, 5), (60, 1), (200, 5), (7, 9), (2**40, 1)])
def test_shelves_are_as_full_as_fits(shelf: int, dim: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """All sets once, the small ones first; a shelf has room for one more set only where that is larger than it."""
    monkeypatch.setattr(transport_sets, "SHELF", shelf)
    sizes = [5, 1, 3, 9, 2, 2, 7, 1, 30, 4, 6, 6, 13]
    found = transport_sets.Distinct([np.arange(size) for size in sizes], [], np.zeros(0, np.int64))
    shelves = [[sizes[number] for group in one for number in group] for one in found.shelves(dim)]
    assert [size for one in shelves for size in one] == sorted(sizes)
    limit = min(max(shelf // dim, 1), 2**15)
    assert all(len(one) == 1 or sum(one) <= limit for one in shelves)
    assert all(sum(one) + after[0] > limit for one, after in pairwise(shelves))
    for group in (group for one in found.shelves(dim) for group in one):
        assert len({transport_sets.rung(sizes[number]) for number in group}) == 1, "filled up to one size"


@pytest.mark.parametrize(("g", "h"), [(1, 1), (8, 8), (3, 48), (48, 3), (64, 2)])
@pytest.mark.parametrize(("n", "m"), [(1, 1), (100, 100), (3, 200), (200, 3), (1, 50)])
@pytest.mark.parametrize("limit", [1, 1000, 6000])
def test_batches_hold_every_pair_once_and_about_as_many_pictures_on_either_side(
    g: int, h: int, n: int, m: int, limit: int
) -> None:
    import torch

    groups = [
        transport_sets.Group(list(range(count)), torch.zeros(count, size, 1), torch.ones(count, size))
        for count, size in ((n, g), (m, h))
    ]
    batches = list(transport_sets.batches(*groups, limit))
    pairs = [(row, column) for one, other in batches for row in one.sets for column in other.sets]
    assert sorted(pairs) == [(row, column) for row in range(n) for column in range(m)]
    down, across = len(batches[0][0].sets), len(batches[0][1].sets)
    assert down * across * g * h <= limit or (down, across) == (1, 1)
    if n > down and m > across:
        assert down * g <= 3 * max(across * h, g) and across * h <= 3 * max(down * g, h)


def test_a_plan_that_has_settled_is_left_as_it_is_beside_one_that_has_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """To the last bit: it depends on its two sets alone.  Here plans settle soon, so that much is left to do."""
    monkeypatch.setattr(transport_plans, "TOLERANCE", 1e-2)
    rng = np.random.default_rng(3)
    easy = [(rng.normal(size=(6, 32)) + 0.5).astype(np.float32) for _ in range(8)]
    hard = [rng.normal(size=(6, 32)).astype(np.float32) * ([1] * 2 + [0] * 30) for _ in range(2)]
    alone = transport.settle(sets_of(easy[:1]), sets_of(easy[1:2]))
    beside = transport.settle(sets_of([*easy, *hard]), sets_of([*easy, *hard]))
    assert 1e-6 < alone.error < 1e-2
    assert beside.scores[0, 1] == alone.scores[0, 0]


@pytest.mark.parametrize(
    ("epsilon", "device", "logarithms", "precision"),
    [(0.0199, "cpu", True, "float64"), (0.02, "cpu", False, "float64"), (1.0, "cpu", False, "float64"),
     (0.05, "cuda", False, "float32"), (0.0499, "cuda", False, "float64"), (0.01, "cuda", True, "float64")],
)  # fmt: skip
def test_factors_are_kept_so_that_they_fit(epsilon: float, device: str, logarithms: bool, precision: str) -> None:
    import torch

    found = transport_factors.domain_of(epsilon, device)
    assert isinstance(found, transport_factors.Logarithms) == logarithms
    assert found.precision == getattr(torch, precision) and found.epsilon == epsilon


@pytest.mark.parametrize("kind", [transport_factors.Products, transport_factors.Logarithms])
def test_factors_are_numbers_however_they_are_kept(kind: type[transport_factors.Products]) -> None:
    """What is done with them is done with the numbers themselves; a weight of nothing stays nothing."""
    import torch

    own, rng = kind(0.5, torch.float64), np.random.default_rng(0)
    x, y = rng.uniform(0.1, 3, (2, 2, 4))
    x[:, 3] = y[:, 3] = 0
    kept, other = (own.enter(torch.from_numpy(one)) for one in (x, y))
    over = np.divide(x, y, out=np.zeros_like(x), where=y > 0)
    for made, expected in (
        (kept, x), (own.times(kept, other), x * y), (own.plus(kept, other), x + y), (own.over(kept, other), over),
        (own.power(kept, 1), x), (own.power(kept, 1.7), x**1.7), (own.power(kept, 1.0), x),
    ):  # fmt: skip
        np.testing.assert_allclose(own.leave(made), expected, atol=1e-12)
    cosines = rng.uniform(-1, 1, (2, 4, 3)).astype(np.float32)
    kernel = own.kernel(torch.from_numpy(cosines))
    np.testing.assert_allclose(own.leave(kernel), np.exp(cosines / 0.5), rtol=1e-6)
    expected = np.einsum("nij,ni->nj", np.exp(cosines.astype(float) / 0.5), x)
    np.testing.assert_allclose(own.leave(own.sums(kernel, kept)), expected, rtol=1e-6)
