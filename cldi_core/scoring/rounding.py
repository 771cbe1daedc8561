"""Half-width rows for the fast pass, and how far it can be off.

**Rows.** Image features point the same way by and large, so a cosine is a large common part plus a small difference,
and rounding to bfloat16 (8 significant bits) would spoil the difference.  With a common centre ``c`` taken off both
sides, ``x = u - c`` and ``y = v - c``,

    u·v = x·y + (c·u - c·c/2) + (c·v - c·c/2).

The two last terms are added by the matrix product itself: each row gets four more columns, with these terms (less half
of a constant ``shift``, which brings the best matches near 0, where bfloat16 is finest) in two bfloat16 parts each,
facing ones in the other side's rows.  The product is accumulated in float32 and rounded once, to bfloat16.

**Bound.** Let ``x̂ = x - e`` and ``ŷ = y - f`` be the rounded rows and ``z`` the product as it comes out.  Then

    |u·v - shift - z| ≤ ‖e‖‖ŷ‖ + ‖x‖‖f‖              rounding of the rows: u·v's x·y - x̂·ŷ = e·ŷ + x·f, Cauchy-Schwarz
                      + (n + 2)·2⁻²⁴·(‖x̂‖‖ŷ‖ + a)    n float32 additions in any order (Higham 2002, section 3.1)
                      + 2⁻⁸|z|·(1 + 2⁻⁷)             the result is rounded to 8 bits
                      + 2⁻¹⁵·a + 2⁻²⁰                 two-part constants, of size a; unit rows are rounded float32

with ``n`` columns and ``a`` the sum of the two constants' sizes.  ``‖e‖``, ``‖x‖`` are measured for every row, not
estimated (``‖ŷ‖`` as ``‖y‖ + ‖f‖``).  A maximum moves by no more than the largest change of what it is taken over, and
a mean by no more than the mean change, so for AVGMAX the bound of a pair of words is the mean over ``i ∈ S`` of
``‖e_i‖ · max‖ŷ‖ + ‖x_i‖ · max‖f‖`` plus the mean of the other terms; likewise for the other measures.

float32 products of unit rows are taken to be within ``8·√n·2⁻²⁴ + 2⁻²²``: rounding errors add up like a random walk,
and eight standard deviations are exceeded with a probability below 10⁻¹³ (Higham & Mary 2019, "A new approach to
probabilistic rounding error analysis").
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cldi_core.scoring.best_match_rows import RowSource

if TYPE_CHECKING:
    import torch

EXTRA = 4  # columns for the constants
ALIGNED = 32  # columns: matrix units work on whole tiles
SAMPLE = 512  # pictures of each side that the centre and the shift are taken from; any others would be as right
HALF = 2.0**-8 * (1 + 2.0**-7)  # relative error of a bfloat16 result, told from the result


def float32_error(dim: int) -> float:
    """How far a float32 product of two unit rows of ``dim`` numbers may be off."""
    return 8 * math.sqrt(max(dim, 1)) * 2.0**-24 + 2.0**-22


def centre_and_shift(source: RowSource, target: RowSource) -> tuple[torch.Tensor, float]:
    """The centre, float32 (dim,), and about how alike best matches are, from a sample of either side."""
    import torch

    samples = [side.unit(_spread(side.used)) for side in (source, target)]
    centre = torch.cat(samples).mean(dim=0)
    cosines = samples[0] @ samples[1].T
    # A set of a few dozen pictures stands for the best of that many.
    size = max(1, round(len(target.sets.members) / max(1, int((target.sets.sizes > 0).sum()))))
    whole = cosines[:, : max(size, cosines.shape[1] // size * size)]
    best = whole.reshape(len(whole), -1, min(size, whole.shape[1])).amax(dim=2)
    return centre, float(best.mean())


def _spread(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    return rows[np.linspace(0, len(rows) - 1, min(len(rows), SAMPLE)).astype(np.int64)]


class RoundedRows:
    """One side's rows in bfloat16, and what the bound needs to know of each.

    Attributes:
        lost: float64 (n_images,), ``‖e‖``, how much of a row rounding lost; 0 for rows of no word.
        length: float64 (n_images,), ``‖x‖ + ‖e‖``, at least ``‖x‖`` and ``‖x̂‖``.
        constant: float64 (n_images,), ``c·u - c·c/2 - shift/2``.
        columns: the length of a rounded row.
    """

    def __init__(self, rows: RowSource, centre: torch.Tensor, shift: float, *, first: bool) -> None:
        import torch

        self.rows, self.centre, self.first = rows, centre, first
        self.columns = -(-(len(centre) + EXTRA) // ALIGNED) * ALIGNED
        wide = centre.double()
        fixed = float(wide @ wide) / 2 + shift / 2
        self.lost, self.length, self.constant = (np.zeros(len(rows.sets.features)) for _ in range(3))
        for piece in rows.stream():
            unit = rows.unit(piece)
            centred = unit - centre
            lost = torch.linalg.vector_norm(centred - centred.bfloat16(), dim=1)
            length = torch.linalg.vector_norm(centred, dim=1)
            self.lost[piece] = lost.double().cpu().numpy()
            self.length[piece] = (length + lost).double().cpu().numpy()
            self.constant[piece] = (unit.double() @ wide - fixed).cpu().numpy()

    def take(self, pictures: NDArray[np.int64], height: int) -> torch.Tensor:
        """Rounded rows, bfloat16 (height, columns): the centred row, its constant and the ones that face the other's.

        Rows of zeros follow, up to ``height``: on a processor each new shape of a bfloat16 product is prepared and
        kept, which took a gigabyte at the paper's size.
        """
        import torch

        dim = len(self.centre)
        padded = torch.zeros(height, self.columns, dtype=torch.bfloat16, device=self.rows.device)
        found = padded[: len(pictures)]
        for some in self.rows.pieces(len(pictures)):
            found[some, :dim] = self.rows.unit(pictures[some]).sub_(self.centre)
        constant = torch.from_numpy(self.constant[pictures]).float().to(self.rows.device)
        high = constant.bfloat16()
        own, facing = (dim, dim + 2) if self.first else (dim + 2, dim)
        found[:, own], found[:, own + 1] = high, (constant - high.float()).bfloat16()
        found[:, facing : facing + 2] = 1
        return padded


def fixed_error(source: RoundedRows, target: RoundedRows) -> float:
    """The part of the bound that is the same for all pairs of pictures."""
    sizes = float(np.abs(source.constant).max(initial=0) + np.abs(target.constant).max(initial=0))
    lengths = float(source.length.max(initial=0) * target.length.max(initial=0))
    return (source.columns + 2) * 2.0**-24 * (lengths + sizes) + 2.0**-15 * sizes + 2.0**-20
