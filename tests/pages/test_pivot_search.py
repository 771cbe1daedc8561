"""What is asked of a trained space and what is drawn of the answers: pictures and descriptions to click on."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st

from cldi_core.evaluation.metrics import Interval
from cldi_core.pivot.certainty import Certainty, Described, Example, Examples, Reading
from cldi_core.pivot.models import Key
from cldi_core.pivot.search import Found
from pages._ui import draw, load, pivot_load, pivot_search, pivot_words
from pages._ui.pivot_search import Asked
from tests.pages.conftest import Shown, Url

KEY, OTHER = Key("net", "en-de", "pivot-sym"), Key("net", "en-de", "vse", "words", 2)
OFFERED = {"items/pivot-sym/0": KEY, "words/vse/2": OTHER}
ITEMS = {"red cow": "p1", "blue *sun* of the north": "p2", "green hat": "p3"}


def hit(item: str, score: float, rank: float = 1, part: str = "held out", *, own: bool = False) -> Found:
    return Found(item, ITEMS[item], f"text of {item}", score, rank, part, own)


HITS = [hit("red cow", 0.91), hit("blue *sun* of the north", 0.5, 2.5), hit("green hat", 0.25, 2.5)]


def index(*, bilingual: bool = True) -> Any:
    """A model and its three items, each with one picture and a description in each language."""
    items = {
        name: SimpleNamespace(id=name, asked={"en": (f"*{name}*", f"a {name}"), "de": (f"{name} auf Deutsch",)})
        for name in ITEMS
    }
    owners = {picture: items[name] for name, picture in ITEMS.items()}
    return SimpleNamespace(
        corpus=SimpleNamespace(languages=("en", "de"), item=items),
        row=dict.fromkeys(owners, 0),
        item_of=owners.__getitem__,
        keys=lambda scope: ("red cow", "blue *sun* of the north") if scope == "test" else tuple(ITEMS),
        part=lambda key, language="": f"part of {key} {language}".strip(),
        name=lambda key, language="": f"name of {key} {language}".strip(),
        picture=lambda item: ITEMS[item.id],
        model=SimpleNamespace(
            model=SimpleNamespace(bilingual=bilingual), any=SimpleNamespace(options=SimpleNamespace(encoder="bag"))
        ),
    )


def examples(language: str) -> Examples:
    good = Example(f"an *example* in {language}", "red cow", 1.0, 2)
    return Examples(good, Example("green hat", "green hat", 2.0, 2), Interval(0.5, 0.4, 0.6, 40), 1.5)


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the core is asked; it finds ``HITS``, and "zebra" is new to it."""
    asked: list[tuple[Any, ...]] = []

    def answer(name: str, found: Any) -> Callable[..., Any]:
        return lambda *given: asked.append((name, *given)) or found

    for name in ("pictures", "descriptions", "of_picture"):
        monkeypatch.setattr(pivot_load, name, answer(name, HITS))
    monkeypatch.setattr(pivot_load, "examples", lambda name, key, language, scope: examples(language))
    monkeypatch.setattr(pivot_load, "described", lambda *given: Described(1, 2, 1.0, 1))
    monkeypatch.setattr(
        pivot_load,
        "certainty",
        lambda *given: Certainty(Interval(0.5, 0.4, 0.6, 40), 20, 40, 0.4, 0.6, True, given[-2]),
    )
    monkeypatch.setattr(
        pivot_load, "reading",
        lambda name, key, text, language: Reading(
            {} if text == "?!" else {word: 2 * (word != "zebra") for word in text.split()}, 9, 70
        ),
    )  # fmt: skip
    monkeypatch.setattr(load, "thumbnails", lambda name, ids: {key: f"file {key}" for key in ids if key != "p3"})
    monkeypatch.setattr(load, "strip", lambda name, ids: " ".join(ids))
    return asked


