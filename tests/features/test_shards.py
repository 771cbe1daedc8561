"""Feature shards: stored in half precision, found again by picture, and never mixed up."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cldi_core import rankers
from cldi_core.data import pictures
from cldi_core.data.dataset import Dataset, create
from cldi_core.errors import CldiError, DatasetError, FeatureError, UnknownNameError
from cldi_core.evaluation import stored_scores
from cldi_core.evaluation.pairs import open_pair
from cldi_core.features import shards
from cldi_core.scoring.feature_rows import FeatureRows
from tests.conftest import ABOUT, BACKBONE, DIM, WORDS, made_up, picture, write_features

IDS = [picture("sun").id, picture("ring").id, picture("cross").id]


def error_of(call: Callable[[], object]) -> str:
    with pytest.raises(CldiError) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_shard_comes_back_in_half_precision(small: Dataset) -> None:
    path = small.path / "one.safetensors"
    matrix = made_up(IDS)
    shards.write_shard(path, IDS, matrix, {"backbone": "b"})
    ids, found, meta = shards.read_shard(path)
    assert ids == IDS
    assert found.dtype == np.float16
    np.testing.assert_array_equal(found, matrix.astype(np.float16))
    np.testing.assert_allclose(found, matrix, rtol=1e-3)
    assert meta["backbone"] == "b" and len(meta["digest"]) == 32


def test_a_shard_of_which_every_picture_failed_can_be_stored(small: Dataset) -> None:
    path = small.path / "none.safetensors"
    shards.write_shard(path, [], np.zeros((0, DIM), np.float32), ABOUT)
    ids, matrix, _ = shards.read_shard(path)
    assert (ids, matrix.shape) == ([], (0, DIM))


def test_loading_joins_all_shards(small: Dataset) -> None:
    pictures.write_shards(small.path / "images", [picture("sun", "fr", 4)])
    write_features(small.path)
    loaded = shards.open_features(small, BACKBONE)
    assert len(loaded.ids) == len(set(loaded.ids)) == len(Dataset(small.path).pictures.table)
    assert loaded.matrix.shape == (len(loaded.ids), DIM) and loaded.matrix.dtype == np.float16
    key = picture("sun", "fr", 4).id
    np.testing.assert_array_equal(loaded.matrix[loaded.ids.find([key])[0]], made_up([key])[0].astype(np.float16))
    assert loaded.meta["layer"] == "made up"


def digest_of(row: np.ndarray) -> list[int]:
    """The definition: BLAKE2b of a row's bytes in half precision."""
    return list(hashlib.blake2b(row.astype(np.float16).tobytes(), digest_size=16).digest())


def without_digests(path: Path) -> None:
    """Write a file as it was before rows had digests."""
    from safetensors.numpy import save_file

    ids, matrix, meta = shards.read_shard(path)
    rows = np.array([list(bytes.fromhex(key)) for key in ids], np.uint8).reshape(-1, 16)
    matrix = np.array(matrix)
    path.unlink()
    save_file({"ids": rows, "features": matrix}, path, metadata=meta)


def test_features_are_mapped_and_not_read(small: Dataset) -> None:
    path = next(small.path.glob("features/*/*"))
    loaded = shards.open_features(small, BACKBONE)
    before = np.asarray(loaded.matrix)
    assert all(isinstance(part.base, np.memmap) for part in loaded.matrix._parts)
    assert not shards.read_shard(path)[1].flags.writeable
    shards.write_shard(path, IDS, made_up(IDS) * 0, ABOUT)
    np.testing.assert_array_equal(np.asarray(loaded.matrix), before, err_msg="a file that is replaced stays")
    assert not np.asarray(shards.open_features(small, BACKBONE).matrix).any()


def test_every_row_has_a_digest_that_is_stored(small: Dataset) -> None:
    pictures.write_shards(small.path / "images", [picture("sun", "fr", 4)])
    write_features(small.path)
    loaded = shards.open_features(small, BACKBONE)
    assert (loaded.digests.shape, loaded.digests.dtype) == ((len(loaded.ids), 16), np.uint8)
    assert loaded.digests.tolist() == [digest_of(row) for row in made_up(list(loaded.ids))]
    (table,) = {tuple(shards.storage.map_tensors(path)[0]) for path in small.path.glob("features/*/*")}
    assert set(table) == {"ids", "features", "digests"}


@pytest.mark.parametrize("old", [1, 2])
def test_files_without_digests_get_the_same_ones_and_are_left_alone(small: Dataset, old: int) -> None:
    pictures.write_shards(small.path / "images", [picture("sun", "fr", 4)])
    write_features(small.path)
    expected = shards.open_features(small, BACKBONE)
    keys = shards.image_sets(small, expected, "en", ["run", "dog"]).keys()
    paths = sorted(small.path.glob("features/*/*"))
    assert len(paths) == 2
    for path in paths[:old]:
        without_digests(path)
    before = [path.read_bytes() for path in paths]
    found = shards.open_features(small, BACKBONE)
    np.testing.assert_array_equal(found.digests, expected.digests)
    assert (*found.ids, found.meta, found.digest) == (*expected.ids, expected.meta, expected.digest)
    assert shards.image_sets(small, found, "en", ["run", "dog"]).keys() == keys
    assert [path.read_bytes() for path in paths] == before


