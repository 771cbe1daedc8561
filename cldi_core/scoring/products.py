"""Products of rows whose every number depends on its two rows alone, to the last bit.

A library of linear algebra takes other routes for small matrices and for single rows than for large ones, which add up
the same numbers in another order: a word that is scored again with a few others would get scores 1e-7 off those it got
with all of them.  Ranks can turn on that where two scores lie 1e-6 apart, and what is made from ranks turns with them.
So a product that is too small for the usual route is filled up with rows of zeros.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LARGE = 1_100_000  # multiplications from which OpenBLAS takes its usual route (its limit is 1e6)
FEWEST = 16  # rows of either side: a single one is a vector, for which there is a route of its own


def products(
    left: NDArray[np.float32], right: NDArray[np.float32], out: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """All rows with all rows: float32 (n, dim), (m, dim) → float32 (n, m), into ``out`` where it is given.

    The same two rows have the same product wherever they stand and whatever stands beside them (measured with OpenBLAS
    on x86).
    """
    rows, columns = _enough(len(left), len(right), left.shape[1])
    if (rows, columns) == (len(left), len(right)):
        found: NDArray[np.float32] = np.matmul(left, right.T, out=out)
        return found
    found = np.matmul(_filled_up(left, rows), _filled_up(right, columns).T)[: len(left), : len(right)]
    if out is None:
        return found
    out[...] = found
    return out


def _enough(rows: int, columns: int, dim: int) -> tuple[int, int]:
    """So many rows of either side make a product that is large enough."""
    rows, columns = max(rows, FEWEST), max(columns, FEWEST)
    while 0 < rows * columns * dim < LARGE:
        rows, columns = (2 * rows, columns) if rows <= columns else (rows, 2 * columns)
    return rows, columns


def _filled_up(matrix: NDArray[np.float32], rows: int) -> NDArray[np.float32]:
    if len(matrix) == rows:
        return matrix
    filled = np.zeros((rows, matrix.shape[1]), np.float32)
    filled[: len(matrix)] = matrix
    return filled
