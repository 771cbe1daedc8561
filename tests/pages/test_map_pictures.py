"""Pictures over the map: of which points, in which colours, and which part of it is kept in view."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import streamlit as st

from cldi_core.data.dataset import Dataset
from cldi_core.evaluation.pairs import open_pair
from cldi_core.insight import map_view, maps
from pages._ui import load, map_figures, map_pictures, view
from tests.conftest import BACKBONE
from tests.pages.conftest import Shown

CURRENT = view.View("small", "en-de", "NVA", "maxmax", BACKBONE)
KEY = "map-words-small"
PART = {"map": KEY, "x": [0.5, 3.5], "y": [-1, 1]}


@pytest.fixture
def words() -> maps.Map:
    """Four words in a row, one of them with a name that would like to be more."""
    table = pd.DataFrame({"language": ["en", "en", "de", "en"], "word": ["dog", "hat", "Hund", "<b>none</b>"]})
    table["label"] = table["word"] + " (" + table["language"] + ")"
    xy = np.stack([np.arange(4), np.zeros(4)], axis=1).astype(np.float32)
    return maps.Map(table, xy, np.zeros(4, bool), np.array([[0.0, 3.0], [0.0, 0.0]]), "pca", "")


@pytest.fixture
def given(shown: Shown, small: Dataset, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the component is given, each time."""
    found: list[dict[str, Any]] = []
    monkeypatch.setattr(load, "pair_of", lambda *named: open_pair(small, BACKBONE, "en-de"))
    monkeypatch.setattr(load, "thumbnails", lambda name, ids: {key: f"data:{key}" for key in ids})
    monkeypatch.setattr(map_pictures, "_mount", lambda **named: found.append(named))
    return found


def groups() -> list[map_figures.Group]:
    return [("nouns", "#111", np.array([1, 1, 0, 0], bool)), ("verbs", "#222", np.array([0, 0, 1, 1], bool))]


def show(words: maps.Map) -> None:
    map_pictures.show.__wrapped__(CURRENT, words, np.ones(4, bool), groups(), KEY)


def test_points_in_view_become_pictures_in_their_colours(words: maps.Map, given: list, small: Dataset) -> None:
    show(words)
    drawn = given[0]["data"]
    assert drawn["map"] == KEY and drawn["whole"] == map_figures.ranges(words.limits).tolist()
    assert [(one["number"], one["word"], one["colour"]) for one in drawn["pictures"]] == [
        (0, "dog", "#111"), (1, "hat", "#111"), (2, "Hund", "#222"),
    ], "no picture, nothing to draw"  # fmt: skip
    assert drawn["pictures"][2]["name"] == "Hund (de)"
    assert drawn["pictures"][0]["url"] == f"data:{small.members('en')['dog'][0]}"
    assert [(one["x"], one["y"]) for one in drawn["pictures"]] == [(0, 0), (1, 0), (2, 0)]
    st.session_state[map_pictures.KEY] = {"part": PART}
    given[0]["on_part_change"]()
    show(words)
    assert [one["word"] for one in given[1]["data"]["pictures"]] == ["hat", "Hund"]


def test_nothing_is_read_where_many_are_in_view(words: maps.Map, given: list, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(map_view, "MOST", 3)
    monkeypatch.setattr(load, "thumbnails", lambda name, ids: asked.append(ids) or {})
    show(words)
    assert given[0]["data"]["pictures"] == [] and asked == [[]]


def test_the_part_in_view_is_kept_while_something_chosen_is_in_it(words: maps.Map, given: list) -> None:
    nothing = np.zeros(4, bool)
    assert map_pictures.part(KEY, words, nothing) is None
    show(words)
    for sent in ("junk", {"map": "another", "x": [0, 1], "y": [0, 1]}, PART):
        st.session_state[map_pictures.KEY] = {"part": sent}
        given[0]["on_part_change"]()
    for chosen in (nothing, np.arange(4) == 2):
        kept = map_pictures.part(KEY, words, chosen)
        assert kept is not None and kept.tolist() == [[0.5, 3.5], [-1, 1]]
    assert map_pictures.part("another", words, nothing) is None
    assert map_pictures.part(KEY, words, np.arange(4) == 0) is None, "what is looked for would not be seen"
    assert map_pictures.part(KEY, words, nothing) is None
