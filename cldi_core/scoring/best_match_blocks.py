"""The order in which pictures are multiplied: blocks of distinct pictures, and which of them belong to which words.

Words are taken by the size of their sets, so that sets of one size lie beside each other and a block of cosines can be
looked at as (words, size, …) without padding.  A picture is in a block once, however many of its words own it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch

from cldi_core.scoring.imagesets import ImageSets, Numbers


@dataclass(frozen=True)
class Group:
    """Words that own equally many of a block's pictures.

    Attributes:
        words: int64 (n_words,), distinct.
        size: how many pictures of the block each of them owns.
        entries: int64 (n_words × size,), their memberships, word after word: places in ``sets.members``.
        rows: the places of these memberships' pictures in the block; a slice where they lie in order.
    """

    words: torch.Tensor
    size: int
    entries: torch.Tensor
    rows: slice | torch.Tensor

    def of(self, values: torch.Tensor, axis: int) -> torch.Tensor:
        """The words' part of an array that has the block's pictures along ``axis``, which becomes (words, size)."""
        if isinstance(self.rows, slice):  # nothing is copied
            own = values.narrow(axis, self.rows.start, self.rows.stop - self.rows.start)
        else:
            own = values.index_select(axis, self.rows)
        return own.view(*own.shape[:axis], -1, self.size, *own.shape[axis + 1 :])


@dataclass(frozen=True)
class Block:
    """Pictures that are multiplied at once; the tensors of its groups are on the device where that is done.

    Attributes:
        pictures: int64 (n,), rows of the image sets' features, distinct.
        groups: every membership of the block is in one of them.
        words: int64, the words of all groups, one group after the other.
        part: of a word too large for one block: ``"more"`` follows, or this is its ``"last"`` part; otherwise empty.
    """

    pictures: Numbers
    groups: tuple[Group, ...]
    words: torch.Tensor
    part: str = ""


def word_blocks(sets: ImageSets, most: int, device: str = "cpu") -> list[Block]:
    """Blocks of whole words, of at most ``most`` memberships; a word that has more gets blocks of its own."""
    owner, entries = _by_size(sets)
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    ends = np.append(starts[1:], len(owner))
    blocks, start = [], 0
    while start < len(entries):
        word = np.searchsorted(ends, start, side="right")
        stop, part = int(ends[word]), ""
        if stop - starts[word] > most:  # the words after it are no smaller
            stop = min(stop, start + most)
            part = "last" if stop == ends[word] else "more"
        else:
            stop = int(ends[ends <= start + most][-1])
        blocks.append(_block(sets, owner[start:stop], entries[start:stop], device, part))
        start = stop
    return blocks


def picture_blocks(sets: ImageSets, most: int, device: str = "cpu") -> list[Block]:
    """Blocks of at most ``most`` pictures, each picture in one of them only; a word may be spread over several.

    Words with the same pictures then have the same best matches to the last bit.
    """
    owner, entries = _by_size(sets)
    pictures, place = _first_come(sets.members[entries])
    number = place // most
    turn = np.argsort(number, kind="stable")
    cuts = np.searchsorted(number[turn], np.arange(-(-len(pictures) // most) + 1))
    return [_block(sets, owner[turn[own]], entries[turn[own]], device) for own in map(slice, cuts[:-1], cuts[1:])]


def _by_size(sets: ImageSets) -> tuple[Numbers, Numbers]:
    """All memberships, word after word from the smallest to the largest set: whose they are, and their places."""
    order = np.argsort(sets.sizes, kind="stable")
    spans = [np.arange(sets.offsets[word], sets.offsets[word + 1]) for word in order]
    return np.repeat(order, sets.sizes[order]), np.concatenate(spans)


def _first_come(members: Numbers) -> tuple[Numbers, Numbers]:
    """The distinct ones in the order in which they come first, and for each member its place among them."""
    found, first, inverse = np.unique(members, return_index=True, return_inverse=True)
    turn = np.argsort(first)
    return found[turn], np.argsort(turn)[inverse.reshape(-1)]


def _block(sets: ImageSets, owner: Numbers, entries: Numbers, device: str, part: str = "") -> Block:
    """The block of some memberships; those of one word lie together."""
    counts = np.diff(np.flatnonzero(np.diff(owner, prepend=-1, append=-1)))
    sizes = np.repeat(counts, counts)
    turn = np.argsort(sizes, kind="stable")
    sizes, owner, entries = sizes[turn], owner[turn], entries[turn]
    pictures, rows = _first_come(sets.members[entries])
    groups = []
    for begin, end in pairwise(np.flatnonzero(np.diff(sizes, prepend=0, append=0)).tolist()):
        own, size = rows[begin:end], int(sizes[begin])
        plain = bool((np.diff(own) == 1).all())
        where = slice(int(own[0]), int(own[-1]) + 1) if plain else torch.from_numpy(own).to(device)
        words, numbers = (torch.from_numpy(part).to(device) for part in (owner[begin:end:size], entries[begin:end]))
        groups.append(Group(words, size, numbers, where))
    return Block(pictures, tuple(groups), torch.cat([group.words for group in groups]), part)
