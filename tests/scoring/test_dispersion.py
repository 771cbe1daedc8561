"""Dispersion: the closed form against the double loop over pairs."""

from __future__ import annotations

import numpy as np
import pytest

from cldi_core.scoring import pooling
from cldi_core.scoring.dispersion import dispersion
from cldi_core.scoring.imagesets import ImageSets
from tests import oracles

RNG = np.random.default_rng(2)
X = RNG.normal(size=(9, 6))
ZERO = np.zeros((1, 6))

CASES = {
    "ragged": [X[:2], X[2:5], X],
    "below two": [X[:1], X[:2], np.zeros((0, 6))],
    "empty first and last": [np.zeros((0, 6)), X, np.zeros((0, 6))],
    "all empty": [[], []],
    "zero vectors": [np.vstack([ZERO, X[:3]]), np.vstack([ZERO, ZERO]), np.vstack([ZERO, ZERO, X[:1]])],
    "duplicates": [np.repeat(X[:1], 50, axis=0), np.repeat(X[:2], 3, axis=0)],
    "opposites": [np.vstack([X[:1], -X[:1]])],
    "one dimension": [[[1.0], [2.0], [-3.0]], [[5.0], [5.0]]],
    "huge and tiny": [X * 1e300, X * 1e-300, X * np.logspace(-200, 200, 9)[:, None]],
    "float16": [X.astype(np.float16), X[:3].astype(np.float16)],
    "float32": [X.astype(np.float32)],
}


def measured(arrays: list) -> np.ndarray:
    return dispersion(ImageSets.from_arrays([f"w{row}" for row in range(len(arrays))], arrays))


@pytest.mark.parametrize("block", [1, 4, 1024])
@pytest.mark.parametrize("arrays", CASES.values(), ids=CASES)
def test_equals_the_double_loop(arrays: list, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pooling, "BLOCK_BYTES", block * 8)
    found = measured(arrays)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, [oracles.dispersion(array) for array in arrays], rtol=0, atol=1e-6)


def test_known_values() -> None:
    right_angle, same, opposite = [[1.0, 0.0], [0.0, 2.0]], [[3.0, 1.0]] * 3, [[1.0, 0.0], [-5.0, 0.0]]
    np.testing.assert_allclose(measured([right_angle, same, opposite]), [1, 0, 2], atol=1e-6)


def test_stays_in_range() -> None:
    found = measured([np.repeat(RNG.normal(size=(1, 300)), n, axis=0) for n in range(2, 40)])
    assert found.min() >= 0
    assert found.max() < 1e-6


def test_shared_pictures() -> None:
    members = [[0, 3, 5], [5, 5], [3], [8, 0]]
    sets = ImageSets.from_members(list("abcd"), members, X, None)
    np.testing.assert_allclose(dispersion(sets), [oracles.dispersion(X[rows]) for rows in members], atol=1e-6)
