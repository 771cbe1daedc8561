"""Best matches: one pass over the pictures of two languages, from which AVGMAX, its kin, MAXMAX and KNN follow.

The pass multiplies a block of source pictures with one block of target pictures after the other, and keeps of every
block of cosines only maxima over words.  Nothing of the size of all pairs of pictures is ever in memory.

                          one source block: whole words, sorted by the size of their sets
                              dog         cow          hen            (2048 memberships at most)
                         +-----------+-----------+-----------+
                    Hund | . . . . . | . . . . . | . . . . . |
      one target         | . . . . . | . . . . . | . . . . . |        cosines = products of rows
      block: pictures    +-----------+-----------+-----------+                  x inverse lengths,
      in the order of    | . . . . . | . . . . . | . . . . . |        one row a target picture,
      words sorted   Kuh | . . . . . | . . . . . | . . . . . |        one column a source picture
      by size            +-----------+-----------+-----------+
                    Huhn | . . . . . | . . . . . | . . . . . |
                         | . . . . . | . . . . . | . . . . . |
                         +-----------+-----------+-----------+

Words of one size lie beside each other, so the same memory, without padding or copying, is seen as

    forward    (target words, size, source pictures)   the maximum over the middle axis: the best match of each source
                                                       picture in each target word
    backward   (target pictures, source words, size)   the maximum over the last axis: the best match of each target
                                                       picture in each source word

A picture is in a block once, and on the target side in one block only, however many words own it (in the demo three on
average); then a group of words gathers its rows from the block first (``best_match_blocks``).

**Measures.**  When a source block has met all target blocks, ``best`` (target words, source pictures) is complete: a
target word whose pictures lie in several blocks has the maximum over them.  Then, for the block's words at once,

    forward    the mean over a source word's pictures                         AVGMAX
    weighted   their weighted sum                                             AVGMAX, weighted
    best       their maximum                                                  MAXMAX
    votes      the words within TIE of the highest share a picture's vote     KNN, KNN-C

Backward sums run the other way: every target block adds the best matches of its pictures to its words' sums.  A source
word that is too large for one block carries its maxima on from part to part.

**Lengths.**  Rows are multiplied as they are stored (``best_match_rows``) and divided by their lengths afterwards: a
target picture's before the forward maximum, which compares target pictures, a source picture's after it and before the
backward one.

**Cores.**  On a processor every core takes target blocks of its own, multiplies with one thread and returns maxima
(``parallel``), which the main thread puts together.  A graphics card takes blocks one by one.

**Memory** beyond features and results: a block of source rows (``BLOCK_BYTES``); for each core a block of target rows
and its cosines, at most ``COSINES`` numbers in all; ``best``; a float64 matrix of words for each measure and vote.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch  # takes a second: whoever needs this file imports it late
from numpy.typing import NDArray

from cldi_core.errors import FeatureError
from cldi_core.scoring import Progress, Scores
from cldi_core.scoring.best_match_blocks import Block, picture_blocks, word_blocks
from cldi_core.scoring.best_match_few import MEASURES
from cldi_core.scoring.best_match_rows import PictureRows, products
from cldi_core.scoring.imagesets import ImageSets, Numbers
from cldi_core.scoring.parallel import Each, cores, side_by_side
from cldi_core.scoring.ties import TIE

__all__ = ["MEASURES", "match"]
BLOCK_BYTES = {"cpu": 32 << 20, "cuda": 256 << 20}  # of one block's rows; on a processor near its last cache's size
COSINES = {"cpu": 2 << 20, "cuda": 64 << 20}  # numbers in all blocks of cosines that are made at once
NARROWEST = 256  # target pictures of one block: with fewer, a product is slow
MOST_ROWS = 2048  # source memberships of one block
SHARES = (1.0, 0.5, 0.25, 0.125)  # of the usual blocks, one after the other, when a device runs out of memory

Voters = tuple[Numbers, int]  # who casts the vote of each source membership, and how many voters there are


def match(
    source: ImageSets,
    target: ImageSets,
    measures: Sequence[str],
    *,
    device: str = "cpu",
    weights: NDArray[np.float64] | None = None,
    voters: Mapping[str, Voters] | None = None,
    progress: Progress | None = None,
) -> tuple[dict[str, Scores], dict[str, NDArray[np.float64]]]:
    """Go over all pairs of pictures once; in smaller blocks where the device's memory is too small.

    Args:
        measures: those of ``MEASURES`` that are wanted.
        weights: float64 (n_source_memberships,), for ``"weighted"``.
        voters: kind of vote → who casts the vote of each source membership, and how many voters there are.
        progress: is told the source memberships done and their number.

    Returns:
        Measure → float32 (n_source, n_target), not meaningful for words without pictures; and kind of vote → float64
        (n_voters, n_target), how many votes each voter gives to each target word.

    Raises:
        FeatureError: the device's memory is too small for even the smallest blocks.
    """
    for share in SHARES:
        with suppress(torch.OutOfMemoryError):
            return _Pass(source, target, measures, device, weights, voters or {}, share).run(progress)
        # Only out here is the failed pass let go, which the error held: what it took can be given back.
        torch.cuda.empty_cache()
    raise FeatureError(
        f"the memory of {device!r} is too small for {len(source)} × {len(target)} words with {source.dim} features a "
        "picture, even in the smallest blocks; use device 'cpu'"
    )


@dataclass
class _Pass:
    source: ImageSets
    target: ImageSets
    measures: Sequence[str]
    device: str
    weights: NDArray[np.float64] | None
    voters: Mapping[str, Voters]
    share: float  # of the usual size of blocks

    def __post_init__(self) -> None:
        source, target, device = self.source, self.target, self.device
        self.own, self.other = (PictureRows(sets, device, self.share) for sets in (source, target))
        most = max(1, min(MOST_ROWS, int(self.share * BLOCK_BYTES[device] / max(self.own.width, 1))))
        # Target rows are made anew for every source block, so that side's blocks are the smaller ones.
        fits = BLOCK_BYTES[device] / 2 / max(self.other.width, 1)
        room = self.share * max(min(COSINES[device] / most, fits) / cores(device), min(NARROWEST, fits))
        self.source_blocks = word_blocks(source, most, device)
        self.target_blocks = picture_blocks(target, max(1, min(most, int(room))), device)

        def matrix(rows: int, columns: int, value: float = 0.0) -> torch.Tensor:
            return torch.full((rows, columns), value, dtype=torch.float64, device=device)

        lowest = {"best": -np.inf}
        self.totals = {name: matrix(len(target), len(source), lowest.get(name, 0.0)) for name in self.measures}
        self.votes = {name: matrix(count, len(target)) for name, (_, count) in self.voters.items()}
        self.voter = {name: torch.from_numpy(voter).to(device) for name, (voter, _) in self.voters.items()}
        self.factors = None if self.weights is None else torch.from_numpy(self.weights).float().to(device)
        self.carried: dict[int, torch.Tensor] = {}
        self.buffers = threading.local()

    def run(self, progress: Progress | None) -> tuple[dict[str, Scores], dict[str, NDArray[np.float64]]]:
        done = 0
        with torch.inference_mode(), _strict(), side_by_side(self.device) as each:
            for block in self.source_blocks:
                self._collect(block, self._best(block, each))
                done += sum(len(group.entries) for group in block.groups)
                if progress is not None:
                    progress(done, len(self.source.members))
        counts = {"forward": self.source.sizes[:, None], "backward": self.target.sizes[None, :]}
        values: dict[str, Scores] = {}
        for name in self.measures:
            # Each sum is let go when it is used: at the paper's size one takes 25 MB.
            total = self.totals.pop(name).cpu().numpy().T
            total /= np.maximum(counts.get(name, 1), 1)
            values[name] = total.astype(np.float32)
        return values, {name: votes.cpu().numpy() for name, votes in self.votes.items()}

    def _best(self, block: Block, each: Each) -> torch.Tensor:
        """The best cosine of each of the block's pictures in each target word: float32 (n_target, n_pictures)."""
        rows = self.own.take(block.pictures, self._buffer("source", len(block.pictures), self.source.dim))
        inverse = self.own.inverse[torch.from_numpy(block.pictures).to(self.device)]
        best = torch.full((len(self.target), len(rows)), -np.inf, device=self.device)
        compared = each(partial(self._compare, block, rows, inverse), range(len(self.target_blocks)))
        for number, (forward, backward) in enumerate(compared):
            words = self.target_blocks[number].words
            best[words] = torch.maximum(best[words], forward)
            if backward is not None:
                self._add_backward(block, number, backward)
        return best.mul_(inverse)

    def _compare(
        self, block: Block, rows: torch.Tensor, inverse: torch.Tensor, number: int
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Multiply one target block with a source block, on any core.

        Returns:
            The best match of each source picture in each of the target block's words, (n_words, n_rows), still times
            the source picture's length; and the best cosine of each target picture in each of the source block's words,
            (n_pictures, n_words), if that is wanted.
        """
        other = self.target_blocks[number]
        columns = self.other.take(other.pictures, self._buffer("target", len(other.pictures), self.target.dim))
        cosines = products(columns, rows, self._buffer("cosines", len(columns), len(rows)))
        cosines *= self.other.inverse[torch.from_numpy(other.pictures).to(self.device)][:, None]
        forward = torch.cat([group.of(cosines, 0).amax(dim=1) for group in other.groups])
        if "backward" not in self.measures:
            return forward, None
        cosines *= inverse
        return forward, torch.cat([group.of(cosines, 1).amax(dim=2) for group in block.groups], dim=1)

    def _buffer(self, name: str, rows: int, columns: int) -> torch.Tensor | None:
        """This thread's own memory of that name, float32 (rows, columns), as it was left; a card has its own way."""
        if self.device != "cpu":
            return None
        space = getattr(self.buffers, name, None)
        if space is None or space.numel() < rows * columns:
            setattr(self.buffers, name, space := torch.empty(rows * columns))
        return space[: rows * columns].view(rows, columns)

    def _add_backward(self, block: Block, number: int, best: torch.Tensor) -> None:
        """Add the best cosine of each picture of a target block in each word of a source block to the words' sums."""
        if block.part:  # a word of several blocks: its best matches are known when the last of them is done
            if number in self.carried:
                best = torch.maximum(self.carried.pop(number), best)
            if block.part == "more":
                self.carried[number] = best
                return
        for group in self.target_blocks[number].groups:
            cells = group.words[:, None], block.words[None, :]
            self.totals["backward"][cells] += group.of(best, 0).sum(dim=1, dtype=torch.float64)

    def _collect(self, block: Block, best: torch.Tensor) -> None:
        """Take what the measures and the votes need from a block's best matches."""
        for group in block.groups:
            found = group.of(best, 1)
            cells = slice(None), group.words
            if "forward" in self.measures:
                self.totals["forward"][cells] += found.sum(dim=2, dtype=torch.float64)
            if "weighted" in self.measures and self.factors is not None:
                weighted = found * self.factors[group.entries].view(-1, group.size)
                self.totals["weighted"][cells] += weighted.sum(dim=2, dtype=torch.float64)
            if "best" in self.measures:
                highest = found.amax(dim=2).double()
                self.totals["best"][cells] = torch.maximum(self.totals["best"][cells], highest)
        if self.votes:
            self._vote(block, best)

    def _vote(self, block: Block, best: torch.Tensor) -> None:
        """Cast the votes of a block's pictures: each has one, and the words that hold a nearest match share it."""
        near = best >= best.amax(dim=0) - TIE
        share = 1 / near.sum(dim=0).double()
        for group in block.groups:
            words, places = torch.nonzero(group.of(near, 1).flatten(1), as_tuple=True)
            shares = group.of(share, 0).flatten()[places]
            for name, votes in self.votes.items():
                votes.index_put_((self.voter[name][group.entries[places]], words), shares, accumulate=True)


@contextmanager
def _strict() -> Iterator[None]:
    """Sums in float32 on a graphics card, whatever another library has set."""
    unit = torch.backends.cuda.matmul
    with ExitStack() as before:
        for name in ("fp32_precision", "allow_fp16_accumulation", "allow_fp16_reduced_precision_reduction"):
            before.callback(setattr, unit, name, getattr(unit, name))
            setattr(unit, name, "ieee" if name == "fp32_precision" else False)
        yield