def test_the_digest_of_a_file_is_the_same_in_every_release(small: Dataset) -> None:
    """Stored maps are found by it: a change would make every user compute them again."""
    path = small.path / "one.safetensors"
    shards.write_shard(path, ["00" * 16, "ab" * 16], np.array([[1, 2], [3, -4.5]]), {})
    assert shards.read_shard(path)[2] == {"digest": "c28a67be6e7b9fd08dfb74bde08f860c"}


def test_the_digest_changes_with_any_feature_or_id(small: Dataset) -> None:
    path = next(small.path.glob("features/*/*"))
    ids, matrix, meta = shards.read_shard(path)
    digests = {shards.open_features(small, BACKBONE).digest}
    nudged = matrix.copy()
    nudged[3, 2] += np.float16(0.01)
    for keys, rows in ((ids, nudged), (ids[::-1], matrix), (ids[1:], matrix[1:])):
        shards.write_shard(path, keys, rows, meta)
        digests.add(shards.open_features(small, BACKBONE).digest)
    assert len(digests) == 4
    shards.write_shard(path, ids, matrix, meta)
    assert shards.open_features(small, BACKBONE).digest in digests


def test_a_missing_backbone_names_the_command(small: Dataset) -> None:
    message = error_of(lambda: shards.open_features(small, "efficientnet-lite2"))
    assert "choose from: efficientnet-lite0" in message
    assert "python -m cldi_core extract --dataset small --backbone efficientnet-lite2" in message
    with pytest.raises(UnknownNameError):
        shards.open_features(small, "efficientnet-lite2")


def test_no_features_at_all(data: object, small: Dataset) -> None:
    new = create(small.path.parent / "new")
    assert "choose from: none yet" in error_of(lambda: shards.open_features(new, BACKBONE))


@pytest.mark.parametrize("keep", [0, 7, 100, -1])
def test_a_cut_file_is_named(small: Dataset, keep: int) -> None:
    path = next(small.path.glob("features/*/*"))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DatasetError, match=f"features '{path.name}' cannot be read.*extract them again"):
        shards.open_features(small, BACKBONE)


def test_a_file_without_ids_or_with_too_few_is_named(small: Dataset) -> None:
    from safetensors.numpy import save_file

    path = next(small.path.glob("features/*/*"))
    save_file({"features": np.zeros((3, 2), np.float16)}, path)
    assert path.name in error_of(lambda: shards.open_features(small, BACKBONE))
    save_file({"features": np.zeros((3, 2), np.float16), "ids": np.zeros((2, 16), np.uint8)}, path)
    assert "(2, 16) ids for (3, 2) rows" in error_of(lambda: shards.open_features(small, BACKBONE))


@pytest.mark.parametrize(
    "wrong",
    [
        {"ids": np.zeros((3, 16), np.int64)},
        {"ids": np.zeros((3, 8), np.uint8)},
        {"ids": np.zeros(48, np.uint8)},
        {"features": np.zeros(3, np.float16)},
        {"features": np.zeros((3, 2), np.int64)},
        {"features": np.zeros((2, 2), np.float16)},
        {"digests": np.zeros((2, 16), np.uint8)},
        {"digests": np.zeros((3, 8), np.uint8)},
        {"digests": np.zeros((3, 16), np.float16)},
    ],
    ids=lambda wrong: "".join(f"{name} {array.dtype} {array.shape}" for name, array in wrong.items()),
)
def test_tables_that_do_not_belong_together_are_named(small: Dataset, wrong: dict[str, np.ndarray]) -> None:
    path = next(small.path.glob("features/*/*"))
    good = {"ids": np.zeros((3, 16), np.uint8), "features": np.zeros((3, 2), np.float16)}
    shards.storage.save_tensors(path, good | wrong, {})
    message = error_of(lambda: shards.open_features(small, BACKBONE))
    assert path.name in message and "rows; extract them again" in message


def test_shards_of_different_dimensions_are_refused(small: Dataset) -> None:
    path = next(small.path.glob("features/*/*"))
    shards.write_shard(path.with_name("z.safetensors"), IDS, made_up(IDS, 5), ABOUT)
    with pytest.raises(FeatureError, match=r"'z\.safetensors' has 5 dimensions, the shards before it 8.*--force"):
        shards.open_features(small, BACKBONE)


def test_shards_of_different_precision_are_refused(small: Dataset) -> None:
    path = next(small.path.glob("features/*/*"))
    rows = {"ids": np.zeros((1, 16), np.uint8), "features": np.zeros((1, DIM), np.float32)}
    shards.storage.save_tensors(path.with_name("z.safetensors"), rows, {})
    with pytest.raises(FeatureError, match=r"'z\.safetensors' has features in float32, .* float16; .*--force"):
        shards.open_features(small, BACKBONE)


