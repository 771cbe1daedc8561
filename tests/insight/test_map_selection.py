"""What is chosen on a map: its text in a link, areas, and the way from words to pictures and back."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cldi_core.data.dataset import Dataset
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.insight import map_selection, maps
from cldi_core.insight.map_selection import Chosen
from tests import ranked
from tests.conftest import BACKBONE, WORDS

SQUARE = ((0.5, 0.5), (2.5, 0.5), (2.5, 2.5), (0.5, 2.5))


@pytest.fixture
def pair(small: Dataset) -> Pair:
    return open_pair(small, BACKBONE, "en-de")


@pytest.fixture
def both(pair: Pair) -> dict[str, maps.Map]:
    """The maps of words and of pictures."""
    frame = ranked.rankings(pair, ["avgmax"])["avgmax"]
    return {
        kind: maps.placed(maps.coordinates(pair.dataset, BACKBONE, kind), pair, frame, "NVA") for kind in maps.KINDS
    }


def never() -> maps.Map:
    raise AssertionError("the other map is not needed")


@pytest.mark.parametrize(
    "chosen",
    [
        Chosen("words", language="en", word="dog"),
        Chosen("words", language="de", word="a~b~ c/ü&%<b>"),
        Chosen("pictures", id="0af3"),
        Chosen("words", corners=SQUARE, stamp="1f03a2"),
        Chosen("pictures", corners=((-1.25, 3), (1e-05, 0), (12345.678, 2)), stamp="x"),
    ],
    ids=["word", "hostile word", "picture", "area", "area of pictures"],
)
def test_a_text_gives_back_what_was_chosen(chosen: Chosen) -> None:
    assert map_selection.read(chosen.text()) == chosen


def test_the_texts_of_links_stay_as_they_are() -> None:
    assert Chosen("words", language="en", word="dog").text() == "word~en~dog"
    assert Chosen("pictures", id="0af3").text() == "picture~0af3"
    wanted = "area~words~1f03a2~0.5~0.5~2.5~0.5~2.5~2.5~0.5~2.5"
    assert Chosen("words", corners=SQUARE, stamp="1f03a2").text() == wanted


@pytest.mark.parametrize(
    "text",
    [
        "", "dog", "word", "word~en", "word~en~", "word~~dog", "picture", "picture~", "area~words~s~1~2~3~4",
        "area~houses~s~1~2~3~4~5~6", "area~words~s~1~2~3~4~5", "area~words~s~1~2~3~4~5~x",
        "area~words~s~1~2~3~4~5~nan", "area~words~s~1~2~3~4~5~inf", "area~words~s" + "~1" * 82, "~" * 2000,
    ],
)  # fmt: skip
def test_nonsense_chooses_nothing(text: str) -> None:
    assert map_selection.read(text) is None


def test_a_circle_keeps_its_shape_with_few_corners(both: dict[str, maps.Map]) -> None:
    shown = both["words"]
    turn = np.linspace(0, 2 * math.pi, 500, endpoint=False)
    (left, right), (low, high) = shown.limits
    middle, radius = ((left + right) / 2, (low + high) / 2), min(right - left, high - low) / 3
    x, y = middle[0] + radius * np.cos(turn), middle[1] + radius * np.sin(turn)
    made = map_selection.area(shown, x.tolist(), y.tolist())
    assert made is not None and 20 < len(made.corners) <= map_selection.CORNERS
    assert len(made.text()) < 700 and (made.kind, made.stamp) == ("words", shown.stamp)
    away = np.linalg.norm(np.array(made.corners) - middle, axis=1) / radius
    np.testing.assert_allclose(away, 1, atol=0.01)
    grid = np.stack(np.meshgrid(np.linspace(left, right, 90), np.linspace(low, high, 90)), axis=2).reshape(-1, 2)
    exact = np.linalg.norm(grid - middle, axis=1) < radius
    assert (maps.inside(grid, made.corners) != exact).mean() < 0.01


def test_corners_go_that_change_the_area_least() -> None:
    square = [(0.0, 0.0), (0.5, 0.01), (1.0, 0.0), (1.0, 1.0), (0.5, 1.2), (0.0, 1.0)]
    assert map_selection.simplified(square, 5) == [square[0], *square[2:]]
    assert map_selection.simplified(square, 4) == [square[0], square[2], square[3], square[5]]
    assert map_selection.simplified(square, 6) == square


def test_a_box_is_an_area_with_four_corners(both: dict[str, maps.Map]) -> None:
    made = map_selection.area(both["pictures"], [2, 1], [5, 3])
    assert made is not None and made.kind == "pictures"
    assert made.corners == ((2, 5), (1, 5), (1, 3), (2, 3))
    assert map_selection.area(both["words"], [], []) is None is map_selection.area(both["words"], [1], [1])


def test_a_point_is_known_by_its_id(both: dict[str, maps.Map]) -> None:
    words, pictures = both["words"], both["pictures"]
    row = words.table.iloc[3]
    assert map_selection.point(words, 3) == Chosen("words", language=row["language"], word=row["word"])
    assert map_selection.point(pictures, 2) == Chosen("pictures", id=pictures.table["id"][2])
    assert map_selection.point(words, -1) is None is map_selection.point(words, len(words.table))


def test_a_word_chooses_itself_and_its_pictures(both: dict[str, maps.Map], pair: Pair) -> None:
    dog = Chosen("words", language="en", word="dog")
    ids = pair.dataset.members("en")["dog"]
    found = map_selection.select(dog, both["words"], pair, never)
    assert found is not None and both["words"].table["label"][found.mask].tolist() == ["dog (en)"]
    assert found.own == {("en", "dog"): ids}
    on_pictures = map_selection.select(dog, both["pictures"], pair, never)
    assert on_pictures is not None and on_pictures.own == found.own
    assert sorted(both["pictures"].table["id"][on_pictures.mask]) == sorted(ids)
    for unknown in (Chosen("words", language="en", word="Hund"), Chosen("words", language="fr", word="dog")):
        nothing = map_selection.select(unknown, both["words"], pair, never)
        assert nothing is not None and not nothing.mask.any() and nothing.own == {}


def test_a_picture_chooses_itself_and_the_words_that_have_it(both: dict[str, maps.Map], pair: Pair) -> None:
    key = pair.dataset.members("en")["dog"][0]
    found = map_selection.select(Chosen("pictures", id=key), both["pictures"], pair, never)
    assert found is not None and both["pictures"].table["id"][found.mask].tolist() == [key]
    assert list(found.own.values()) == [[key]]
    having = {(one, word) for one in WORDS for word, ids in pair.dataset.members(one).items() if key in ids}
    words = map_selection.select(Chosen("pictures", id=key), both["words"], pair, never)
    assert words is not None and set(words.own) == having
    assert words.own["en", "dog"] == pair.dataset.members("en")["dog"]


@pytest.mark.parametrize("kind", maps.KINDS)
def test_an_area_chooses_what_lies_in_it_on_either_map(both: dict[str, maps.Map], pair: Pair, kind: str) -> None:
    there, other = both[kind], both[next(one for one in maps.KINDS if one != kind)]
    middle = float(np.median(there.xy[:, 0]))
    made = map_selection.area(there, [-9, middle], [-9, 9])
    assert made is not None
    inside = there.xy[:, 0] < made.corners[1][0]
    own = map_selection.select(made, there, pair, never)
    assert own is not None and 0 < own.mask.sum() < len(own.mask)
    np.testing.assert_array_equal(own.mask, inside)
    across = map_selection.select(made, other, pair, lambda: there)
    assert across is not None
    rows = there.table[inside]
    if kind == "words":
        ids = {key for row in rows.itertuples() for key in pair.dataset.members(row.language)[row.word]}
        assert set(other.table["id"][across.mask]) == ids
        assert set(across.own) == set(own.own) == set(zip(rows["language"], rows["word"], strict=True))
    else:
        ids = set(rows["id"])
        for word, mine in zip(other.table.itertuples(), across.mask, strict=True):
            assert mine == (not ids.isdisjoint(pair.dataset.members(word.language)[word.word]))
        assert sum(map(len, own.own.values())) == len(rows)


def test_an_area_of_a_map_that_is_no_more_is_told(both: dict[str, maps.Map], pair: Pair) -> None:
    old = Chosen("words", corners=SQUARE, stamp="000000")
    assert map_selection.select(old, both["words"], pair, never) is None
    assert map_selection.select(old, both["pictures"], pair, lambda: both["words"]) is None


def test_a_word_is_found_in_either_language_and_any_case(both: dict[str, maps.Map]) -> None:
    table = both["words"].table
    assert map_selection.found(table, "  HUND ") == [("de", "Hund")]
    assert map_selection.found(table, "hand") == [("en", "hand"), ("de", "Hand")]
    assert map_selection.found(table, "köte") == map_selection.found(table, "ghost") == []
    assert map_selection.near(table, "köte")[0] == "Köter" and map_selection.near(table, "xyz") == []


def test_words_that_are_not_shown_are_not_chosen(pair: Pair) -> None:
    frame = ranked.rankings(pair, ["avgmax"])["avgmax"]
    verbs = maps.placed(maps.coordinates(pair.dataset, BACKBONE, "words"), pair, frame, "V")
    found = map_selection.of_words([("en", "dog"), ("en", "run")], verbs, pair)
    assert list(found.own) == [("en", "run")]
