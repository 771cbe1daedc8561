"""Figures: what is plotted, and that words never become HTML."""

from __future__ import annotations

import math
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from cldi_core.evaluation.metrics import Interval
from cldi_core.scoring.methods import METHODS
from pages._ui import figures
from tests.pages.test_contrast import contrast, rgb

NAN = math.nan
EVIL = "<b>x</b> & %{x}"
ESCAPED = "&lt;b&gt;x&lt;/b&gt; &amp; %{x}"


def table(**columns: list[object]) -> pd.DataFrame:
    """Two nouns, a verb of a hostile name, and columns of the test's own."""
    frame = pd.DataFrame({"word": ["dog", "cow", EVIL], "pos": list("NNV"), **columns})
    return frame.assign(number=range(3))


def check_points(trace: go.Scattergl) -> None:
    """Small arrays, ids for selections, text only as escaped hover text and never in a template."""
    assert isinstance(trace, go.Scattergl)
    assert (trace.x.dtype, trace.y.dtype, trace.customdata.dtype) == (np.float32, np.float32, np.int32)
    assert trace.hoverinfo == "text" and trace.hovertemplate is None and trace.text is None
    assert len(trace.hovertext) == len(trace.x) == len(trace.customdata)
    assert not any("<" in text for text in trace.hovertext)


def test_ranks_of_two_contenders_lie_on_log_axes() -> None:
    chart = figures.rank_scatter(table(one=[1, 40.5, 3], two=[2, 20, 1]), "one", "two", ("AVGMAX", "MAXMAX"))
    diagonal, nouns, verbs = chart.data
    assert diagonal.x == diagonal.y == (1, 40.5) and (diagonal.mode, diagonal.showlegend) == ("lines", False)
    assert (nouns.x.tolist(), nouns.y.tolist(), nouns.customdata.tolist()) == ([1, 40.5], [2, 20], [0, 1])
    assert (nouns.name, verbs.name) == ("nouns, n = 2", "verbs, n = 1")
    assert verbs.hovertext == (ESCAPED,) and verbs.customdata.tolist() == [2]
    assert chart.layout.xaxis.type == chart.layout.yaxis.type == "log"
    for trace in (nouns, verbs):
        check_points(trace)


@pytest.mark.parametrize(
    ("ranks", "top"), [([[1, 3], [2, 2]], 10), ([[1, 40.5], [2, 20]], 40.5), ([[1, 2], [7, 300]], 300)]
)
def test_both_axes_of_ranks_hold_every_rank_and_name_whole_ones(ranks: list[list[float]], top: float) -> None:
    frame = pd.DataFrame(
        {"word": ["dog", "cow"], "pos": list("NN"), "number": range(2), "one": ranks[0], "two": ranks[1]}
    )
    chart = figures.rank_scatter(frame, "one", "two", ("AVGMAX", "MAXMAX"))
    for axis in (chart.layout.xaxis, chart.layout.yaxis):
        low, high = (10**bound for bound in axis.range)
        assert 0.8 < low < 1 and top < high < 1.2 * top
        named = [tick for tick in axis.tickvals if low <= tick <= high]
        assert named[0] == 1 and all(tick == int(tick) for tick in named) and 10 <= named[-1] <= high < 3 * named[-1]
    assert figures.rank_scatter(frame[:0], "one", "two", ("", "")).data[0].x == (1, 10)


def record(method: str, setting: str, mrr: float) -> dict[str, object]:
    """One record of ``results.table``."""
    return {"pair": "en-de", "method": method, "setting": setting, "mrr": mrr, "mrr_low": mrr - 0.1,
            "mrr_high": mrr + 0.2, "n": 50, "clusters": 40}  # fmt: skip


