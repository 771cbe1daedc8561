"""Weights of a word's pictures: how typical each is of its set."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cldi_core.scoring.imagesets import ImageSets, unit_rows

BLOCK = 1024  # pictures in memory at a time
NOTHING = 1e-6  # float32 features carry rounding of this size; no picture is preferred for it


def typicality(sets: ImageSets) -> NDArray[np.float64]:
    """Weights of the pictures of each word by their mean cosine with the word's other pictures.

    The dispersion of Kiela et al. (2014) taken for one picture instead of all, as a similarity: over unit rows ``u``,
    ``c_i = 1 / (n - 1) · Σ_{j≠i} cos(i, j) = (u_i · Σu - ‖u_i‖²) / (n - 1)``, clipped at 0 and divided by its sum over
    the word.  A stray picture, unlike the rest, weighs next to nothing.  Zero vectors have cosine 0 with everything; a
    picture that is listed twice is its own neighbour.

    Args:
        sets: image sets; their features are read a thousand at a time.

    Returns:
        float64 (len(sets.members),), in the order of ``sets.members``: in [0, 1], the weights of a word sum to 1.
        Equal weights for a word of one picture, and where no picture's mean cosine exceeds 1e-6.
    """
    weights = np.zeros(len(sets.members))
    for word in np.flatnonzero(sets.sizes):
        span = slice(sets.offsets[word], sets.offsets[word + 1])
        weights[span] = _of_word(sets, sets.members[span])
    return weights


def _of_word(sets: ImageSets, members: NDArray[np.int64]) -> NDArray[np.float64]:
    """The weights of one word's pictures, (n,); each distinct picture is looked at once, in ascending order, so that
    neither the order of the set nor a doubled picture changes the last bit."""
    equal = np.full(len(members), 1 / len(members))
    if len(members) == 1:
        return equal
    rows, inverse, counts = np.unique(members, return_inverse=True, return_counts=True)
    blocks = [slice(start, start + BLOCK) for start in range(0, len(rows), BLOCK)]
    kept = _unit(sets, rows) if len(blocks) == 1 else None
    total = np.zeros(sets.dim)
    for block in blocks:
        total += counts[block] @ (_unit(sets, rows[block]) if kept is None else kept)
    mean = np.empty(len(rows))
    for block in blocks:
        unit = _unit(sets, rows[block]) if kept is None else kept
        mean[block] = unit @ total - np.einsum("ij,ij->i", unit, unit)
    mean /= len(members) - 1
    clipped: NDArray[np.float64] = np.where(mean > NOTHING, mean, 0.0)
    found = float(counts @ clipped)
    return (clipped / found)[inverse.reshape(-1)] if found > 0 else equal


def _unit(sets: ImageSets, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Unit rows of some pictures; in float64, as those of float32 are 1e-7 off the unit length."""
    return unit_rows(sets.features[rows], np.float64)
