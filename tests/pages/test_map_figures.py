"""The figure of a map: traces, labels, rings and areas; words never become HTML."""

from __future__ import annotations

import numpy as np

from cldi_core.insight.map_labels import Label
from pages._ui import figures, map_figures
from tests.pages.test_figures import ESCAPED, EVIL, NAN, check_points


def test_the_map_has_one_trace_per_group_and_escapes_words() -> None:
    x, y = np.arange(3, dtype=np.float64), np.zeros(3)
    groups = [("nouns, n = 2", "#111", np.array([1, 1, 0], bool)), ("verbs, n = 1", "#222", np.array([0, 0, 1], bool))]
    chart = map_figures.scatter_map(x, y, np.array([7, 8, 9]), groups, ["dog", "cow", EVIL])
    assert [trace.name for trace in chart.data] == ["nouns, n = 2", "verbs, n = 1"]
    assert [trace.marker.color for trace in chart.data] == ["#111", "#222"]
    assert [trace.customdata.tolist() for trace in chart.data] == [[7, 8], [9]]
    assert chart.data[1].hovertext == (ESCAPED,)
    for trace in chart.data:
        check_points(trace)


def test_the_map_joins_points_by_lines_with_gaps() -> None:
    joins = np.array([[[0, 0], [1, 1]], [[2, 2], [3, 3]]], float)
    mask = np.ones(3, bool)
    chart = map_figures.scatter_map(np.zeros(3), np.zeros(3), np.arange(3), [("all", "#111", mask)], ["a"] * 3, joins)
    lines = chart.data[0]
    np.testing.assert_array_equal(lines.x, [0, 1, NAN, 2, 3, NAN])
    assert (lines.mode, lines.hoverinfo) == ("lines", "skip")
    assert len(map_figures.scatter_map(np.zeros(3), np.zeros(3), np.arange(3), [], [], joins[:0]).data) == 0


def test_groups_have_the_palettes_colours() -> None:
    assert map_figures.group_colour("pos", "V", ("en", "de")) == figures.COLOURS["V"]
    assert map_figures.group_colour("outcome", "missed", ("en", "de")) == figures.OUTCOME_COLOURS["missed"]
    colours = [map_figures.group_colour("language", language, ("en", "de")) for language in ("en", "de")]
    assert colours == list(figures.LANGUAGE_COLOURS)
    assert set(figures.OUTCOME_COLOURS) == {"found", "nearly", "missed", "uncovered"}


def blank() -> object:
    return map_figures.scatter_map(np.zeros(0), np.zeros(0), np.arange(0), [], [])


def test_axes_hold_the_rim_and_labels_are_no_html() -> None:
    axes = map_figures.ranges(np.array([[0, 10], [-5, -5]]))
    chart = map_figures.framed(blank(), axes, [Label(EVIL, 1, 2, 5, 9)], "dark")
    np.testing.assert_allclose(chart.layout.xaxis.range, [-0.3, 10.3])
    assert chart.layout.yaxis.range == (-5.5, -4.5), "all at one height"
    (label,) = chart.layout.annotations
    assert (label.text, label.x, label.y, label.showarrow) == (ESCAPED, 1, 2, False)
    assert label.font.color == map_figures.INK["dark"]


def test_a_few_chosen_points_have_rings_and_each_name_once() -> None:
    x, names = np.arange(4, dtype=np.float32), [EVIL, "cow", "cow", "dog"]
    chart = map_figures.mark(blank(), x, -x, names, ())
    (rings,) = chart.data
    assert rings.x.tolist() == [0, 1, 2, 3] and rings.hoverinfo == "skip" and rings.customdata is None
    named = {note.text: (note.x, note.y) for note in chart.layout.annotations}
    assert named == {f"<b>{ESCAPED}</b>": (0, 0), "<b>cow</b>": (1, -1), "<b>dog</b>": (3, -3)}
    many = np.zeros(map_figures.NAMED + 1, np.float32)
    chart = map_figures.mark(blank(), many, many, [str(one) for one in range(len(many))], ())
    assert len(chart.data) == 1 and not chart.layout.annotations
    many = np.zeros(map_figures.RINGED + 1, np.float32)
    assert not map_figures.mark(blank(), many, many, ["a"] * len(many), ()).data


def test_an_area_is_a_closed_line() -> None:
    chart = map_figures.mark(blank(), np.zeros(1), np.zeros(1), ["a"], ((0, 0), (1, 0), (1, 1)))
    (line,) = chart.data
    assert (line.x, line.y) == ((0, 1, 1, 0), (0, 0, 1, 0)) and line.hoverinfo == "skip"
