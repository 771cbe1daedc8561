"""Products of rows whose every number depends on its two rows alone, to the last bit.

A library of linear algebra takes other routes for small matrices and for single rows than for large ones, which add up
the same numbers in another order: a word that is scored again with a few others would get scores 1e-7 off those it got
with all of them.  Ranks can turn on that where two scores lie 1e-6 apart, and what is made from ranks turns with them.
So a product that is too small for the usual route is filled up with rows of zeros.

On processors without AVX-512, OpenBLAS also adds up the outermost columns of each of its blocks in an order of their
own.  Where that is so, rows of zeros stand there: the product is taken in pieces that are one block each, by one
thread, as threads would make blocks of their own.  That took 1.3 times as long (3000 × 7000 rows of 1280 on one core).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from cldi_core.scoring.blas import one_thread

LARGE = 1_100_000  # multiplications from which OpenBLAS takes its usual route (its limit is 1e6)
FEWEST = 16  # rows of either side: a single one is a vector, for which there is a route of its own
# Of OpenBLAS without AVX-512: the columns of a block; those at either end that are added up otherwise; how many of
# either side are computed together.
BLOCK, ENDS, TOGETHER = 320, 8, (12, 16)
SAFE = (1e-15, 1e15)  # lengths of rows whose products float32 can hold


def products(
    left: NDArray[np.float32], right: NDArray[np.float32], out: NDArray[np.float32] | None = None
) -> NDArray[np.float32]:
    """All rows with all rows: float32 (n, dim), (m, dim) → float32 (n, m), into ``out`` where it is given.

    The same two rows have the same product wherever they stand and whatever stands beside them (measured with OpenBLAS
    on x86, with and without AVX-512).
    """
    if ends_differ():
        return _in_blocks(left, right, out)
    rows, columns = _enough(len(left), len(right), left.shape[1])
    if (rows, columns) == (len(left), len(right)):
        found: NDArray[np.float32] = np.matmul(left, right.T, out=out)
        return found
    found = np.matmul(_filled_up(left, rows), _filled_up(right, columns).T)[: len(left), : len(right)]
    if out is None:
        return found
    out[...] = found
    return out


@cache
def ends_differ() -> bool:
    """Whether one and the same product comes out differently at the ends of a matrix, on this machine."""
    for one, other in np.random.default_rng(0).standard_normal((16, 2, 64), np.float32):
        found = np.matmul(np.tile(one, (96, 1)), np.tile(other, (192, 1)).T)
        if found.min() != found.max():
            return True
    return False


def _in_blocks(
    left: NDArray[np.float32], right: NDArray[np.float32], out: NDArray[np.float32] | None
) -> NDArray[np.float32]:
    found = np.empty((len(left), len(right)), np.float32) if out is None else out
    filled = _filled_up(left, _rounded_up(len(left), TOGETHER[0]))
    step = BLOCK - 2 * ENDS
    with one_thread():
        for start in range(0, len(right), step):
            some = right[start : start + step]
            block = np.zeros((_rounded_up(len(some) + 2 * ENDS, TOGETHER[1]), right.shape[1]), np.float32)
            block[ENDS : ENDS + len(some)] = some
            piece = np.matmul(filled, block.T)
            found[:, start : start + len(some)] = piece[: len(left), ENDS : ENDS + len(some)]
    return found


def _rounded_up(number: int, of: int) -> int:
    return -(-number // of) * of


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
