"""The Compare page: whose figures and words are shown under which name."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import streamlit as st

from cldi_core.data.dataset import Dataset
from cldi_core.evaluation.pairs import open_pair
from pages._ui import load
from tests import ranked
from tests.conftest import BACKBONE
from tests.pages_data import Event, compared, healthy, open_page, view_of


@pytest.fixture(autouse=True)
def fresh(data: Path) -> None:
    """Nothing kept from the test before."""
    st.cache_data.clear()
    st.cache_resource.clear()


def test_another_backbone_gets_contenders_of_its_own(small: Dataset) -> None:
    """Those of the backbone before would be shown under the name of the one that was chosen."""
    other = "resnet50"
    shutil.copytree(small.path / "features" / BACKBONE, small.path / "features" / other)
    ranked.rankings(open_pair(small, BACKBONE, "en-de"), ["cnn-max", "avgmax"])
    at = healthy(open_page("compare", contenders=f"cnn-max@{BACKBONE},avgmax@{BACKBONE}"))
    at = healthy(at.sidebar.selectbox(key="backbone").set_value(other).run())
    assert compared(at) == [f"avgmax@{other}", f"maxmax@{other}"]
    assert view_of(at)["backbone"] == other and "contenders" not in view_of(at)


@pytest.mark.parametrize("winner", ["maxmax", "knn"])
def test_a_win_opens_the_word_under_the_winner(small: Dataset, monkeypatch: pytest.MonkeyPatch, winner: str) -> None:
    """Also where the second contender won: its word is looked at with its own ranks."""
    ranks = {"maxmax": {"dog.N": 1, "hat.N": 9}, "knn": {"dog.N": 9, "hat.N": 1}}

    def known(name: str, backbone: str, pair: str, method: str) -> pd.DataFrame | None:
        made = stored(name, backbone, pair, method)
        if made is None or method not in ranks:
            return made
        return made.assign(rank=[ranks[method].get(query, 2.0) for query in made["query"]])

    ranked.rankings(open_pair(small, BACKBONE, "en-de"), ["maxmax", "knn"])
    stored, draw_table = load.rankings, st.dataframe
    monkeypatch.setattr(load, "rankings", known)

    def table(data: pd.DataFrame, **options: Any) -> Any:
        """A click on the first row of the winner's table, which AppTest can't make."""
        clicked = str(options.get("key", "")).startswith(f"wins-('{winner}'")
        draw_table(data, **options)
        return Event(selection=Event(cells=[(0, "word")] if clicked else []))

    monkeypatch.setattr(st, "dataframe", table)
    at = healthy(open_page("compare", contenders=f"maxmax@{BACKBONE},knn@{BACKBONE}", show="found"))
    won = "dog.N" if winner == "maxmax" else "hat.N"
    assert (view_of(at)["word"], view_of(at)["method"], view_of(at)["backbone"]) == (won, winner, BACKBONE)