def ask(text: str = "red cow", language: str = "en", scope: str = "test") -> Asked:
    return Asked("small", KEY, scope, language, text)


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        ({}, (KEY, "test")),
        ({"trained": "words/vse/2", "among": "all"}, (OTHER, "all")),
        ({"trained": "../x", "among": "train"}, (KEY, "test")),
    ],
)
def test_a_model_and_its_scope_are_those_of_the_url(
    shown: Shown, url: Url, asked: dict[str, str], chosen: tuple[Key, str]
) -> None:
    url |= asked
    assert pivot_search.model(OFFERED) == chosen
    box, control = shown.widget("pivot trained"), shown.widget("pivot among")
    assert box["given"] == ("Trained model", list(OFFERED)) and control["given"] == ("Search among", ["test", "all"])
    assert OFFERED[st.session_state["pivot trained"]] == chosen[0] and st.session_state["pivot among"] == chosen[1]
    assert box["format_func"]("words/vse/2") == "VSE · all items of some words held out · seed 2"
    assert [control["format_func"](one) for one in ("test", "all")] == ["Held-out items", "All items"]
    assert control["required"] is True


def test_another_choice_goes_into_the_url_and_forgets_the_picture(shown: Shown, url: Url) -> None:
    pivot_search.model(OFFERED)
    url["picture"] = "p2"
    st.session_state["pivot trained"] = "words/vse/2"
    shown.widget("pivot trained")["on_change"]()
    assert url["trained"] == "words/vse/2" and "picture" not in url


@pytest.mark.parametrize("text", ["", "  ", "red cow", " red cow ", "x" * 400])
def test_where_nothing_is_typed_there_is_an_example(
    there: list[tuple[Any, ...]], shown: Shown, url: Url, text: str
) -> None:
    url |= {"language": "de", "text": text}
    asked = pivot_search.question("small", KEY, "all", ("en", "de"))
    typed = text.strip()[:300]
    assert asked == Asked("small", KEY, "all", "de", typed or "an *example* in de") and asked.model == ("small", KEY)
    assert shown.of("caption") == [draw.safe(pivot_words.examples(examples("de"), "all"))]
    url["picture"] = "p1"
    for place, (name, example) in enumerate({"good": "an *example* in de", "bad": "green hat"}.items(), 1):
        button = shown.widget(f"pivot-{name}")
        assert button["given"] == (f"{name.capitalize()}: {draw.safe(example)}",)
        assert button["type"] == ("primary" if name == "good" and not typed else "secondary")
        assert button["help"] == draw.safe(f"{example}: its own picture is at place {place}")
        button["on_click"](**button["kwargs"])
        assert url["text"] == example and "picture" not in url
    box = shown.widget("pivot text")
    assert (box["placeholder"], box["max_chars"], st.session_state["pivot text"]) == (
        "an *example* in de",
        300,
        text[:300],
    )
    assert shown.widget("pivot language")["given"] == ("Language", ("en", "de"))
    assert shown.widget("pivot language")["required"] is True


def test_a_text_is_looked_for_in_its_own_language_and_described_in_the_other(
    there: list[tuple[Any, ...]], shown: Shown
) -> None:
    for language, other in (("en", "de"), ("de", "en")):
        there.clear()
        assert pivot_search.answers(ask(language=language), index()) == "p1"
        assert there == [
            ("pictures", "small", KEY, "red cow", language, "test"),
            ("descriptions", "small", KEY, "red cow", (language, other), "test"),
        ]
        assert shown.of("markdown")[-1] == f"**Nearest descriptions** · {other}"
    assert shown.of("markdown")[-2] == "**Nearest pictures** · of 2 items, a picture of each"
    assert st.session_state["pivot found"]["selection"]["rows"] == [0], "the row of the picture that is looked at"
    assert not [line for line in shown.of("caption") if "space of its own" in line]
    assert not [line for line in shown.of("markdown") if "Never read" in line]


