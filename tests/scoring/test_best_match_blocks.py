"""Blocks hold every membership once, whole words where they can, and no more rows than allowed."""

from __future__ import annotations

import numpy as np
import pytest

from cldi_core.scoring.best_match_blocks import Block, picture_blocks, word_blocks
from cldi_core.scoring.imagesets import ImageSets


def random_sets(seed: int) -> ImageSets:
    """Few pictures, so that many belong to several words, some twice to one word, and some to none."""
    rng = np.random.default_rng(seed)
    pictures = int(rng.integers(1, 30))
    members = [rng.integers(0, pictures, rng.integers(0, 9)).tolist() for _ in range(rng.integers(1, 12))]
    return ImageSets.from_members(
        [f"w{row}" for row in range(len(members))], members, rng.normal(size=(pictures, 3)), None
    )


def owned(sets: ImageSets, blocks: list[Block]) -> list[list[int]]:
    """The pictures of each word, as the groups give them."""
    found: list[list[int]] = [[] for _ in range(len(sets))]
    for block in blocks:
        for group in block.groups:
            rows = block.pictures[group.rows].reshape(len(group.words), group.size)
            for word, pictures in zip(group.words, rows, strict=True):
                found[word] += pictures.tolist()
    return [sorted(pictures) for pictures in found]


@pytest.mark.parametrize("most", [1, 2, 5, 1000])
@pytest.mark.parametrize("seed", range(30))
def test_every_membership_is_there_once(seed: int, most: int) -> None:
    sets = random_sets(seed)
    for make in (word_blocks, picture_blocks):
        blocks = make(sets, most)
        assert owned(sets, blocks) == [sorted(sets.rows(word).tolist()) for word in sets.words]
        assert all(0 < len(block.pictures) <= most for block in blocks)


@pytest.mark.parametrize("most", [1, 2, 5, 1000])
@pytest.mark.parametrize("seed", range(10))
def test_numbers_and_parts(seed: int, most: int) -> None:
    sets = random_sets(seed)
    for block in word_blocks(sets, most):
        np.testing.assert_array_equal(sets.members[block.numbers], block.pictures)
        words = {int(word) for group in block.groups for word in group.words}
        assert (block.part != "") == (len(words) == 1 and sets.sizes[next(iter(words))] > most)
        if not block.part:
            assert all(sets.sizes[word] == group.size for group in block.groups for word in group.words)
    pictures = [block.pictures for block in picture_blocks(sets, most)]
    numbers = [block.numbers for block in picture_blocks(sets, most)]
    if pictures:
        assert sorted(np.concatenate(pictures)) == np.unique(sets.members).tolist()
        assert np.concatenate(numbers).tolist() == list(range(len(np.unique(sets.members))))


def test_pictures_of_one_owner_need_no_gathering() -> None:
    """Every group is a slice, and no word is cut, when words share no pictures and fit in a block."""
    rng = np.random.default_rng(0)
    sizes = rng.integers(1, 9, 40)
    sets = ImageSets.from_arrays([f"w{row}" for row in range(40)], [rng.normal(size=(n, 2)) for n in sizes])
    for blocks in (word_blocks(sets, 20), picture_blocks(sets, 20)):
        groups = [group for block in blocks for group in block.groups]
        assert all(isinstance(group.rows, slice) for group in groups)
        assert all(sizes[word] == group.size for group in groups for word in group.words)


def test_no_pictures_no_blocks() -> None:
    sets = ImageSets.from_arrays(["a", "b"], [[], []])
    assert word_blocks(sets, 5) == picture_blocks(sets, 5) == []
