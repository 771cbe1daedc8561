"""What a feature shard is made of: only what this extractor would make again, whole and finite, is kept."""

from __future__ import annotations

import gc
import json
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cldi_core.data import dataset, pictures
from cldi_core.data.dataset import Dataset
from cldi_core.errors import FeatureError
from cldi_core.features import extraction, networks, shards
from cldi_core.features.backbones import BACKBONES
from cldi_core.features.networks import arithmetic_of
from tests.conftest import FakeExtractor, draw, picture

LITE = "efficientnet-lite0"
DRAWN = [picture(concept) for concept in ("sun", "house", "tree", "ring", "cross", "square")]


@pytest.fixture
def drawn(data: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """Six drawn pictures in two shards of four and two, and no network."""
    monkeypatch.setattr(pictures, "SHARD", 4)
    monkeypatch.setattr(extraction, "Extractor", Given)
    new = dataset.create(data / "drawn")
    pictures.write_shards(new.path / "images", DRAWN)
    return Dataset(new.path)


class Given(FakeExtractor):
    """Computes in what it is told to."""

    def __init__(self, name: str, device: str = "cpu", *, precision: str = "auto", **options: object) -> None:
        super().__init__(name, device, **options)
        self.arithmetic = arithmetic_of(self.backbone, device, precision)


def run(opened: Dataset, **options: Any) -> tuple[int, int]:
    done = extraction.extract(Dataset(opened.path), LITE, **({"workers": 0} | options))
    return done.extracted, done.reused


def files(opened: Dataset) -> list[Path]:
    return sorted((opened.path / "features" / LITE).glob("*.safetensors"))


def arithmetics(opened: Dataset) -> set[str]:
    return {shards.read_shard(path)[2]["arithmetic"] for path in files(opened)}


def test_features_of_another_arithmetic_are_neither_kept_nor_mixed(drawn: Dataset) -> None:
    assert run(drawn, precision="fast") == (6, 0) and arithmetics(drawn) == {"bfloat16"}
    assert run(drawn, precision="fast") == (0, 6)
    files(drawn)[0].unlink()
    assert run(drawn, precision="exact") == (6, 0) and arithmetics(drawn) == {"float32"}
    assert run(drawn, precision="exact") == (0, 6)


def test_older_features_say_nothing_of_it_and_are_of_float32(drawn: Dataset) -> None:
    run(drawn, precision="exact")
    for path in files(drawn):
        ids, matrix, meta = shards.read_shard(path)
        shards.write_shard(path, ids, matrix, {name: text for name, text in meta.items() if name != "arithmetic"})
    assert run(drawn, precision="exact") == (0, 6)
    assert run(drawn, precision="fast") == (6, 0)


@pytest.mark.parametrize("name", ["weights", "preprocessing", "layer", "arithmetic"])
def test_everything_that_decides_the_values_is_part_of_what_a_shard_is(drawn: Dataset, name: str) -> None:
    run(drawn)
    path = files(drawn)[0]
    ids, matrix, meta = shards.read_shard(path)
    assert meta[name]
    shards.write_shard(path, ids, matrix, {**meta, name: "another"})
    assert run(drawn) == (len(ids), 6 - len(ids)) and run(drawn) == (0, 6)


@pytest.mark.parametrize("kept", [0, 1, 3])
def test_a_shard_that_lacks_pictures_is_not_finished(drawn: Dataset, kept: int) -> None:
    run(drawn)
    (path,) = [path for path in files(drawn) if len(shards.read_shard(path)[0]) == 4]
    ids, matrix, meta = shards.read_shard(path)
    shards.write_shard(path, ids[:kept], np.array(matrix[:kept]), meta)
    assert run(drawn) == (4, 2) and sorted(shards.read_shard(path)[0]) == sorted(ids)


def test_a_shard_whose_failed_pictures_are_named_is_finished(drawn: Dataset) -> None:
    pictures.write_shards(drawn.path / "images", [pictures.Picture(draw("stripes")[:200], "cut.png", 9, 9)])
    assert run(drawn) == (6, 0) and run(drawn) == (0, 6)
    (path,) = [path for path in files(drawn) if not shards.read_shard(path)[0]]
    meta = shards.read_shard(path)[2]
    shards.write_shard(path, [], np.zeros((0, 1280), np.float16), {**meta, "failed": "[]"})
    done = extraction.extract(Dataset(drawn.path), LITE, workers=0)
    assert [row["file"] for row in done.failed] == ["cut.png"]
    assert json.loads(shards.read_shard(path)[2]["failed"]), "it was made again"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 70_000.0])
