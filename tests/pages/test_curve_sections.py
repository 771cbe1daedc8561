"""Hubs, learning curves and risk–coverage on a page: what they draw, say and link to; and where nothing is stored."""

from __future__ import annotations

import math
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
import streamlit as st

from cldi_core import rankers
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import rankings, stored_scores
from cldi_core.evaluation.metrics import Interval
from cldi_core.evaluation.pairs import Pair
from cldi_core.insight import confidence, evidence, hubs, learning
from cldi_core.insight.ceiling import keep_ceilings
from cldi_core.insight.confidence import Area
from cldi_core.insight.hubs import Hubness
from pages._ui import (
    curve_figures,
    curve_words,
    failure_confidence,
    failure_hubs,
    failure_pictures,
    figures,
    load,
    view,
)
from pages._ui.foreign import in_figure
from tests.conftest import BACKBONE
from tests.pages.conftest import Shown, Url
from tests.pages_data import HOSTILE, german, pair_of, unescaped

SECTIONS = (failure_hubs, failure_pictures, failure_confidence)
WAYS = ("avgmax", "avgmax+csls", "knn")


@pytest.fixture
def current(wide: Dataset, shown: Shown) -> view.View:
    found = view.View(wide.name, "en-de", backbone=BACKBONE)
    st.session_state["view"] = found
    return found


@pytest.fixture
def stored(wide: Dataset, current: view.View) -> Pair:
    """Everything that the sections read."""
    pair, ways = pair_of(wide), [rankers.ranker(name) for name in WAYS]
    scored = stored_scores.scored(pair, ways)
    rankings.rankings(pair, ways, scored)
    evidence.keep_evidence(pair, ways, scored)
    hubs.keep_hubs(pair, ways, scored)
    keep_ceilings(pair)
    learning.keep_curve(pair, ["avgmax", "knn"], draws=2)
    return pair


def said(shown: Shown) -> str:
    return unescaped("\n".join(map(str, [*shown.of("markdown"), *shown.of("caption"), *shown.of("info")])))


@pytest.mark.parametrize(("section", "do"), list(zip(SECTIONS, ("score", "learning-curve", "score"), strict=True)))
def test_without_stored_numbers_each_section_names_the_command_alone(
    wide: Dataset, shown: Shown, url: Url, section: ModuleType, do: str
) -> None:
    current = view.View(wide.name, "en-fr", backbone=BACKBONE)
    st.session_state["view"] = current
    section.draw(current)
    (command,) = shown.of("code")
    assert command.startswith(wide.command(do, "--pair", "en-fr", "--backbone", BACKBONE))
    assert "nothing is stored" in said(shown) or "no learning curve is stored" in said(shown)
    assert not shown.of("plotly_chart") and not shown.of("dataframe")


def test_hubs_are_drawn_and_told_as_the_core_has_them(stored: Pair, current: view.View, shown: Shown) -> None:
    failure_hubs.draw(current)
    frames = hubs.stored_hubs(stored, map(rankers.ranker, WAYS))
    (figure,) = shown.of("plotly_chart")
    for trace, name in zip(figure.data, WAYS[:2], strict=True):
        told = hubs.distribution(frames[name])
        assert list(trace.y) == told.loc[told["n10"] > 0, "candidates"].tolist()
    top = hubs.greatest(frames["avgmax"], frames["avgmax+csls"])
    assert in_figure(str(top["word"][0])) in [note.text for note in figure.layout.annotations]
    (table,) = shown.of("dataframe")
    label = rankers.label("avgmax")
    assert set(table.index) == {rankers.label(name) for name in WAYS}
    assert table.loc[label, "skewness of N₁₀"] == figures.interval_text(hubs.hubness(frames["avgmax"]).skewness)
    text = said(shown)
    for row in top.to_dict("records"):
        assert f"**{row['word']}** ·" in text
        assert f"N₁₀ {row['n10']} → {row['n10_after']:.0f} · wins {row['wins']} → {row['wins_after']:.0f}" in text
    links = shown.options("page_link")
    ranked = load.rankings(current.dataset, BACKBONE, "en-de", "avgmax")
    assert links and ranked is not None
    for link in links:
        params = link["query_params"]
        row = ranked[ranked["query"] == params["word"]].iloc[0]
        assert (params["candidate"], params["method"]) == (row["winner"], "avgmax") and row["rank"] > 1
    assert shown.of("image"), "their pictures"


def test_under_a_corrected_method_the_method_itself_stands_before(
    stored: Pair, current: view.View, shown: Shown
) -> None:
    failure_hubs.draw(view.View(**{**vars(current), "method": "avgmax+csls"}))
    assert [trace.name for trace in shown.of("plotly_chart")[0].data] == ["AVGMAX", "AVGMAX + CSLS"]
    failure_hubs.draw(view.View(**{**vars(current), "method": "knn"}))
    assert shown.of("code")[0].endswith("--method knn+csls"), "what is not there yet"


