"""The Data page on backbones: what made their features, what failed, and extractions to start and end."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
import streamlit as st

from cldi_core.data import storage
from cldi_core.data.dataset import Dataset
from cldi_core.data.processes import Holder
from cldi_core.errors import UnknownNameError
from cldi_core.features import background, shards
from cldi_core.features.backbones import find_backbone
from cldi_core.features.background import STATUS, ExtractionJob, Made
from cldi_core.features.provenance import provenance_of
from pages._ui import words
from tests.conftest import made_up
from tests.features.test_provenance import NAME, extracted
from tests.pages_data import button, healthy, open_page, texts, unescaped

__all__ = ["extracted"]  # a fixture
VGG = "VGG19 (the papers')"


@pytest.fixture(autouse=True)
def _nothing_cached() -> None:
    st.cache_data.clear()
    st.cache_resource.clear()


def write_status(dataset: Dataset, **known: Any) -> Path:
    """What the status file of VGG19 says: of a run that is five pictures far."""
    folder = dataset.home / "features" / "vgg19"
    folder.mkdir()
    about = {"device": "cpu", "ended": "", "error": "", "seconds": 2.0, "runner": None}
    about |= {"total": 17, "done": 5, "kept": 0, "failed": 2}
    (folder / STATUS).write_text(json.dumps({"job": about | known}))
    return folder


def bars(at: Any) -> list[str]:
    return [unescaped(bar.proto.text) for bar in at.get("progress")]


def test_the_page_shows_what_made_the_features_and_what_failed(extracted: Dataset) -> None:
    at = healthy(open_page("data", section="features"))
    said = unescaped(texts(at))
    for part in ("17 pictures, 1280 numbers each", "Apache-2.0", "in float32", "1 picture failed", "17 pictures took"):
        assert part in said
    (failed,) = [frame.value for frame in at.dataframe if "reason" in frame.value]
    assert failed["file"].tolist() == [NAME] and failed["backbone"].tolist() == ["EfficientNet-Lite0"]
    assert bars(at) == []


def test_an_extraction_can_be_started(extracted: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = []
    monkeypatch.setattr(background, "start", lambda dataset, *how, by: begun.append((dataset.name, *how)))
    at = healthy(open_page("data", section="features"))
    at.main.selectbox(key="extract backbone").set_value("vgg19")
    healthy(button(at, "Start").click().run())
    assert begun == [("small", "vgg19", "cpu")]


def test_a_backbone_that_does_not_exist_is_told_of(extracted: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    # AppTest cannot type what is not in the list.
    monkeypatch.setattr(background, "start", lambda dataset, *how, by: find_backbone("vgg99"))
    with pytest.raises(UnknownNameError):
        find_backbone("vgg99")
    at = button(open_page("data", section="features"), "Start").click().run()
    assert not at.exception and "unknown backbone 'vgg99'" in unescaped(at.error[0].value)


def test_a_start_that_fails_says_why(extracted: Dataset) -> None:
    (extracted.home / "features" / "vgg19").touch()  # in the way, as a folder is that cannot be written to
    at = healthy(open_page("data", section="features"))
    at.main.selectbox(key="extract backbone").set_value("vgg19")
    at = button(at, "Start").click().run()
    assert not at.exception and "features/vgg19' cannot be written to (" in unescaped(at.error[0].value)


def test_one_that_runs_can_be_watched_and_cancelled(extracted: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = []
    monkeypatch.setattr(background, "cancel", lambda dataset, backbone: ended.append(backbone))
    with storage.lock(write_status(extracted), "extract"):
        at = healthy(open_page("data", section="features"))
        assert bars(at) == [f"{VGG}: 5 of 17 pictures, 2.5 a second, 5 s left, 2 failed"]
        healthy(button(at, "Cancel").click().run())
    assert ended == ["vgg19"]


def test_one_that_is_starting_says_what_it_does(extracted: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    job = ExtractionJob("vgg19", state="starting", said="12 % of *it*")
    monkeypatch.setattr(background, "jobs", lambda dataset: {"vgg19": job})
    assert bars(healthy(open_page("data", section="features"))) == [f"{VGG}: starting … 12 % of *it*"]


def test_one_that_was_interrupted_can_be_gone_on_with(extracted: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    write_status(extracted)
    begun = []
    monkeypatch.setattr(background, "start", lambda dataset, *how, by: begun.append(how))
    at = healthy(open_page("data", section="features"))
    assert bars(at) == [f"{VGG}: 5 of 17 pictures, 2 failed; it was interrupted"]
    healthy(button(at, "Go on").click().run())
    assert begun == [("vgg19",)]


@pytest.mark.parametrize("total", [0, 17])
def test_one_that_failed_says_why_and_can_be_gone_on_with_where_it_had_begun(extracted: Dataset, total: int) -> None:
    error = "no network; name a file: --weights FILE"
    write_status(extracted, error=error, ended="2026-11-25T18:57:55+0000", total=total, done=min(5, total))
    at = open_page("data", section="features")
    assert not at.exception
    assert [unescaped(line.value) for line in at.error] == [f"{VGG}: {error}"]
    assert len(bars(at)) == bool(total) == sum(each.label == "Go on" for each in at.button)


def test_what_is_not_recorded_is_said_to_be_so(small: Dataset) -> None:
    ids = list(small.pictures.table.index[:3])
    shards.write_shard(small.path / "features" / "mine" / "one.safetensors", ids, made_up(ids), {})
    said = " ".join(words.provenance(provenance_of(Dataset(small.path), "mine"), None))
    assert "layer not recorded" in said and "when is not recorded" in said and "Weights unknown" in said
    made = Made("2026-11-25T18:57:55+0000", 600, 1234)
    said = " ".join(words.provenance(provenance_of(Dataset(small.path), "mine"), made))
    assert "; 2026-11-25T18:57:55+0000; 1,234 pictures took 10 min" in said


def test_a_rate_is_told_when_there_is_one() -> None:
    runner = Holder(1, "here", "extract", "")
    job = ExtractionJob("vgg19", "cpu", state="running", runner=runner, total=2000, done=40, kept=40)
    assert words.progress(job) == "40 of 2,000 pictures"
    later = dataclasses.replace(job, done=140, seconds=10)
    assert words.progress(later) == "140 of 2,000 pictures, 10.0 a second, 3 min left"
    ended = dataclasses.replace(later, state="interrupted", failed=3)
    assert words.progress(ended) == "140 of 2,000 pictures, 3 failed; it was interrupted"


@pytest.mark.parametrize(("seconds", "told"), [(0, "0 s"), (89, "89 s"), (600, "10 min"), (12_600, "3.5 h")])
def test_durations(seconds: float, told: str) -> None:
    assert words.duration(seconds) == told
