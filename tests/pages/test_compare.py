"""Parts of the Compare page: the figures of each contender, and which word a click opens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
import streamlit as st

from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import significance as pairing
from cldi_core.insight import overview
from pages._ui import draw, figures, load, view
from pages._ui.contenders import label
from tests.conftest import BACKBONE
from tests.pages.conftest import Shown
from tests.pages_data import Event

ONE, TWO, THREE = (("avgmax", BACKBONE), ("maxmax", BACKBONE), ("pivot-sym", "vgg19"))
CURRENT = view.View("small", "en-de", "NV", "avgmax", BACKBONE, "found", "dog.N", "Hund")


@pytest.fixture
def compare(module: Callable[[str], ModuleType], shown: Shown, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr(view, "current", lambda: CURRENT)
    nothing = Event(selection=Event(points=[], cells=[]))
    shown.answers |= {"plotly_chart": nothing, "dataframe": nothing}
    return module("compare")


@pytest.fixture
def table() -> pd.DataFrame:
    """40 words; the second contender ranks most of them higher."""
    numbers = np.arange(40)
    return pd.DataFrame(
        {
            "query": [f"w{number}.N" for number in numbers], "word": [f"w{number}" for number in numbers],
            "pos": ["N", "V"] * 20, label(ONE): 2.0 + numbers % 5,
            label(TWO): np.where(numbers < 20, 1.0, np.where(numbers < 22, 2.0 + numbers % 5, 30.0)),
            label(THREE): 1.0 + numbers % 3,
        }
    )  # fmt: skip


def rankings(table: pd.DataFrame, contender: tuple[str, str]) -> pd.DataFrame:
    """The rankings of one contender in a table."""
    return table[["query", "word", "pos"]].assign(rank=table[label(contender)], same_spelled=False)


def test_each_contender_has_its_figures_and_what_it_covers_itself(
    compare: ModuleType, shown: Shown, table: pd.DataFrame
) -> None:
    frames = {label(one): rankings(table, one) for one in (ONE, TWO, THREE)}
    more = pd.DataFrame({"query": ["w90.N", "w91.A"], "word": ["w90", "w91"], "pos": list("NA"), "rank": [np.nan, 1.0]})
    frames[label(TWO)] = pd.concat([frames[label(TWO)], more.assign(same_spelled=False)])
    compare.metrics_table(CURRENT, table, frames)
    (drawn,) = shown.of("dataframe")
    assert drawn.columns.tolist() == ["", "MRR", "P@1", "P@10", "coverage", "MRR, missing as 0"]
    assert drawn[""].tolist() == [label(ONE), label(TWO), label(THREE)]
    for row, name in zip(drawn.to_dict("records"), map(label, (ONE, TWO, THREE)), strict=True):
        ranks = table[name]
        means = ((1 / ranks).mean(), (ranks <= 1).mean(), (ranks <= 10).mean())
        assert [row[figure].split(" ")[0] for figure in ("MRR", "P@1", "P@10")] == [f"{mean:.2f}" for mean in means]
        asked = 41 if name == label(TWO) else 40  # the adjective is not chosen
        assert row["coverage"] == f"{40 / asked:.2f}"
        assert row["MRR, missing as 0"].startswith(f"{(1 / ranks).sum() / asked:.2f} [")
    (caption,) = shown.of("caption")
    assert caption.startswith("en\\-de · noun, verb · 40 queries that all cover · 95 % intervals over n = 40 words")


def test_each_two_contenders_are_compared_for_each_part_of_speech(
    compare: ModuleType, shown: Shown, small: Dataset, table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "rankings", lambda name, backbone, pair, method: rankings(table, (method, backbone)))
    monkeypatch.setattr(load, "never_seen", lambda name, backbone, pair: frozenset(table["query"][:30]))
    compare.significance(CURRENT, [ONE, TWO, THREE], ())
    (drawn,) = shown.of("dataframe")
    assert drawn["of"].tolist() == ["together"] * 3 + ["nouns"] * 3 + ["verbs"] * 3
    pairs = list(zip(drawn["one"], drawn["other"], strict=True))[:3]
    assert pairs == [(label(ONE), label(TWO)), (label(ONE), label(THREE)), (label(TWO), label(THREE))]
    first, second = (1 / table[label(one)].to_numpy() for one in (ONE, TWO))
    alone = pairing.compare(first, second, table["word"].to_numpy(str))
    row = drawn.iloc[0]
    assert row[["won / lost / level", "n"]].tolist() == ["18 / 20 / 2", 40] and (alone.won, alone.lost) == (18, 20)
    assert row["difference to other (MRR)"] == figures.gain_text(alone.difference, -1) and row["p"] == f"{alone.p:.3f}"
    assert "9 comparisons" in shown.of("caption")[0]
    compare.significance(replace(CURRENT, pos="V"), [ONE, THREE], (BACKBONE,))
    assert shown.of("dataframe")[1][["of", "n"]].to_numpy().tolist() == [["verbs", 15]]


def test_what_is_not_scored_is_left_out_with_its_command(
    compare: ModuleType, shown: Shown, small: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []
    frames = {ONE: pd.DataFrame({"rank": [1.0]}), THREE: pd.DataFrame({"rank": [2.0]})}
    monkeypatch.setattr(
        load, "rankings",
        lambda name, backbone, pair, method: asked.append((name, pair)) or frames.get((method, backbone)),
    )  # fmt: skip
    found = compare.scored(CURRENT, [ONE, TWO, THREE])
    assert list(found) == [label(ONE), label(THREE)] and found[label(THREE)] is frames[THREE]
    assert set(asked) == {("small", "en-de")}
    (line,), (command,) = shown.of("info"), shown.of("code")
    assert line == draw.safe(
        "Not all of them are compared: for en-de there are no scores yet of MAXMAX with EfficientNet-Lite0."
    )
    assert command.endswith("--method maxmax")
    compare.scored(CURRENT, [ONE, THREE])
    assert len(shown.of("info")) == 1, "nothing is missing"


@pytest.mark.parametrize("alone", [False, True])
def test_words_that_no_learned_contender_saw_can_be_looked_at_alone(
    compare: ModuleType, shown: Shown, table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, alone: bool
) -> None:
    """What one of them saw is out, whatever the others saw."""
    unseen = {"vgg19": {"w1.N", "w2.N", "w3.N"}, BACKBONE: {"w2.N", "w3.N", "w4.N"}}
    monkeypatch.setattr(load, "never_seen", lambda name, backbone, pair: frozenset(unseen[backbone]))
    monkeypatch.setattr(load, "rankings", lambda name, backbone, pair, method: rankings(table, THREE))
    monkeypatch.setattr(compare.contenders, "chooser", lambda current: [ONE, ("vse", BACKBONE), THREE])
    st.query_params["unseen"] = "1" if alone else ""
    st.query_params["beside"] = "@".join(THREE)
    assert compare.unseen_alone([ONE, TWO]) == () and shown.of("toggle") == []
    assert compare.unseen_alone([ONE, THREE]) == (("vgg19",) if alone else ())
    monkeypatch.setattr(compare.contenders, "compared", lambda *given: asked.append(given) or [])
    asked: list[Any] = []
    compare.main()
    assert [given[-1] for given in asked] == [(BACKBONE, "vgg19") if alone else ()]
    assert f"{2 if alone else 40} queries that all cover" in shown.of("caption")[0]
    assert [options["key"] for options in shown.options("toggle")] == ["unseen"] * 2
    assert st.session_state["unseen"] is alone
    for on in (True, False):
        st.session_state["unseen"] = on
        shown.options("toggle")[-1]["on_change"]()
        assert st.query_params.get("unseen", "") == "1" * on


@pytest.mark.parametrize("number", [0, 7, 39])
def test_a_click_on_a_point_opens_its_word_under_the_first(
    compare: ModuleType, shown: Shown, table: pd.DataFrame, number: int
) -> None:
    compare.scatter(CURRENT, table, TWO, ONE)
    assert shown.of("switch_page") == [], "nothing was clicked"
    chart = shown.of("plotly_chart")[0]
    assert chart == figures.rank_scatter(
        table.assign(number=range(40)), label(TWO), label(ONE), (label(TWO), label(ONE))
    )
    shown.answers["plotly_chart"] = Event(selection=Event(points=[{"customdata": number}]))
    compare.scatter(CURRENT, table, TWO, ONE)
    assert shown.of("switch_page") == ["pages/word.py"]
    assert shown.options("switch_page")[0]["query_params"] == {
        "dataset": "small", "pair": "en-de", "pos": CURRENT.pos, "method": "maxmax", "backbone": BACKBONE,
        "show": CURRENT.show, "word": f"w{number}.N",
    }  # fmt: skip
    keys = {options["key"] for options in shown.options("plotly_chart")}
    compare.scatter(CURRENT, table, ONE, TWO)
    assert len(keys) == 1 and shown.options("plotly_chart")[-1]["key"] not in keys, "a chart of its own"
    assert shown.options("plotly_chart")[0]["on_select"] == "rerun"
    assert shown.options("plotly_chart")[0]["alt"] == "Ranks under the two methods"
    assert shown.options("plotly_chart")[0]["selection_mode"] == "points"


def test_the_clearest_wins_of_each_side_are_listed(compare: ModuleType, shown: Shown, table: pd.DataFrame) -> None:
    compare.wins(CURRENT, table, ONE, TWO)
    won, lost = overview.wins(table, label(ONE), label(TWO))
    assert (len(won), len(lost)) == (18, 20)
    assert shown.of("markdown") == [
        f"**{draw.safe(label(winner))} is better** on {count} queries" for winner, count in ((ONE, 18), (TWO, 20))
    ]
    first, second = shown.of("dataframe")
    assert first.columns.tolist() == ["word", "pos", label(ONE), label(TWO)]
    assert second.columns.tolist() == ["word", "pos", label(TWO), label(ONE)]
    assert first["word"].tolist() == won["word"].tolist()[:15] and second["word"].tolist() == lost["word"].tolist()[:15]
    assert (first[label(ONE)] < first[label(TWO)]).all() and (second[label(TWO)] < second[label(ONE)]).all()
    lines = [f"The 15 clearest of {count}; click a row to open the word." for count in (18, 20)]
    assert shown.of("caption") == lines
    assert len({options["key"] for options in shown.options("dataframe")}) == 2
    assert {options["selection_mode"] for options in shown.options("dataframe")} == {"single-cell"}
    assert {options["on_select"] for options in shown.options("dataframe")} == {"rerun"}
    for options in shown.options("dataframe"):
        columns = options["column_config"]
        assert [columns[label(one)]["label"] for one in (ONE, TWO)] == ["AVGMAX", "MAXMAX"]
        assert sum(column["width"] for column in columns.values()) <= 400, "half of a narrow window holds both ranks"


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("row", [0, 14])
def test_a_click_on_a_row_opens_its_word_under_the_winner(
    compare: ModuleType, shown: Shown, table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, side: int, row: int
) -> None:
    drawn: list[Any] = []

    def clicked(data: pd.DataFrame, **options: Any) -> Event:
        drawn.append(data)
        return Event(selection=Event(cells=[(row, "word")] if len(drawn) == side + 1 else []))

    monkeypatch.setattr(compare.st, "dataframe", clicked)
    compare.wins(CURRENT, table, ONE, TWO)
    (params,) = [options["query_params"] for options in shown.options("switch_page")]
    assert params["word"] == overview.wins(table, label(ONE), label(TWO))[side]["query"].iloc[row]
    assert params["method"] == (ONE, TWO)[side][0] and "candidate" not in params


@pytest.mark.parametrize("scored", [[], [ONE], [ONE, TWO], [ONE, TWO, THREE]])
def test_two_that_are_scored_are_needed(
    compare: ModuleType, shown: Shown, table: pd.DataFrame, small: Dataset, monkeypatch: pytest.MonkeyPatch,
    scored: list[tuple[str, str]],
) -> None:  # fmt: skip
    frames = {one: rankings(table, one) for one in scored}
    monkeypatch.setattr(compare.contenders, "chooser", lambda current: [ONE, TWO, THREE])
    monkeypatch.setattr(load, "rankings", lambda name, backbone, pair, method: frames.get((method, backbone)))
    monkeypatch.setattr(compare.glossary, "of", lambda *given: "")  # it looks into these rankings, too
    st.query_params["beside"] = "@".join(scored[-1]) if len(scored) > 2 else ""
    compare.main()
    assert len(shown.of("info")) == (len(scored) < 3) and len(shown.of("plotly_chart")) == (len(scored) > 1)
    if len(scored) > 1:
        assert shown.of("dataframe")[0][""].tolist() == [label(one) for one in scored]
        assert len(shown.of("dataframe")[1]) == {2: 3, 3: 9}[len(scored)], "each two, for each part of speech"
        assert shown.of("dataframe")[2].columns.tolist()[2:] == [label(ONE), label(scored[-1])]
    beside = [given for name, given, _ in shown.calls if name == "selectbox"]
    assert beside in ([], [("Beside the first", ["@".join(TWO), "@".join(THREE)])])
    assert len(beside) == (len(scored) > 2) == len(shown.of("toggle"))


@pytest.mark.parametrize("asked", ["", "@".join(ONE), "../x", "@".join(THREE)])
def test_who_stands_beside_the_first_is_one_of_the_others(compare: ModuleType, shown: Shown, asked: str) -> None:
    st.query_params["beside"] = asked
    assert compare.beside([ONE, TWO, THREE]) == (THREE if asked == "@".join(THREE) else TWO)
    assert shown.widget("beside")["format_func"]("@".join(THREE)) == label(THREE)
    assert compare.beside([ONE, TWO]) == TWO and len(shown.of("selectbox")) == 1, "there is nothing to choose"


def test_contenders_without_a_common_word_say_so(
    compare: ModuleType, shown: Shown, table: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = rankings(table, ONE).assign(rank=1.0)
    frames = {ONE: rows[:20], TWO: rows[20:]}
    monkeypatch.setattr(compare.contenders, "chooser", lambda current: [ONE, TWO])
    monkeypatch.setattr(load, "rankings", lambda name, backbone, pair, method: frames[method, backbone])
    compare.main()
    assert shown.of("info") == ["There is no word of these parts of speech that all of them cover."]
    assert shown.of("dataframe") == shown.of("plotly_chart") == []
