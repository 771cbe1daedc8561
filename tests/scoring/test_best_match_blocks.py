"""Blocks hold every membership once, whole words where they can, and no more rows than allowed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

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
    """The pictures of each word, as the groups give them; entries and pictures say the same."""
    found: list[list[int]] = [[] for _ in range(len(sets))]
    for block in blocks:
        for group in block.groups:
            rows = group.of(torch.from_numpy(block.pictures), 0)
            assert rows.shape == (len(group.words), group.size)
            np.testing.assert_array_equal(sets.members[group.entries.view(rows.shape)], rows)
            for word, pictures in zip(group.words.tolist(), rows.tolist(), strict=True):
                found[word] += pictures
        assert block.words.tolist() == [word for group in block.groups for word in group.words.tolist()]
    return [sorted(pictures) for pictures in found]


@pytest.mark.parametrize("most", [1, 2, 5, 1000])
@pytest.mark.parametrize("seed", range(30))
def test_every_membership_is_there_once(seed: int, most: int) -> None:
    sets = random_sets(seed)
    for make in (word_blocks, picture_blocks):
        blocks = make(sets, most)
        assert owned(sets, blocks) == [sorted(sets.rows(word).tolist()) for word in sets.words]
        assert all(0 < len(block.pictures) <= most for block in blocks)
        assert all(len(set(block.pictures)) == len(block.pictures) for block in blocks)


@pytest.mark.parametrize("most", [1, 2, 5, 1000])
@pytest.mark.parametrize("seed", range(10))
def test_words_are_whole_or_in_parts_of_their_own(seed: int, most: int) -> None:
    sets = random_sets(seed)
    open_word, seen = None, np.zeros(len(sets), int)
    for block in word_blocks(sets, most):
        words = set(block.words.tolist())
        assert (block.part != "") == (len(words) == 1 and sets.sizes[next(iter(words))] > most)
        assert sum(len(group.entries) for group in block.groups) <= most
        if block.part:
            word = block.words.item()
            seen[word] += len(block.groups[0].entries)
            assert (block.part == "last") == (seen[word] == sets.sizes[word])
            assert open_word in (None, *words), "the parts of a word follow each other"
            open_word = word if block.part == "more" else None
        else:
            assert all(sets.sizes[word] == group.size for group in block.groups for word in group.words.tolist())
    assert open_word is None


@pytest.mark.parametrize("most", [1, 2, 5, 1000])
@pytest.mark.parametrize("seed", range(10))
def test_a_picture_is_in_one_block(seed: int, most: int) -> None:
    sets = random_sets(seed)
    pictures = [picture for block in picture_blocks(sets, most) for picture in block.pictures.tolist()]
    assert sorted(pictures) == np.unique(sets.members).tolist()


def test_pictures_of_one_owner_need_no_gathering() -> None:
    """Every group is a slice when words share no pictures, and blocks hold as many words as fit."""
    rng = np.random.default_rng(0)
    sizes = rng.integers(1, 9, 40)
    sets = ImageSets.from_arrays([f"w{row}" for row in range(40)], [rng.normal(size=(n, 2)) for n in sizes])
    for blocks in (word_blocks(sets, 20), picture_blocks(sets, 20)):
        assert all(isinstance(group.rows, slice) for block in blocks for group in block.groups)
    assert [len(block.pictures) for block in picture_blocks(sets, 20)][:-1] == [20] * ((sizes.sum() - 1) // 20)
    assert min(len(block.pictures) for block in word_blocks(sets, 20)[:-1]) > 20 - 9


def test_groups_are_split_along_either_axis() -> None:
    """Two words of two pictures that lie in order, and two whose pictures are shared and do not."""
    values = torch.arange(12.0).view(3, 4)
    plain = word_blocks(ImageSets.from_members(["a", "b"], [[0, 1], [2, 3]], np.eye(4), None), 9)[0].groups[0]
    shared = word_blocks(ImageSets.from_members(["a", "b"], [[0, 1], [1, 0]], np.eye(4), None), 9)[0].groups[0]
    assert isinstance(plain.rows, slice) and not isinstance(shared.rows, slice)
    assert plain.of(values, 1).tolist() == [[[0, 1], [2, 3]], [[4, 5], [6, 7]], [[8, 9], [10, 11]]]
    assert shared.of(values, 1).tolist() == [[[0, 1], [1, 0]], [[4, 5], [5, 4]], [[8, 9], [9, 8]]]
    assert shared.of(values, 0).tolist() == [[[0, 1, 2, 3], [4, 5, 6, 7]], [[4, 5, 6, 7], [0, 1, 2, 3]]]


def test_no_pictures_no_blocks() -> None:
    sets = ImageSets.from_arrays(["a", "b"], [[], []])
    assert word_blocks(sets, 5) == picture_blocks(sets, 5) == []
