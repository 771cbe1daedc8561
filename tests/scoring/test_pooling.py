"""Whole sets as one vector: means and maxima against their definitions, of all words or of some."""

from __future__ import annotations

import numpy as np
import pytest

from cldi_core.scoring import pooling
from cldi_core.scoring.imagesets import ImageSets
from cldi_core.scoring.pooling import aggregate
from tests import oracles

RNG = np.random.default_rng(4)
ARRAYS = [RNG.normal(size=(size, 6)).astype(np.float16) for size in (3, 0, 7, 1, 4)]
SETS = ImageSets.from_arrays(list("abcde"), ARRAYS)


@pytest.mark.parametrize("rows", [1, 2, 1000])
@pytest.mark.parametrize("unit", [False, True])
@pytest.mark.parametrize("how", ["mean", "max"])
def test_vectors_follow_the_definition(how: str, unit: bool, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pooling, "BLOCK_BYTES", rows * 6 * 8)
    found = aggregate(SETS, how, unit=unit)
    assert found.dtype == np.float64
    for vector, array in zip(found, ARRAYS, strict=True):
        pictures = [oracles.unit(row) if unit else row.astype(float) for row in array]
        expected = getattr(np, how)(pictures, axis=0) if len(array) else np.zeros(6)
        np.testing.assert_allclose(vector, expected, atol=1e-7 if unit else 1e-15)


@pytest.mark.parametrize("words", [[4, 1, 0], [2, 2], [1], []])
def test_vectors_of_some_words(words: list[int]) -> None:
    """In the order asked for, some perhaps twice, some without pictures."""
    for how in ("mean", "max"):
        found = aggregate(SETS, how, np.array(words, np.int64))
        np.testing.assert_array_equal(found, aggregate(SETS, how)[words].reshape(len(words), 6))
