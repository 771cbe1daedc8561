"""The points of the map, their groups and joins, and what a selection means."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cldi_core.data.dataset import Dataset
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.insight import maps, projection
from tests import ranked
from tests.conftest import BACKBONE, WORDS


@pytest.fixture
def pair(small: Dataset) -> Pair:
    """en-de of the tiny data set."""
    return open_pair(small, BACKBONE, "en-de")


@pytest.fixture
def frame(pair: Pair) -> pd.DataFrame:
    """Its rankings with ranks set by hand, in the order of the queries."""
    frame = ranked.rankings(pair, ["avgmax"])["avgmax"].copy()
    assert frame["query"].tolist() == ["dog.N", "hat.N", "hand.N", "ghost.N", "run.V", "red.A", "big.A"]
    frame["rank"] = [1, 4, 40, np.nan, 11, 2, 1]
    return frame


def words(pair: Pair) -> pd.DataFrame:
    """The map of words."""
    return projection.coordinates(pair.dataset, BACKBONE, "words")


def test_words_carry_what_became_of_them(pair: Pair, frame: pd.DataFrame) -> None:
    table, total = maps.points(words(pair), pair, frame, "NVA")
    assert total == len(table) == 14  # ghost and Geist have no pictures
    facts = {label: (pos, found) for label, pos, found in table[["label", "pos", "outcome"]].itertuples(index=False)}
    assert facts["dog (en)"] == facts["Köter (de)"] == ("N", "found")
    assert facts["hat (en)"] == facts["Hut (de)"] == ("N", "nearly")
    assert facts["run (en)"] == facts["rennen (de)"] == ("V", "missed")
    places = words(pair).set_index(["language", "word"])
    for row in table.itertuples():
        assert (row.x, row.y) == tuple(places.loc[(row.language, row.word), ["x", "y"]])


def test_only_the_chosen_parts_of_speech_are_shown(pair: Pair, frame: pd.DataFrame) -> None:
    table, total = maps.points(words(pair), pair, frame, "VA")
    assert sorted(table["word"]) == sorted(["run", "laufen", "rennen", "red", "rot", "big", "groß"])
    assert total == 7
    assert maps.points(words(pair), pair, frame, "")[1] == 0


def test_a_picture_stands_once_under_the_first_word_it_belongs_to(pair: Pair, frame: pd.DataFrame) -> None:
    coordinates = projection.coordinates(pair.dataset, BACKBONE, "pictures")
    table, total = maps.points(coordinates, pair, frame, "NVA")
    assert table["id"].is_unique
    assert total == len(table) == 17
    owners = [(language, word) for language in ("en", "de") for word in WORDS[language]]
    for row in table.itertuples():
        first = next(owner for owner in owners if row.id in pair.dataset.members(owner[0])[owner[1]])
        assert (row.language, row.word) == first


def test_too_many_points_are_sampled_the_same_way_every_time(
    pair: Pair, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = maps.points(words(pair), pair, frame, "NVA")[0]
    monkeypatch.setattr(maps, "LIMIT", 5)
    table, total = maps.points(words(pair), pair, frame, "NVA")
    assert (len(table), total) == (5, 14)
    assert table.index.tolist() == list(range(5))
    assert set(table["label"]) < set(everything["label"])
    pd.testing.assert_frame_equal(table, maps.points(words(pair), pair, frame, "NVA")[0])
    monkeypatch.setattr(maps, "LIMIT", 14)
    assert len(maps.points(words(pair), pair, frame, "NVA")[0]) == 14


@pytest.mark.parametrize(
    ("colouring", "counts"),
    [
        ("pos", {"N": 7, "V": 3, "A": 4}),
        ("language", {"en": 6, "de": 8}),
        ("outcome", {"found": 5, "nearly": 4, "missed": 5}),
    ],
)
def test_groups_split_the_points(pair: Pair, frame: pd.DataFrame, colouring: str, counts: dict[str, int]) -> None:
    table, _ = maps.points(words(pair), pair, frame, "NVA")
    groups = maps.groups(table, colouring, pair.languages)
    assert [(value, int(mask.sum())) for value, mask in groups] == list(counts.items())
    np.testing.assert_array_equal(sum(mask.astype(int) for _, mask in groups), np.ones(len(table)))
    for value, mask in groups:
        assert set(table.loc[mask, colouring]) == {value}


def test_a_word_without_answer_on_the_map_is_uncovered(pair: Pair, frame: pd.DataFrame) -> None:
    frame.loc[1, "rank"] = np.nan
    table, _ = maps.points(words(pair), pair, frame, "N")
    value, mask = maps.groups(table, "outcome", pair.languages)[-1]
    assert (value, int(mask.sum())) == ("uncovered", 2)


def test_joins_lead_from_a_word_to_each_right_answer(pair: Pair, frame: pd.DataFrame) -> None:
    table, _ = maps.points(words(pair), pair, frame, "NV")
    place = table.set_index("label")[["x", "y"]]
    expected = [("dog", "Hund"), ("dog", "Köter"), ("hat", "Hut"), ("hand", "Hand"), ("run", "laufen"),
                ("run", "rennen")]  # fmt: skip
    lines = [[place.loc[f"{one} (en)"], place.loc[f"{other} (de)"]] for one, other in expected]
    np.testing.assert_array_equal(maps.joins(table, pair), np.array(lines))
    assert maps.joins(table[:0], pair).shape == (0, 2, 2)


POINTS = np.array([[0, 0], [1, 1], [2, 2], [3, 3]], float)
SQUARE = [(0.5, 0.5), (2.5, 0.5), (2.5, 2.5), (0.5, 2.5)]


@pytest.mark.parametrize(
    ("polygons", "boxes", "clicked", "rows"),
    [
        ([], [], [], []),
        ([], [], [3, 0], [0, 3]),
        ([], [], [4, -1, 2], [2]),  # not of this map
        ([SQUARE], [], [], [1, 2]),
        ([SQUARE], [], [0], [1, 2]),  # the browser's list is not used beside an area
        ([], [([2.5, 3.5], [3.5, 2.5])], [], [3]),  # corners in any order
        ([], [([1, 2], [1, 2])], [], [1, 2]),  # borders are inside
        ([SQUARE], [([-1, 0.5], [-1, 0.5])], [], [0, 1, 2]),
        ([], [([8, 9], [8, 9])], [1], []),
    ],
)
def test_areas_and_clicks_choose_points(polygons: list, boxes: list, clicked: list[int], rows: list[int]) -> None:
    chosen = maps.chosen(POINTS, polygons, boxes, clicked)
    assert chosen.tolist() == rows
    assert chosen.dtype == np.int64


def test_nothing_can_be_chosen_on_an_empty_map() -> None:
    assert maps.chosen(np.zeros((0, 2)), [SQUARE], [([0, 1], [0, 1])], [0]).tolist() == []
