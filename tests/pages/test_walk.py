"""From word to word: search, previous and next, and a filter that stays."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest
import streamlit as st

from cldi_core.insight import explanation
from pages._ui import draw, view, walk
from tests.pages.conftest import Shown, Url

ROWS = pd.DataFrame(
    {
        "query": ["run.V", "dog.N", "dog.V", "show.V", "a.b.N"],
        "word": ["run", "dog", "dog", "show", "a.b"],
        "pos": list("VNVVN"),
        "rank": [1, 2.5, 12, 40, math.nan],
    }
)
ANSWERS = {
    "run.V": ("rennen", "laufen"), "dog.N": ("Hund",), "dog.V": ("verfolgen",), "show.V": ("Größe zeigen",),
    "a.b.N": ("Türkei",),
}  # fmt: skip


def walking(show: str = "all", pos: str = "NVA", *, ranked: bool = True) -> walk.Walk:
    """The five words, filtered."""
    return walk.Walk(ROWS, walk.fitting(ROWS, pos, show), ANSWERS, ranked)


def walked(shown: Shown, word: str, show: str = "all", pos: str = "NVA", *, ranked: bool = True) -> str:
    """The chosen query of a view of the five words."""
    current = view.View("small", "en-de", pos=pos, show=show, word=word, candidate="Hund")
    st.session_state["view"] = current
    return walk.chooser(current, walking(show, pos, ranked=ranked))


@pytest.mark.parametrize("show", list(view.SHOWS))
@pytest.mark.parametrize("pos", ["NVA", "V", "N", "A", "NA"])
def test_the_filter_is_by_outcome_and_part_of_speech(show: str, pos: str) -> None:
    wanted = [
        row.query
        for row in ROWS.itertuples()
        if row.pos in pos and show in ("all", explanation.outcome(float(str(row.rank))))
    ]
    assert list(walk.fitting(ROWS, pos, show)) == wanted


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("dog.V", "dog.V"), ("dog", "dog.N"), ("DOG", "dog.N"), ("Dog.v", "dog.V"), ("a.b", "a.b.N"), ("hund", "dog.N"),
        ("HUND", "dog.N"), ("Laufen", "run.V"), ("turkei", "a.b.N"), ("TÜRKEI", "a.b.N"), ("grosse zeigen", "show.V"),
        ("ru", "run.V"), ("verf", "dog.V"), ("zeig", "show.V"), ("nix", ""), ("", ""), (" ", ""), ("\u0301", ""),
    ],
)  # fmt: skip
def test_a_word_of_either_language_is_found_in_any_case(text: str, found: str) -> None:
    assert walk.find(walking(), text) == found


def test_a_word_is_looked_for_among_the_filtered_ones_first() -> None:
    assert walk.find(walking("missed"), "dog") == "dog.V" and walk.find(walking("found"), "dog") == "dog.N"


def test_the_first_visit_opens_a_missed_verb(shown: Shown) -> None:
    assert walked(shown, "") == "dog.V"
    assert walked(shown, "", pos="N") == "dog.N", "no missed noun: the first of the nouns"
    assert walked(shown, "", show="found") == "run.V"
    assert walked(shown, "", ranked=False) == "run.V"


def test_a_link_opens_its_word_although_the_filter_leaves_it_out(shown: Shown, url: Url) -> None:
    assert walked(shown, "run.V", show="missed", pos="N") == "run.V" == st.session_state["word"]
    told = next(line for line in shown.of("caption") if "filter" in line)
    assert told == "*run* is a verb, found; you filter *missed* nouns."
    button = shown.widget("show it")
    button["on_click"](**button["kwargs"])
    assert (url["word"], url["show"], url["pos"]) == ("run.V", "all", "NV"), "only what leaves it out is taken out"


def test_the_button_keeps_a_filter_that_the_word_fits(shown: Shown, url: Url) -> None:
    walked(shown, "show.V", show="missed", pos="N")
    button = shown.widget("show it")
    button["on_click"](**button["kwargs"])
    assert (url["show"], url["pos"]) == ("missed", "NV")


def filtered(shown: Shown, url: Url, word: str, show: str = "all", pos: str = "NVA") -> str:
    """The query that is chosen once the reader has filtered otherwise."""
    walked(shown, word)
    current = view.current()
    if show != "all":
        st.session_state["show"] = show
        shown.widget("show")["on_change"]()
    else:  # as the sidebar does
        view.go(pos=pos, **walk.filtered(pos=pos))
    assert (view.current().show, view.current().pos) == (show, pos) == (url["show"], url["pos"])
    assert current.word == word
    return walk.chooser(view.current(), walking(show, pos))


@pytest.mark.parametrize(("show", "pos", "first"), [("missed", "NVA", "dog.V"), ("all", "N", "dog.N")])
@pytest.mark.parametrize("word", ["run.V", "run"])
def test_a_change_of_the_filter_leads_to_its_first_word(
    shown: Shown, url: Url, show: str, pos: str, first: str, word: str
) -> None:
    """By the change itself, so that it is one entry in the browser's history; the word that is left out is told of."""
    assert filtered(shown, url, word, show, pos) == first
    assert "word" not in url and "candidate" not in url
    (told,) = [line for line in shown.of("caption") if "filter" in line]
    assert told.startswith("*run* is a verb, found; you filter ")
    button = shown.widget("show it")
    assert button["given"] == ("Show it",)
    button["on_click"](**button["kwargs"])
    assert url["word"] == "run.V"


