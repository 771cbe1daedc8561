"""The table of candidates: which are listed, in which order, and what a click chooses."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import streamlit as st

from cldi_core.insight.explanation import Candidate, Explanation
from cldi_core.insight.what_if import Edit
from pages._ui import candidates, load, told, view
from tests.pages.conftest import Shown, Url

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
    return Explanation("dog", "N", (*ranked, lost), (ranked[RIGHT[0] - 1], lost), 115.0, 2, NAN, None, 0.5)


@pytest.mark.parametrize(("chosen", "top"), [("", 10), ("10", 10), ("30", 30), ("100", 100), ("31", 10), ("x", 10)])
def test_the_best_and_every_right_answer_and_the_chosen_one_are_listed_once(
    shown: Shown, url: Url, found: Explanation, chosen: str, top: int
) -> None:
    url["top"] = chosen
    words = [one.word for one in candidates.listed(found, found.candidates[109])]
    assert words == [*(f"w{number}" for number in range(1, top + 1)), "w110", "w115", LOST]
    words = [one.word for one in candidates.listed(found, found.candidates[2])]
    assert words == [*(f"w{number}" for number in range(1, top + 1)), "w115", LOST]


def test_candidates_of_one_rank_are_in_the_order_of_their_scores(shown: Shown, found: Explanation) -> None:
    tied = tuple(replace(one, rank=2.0) for one in found.candidates[:3])
    words = [one.word for one in candidates.listed(replace(found, candidates=tied[::-1], gold=()), tied[0])]
    assert words == ["w1", "w2", "w3"]


def test_both_of_the_board_are_listed(shown: Shown, found: Explanation) -> None:
    words = [one.word for one in candidates.listed(found, found.candidates[49], found.candidates[79])]
    assert words == [*(f"w{number}" for number in range(1, 11)), "w50", "w80", "w115", LOST]


def drawn(
    shown: Shown, monkeypatch: pytest.MonkeyPatch, found: Explanation, *marked: Candidate
) -> tuple[Any, dict[str, Any]]:
    """The table and its options."""
    here = ("small", "vgg19", "en-de", "avgmax", "dog.N")

    def nearest(*given: Any) -> list[list[str]]:
        assert given[:-1] == (*here, Edit(("a",)))
        return [[f"{word}-{n}" for n in range(3)] for word in given[-1]]

    monkeypatch.setattr(told, "nearest", nearest)
    monkeypatch.setattr(load, "strip", lambda name, ids: f"{name}: {' '.join(ids)}")
    read: list[list[str]] = []
    monkeypatch.setattr(load, "thumbnails", lambda name, ids: read.append(ids))
    candidates.table(here, Edit(("a",)), found, marked)
    (ids,) = read
    assert ids == [f"{one.word}-{n}" for one in candidates.listed(found, *marked) for n in range(3)], "all in one go"
    options = shown.widget("candidates")
    return options["given"][0], options


def test_the_table_says_what_is_known_of_each(
    shown: Shown, monkeypatch: pytest.MonkeyPatch, found: Explanation
) -> None:
    table, options = drawn(shown, monkeypatch, found, found.candidates[0], found.gold[1])
    assert table["#"].tolist() == ["1", "2", "3", "4½", "4½", "6", "7", "8", "9", "10", "115", "–"]
    assert table["▸"].tolist() == ["▸"] + [""] * 10 + ["▸"]
    assert table["✓"].tolist() == [""] * 10 + ["✓"] * 2
    assert table["candidate"].tolist()[-3:] == ["w10", "w115", LOST]
    assert table["score"].tolist()[:2] == [0.995, 0.99] and math.isnan(table["score"].iloc[-1])
    assert table["behind"].tolist()[:11] == pytest.approx([(n - 1) / 200 for n in [*range(1, 11), 115]])
    assert table["pictures"][0] == "small: w1-0 w1-1 w1-2", "three of each"
    assert table["POS"].tolist()[-2:] == ["noun, verb", "adjective"]
    assert (options["hide_index"], options["selection_mode"]) == (True, "single-cell")
    assert options["alt"] == "Ranked candidates for dog"
    bar = options["column_config"]["behind"]["type_config"]
    assert (bar["min_value"], bar["max_value"]) == (0, pytest.approx(114 / 200))
    assert bar["type"] == "progress" and bar["format"] == "%.3f"
    assert options["column_config"]["pictures"]["type_config"]["type"] == "image"
    (told,) = shown.of("caption")
    assert told.startswith("The best 10 of 121 candidates, and every right answer. Click a row")
    control = shown.widget("top")
    assert control["given"] == ("Candidates listed", (10, 30, 100)) and st.session_state["top"] == 10


def test_ties_for_the_first_place_are_told(shown: Shown, monkeypatch: pytest.MonkeyPatch, found: Explanation) -> None:
    ranked = [replace(one, score=0.999, rank=2.0) for one in found.candidates[:3]]
    drawn(shown, monkeypatch, replace(found, candidates=(*ranked, *found.candidates[3:])), ranked[0])
    assert shown.of("caption")[0].startswith("Three words tie for first. The best 10")


def test_where_nothing_has_a_score_the_bar_has_a_scale(
    shown: Shown, monkeypatch: pytest.MonkeyPatch, found: Explanation
) -> None:
    _, options = drawn(shown, monkeypatch, replace(found, candidates=found.gold[1:], gold=found.gold[1:]))
    assert options["column_config"]["behind"]["type_config"]["max_value"] == 1.0


@pytest.mark.parametrize("column", ["▸", "#", "✓", "candidate", "pictures", "behind", "score", "POS"])
def test_a_click_anywhere_in_a_row_chooses_it(
    shown: Shown, monkeypatch: pytest.MonkeyPatch, found: Explanation, column: str
) -> None:
    listed = candidates.listed(found, found.candidates[0])
    table, options = drawn(shown, monkeypatch, found, listed[0])
    assert column in table
    gone: list[dict[str, str]] = []
    monkeypatch.setattr(view, "go", lambda **changes: gone.append(changes))
    for number, one in enumerate(listed):
        st.session_state["candidates"] = {"selection": {"rows": [], "columns": [], "cells": [(number, column)]}}
        options["on_select"]()
        assert gone[-1] == {"candidate": one.word}
        # Nothing stays chosen, so that nothing is chosen in the next word's table.
        assert st.session_state["candidates"]["selection"] == {"rows": [], "columns": [], "cells": []}
    st.session_state["candidates"] = {"selection": {"rows": [], "columns": [], "cells": []}}
    options["on_select"]()
    assert len(gone) == len(listed), "a click on the chosen cell leaves it"
