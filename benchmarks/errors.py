"""The table of errors: how far scores are from float64."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import synthetic
from benchmarks.peers import Rows
from cldi_core.evaluation.ranking import gold_ranks
from cldi_core.scoring import scores
from cldi_core.scoring.imagesets import ImageSets


def measure(words: int, dim: int, seed: int) -> dict[str, Any]:
    """One record: ``error``, the largest difference of AVGMAX from float64, and its ``mrr``."""
    pair = synthetic.make(words, dim, seed)
    found = scores.score(pair.source, pair.target, "avgmax")
    error = float(np.abs(found - float64_avgmax(pair.source, pair.target)).max())
    mrr = float((1 / gold_ranks(found, pair.gold)).mean())
    return {"kind": "error", "dim": dim, "words": words, "seed": seed, "mrr": mrr, "error": error}


def float64_avgmax(source: ImageSets, target: ImageSets) -> NDArray[np.float64]:
    """AVGMAX by its definition in float64, (n_source, n_target), of sets whose pictures lie word after word."""
    found = np.empty((len(source), len(target)))
    for left, right in _blocks(source):
        rows = _float64_rows(source, left, right)
        for first, last in _blocks(target):
            cosines = rows @ _float64_rows(target, first, last).T
            starts = target.offsets[first:last] - target.offsets[first]
            best = np.maximum.reduceat(cosines, starts, axis=1)
            sums = np.add.reduceat(best, source.offsets[left:right] - source.offsets[left], axis=0)
            found[left:right, first:last] = sums / source.sizes[left:right, None]
    return found


def _blocks(sets: ImageSets) -> list[tuple[int, int]]:
    return Rows(np.empty((0, 0), np.float32), sets.offsets).blocks()


def _float64_rows(sets: ImageSets, first: int, last: int) -> NDArray[np.float64]:
    rows = np.asarray(sets.features[sets.offsets[first] : sets.offsets[last]], np.float64)
    norms = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
    rows /= np.where(norms == 0, 1, norms)
    return rows
