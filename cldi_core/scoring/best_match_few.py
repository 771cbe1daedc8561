"""The pass over all pictures for a few source pictures, such as those of one word: ``best_match`` without torch.

What a page asks is of one word.  To import torch takes two seconds and 250 to 450 MB, more than all else that the
dashboard holds; so few pictures are compared in numpy, with the same products and the same sums: every number is that
of the pass to the last bit (tests hold them together).
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from cldi_core.scoring import Scores
from cldi_core.scoring.feature_rows import FeatureRows
from cldi_core.scoring.halves import widened
from cldi_core.scoring.hardware import processors
from cldi_core.scoring.imagesets import ImageSets, Numbers, unit_rows
from cldi_core.scoring.parallel import numpy_side_by_side
from cldi_core.scoring.products import SAFE, products
from cldi_core.scoring.ties import TIE

MEASURES = ("forward", "backward", "weighted", "best")
MOST = 512  # source memberships
LANES = 8  # squares of a row that torch adds up side by side
BLOCK = 2016  # target pictures that are compared at once: a multiple of what ``products`` fills up to
NUMBERS = 1 << 24  # cosines that are in memory at once
WIDE, SIDES = 32 << 20, 2  # bytes of a side's rows in float32 that are kept at hand, and of how many sides
THREADS = 8  # blocks from which on it is worth while to share them among threads
_wide: deque[dict[str, object]] = deque()  # what was measured of the sides whose rows are kept, the last one last
_keeping = Lock()
Rows = NDArray[np.float32]
Best = NDArray[np.float32]  # (n_target, n_source_memberships)


def is_few(source: ImageSets) -> bool:
    """Whether a source side is so small that this takes less than to import torch, where that has not been done."""
    return len(source.members) <= MOST and "torch" not in sys.modules


def match(
    source: ImageSets,
    target: ImageSets,
    measures: Sequence[str],
    *,
    weights: NDArray[np.float64] | None = None,
    voters: Mapping[str, tuple[Numbers, int]] | None = None,
) -> tuple[dict[str, Scores], dict[str, NDArray[np.float64]]]:
    """As ``best_match.match`` on a processor."""
    own, other = _Rows(source), _Rows(target)
    rows, inverse = own.take(source.members), own.inverse(source.members)
    best = np.full((len(target), len(source.members)), -np.inf, np.float32)
    backward = np.zeros((len(target), len(source)))
    for words, members, starts in _blocks(target, NUMBERS // max(len(rows), 1)):
        cosines = _cosines(other, members, rows)
        best[words] = np.maximum.reduceat(cosines, starts, axis=0)
        if "backward" in measures:
            cosines *= inverse
            nearest = _by_word(source, cosines, np.maximum, -np.inf)
            backward[words] = np.add.reduceat(nearest.astype(np.float64), starts, axis=0)
    for features in (source.features, target.features):
        if isinstance(features, FeatureRows):
            features.release()
    best *= inverse
    known = np.where(target.sizes[:, None] > 0, best, np.float32(0))  # what can be multiplied and added up
    values: dict[str, Scores] = {}
    for name in measures:
        total: NDArray[np.floating]
        if name == "backward":
            total = backward.T / np.maximum(target.sizes[None, :], 1)
        elif name == "best":
            total = _by_word(source, best, np.maximum, -np.inf).T
        else:
            factors = 1 if name == "forward" or weights is None else weights.astype(np.float32)
            count = source.sizes[:, None] if name == "forward" else 1
            total = _by_word(source, (known * factors).astype(np.float64), np.add, 0).T / np.maximum(count, 1)
        values[name] = total.astype(np.float32)
    cast = {name: _votes(best, voter, count) for name, (voter, count) in (voters or {}).items()}
    return values, cast


def forget() -> None:
    """Let go of the rows that are kept in float32: a server whose visitors look at words that are known needs none, and
    they are made again in some milliseconds."""
    with _keeping:
        while _wide:
            _wide.popleft().pop("wide", None)


def lengths(rows: NDArray[np.floating]) -> Rows:
    """The lengths of rows, float (n, dim) → float32 (n,), to the last bit those of ``torch.linalg.vector_norm``.

    Every eighth square is added up for itself, then these sums, then what is left; ranks can turn on that.
    """
    with np.errstate(over="ignore"):  # what is infinite is found not to be safe
        squares = np.square(widened(rows))
        whole = squares.shape[1] - squares.shape[1] % LANES
        # Along an axis that is not the last one numpy adds up one after the other.
        lanes = np.add.reduce(squares[:, :whole].reshape(len(squares), -1, LANES), axis=1)
        total = np.zeros(len(squares), np.float32)
        for column in (*lanes.T, *squares[:, whole:].T):
            total += column
    found: Rows = np.sqrt(total)
    return found


class _Rows:
    """The pictures of one side: float32 rows as they are stored, and one over their lengths, a few at a time.

    Where some are so long or so short that float32 cannot hold their products, all are unit rows, as in
    ``best_match_rows``.
    """

    def __init__(self, sets: ImageSets) -> None:
        self._sets, self._used = sets, np.unique(sets.members)
        self._unit = sets.features.dtype == np.float64
        if not self._unit:
            self._lengths = self._measured()
        self.wide = None if self._unit else self._widened()

    def _measured(self) -> Rows:
        """The lengths of all rows that are used; those of all that there are are kept, as a side is asked often."""
        sets, used = self._sets, self._used
        kept: Rows | None = sets.measured.get("lengths")
        if kept is not None:
            return kept[used]
        parts = [lengths(sets.features[used[start : start + BLOCK]]) for start in range(0, len(used), BLOCK)]
        found = np.concatenate([np.zeros(0, np.float32), *parts])
        odd = ~((found > SAFE[0]) & (found < SAFE[1]))
        if sets.features[used[odd]].any():
            self._unit = True
            return found
        found[odd] = 1  # zero rows
        if len(used) == len(sets.features):
            sets.measured["lengths"] = found
        return found

    def _widened(self) -> Rows | None:
        """All rows in float32, where they are few and a side is asked for with all of them: of the last sides.

        To read and widen the 3,430 pictures of the demo's German took three times as long as to multiply them.
        """
        measured, features = self._sets.measured, self._sets.features
        kept: Rows | None = measured.get("wide")
        if kept is None and len(self._used) == len(features) and 0 < 4 * len(features) * self._sets.dim <= WIDE:
            with _keeping:
                kept = measured["wide"] = widened(features[:])
                _wide.append(measured)
                while len(_wide) > SIDES:
                    _wide.popleft().pop("wide", None)
        return kept

    def take(self, members: Numbers) -> Rows:
        """float32 (n, dim), not to be changed."""
        if self.wide is not None:
            whole = len(members) and members[-1] - members[0] == len(members) - 1 and (np.diff(members) == 1).all()
            return self.wide[members[0] : members[-1] + 1] if whole else self.wide[members]
        rows = self._sets.features[members]
        return unit_rows(rows) if self._unit else widened(rows)

    def inverse(self, members: Numbers) -> Rows:
        """float32 (n,)."""
        if self._unit:
            return np.ones(len(members), np.float32)
        found: Rows = np.float32(1) / self._lengths[np.searchsorted(self._used, members)]
        return found


def _cosines(target: _Rows, members: Numbers, rows: Rows) -> Rows:
    """Target memberships with source rows (n, dim), but for these rows' lengths: float32 (n_memberships, n).

    A picture that several words have is compared once.
    """
    pictures, place = np.unique(members, return_inverse=True)
    found = np.empty((len(pictures), len(rows)), np.float32)

    def compare(start: int) -> None:
        some, out = pictures[start : start + BLOCK], found[start : start + BLOCK]
        products(target.take(some), rows, out=out)
        out *= target.inverse(some)[:, None]

    starts = range(0, len(pictures), BLOCK)
    if len(starts) < THREADS:
        for start in starts:
            compare(start)
    else:
        with numpy_side_by_side(processors()) as each:
            deque(each(compare, starts), 0)
    return found if len(pictures) == len(members) and (np.diff(members) > 0).all() else found[place]


def _blocks(sets: ImageSets, size: int) -> Iterator[tuple[Numbers, Numbers, Numbers]]:
    """Words that have pictures, some at a time: their numbers, their memberships (about ``size``), and where each
    word's begin."""
    words = np.flatnonzero(sets.sizes)
    ends = np.cumsum(sets.sizes[words])
    steps = np.arange(0, ends[-1] if len(ends) else 0, max(size, 1))
    cuts = np.unique(np.append(np.searchsorted(ends, steps), len(words)))
    for first, last in pairwise(cuts.tolist()):
        some = words[first:last]
        begin = sets.offsets[some[0]]
        yield some, sets.members[begin : sets.offsets[some[-1] + 1]], sets.offsets[some] - begin


def _by_word(sets: ImageSets, values: NDArray[np.floating], ufunc: np.ufunc, nothing: float) -> NDArray[np.floating]:
    """Columns of memberships put together by word: (n, n_memberships) → (n, n_words); ``nothing`` without pictures."""
    found = np.full((len(values), len(sets)), nothing, values.dtype)
    words = np.flatnonzero(sets.sizes)
    if len(words):
        found[:, words] = ufunc.reduceat(values, sets.offsets[words], axis=1)
    return found


def _votes(best: Best, voter: Numbers, count: int) -> NDArray[np.float64]:
    """Each picture has one vote, and the words that hold a nearest match share it: float64 (n_voters, n_target)."""
    near = best >= best.max(axis=0, initial=-np.inf) - TIE
    share = 1 / near.sum(axis=0).astype(np.float64)
    votes = np.zeros((count, len(best)))
    words, places = np.nonzero(near)
    np.add.at(votes, (voter[places], words), share[places])
    return votes
