"""The rows of the table of speeds: the limit, ours, and the peers (``peers``).

A row is prepared once.  What is prepared then is to its advantage: the plain product and peers get float32 unit rows,
contiguous and in memory, and the index of faiss is built.  Ours starts from features as they are on disk, float16 of
any length, and has to make everything within the time that is measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from benchmarks import peers, synthetic
from cldi_core import METHODS
from cldi_core.scoring import scores
from cldi_core.scoring.imagesets import unit_rows

Result = Mapping[str, NDArray[np.floating]]  # what ``speed.check`` compares
TOGETHER = ("avgmax", "avgmax-sym", "maxmax", "knn")  # the paper's methods of best matches, and AVGMAX both ways
PLAIN, REFERENCE = "plain", "ours"
BLOCKS = (1024, 2048, 4096)  # rows of each side that a plain product takes at a time; the fastest is used


class Work:
    """One pair of image sets and, where they are needed, unit rows of its pictures."""

    def __init__(self, pair: synthetic.Pair, seed: int) -> None:
        self.pair, self.seed = pair, seed

    @cached_property
    def source(self) -> peers.Rows:
        """Unit rows of the source pictures."""
        return peers.Rows(unit_rows(np.asarray(self.pair.source.features)), self.pair.source.offsets)

    @cached_property
    def target(self) -> peers.Rows:
        """Unit rows of the target pictures."""
        return peers.Rows(unit_rows(np.asarray(self.pair.target.features)), self.pair.target.offsets)


@dataclass(frozen=True)
class Measured:
    """A prepared row: ``ready()`` gives the call that is timed; it does ``share`` of the whole work."""

    ready: Callable[[], Callable[[], Result]]
    share: float = 1.0
    note: str = ""


@dataclass(frozen=True)
class Row:
    """One row; ``needs``: the module it is about."""

    name: str
    label: str
    prepare: Callable[[Work], Measured]
    needs: str = ""


def together() -> list[str]:
    """The methods of best matches that are computed together."""
    return [name for name in TOGETHER if name in METHODS]


def ours(pair: synthetic.Pair, methods: list[str]) -> Result:
    """What a user calls."""
    return scores.score_all(pair.source, pair.target, methods)


def _ours(methods: Callable[[], list[str]]) -> Callable[[Work], Measured]:
    def prepare(work: Work) -> Measured:
        def ready() -> Callable[[], Result]:
            pair = synthetic.Pair(synthetic.fresh(work.pair.source), synthetic.fresh(work.pair.target), work.pair.gold)
            return lambda: ours(pair, methods())

        return Measured(ready)

    return prepare


def _plain(work: Work) -> Measured:
    import torch

    source, target = torch.from_numpy(work.source.rows), torch.from_numpy(work.target.rows)
    space = torch.empty(max(BLOCKS) ** 2)

    def product(block: int) -> Result:
        for left in torch.split(source, block):
            for right in torch.split(target, block):
                out = space[: len(left) * len(right)].view(len(left), len(right))
                torch.mm(left, right.T, out=out)
        return {}

    seconds = {}
    for block in BLOCKS:
        start = time.perf_counter()
        product(block)
        seconds[block] = time.perf_counter() - start
    best = min(seconds, key=seconds.__getitem__)
    return Measured(lambda: lambda: product(best), note=f"in blocks of {best} × {best}")


def _peer(prepare: Callable[..., peers.Call]) -> Callable[[Work], Measured]:
    def prepared(work: Work) -> Measured:
        call = prepare(work.source, work.target)
        return Measured(lambda: call)

    return prepared


def _pairs(work: Work) -> Measured:
    call, share = peers.numpy_pairs(work.source, work.target, work.seed)
    percent = f"{100 * share:.0f} % of the word pairs measured, the rest extrapolated"
    return Measured(lambda: call, share, "" if share == 1 else percent)


ROWS: dict[str, Row] = {
    row.name: row
    for row in (
        Row(PLAIN, "plain product of torch: our limit", _plain),
        Row(REFERENCE, "ours: all methods of best matches", _ours(together)),
        Row("ours-avgmax", "ours: AVGMAX alone", _ours(lambda: ["avgmax"])),
        Row("numpy-pairs", "numpy, a product per word pair: AVGMAX", _pairs),
        Row("numpy-blocks", "numpy, blocks and reduceat: AVGMAX", _peer(peers.numpy_blocks)),
        Row("fast-maxsim", "fast-maxsim: AVGMAX", _peer(peers.fast_maxsim), needs="fast_maxsim"),
        Row("faiss", "faiss-cpu, flat index, k = 1: KNN alone", _peer(peers.faiss), needs="faiss"),
    )
}
