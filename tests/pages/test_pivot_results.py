"""How well a model does: the table of one task, and what stands in its place."""

from __future__ import annotations

import math
from typing import Any

import pytest
import streamlit as st

from cldi_core.data.dataset import Dataset
from cldi_core.errors import CldiError
from cldi_core.evaluation.metrics import Interval
from cldi_core.pivot.models import Key
from pages._ui import draw, pivot_load, pivot_results
from tests.conftest import BACKBONE
from tests.pages.conftest import Shown, Url

KEY = Key(BACKBONE, "en-de", "pivot-sym")
NAN = math.nan


def record(model: str, label: str, **also: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"model": model, "label": label, "n": 40, "seeds": 3, "unknown": 0.125, "candidates": 30.0}
    for name, value in {"r@1": 0.1, "r@5": 0.3, "r@10": 0.5}.items():
        found |= Interval(value, value - 0.05, value + 0.05, 40).record(name)
    return found | {"median_rank": 17.25, "median_rank_low": 12.0, "median_rank_high": 22.0} | also


CHANCE = record("chance", "Chance", **{"r@1": 0.033, "r@5": 0.167, "r@10": 0.333}, median_rank=15.5,
                median_rank_low=NAN, median_rank_high=NAN)  # fmt: skip
RECORDS = [record("vse", "VSE"), record("pivot-sym", "PIVOT-SYM"), CHANCE]


def test_the_table_marks_the_model_and_gives_chance_no_interval() -> None:
    table = pivot_results.table(RECORDS, "pivot-sym")
    assert table.columns.tolist() == ["model", "R@1", "R@5", "R@10", "median rank", "n", "seeds", "words unknown"]
    assert table["model"].tolist() == ["VSE", "▸ PIVOT-SYM", "Chance"]
    assert table.iloc[0, 1:].tolist() == [
        "0.10 [0.05, 0.15]", "0.30 [0.25, 0.35]", "0.50 [0.45, 0.55]", "17.2 [12, 22]", 40, 3, "12%"
    ]  # fmt: skip
    assert table.iloc[2, 1:].tolist() == ["0.03", "0.17", "0.33", "15.5", 40, 3, ""]


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        (Interval(17, 12, 22, 40), "17 [12, 22]"),
        (Interval(1.5, 1.0, 2.5, 40), "1.5 [1, 2]"),
        (Interval(17, NAN, NAN, 12), "17 (n too small)"),
    ],
)
def test_ranks_are_written_shortly(interval: Interval, text: str) -> None:
    assert pivot_results.rank_text(interval, interval.n) == text


class Measured:
    """What the core says of a model: the languages in which it was tested, and what does not stand any more."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.languages: list[str] = ["en", "de"]
        self.stale = ("", "")
        self.asked: list[tuple[Any, ...]] = []
        monkeypatch.setattr(pivot_load, "left_out", lambda *given: self.stale)
        monkeypatch.setattr(pivot_load, "tested", lambda *given: self.languages)
        monkeypatch.setattr(pivot_load, "standing", lambda *given: self.asked.append(given) or RECORDS)
        monkeypatch.setattr(pivot_load, "margins", lambda *given: self.asked.append(given))


@pytest.fixture
def tested(monkeypatch: pytest.MonkeyPatch, shown: Shown, small: Dataset) -> Measured:
    return Measured(monkeypatch)


how_well = pivot_results.how_well.__wrapped__  # type: ignore[attr-defined]  # as its fragment runs


def test_a_task_is_shown_in_one_language(tested: Measured, shown: Shown) -> None:
    how_well("small", KEY)
    task, language = shown.options("segmented_control")
    assert (task["key"], task["required"]) == ("pivot task", True)
    assert (language["key"], language["required"]) == ("pivot tested text→picture", True)
    assert st.session_state["pivot task"] == "text→picture" and st.session_state["pivot tested text→picture"] == "en"
    assert shown.widget("pivot task")["given"] == ("Task", ("text→picture", "picture→text", "text→text"))
    assert shown.widget("pivot tested text→picture")["given"] == ("In", ["en", "de"])
    assert tested.asked == [("small", KEY, "text→picture", "en")] * 2
    assert shown.of("markdown") == [draw.safe("PIVOT-SYM has not been tested here yet.")]
    (table,), (options,) = shown.of("dataframe"), shown.options("dataframe")
    assert table["model"].tolist()[1] == "▸ PIVOT-SYM"
    assert options["hide_index"] and options["height"] == "content"
    assert options["alt"] == "Recall and median rank, text→picture"
    assert options["column_config"]["model"]["width"] == 210
    assert shown.of("caption")[0].startswith("n: items that training never saw") and shown.of("info") == []


def test_the_task_and_its_language_are_those_of_the_url(tested: Measured, shown: Shown, url: Url) -> None:
    url |= {"task": "picture→text", "tested": "de"}
    how_well("small", KEY)
    assert tested.asked == [("small", KEY, "picture→text", "de")] * 2
    st.session_state["pivot tested picture→text"] = "en"
    shown.widget("pivot tested picture→text")["on_change"]()
    assert (url["task"], url["tested"]) == ("picture→text", "en")
    st.session_state["pivot task"] = "text→text"
    shown.widget("pivot task")["on_change"]()
    assert url["task"] == "text→text" and "tested" not in url, "another task has languages of its own"


def test_what_does_not_stand_any_more_is_told_below_the_table(tested: Measured, shown: Shown) -> None:
    tested.stale = ("Not shown: *VSE*.", "pivot evaluate again")
    how_well("small", KEY)
    assert (shown.of("info"), shown.of("code")) == ([draw.safe("Not shown: *VSE*.")], ["pivot evaluate again"])
    tested.languages = []
    how_well("small", KEY)
    assert shown.of("info")[1:] == [draw.safe("Not shown: *VSE*.")] and len(shown.of("dataframe")) == 1
    assert shown.of("code")[1:] == ["pivot evaluate again"]


def test_a_task_that_was_not_tested_shows_the_command(tested: Measured, shown: Shown) -> None:
    tested.languages = []
    how_well("small", KEY)
    assert shown.of("info") == [draw.safe("No model has been tested on this task yet.")]
    assert shown.of("code") == [
        f"python -m cldi_core pivot evaluate --dataset small --pair en-de --backbone {BACKBONE}"
    ]
    assert shown.of("dataframe") == tested.asked == []


def test_an_error_is_one_line(tested: Measured, shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*given: Any) -> None:
        raise CldiError("ranks.parquet cannot be read")

    monkeypatch.setattr(pivot_load, "left_out", broken)
    how_well("small", KEY)
    assert shown.of("error") == [draw.safe("ranks.parquet cannot be read")]
