"""One pass over the pictures of two languages, from which every method of best matches follows.

The pass multiplies a block of source pictures with one block of target pictures after the other and keeps, of every
block of cosines, only maxima over sets.  From the best match of each source picture in each target set come AVGMAX,
its weighted form, MAXMAX and the votes of KNN; from the best match of each target picture in each source set comes
AVGMAX in the other direction.

On a processor every core has a target block of its own.  Memory beyond features and results: a block of source rows
(``BLOCK_BYTES``); for each core a block of target rows and its cosines with the source rows, at most ``COSINES``
numbers in all; half as much again while rows are made; the target's rows where all of them fit in ``KEPT_BYTES``; and
one float64 matrix of words for each measure.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cldi_core.scoring.best_match_blocks import Block, Group, picture_blocks, word_blocks
from cldi_core.scoring.best_match_rows import RowSource, cosines
from cldi_core.scoring.imagesets import ImageSets
from cldi_core.scoring.parallel import Each, cores, side_by_side
from cldi_core.scoring.rounding import HALF, RoundedRows, centre_and_shift, fixed_error, float32_error
from cldi_core.scoring.settling import Voters, Votes

if TYPE_CHECKING:
    import torch

MEASURES = ("forward", "backward", "weighted", "best")
BLOCK_BYTES = {"cpu": 32 << 20, "cuda": 256 << 20}  # of one block's rows; on a processor near its last cache's size
COSINES = {"cpu": 2 << 20, "cuda": 64 << 20}  # numbers in all blocks of cosines that are made at once
NARROWEST = 256  # target pictures of one block: with fewer, a product is slow
KEPT_BYTES = {"cpu": 64 << 20, "cuda": 4 << 30}
MEANS_BYTES = 4 << 20  # of the rows whose means are made at a time
MOST_ROWS = 2048  # source pictures of one block


@dataclass
class Matches:
    """What one pass found.

    Attributes:
        values: measure → float64 (n_source, n_target): ``"forward"`` mean over i ∈ S of the best cosine in T,
            ``"backward"`` mean over j ∈ T of the best cosine in S, ``"weighted"`` as forward with weights, ``"best"``
            the highest cosine.  Not meaningful for words without pictures.
        error: measure → how far its values may be from the truth: one number, or float32 (n_source, n_target).
        votes: how many votes of each voter's pictures each target word has, to be asked for by name.
    """

    votes: Votes
    values: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    error: dict[str, NDArray[np.float32] | float] = field(default_factory=dict)


class Pass:
    """One pass of ``match``; holds the rows of both sides, which settling needs as well."""

    def __init__(
        self,
        source: ImageSets,
        target: ImageSets,
        measures: tuple[str, ...],
        *,
        fast: bool = False,
        device: str = "cpu",
        weights: NDArray[np.float64] | None = None,
        voters: Mapping[str, Voters] | None = None,
        share: float = 1.0,
    ) -> None:
        """Lay out the blocks.

        Args:
            measures: those of ``MEASURES`` that are wanted.
            fast: multiply in bfloat16.
            weights: float64, one per source membership, for ``"weighted"``.
            voters: name → who casts the vote of each source membership, and how many voters there are.
            share: blocks are this much smaller, for a device that runs out of memory.
        """
        import torch

        self.source, self.target, self.measures, self.fast, self.device = source, target, measures, fast, device
        self.weights, self.voters = weights, dict(voters or {})
        self.rows = RowSource(source, device, share), RowSource(target, device, share)
        kind = device.partition(":")[0]
        self.dim, self.shift = source.dim, 0.0
        width = 4 * self.dim
        if fast:
            centre, self.shift = centre_and_shift(*self.rows)
            self.rounded = tuple(
                RoundedRows(rows, centre, self.shift, first=place == 0) for place, rows in enumerate(self.rows)
            )
            self.fixed = fixed_error(*self.rounded)
            width = 2 * self.rounded[0].columns
        most = max(1, min(MOST_ROWS, int(share * BLOCK_BYTES[kind] / max(width, 1))))
        self.source_blocks = word_blocks(source, most)
        # Target rows are made anew for every source block, so that side's blocks are the smaller ones.
        fits = BLOCK_BYTES[kind] / 2 / max(width, 1)
        room = share * max(min(COSINES[kind] / most, fits) / cores(device), min(NARROWEST, fits))
        self.target_blocks = picture_blocks(target, max(1, min(most, int(room))))
        self.keep = len(self.rows[1].used) * width <= share * KEPT_BYTES[kind]
        self.kept: dict[int, torch.Tensor] = {}
        self.totals = {name: self._matrix(-np.inf if name == "best" else 0, torch.float64) for name in measures}
        # Sums of |z|, for the bound, whose own slack is larger than what float32 loses.
        self.sizes = {name: self._matrix(0, torch.float32) for name in measures if fast and name != "best"}
        self.carried = torch.empty(0)
        self.heights = [
            max((len(block.pictures) for block in blocks), default=0)
            for blocks in (self.source_blocks, self.target_blocks)
        ]
        self.buffers = threading.local()
        self.votes = Votes(self.rows, self.voters)

    def _matrix(self, value: float, kind: torch.dtype) -> torch.Tensor:
        import torch

        return torch.full((len(self.target), len(self.source)), value, dtype=kind, device=self.device)

    def run(self, progress: Callable[[int, int], None] | None = None) -> Matches:
        """Go over all blocks; ``progress`` is told the source pictures done and their number."""
        import torch

        done = 0
        with torch.inference_mode(), _strict(), side_by_side(self.device) as each:
            for block in self.source_blocks:
                self._collect(block, self._best(block, each), each)
                done += len(block.pictures)
                if progress is not None:
                    progress(done, len(self.source.members))
        return self._matches()

    def _prepared(self, side: int, pictures: NDArray[np.int64]) -> torch.Tensor:
        """The rows of some pictures for a product; those of the fast pass are followed by rows of zeros.

        Those of the exact pass stay as they are until this thread asks for others of the same side, or are kept.
        """
        import torch

        if self.fast:
            return self.rounded[side].take(pictures, self.heights[side])
        if side and self.keep:
            return self.rows[side].unit(pictures)
        name = f"rows {side}"
        if not hasattr(self.buffers, name):
            setattr(self.buffers, name, torch.empty(self.heights[side], self.dim, device=self.device))
        return self.rows[side].unit(pictures, into=getattr(self.buffers, name))

    def _target_rows(self, number: int) -> torch.Tensor:
        if number in self.kept:
            return self.kept[number]
        rows = self._prepared(1, self.target_blocks[number].pictures)
        if self.keep:
            self.kept[number] = rows
        return rows

    def _best(self, block: Block, each: Each) -> torch.Tensor:
        """The best product of each of the block's source pictures in each target set, (n_target, n_block)."""
        import torch

        rows = self._prepared(0, block.pictures)
        best = torch.full((len(self.target), len(rows)), -np.inf, device=self.device)
        if block.part and "backward" in self.measures and not len(self.carried):
            self.carried = torch.full((len(self.rows[1].used), 1), -np.inf, device=self.device)
        compared = each(partial(self._compare, block, rows), range(len(self.target_blocks)))
        for other, (forward, backward) in zip(self.target_blocks, compared, strict=True):
            for group, found in zip(other.groups, forward, strict=True):
                words = torch.from_numpy(group.words).to(self.device)
                best[words] = torch.maximum(best[words], found)
            if backward is not None:
                self._backward(block, other, backward)
        if block.part == "last":
            self.carried = torch.empty(0)
        return best[:, : len(block.pictures)]

    def _compare(self, block: Block, rows: torch.Tensor, number: int) -> tuple[list[torch.Tensor], torch.Tensor | None]:
        """Multiply one target block with a source block.

        Returns:
            For each group of the target block, the best product of each row in each set, (n_words, n_rows); and the
            best product of each target picture in each of the source block's sets, (n_pictures, n_sets), if wanted.
        """
        import torch

        own = self._target_rows(number)
        products = self._multiplied(own, rows)
        forward = [_sets(products, group, 0).amax(dim=1) for group in self.target_blocks[number].groups]
        if "backward" not in self.measures:
            return forward, None
        return forward, torch.cat([_sets(products, group, 1).amax(dim=2) for group in block.groups], dim=1)

    def _multiplied(self, own: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """All products of two blocks' rows, float32, in this thread's own buffer."""
        import torch

        size = self.heights[0] * self.heights[1]
        if not hasattr(self.buffers, "products"):
            self.buffers.products = torch.empty(size, device=self.device)
            self.buffers.rounded = torch.empty(size if self.fast else 0, dtype=torch.bfloat16, device=self.device)
        shape = len(own), len(rows)
        products: torch.Tensor = self.buffers.products[: shape[0] * shape[1]].view(shape)
        if not self.fast:
            return cosines(own, rows, products)
        # Several times as fast as taking maxima of bfloat16 numbers.
        return products.copy_(cosines(own, rows, self.buffers.rounded[: shape[0] * shape[1]].view(shape)))

    def _backward(self, block: Block, other: Block, best: torch.Tensor) -> None:
        """Add the best match of each target picture of ``other`` in each source set of ``block``."""
        import torch

        if block.part:  # a word of several blocks: its best matches are known when the last of them is done
            place = torch.from_numpy(other.numbers).to(self.device)
            best = best[: len(place)]
            best = self.carried[place] = torch.maximum(self.carried[place], best)
            if block.part != "last":
                return
        words = torch.from_numpy(np.concatenate([group.words for group in block.groups])).to(self.device)
        for group in other.groups:
            cells = torch.from_numpy(group.words).to(self.device)[:, None], words[None, :]
            found = _sets(best, group, 0)
            self.totals["backward"][cells] += found.sum(dim=1, dtype=torch.float64)
            if self.fast:
                self.sizes["backward"][cells] += found.abs().sum(dim=1)

    def _collect(self, block: Block, best: torch.Tensor, each: Each) -> None:
        """Take what the measures and the votes need from a block's best matches."""
        import torch

        weights = None
        if "weighted" in self.measures and self.weights is not None:
            weights = torch.from_numpy(self.weights[block.numbers]).float().to(self.device)
        for group in block.groups:
            words = torch.from_numpy(group.words).to(self.device)
            found = _sets(best, group, 1)
            if "best" in self.measures:
                self.totals["best"][:, words] = torch.maximum(self.totals["best"][:, words], found.amax(dim=2).double())
            for name, factor in (("forward", None), ("weighted", weights)):
                if name in self.measures:
                    part = found if factor is None else found * factor[group.rows].view(1, len(words), group.size)
                    self.totals[name][:, words] += part.sum(dim=2, dtype=torch.float64)
                    if self.fast:
                        self.sizes[name][:, words] += part.abs().sum(dim=2)
        if self.voters:
            self._vote(block, best, each)

    def _vote(self, block: Block, best: torch.Tensor, each: Each) -> None:
        """Find the words that may hold each source picture's nearest match, and let them be settled."""
        import torch

        if self.fast:
            lost, length = (torch.from_numpy(part).float() for part in self._picture_error(block.pictures))
            loose = HALF * best.abs()
            lowest = (best - loose).amax(dim=0) - 2 * (lost + length).to(self.device)
            near = best + loose >= lowest - self.votes.TIE
        else:
            near = best >= best.amax(dim=0) - self.votes.TIE - 2 * float32_error(self.dim)
        words, rows = (index.cpu().numpy() for index in torch.nonzero(near, as_tuple=True))
        self.votes.add(block, rows, words, each, settled=not self.fast)

    def _picture_error(self, pictures: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The two parts of a source picture's bound against any target picture, without the result's rounding."""
        source, target = self.rounded
        lost = source.lost[pictures] * target.length.max() * 1.001 + self.fixed
        return lost, source.length[pictures] * target.lost.max() * 1.001

    def _matches(self) -> Matches:
        found = Matches(self.votes)
        counts = {"forward": self.source.sizes[:, None], "backward": self.target.sizes[None, :]}
        for name in self.measures:
            count = np.maximum(counts.get(name, np.ones((1, 1))), 1)
            # In place, and each sum let go when it is used: at the paper's size one takes 25 MB.
            values = self.totals.pop(name).cpu().numpy().T
            values /= count
            values += self.shift
            found.values[name] = values
            found.error[name] = float32_error(self.dim)
            if self.fast:
                size = self.sizes.pop(name).cpu().numpy().T / np.float32(count) if name != "best" else None
                found.error[name] = self._error(name, size, found.values[name])
        return found

    def _error(self, name: str, size: NDArray[np.floating] | None, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """The bound of ``rounding`` for every pair of words: float32 (n_source, n_target)."""
        source, target = self.rounded
        own, other = ("max", "max") if name == "best" else ("mean", "max")
        own, other = (other, own) if name == "backward" else (own, other)
        weights = self.weights if name == "weighted" else None
        lost, length = (_of_words(self.source, part, own, weights) for part in (source.lost, source.length))
        lost_t, length_t = (_of_words(self.target, part, other) for part in (target.lost, target.length))
        bound = np.abs(values - self.shift).astype(np.float32) if size is None else size
        bound *= np.float32(HALF)
        for one, two in ((lost, length_t), (length, lost_t)):
            bound += np.outer(one.astype(np.float32), two.astype(np.float32))
        bound *= np.float32(1.001)
        bound += np.float32(self.fixed)
        return bound


def mean_cosines(source: RowSource, target: RowSource) -> NDArray[np.float64]:
    """The mean cosine over all cross pairs of two sets: float64 (n_source, n_target), from the means of their rows."""
    means = np.zeros((len(source.sets), source.sets.dim))
    for words, own in _means(source):
        means[words] = own
    alike = np.zeros((len(source.sets), len(target.sets)))
    for words, own in _means(target):
        alike[:, words] = means @ own.T
    return alike


def _means(rows: RowSource) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Words, a few at a time, and the means of their rows: float64 (n_words, dim)."""
    import torch

    begun: torch.Tensor | float = 0.0  # the sum over the first parts of a word of several blocks
    for block in word_blocks(rows.sets, max(1, MEANS_BYTES // (4 * max(rows.sets.dim, 1)))):
        units = rows.unit(block.pictures)
        for group in block.groups:
            sums = _sets(units, group, 0).sum(dim=1, dtype=torch.float64) + begun
            begun = sums if block.part == "more" else 0.0
            if block.part != "more":
                yield group.words, sums.cpu().numpy() / rows.sets.sizes[group.words][:, None]


def _sets(values: torch.Tensor, group: Group, axis: int) -> torch.Tensor:
    """The rows (``axis`` 0) or columns (1) of a group with its axis split into (words, size); no copy for a slice."""
    import torch

    if isinstance(group.rows, slice):
        own = values.narrow(axis, group.rows.start, group.rows.stop - group.rows.start)
    else:
        own = values.index_select(axis, torch.from_numpy(group.rows).to(values.device))
    words, size = len(group.words), group.size
    return own.view(words, size, -1) if axis == 0 else own.view(-1, words, size)


def _of_words(
    sets: ImageSets, values: NDArray[np.float64], how: str, weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """The mean (weighted, if asked) or max over each word's pictures of a figure of each picture; 0 for no pictures."""
    filled = sets.sizes > 0
    result = np.zeros(len(sets))
    if not filled.any():
        return result
    own, starts = values[sets.members], sets.offsets[:-1][filled]
    if how == "max":
        result[filled] = np.maximum.reduceat(own, starts)
    elif weights is not None:
        result[filled] = np.add.reduceat(own * weights, starts)
    else:
        result[filled] = np.add.reduceat(own, starts) / sets.sizes[filled]
    return result


@contextmanager
def _strict() -> Iterator[None]:
    """float32 products in float32 and bfloat16 sums in float32, whatever another library has set."""
    import torch

    units = torch.backends.cuda.matmul, torch.backends.mkldnn.matmul  # type: ignore[attr-defined]
    before = [unit.fp32_precision for unit in units]
    reduced = torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction
    try:
        for unit in units:
            unit.fp32_precision = "ieee"
        torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
        yield
    finally:
        for unit, value in zip(units, before, strict=True):
            unit.fp32_precision = value
        torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = reduced