def test_new_words_and_spaces_apart_are_told_of(there: list[tuple[Any, ...]], shown: Shown) -> None:
    assert pivot_search.answers(ask("a zebra"), index(bilingual=False)) == "p1"
    new = draw.safe("Never read: zebra; only spelling (n-grams) counts for such words.")
    assert shown.of("markdown")[0].startswith(
        f"{draw.safe('Training read 70 different words in en: “a” in 2 of 9 descriptions.')} :orange[{new}]  \n"
    )
    assert "**Texts like it: uncertain.**" in shown.of("markdown")[0]
    assert (
        shown.of("caption")[-1]
        == "Each language has a space of its own: descriptions are compared through training pictures."
    )


def test_a_text_without_a_word_finds_nothing_and_the_chosen_picture_stays(
    there: list[tuple[Any, ...]], shown: Shown, url: Url
) -> None:
    assert pivot_search.answers(ask("?!"), index()) == ""
    url["picture"] = "p2"
    assert pivot_search.answers(ask("?!"), index()) == "p2"
    assert shown.of("info")[0] == (
        f"“{draw.safe('?!')}” holds no word, so nothing can be looked for. Type letters or digits."
    )
    assert there == [] and shown.of("button") == []


@pytest.mark.parametrize(
    ("clicked", "scope", "looked_at"),
    [("", "test", "p1"), ("p2", "test", "p2"), ("p3", "test", "p1"), ("p3", "all", "p3"), ("gone", "all", "p1")],
)
def test_a_clicked_picture_is_looked_at_where_it_is_among_the_items(
    shown: Shown, url: Url, clicked: str, scope: str, looked_at: str
) -> None:
    url["picture"] = clicked
    found = index()
    assert pivot_search.chosen(found, found.keys(scope), HITS) == looked_at
    assert pivot_search.chosen(found, found.keys(scope), []) == ("" if looked_at != clicked else clicked)


def test_a_card_is_a_picture_and_a_button_that_chooses_it(there: list[tuple[Any, ...]], shown: Shown, url: Url) -> None:
    pivot_search.cards("small", HITS, "p2")
    assert shown.of("image") == [["file p1"], ["file p2"]]
    assert [options["alt"] for options in shown.options("image")] == [
        ["text of red cow, held out, similarity 0.91"], ["text of blue *sun* of the north, held out, similarity 0.50"]
    ]  # fmt: skip
    assert [given[1] for name, given, _ in shown.calls if name == "image"] == ["0.91", "0.50"]
    assert shown.of("caption") == ["missing or broken 0.25"], "what training had of them is the same"
    assert shown.of("button") == [
        draw.safe(f"text of {name}") for name in ("red cow", "blue *sun* of the north", "green hat")
    ]
    buttons = shown.options("button")
    assert [one["type"] for one in buttons] == ["secondary", "primary", "secondary"]
    assert [one["key"] for one in buttons] == ["pivot-card-0", "pivot-card-1", "pivot-card-2"]
    assert buttons[0]["help"] == draw.safe("text of red cow (held out): show the descriptions nearest to this picture")
    for one, picture in zip(buttons, ITEMS.values(), strict=True):
        one["on_click"](*one["args"])
        assert url["picture"] == picture


def test_long_names_are_cut_between_words() -> None:
    assert pivot_search.cut("red  cow") == "red  cow"
    long = "a very long description of a red cow that eats"
    assert pivot_search.cut(long) == "a very long description of a red cow …"
    assert len(pivot_search.cut("x" * 99)) <= pivot_search.NAMED


def test_cards_say_what_training_had_where_that_differs(there: list[tuple[Any, ...]], shown: Shown) -> None:
    pivot_search.cards("small", [HITS[0], hit("blue *sun* of the north", 0.5, 2, "training")], "")
    assert [given[1] for name, given, _ in shown.calls if name == "image"] == ["0.91 · held out", "0.50 · training"]