def test_image_sets_hold_the_pictures_of_each_word(small: Dataset) -> None:
    loaded = shards.open_features(small, BACKBONE)
    words = ["run", "ghost", "dog"]
    sets = shards.image_sets(small, loaded, "en", words)
    assert sets.words == tuple(words)
    assert sets.sizes.tolist() == [3, 0, 2]
    assert sets.word_ids("run") == [picture(concept).id for concept in WORDS["en"]["run"]]
    np.testing.assert_array_equal(sets["run"], made_up(sets.word_ids("run")).astype(np.float16))
    assert len(sets.features) == 5, "only the pictures that are used"


def test_image_sets_copy_no_features(small: Dataset) -> None:
    loaded = shards.open_features(small, BACKBONE)
    sets = shards.image_sets(small, loaded, "en", ["run", "dog"])
    assert isinstance(sets.features, FeatureRows) and sets.features._parts is loaded.matrix._parts
    assert tuple(sets.ids) == tuple(sorted(sets.word_ids("run") + sets.word_ids("dog")))
    np.testing.assert_array_equal(sets.features[:], made_up(list(sets.ids)).astype(np.float16))
    assert sets.digests.tolist() == [digest_of(row) for row in sets.features[:]]


@pytest.mark.parametrize("old", [False, True])
def test_a_changed_picture_changes_the_keys_of_its_words_only(small: Dataset, old: bool) -> None:
    path = next(small.path.glob("features/*/*"))
    ids, matrix, meta = shards.read_shard(path)
    words = list(WORDS["en"])
    before = shards.image_sets(small, shards.open_features(small, BACKBONE), "en", words).keys()
    changed = matrix.copy()
    changed[ids.index(picture("cross").id), 3] += 1
    shards.write_shard(path, ids, changed, meta)
    if old:
        without_digests(path)
    after = shards.image_sets(small, shards.open_features(small, BACKBONE), "en", words).keys()
    assert {word for word, *keys in zip(words, before, after, strict=True) if len(set(keys)) > 1} == {"run", "red"}


def test_the_keys_do_not_depend_on_how_pictures_are_spread_over_shards(small: Dataset) -> None:
    path = next(small.path.glob("features/*/*"))
    ids, matrix, meta = shards.read_shard(path)
    before = shards.image_sets(small, shards.open_features(small, BACKBONE), "en", list(WORDS["en"]))
    rows, keys = before.features[:], before.keys()
    shards.write_shard(path, ids[3:][::-1], matrix[3:][::-1], meta)
    shards.write_shard(path.with_name("z.safetensors"), ids[:3], matrix[:3], meta)
    after = shards.image_sets(small, shards.open_features(small, BACKBONE), "en", list(WORDS["en"]))
    assert after.keys() == keys
    np.testing.assert_array_equal(after.features[:], rows)


def test_nan_in_a_file_is_named_with_its_word(small: Dataset) -> None:
    path = next(small.path.glob("features/*/*"))
    ids, matrix, meta = shards.read_shard(path)
    broken = matrix.copy()
    broken[ids.index(picture("ring").id), 3] = np.nan
    shards.write_shard(path, ids, broken, meta)
    loaded = shards.open_features(small, BACKBONE)
    opened = shards.image_sets(small, loaded, "en", ["dog", "run"])  # nothing of the features is read for that
    assert "(of 'run') has NaN" in error_of(opened.check)
    shards.image_sets(small, loaded, "en", ["dog"]).check()
    with pytest.raises(FeatureError, match="NaN"):
        stored_scores.scored(open_pair(small, BACKBONE, "en-de", loaded), [rankers.ranker("cnn-mean")])


def test_a_picture_of_two_words_is_one_row(small: Dataset) -> None:
    loaded = shards.open_features(small, BACKBONE)
    sets = shards.image_sets(small, loaded, "en", ["run", "red", "big"])
    assert set(sets.word_ids("run")) & set(sets.word_ids("red")) == {picture("cross").id}
    assert len(sets.features) == 4 and len(sets.members) == 6


def test_pictures_without_features_are_left_out(small: Dataset) -> None:
    path = next(small.path.glob("features/*/*"))
    ids, matrix, meta = shards.read_shard(path)
    kept = [row for row, key in enumerate(ids) if key not in (picture("cross").id, picture("ring").id)]
    shards.write_shard(path, [ids[row] for row in kept], matrix[kept], meta)
    sets = shards.image_sets(small, shards.open_features(small, BACKBONE), "en", ["run", "red", "dog"])
    assert sets.sizes.tolist() == [1, 0, 2]


def test_a_language_without_pictures_has_empty_sets(small: Dataset) -> None:
    sets = shards.image_sets(small, shards.open_features(small, BACKBONE), "xx", ["a", "b"])
    assert sets.sizes.tolist() == [0, 0]
