"""Picture weights: the closed form against the double loop over pairs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cldi_core.scoring import typicality as module
from cldi_core.scoring.imagesets import ImageSets
from cldi_core.scoring.typicality import typicality
from tests import oracles_extra as oracles
from tests.conftest import Spy

RNG = np.random.default_rng(4)
X = RNG.normal(size=(9, 6)) + 0.5
ZERO, EMPTY = np.zeros((1, 6)), np.zeros((0, 6))
FROZEN = X.copy()
FROZEN.flags.writeable = False

CASES = {
    "ragged": [X[:2], X[2:5], X, X[:1]],
    "below two": [X[:1], EMPTY, X[3:4]],
    "empty first and last": [EMPTY, X, EMPTY],
    "all empty": [[], []],
    "zero vectors": [np.vstack([ZERO, X[:3]]), np.vstack([ZERO, ZERO]), np.vstack([ZERO, X[:1]]), ZERO],
    "duplicates": [np.repeat(X[:1], 50, axis=0), np.repeat(X[:2], 3, axis=0), X[[0, 1, 0, 2]]],
    "opposites": [np.vstack([X[:1], -X[:1]]), np.vstack([X[:3], -X[:3]])],
    "one stray": [np.vstack([X[:4], -X[:1]])],
    "all negative": [[[1.0, 0.0], [-0.5, 0.8], [-0.5, -0.8]]],
    "right angles": [np.eye(6), np.linalg.qr(RNG.normal(size=(6, 6)))[0]],
    "one dimension": [[[1.0], [2.0], [-3.0]], [[5.0], [5.0]], [[1.0], [-1.0]]],
    "huge and tiny": [X * 1e300, X * 1e-300, X * np.logspace(-200, 200, 9)[:, None]],
    "float16": [X.astype(np.float16), X[:3].astype(np.float16)],
    "float32": [X.astype(np.float32)],
    "non-contiguous": [np.repeat(X, 2, axis=0)[::2, ::2], np.asfortranarray(X)[:, ::2]],
    "read-only": [FROZEN[:4], FROZEN],
}


def sets_of(arrays: list) -> ImageSets:
    return ImageSets.from_arrays([f"w{row}" for row in range(len(arrays))], arrays)


def words_of(sets: ImageSets, values: np.ndarray) -> list[np.ndarray]:
    return np.split(values, sets.offsets[1:-1])


@pytest.mark.parametrize("block", [1, 4, 1024])
@pytest.mark.parametrize("arrays", CASES.values(), ids=CASES)
def test_equals_the_double_loop(arrays: list, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", block)
    sets = sets_of(arrays)
    found = typicality(sets)
    assert found.dtype == np.float64
    assert found.shape == sets.members.shape
    for own, array in zip(words_of(sets, found), arrays, strict=True):
        np.testing.assert_allclose(own, oracles.typicality(array), rtol=0, atol=1e-6)
        assert len(own) == 0 or abs(own.sum() - 1) < 1e-12
        assert not (own < 0).any()


def test_known_values() -> None:
    """Two pictures alike and a third at a right angle; a right angle alone prefers neither."""
    x, y = np.eye(2)
    found = typicality(sets_of([[x, 3 * x, y], [x, y], [x, -x], [[0, 0], x]]))
    np.testing.assert_allclose(found, [0.5, 0.5, 0, *[0.5] * 6], atol=1e-12)


def test_rounding_prefers_no_picture() -> None:
    """Directions at right angles whose float32 products are not quite 0."""
    basis = np.linalg.qr(np.random.default_rng(0).normal(size=(50, 50)))[0].astype(np.float32)
    np.testing.assert_array_equal(typicality(sets_of([basis])), np.full(50, 1 / 50))


@pytest.mark.parametrize(("cosine", "expected"), [(3e-6, [1 / 2, 1 / 2, 0]), (1.5e-6, [1 / 3] * 3)])
def test_what_counts_as_more_than_rounding(cosine: float, expected: list[float]) -> None:
    """Two pictures nearly at a right angle, a third at one: a mean of 1.5e-6 is more than 1e-6, .75e-6 is not."""
    found = typicality(sets_of([[[1, 0, 0], [cosine, 1, 0], [0, 0, 1]]]))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_shared_and_doubled_pictures() -> None:
    members = [[0, 3, 5], [5, 5], [3], [], [8, 0, 3], [0, 0, 3]]
    sets = ImageSets.from_members(list("abcdef"), members, X, None)
    for own, rows in zip(words_of(sets, typicality(sets)), members, strict=True):
        np.testing.assert_allclose(own, oracles.typicality(X[rows]), atol=1e-6)


@pytest.mark.parametrize("block", [3, 1024])
def test_the_order_of_a_set_changes_nothing(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", block)
    features = RNG.normal(size=(40, 33)).astype(np.float32) + 0.2
    rows = RNG.integers(0, 40, 60)
    shuffled = RNG.permutation(60)
    sets = ImageSets.from_members(["a", "x", "b"], [rows, [1, 2, 3], rows[shuffled]], features, None)
    first, _, second = words_of(sets, typicality(sets))
    np.testing.assert_array_equal(first[shuffled], second)
    for row in set(rows):
        assert len(set(first[rows == row])) == 1


def test_a_large_word_is_read_in_blocks(tmp_path: Path) -> None:
    features = np.memmap(tmp_path / "features", np.float16, "w+", shape=(10_000, 4))
    features[:] = RNG.normal(size=features.shape) + 1
    sets = ImageSets.from_members(["all", "two"], [range(10_000), [5, 2]], features, None)
    unit = features / np.linalg.norm(features.astype(np.float64), axis=1, keepdims=True)
    mean = np.maximum((unit @ unit.sum(axis=0) - 1) / 9999, 0)
    sets.features = Spy(features)  # type: ignore[assignment]
    np.testing.assert_allclose(typicality(sets)[:10_000], mean / mean.sum(), rtol=0, atol=1e-9)
    assert sets.features.most <= module.BLOCK
