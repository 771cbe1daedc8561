"""Extraction with the real, small network: resumable, honest about failures, and equal to what is shipped."""

from __future__ import annotations

import functools
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cldi_core.data import dataset, pictures
from cldi_core.data.dataset import Dataset
from cldi_core.errors import DatasetError, UnknownNameError
from cldi_core.features import extraction, shards
from cldi_core.features.backbones import BACKBONES
from cldi_core.features.decoding import prepare
from cldi_core.features.networks import Extractor
from tests.conftest import FakeExtractor, draw, picture

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"
LITE = "efficientnet-lite0"


@functools.cache
def loaded(name: str, device: str = "cpu", **options: Any) -> Extractor:
    """A network is loaded once for all tests."""
    return Extractor(name, device)


DRAWN = [picture(concept) for concept in ("sun", "house", "tree", "ring", "cross", "square")]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No network: for what does not depend on the numbers.  It comes after ``drawn`` among the arguments."""
    monkeypatch.setattr(extraction, "Extractor", FakeExtractor)


@pytest.fixture
def drawn(data: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """Six drawn pictures in two shards, without features."""
    monkeypatch.setattr(pictures, "SHARD", 4)
    monkeypatch.setattr(extraction, "Extractor", loaded)
    new = dataset.create(data / "drawn")
    pictures.write_shards(new.path / "images", DRAWN)
    return Dataset(new.path)


def shards_of(opened: Dataset) -> list[Path]:
    return sorted((opened.path / "features" / LITE).glob("*.safetensors"))


def run(opened: Dataset, **options: Any) -> extraction.Extraction:
    """Extract in this process alone."""
    return extraction.extract(Dataset(opened.path), LITE, **({"workers": 0} | options))


def test_extraction_goes_on_where_it_stopped(drawn: Dataset) -> None:
    calls: list[tuple[int, int, int]] = []
    first = extraction.extract(drawn, LITE, workers=2, report=lambda *numbers: calls.append(numbers))
    assert (first.pictures, first.extracted, first.reused, first.failed) == (6, 6, 0, [])
    assert calls[0] == (0, 6, 0) and calls[-1] == (6, 6, 0) and calls == sorted(calls)
    before = {path: path.stat().st_mtime_ns for path in shards_of(drawn)}
    assert [path.stem for path in before] == [path.stem for path in drawn.pictures.shards]

    second = run(drawn)
    assert (second.extracted, second.reused) == (0, 6)
    assert {path: path.stat().st_mtime_ns for path in shards_of(drawn)} == before

    gone, stays = sorted(before, key=lambda path: len(shards.read_shard(path)[0]))
    expected = shards.read_shard(gone)
    gone.unlink()
    third = run(drawn)
    assert (third.extracted, third.reused) == (2, 4)
    assert stays.stat().st_mtime_ns == before[stays]
    ids, matrix, _ = shards.read_shard(gone)
    assert ids == expected[0]
    np.testing.assert_allclose(matrix, expected[1], atol=1e-2)


def test_broken_or_foreign_features_are_extracted_again(drawn: Dataset, quick: None) -> None:
    run(drawn)
    broken, foreign = shards_of(drawn)
    broken.write_bytes(b"junk")
    ids, matrix, meta = shards.read_shard(foreign)
    shards.write_shard(foreign, ids, matrix * 0, meta | {"weights": "others"})
    assert (run(drawn).extracted, run(drawn).reused) == (6, 6)
    assert np.abs(shards.open_features(Dataset(drawn.path), LITE).matrix).max(axis=1).min() > 0


def test_force_extracts_everything_again(drawn: Dataset, quick: None) -> None:
    run(drawn)
    assert (run(drawn, force=True).extracted, run(drawn, force=True).reused) == (6, 0)


def test_features_tell_pictures_apart_and_say_where_they_come_from(drawn: Dataset) -> None:
    run(drawn)
    found = shards.open_features(Dataset(drawn.path), LITE)
    assert set(found.ids) == {each.id for each in DRAWN}
    assert found.matrix.shape == (6, BACKBONES[LITE].dim) and found.matrix.dtype == np.float16
    assert {"backbone", "layer", "weights", "preprocessing", "device"} <= set(found.meta)
    rows = np.asarray(found.matrix, np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    assert (rows @ rows.T)[~np.eye(6, dtype=bool)].max() < 0.98


def test_a_new_picture_needs_only_its_own_shard(drawn: Dataset, quick: None) -> None:
    run(drawn)
    pictures.write_shards(drawn.path / "images", [picture("stripes")])
    assert (run(drawn).extracted, run(drawn).reused) == (1, 7)


def test_a_picture_in_two_shards_is_computed_once(drawn: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures.write_shards(drawn.path / "images", [DRAWN[0], DRAWN[5], picture("stripes")])
    given = []

    class Counting(FakeExtractor):
        def features(self, batch: np.ndarray) -> np.ndarray:
            given.append(len(batch))
            return super().features(batch)

    monkeypatch.setattr(extraction, "Extractor", Counting)
    assert run(drawn).extracted == 7 == sum(given)
    loaded_ids = shards.open_features(Dataset(drawn.path), LITE).ids
    assert len(loaded_ids) == len(set(loaded_ids)) == 7


def test_a_broken_picture_is_named_every_time_and_the_rest_is_extracted(drawn: Dataset) -> None:
    cut = pictures.Picture(draw("sun")[:400], "en/stripes.png", 96, 96)
    pictures.write_shards(drawn.path / "images", [cut, picture("stripes", "de")])
    for extracted, reused in ((7, 0), (0, 7)):
        done = run(drawn)
        assert (done.pictures, done.extracted, done.reused) == (8, extracted, reused)
        (row,) = done.failed
        assert row["file"] == "en/stripes.png" and "broken picture" in row["reason"]
    assert len(shards.open_features(Dataset(drawn.path), LITE).ids) == 7


def test_a_shard_of_broken_pictures_only(data: Path, quick: None) -> None:
    new = dataset.create(data / "broken")
    pictures.write_shards(new.path / "images", [pictures.Picture(b"GIF89a", "a.gif", 1, 1)])
    assert [row["file"] for row in run(new).failed] == ["a.gif"]
    assert [row["file"] for row in run(new).failed] == ["a.gif"]
    assert shards.open_features(Dataset(new.path), LITE).ids.rows.size == 0


def test_unknown_backbones_and_devices(drawn: Dataset) -> None:
    with pytest.raises(UnknownNameError, match="'vgg99'; choose from: efficientnet-lite0"):
        extraction.extract(drawn, "vgg99")
    with pytest.raises(UnknownNameError, match="device 'tpu'; choose from: cpu"):
        extraction.extract(drawn, LITE, "tpu")
    assert not (drawn.path / "features").exists()


def test_a_set_without_pictures_says_what_to_do(data: Path) -> None:
    with pytest.raises(DatasetError, match=r"'new' has no pictures; add some: .*import-folder DIR --dataset new"):
        extraction.extract(dataset.create(data / "new"), LITE)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_shipped_features_are_those_of_the_shipped_pictures(backbone: str) -> None:
    files = sorted((DEMO / "features" / backbone).glob("part-*.safetensors"))
    if not files:
        pytest.skip(f"no features of {backbone} are shipped")
    rng = random.Random(7)
    shipped = {}
    for file in rng.sample(files, min(3, len(files))):
        ids, matrix, _ = shards.read_shard(file)
        rows = rng.sample(range(len(ids)), 12 // min(3, len(files)))
        shipped |= {ids[row]: matrix[row].astype(np.float64) for row in rows}
    data = Dataset(DEMO).pictures.read(shipped)
    assert set(data) == set(shipped)
    extractor = loaded(backbone)
    for key, expected in shipped.items():
        found = extractor.features(prepare(data[key], extractor.preprocessing)[None])[0].astype(np.float64)
        assert found @ expected / np.linalg.norm(found) / np.linalg.norm(expected) >= 0.999, key