@pytest.mark.parametrize(("word", "show", "pos"), [("dog.V", "missed", "NVA"), ("dog.V", "all", "A")])
def test_a_change_of_the_filter_that_fits_the_word_keeps_it(
    shown: Shown, url: Url, word: str, show: str, pos: str
) -> None:
    """So does one that would leave no word at all."""
    assert filtered(shown, url, word, show, pos) == word
    assert (url["word"], url["candidate"]) == ("dog.V", "Hund")
    told = ["*dog* is a verb, missed; you filter adjectives."] if pos == "A" else []
    assert [line for line in shown.of("caption") if "filter" in line] == told


def test_a_filter_leaves_a_word_that_was_not_walked_to(shown: Shown, url: Url) -> None:
    assert walk.filtered(pos="A") == {}, "nothing was shown yet"
    walked(shown, "run.V")
    st.session_state["view"] = view.View("small", "en-de", word="dog.V")
    assert walk.filtered(pos="N") == {}
    walked(shown, "dog.V", ranked=False)
    assert walk.filtered(show="found") == {}, "without ranks there is nothing to filter by"
    assert walk.filtered(pos="N") == {"word": "", "candidate": ""}


@pytest.mark.parametrize("word", ["xyz", "*x*", "[x](http://y.example)", "\x00"])
def test_one_that_is_not_there_is_told_of(shown: Shown, word: str) -> None:
    assert walked(shown, word) == "dog.V"
    assert shown.of("caption")[-1] == f"“{draw.safe(word)}” is no word of either language here; this is dog."


def test_words_are_named_with_their_answers_kind_and_rank(shown: Shown) -> None:
    walked(shown, "dog.N", show="missed")
    box = shown.widget("word")
    assert box["given"] == ("Word", ["dog.V", "show.V", "run.V", "dog.N", "a.b.N"]), "the filtered ones first"
    names = [box["format_func"](query) for query in ROWS["query"]]
    assert names == [
        "run → rennen, laufen · verb · #1", "dog → Hund · noun · #2½", "dog → verfolgen · verb · #12",
        "show → Größe zeigen · verb · #40", "a.b → Türkei · noun · no pictures",
    ]  # fmt: skip
    filtered = shown.widget("show")
    assert filtered["given"] == ("Show", ["all", "found", "nearly", "missed"])
    assert [filtered["format_func"](one) for one in filtered["given"][1]] == ["All", "Found", "Nearly", "Missed"]
    assert st.session_state["show"] == "missed"


@pytest.mark.parametrize(
    ("word", "show", "pos", "place"),
    [
        ("dog.V", "missed", "V", "missed verb 1 of 2"), ("dog.V", "all", "NVA", "word 3 of 5"),
        ("show.V", "all", "V", "verb 3 of 3"), ("run.V", "missed", "NV", "2 missed words"),
    ],
)  # fmt: skip
def test_the_place_is_among_those_that_are_filtered(shown: Shown, word: str, show: str, pos: str, place: str) -> None:
    walked(shown, word, show, pos)
    assert shown.of("caption")[0] == place


def test_without_ranks_there_is_nothing_to_filter_by(shown: Shown) -> None:
    walked(shown, "dog.N", ranked=False)
    assert shown.widget("word")["format_func"]("dog.N") == "dog → Hund · noun"
    assert shown.of("caption") == ["word 2 of 5, in alphabetical order"] and shown.of("segmented_control") == []


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("show", ["all", "missed", "found"])
def test_previous_and_next_lead_to_the_filtered_neighbours(shown: Shown, url: Url, place: int, show: str) -> None:
    among = walk.fitting(ROWS, "NVA", show)
    walked(shown, ROWS["query"][place], show)
    steps: dict[str, dict[str, Any]] = dict(zip(shown.of("button"), shown.options("button"), strict=True))
    for label, side, key in (
        ("Previous", ROWS["query"][:place][::-1], "Left"),
        ("Next", ROWS["query"][place + 1 :], "Right"),
    ):
        wanted = [query for query in side if query in among]
        one = steps[label]
        assert one["disabled"] == (not wanted) and one["shortcut"] == key
        assert one["icon"] == f":material/chevron_{key.lower()}:"
        if wanted:
            one["on_click"](**one["kwargs"])
            assert (url["word"], url["show"]) == (wanted[0], show) and "candidate" not in url


def test_another_word_ends_the_choice_of_a_candidate_and_no_filter_is_all(shown: Shown, url: Url) -> None:
    walked(shown, "dog.N", "missed")
    st.session_state["word"] = "dog.V"
    shown.widget("word")["on_change"]()
    assert (url["word"], url["show"]) == ("dog.V", "missed") and "candidate" not in url
    for chosen, written in (("found", "found"), (None, "all")):
        st.session_state["show"] = chosen
        shown.widget("show")["on_change"]()
        assert url["show"] == written


@pytest.mark.parametrize(
    ("present", "label", "key", "written"), [(False, "Present", None, "1"), (True, "End", "Esc", "")]
)
def test_a_presentation_begins_and_ends(
    shown: Shown, url: Url, present: bool, label: str, key: str | None, written: str
) -> None:
    url["present"] = "1" if present else ""
    walk.chooser(view.View(word="dog.V"), walking(), present=present)
    button = shown.widget("step-present")
    assert (button["given"], button["shortcut"]) == ((label,), key)
    button["on_click"](**button["kwargs"])
    assert url.get("present", "") == written
