"""The table of candidates: which are listed, in which order, and what a click chooses."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st

from cldi_core.insight import explanation
from cldi_core.insight.explanation import Candidate, Explanation
from pages._ui import candidates, load, view
from tests.pages.conftest import Shown

NAN = math.nan
RIGHT, LOST = (115, "deep"), "lost"  # the rank and name of a right answer; one without pictures


def candidate(number: int) -> Candidate:
    return Candidate(f"w{number}", float(number), 1 - number / 200, gold=number == RIGHT[0], pos="NV", pictures=9)


@pytest.fixture
def found() -> Explanation:
    """120 candidates with a rank and a right answer without; two of the first ten share a rank."""
    ranked = [candidate(number) for number in range(1, 121)]
    ranked[3:5] = [replace(one, rank=4.5) for one in ranked[3:5]]
    lost = Candidate(LOST, NAN, NAN, True, "A", 0)
    return Explanation("dog", "N", (*ranked, lost), (ranked[RIGHT[0] - 1], lost), 115.0, 2, NAN, None, 0.5, 0.5)


@pytest.mark.parametrize(("chosen", "top"), [(None, 10), (10, 10), (30, 30), (100, 100)])
def test_the_best_and_every_right_answer_and_the_chosen_one_are_listed_once(
    shown: Shown, found: Explanation, chosen: int | None, top: int
) -> None:
    st.session_state["candidates listed"] = chosen
    words = [one.word for one in candidates.listed(found, found.candidates[109])]
    assert words == [*(f"w{number}" for number in range(1, top + 1)), "w110", "w115", LOST]
    words = [one.word for one in candidates.listed(found, found.candidates[2])]
    assert words == [*(f"w{number}" for number in range(1, top + 1)), "w115", LOST]


def test_candidates_of_one_rank_are_in_the_order_of_their_scores(shown: Shown, found: Explanation) -> None:
    tied = tuple(replace(one, rank=2.0) for one in found.candidates[:3])
    words = [one.word for one in candidates.listed(replace(found, candidates=tied[::-1], gold=()), tied[0])]
    assert words == ["w1", "w2", "w3"]


def drawn(
    shown: Shown, monkeypatch: pytest.MonkeyPatch, found: Explanation, chosen: Candidate
) -> tuple[Any, dict[str, Any]]:
    """The table and its options."""
    pair: Any = SimpleNamespace(target=SimpleNamespace(word_ids=lambda word: [f"{word}-{n}" for n in range(6)]))
    monkeypatch.setattr(load, "strip", lambda name, ids: f"{name}: {' '.join(ids)}")
    candidates.table("small", pair, found, chosen, "avgmax")
    options = shown.widget("candidates")
    return options["given"][0], options


def test_the_table_says_what_is_known_of_each(
    shown: Shown, monkeypatch: pytest.MonkeyPatch, found: Explanation
) -> None:
    table, options = drawn(shown, monkeypatch, found, found.gold[1])
    assert table["#"].tolist() == ["1", "2", "3", "4½", "4½", "6", "7", "8", "9", "10", "115", "–"]
    assert table["✓"].tolist() == [""] * 10 + ["✓"] * 2
    assert table["candidate"].tolist()[-3:] == ["w10", "w115", LOST]
    assert table["score"].tolist()[:2] == [0.995, 0.99] and math.isnan(table["score"].iloc[-1])
    assert table["pictures"][0] == "small: w1-0 w1-1 w1-2 w1-3", "four of each"
    assert table["POS"].tolist()[-2:] == ["noun, verb", "adjective"]
    assert (options["hide_index"], options["selection_mode"]) == (True, "single-row")
    assert options["alt"] == "Ranked candidates for dog"
    bar = options["column_config"]["score"]["type_config"]
    shown_ones = candidates.listed(found, found.gold[1])
    assert (bar["min_value"], bar["max_value"]) == explanation.score_range("avgmax", shown_ones)
    assert bar["type"] == "progress" and bar["format"] == "%.3f"
    assert options["column_config"]["pictures"]["type_config"]["type"] == "image"
    assert shown.of("caption") == ["The best 10 of 121 candidates, and every right answer. Click a row to see it."]
    control = shown.widget("candidates listed")
    assert control["given"] == ("Candidates listed", (10, 30, 100)) and control["default"] == 10


@pytest.mark.parametrize("place", [0, 4, 10, 11])
def test_the_chosen_row_is_marked_and_a_click_chooses_another(
    shown: Shown, monkeypatch: pytest.MonkeyPatch, found: Explanation, place: int
) -> None:
    listed = candidates.listed(found, found.candidates[0])
    _, options = drawn(shown, monkeypatch, found, listed[place])
    assert st.session_state["candidates"]["selection"] == {"rows": [place], "columns": [], "cells": []}
    gone: list[dict[str, str]] = []
    monkeypatch.setattr(view, "go", lambda **changes: gone.append(changes))
    for number, one in enumerate(listed):
        st.session_state["candidates"] = {"selection": {"rows": [number]}}
        options["on_select"]()
        assert gone[-1] == {"candidate": one.word}
    st.session_state["candidates"] = {"selection": {"rows": []}}
    options["on_select"]()
    assert len(gone) == len(listed), "a click on the marked row leaves it"
