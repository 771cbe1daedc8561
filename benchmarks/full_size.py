"""One language pair of the paper's size: 1771 × 1771 words, 74,000 × 74,000 pictures, 4096 numbers each.

Every measurement is made once, ours in a process of its own (``worker``), so that its memory can be told.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import synthetic
from benchmarks.peers import pair_by_pair
from cldi_core.errors import CldiError
from cldi_core.evaluation.ranking import gold_ranks
from cldi_core.scoring.imagesets import ImageSets, unit_rows

WORDS, DIM = 1771, 4096
SAMPLED = 3  # source words that numpy compares with all target words, pair by pair
TOGETHER = 64  # target words whose unit rows are made at a time, outside of what is timed
ROOT = Path(__file__).resolve().parents[1]


def measure(
    threads: int, seed: int, tell: Callable[[str], None] = lambda line: None, words: int = WORDS, dim: int = DIM
) -> list[dict[str, Any]]:
    """Records of numpy pair by pair, of ours, and of the hours that lie between."""
    with tempfile.TemporaryDirectory(prefix="cldi-bench-") as name:
        folder = Path(name)
        _check_space(folder, words, dim)
        tell(f"full size: writing the features of {words} × {words} words")
        pair = synthetic.make(words, dim, seed, folder)
        base = {"kind": "full", "words": words, "dim": dim}
        base |= {"pictures": [len(pair.source.members), len(pair.target.members)]}
        tell("full size: numpy, a sample of the word pairs")
        peer, sample = _pair_by_pair(pair, seed)
        tell("full size: ours")
        record: dict[str, Any] = (
            base | {"row": "ours", "label": "ours: all methods of best matches"} | _in_process(folder, threads)
        )
        record["gflops"] = pair.flop / record["seconds"] / 1e9
        record["hours_saved"] = (peer["seconds"] - record["seconds"]) / 3600
        return [base | peer, record | _quality(folder, pair, sample)]


def _check_space(folder: Path, words: int, dim: int) -> None:
    needed = 2 * words * synthetic.MOST * dim * 2
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise CldiError(
            f"the temporary folder {str(folder.parent)!r} has {free / 1e9:.1f} GB free and {needed / 1e9:.1f} are "
            "needed; set TMPDIR to a folder on a larger disk"
        )


def _pair_by_pair(pair: synthetic.Pair, seed: int) -> tuple[dict[str, Any], dict[int, NDArray[np.float32]]]:
    """The record of numpy, extrapolated from a few source words; and their AVGMAX, word → float32 (n_target,)."""
    count = min(SAMPLED, len(pair.source))
    chosen = np.sort(np.random.default_rng(seed).choice(len(pair.source), count, replace=False))
    own = [_word_rows(pair.source, word, word + 1)[0] for word in chosen]
    pair_by_pair(own[:1], own)
    seconds, found = 0.0, []
    for first in range(0, len(pair.target), TOGETHER):
        others = _word_rows(pair.target, first, min(first + TOGETHER, len(pair.target)))
        start = time.perf_counter()
        found.append(pair_by_pair(own, others))
        seconds += time.perf_counter() - start
    share = float(pair.source.sizes[chosen].sum() / pair.source.sizes.sum())
    record = {"row": "numpy-pairs", "label": "numpy, a product per word pair: AVGMAX"}
    figures = {"seconds": seconds / share, "gflops": pair.flop * share / seconds / 1e9, "sampled": share}
    return record | figures, dict(zip(chosen.tolist(), np.concatenate(found, axis=1), strict=True))


def _word_rows(sets: ImageSets, first: int, last: int) -> list[NDArray[np.float32]]:
    """Unit rows of the words from ``first`` to ``last`` (exclusive)."""
    start = sets.offsets[first]
    rows = unit_rows(np.asarray(sets.features[start : sets.offsets[last]]))
    return [rows[sets.offsets[word] - start : sets.offsets[word + 1] - start] for word in range(first, last)]


def _in_process(folder: Path, threads: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.worker", str(folder), str(threads)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise CldiError(f"the measurement failed with code {done.returncode}: {last}")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _quality(folder: Path, pair: synthetic.Pair, sample: dict[int, NDArray[np.float32]]) -> dict[str, Any]:
    """MRR, and the difference from numpy where that was computed."""
    scores = np.load(folder / "avgmax.npy")
    words = list(sample)
    difference = float(np.abs(scores[words] - np.array([sample[word] for word in words])).max())
    return {"mrr": float((1 / gold_ranks(scores, pair.gold)).mean()), "difference": difference}
