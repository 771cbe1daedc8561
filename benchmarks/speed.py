"""The table of speeds: every row computes the same scores of the same image sets, in turn."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import machine, synthetic
from benchmarks.ways import PLAIN, REFERENCE, ROWS, Measured, Result, Row, Work
from cldi_core.scoring import scores

PAUSE = 0.05  # seconds before each measurement: threads that wait for work actively have gone to sleep by then
ALLOWED = 1e-5  # difference of AVGMAX
EQUAL = 0.99  # share of words with the same answer of KNN
MISSING = "not installed (make bench installs it)"


def measure(
    words: int, dim: int, repeats: int, seed: int, tell: Callable[[str], None] = lambda line: None
) -> list[dict[str, Any]]:
    """One record per row of ``ROWS``, for one length of the feature vectors."""
    tell(f"image sets of {words} words with {dim} dimensions")
    work = Work(synthetic.make(words, dim, seed), seed)
    tell(f"{dim} dimensions, the scores that all others are compared with")
    reference = scores.score_all(work.pair.source, work.pair.target, ["avgmax", "knn"])
    ready: dict[str, Measured] = {}
    records: dict[str, dict[str, Any]] = {}
    for row in ROWS.values():
        tell(f"{dim} dimensions, first run: {row.label}")
        records[row.name] = {"kind": "speed", "dim": dim, "words": words, "row": row.name, "label": row.label}
        records[row.name] |= _first(row, work, reference, ready)
    seconds = interleaved(
        {name: measured.ready for name, measured in ready.items()}, repeats, f"{dim} dimensions", tell
    )
    for name, found in seconds.items():
        share = ready[name].share
        records[name] |= summary([value / share for value in found], work.pair.flop)
        records[name] |= {"sampled": share, "note": ready[name].note}
    for name in ready:
        records[name] |= _ratios(records, name)
    return list(records.values())


def _first(row: Row, work: Work, reference: Mapping[str, Any], ready: dict[str, Measured]) -> dict[str, Any]:
    """Run a row once, to warm it up and to compare its result; a peer that fails is named, not fatal."""
    if row.needs and not machine.installed(row.needs):
        return {"status": MISSING}
    try:
        measured = row.prepare(work)
        checked = check(measured.ready()(), reference) if row.name != REFERENCE else {}
    except Exception as error:
        if not row.needs:
            raise
        return {"status": f"failed: {' '.join(str(error).split())[:80]}"}
    ready[row.name] = measured
    return {"status": "measured"} | checked


def interleaved(
    calls: Mapping[str, Callable[[], Callable[[], object]]],
    repeats: int,
    what: str = "",
    tell: Callable[[str], None] = lambda line: None,
) -> dict[str, list[float]]:
    """Seconds of each call, round after round; every round starts one place later, so that neighbours differ.

    Each entry prepares a call, which is not timed, and returns it.
    """
    names = list(calls)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(repeats):
        tell(f"{what}, round {number + 1} of {repeats}")
        turn = number % max(len(names), 1)
        for name in names[turn:] + names[:turn]:
            call = calls[name]()
            time.sleep(PAUSE)
            start = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def summary(seconds: list[float], flop: float) -> dict[str, Any]:
    """Median and spread of the times, and the rate (GFLOP/s) at which the median one does the product's ``flop``."""
    median = statistics.median(seconds)
    return {
        "seconds": median,
        "fastest": min(seconds),
        "slowest": max(seconds),
        "repeats": len(seconds),
        "gflops": flop / median / 1e9,
    }


def _ratios(records: Mapping[str, dict[str, Any]], name: str) -> dict[str, float]:
    """``of_plain``: the plain product's time by the row's; ``times_ours``: the row's time by that of ours."""
    seconds = records[name]["seconds"]
    return {"of_plain": records[PLAIN]["seconds"] / seconds, "times_ours": seconds / records[REFERENCE]["seconds"]}


def check(result: Result, reference: Mapping[str, NDArray[np.floating]]) -> dict[str, Any]:
    """Compare a row's result with ours.

    Args:
        result: ``"avgmax"``: float (n_source, n_target), nan where it was not computed; ``"votes"``: float
            (n_source, n_target), the source pictures whose nearest picture belongs to the target word; or empty.
        reference: our ``"avgmax"`` and ``"knn"``.

    Returns:
        ``checked``: what was compared; ``difference``: the largest of AVGMAX, or the share of words with another
        answer of KNN; ``right``: whether that is small.  Nothing where there is nothing to compare.
    """
    if "avgmax" in result:
        found = result["avgmax"]
        known = ~np.isnan(found)
        difference = float(np.abs(found - reference["avgmax"])[known].max()) if known.any() else math.inf
        return {"checked": "avgmax", "difference": difference, "right": difference <= ALLOWED}
    if "votes" in result:
        votes, answers = result["votes"], reference["knn"].argmax(axis=1)
        # Our answer has to be among the words with most votes: pictures at the same distance leave a choice.
        same = votes[np.arange(len(votes)), answers] == votes.max(axis=1)
        return {"checked": "knn", "difference": float(1 - same.mean()), "right": bool(same.mean() >= EQUAL)}
    return {}