def test_a_list_of_descriptions_marks_the_item_that_is_looked_at(
    there: list[tuple[Any, ...]], shown: Shown, url: Url
) -> None:
    twice = [*HITS, hit("green hat", 0.1, 4)]
    pivot_search.listing("small", twice, "some list", "What it is", "green hat")
    table, options = shown.of("dataframe")[0], shown.options("dataframe")[0]
    assert table.columns.tolist() == ["#", "picture", "description", "similarity"]
    assert table["#"].tolist() == ["1", "2½", "2½", "4"] and table["picture"].tolist() == ["p1", "p2", "p3", "p3"]
    assert table["similarity"].tolist() == [0.91, 0.5, 0.25, 0.1]
    assert (options["key"], options["alt"], options["hide_index"]) == ("some list", "What it is", True)
    assert options["selection_mode"] == "single-row"
    assert st.session_state["some list"]["selection"] == {"rows": [2], "columns": [], "cells": []}
    for number, picture in enumerate(("p1", "p2", "p3", "p3")):
        st.session_state["some list"] = {"selection": {"rows": [number]}}
        options["on_select"]()
        assert url["picture"] == picture
    st.session_state["some list"] = {"selection": {"rows": []}}
    options["on_select"]()
    assert url["picture"] == "p3"
    pivot_search.listing("small", HITS, "another", "What", "elsewhere")
    assert st.session_state["another"]["selection"]["rows"] == []
    pivot_search.listing("small", [], "none", "What", "")
    assert shown.of("info") == ["There are no such descriptions here."] and "none" not in st.session_state


def test_a_list_says_which_are_its_own_and_what_training_had(there: list[tuple[Any, ...]], shown: Shown) -> None:
    mixed = [hit("red cow", 0.9, own=True), hit("green hat", 0.2, 2, "training")]
    pivot_search.listing("small", mixed, "list", "What", "", own=True)
    (table,) = shown.of("dataframe")
    assert table.columns.tolist() == ["#", "✓", "picture", "description", "similarity", "in training?"]
    assert shown.options("dataframe")[0]["height"] == 38 * 9 + 40, "as high as with its own beyond the first eight"
    assert table["✓"].tolist() == ["✓", ""] and table["in training?"].tolist() == ["held out", "training"]


@pytest.mark.parametrize("picture", ["p1", "p3"])
def test_a_picture_is_shown_with_what_is_said_of_it(there: list[tuple[Any, ...]], shown: Shown, picture: str) -> None:
    item = {one: name for name, one in ITEMS.items()}[picture]
    pivot_search.of_picture(ask(scope="all"), index(), picture)
    assert shown.of("image") == ([] if picture == "p3" else [["file p1"]])
    assert [options["alt"] for options in shown.options("image")] == [[f"name of {item} en"]] * (picture == "p1")
    assert shown.of("markdown") == [
        f"**name of {item} en** · part of {item}", "**Nearest descriptions** · en", "**Nearest descriptions** · de"
    ]  # fmt: skip
    assert shown.of("caption") == [
        f"**en** (part of {item} en): \\*{item}\\*", f"**en** (part of {item} en): a {item}",
        f"**de** (part of {item} de): {item} auf Deutsch",
    ]  # fmt: skip
    assert there == [("of_picture", "small", KEY, picture, language, "all") for language in ("en", "de")]
    keys = [f"pivot of picture {language}" for language in ("en", "de")]
    assert [options["key"] for options in shown.options("dataframe")] == keys
    assert all("✓" in table for table in shown.of("dataframe"))
    place = list(ITEMS).index(item)
    assert [st.session_state[key]["selection"]["rows"] for key in keys] == [[place], [place]]


def test_a_point_of_the_map_is_the_item_that_is_looked_at(shown: Shown, url: Url) -> None:
    plane: Any = SimpleNamespace(items=("green hat", "red cow"))
    for number, picture in ((0, "p3"), (1, "p1"), (2, "p1"), (-1, "p1")):
        st.session_state["map"] = {"selection": {"points": [{"x": 1.0}, {"customdata": number}]}}
        pivot_search.pick_point("map", index(), plane)
        assert url["picture"] == picture
    st.session_state["map"] = {"selection": {"points": []}}
    pivot_search.pick_point("map", index(), plane)
    assert url["picture"] == "p1"
