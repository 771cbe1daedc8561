"""Pictures that show the same are found by their looks and by their features, and kept until something changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cldi_core.data import dataset as datasets
from cldi_core.data import pictures, storage, wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.features import shards
from cldi_core.insight import likeness
from cldi_core.scoring.feature_rows import FeatureRows
from tests.conftest import ABOUT, BACKBONE, encoded
from tests.scenes import again, scene


def build(folder: Path, files: dict[str, list[bytes]], features: np.ndarray | None = None) -> Dataset:
    """English and German words, each of one picture; rows of features in the order of the files."""
    flat = [(language, place, data) for language, own in files.items() for place, data in enumerate(own)]
    made = [pictures.Picture(data, f"{language}{place}.png", 9, 9) for language, place, data in flat]
    datasets.create(folder)
    pictures.write_shards(folder / "images", made)
    rows = [(language, f"{language}{place}", 0, one.id) for (language, place, _), one in zip(flat, made, strict=True)]
    datasets.write_words(folder, rows)
    words = len(files["en"])
    rows_of_list = [wordlists.Row(f"en{number}", f"de{number}", "N") for number in range(words)]
    wordlists.write_list(folder / "lexicon" / "en-de.tsv", rows_of_list)
    if features is not None:
        path = folder / "features" / BACKBONE / "x.safetensors"
        shards.write_shard(path, [one.id for one in made], features, ABOUT)
    return Dataset(folder)


def made_of(dataset: Dataset) -> likeness.Alike:
    return likeness.make(dataset, workers=0)


@pytest.mark.parametrize(("dim", "block"), [(3, 5), (200, 16), (200, 2048)])
def test_all_close_rows_are_found(monkeypatch: pytest.MonkeyPatch, dim: int, block: int) -> None:
    monkeypatch.setattr(likeness, "_BLOCK", block)
    rng = np.random.default_rng(dim)
    source = rng.normal(size=(40, dim))
    # Some targets are a source row turned a little: by cosines about .98.
    noise = rng.normal(size=(60, dim))
    source /= np.linalg.norm(source, axis=1, keepdims=True)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    target = source[rng.integers(0, 40, 60)] + noise * rng.uniform(0.05, 0.4, (60, 1))
    target[7] = 0
    sides = [FeatureRows([rows.astype(np.float16)]) for rows in (source, target * 3)]
    units = [rows[:].astype(np.float64) for rows in sides]
    cosines = units[0] @ units[1].T
    cosines /= np.linalg.norm(units[0], axis=1)[:, None] * np.maximum(np.linalg.norm(units[1], axis=1), 1e-9)
    found = {pair for ones, others in likeness.close_rows(*sides) for pair in zip(ones, others, strict=True)}
    assert found == set(zip(*np.nonzero(cosines > 0.98), strict=True)) and 5 < len(found) < 60 * 40
    assert not list(likeness.close_rows(sides[0].take([]), sides[1]))


def test_a_picture_in_both_languages_is_found_in_three_ways(data: Path) -> None:
    scenes = [scene(number) for number in range(4)]
    files = {
        "en": [encoded(scenes[0]), encoded(scenes[1]), encoded(scenes[2])],
        "de": [again(scenes[0], quality=60, scale=0.5), encoded(scene(9)), encoded(scene(10))],
    }
    features = np.eye(6, 16)
    features[4] = features[1] + 0.1 * np.eye(16)[15]  # cosine .995
    features[5] = features[2] + 0.5 * np.eye(16)[15]  # .89
    dataset = build(data / "shared", files, features)
    made = made_of(dataset)
    ids = {language: [pictures.picture_id(one) for one in own] for language, own in files.items()}
    expected = {tuple(sorted((ids["en"][0], ids["de"][0]))): ("look",)}
    expected[tuple(sorted((ids["en"][1], ids["de"][1])))] = (BACKBONE,)
    assert made.pairs == expected and made.complete
    assert made.near == {ids["en"][0]: {ids["de"][0]}, ids["de"][0]: {ids["en"][0]}}


def test_what_is_found_is_kept_until_something_changes(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"en": [encoded(scene(1))], "de": [again(scene(1))]}
    dataset = build(data / "kept", files, np.eye(2, 8))
    before = likeness.read(dataset)
    assert not before.complete and before.looks.missing == 2 and not before.pairs
    stamp = dataset.stamp()
    made = made_of(dataset)
    assert Dataset(dataset.path).stamp() != stamp, "pages look again"
    monkeypatch.setattr(likeness, "_compared", None)
    kept = likeness.read(Dataset(dataset.path))
    assert kept.complete and kept.pairs == made_of(dataset).pairs == made.pairs and len(kept.pairs) == 1
    path = dataset.path / "features" / BACKBONE / "x.safetensors"
    ids, matrix, meta = shards.read_shard(path)
    shards.write_shard(path, ids, np.asarray(matrix)[::-1], meta)
    assert not likeness.read(Dataset(dataset.path)).complete


def test_features_without_pictures_and_pictures_without_features(data: Path) -> None:
    files = {"en": [encoded(scene(1)), encoded(scene(2))], "de": [encoded(scene(3)), again(scene(2))]}
    bare = build(data / "bare", files, np.ones((4, 8)))
    for shard in bare.pictures.shards:
        shard.unlink()
    bare = Dataset(bare.path)
    assert made_of(bare).complete and len(made_of(bare).pairs) == 4
    assert len(made_of(build(data / "pictures", files)).pairs) == 1


def test_a_data_set_that_cannot_be_written_to_is_looked_through(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*anything: object, **more: object) -> None:
        raise OSError("read-only")

    dataset = build(data / "fixed", {"en": [encoded(scene(1))], "de": [again(scene(1))]})
    monkeypatch.setattr(storage, "write_frame", refuse)
    assert len(made_of(dataset).pairs) == 1 and not likeness.read(dataset).complete
