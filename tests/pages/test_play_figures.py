"""The figure of people against methods: its points, bars and chance are those of the lines."""

from __future__ import annotations

import math

import pytest

from cldi_core.evaluation.metrics import NOTHING, Interval
from cldi_core.insight.people import Line
from pages._ui import play_figures


def line(setting: str, who: str, share: Interval, answers: int = 40) -> Line:
    return Line(setting, who, share.value * answers, answers, share, NOTHING)


def test_points_bars_and_chance() -> None:
    known, few = Interval(0.6, 0.5, 0.75, 30), Interval(0.3, math.nan, math.nan, 3)
    lines = [
        line(setting, who, share, 40 if setting == "NN" else 4)
        for setting, share in (("ALL", known), ("NN", known), ("VB", few))
        for who in ("people", "chance", "<b>m</b>")
    ] + [Line("ADJ", "people", 0.0, 0, NOTHING, NOTHING)]
    lines[1] = line("ALL", "chance", Interval(0.1, math.nan, math.nan, 33))
    figure = play_figures.against(lines, lambda who: who.upper(), "a < b")
    nouns, verbs = figure.data
    assert (nouns.name, verbs.name) == ("nouns, n = 40 (30 words)", "verbs, n = 4 (3 words, n too small)")
    assert list(nouns.x) == pytest.approx([-0.18, 0.82]) and list(verbs.x) == pytest.approx([0, 1])
    assert list(nouns.y) == [0.6, 0.6]
    assert list(nouns.error_y.array) == pytest.approx([0.15] * 2)
    assert list(nouns.error_y.arrayminus) == pytest.approx([0.1] * 2) and list(verbs.error_y.array) == [None, None]
    assert figure.layout.shapes[0].y0 == 0.1
    assert (
        list(figure.layout.xaxis.ticktext) == ["PEOPLE", "&lt;B&gt;M&lt;/B&gt;"]
        and "a &lt; b" in figure.layout.title.text
    )