def test_the_finding_shows_each_method_at_its_own_label() -> None:
    names = ["avgmax", "maxmax", "cnn-mean", "cnn-max"]  # the paper's; others are on the Results page
    last = names[-1]
    chart = figures.finding([record(last, "NN", 0.5), record("knn", "NN", 0.9), record(last, "VB", 0.25)], "en-de")
    nouns, verbs, adjectives, published = chart.data
    shifted = [place + offset for place in range(len(names)) for offset in (-0.11, 0.07, 0.25)]
    assert list(published.x) == pytest.approx(shifted), "each a little to the right of its method's own point"
    assert published.name == "in the paper" and list(published.y[:3]) == [0.60, 0.20, 0.28]
    assert (list(nouns.y), list(verbs.y), list(adjectives.y)) == ([0.5], [0.25], [])
    assert [round(verbs.x[0] - nouns.x[0], 2), round(verbs.x[0])] == [0.18, names.index(last)]
    assert chart.layout.xaxis.ticktext[round(verbs.x[0])] == METHODS[last].label
    assert chart.layout.yaxis.range == (0, 1), "all that an MRR can be, so that charts can be compared"
    assert (nouns.name, adjectives.name) == ("nouns, n = 40", "adjectives")
    assert nouns.error_y.array[0] == pytest.approx(0.2) and nouns.error_y.arrayminus[0] == pytest.approx(0.1)
    assert [len(trace.y) for trace in figures.finding([record(last, "NN", 0.5)], "average").data[:3]] == [0, 0, 0]


def test_the_finding_draws_no_bar_where_there_is_no_interval() -> None:
    few = {**record("avgmax", "VB", 0.3), "mrr_low": NAN, "mrr_high": NAN, "clusters": 11}
    nouns, verbs, *_ = figures.finding([record("avgmax", "NN", 0.5), few], "en-de").data
    assert (nouns.name, list(nouns.hovertext)) == ("nouns, n = 40", ["MRR 0.50 [0.40, 0.70]"])
    assert (verbs.name, list(verbs.hovertext)) == ("verbs, n = 11 (n too small)", ["MRR 0.30 (n too small)"])
    assert list(verbs.error_y.array) == list(verbs.error_y.arrayminus) == [None]
    assert nouns.hoverinfo == verbs.hoverinfo == "text"


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        (Interval(0.567, 0.541, 0.6, 20), "0.57 [0.54, 0.60]"),
        (Interval(-0.001, -0.2, 0.004, 20), "0.00 [-0.20, 0.00]"),
        (Interval(0.567, NAN, NAN, 19), "0.57 (n too small)"),
        (Interval(0.0, NAN, NAN, 50), "0.00 (no spread)"),
        (Interval(NAN, NAN, NAN, 0), "–"),
    ],
)
def test_intervals_are_written_with_two_decimals(interval: Interval, text: str) -> None:
    assert figures.interval_text(interval) == text


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        (Interval(0.04, 0.02, 0.06, 99), "▲ +0.04 [0.02, 0.06]"),
        (Interval(-0.04, -0.06, -0.02, 99), "▼ -0.04 [-0.06, -0.02]"),
        (Interval(0.01, -0.02, 0.04, 99), "+0.01 [-0.02, 0.04]"),
        (Interval(0.02, 0.004, 0.05, 99), "+0.02 [0.00, 0.05]"),
        (Interval(-0.02, -0.05, -0.001, 99), "-0.02 [-0.05, 0.00]"),
        (Interval(0.3, NAN, NAN, 11), "+0.30 (n too small)"),
        (Interval(0.0, NAN, NAN, 99), "0.00 (no spread)"),
        (Interval(NAN, NAN, NAN, 0), "–"),
    ],
)
def test_gains_are_marked_where_they_exclude_zero_as_written(interval: Interval, text: str) -> None:
    assert figures.gain_text(interval) == text


def test_points_of_the_finding_at_either_end_are_whole_and_seen_on_both_grounds() -> None:
    """At MRR 1 nothing is cut; graphics need a contrast of 3:1 (WCAG 1.4.11), a hollow diamond a line that has it."""
    chart = figures.finding([record("avgmax", "NN", 1.0), record("avgmax", "VB", 0.0)], "en-de")
    assert all(trace.cliponaxis is False for trace in chart.data) and chart.layout.legend.y > 1
    themes = tomllib.loads((Path(__file__).resolve().parents[2] / ".streamlit/config.toml").read_text("utf-8"))["theme"]
    diamonds = chart.data[-1].marker
    assert diamonds.symbol == "diamond-open" and diamonds.line.width >= 2
    for theme in ("light", "dark"):
        ground = rgb(themes[theme]["backgroundColor"])
        for colour in set(diamonds.color):
            assert contrast(rgb(colour), ground) >= 3, (theme, colour)
