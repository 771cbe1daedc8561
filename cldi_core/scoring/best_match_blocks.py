"""The order in which pictures are multiplied: blocks of rows, and which rows of a block belong to which words.

Words are taken by the size of their sets, so that sets of one size lie beside each other and a block of cosines can be
looked at as (words, size, …) without padding or copying.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cldi_core.scoring.imagesets import ImageSets

Rows = slice | NDArray[np.int64]


@dataclass(frozen=True)
class Group:
    """Words that own equally many of a block's pictures.

    Attributes:
        words: int64 (n_words,), distinct.
        size: how many pictures of the block each of them owns.
        rows: the rows within the block, word after word, n_words × size of them; a slice where they lie in order.
    """

    words: NDArray[np.int64]
    size: int
    rows: Rows


@dataclass(frozen=True)
class Block:
    """Pictures that are multiplied at once.

    Attributes:
        pictures: int64 (n,), rows of the image sets' features.
        groups: every membership of these pictures once.
        numbers: int64 (n,): which membership each row is (``word_blocks``: its place in ``sets.members``), or a
            running number over all blocks (``picture_blocks``).
        part: of a word too large for one block: ``"more"`` follows, or this is its ``"last"`` part; otherwise empty.
    """

    pictures: NDArray[np.int64]
    groups: tuple[Group, ...]
    numbers: NDArray[np.int64]
    part: str = ""


def word_blocks(sets: ImageSets, most: int) -> list[Block]:
    """Blocks of whole words, one row per membership, at most ``most`` rows; a larger word has blocks of its own."""
    sizes = sets.sizes
    blocks: list[Block] = []
    taken: list[int] = []
    rows = 0
    for word in np.argsort(sizes, kind="stable").tolist():
        size = int(sizes[word])
        if size and taken and rows + size > most:
            blocks.append(_words(sets, taken))
            rows, taken = 0, []
        if size > most:
            blocks += _parts(sets, word, most)
        elif size:
            taken.append(word)
            rows += size
    return blocks + ([_words(sets, taken)] if taken else [])


def _words(sets: ImageSets, taken: list[int]) -> Block:
    words = np.array(taken, np.int64)
    sizes = sets.sizes[words]
    cuts = [0, *(np.flatnonzero(np.diff(sizes)) + 1).tolist(), len(words)]
    groups, start = [], 0
    for begin, end in itertools.pairwise(cuts):
        size = int(sizes[begin])
        stop = start + size * (end - begin)
        groups.append(Group(words[begin:end], size, slice(start, stop)))
        start = stop
    numbers = np.concatenate([entries_of(sets, word) for word in taken])
    return Block(sets.members[numbers], tuple(groups), numbers)


def _parts(sets: ImageSets, word: int, most: int) -> list[Block]:
    entries = entries_of(sets, word)
    blocks = []
    for start in range(0, len(entries), most):
        numbers = entries[start : start + most]
        group = Group(np.array([word]), len(numbers), slice(0, len(numbers)))
        part = "last" if start + most >= len(entries) else "more"
        blocks.append(Block(sets.members[numbers], (group,), numbers, part))
    return blocks


def picture_blocks(sets: ImageSets, most: int) -> list[Block]:
    """Blocks of distinct pictures, at most ``most`` each.

    A picture is there once, however many words own it: words with the same pictures then have exactly the same best
    matches.  Where every picture has one owner, blocks end between words and every group's rows are a slice; the words
    of a shared picture may be spread over blocks.
    """
    sizes = sets.sizes
    order = np.argsort(sizes, kind="stable")
    if not sizes.sum():
        return []
    owned = sets.members[np.concatenate([entries_of(sets, word) for word in order.tolist()])]
    owner = np.repeat(order, sizes[order])
    _, first = np.unique(owned, return_index=True)
    first.sort()
    pictures = owned[first]
    place = np.empty(int(pictures.max()) + 1, np.int64)
    place[pictures] = np.arange(len(pictures))
    cuts = _cuts(owner[first], most)
    block_of = np.searchsorted(cuts, place[owned], side="right") - 1
    # Every membership, block after block and there word after word in order of size.
    turn = np.lexsort((place[owned], np.argsort(order)[owner], block_of))
    owned_at, owner, block_of = place[owned][turn], owner[turn], block_of[turn]
    ends = np.searchsorted(block_of, np.arange(len(cuts)))
    return [
        Block(
            pictures[cuts[number] : cuts[number + 1]],
            _groups(owner[ends[number] : ends[number + 1]], owned_at[ends[number] : ends[number + 1]] - cuts[number]),
            np.arange(cuts[number], cuts[number + 1]),
        )
        for number in range(len(cuts) - 1)
    ]


def _cuts(owner: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Where blocks begin, and the end: between owners where that is possible."""
    changes = np.concatenate([[0], np.flatnonzero(np.diff(owner)) + 1, [len(owner)]])
    cuts = [0]
    while cuts[-1] < len(owner):
        inside = changes[np.searchsorted(changes, cuts[-1] + most, side="right") - 1]
        cuts.append(int(inside) if inside > cuts[-1] else min(cuts[-1] + most, len(owner)))
    return np.array(cuts, np.int64)


def _groups(owner: NDArray[np.int64], rows: NDArray[np.int64]) -> tuple[Group, ...]:
    """Group one block's memberships, word after word, by how many each word has."""
    starts = np.concatenate([[0], np.flatnonzero(np.diff(owner)) + 1])
    counts = np.diff(np.append(starts, len(owner)))
    groups = []
    for size in np.unique(counts).tolist():
        chosen = starts[counts == size]
        own = rows[(chosen[:, None] + np.arange(size)).reshape(-1)]
        plain = bool((np.diff(own) == 1).all())
        groups.append(Group(owner[chosen], size, slice(int(own[0]), int(own[-1]) + 1) if plain else own))
    return tuple(groups)


def entries_of(sets: ImageSets, word: int) -> NDArray[np.int64]:
    """The memberships of the word with this number: places in ``sets.members``."""
    return np.arange(sets.offsets[word], sets.offsets[word + 1])
