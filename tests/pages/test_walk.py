"""From word to word: search, previous and next, and the filter."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest
import streamlit as st

from pages._ui import draw, view, walk
from tests.pages.conftest import Shown, Url

ROWS = pd.DataFrame(
    {
        "query": ["run.V", "dog.N", "dog.V", "a.b.N"],
        "word": ["run", "dog", "dog", "a.b"],
        "pos": list("VNVN"),
        "rank": [1, 2.5, 12, math.nan],
    }
)


def walked(shown: Shown, word: str, *, ranked: bool = True) -> str:
    """The chosen query of a view of the four words."""
    current = view.View("small", "en-de", show="missed", word=word, candidate="Hund")
    st.session_state["view"] = current
    return walk.chooser(current, ROWS, ranked=ranked)


@pytest.mark.parametrize(
    ("word", "chosen"),
    [("dog.V", "dog.V"), ("dog", "dog.N"), ("a.b", "a.b.N"), ("run.V", "run.V"), ("", "run.V")],
)
def test_a_word_is_found_by_its_id_or_by_itself(shown: Shown, word: str, chosen: str) -> None:
    assert walked(shown, word) == chosen == st.session_state["word"]
    assert not [line for line in shown.of("caption") if "not among" in line]


@pytest.mark.parametrize("word", ["run.N", "a", "V", "*x*"])
def test_one_that_is_not_there_is_told_of(shown: Shown, word: str) -> None:
    assert walked(shown, word) == "run.V"
    assert shown.of("caption")[0] == f"“{draw.safe(word)}” is not among these words; showing the first."


def test_words_are_named_with_their_kind_and_rank(shown: Shown) -> None:
    walked(shown, "dog.N")
    box = shown.widget("word")
    assert box["given"] == ("Word", ROWS["query"].tolist())
    names = [box["format_func"](query) for query in ROWS["query"]]
    assert names == ["run · verb · #1", "dog · noun · #2½", "dog · verb · #12", "a.b · noun · no pictures"]
    assert shown.of("caption") == ["2 of 4, by rank"]
    filtered = shown.widget("show")
    assert filtered["given"] == ("Show", ["all", "found", "nearly", "missed"])
    assert [filtered["format_func"](one) for one in filtered["given"][1]] == ["All", "Found", "Nearly", "Missed"]
    assert st.session_state["show"] == "missed"


def test_without_ranks_there_is_nothing_to_filter_by(shown: Shown) -> None:
    walked(shown, "dog.N", ranked=False)
    assert shown.widget("word")["format_func"]("dog.N") == "dog · noun"
    assert shown.of("caption") == ["2 of 4, in alphabetical order"] and shown.of("segmented_control") == []


@pytest.mark.parametrize("place", range(4))
def test_previous_and_next_lead_to_the_neighbours(shown: Shown, url: Url, place: int) -> None:
    walked(shown, ROWS["query"][place])
    steps: dict[str, dict[str, Any]] = dict(zip(shown.of("button"), shown.options("button"), strict=True))
    for label, by, key in (("Previous", -1, "Left"), ("Next", 1, "Right")):
        one = steps[label]
        assert one["disabled"] == (not 0 <= place + by < 4) and one["shortcut"] == key
        assert one["icon"] == f":material/chevron_{key.lower()}:"
        if not one["disabled"]:
            one["on_click"](**one["kwargs"])
            assert url["word"] == ROWS["query"][place + by] and "candidate" not in url


def test_another_word_ends_the_choice_of_a_candidate_and_no_filter_is_all(shown: Shown, url: Url) -> None:
    walked(shown, "dog.N")
    st.session_state["word"] = "dog.V"
    shown.widget("word")["on_change"]()
    assert (url["word"], url["show"]) == ("dog.V", "missed") and "candidate" not in url
    for chosen, written in (("found", "found"), (None, "all")):
        st.session_state["show"] = chosen
        shown.widget("show")["on_change"]()
        assert url["show"] == written
