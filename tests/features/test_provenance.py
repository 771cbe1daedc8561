"""A backbone's card, what failed, and the section of the Data page that shows both and starts extractions."""

from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest
import streamlit as st

from cldi_core.data import pictures, storage
from cldi_core.data.dataset import Dataset
from cldi_core.errors import DatasetError, UnknownNameError
from cldi_core.features import background, extraction, feature_card, progress, shards
from cldi_core.insight.health import check
from tests.conftest import BACKBONE, DIM, FakeExtractor, draw, made_up
from tests.pages_data import button, healthy, open_page, texts

NAME = "en/<b>cut</b>.png"


@pytest.fixture
def extracted(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """The tiny data set with features of a real extraction, in which one picture failed."""
    monkeypatch.setattr(extraction, "Extractor", FakeExtractor)
    pictures.write_shards(small.path / "images", [pictures.Picture(draw("house")[:200], NAME, 96, 96)])
    extraction.extract(Dataset(small.path), BACKBONE, workers=0, force=True)
    st.cache_data.clear()
    st.cache_resource.clear()
    return Dataset(small.path)


def test_a_card_says_what_the_features_are_and_how_they_were_made(extracted: Dataset) -> None:
    card = feature_card.card(extracted, BACKBONE)
    assert (card.label, card.layer, card.dim) == ("EfficientNet-Lite0", "pooled last convolution", 1280)
    assert (card.pictures, card.extracted, card.licence) == (17, 17, "Apache-2.0")
    assert card.device.startswith("cpu") and card.arithmetic == "float32" and card.weights == "made up"
    assert abs(time.mktime(time.strptime(card.finished[:19], "%Y-%m-%dT%H:%M:%S")) - time.time()) < 60
    assert card.seconds is not None and card.seconds >= 0
    ((failed),) = card.failed
    assert (failed["file"], failed["reason"]) == (NAME, failed["reason"]) and "broken picture" in failed["reason"]
    said = " ".join(card.lines)
    for part in ("17 pictures, 1280 numbers", "Apache-2.0", "in float32", "1 pictures failed", card.finished, "took"):
        assert part in said


def test_features_of_somebody_else_have_a_card_with_what_is_known(small: Dataset) -> None:
    path = small.path / "features" / "mine" / "one.safetensors"
    ids = list(small.pictures.table.index[:3])
    shards.write_shard(path, ids, made_up(ids), {})
    card = feature_card.card(Dataset(small.path), "mine")
    assert (card.label, card.dim, card.pictures, card.finished, card.seconds) == ("mine", DIM, 3, "", None)
    said = " ".join(card.lines)
    assert "layer not recorded" in said and "when is not recorded" in said and "Weights unknown" in said
    with pytest.raises(UnknownNameError):
        feature_card.card(Dataset(small.path), "yours")


@pytest.mark.parametrize("record", ["", "[]", "{", '{"seconds": "long", "extracted": null, "finished": 3}'])
def test_a_broken_record_is_no_record(extracted: Dataset, record: str) -> None:
    (extracted.home / "features" / BACKBONE / feature_card.RECORD).write_text(record)
    card = feature_card.card(extracted, BACKBONE)
    assert card.seconds is None and card.extracted is None and card.pictures == 17


def test_unreadable_failures_are_an_error_in_one_line(small: Dataset) -> None:
    path = next(small.path.glob("features/*/*"))
    ids, matrix, meta = shards.read_shard(path)
    for text in ("{", "[1]", '[{"id": "x"}]'):
        shards.write_shard(path, ids, np.array(matrix), meta | {"failed": text})
        with pytest.raises(DatasetError, match="extract them again with --force"):
            feature_card.card(Dataset(small.path), BACKBONE)


def test_check_lists_what_failed_with_its_reason(extracted: Dataset) -> None:
    (found,) = [finding for finding in check(extracted) if "could not be used" in finding.text]
    assert found.level == "warning" and NAME in found.text and "broken picture" in found.text
    assert not [finding for finding in check(extracted) if "have no features" in finding.text]


def test_the_page_shows_cards_and_failures(extracted: Dataset) -> None:
    at = healthy(open_page("data"))
    said = texts(at)
    assert "17 pictures, 1280 numbers each" in said.replace("\\", "")
    (failed,) = [frame.value for frame in at.dataframe if "reason" in frame.value]
    assert failed["file"].tolist() == [NAME] and failed["backbone"].tolist() == ["EfficientNet-Lite0"]


def test_an_extraction_can_be_started(extracted: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = []
    monkeypatch.setattr(background, "start", lambda dataset, *how: begun.append((dataset.name, *how)))
    at = healthy(open_page("data"))
    at.main.selectbox(key="extract backbone").set_value("vgg19")
    healthy(button(at, "Start").click().run())
    assert begun == [("small", "vgg19", "cpu")]


def test_a_backbone_that_does_not_exist_is_told_of(extracted: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(dataset: Dataset, *how: str) -> None:
        background.folder(dataset, "vgg99")

    monkeypatch.setattr(background, "start", unknown)  # AppTest cannot type what is not in the list
    at = button(open_page("data"), "Start").click().run()
    assert not at.exception and "unknown backbone 'vgg99'" in at.error[0].value.replace("\\", "")


def test_one_that_runs_can_be_watched_and_cancelled(extracted: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = extracted.home / "features" / "vgg19"
    ended = []
    monkeypatch.setattr(background, "cancel", lambda dataset, backbone: ended.append(backbone))
    with storage.lock(folder, "extract"), progress.kept(folder, 17) as keep:
        keep(0, 0)
        progress_file = folder / progress.FILE
        known = json.loads(progress_file.read_text())
        progress_file.write_text(json.dumps(known | {"done": 5, "failed": 2, "seconds": 2.0}))
        at = healthy(open_page("data"))
        bars = [bar.proto.text.replace("\\", "") for bar in at.get("progress")]
        assert bars == ["VGG19 (the papers'): 5 of 17 pictures, 2.5 a second, 5 s left, 2 failed"]
        healthy(button(at, "Cancel").click().run())
    assert ended == ["vgg19"]


def test_one_that_was_interrupted_can_be_gone_on_with(extracted: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = extracted.home / "features" / "vgg19"
    folder.mkdir()
    (folder / progress.FILE).write_text(json.dumps({"done": 5, "total": 17, "failed": 0, "begun": 0, "seconds": 1.0}))
    begun = []
    monkeypatch.setattr(background, "start", lambda dataset, *how: begun.append(how))
    at = healthy(open_page("data"))
    assert "interrupted" in at.get("progress")[0].proto.text
    healthy(button(at, "Go on").click().run())
    assert begun == [("vgg19",)]


def test_one_that_failed_says_why(extracted: Dataset) -> None:
    folder = extracted.home / "features" / "vgg19"
    folder.mkdir()
    (folder / background.LOG).write_text("fetching …\nerror: no network; name a file: --weights FILE\n")
    at = open_page("data")
    assert not at.exception
    assert [line.value.replace("\\", "") for line in at.error] == [
        "VGG19 (the papers'): no network; name a file: --weights FILE"
    ]


def test_paths_are_never_made_of_what_a_user_types(extracted: Dataset) -> None:
    before = sorted(path for path in Path(extracted.path).rglob("*"))
    for name in ("../../evil", "/tmp/evil", "timm:../evil"):
        with pytest.raises((UnknownNameError, DatasetError)):
            background.start(extracted, name)
    assert sorted(path for path in Path(extracted.path).rglob("*")) == before
