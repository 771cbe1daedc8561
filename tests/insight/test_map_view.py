"""What of a map is in view, and which points of it become their pictures."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cldi_core.data.dataset import Dataset
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.insight import map_view, maps
from tests.conftest import BACKBONE


def line(count: int, **columns: object) -> maps.Map:
    """Points at 0, 1, 2 …"""
    xy = np.stack([np.arange(count), np.zeros(count)], axis=1).astype(np.float32)
    return maps.Map(pd.DataFrame(columns), xy, np.zeros(count, bool), np.array([[0.0, count], [0, 0]]), "pca", "")


@pytest.mark.parametrize(
    "told",
    [None, "x", {}, {"x": [0, 1]}, {"x": [0, 1], "y": [1]}, {"x": [0, 1], "y": [1, float("nan")]},
     {"x": [0, 1], "y": ["0", "1"]}, {"x": [2, 2], "y": [0, 1]}, {"x": [0, 1e300], "y": [0, 1]}],
)  # fmt: skip
def test_what_is_no_part_of_a_map_is_none(told: object) -> None:
    assert map_view.window(told) is None


def test_a_part_has_its_low_ends_first() -> None:
    found = map_view.window({"map": "any", "x": [3, 1.5], "y": [0, 2]})
    np.testing.assert_array_equal(found, [[1.5, 3], [0, 2]])


def test_points_become_pictures_where_few_are_in_view(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_view, "MOST", 4)
    shown, every = line(100), np.ones(100, bool)
    assert map_view.few(shown, every, np.array([[9.5, 13], [-1, 1]])).tolist() == [10, 11, 12, 13]
    assert map_view.few(shown, every, np.array([[9.5, 14], [-1, 1]])).tolist() == []
    assert map_view.few(shown, every, np.array([[9.5, 14], [1, 2]])).tolist() == [], "none is there"
    some = np.arange(100) % 5 == 0
    assert map_view.few(shown, some, np.array([[9.5, 26], [-1, 1]])).tolist() == [10, 15, 20, 25], "those drawn"
    assert map_view.few(shown, some, np.array([[9.5, 11], [-1, 1]])).tolist() == [10, 11], "all, where they are few"


@pytest.fixture
def pair(small: Dataset) -> Pair:
    return open_pair(small, BACKBONE, "en-de")


def test_a_word_is_shown_as_its_first_picture(pair: Pair) -> None:
    words = line(3, language=["en", "de", "en"], word=["dog", "Hund", "<b>none</b>"])
    found = map_view.pictures(words, pair, np.array([0, 1, 2]))
    assert found == {0: pair.source.word_ids("dog")[0], 1: pair.target.word_ids("Hund")[0]}
    pictures = line(2, language=["en"] * 2, word=["dog"] * 2, id=["0a", "0b"])
    assert map_view.pictures(pictures, pair, np.array([1])) == {1: "0b"}
