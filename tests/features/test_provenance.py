"""Where a backbone's features come from, and which pictures failed."""

from __future__ import annotations

import time

import numpy as np
import pytest

from cldi_core.data import pictures
from cldi_core.data.dataset import Dataset
from cldi_core.errors import DatasetError, UnknownNameError
from cldi_core.features import background, extraction, shards
from cldi_core.features.provenance import provenance_of
from cldi_core.insight.health import findings
from tests.conftest import BACKBONE, DIM, FakeExtractor, draw, made_up

NAME = "en/<b>cut</b>.png"


@pytest.fixture
def extracted(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """The tiny data set with features of a real extraction, in which one picture failed."""
    monkeypatch.setattr(extraction, "Extractor", FakeExtractor)
    pictures.write_shards(small.path / "images", [pictures.Picture(draw("house")[:200], NAME, 96, 96)])
    extraction.extract(Dataset(small.path), BACKBONE, workers=0, force=True)
    return Dataset(small.path)


def test_it_says_what_the_features_are_and_how_they_were_made(extracted: Dataset) -> None:
    found = provenance_of(extracted, BACKBONE)
    assert (found.label, found.layer, found.dim) == ("EfficientNet-Lite0", "pooled last convolution", 1280)
    assert (found.pictures, found.licence, found.weights) == (17, "Apache-2.0", "made up")
    assert found.device.startswith("cpu") and found.arithmetic == "float32"
    ((failed),) = found.failed
    assert failed["file"] == NAME and "broken picture" in failed["reason"]
    job = background.job(extracted, BACKBONE)
    assert job is not None and job.made is not None and (job.made.extracted, job.failed) == (17, 1)
    assert abs(time.mktime(time.strptime(job.made.finished[:19], "%Y-%m-%dT%H:%M:%S")) - time.time()) < 60


def test_of_features_of_somebody_else_it_says_what_is_known(small: Dataset) -> None:
    path = small.path / "features" / "mine" / "one.safetensors"
    ids = list(small.pictures.table.index[:3])
    shards.write_shard(path, ids, made_up(ids), {})
    found = provenance_of(Dataset(small.path), "mine")
    assert (found.label, found.dim, found.pictures, found.failed) == ("mine", DIM, 3, ())
    assert (found.layer, found.preprocessing, found.weights, found.source, found.device) == ("", "", "", "", "")
    assert background.job(small, "mine") is None
    with pytest.raises(UnknownNameError):
        provenance_of(Dataset(small.path), "yours")


def test_unreadable_failures_are_an_error_in_one_line(small: Dataset) -> None:
    path = next(small.path.glob("features/*/*"))
    ids, matrix, meta = shards.read_shard(path)
    for text in ("{", "[1]", '[{"id": "x"}]'):
        shards.write_shard(path, ids, np.array(matrix), meta | {"failed": text})
        with pytest.raises(DatasetError, match="extract them again with --force"):
            provenance_of(Dataset(small.path), BACKBONE)


def test_check_lists_what_failed_with_its_reason(extracted: Dataset) -> None:
    (found,) = [finding for finding in findings(extracted) if "could not be used" in finding.text]
    assert found.level == "warning" and NAME in found.text and "broken picture" in found.text
    assert not [finding for finding in findings(extracted) if "have no features" in finding.text]
