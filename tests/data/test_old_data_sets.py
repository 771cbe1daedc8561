"""Data sets that older versions wrote open as before; see ``tests/fixtures/README.md`` for how they were made."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st

from cldi_core.data import descriptions
from cldi_core.data.dataset import Dataset
from cldi_core.data.pictures import decode
from cldi_core.features import background, extraction, shards
from cldi_core.features.background import Made
from cldi_core.features.provenance import provenance_of
from tests.commands.test_end_to_end import command
from tests.conftest import BACKBONE, FakeExtractor
from tests.pages_data import healthy, open_page, texts

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"
COLOURS = ("black", "blue", "green", "red", "yellow")
SHAPES = ("bar", "circle", "cross", "square", "star", "triangle")
# What ``evaluate`` said of all parts of speech: method → MRR, P@1.
FIGURES = {
    "avgmax": (21 / 22, 10 / 11),
    "maxmax": (0.5584415584415585, 0),
    "cnn-mean": (10 / 11, 9 / 11),
    "cnn-max": (0.8257575757575757, 8 / 11),
    "knn": (0.8766233766233765, 9 / 11),
    "avgmax+csls": (21 / 22, 10 / 11),
    "pivot-sym": (0.2745343040797586, 1 / 11),
}


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """A copy of the data set of version 0.1, by the name ``old``."""
    shutil.copytree(FIXTURES / "v0.1", tmp_path / "data" / "old")
    monkeypatch.setenv("CLDI_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("CLDI_DATASET", raising=False)
    return Dataset(tmp_path / "data" / "old")


def ask(opened: Dataset, *arguments: str) -> dict[str, Any]:
    """What a command prints as JSON; it must succeed."""
    done = command(opened.path.parents[1], *arguments, "--dataset", opened.name, "--json")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_words_lists_and_descriptions(old: Dataset) -> None:
    assert (old.title, old.pairs, old.languages) == ("Colours and shapes", ("en-de",), ("en", "de"))
    assert old.info["licence"] == "CC0-1.0"
    asked = {query.word: (query.pos, query.right) for query in old.queries("en-de")}
    assert asked["star"] == ("N", ("Stern",)) and asked["green"] == ("A", ("grün",)) and len(asked) == 12
    assert sorted(old.members("en")) == sorted([*COLOURS, *SHAPES]) and len(old.members("de")["grün"]) == 6
    assert (old.senses("star"), old.senses("bar")) == (8, None)
    rows = descriptions.read_concepts(old.path / "descriptions.tsv")
    assert len(rows) == 60 and {row.language for row in rows} == {"en", "de"}


def test_pictures_with_their_licences(old: Dataset) -> None:
    table = old.pictures.table
    assert len(table) == 61 and set(table["licence"]) == {"CC0-1.0"} and set(table["author"]) == {"CLDI Explorer"}
    ids = old.members("en")["red"]
    files = old.pictures.read(ids)
    assert list(files) == ids
    middles = np.array([np.asarray(decode(data))[16, 16] for data in files.values()])
    assert (middles == (0xCC, 0x22, 0x22)).all(axis=1).sum() >= 5, "all but hollow shapes are red in the middle"
    assert set(table.loc[ids, "concept"]) == {f"red {shape}" for shape in SHAPES}


def test_features_and_what_made_them(old: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = shards.open_features(old, BACKBONE)
    assert loaded.matrix.shape == (60, 16)
    sets = shards.image_sets(old, loaded, "en", [*COLOURS, *SHAPES, "ghost"])
    assert sets.sizes.tolist() == [6] * 5 + [5] * 6 + [0] and len(sets["red"]) == 6
    found = provenance_of(old, BACKBONE)
    assert (found.pictures, found.weights, found.arithmetic) == (60, "made up", "float32")
    assert [row["file"] for row in found.failed] == ["Ink/bad.png"]
    job = background.job(old, BACKBONE)
    assert job is not None and job.state == "done" and job.made is not None
    assert (job.made.extracted, job.made.device, job.made.finished[:10]) == (60, "cpu", "2026-11-25")

    monkeypatch.setattr(extraction, "Extractor", FakeExtractor)  # of the same weights, layer and preprocessing
    done = extraction.extract(old, BACKBONE, workers=0)
    assert (done.reused, done.extracted, len(done.failed)) == (60, 0, 1), "they are gone on from"
    after = background.job(old, BACKBONE)
    assert after is not None and (after.state, after.done, after.made) == ("done", 61, job.made)


def test_what_this_version_writes_is_read_by_version_0_1(old: Dataset) -> None:
    """It looks for these at the top of the file, and passes over the rest."""
    made = Made("2026-11-26T10:00:00+0000", 2.5, 60, "cpu", "float32", "made up")
    with background.recorded(old, BACKBONE, "cpu", "extract") as job:
        job.finish(made=made)
    status = json.loads((old.path / "features" / BACKBONE / "extraction.json").read_text("utf-8"))
    assert {name: status[name] for name in ("finished", "seconds", "extracted")} == {
        "finished": made.finished,
        "seconds": 2.5,
        "extracted": 60,
    }


def test_figures_are_those_that_were_measured(old: Dataset) -> None:
    """From stored scores and rankings, or computed anew, as this version sees fit."""
    for turn in ("as it came", "with what was stored since"):
        results = ask(old, "evaluate")["results"]
        found = {row["method"]: (row["mrr"], row["p@1"]) for row in results if row["setting"] == "ALL"}
        for method, figures in FIGURES.items():
            assert found[method] == pytest.approx(figures, abs=1e-6), f"{method} {turn}"
    assert {row["n"] for row in results if row["setting"] == "ALL"} == {11}


def test_maps_and_check(old: Dataset) -> None:
    assert ask(old, "project") == {"words": "kept", "pictures": "kept"}
    found = ask(old, "check")["findings"]
    assert found and "error" not in [finding["level"] for finding in found]


def test_a_trained_model_translates_as_it_did(old: Dataset) -> None:
    (found,) = ask(old, "pivot", "translate", "red")["texts"]
    first = [(row["word"], row["rank"]) for row in found["candidates"][:4]]
    assert first == [("Kreuz", 1), ("rot", 2), ("Stern", 3), ("blau", 4)]
    scores = [row["score"] for row in found["candidates"][:2]]
    assert scores == pytest.approx([-0.2766696512699127, -0.2784391939640045], abs=1e-5)


@pytest.mark.parametrize("page", ["overview", "word", "map", "pivoting", "results", "data"])
def test_pages_show_it(old: Dataset, page: str) -> None:
    st.cache_data.clear()
    st.cache_resource.clear()
    assert texts(healthy(open_page(page, dataset="old", pair="en-de")))
