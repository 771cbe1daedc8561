"""Which scores a pass leaves undecided, and how they are decided: by computing those few again, more exactly.

A pass knows each score up to an error.  Where the intervals of two scores overlap and it matters which is higher, both
are computed again, first in float32 (after a bfloat16 pass), then in float64.  What matters is the order of the best
``top`` candidates of a word and the rank of each right answer; so these come out the same whichever way the pass went.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cldi_core.scoring.best_match_blocks import Block, entries_of
from cldi_core.scoring.best_match_rows import RowSource, cosines
from cldi_core.scoring.parallel import Each, cores, side_by_side
from cldi_core.scoring.rounding import float32_error

TIE = 1e-6  # cosines closer than this are equal for a vote: float32 features hold no more
CHUNK_BYTES = 32 << 20  # of the rows that are looked at together, on all cores
PIECE_BYTES = 4 << 20  # of the rows that are multiplied at once: they stay in the cache
PARTS = 4  # for each core, into which the pairs of one round of votes are split
CHUNK_NUMBERS = 1 << 18  # scores that are looked at together
ANSWERS, ALL = "answers", "all"
Cells = NDArray[np.bool_]
Sides = tuple[RowSource, RowSource]
Voters = tuple[NDArray[np.int64], int]  # who casts the vote of each source membership, and how many voters there are


def undecided(
    scores: NDArray[np.float64],
    error: NDArray[np.floating] | float,
    gold: Sequence[Collection[int]] | None,
    top: int,
) -> Cells:
    """The scores that must be known better for the order of the best ``top`` and the ranks of the right answers.

    Args:
        scores: float64 (n_source, n_target), nan for words without pictures.
        error: how far each may be off.
        gold: the right answers' columns of each source word, or none.

    Returns:
        bool (n_source, n_target).
    """
    cells = np.zeros(scores.shape, bool)
    error = np.broadcast_to(error, scores.shape)
    # A few rows at a time: the intervals and their order take a dozen times the memory of the scores.
    step = max(1, CHUNK_NUMBERS // max(scores.shape[1], 1))
    for start in range(0, len(scores), step):
        rows = slice(start, start + step)
        cells[rows] = _undecided(scores[rows], error[rows], gold[rows] if gold else None, top)
    return cells


def _undecided(
    scores: NDArray[np.float64],
    error: NDArray[np.floating],
    gold: Sequence[Collection[int]] | None,
    top: int,
) -> Cells:
    known = ~np.isnan(scores)
    low, high = np.where(known, scores - error, -np.inf), np.where(known, scores + error, -np.inf)
    cells = np.zeros(scores.shape, bool)
    if top > 0 and known.any():
        last = min(top, scores.shape[1])
        reach = np.partition(low, -last, axis=1)[:, -last]  # one of the best cannot be below this
        cells |= _overlapping(low, high, known & (high >= reach[:, None]))
    for rows, columns in _gold_columns(gold):
        lowest, highest = low[rows, columns][:, None], high[rows, columns][:, None]
        rivals = known[rows] & (low[rows] <= highest) & (high[rows] >= lowest)
        rivals[rivals.sum(axis=1) == 1] = False  # only the right answer itself
        cells[rows] |= rivals & known[rows, columns][:, None]
    return cells


def _gold_columns(gold: Sequence[Collection[int]] | None) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """The first right answers of all words that have one, the second ones, and so on: rows and columns."""
    right = [sorted(columns) for columns in gold or ()]
    depth = max((len(columns) for columns in right), default=0)
    found = []
    for turn in range(depth):
        pairs = [(row, columns[turn]) for row, columns in enumerate(right) if len(columns) > turn]
        rows, columns = np.array(pairs, np.int64).T
        found.append((rows, columns))
    return found


def _answers(gold: Sequence[Collection[int]] | None, shape: tuple[int, ...]) -> Cells:
    cells = np.zeros(shape, bool)
    for rows, columns in _gold_columns(gold):
        cells[rows, columns] = True
    return cells


def _overlapping(low: NDArray[np.float64], high: NDArray[np.float64], among: Cells) -> Cells:
    """Which intervals touch another one of their row, among some."""
    order = np.argsort(-np.where(among, low + high, 0), axis=1)
    # An empty interval touches nothing.
    low, high = np.where(among, low, np.inf), np.where(among, high, -np.inf)
    low, high = np.take_along_axis(low, order, 1), np.take_along_axis(high, order, 1)
    # Sorted by their middle, best first: one touches a better one if it reaches the lowest of them, …
    before = np.minimum.accumulate(low, axis=1)[:, :-1]
    after = np.maximum.accumulate(high[:, ::-1], axis=1)[:, ::-1][:, 1:]
    touched = np.zeros(low.shape, bool)
    touched[:, 1:] |= high[:, 1:] >= before
    touched[:, :-1] |= low[:, :-1] <= after  # … and a worse one if the highest of them reaches it.
    result = np.zeros(low.shape, bool)
    np.put_along_axis(result, order, touched, 1)
    return result & among


def settle(
    values: dict[str, NDArray[np.float64]],
    errors: dict[str, NDArray[np.float32] | float],
    methods: Mapping[str, Sequence[str]],
    rescore: Callable[[Cells, bool], dict[str, NDArray[np.float64]]],
    missing: Cells,
    *,
    gold: Sequence[Collection[int]] | None,
    top: int,
    fast: bool,
    dim: int,
) -> dict[str, NDArray[np.float32]]:
    """Compute again what is undecided, until nothing is.

    Args:
        values, errors: measure → what a pass found, and how far it may be off: one number, or float32 (n_source,
            n_target).  Both are changed and used up.
        methods: name → the measures whose mean is its score.
        rescore: cells, whether in float64 → measure → float64 (n_cells,), in the order of ``np.nonzero``.
        missing: pairs of words of which one has no pictures.

    Returns:
        name → float32 (n_source, n_target), nan where missing.
    """
    for own in values.values():
        own[missing] = np.nan
    # The right answers come first: the band of rivals around one that is known is half as wide.
    for which, double in ((ANSWERS, False), (ALL, False), (ALL, True)) if fast else ((ALL, True),):
        cells = np.zeros(missing.shape, bool)
        for measures in methods.values():
            off = _mean([errors[name] for name in measures])
            cells |= undecided(_mean([values[name] for name in measures]), off, gold, top if which == ALL else 0)
        if which == ANSWERS:
            cells &= _answers(gold, missing.shape)
        if not cells.any():
            continue
        for name, found in rescore(cells, double).items():
            values[name][cells] = found
            error = errors[name]
            if isinstance(error, np.ndarray):  # a single number is that of the last round
                error[cells] = 0 if double else float32_error(dim)
    errors.clear()
    result = {}
    for name, measures in methods.items():
        result[name] = _mean([values[measure] for measure in measures]).astype(np.float32)
    values.clear()
    return result


def _mean(parts: Sequence[Any]) -> Any:
    """The mean of arrays or numbers; a single one is not copied."""
    return parts[0] if len(parts) == 1 else sum(parts) / len(parts)


class Rescorer:
    """Computes measures of single pairs of words."""

    def __init__(self, rows: Sides, measures: Sequence[str], weights: NDArray[np.float64] | None) -> None:
        self.rows, self.measures, self.weights = rows, measures, weights
        self.source, self.target = (side.sets for side in rows)
        self.chunk = CHUNK_BYTES // cores(rows[0].device)
        self.buffers = threading.local()

    def __call__(self, cells: Cells, double: bool) -> dict[str, NDArray[np.float64]]:
        """Measure → float64 (n_cells,) of the chosen pairs, row by row."""
        # One array for each: small ones kept between large passing ones would leave memory in pieces.
        found = {name: np.empty(int(cells.sum())) for name in self.measures}
        done = 0
        with side_by_side(self.rows[0].device) as each:
            for row in each(partial(self._row, double=double), self._pieces(cells)):
                for name, values in row.items():
                    found[name][done : done + len(values)] = values
                done += len(values)
        return found

    def _pieces(self, cells: Cells) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """Source words with some of their candidates, whose rows and cosines are small enough to be looked at."""
        for word in np.flatnonzero(cells.any(axis=1)).tolist():
            candidates = np.flatnonzero(cells[word])
            width = 8 * max(self.source.dim, int(self.source.sizes[word]), 1)
            filled = np.cumsum(self.target.sizes[candidates]) * width // self.chunk
            for some in np.split(candidates, np.flatnonzero(np.diff(filled)) + 1):
                yield word, some

    def _row(self, piece: tuple[int, NDArray[np.int64]], double: bool) -> dict[str, NDArray[np.float64]]:
        word, candidates = piece
        entries = entries_of(self.source, word)
        sizes = self.target.sizes[candidates]
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        own = self.target.members[np.concatenate([entries_of(self.target, other) for other in candidates.tolist()])]
        products = self._cosines(own, self.source.members[entries], double)
        best = np.maximum.reduceat(products, starts, axis=0)
        found: dict[str, NDArray[np.float64]] = {}
        if "forward" in self.measures:
            found["forward"] = best.mean(axis=1, dtype=np.float64)
        if "weighted" in self.measures and self.weights is not None:
            found["weighted"] = best.astype(np.float64) @ self.weights[entries]
        if "best" in self.measures:
            found["best"] = best.max(axis=1).astype(np.float64)
        if "backward" in self.measures:
            found["backward"] = np.add.reduceat(products.max(axis=1).astype(np.float64), starts) / sizes
        return found

    def _cosines(self, target: NDArray[np.int64], source: NDArray[np.int64], double: bool) -> NDArray[np.floating]:
        import torch

        columns = self.rows[0].unit(source, double=double)
        most = max(1, PIECE_BYTES // (8 * max(self.source.dim, 1)))
        if not hasattr(self.buffers, "rows"):
            self.buffers.rows = torch.empty(most, self.source.dim, device=columns.device)
        parts = [
            cosines(self.rows[1].unit(target[start : start + most], double=double, into=self.buffers.rows), columns)
            for start in range(0, len(target), most)
        ]
        return (parts[0] if len(parts) == 1 else torch.cat(parts)).cpu().numpy()


class Votes:
    """The votes of the source pictures: each has one, and sets that hold a nearest match (within ``TIE``) share it."""

    TIE = TIE

    def __init__(self, rows: Sides, voters: Mapping[str, Voters]) -> None:
        self.rows, self.voters = rows, voters
        self.cast: dict[str, list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]]]
        self.cast = {name: [] for name in voters}

    def add(
        self, block: Block, rows: NDArray[np.int64], words: NDArray[np.int64], each: Each, *, settled: bool
    ) -> None:
        """Cast the votes of a block.

        Args:
            rows, words: int64 (n,): that this row of the block may have its nearest match in this target word's set;
                every row has one such word or more.
            settled: they come from float32 cosines, not from rounded ones.
        """
        for double in (True,) if settled else (False, True):
            open_rows = np.bincount(rows, minlength=len(block.pictures))[rows] > 1
            if not open_rows.any():
                break
            near = self._nearest(block, rows[open_rows], words[open_rows], each, double)
            keep = ~open_rows
            keep[open_rows] = near
            rows, words = rows[keep], words[keep]
        share = 1 / np.bincount(rows, minlength=len(block.pictures))[rows]
        for name, (voter, _) in self.voters.items():
            self.cast[name].append((voter[block.numbers[rows]], words, share))

    def _nearest(
        self, block: Block, rows: NDArray[np.int64], words: NDArray[np.int64], each: Each, double: bool
    ) -> NDArray[np.bool_]:
        """Which of the pairs stay candidates when they are computed again: bool (n_pairs,)."""
        source, target = self.rows
        best = np.empty(len(rows))
        order = np.argsort(words, kind="stable")
        # The pairs of some words, which lie together: a single word's are too few to be worth a thread's time.
        starts = np.flatnonzero(np.diff(words[order], prepend=-1))
        step = -(-len(starts) // (PARTS * cores(source.device)))
        some = [part for part in np.split(order, starts[step::step]) if len(part)]

        def compare(part: NDArray[np.int64]) -> NDArray[np.float64]:
            found = np.empty(len(part))
            for own in np.split(np.arange(len(part)), np.flatnonzero(np.diff(words[part])) + 1):
                pictures = block.pictures[rows[part[own]]]
                found[own] = _best_in(source, pictures, target, int(words[part[own[0]]]), double)
            return found

        for part, found in zip(some, each(compare, some), strict=True):
            best[part] = found
        highest = np.full(len(block.pictures), -np.inf)
        np.maximum.at(highest, rows, best)
        slack = 0 if double else 2 * float32_error(source.sets.dim)
        kept: NDArray[np.bool_] = best >= highest[rows] - TIE - slack
        return kept

    def result(self, name: str, n_target: int) -> NDArray[np.float64]:
        """float64 (n_voters, n_target): the votes for each target word."""
        total = np.zeros((self.voters[name][1], n_target))
        for voters, words, share in self.cast[name]:
            np.add.at(total, (voters, words), share)
        return total


def _best_in(
    source: RowSource, pictures: NDArray[np.int64], target: RowSource, word: int, double: bool
) -> NDArray[np.floating]:
    """The best cosine of each source picture in the set of one target word."""
    members = np.unique(target.sets.members[entries_of(target.sets, word)])
    most = max(1, CHUNK_BYTES // cores(source.device) // (8 * max(source.sets.dim, 1)))
    best = np.full(len(pictures), -np.inf)
    for start in range(0, len(pictures), most):
        rows = source.unit(pictures[start : start + most], double=double)
        for begin in range(0, len(members), most):
            found = cosines(rows, target.unit(members[begin : begin + most], double=double)).amax(dim=1).cpu().numpy()
            best[start : start + most] = np.maximum(best[start : start + most], found)
    return best
