"""The table of errors: how far scores are from float64, and whether "fast" answers as "exact" does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import synthetic
from benchmarks.peers import Rows
from benchmarks.ways import no_fast
from cldi_core.evaluation.ranking import gold_ranks, order
from cldi_core.scoring import scores
from cldi_core.scoring.imagesets import ImageSets

RANKED = ("avgmax", "maxmax")  # their ranks are compared; of KNN only the answer counts


def _raw_fast(source: ImageSets, target: ImageSets) -> NDArray[np.float32]:
    """AVGMAX of precision "fast" with nothing scored again, float32 (n_source, n_target)."""
    return scores.score_all(source, target, ["avgmax"], precision="fast", top=0)["avgmax"]


def measure(words: int, dim: int, seed: int) -> dict[str, Any]:
    """One record: errors of AVGMAX, and how many of ``words`` answers differ between "fast" and "exact".

    ``exact_error``, ``fast_error``: largest difference from float64, the latter before scoring again.  ``changed``:
    method → how many words have another ``gold_rank``, ``top1`` and ``top10`` (in order).  ``mrr`` is that of AVGMAX.
    """
    pair = synthetic.make(words, dim, seed)
    truth = float64_avgmax(pair.source, pair.target)
    methods = [*RANKED, "knn"]
    exact = scores.score_all(pair.source, pair.target, methods, gold=pair.gold)
    record: dict[str, Any] = {"kind": "error", "dim": dim, "words": words, "seed": seed}
    record["mrr"] = float((1 / gold_ranks(exact["avgmax"], pair.gold)).mean())
    record["exact_error"] = float(np.abs(exact["avgmax"] - truth).max())
    if no_fast():
        return record | {"status": no_fast(), "fast_error": None, "changed": None}
    record["fast_error"] = float(np.abs(_raw_fast(pair.source, pair.target) - truth).max())
    fast = scores.score_all(pair.source, pair.target, methods, precision="fast", gold=pair.gold)
    changed = {name: compare(exact[name], fast[name], pair.gold) for name in RANKED}
    changed["knn"] = {"top1": _differing(exact["knn"], fast["knn"], 1)}
    return record | {"status": "measured", "changed": changed}


def compare(exact: NDArray[np.floating], fast: NDArray[np.floating], gold: Sequence[Sequence[int]]) -> dict[str, int]:
    """How many rows of two score matrices differ in the rank of the right answer, the first and the first ten."""
    return {
        "gold_rank": int((gold_ranks(exact, gold) != gold_ranks(fast, gold)).sum()),
        "top1": _differing(exact, fast, 1),
        "top10": _differing(exact, fast, 10),
    }


def _differing(exact: NDArray[np.floating], fast: NDArray[np.floating], top: int) -> int:
    return sum(not np.array_equal(order(one)[:top], order(other)[:top]) for one, other in zip(exact, fast, strict=True))


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
