"""Dispersion: how much the pictures of one word differ among themselves (Kiela et al. 2014)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cldi_core.scoring.imagesets import ImageSets, unit_rows
from cldi_core.scoring.pooling import runs


def dispersion(sets: ImageSets) -> NDArray[np.float64]:
    """The mean of ``1 - cos`` over all pairs of a word's pictures.

    ``d(w) = 2 / (n (n - 1)) · Σ_{k<j} (1 - cos(i_j, i_k))`` (Hartmann & Søgaard 2018, section 5), computed in closed
    form over unit rows ``u``: ``1 - (‖Σu‖² - Σ‖u‖²) / (n (n - 1))``.  Zero vectors have cosine 0 with everything.

    Returns:
        float64 (len(sets),), in [0, 2]; nan for words with fewer than two pictures.

    >>> sets = ImageSets.from_arrays(["Kuh", "laufen"], [[[1.0, 0.0], [2.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]])
    >>> dispersion(sets).tolist()
    [0.0, 1.0]
    """
    n = sets.sizes.astype(np.float64)
    total, nonzero = np.zeros((len(sets), sets.dim)), np.zeros(len(sets))
    for word, members in runs(sets, np.arange(len(sets))):
        rows = unit_rows(sets.features[members])
        total[word] += rows.sum(axis=0, dtype=np.float64)
        nonzero[word] += rows.any(axis=1).sum()
    mean = total / np.maximum(n, 1)[:, None]
    squared = np.einsum("ij,ij->i", mean, mean) * n**2
    result = 1 - (squared - nonzero) / np.maximum(n * (n - 1), 1)
    return np.where(n >= 2, np.clip(result, 0, 2), np.nan)
