"""Maps of words and pictures: repeatable, of the right features, and selected by polygon."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cldi_core.data import dataset
from cldi_core.data.dataset import Dataset
from cldi_core.errors import FeatureError, UnknownNameError
from cldi_core.features import shards
from cldi_core.insight import projection
from tests.conftest import BACKBONE, WORDS, picture

RNG = np.random.default_rng(3)


def test_pca_finds_the_directions_of_largest_variance() -> None:
    rows = (RNG.normal(size=(50, 6)) * [1, 9, 1, 3, 1, 1]).astype(np.float32)
    found = projection.pca(rows)
    assert found.dtype == np.float32 and found.shape == (50, 2)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-4)
    expected = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    for axis in (0, 1):
        values = expected.U[:, axis] * expected.S[axis]
        assert min(np.abs(found[:, axis] - values).max(), np.abs(found[:, axis] + values).max()) < 1e-3


def test_pca_is_repeatable_and_has_fixed_signs() -> None:
    rows = RNG.normal(size=(20, 5)).astype(np.float32)
    first = projection.pca(rows)
    np.testing.assert_array_equal(projection.pca(rows.copy()), first)
    axes = (rows - rows.mean(axis=0)).T @ first
    assert (axes[np.abs(axes).argmax(axis=0), [0, 1]] > 0).all(), "the largest entry of a direction is positive"
    assert (projection.pca(-rows) == -first).all()
    shuffled = RNG.permutation(20)
    np.testing.assert_allclose(projection.pca(rows[shuffled]), first[shuffled], atol=1e-4)


@pytest.mark.parametrize("shape", [(0, 4), (1, 4), (2, 4), (5, 1), (5, 2)])
def test_pca_of_very_little(shape: tuple[int, int]) -> None:
    found = projection.pca(RNG.normal(size=shape).astype(np.float32))
    assert found.shape == (shape[0], 2) and np.isfinite(found).all()


def winding(x: float, y: float, polygon: list[tuple[float, float]]) -> bool:
    """Even-odd rule by casting a ray to the right, one edge at a time."""
    crossings = 0
    for (x1, y1), (x2, y2) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            crossings += 1
    return crossings % 2 == 1


POLYGONS = {
    "square": [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)],
    "concave": [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 0.2), (0.0, 1.0)],
    "crossing itself": [(0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0)],
    "closed": [(0.0, 0.0), (1.0, 0.0), (0.5, 1.0), (0.0, 0.0)],
    "a line": [(0.0, 0.0), (1.0, 1.0)],
    "nothing": [],
}


@pytest.mark.parametrize("polygon", POLYGONS.values(), ids=list(POLYGONS))
def test_inside_against_a_literal_loop(polygon: list[tuple[float, float]]) -> None:
    points = RNG.uniform(-0.5, 1.5, size=(400, 2))
    found = projection.inside(points, polygon)
    expected = [bool(polygon) and winding(x, y, polygon) for x, y in points]
    assert found.dtype == bool and found.tolist() == expected
    assert projection.inside(np.zeros((0, 2)), polygon).tolist() == []


def test_inside_a_square() -> None:
    points = np.array([[0.5, 0.5], [0.01, 0.99], [-0.01, 0.5], [0.5, 1.01], [2, 2]])
    assert projection.inside(points, POLYGONS["square"]).tolist() == [True, True, False, False, False]


def words_of(frame: pd.DataFrame) -> set[tuple[str, str]]:
    return set(zip(frame["language"], frame["word"], strict=True))


ALL_WORDS = {(language, word) for language, words in WORDS.items() for word in words}


def test_without_a_stored_map_pca_is_shown(small: Dataset) -> None:
    found = projection.coordinates(small, BACKBONE, "words")
    assert found.attrs["method"] == "pca"
    assert words_of(found) == ALL_WORDS
    pictures = projection.coordinates(small, BACKBONE, "pictures")
    assert sorted(pictures["id"]) == sorted(set(small.words["id"]))
    assert not (small.path / "projections").exists()


def test_a_words_place_is_that_of_its_mean_picture(small: Dataset) -> None:
    loaded = shards.load(small, BACKBONE)
    means = []
    for language, words in WORDS.items():
        for word in small.members(language):
            rows = loaded.matrix[[loaded.row[key] for key in small.members(language)[word]]].astype(np.float64)
            mean = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).mean(axis=0)
            means.append(mean / np.linalg.norm(mean))
        assert len(words) == len(small.members(language))
    found = projection.coordinates(small, BACKBONE, "words")
    np.testing.assert_allclose(found[["x", "y"]], projection.pca(np.array(means, np.float32)), atol=1e-5)


def test_a_map_is_stored_kept_and_read_back(small: Dataset) -> None:
    assert projection.project(small, BACKBONE, ["words"]) == {"words": "pca"}, "too few words for UMAP"
    assert projection.project(small, BACKBONE, ["words"]) == {"words": "kept"}
    assert projection.project(small, BACKBONE, ["words"], force=True) == {"words": "pca"}
    path = small.path / "projections" / BACKBONE / "words.parquet"
    stored = pd.read_parquet(path)
    stored["x"] += 100
    stored.to_parquet(path, index=False)
    assert projection.coordinates(small, BACKBONE, "words")["x"].min() > 50, "the stored map is the one that is shown"


def test_a_map_of_other_features_or_members_is_not_shown(small: Dataset) -> None:
    projection.project(small, BACKBONE, ["words"])
    stored = projection.coordinates(small, BACKBONE, "words")
    assert "parameters" in stored.attrs
    shard = next(small.path.glob("features/*/*"))
    ids, matrix, meta = shards.read_shard(shard)
    shards.write_shard(shard, ids, -matrix[:, ::-1] + 1, meta)
    assert "parameters" not in projection.coordinates(small, BACKBONE, "words").attrs
    shards.write_shard(shard, ids, matrix, meta)
    assert "parameters" in projection.coordinates(small, BACKBONE, "words").attrs
    rows = list(small.words.itertuples(index=False, name=None))
    dataset.write_words(small.path, [*rows, ("en", "dog", 2, picture("cross").id)])
    assert "parameters" not in projection.coordinates(Dataset(small.path), BACKBONE, "words").attrs


def test_a_broken_map_is_not_shown(small: Dataset) -> None:
    projection.project(small, BACKBONE, ["words"])
    (small.path / "projections" / BACKBONE / "words.parquet").write_bytes(b"junk")
    assert words_of(projection.coordinates(small, BACKBONE, "words")) == ALL_WORDS
    assert projection.project(small, BACKBONE, ["words"]) == {"words": "pca"}


def test_words_without_features_have_no_place(small: Dataset) -> None:
    rows = list(small.words.itertuples(index=False, name=None))
    dataset.write_words(small.path, [*rows, ("en", "new", 0, "0" * 32), ("fr", "neuf", 0, "0" * 32)])
    assert words_of(projection.coordinates(Dataset(small.path), BACKBONE, "words")) == ALL_WORDS


def test_unknown_kinds_and_backbones(small: Dataset) -> None:
    with pytest.raises(UnknownNameError, match="choose from: words, pictures"):
        projection.coordinates(small, BACKBONE, "languages")
    with pytest.raises(UnknownNameError, match="extract"):
        projection.project(small, "vgg19")


def test_umap_refuses_too_few_rows() -> None:
    with pytest.raises(FeatureError, match="more than 16 rows, got 16"):
        projection.umap(np.zeros((16, 4), np.float32))


@pytest.mark.slow
def test_umap_is_repeatable() -> None:
    centres = np.repeat(np.eye(3, 10) * 4, 20, axis=0)
    rows = (centres + RNG.normal(size=(60, 10)) * 0.3).astype(np.float32)
    first = projection.umap(rows)
    assert first.shape == (60, 2) and first.dtype == np.float32 and np.isfinite(first).all()
    np.testing.assert_array_equal(projection.umap(rows), first)
    groups = first.reshape(3, 20, 2)
    spread = np.linalg.norm(groups - groups.mean(axis=1, keepdims=True), axis=2).mean()
    apart = [np.linalg.norm(groups[i].mean(axis=0) - groups[j].mean(axis=0)) for i, j in ((0, 1), (0, 2), (1, 2))]
    assert min(apart) > 2 * spread
