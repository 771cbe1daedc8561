"""Parts of the Map page: what is drawn, what a choice writes into the URL, and what stands beside the map."""

from __future__ import annotations

import io
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import streamlit as st

from cldi_core.data.dataset import Dataset
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.insight import map_labels, map_layout, map_selection, maps
from pages._ui import draw, load, map_figures, map_load, map_panel, map_pictures, map_point, view, words
from tests import ranked
from tests.conftest import BACKBONE
from tests.pages.conftest import Shown, Url
from tests.pages_data import Event

CURRENT = view.View("small", "en-de", "NV", "maxmax", BACKBONE, "found", "dog.N", "Hund")


@pytest.fixture
def pair(small: Dataset) -> Pair:
    return open_pair(small, BACKBONE, "en-de")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The charts and the panels of the page, with what they were given."""
    found: list[dict[str, Any]] = []
    monkeypatch.setattr(
        map_point, "chart", lambda figure, shown, **how: found.append({"figure": figure, "shown": shown, **how})
    )
    monkeypatch.setattr(map_panel, "show", lambda *given: found.append({"panel": given}))
    monkeypatch.setattr(map_pictures, "show", lambda *given: None)
    return found


@pytest.fixture
def page(
    module: Callable[[str], ModuleType], shown: Shown, small: Dataset, pair: Pair, drawn: list,
    monkeypatch: pytest.MonkeyPatch,
) -> ModuleType:  # fmt: skip
    """The page of the tiny data set, whose points lie where a test can count them."""
    frame = ranked.rankings(pair, ["maxmax"])["maxmax"]
    monkeypatch.setattr(view, "current", lambda: CURRENT)
    here = ("small", BACKBONE, "en-de")
    monkeypatch.setattr(load, "pair_of", lambda *given: {here: pair}[given])
    monkeypatch.setattr(load, "rankings", lambda *given: frame)
    monkeypatch.setattr(load, "coordinates", lambda name, backbone, kind: maps.coordinates(small, backbone, kind))
    monkeypatch.setattr(map_load, "placed", lambda name, backbone, pair_name, kind, method, letters: maps.placed(
        maps.coordinates(small, backbone, kind), pair, load.rankings(), letters))  # fmt: skip
    monkeypatch.setattr(map_load, "labels", lambda *given: [map_labels.Label("things", 0.1, 0.2, 5, 9)])
    return module("map")


def map_of(kind: str) -> maps.Map:
    made: maps.Map = map_load.placed("small", BACKBONE, "en-de", kind, "maxmax", "NV")
    return made


@pytest.mark.parametrize("kind", ["words", "pictures"])
@pytest.mark.parametrize("colouring", ["pos", "language", "outcome"])
@pytest.mark.parametrize("joined", [True, False])
def test_the_map_is_that_of_the_core(
    page: ModuleType, shown: Shown, drawn: list, url: Url, pair: Pair, kind: str, colouring: str, joined: bool
) -> None:
    url |= {"kind": kind, "colour": colouring} | ({"join": "1"} if joined else {})
    page.main()
    core = map_of(kind)
    table, every = core.table, np.ones(len(core.table), bool)
    groups = [
        (words.group(colouring, value, mask), map_figures.group_colour(colouring, value, ("en", "de")), mask)
        for value, mask in maps.groups(table, colouring, ("en", "de"))
    ]
    assert len(groups) > 0 and len(table) > 3
    joins = maps.joins(table, core.xy, pair, every) if joined and kind == "words" else None
    wanted = map_figures.scatter_map(*core.xy.T, np.arange(len(table)), groups, table["label"].tolist(), joins)
    map_figures.framed(wanted, map_figures.ranges(core.limits), [map_labels.Label("things", 0.1, 0.2, 5, 9)])
    (chart,) = drawn
    assert chart["figure"] == wanted
    assert chart["alt"] == f"Map of {kind}, coloured by {page.COLOURINGS[colouring].lower()}"
    assert shown.of("caption")[0].startswith(f"{len(table)} of {len(table)} {kind} · ")
    assert shown.of("title") == ["Map"] and not shown.of("info")
    assert shown.widget("join")["disabled"] == (kind == "pictures")
    assert st.session_state["join"] == (joined and kind == "words"), "the link keeps it for the words"


def test_what_is_not_chosen_is_grey_and_what_is_stands_beside_the_map(
    page: ModuleType, drawn: list, url: Url, pair: Pair
) -> None:
    url |= {"chosen": "word~en~dog", "join": "1"}
    page.main()
    chart, panel = drawn
    lines, grey, own, ring = chart["figure"].data
    table = map_of("words").table
    assert (lines.name, len(lines.x)) == ("translations", 6), "those of the chosen word: Hund and Köter"
    assert (grey.name, grey.marker.color) == (f"not chosen, n = {len(table) - 1}", map_figures.UNCHOSEN)
    assert own.name == "nouns, n = 1" and table["word"][own.customdata[0]] == "dog"
    assert sorted([*grey.customdata, *own.customdata]) == list(range(len(table)))
    assert ring.name == "chosen" and "dog (en)" in chart["figure"].layout.annotations[0].text
    current, rows, pictures, kind, total = panel["panel"]
    assert (current, rows["label"].tolist(), kind, total) == (CURRENT, ["dog (en)"], "words", len(table))
    assert pictures == {("en", "dog"): pair.dataset.members("en")["dog"]}
    for changed in ({"colour": "language"}, {"join": ""}, {"kind": "pictures"}):
        url |= changed
        page.main()
        assert drawn[-1]["panel"][2] == pictures, "the selection survives"


def test_maps_by_umap_and_by_pca_say_so(page: ModuleType, monkeypatch: pytest.MonkeyPatch, small: Dataset) -> None:
    def caption(kind: str, method: str, **attrs: int) -> str:
        made = maps.coordinates(small, BACKBONE, kind)
        made.attrs |= {"method": method, **attrs}
        monkeypatch.setattr(load, "coordinates", lambda *given: made)
        shown = map_of(kind)
        shown.outside[:2] = True
        told: str = page.caption(
            CURRENT, maps.Map(shown.table, shown.xy, shown.outside, shown.limits, method, ""), kind, 5
        )
        return told

    assert " words · 2 far ones at the rim · UMAP, seeded. Near on the map" in caption("words", "umap")
    command = f"python -m cldi_core project --dataset small --backbone {BACKBONE}"
    monkeypatch.setattr(load, "command", lambda *given: command)
    assert draw.safe(f"PCA; for UMAP run: {command}") in caption("pictures", "pca")
    sampled = draw.safe(f"PCA of a sample of 17 of 20,000 pictures; for UMAP run: {command}")
    assert sampled in caption("pictures", "pca", of=20_000)
    monkeypatch.setattr(map_layout, "FEWEST", 2)
    by_few = draw.safe("of a sample of 14 of 3,000 words, each by at most 3 pictures; for")
    assert by_few in caption("words", "pca", of=3000, pictures=3)
    monkeypatch.setattr(map_layout, "FEWEST", 17)
    placed = "UMAP, seeded, of 9 of 17 pictures, the rest placed by the nearest of these. Near"
    assert placed in caption("pictures", "umap", fitted=9)
    few = caption("words", "pca")
    assert draw.safe("PCA: UMAP needs 17 words") in few and "project" not in few


@pytest.mark.parametrize("colouring", ["pos", "outcome"])
def test_without_ranks_all_but_what_was_found_can_be_shown(
    page: ModuleType, drawn: list, url: Url, pair: Pair, monkeypatch: pytest.MonkeyPatch, colouring: str
) -> None:
    missing: list[Any] = []
    url["colour"] = colouring
    shown = map_of("words")
    monkeypatch.setattr(map_load, "placed", lambda *given: shown)
    monkeypatch.setattr(load, "rankings", lambda *given: None)
    monkeypatch.setattr(draw, "unranked", lambda *given: missing.append(given))
    page.main()
    unknown = (CURRENT, "What was found or missed is not known", ("maxmax", BACKBONE))
    assert missing == [unknown] * (colouring == "outcome")
    assert len(drawn) == (colouring == "pos")


def test_no_word_of_a_kind_has_pictures(
    page: ModuleType, shown: Shown, drawn: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(map_load, "placed", lambda *given: SimpleNamespace(table=pd.DataFrame({"x": []})))
    page.main()
    assert shown.of("info") == ["No word of these parts of speech has pictures."] and not drawn


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ({"chosen": "nonsense"}, "What the link chooses cannot be read."),
        (
            {"chosen": "area~words~old~0~0~1~0~1~1"},
            "The selection was drawn on a map that has changed since: draw it again.",
        ),
        ({"chosen": "word~en~big"}, "Nothing of what was chosen is among these words."),  # an adjective
        ({"search": "hunt"}, "“hunt” is not on this map of words. Did you mean “Hut” or “Hund”?"),
        ({"search": "   "}, ""),
    ],
    ids=["nonsense", "another map", "not shown", "a typing error", "nothing typed"],
)  # fmt: skip
def test_what_is_not_there_is_one_line(
    page: ModuleType, shown: Shown, drawn: list, url: Url, asked: dict[str, str], line: str
) -> None:
    url |= asked
    page.main()
    assert shown.of("info") == [draw.safe(line)] * bool(line)
    assert len(drawn) == 1, "the map is there, and nothing beside it"


def test_choices_go_into_the_link(page: ModuleType, url: Url, monkeypatch: pytest.MonkeyPatch) -> None:
    core = map_of("words")
    st.session_state["view"] = CURRENT
    url["search"] = "dog"
    box = {"x": [0.2, -0.1], "y": [0.3, -0.2]}
    lasso = {"x": [0, 0.3, 0.3], "y": [0, 0, 0.3]}
    for selection, wanted in (
        ({"box": [box], "points": [{"customdata": 1}]}, map_selection.area(core, box["x"], box["y"])),
        ({"lasso": [lasso]}, map_selection.area(core, lasso["x"], lasso["y"])),
        ({"points": [{"x": 1.0}, {"customdata": 4}]}, map_selection.point(core, 4)),
    ):
        map_point.choose(map_point.event(Event(selection=Event(selection)), core))
        assert wanted is not None and url["chosen"] == wanted.text() and "search" not in url
    kept = url["chosen"]
    map_point.choose(map_point.event(Event(selection=Event(points=[], box=[], lasso=[])), core))
    assert url["chosen"] == kept, "a click beside the points changes nothing"
    map_panel.clear()
    assert "chosen" not in url


def rows_of(count: int) -> tuple[pd.DataFrame, dict[tuple[str, str], list[str]]]:
    """Chosen words of both languages by turns, with twelve pictures each."""
    own = {
        (("en", "de")[number % 2], f"*w{number}*"): [f"{number}-{one}" for one in range(12)] for number in range(count)
    }
    rows = pd.DataFrame(list(own), columns=["language", "word"]).assign(pos="N", x=0.5, y=1.5, outcome="found")
    return rows, own


@pytest.fixture
def strips(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """The pictures that are drawn."""
    found: list[tuple[Any, ...]] = []
    monkeypatch.setattr(load, "opened", lambda name: SimpleNamespace(back=lambda pair: "de-en"))
    monkeypatch.setattr(draw, "row", lambda name, ids, alt, *, width: found.append((name, ids, alt)))
    monkeypatch.setattr(draw, "grid", lambda name, ids, alt, key, *, width: found.append((name, ids, alt)))
    st.session_state["view"] = CURRENT
    return found


@pytest.mark.parametrize("count", [2, map_panel.STRIPS, map_panel.STRIPS + 1])
def test_each_chosen_word_has_a_strip_and_a_link(shown: Shown, strips: list[tuple[Any, ...]], count: int) -> None:
    rows, own = rows_of(count)
    map_panel.show(CURRENT, rows, own, "words", 1500)
    listed = list(own.items())[: map_panel.STRIPS]
    assert shown.of("header") == [f"{count} of 1,500 words"]
    assert strips == [("small", ids[: map_panel.PICTURES], word) for (_, word), ids in listed]
    assert shown.of("markdown") == [f"**{draw.safe(word)}** · {one} · 12 pictures" for (one, word), _ in listed]
    links = [options["query_params"] for options in shown.options("page_link")]
    assert [(link["pair"], link["word"]) for link in links] == [
        ({"en": "en-de", "de": "de-en"}[one], word) for (one, word), _ in listed
    ]
    everything = [options for options in shown.options("button") if "kwargs" in options]
    assert [map_selection.read(options["kwargs"]["chosen"]) for options in everything] == [
        map_selection.Chosen("words", language=one, word=word) for (one, word), _ in listed
    ], "and a click shows all twelve"
    assert shown.of("caption") == [f"1–{map_panel.STRIPS} of {count}"] * (count > map_panel.STRIPS)


def test_one_word_has_all_its_pictures(shown: Shown, strips: list[tuple[Any, ...]]) -> None:
    rows, own = rows_of(1)
    map_panel.show(CURRENT, rows, own, "words", 3)
    assert strips == [("small", own["en", "*w0*"], "*w0*")]
    assert len(shown.options("page_link")) == 1


def test_the_selection_comes_as_csv(shown: Shown, strips: list[tuple[Any, ...]]) -> None:
    rows, own = rows_of(9)
    map_panel.show(CURRENT, rows.assign(word="=evil()"), own, "words", 3)
    (given,) = [given for name, given, _ in shown.calls if name == "download_button"]
    read = pd.read_csv(io.BytesIO(given[1]()), encoding="utf-8-sig")
    assert list(read.columns) == ["language", "word", "part of speech", "x", "y", "outcome"] and len(read) == 9
    assert set(read["part of speech"]) == {"noun"} and set(read["x"]) == {0.5} and set(read["word"]) == {"'=evil()"}
    assert given[2] == f"map-en-de-{BACKBONE}-9-words.csv"
    assert map_panel.table(rows.assign(id="a")).columns[0] == "id"
