"""Half floats in 32 bits: every one there is, as numpy has it."""

from __future__ import annotations

import numpy as np
import pytest

from cldi_core.scoring import halves
from cldi_core.scoring.halves import widened

EVERY = np.arange(1 << 16, dtype=np.uint16).view(np.float16)


def same_bits(found: np.ndarray, expected: np.ndarray) -> bool:
    return found.dtype == expected.dtype == np.float32 and found.tobytes() == expected.tobytes()


def test_every_half_float() -> None:
    finite = EVERY[np.isfinite(EVERY)].reshape(-1, 16)
    assert finite.size == (1 << 16) - 2 * (1 << 10)
    assert same_bits(widened(finite), finite.astype(np.float32))


def test_infinite_ones_and_those_that_are_no_numbers_beside_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(halves, "ROWS", 4)
    rows = EVERY.reshape(-1, 256)
    np.testing.assert_array_equal(widened(rows), rows.astype(np.float32))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_copy_of_any_rows(dtype: type[np.floating]) -> None:
    rows = np.random.default_rng(0).standard_normal((300, 7)).astype(dtype)
    for some in (rows, rows[:0], rows[::2], np.asfortranarray(rows), rows[:, :0]):
        found = widened(some)
        assert same_bits(found, some.astype(np.float32)) and not np.shares_memory(found, rows)
