"""Feature shards: stored in half precision, found again by picture, and never mixed up."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from cldi_core import features, pictures
from cldi_core.dataset import Dataset, create
from cldi_core.errors import CldiError, DatasetError, FeatureError, UnknownNameError
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
    features.write_shard(path, IDS, matrix, {"backbone": "b"})
    ids, found, meta = features.read_shard(path)
    assert ids == IDS
    assert found.dtype == np.float16
    np.testing.assert_array_equal(found, matrix.astype(np.float16))
    np.testing.assert_allclose(found, matrix, rtol=1e-3)
    assert meta["backbone"] == "b" and len(meta["digest"]) == 32


def test_a_shard_of_which_every_picture_failed_can_be_stored(small: Dataset) -> None:
    path = small.path / "none.safetensors"
    features.write_shard(path, [], np.zeros((0, DIM), np.float32), ABOUT)
    ids, matrix, _ = features.read_shard(path)
    assert (ids, matrix.shape) == ([], (0, DIM))


def test_loading_joins_all_shards(small: Dataset) -> None:
    pictures.write_shards(small.path / "images", [picture("sun", "fr", 4)])
    write_features(small.path)
    loaded = features.load(small, BACKBONE)
    assert len(loaded.ids) == len(set(loaded.ids)) == len(Dataset(small.path).pictures.table)
    assert loaded.matrix.shape == (len(loaded.ids), DIM) and not loaded.matrix.flags.writeable
    key = picture("sun", "fr", 4).id
    np.testing.assert_array_equal(loaded.matrix[loaded.row[key]], made_up([key])[0].astype(np.float16))
    assert loaded.meta["layer"] == "made up"


def test_the_digest_changes_with_any_feature_or_id(small: Dataset) -> None:
    path = next(small.path.glob("features/*/*"))
    ids, matrix, meta = features.read_shard(path)
    digests = {features.load(small, BACKBONE).digest}
    nudged = matrix.copy()
    nudged[3, 2] += np.float16(0.01)
    for keys, rows in ((ids, nudged), (ids[::-1], matrix), (ids[1:], matrix[1:])):
        features.write_shard(path, keys, rows, meta)
        digests.add(features.load(small, BACKBONE).digest)
    assert len(digests) == 4
    features.write_shard(path, ids, matrix, meta)
    assert features.load(small, BACKBONE).digest in digests


def test_a_missing_backbone_names_the_command(small: Dataset) -> None:
    message = error_of(lambda: features.load(small, "efficientnet-lite2"))
    assert "choose from: efficientnet-lite0" in message
    assert "python -m cldi_core extract --dataset small --backbone efficientnet-lite2" in message
    with pytest.raises(UnknownNameError):
        features.load(small, "efficientnet-lite2")


def test_no_features_at_all(data: object, small: Dataset) -> None:
    new = create(small.path.parent / "new")
    assert "choose from: none yet" in error_of(lambda: features.load(new, BACKBONE))


@pytest.mark.parametrize("keep", [0, 7, 100, -1])
def test_a_cut_file_is_named(small: Dataset, keep: int) -> None:
    path = next(small.path.glob("features/*/*"))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DatasetError, match=f"features '{path.name}' cannot be read.*extract them again"):
        features.load(small, BACKBONE)


def test_a_file_without_ids_or_with_too_few_is_named(small: Dataset) -> None:
    from safetensors.numpy import save_file

    path = next(small.path.glob("features/*/*"))
    save_file({"features": np.zeros((3, 2), np.float16)}, path)
    assert path.name in error_of(lambda: features.load(small, BACKBONE))
    save_file({"features": np.zeros((3, 2), np.float16), "ids": np.zeros((2, 16), np.uint8)}, path)
    assert "(2, 16) ids for (3, 2) rows" in error_of(lambda: features.load(small, BACKBONE))


def test_shards_of_different_dimensions_are_refused(small: Dataset) -> None:
    path = next(small.path.glob("features/*/*"))
    features.write_shard(path.with_name("z.safetensors"), IDS, made_up(IDS, 5), ABOUT)
    with pytest.raises(FeatureError, match=r"'z\.safetensors' has 5 dimensions, the shards before it 8.*--force"):
        features.load(small, BACKBONE)


def test_image_sets_hold_the_pictures_of_each_word(small: Dataset) -> None:
    loaded = features.load(small, BACKBONE)
    words = ["run", "ghost", "dog"]
    sets = features.image_sets(small, loaded, "en", words)
    assert sets.words == tuple(words)
    assert sets.sizes.tolist() == [3, 0, 2]
    assert sets.word_ids("run") == [picture(concept).id for concept in WORDS["en"]["run"]]
    np.testing.assert_array_equal(sets["run"], made_up(sets.word_ids("run")).astype(np.float16))
    assert len(sets.features) == 5, "only the pictures that are used"


def test_a_picture_of_two_words_is_one_row(small: Dataset) -> None:
    loaded = features.load(small, BACKBONE)
    sets = features.image_sets(small, loaded, "en", ["run", "red", "big"])
    assert set(sets.word_ids("run")) & set(sets.word_ids("red")) == {picture("cross").id}
    assert len(sets.features) == 4 and len(sets.members) == 6


def test_pictures_without_features_are_left_out(small: Dataset) -> None:
    path = next(small.path.glob("features/*/*"))
    ids, matrix, meta = features.read_shard(path)
    kept = [row for row, key in enumerate(ids) if key not in (picture("cross").id, picture("ring").id)]
    features.write_shard(path, [ids[row] for row in kept], matrix[kept], meta)
    sets = features.image_sets(small, features.load(small, BACKBONE), "en", ["run", "red", "dog"])
    assert sets.sizes.tolist() == [1, 0, 2]


def test_a_language_without_pictures_has_empty_sets(small: Dataset) -> None:
    sets = features.image_sets(small, features.load(small, BACKBONE), "xx", ["a", "b"])
    assert sets.sizes.tolist() == [0, 0]
