"""Pages of a data set that has features and no pictures: all that can be said is, and nothing breaks."""

from __future__ import annotations

import numpy as np
import pytest
import streamlit as st

from cldi_core import rankers
from cldi_core.data import wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import rankings
from cldi_core.evaluation.pairs import open_pair
from cldi_core.imports.features import import_features
from cldi_core.insight import health
from tests.pages_data import healthy, open_page, texts, unescaped

WORDS = {"cow": "Kuh", "run": "laufen", "big": "groß", "sun": "Sonne", "go": "gehen"}
NAME = "alexnet-mmid"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Five words a side, ranked."""
    folder = tmp_path_factory.mktemp("data")
    draw = np.random.default_rng(0)
    arrays = {}
    for english, german in WORDS.items():
        meant = draw.normal(size=8)
        arrays[f"en/{english}"] = meant + draw.normal(size=(4, 8))
        arrays[f"de/{german}"] = meant + draw.normal(size=(3, 8))
    np.savez(folder / "rows.npz", **arrays)
    import_features(folder / "only", [folder / "rows.npz"], NAME)
    rows = [wordlists.Row(*pair, pos) for pair, pos in zip(WORDS.items(), "NVANV", strict=True)]
    wordlists.write_list(folder / "only" / "lexicon" / "en-de.tsv", rows)
    pair = open_pair(Dataset(folder / "only"), NAME, "en-de")
    rankings.rankings(pair, [rankers.RANKERS[name] for name in ("avgmax", "maxmax", "cnn-mean", "knn")])
    return Dataset(pair.dataset.path)


@pytest.fixture
def only(built: Dataset, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """That data set, as the only one there is."""
    monkeypatch.setenv("CLDI_DATA", str(built.path.parent))
    monkeypatch.delenv("CLDI_DATASET", raising=False)
    st.cache_data.clear()
    st.cache_resource.clear()
    return built


@pytest.mark.parametrize("page", ["overview", "compare", "dispersion", "map", "play", "judge", "data"])
def test_every_page_is_drawn(only: Dataset, page: str) -> None:
    healthy(open_page(page, dataset="only", pair="en-de", backbone=NAME, method="avgmax", word="cow.N"))


def test_the_word_page_tells_its_rank(only: Dataset) -> None:
    at = healthy(open_page("word", dataset="only", pair="en-de", backbone=NAME, method="avgmax", word="cow.N"))
    assert "Kuh" in texts(at)
    assert "No pictures: this data set has features that were imported without them" in unescaped(texts(at))


def test_check_says_that_there_are_features_and_no_pictures(only: Dataset) -> None:
    found = health.findings(only, deep=True)
    assert not [one for one in found if one.level in ("error", "warning")]
    assert any("features of pictures, and no pictures" in one.text for one in found)
