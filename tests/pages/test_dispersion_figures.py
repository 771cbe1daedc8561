"""Figures of dispersion: a ridge for each part of speech, and dispersion against rank."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from cldi_core.insight import overview
from pages._ui import dispersion_figures, figures
from tests.pages.test_figures import check_points, table

NAN = math.nan


def test_dispersion_against_reciprocal_rank_fills_what_was_found() -> None:
    chart = dispersion_figures.against_rank(table(rank=[1, 4, 2.5], dispersion=[0.1, 0.2, 0.3]))
    points = [(trace.x.tolist(), trace.y.tolist(), trace.customdata.tolist()) for trace in chart.data]
    assert points == [
        ([pytest.approx(0.1)], [1], [0]),
        ([pytest.approx(0.2)], [0.25], [1]),
        ([], [], []),
        ([pytest.approx(0.3)], [pytest.approx(0.4)], [2]),
    ]
    low, high = chart.layout.yaxis.range
    assert low < 0 and 1 < high < 1.2 and chart.layout.xaxis.rangemode == "tozero"
    filled, hollow = chart.data[0].marker, chart.data[1].marker
    assert filled.color == figures.COLOURS["N"] == hollow.line.color
    assert hollow.color == "rgba(0,0,0,0)"
    assert [trace.name for trace in chart.data if trace.showlegend] == ["nouns, n = 2", "verbs, n = 1"]
    for trace in chart.data:
        check_points(trace)


def spread(**columns: list[object]) -> pd.DataFrame:
    frame = pd.DataFrame({"language": ["en"] * 4 + ["de"], "pos": list("NNVNV"), **columns})
    return frame.assign(word=[f"<b>{number}" for number in range(5)])


@pytest.mark.parametrize(("letters", "shown"), [("NVA", "NV"), ("V", "V"), ("AVN", "VN")])
def test_a_ridge_for_each_chosen_part_of_speech_of_one_language(letters: str, shown: str) -> None:
    chart = dispersion_figures.ridges(spread(dispersion=[0.1, 0.2, 0.3, NAN, 0.9]), "en", letters)
    bars, points = chart.data[::2], chart.data[1::2]
    assert [trace.type for trace in bars] == ["bar"] * len(shown)
    names = {"N": "<b>nouns</b>, n = 2", "V": "<b>verbs</b>, n = 1"}
    assert [note.text for note in chart.layout.annotations] == [names[letter] for letter in shown]
    assert not chart.layout.showlegend, "each ridge is named where it is"
    expected = {"N": {0.125: 0.5, 0.225: 0.5}, "V": {0.325: 1.0}}
    for letter, bar, point in zip(shown, bars, points, strict=True):
        drawn = {round(float(x), 3): float(y) for x, y in zip(bar.x, bar.y, strict=True) if y}
        assert drawn == expected[letter] and bar.marker.color == point.marker.color == figures.COLOURS[letter]
        assert list(point.x) == pytest.approx([{"N": 0.15, "V": 0.3}[letter]]), "the mean"
        assert point.error_x.array == (None,), "there is no interval of so few"
        assert len(bar.x) == round(2 / overview.STEP), "the same steps for each"
    if "V" in shown:
        verbs = bars[shown.index("V")]
        assert verbs.hovertext[6] == "0.30 to 0.35: 100% of 1 verb"
    assert len({tuple(axis.range) for axis in chart.select_yaxes()}) == 1, "shares compare by their heights"
    assert chart.layout.title.text.startswith("Dispersion, en<br>")


@pytest.mark.parametrize("highest", [0.4, 1.0, 1.25, 2.0])
def test_the_ridges_show_every_dispersion_that_there_can_be(highest: float) -> None:
    """Features with numbers below 0 can point away from each other, so that 1 − cosine is above 1."""
    frame = spread(dispersion=[0.0, highest, highest, NAN, 1.7])
    chart = dispersion_figures.ridges(frame, "en", "NV")
    assert {tuple(axis.range) for axis in chart.select_xaxes()} == {(0, max(highest, 1))}
    for trace in chart.data[::2]:
        assert trace.y.sum() == pytest.approx(1), "every word is in a step"
        assert trace.x[0] - trace.width / 2 == 0 and trace.x[-1] + trace.width / 2 == pytest.approx(2)
    assert not dispersion_figures.ridges(frame.assign(dispersion=NAN), "en", "NV").data
    assert not dispersion_figures.ridges(frame, "en", "A").data
