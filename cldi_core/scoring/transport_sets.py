"""Picture sets made ready for transport plans: the distinct ones, filled up to a few sizes to be solved together."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cldi_core.scoring.imagesets import ImageSets, Numbers, scaled_to_one, unit_rows

if TYPE_CHECKING:
    from torch import Tensor

SHELF = 2**22  # numbers: features of so many pictures are in memory at a time, 16 MB a side
SLACK = 8  # sets are filled up by up to 1/8 with weightless rows, to be solved with those of other sizes


@dataclass(frozen=True)
class Distinct:
    """The distinct picture sets of a language; each is solved once, so that words which share one tie exactly.

    Attributes:
        rows: for each set its distinct pictures, ascending rows of the features.
        shares: for each set how often each picture is listed, in lowest terms; a, a, b, b is the same set as a, b.
        place: int64 (n_words,), the set of every word; -1 without pictures.
    """

    rows: list[Numbers]
    shares: list[Numbers]
    place: Numbers

    @classmethod
    def of(cls, sets: ImageSets) -> Distinct:
        """Those of the words of a language."""
        seen: dict[tuple[bytes, bytes], int] = {}
        rows: list[Numbers] = []
        shares: list[Numbers] = []
        place = np.full(len(sets), -1, np.int64)
        for word in np.flatnonzero(sets.sizes):
            own, counts = np.unique(sets.members[sets.offsets[word] : sets.offsets[word + 1]], return_counts=True)
            counts //= np.gcd.reduce(counts)
            place[word] = seen.setdefault((own.tobytes(), counts.tobytes()), len(seen))
            if len(seen) > len(rows):
                rows.append(own)
                shares.append(counts)
        return cls(rows, shares, place)

    @cached_property
    def filled_up(self) -> list[tuple[Numbers, NDArray[np.float64]]]:
        """Each set's pictures and their weights, (g,) each: its last pictures are any, of weight 0."""
        filled = []
        for own, shares in zip(self.rows, self.shares, strict=True):
            more = rung(len(own)) - len(own)
            filled.append((np.pad(own, (0, more), mode="edge"), np.pad(shares / shares.sum(), (0, more))))
        return filled

    def shelves(self, dim: int) -> Iterator[list[list[int]]]:
        """All sets by size: shelves that fit in memory, of groups of sets that are solved together."""
        limit = min(max(SHELF // max(dim, 1), 1), 2**15)
        shelf: list[list[int]] = []
        used = 0
        for number in sorted(range(len(self.rows)), key=lambda number: len(self.rows[number])):
            size = len(self.rows[number])
            if shelf and used + size > limit:
                yield shelf
                shelf, used = [], 0
            if not shelf or rung(size) > rung(len(self.rows[shelf[-1][0]])):
                shelf.append([])
            shelf[-1].append(number)
            used += size
        if shelf:
            yield shelf


def rung(size: int) -> int:
    """The number of pictures to which a set is filled up; it depends on the set alone, so that sums do."""
    step = max((1 << (size.bit_length() - 1)) // SLACK, 1)
    return -(-size // step) * step


@dataclass(frozen=True)
class Group:
    """Picture sets that are filled up to one size g.

    Attributes:
        sets: their numbers, (n,).
        pictures: float32 (n, g, dim), unit rows; a smaller set's last ones are any, of weight 0.
        weights: float64 (n, g), rows sum to 1.
    """

    sets: list[int]
    pictures: Tensor
    weights: Tensor

    @classmethod
    def of(cls, sets: ImageSets, distinct: Distinct, numbers: list[int], device: str) -> Group:
        """Sets of one ``rung``."""
        import torch  # takes seconds to import

        rows, weights = (
            np.stack(part) for part in zip(*(distinct.filled_up[number] for number in numbers), strict=True)
        )
        pictures = pictures_of(sets, rows.reshape(-1), device).reshape(*rows.shape, sets.dim)
        return cls(numbers, pictures, torch.from_numpy(weights).to(device))

    def part(self, start: int, count: int) -> Group:
        """Some of them, which lie beside each other."""
        span = slice(start, start + count)
        return Group(self.sets[span], self.pictures[span], self.weights[span])


def pictures_of(sets: ImageSets, rows: Numbers, device: str) -> Tensor:
    """Some rows of the features as unit rows: float32 (n, dim)."""
    import torch  # takes seconds to import

    pictures = np.empty((len(rows), sets.dim), np.float32)
    for start in range(0, len(rows), 1024):  # unit_rows makes copies, of float64 features large ones
        span = slice(start, start + 1024)
        found = sets.features[rows[span]]
        if found.dtype == np.float16:  # torch widens halves ten times as fast as numpy, to the same numbers
            scaled_to_one(torch.from_numpy(pictures[span]).copy_(torch.from_numpy(found)).numpy())
        else:
            pictures[span] = unit_rows(found)
    return torch.from_numpy(pictures).to(device)


class Shelf:
    """Several groups with their features in memory."""

    def __init__(self, sets: ImageSets, distinct: Distinct, shelf: list[list[int]], device: str) -> None:
        self.groups = [Group.of(sets, distinct, numbers, device) for numbers in shelf]


def all_batches(left: Shelf, right: Shelf, limit: int) -> Iterator[tuple[Group, Group]]:
    """The ``batches`` of all groups of two shelves."""
    for rows, columns in product(left.groups, right.groups):
        yield from batches(rows, columns, limit)


def batches(source: Group, target: Group, limit: int) -> Iterator[tuple[Group, Group]]:
    """Parts of two groups whose pairs have at most ``limit`` cosines, or single pairs that have more.

    About as many pictures on either side, which is the fastest shape of a matrix product.
    """
    g, h = source.weights.shape[1], target.weights.shape[1]
    pairs = max(limit // (g * h), 1)
    down = min(max(math.isqrt(pairs * h // g), 1), len(source.sets), pairs)
    across = min(pairs // down, len(target.sets))
    down = min(pairs // across, len(source.sets))
    for start in range(0, len(source.sets), down):
        for other in range(0, len(target.sets), across):
            yield source.part(start, down), target.part(other, across)
