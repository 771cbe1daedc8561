"""ImageSets: what it stores, what it accepts, and what it says about features it cannot use."""

from __future__ import annotations

import numpy as np
import pytest

from cldi_core.errors import FeatureError, UnknownNameError
from cldi_core.imagesets import ImageSets, similarity, unit_rows
from tests import oracles

RNG = np.random.default_rng(0)
ONE, TWO = RNG.normal(size=(2, 3)), RNG.normal(size=(4, 3))


@pytest.fixture
def shared() -> ImageSets:
    """Three words over four pictures; ``b`` has none, picture 2 belongs to two words, picture 1 to none."""
    return ImageSets.from_members(["a", "b", "c"], [[2, 0], [], [2, 3, 2]], np.arange(8.0).reshape(4, 2), list("wxyz"))


def test_from_arrays_gives_back_each_word() -> None:
    sets = ImageSets.from_arrays(["a", "none", "b"], [ONE, [], TWO])
    assert sets.words == ("a", "none", "b")
    assert (len(sets), sets.dim, sets.sizes.tolist()) == (3, 3, [2, 0, 4])
    np.testing.assert_array_equal(sets["a"], ONE)
    np.testing.assert_array_equal(sets["b"], TWO)
    assert sets["none"].shape == (0, 3)
    assert "a" in sets
    assert "c" not in sets


def test_from_members_shares_pictures(shared: ImageSets) -> None:
    assert shared["a"].tolist() == [[4, 5], [0, 1]]
    assert shared["c"].tolist() == [[4, 5], [6, 7], [4, 5]]
    assert shared["b"].shape == (0, 2)
    assert shared.sizes.tolist() == [2, 0, 3]
    assert shared.row("c") == 2
    assert shared.word_ids("a") == ["y", "w"]
    assert shared.word_ids("b") == []


@pytest.mark.parametrize("empty", [[], np.zeros((0, 3)), np.zeros((0,), np.float16), np.zeros((0, 0))])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_empty_words_may_stand_anywhere(empty: object, place: int) -> None:
    arrays: list = [ONE, TWO]
    arrays.insert(place, empty)
    sets = ImageSets.from_arrays(list("abc"), arrays)
    assert sets.sizes.tolist() == [len(array) for array in arrays]
    assert sets.dim == 3


def test_no_word_has_pictures() -> None:
    sets = ImageSets.from_arrays(["a", "b"], [[], []])
    assert (sets.dim, sets.sizes.tolist()) == (0, [0, 0])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_float_types_are_kept(dtype: type) -> None:
    assert ImageSets.from_arrays(["a"], [ONE.astype(dtype)]).features.dtype == dtype


def test_whole_numbers_become_floats() -> None:
    features = ImageSets.from_arrays(["a"], [[[1, 2], [3, 4]]]).features
    assert np.issubdtype(features.dtype, np.floating)
    assert features.tolist() == [[1, 2], [3, 4]]


def test_input_is_neither_kept_nor_changed() -> None:
    given = ONE.copy()
    sets = ImageSets.from_arrays(["a"], [given])
    unit_rows(sets.features)
    given[:] = 7
    np.testing.assert_array_equal(sets["a"], ONE)


@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1.0, 1e30, 1e300])
def test_unit_rows_have_length_one_at_any_scale(scale: float) -> None:
    rows = unit_rows(TWO * scale)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, [oracles.unit(row) for row in TWO], atol=1e-6)


def test_unit_rows_of_zero_stay_zero() -> None:
    rows = unit_rows(np.array([[0.0, 0.0], [0.0, -3.0]], np.float32))
    assert rows.tolist() == [[0, 0], [0, -1]]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_similarity_is_the_cosine_of_all_pairs(dtype: type) -> None:
    source, target = RNG.normal(size=(5, 40)).astype(dtype), RNG.normal(size=(3, 40)).astype(dtype)
    expected = [[oracles.cosine(i, j) for j in target] for i in source]
    found = similarity(source, target)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