def test_the_learning_curve_is_that_of_the_core(stored: Pair, current: view.View, shown: Shown, url: Url) -> None:
    url["curve"] = "knn"
    failure_pictures.draw(current)
    curve = learning.stored_curve(stored)
    assert curve is not None and shown.widget("curve")["given"] == ("Method", ["avgmax", "knn"])
    points = {(one.setting, one.size): one for one in learning.points(curve, "knn")}
    (figure,) = shown.of("plotly_chart")
    lines = [trace for trace in figure.data if trace.mode == "lines+markers"]
    assert len(lines) == 6
    assert list(lines[0].y) == [points["NN", size].mrr.value for size in learning.sizes_of(stored)]
    (table,) = shown.of("dataframe")
    n = points["VB", 0].mrr.n
    assert table.loc[f"MRR, verbs, n = {n}", "all"] == figures.interval_text(points["VB", 0].mrr)
    whole = learning.kept_whole(stored)
    assert table.loc["en words that keep all", "1"] == f"{whole[1][0]} of {whole[0][0]}"
    assert "2 draws (seed 0)" in said(shown)
    failure_pictures.draw(view.View(**{**vars(current), "method": "maxmax", "pos": "V"}))
    assert shown.of("code")[-1].endswith("--method maxmax")
    assert {trace.name for trace in shown.of("plotly_chart")[1].data if trace.showlegend} == {
        f"verbs, n = {n} (n too small)"
    }


def test_risk_and_coverage_are_those_of_the_core(stored: Pair, current: view.View, shown: Shown, url: Url) -> None:
    url["within"] = "NN"
    failure_confidence.draw(current)
    own = evidence.stored_evidence(stored, [rankers.ranker("avgmax")])["avgmax"]
    nouns = own[(own["pos"] == "N") & own["rank"].notna()].sort_values("margin", ascending=False, kind="stable")
    (figure,) = shown.of("plotly_chart")
    lines = {trace.name: trace for trace in figure.data}
    assert set(lines) == {"random order", "perfect order", *(one.label for one in confidence.CONFIDENCES.values())}
    expected = np.cumsum(nouns["rank"] > 1) / np.arange(1, len(nouns) + 1)
    assert lines["margin"].y[-1] == pytest.approx(expected.iloc[-1])
    assert lines["margin"].y == pytest.approx(expected.to_numpy())
    difference, kept, every = shown.of("dataframe")
    found = confidence.area(confidence.answers(own), "margin")
    column = next(name for name in difference if name.startswith("all words"))
    assert difference.loc["margin", column] == figures.gain_text(found.difference)
    assert set(every.index) == {rankers.label(name) for name in WAYS}
    assert every.loc["AVGMAX", "margin"] == figures.interval_text(found.area)
    assert set(kept.index) == set(difference.index)


def interval(value: float, reach: float = 0.05, n: int = 100) -> Interval:
    return Interval(value, value - reach, value + reach, n)


NONE = Interval(0.1, math.nan, math.nan, 9)


def area(name: str, difference: Interval, setting: str = "ALL") -> Area:
    return Area(name, setting, interval(0.5), 0.5, 0.2, difference, 120, 0)


def test_the_sentences_say_no_more_than_the_numbers() -> None:
    useless, better, worse = interval(0.01), interval(-0.2), interval(0.2)
    none = curve_words.sure([area("margin", useless), area("votes", worse)])
    assert none.startswith("None of these tells found from missed words better than chance. Worse than chance")
    some = curve_words.sure([area("margin", better), area("votes", useless)])
    assert "telling found from missed words: margin (area -0.20 [-0.25, -0.15]" in some and "KNN's votes" in some
    assert "cannot be told (n = 120)" in curve_words.sure([area("margin", NONE)])
    assert curve_words.sure([]).startswith("Nothing is known")
    within = curve_words.within([area("margin", better, "NN"), area("margin", useless, "VB")])
    assert within == "Better than chance within a part of speech – nouns (n = 120): margin; verbs (n = 120): none."
    hub, fewer = (
        Hubness(interval(4), 0.1, 10, 90, 0.5, 100, 100, 9.0),
        Hubness(interval(2), 0, 0, 30, 0.3, 100, 100, 9.0),
    )
    assert "more evenly. The MRR rises" in curve_words.corrected(hub, fewer, interval(0.2))
    assert "2.00 [1.93, 2.07] less" in curve_words.corrected(hub, fewer, None)
    assert "spread less evenly" in curve_words.corrected(fewer, hub, None)
    assert "cannot be told. The MRR changes" in curve_words.corrected(hub, hub, useless)
    assert "no finding" in curve_words.corrected(hub, hub, useless)
    told = curve_words.learning("AVGMAX", {"N": interval(0.1), "V": useless}, 20)
    assert "nouns better with all" in told and "verbs no difference" in told and "did not help" not in told
    assert curve_words.learning("AVGMAX", {"N": worse, "V": useless}, 5).count("did not help") == 0
    assert "did not help" in curve_words.learning("AVGMAX", {"N": interval(-0.1), "V": useless}, 5)
    assert "further behind" in curve_words.gap("AVGMAX", {1: useless, 0: worse})
    assert "come nearer" in curve_words.gap("AVGMAX", {1: worse, 0: useless})
    assert "cannot be told" in curve_words.gap("AVGMAX", {1: useless, 0: useless})
    assert "too few" in curve_words.gap("AVGMAX", {1: NONE, 0: useless}) and curve_words.gap("A", {0: useless}) == ""


def test_hostile_words_are_safe_in_figures() -> None:
    told = pd.DataFrame({"n10": [0, 3], "candidates": [2, 1], "share": [1, 0.5]})
    name = german(HOSTILE[0])
    figure = curve_figures.hubs({name: told}, 1.5, {name: name})
    assert figure.data[0].name == in_figure(name) == figure.layout.annotations[0].text and "<b>" not in figure.to_json()