def test_a_picture_whose_features_are_not_finite_is_named_and_the_others_are_kept(
    drawn: Dataset, monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    """70,000 is finite, and too large for half precision, in which features are kept."""

    class Odd(Given):
        def features(self, batch: np.ndarray) -> np.ndarray:
            found = super().features(batch)
            found[found[:, 0] > found[:, 2] + 5, 5] = value  # the reddish ones
            return found

    monkeypatch.setattr(extraction, "Extractor", Odd)
    done = extraction.extract(drawn, LITE, workers=0)
    assert 0 < len(done.failed) < 6 and done.extracted == 6 - len(done.failed)
    assert {row["reason"] for row in done.failed} == {"its features are not finite"}
    names = {each.id: each.path for each in DRAWN}
    assert all(row["file"] == names[row["id"]] for row in done.failed)
    stored = shards.open_features(Dataset(drawn.path), LITE)
    assert np.isfinite(np.asarray(stored.matrix)).all() and {*stored.ids} == {*names} - {
        row["id"] for row in done.failed
    }
    assert run(drawn) == (0, done.extracted), "it is not tried again and again"


def test_a_card_without_room_gets_fewer_pictures_at_once(drawn: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[weakref.ref[Any]] = []
    given: list[int] = []
    gone: list[bool] = []

    class Small(Given):
        step = 16

        def features(self, batch: np.ndarray) -> np.ndarray:
            given.append(len(batch))
            if len(batch) > most:
                taken = np.zeros(1000)
                held.append(weakref.ref(taken))
                raise torch.OutOfMemoryError("no room")
            return super().features(batch)

    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: gone.append(all(ref() is None for ref in held)))
    monkeypatch.setattr(extraction, "Extractor", Small)
    most = 1
    gc.disable()
    try:
        assert run(drawn) == (6, 0) and set(given) == {4, 2, 1} and gone and all(gone)
    finally:
        gc.enable()
    most = 0
    with pytest.raises(FeatureError, match=r"too small for efficientnet-lite0, even for one picture .* --device cpu"):
        run(drawn, force=True)


CHOSEN = [
    # backbone, device, precision, bfloat16 here, a card here → arithmetic
    ("vgg19", "cpu", "auto", True, False, "bfloat16"),
    ("vgg19", "cpu", "auto", False, False, "float32"),
    ("vgg19", "cpu", "fast", False, False, "bfloat16"),
    ("vgg19", "cpu", "exact", True, False, "float32"),
    (LITE, "cpu", "auto", True, False, "float32"),
    (LITE, "cpu", "fast", False, False, "bfloat16"),
    (LITE, "cuda", "auto", True, True, "float32"),
    ("vgg19", "cuda", "auto", True, True, "bfloat16"),
    ("vgg19", "cuda", "auto", False, True, "float16"),
    ("vgg19", "cuda", "fast", False, True, "float16"),
    ("vgg19", "cuda", "exact", False, True, "float32"),
    ("vgg19", "cuda", "auto", False, False, "bfloat16"),
]


@pytest.mark.parametrize(("name", "device", "precision", "wide", "card", "expected"), CHOSEN)
def test_what_is_computed_in(
    monkeypatch: pytest.MonkeyPatch, name: str, device: str, precision: str, wide: bool, card: bool, expected: str
) -> None:
    """The last one: the head of a cluster has no card, and decides for machines that do."""
    monkeypatch.setattr(networks, "has_bfloat16", lambda device: wide)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: card)
    assert arithmetic_of(BACKBONES[name], device, precision) == expected


def test_what_was_decided_for_all_machines_holds_whatever_this_one_would_choose(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(networks, "has_bfloat16", lambda device: False)
    assert networks.Extractor(LITE, precision="exact", arithmetic="bfloat16").describe()["arithmetic"] == "bfloat16"
