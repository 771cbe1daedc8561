"""ImageSets: what it stores, what it accepts, and what it says about features it cannot use."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from cldi_core.errors import FeatureError, UnknownNameError
from cldi_core.scoring import feature_rows
from cldi_core.scoring.feature_rows import FeatureRows
from cldi_core.scoring.imagesets import ImageSets, similarity, unit_rows
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


@pytest.mark.parametrize("given", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(("wanted", "atol"), [(np.float32, 2e-7), (np.float64, 1e-15)])
def test_unit_rows_are_as_exact_as_their_type(given: type, wanted: type, atol: float) -> None:
    features = (1000 * RNG.normal(size=(5, 40))).astype(given)
    before = features.copy()
    rows = unit_rows(features, wanted)
    assert rows.dtype == wanted
    np.testing.assert_allclose(rows, [oracles.unit(row) for row in features], rtol=0, atol=atol)
    np.testing.assert_array_equal(features, before)


def test_the_largest_and_smallest_halves_have_unit_rows() -> None:
    rows = unit_rows(np.array([[65504, -65504], [6e-8, 6e-8]], np.float16))
    np.testing.assert_allclose(np.abs(rows), np.sqrt(0.5), atol=1e-7)


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
    "three dimensions": (
        ["Kuh", "Hund", "Hut"],
        [ONE, np.ones((1, 5)), np.ones((1, 4))],
        ["'Kuh'", "3", "'Hund'", "5"],
    ),
    "one-dimensional": (["Kuh"], [[1.0, 2.0]], ["'Kuh'", "(2,)", "(n_pictures, dim)"]),
    "three-dimensional": (["Kuh"], [np.ones((2, 3, 4))], ["'Kuh'", "(2, 3, 4)", "(n_pictures, dim)"]),
    "number": (["Kuh"], [3.0], ["'Kuh'", "()", "(n_pictures, dim)"]),
    "text": (["Kuh"], [[["x", "y"]]], ["'Kuh'", "array of numbers", "'x'"]),
    "no numbers": (["Kuh"], [[[{}, 1.0]]], ["'Kuh'", "array of numbers"]),
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


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(("row", "owner"), [(0, "'first'"), (99, "'last'"), (100, "'last'"), (250, "no word")])
def test_nan_is_found_in_every_block_of_rows(
    row: int, owner: str, dtype: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feature_rows, "BLOCK_BYTES", 100 * 2 * np.dtype(dtype).itemsize)
    features = np.ones((251, 2), dtype)
    features[row, 1] = np.nan
    for given in (features, FeatureRows([features[:30], features[30:]])):
        with pytest.raises(FeatureError) as error:
            ImageSets.from_members(["first", "leer", "last"], [[0], [], range(1, 250)], given, None)
        assert f"picture {row} (of " in str(error.value)
        assert owner in str(error.value)


@pytest.mark.parametrize("row", [0, 3, 4, 9])
def test_nan_in_arrays_is_found_in_every_block_of_rows(row: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_rows, "BLOCK_BYTES", 16)
    features = np.arange(20.0).reshape(10, 2).copy()
    features[row, 0] = np.inf
    owner = "first" if row < 4 else "last"
    with pytest.raises(FeatureError, match=rf"picture {row} \(of '{owner}'\)"):
        ImageSets.from_arrays(["first", "leer", "last"], [features[:4], [], features[4:]])


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


def test_at_most_sixteen_choices_are_listed() -> None:
    sets = ImageSets.from_arrays([f"w{i:02}" for i in range(20)], [ONE] * 20)
    with pytest.raises(UnknownNameError) as error:
        sets.row("x")
    assert "w15, … (20 in all)" in str(error.value)
    assert "w16" not in str(error.value)


def test_ids_that_were_not_given_are_missed_aloud() -> None:
    with pytest.raises(FeatureError, match="without picture ids"):
        ImageSets.from_arrays(["a"], [ONE]).word_ids("a")


def cut(array: np.ndarray, sizes: list[int]) -> list[np.ndarray]:
    """Consecutive slices."""
    return [array[end - size : end] for end, size in zip(np.cumsum(sizes), sizes, strict=True)]


def digest_of(row: np.ndarray) -> bytes:
    return hashlib.blake2b(row.tobytes(), digest_size=16).digest()


@pytest.fixture
def mapped(tmp_path: Path) -> np.ndarray:
    """Nine pictures in a file; 0 comes again as 5 and 8, 3 as 4."""
    whole = np.random.default_rng(5).normal(size=(9, 6)).astype(np.float32)
    whole[[4, 5, 8]] = whole[[3, 0, 0]]
    np.save(tmp_path / "a.npy", whole)
    return np.load(tmp_path / "a.npy", mmap_mode="r")


@pytest.mark.parametrize("sizes", [[9], [2, 0, 3, 4], [1] * 9, [0, 0, 9]], ids=str)
def test_slices_of_a_mapped_file_are_not_copied(mapped: np.ndarray, sizes: list[int]) -> None:
    words = [f"w{number}" for number in range(len(sizes))]
    shared = ImageSets.from_arrays(words, cut(mapped, sizes))
    copied = ImageSets.from_arrays(words, cut(np.array(mapped), sizes))
    assert np.shares_memory(shared.features, mapped) and shared.features.shape == mapped.shape
    assert not np.shares_memory(copied.features, mapped) and len(copied.features) == 6
    assert shared.sizes.tolist() == copied.sizes.tolist() == sizes
    for word, array in zip(words, cut(mapped, sizes), strict=True):
        np.testing.assert_array_equal(shared[word], array, strict=True)
        np.testing.assert_array_equal(copied[word], array, strict=True)
    assert shared.keys() == copied.keys()
    assert shared.members.tolist() == [0, 1, 2, 3, 3, 0, 6, 7, 0]
    assert copied.members.tolist() == [0, 1, 2, 3, 3, 0, 4, 5, 0]


def test_a_part_of_a_read_only_array_is_not_copied() -> None:
    whole = RNG.normal(size=(8, 3))
    assert not np.shares_memory(ImageSets.from_arrays("ab", cut(whole, [3, 5])).features, whole)
    whole.setflags(write=False)
    sets = ImageSets.from_arrays("ab", [whole[1:3], whole[3:7]])
    assert np.shares_memory(sets.features, whole)
    np.testing.assert_array_equal(sets.features, whole[1:7])
    np.testing.assert_array_equal(ImageSets.from_arrays("ab", [whole[4:], whole[:4]])["b"], whole[:4])


@pytest.mark.parametrize("dtypes", [(np.float16, np.float32), (np.float32, np.float16), (np.float16, np.float16)])
def test_equal_pictures_are_stored_once(dtypes: tuple[type, type]) -> None:
    """Also where one was given in half precision: what counts are the numbers that are kept."""
    one, other = (np.array(rows, dtype) for rows, dtype in zip(([[1, 2], [3, 4], [1, 2]], [[3, 4], [5, 6]]), dtypes,
                                                                strict=True))  # fmt: skip
    sets = ImageSets.from_arrays(["a", "leer", "b"], [one, [], other])
    assert sets.features.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert sets.features.dtype == np.result_type(*dtypes)
    assert (sets.members.tolist(), sets.offsets.tolist()) == ([0, 1, 0, 1, 2], [0, 3, 3, 5])


def test_equal_pictures_against_a_slow_oracle() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        arrays = [rng.integers(0, 3, (size, 2)).astype(np.float32) for size in rng.integers(0, 6, 5)]
        sets = ImageSets.from_arrays("abcde", arrays)
        distinct: list[list[float]] = []
        for row in (row for array in arrays for row in array.tolist()):
            if row not in distinct:
                distinct.append(row)
        assert sets.features.tolist() == distinct
        assert sets.members.tolist() == [distinct.index(row) for array in arrays for row in array.tolist()]


def test_minus_zero_is_not_zero_and_neither_counts_as_something() -> None:
    sets = ImageSets.from_arrays(["a"], [[[0.0, 0.0], [-0.0, 0.0], [0.0, 1.0]]])
    assert len(sets.features) == 3
    assert sets.nonzero.tolist() == [False, False, True]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_rows_that_are_not_zero(dtype: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_rows, "BLOCK_BYTES", 16)
    features = np.zeros((7, 3), dtype)
    features[2, 1], features[5, 2], features[6] = -1, np.finfo(dtype).smallest_subnormal, -0.0
    for given in (features, FeatureRows([features[:3], features[3:]])):
        sets = ImageSets.from_members(["a"], [[2]], given, None)
        assert sets.nonzero.tolist() == [False, False, True, False, False, True, False]
        np.testing.assert_array_equal(sets.nonzero, (features != 0).any(axis=1))
    assert ImageSets.from_arrays(["a"], [[]]).nonzero.tolist() == []


def test_digests_are_those_of_the_rows(mapped: np.ndarray, shared: ImageSets) -> None:
    arrays = ImageSets.from_arrays(["a", "b"], [ONE, ONE[:1]])
    empty = ImageSets.from_arrays(["a"], [[]])
    for sets in (shared, arrays, ImageSets.from_arrays(["a"], [mapped]), empty, shared.select(["b"])):
        assert sets.digests.shape == (len(sets.features), 16) and sets.digests.dtype == np.uint8
        assert [row.tobytes() for row in sets.digests] == [digest_of(row) for row in sets.features]


def test_digests_that_are_given_are_used_and_made_only_when_asked_for() -> None:
    given, calls = np.arange(64, dtype=np.uint8).reshape(4, 16), []

    def make() -> np.ndarray:
        calls.append(1)
        return given

    features, members, offsets = np.ones((4, 2)), np.array([1, 2]), np.array([0, 2])
    lazy = ImageSets(["a"], features, members, offsets, digests=make)
    assert calls == []
    known = ImageSets(["a"], features, members, offsets, digests=given)
    assert lazy.keys() == known.keys() != ImageSets(["a"], features, members, offsets).keys()
    assert lazy.digests is given and calls == [1]


def test_a_key_is_that_of_a_words_own_pictures() -> None:
    rng = np.random.default_rng(8)
    one, two, other = rng.normal(size=(3, 4, 3)).astype(np.float32)
    before = ImageSets.from_arrays(["a", "b", "leer"], [one, two, []]).keys()
    assert len(set(before)) == 3 and all(type(key) is bytes and len(key) == 16 for key in before)
    assert ImageSets.from_arrays(["leer", "new", "c", "a"], [[], other, two, one]).keys()[2:] == before[1::-1]
    changed = one.copy()
    changed[3, 2] = np.nextafter(changed[3, 2], 2)
    arrays = [changed, one[::-1], one[:3], np.concatenate([one, one[:1]]), one.astype(np.float64)]
    keys = [ImageSets.from_arrays(["a"], [array]).keys()[0] for array in arrays]
    assert len({*keys, *before}) == len(arrays) + 3


def test_a_key_knows_the_ids() -> None:
    features = np.ones((3, 2))
    keys = [ImageSets.from_members(["a"], [[0, 1]], features, ids).keys()[0] for ids in (
        None, ["x", "y", "z"], ["y", "x", "z"], ["xy", "", "z"], ["x", "", "y"])]  # fmt: skip
    assert len(set(keys)) == len(keys)
    assert ImageSets.from_members(["b"], [[0, 1]], features, ["x", "y", "other"]).keys() == [keys[1]]


def test_select_keeps_features_and_ids(shared: ImageSets) -> None:
    chosen = shared.select(["c", "b"])
    assert chosen.features is shared.features and chosen.ids is shared.ids
    assert (chosen.words, chosen.sizes.tolist(), chosen.row("c")) == (("c", "b"), [3, 0], 0)
    assert chosen["c"].tolist() == shared["c"].tolist() and chosen.word_ids("c") == shared.word_ids("c")
    assert chosen.keys() == shared.keys()[:0:-1]
    assert "a" not in chosen and "a" in shared
    assert shared.words == ("a", "b", "c") and shared.sizes.tolist() == [2, 0, 3], "the whole is as it was"
    assert chosen.select(["b"]).sizes.tolist() == [0]


def test_select_does_not_look_through_the_features_again(shared: ImageSets, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageSets, "_check_finite", lambda self: pytest.fail("looked again"))
    assert shared.select(["a"]).dim == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [([], "no words"), (["a", "a"], "'a' was given twice"), (["a", "Kuh"], "unknown word 'Kuh'; choose from: a, b, c")],
)
def test_words_that_cannot_be_selected(words: list[str], told: str, shared: ImageSets) -> None:
    with pytest.raises((FeatureError, UnknownNameError), match=told):
        shared.select(words)


def test_rows_give_the_same_sets_as_an_array() -> None:
    features = RNG.normal(size=(6, 3)).astype(np.float16)
    members = [[5, 0], [], [3, 3, 1]]
    plain = ImageSets.from_members(["a", "b", "c"], members, features, list("uvwxyz"))
    stacked = ImageSets.from_members(
        ["a", "b", "c"], members, FeatureRows([features[:2], features[2:]]), list("uvwxyz")
    )
    assert (plain.dim, plain.keys()) == (stacked.dim, stacked.keys())
    for word in plain.words:
        np.testing.assert_array_equal(stacked[word], plain[word], strict=True)
