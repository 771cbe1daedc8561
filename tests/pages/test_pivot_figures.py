"""Figures of image pivoting: curves of each space, and the map with the item that is looked at."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from cldi_core.pivot.search import Plane
from pages._ui import figures, pivot_figures

LANGUAGES = ("en", "de")


def space(languages: tuple[str, ...], losses: list[float], best: int) -> Any:
    curve = [SimpleNamespace(loss=loss, recall=1 - loss / 10) for loss in losses]
    return SimpleNamespace(languages=languages, curve=curve, best=best)


def test_every_space_has_a_curve_of_loss_and_of_recall_with_the_kept_epoch_on_both() -> None:
    spaces = {"en": space(("en",), [3, 2, 1], 1), "de": space(("de",), [4, 3], 0)}
    chart = pivot_figures.curves(spaces, LANGUAGES)
    lines = [trace for trace in chart.data if trace.mode == "lines"]
    assert [(line.name, line.xaxis, list(line.x)) for line in lines] == [
        ("en", "x", [1, 2, 3]), ("en", "x2", [1, 2, 3]), ("de", "x", [1, 2]), ("de", "x2", [1, 2])
    ]  # fmt: skip
    assert [list(line.y) for line in lines] == [[3, 2, 1], [0.7, 0.8, 0.9], [4, 3], [0.6, 0.7]]
    assert [line.showlegend for line in lines] == [True, False, True, False], "each is named once"
    assert [line.line.color for line in lines[::2]] == list(figures.LANGUAGE_COLOURS)
    marks = [trace for trace in chart.data if trace.mode == "markers"]
    assert [(list(mark.x), list(mark.y), mark.xaxis) for mark in marks] == [
        ([2], [2], "x"), ([2], [0.8], "x2"), ([1], [4], "x"), ([1], [0.6], "x2")
    ]  # fmt: skip
    assert not any(mark.showlegend for mark in marks)
    layout = chart.layout
    assert (layout.xaxis.title.text, layout.xaxis2.title.text) == ("epoch", "epoch")
    assert (layout.yaxis.title.text, layout.yaxis2.title.text) == ("loss of a batch", "recall on validation")
    assert layout.yaxis.type == "log" and layout.yaxis2.type is None and layout.yaxis2.rangemode == "tozero"


def test_one_space_needs_no_name() -> None:
    chart = pivot_figures.curves({"en+de": space(LANGUAGES, [2, 1], 1)}, LANGUAGES)
    assert not any(trace.showlegend for trace in chart.data)
    assert {trace.line.color for trace in chart.data if trace.mode == "lines"} == {pivot_figures.BOTH}


def plane(count: int = 1) -> Plane:
    """Items "a" to …, each with a picture and a description in both languages, and one without a description."""
    names = [chr(97 + number % 26) + str(number // 26) for number in range(count)]
    kinds = ("pictures",) * (count + 1) + ("en",) * count + ("de",) * count
    items = (*names, "alone", *names, *names)
    xy = np.arange(2 * len(kinds), dtype=np.float32).reshape(-1, 2)
    means = {"pictures": np.zeros(2), "en": np.zeros(2), "de": np.zeros(2)}
    return Plane(kinds, items, tuple(f"<{one}>" for one in items), xy, 0.5, count, means, np.eye(2))


def test_a_chosen_item_is_circled_and_its_picture_joined_with_its_descriptions() -> None:
    shown = plane(2)
    *groups, path, circles = pivot_figures.plane(shown, LANGUAGES, "b0").data
    assert [trace.name for trace in groups] == ["pictures, n = 3", "en, n = 2", "de, n = 2"]
    assert [trace.customdata.tolist() for trace in groups] == [[0, 1, 2], [3, 4], [5, 6]]
    own = [1, 4, 6]
    assert circles.customdata.tolist() == own and list(circles.hovertext) == ["&lt;b0&gt;"] * 3
    np.testing.assert_array_equal(np.stack([circles.x, circles.y], 1), shown.xy[own])
    nan = [np.nan, np.nan]
    ends = np.array([shown.xy[1], shown.xy[4], nan, shown.xy[1], shown.xy[6], nan])
    np.testing.assert_array_equal(np.stack([path.x, path.y], 1), ends)
    assert (path.mode, path.hoverinfo, path.showlegend) == ("lines", "skip", False)


def test_an_item_of_one_point_is_circled_and_joined_with_nothing() -> None:
    *_, path, circles = pivot_figures.plane(plane(), LANGUAGES, "alone").data
    assert len(path.x) == 0 and circles.customdata.tolist() == [1]
    assert len(pivot_figures.plane(plane(), LANGUAGES, "nobody").data) == 3


def test_what_was_typed_is_a_star_where_it_has_a_place() -> None:
    chart = pivot_figures.plane(plane(), LANGUAGES, typed=np.array([[0.5, 0.25]], np.float32))
    star = chart.data[-1]
    assert (list(star.x), list(star.y), star.marker.symbol, star.name) == ([0.5], [0.25], "star", "the text")
    nowhere = pivot_figures.plane(plane(), LANGUAGES, typed=np.zeros((0, 2), np.float32))
    assert len(nowhere.data) == 3
    assert chart.layout.uirevision == "map" and chart.layout.dragmode == "pan", "it keeps its zoom"


@pytest.mark.parametrize("count", [499, 500, 501])
def test_a_crowd_is_drawn_fainter(count: int) -> None:
    shown = plane(count)
    chart = pivot_figures.plane(shown, LANGUAGES)
    crowded = len(shown.kinds) > pivot_figures.CROWDED
    assert len(shown.kinds) == 3 * count + 1
    assert {trace.marker.opacity for trace in chart.data} == {0.45 if crowded else 0.75}


@pytest.mark.parametrize(
    ("kind", "colour"), [("pictures", pivot_figures.PICTURES), ("de", figures.LANGUAGE_COLOURS[1])]
)
def test_pictures_are_grey_and_languages_as_elsewhere(kind: str, colour: str) -> None:
    assert pivot_figures.colour(kind, LANGUAGES) == colour