NAN, INF = [[1.0, np.nan, 0.0]], [[np.inf, 1.0, 0.0]]
BAD_ARRAYS = {
    "no words": ([], [], ["no words", "at least one"]),
    "doubled word": (["Kuh", "Hund", "Kuh"], [ONE] * 3, ["'Kuh'", "twice", "give each word once"]),
    "too few arrays": (["Kuh", "Hund"], [ONE], ["2 words", "1 arrays", "one array per word"]),
    "dimensions": (["Kuh", "Hund"], [ONE, np.ones((1, 5))], ["'Kuh'", "3", "'Hund'", "5", "same backbone"]),
    "one-dimensional": (["Kuh"], [[1.0, 2.0]], ["'Kuh'", "(2,)", "(n_pictures, dim)"]),
    "three-dimensional": (["Kuh"], [np.ones((2, 3, 4))], ["'Kuh'", "(2, 3, 4)", "(n_pictures, dim)"]),
    "number": (["Kuh"], [3.0], ["'Kuh'", "()", "(n_pictures, dim)"]),
    "text": (["Kuh"], [[["x", "y"]]], ["'Kuh'", "array of numbers", "'x'"]),
    "ragged": (["Kuh"], [[[1.0, 2.0], [3.0]]], ["'Kuh'", "array of numbers (n, dim)"]),
    "nan": (["Kuh", "leer", "Hund"], [ONE, [], NAN], ["picture 2", "'Hund'", "NaN", "extract its features again"]),
    "infinite": (["Kuh", "Hund"], [INF, ONE], ["picture 0", "'Kuh'", "infinite", "extract its features again"]),
}


@pytest.mark.parametrize(("words", "arrays", "told"), BAD_ARRAYS.values(), ids=BAD_ARRAYS)
def test_bad_arrays_are_explained(words: list[str], arrays: list, told: list[str]) -> None:
    with pytest.raises(FeatureError) as error:
        ImageSets.from_arrays(words, arrays)
    assert [part for part in told if part not in str(error.value)] == []
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("row", "owner"), [(0, "'first'"), (4095, "'last'"), (4096, "'last'"), (9000, "no word")])
def test_nan_is_found_in_every_block_of_rows(row: int, owner: str) -> None:
    features = np.ones((9001, 2), np.float32)
    features[row, 1] = np.nan
    with pytest.raises(FeatureError) as error:
        ImageSets.from_members(["first", "leer", "last"], [[0], [], range(1, 9000)], features, None)
    assert f"picture {row} " in str(error.value)
    assert owner in str(error.value)


BAD_MEMBERS = {
    "fewer lists than words": (["a", "b"], [[0]], np.ones((1, 2))),
    "more lists than words": (["a"], [[0], [0]], np.ones((1, 2))),
    "a row beyond the features": (["a"], [[5]], np.ones((1, 2))),
    "a negative row": (["a"], [[-1, 0]], np.ones((1, 2))),
    "one-dimensional features": (["a"], [[0]], np.ones(3)),
}


@pytest.mark.parametrize(("words", "members", "features"), BAD_MEMBERS.values(), ids=BAD_MEMBERS)
def test_members_that_do_not_fit_are_refused(words: list[str], members: list, features: np.ndarray) -> None:
    with pytest.raises(FeatureError):
        ImageSets.from_members(words, members, features, None)


@pytest.mark.parametrize("look_up", [ImageSets.row, ImageSets.rows, ImageSets.__getitem__, ImageSets.word_ids])
def test_unknown_word_names_the_choices(look_up, shared: ImageSets) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown word 'Kuh'; choose from: a, b, c"):
        look_up(shared, "Kuh")


def test_at_most_twelve_choices_are_listed() -> None:
    sets = ImageSets.from_arrays([f"w{i:02}" for i in range(20)], [ONE] * 20)
    with pytest.raises(UnknownNameError) as error:
        sets.row("x")
    assert "w11, … (20 in all)" in str(error.value)
    assert "w12" not in str(error.value)


def test_ids_that_were_not_given_are_missed_aloud() -> None:
    with pytest.raises(FeatureError, match="without picture ids"):
        ImageSets.from_arrays(["a"], [ONE]).word_ids("a")
