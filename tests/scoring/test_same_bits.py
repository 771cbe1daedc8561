"""Equal inputs, equal outputs: a score is the same to the last bit whatever it is computed with and after.

Ranks turn on differences of 1e-6, and what is made from ranks turns with them, so 1e-7 would be too much.
"""

from __future__ import annotations

import numpy as np
import pytest

from cldi_core.scoring import hubness
from cldi_core.scoring.imagesets import ImageSets
from cldi_core.scoring.methods import METHODS
from cldi_core.scoring.products import _in_blocks, ends_differ, products
from cldi_core.scoring.scores import score_all

PLAIN = [name for name, method in METHODS.items() if not method.bases]
DIMS = [8, 1280]


def two_languages(dim: int, *, signed: bool = False) -> tuple[ImageSets, ImageSets]:
    """Words of 1 to 13 pictures, some of them shared, as a data set has them."""
    rng = np.random.default_rng(dim)
    features = rng.normal(size=(90, dim))
    features = (features if signed else features**2).astype(np.float16)
    rows = [rng.integers(0, 90, size).tolist() for size in [*range(1, 13), 0, *range(1, 14)]]
    words = [f"w{number}" for number in range(len(rows))]
    return tuple(ImageSets.from_members(words[own], rows[own], features, None) for own in (slice(12), slice(12, None)))


def parts(sets: ImageSets, seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    return [sets.words[number] for number in rng.permutation(len(sets))[: rng.integers(1, 5)]]


@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed"])
@pytest.mark.parametrize("dim", DIMS)
def test_some_words_have_the_scores_that_they_have_among_all(dim: int, signed: bool) -> None:
    source, target = two_languages(dim, signed=signed)
    whole = score_all(source, target, PLAIN)
    seed = dim + signed  # other words in each of the four cases
    own, others = parts(source, seed), parts(target, 100 + seed)
    for left, right in ((own, list(target.words)), (list(source.words), others), (own, others)):
        names = [name for name in PLAIN if METHODS[name].local or len(right) == len(target)]
        found = score_all(source.select(left), target.select(right), names)
        rows, columns = [source.row(word) for word in left], [target.row(word) for word in right]
        for name in names:
            np.testing.assert_array_equal(found[name], whole[name][np.ix_(rows, columns)], err_msg=name)


def test_a_method_alone_is_what_it_is_among_others() -> None:
    source, target = two_languages(40)
    together = score_all(source, target, METHODS)
    backwards = score_all(source, target, list(METHODS)[::-1])
    for name in METHODS:
        np.testing.assert_array_equal(score_all(source, target, [name])[name], together[name], err_msg=name)
        np.testing.assert_array_equal(backwards[name], together[name], err_msg=name)


@pytest.mark.parametrize("correction", ["csls", "isf"])
def test_corrections_do_not_depend_on_how_the_scores_lie_in_memory(correction: str) -> None:
    """Fresh scores lie column by column, stored ones row by row."""
    scores = np.random.default_rng(0).random((301, 203)).astype(np.float32)
    combine = METHODS[f"avgmax+{correction}"].combine
    assert combine is not None
    np.testing.assert_array_equal(combine([np.asfortranarray(scores)]), combine([scores]))
    assert hubness._matrix(np.asfortranarray(scores)).flags.c_contiguous, "sums of float64 run in one order"


@pytest.mark.parametrize("dim", [1, 3, 64, 1280])
def test_products_depend_on_their_two_rows_alone(dim: int) -> None:
    rng = np.random.default_rng(dim)
    left, right = (rng.normal(size=(700, dim)).astype(np.float32) for _ in range(2))
    whole = products(left, right)
    np.testing.assert_allclose(whole, left.astype(float) @ right.T, atol=1e-5 * dim)
    for rows, columns in ((1, 1), (1, 700), (700, 1), (2, 3), (7, 40), (16, 16), (33, 128), (90, 300)):
        start, begin = rng.integers(0, 701 - rows), rng.integers(0, 701 - columns)
        own, others = left[start : start + rows], right[begin : begin + columns]
        into = np.empty((rows, columns), np.float32)
        assert products(own, others, into) is into
        np.testing.assert_array_equal(into, whole[start : start + rows, begin : begin + columns])
        np.testing.assert_array_equal(products(own, others), into)


@pytest.mark.parametrize("shape", [(1, 1), (13, 303), (25, 304), (12, 305), (40, 1000), (0, 5), (5, 0)])
def test_products_in_blocks_are_those_of_the_whole(shape: tuple[int, int]) -> None:
    """Also where this machine has no need of them."""
    rng = np.random.default_rng(0)
    left, right = (rng.normal(size=(count, 40)).astype(np.float32) for count in shape)
    found, into = _in_blocks(left, right, None), np.full(shape, np.nan, np.float32)
    np.testing.assert_allclose(found, left.astype(float) @ right.T, atol=1e-4)
    assert _in_blocks(left, right, into) is into and found.shape == shape
    np.testing.assert_array_equal(into, found)
    alike = _in_blocks(np.tile(left[:1], (shape[0], 1)), np.tile(left[:1], (shape[1], 1)), None) if all(shape) else into
    assert not alike.size or not ends_differ() or alike.min() == alike.max()


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 0)])
def test_products_of_nothing(shape: tuple[int, int]) -> None:
    left, right = (np.ones((count, 3), np.float32) for count in shape)
    assert products(left, right).shape == shape
