"""Parts of the Data page: its sections, the findings, the worst first, and the licence of every picture."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
import streamlit as st

from cldi_core.data import wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.data.ids import PictureIds
from cldi_core.insight.health import Finding
from pages._ui import data_health, data_licences, draw, load, view
from tests.conftest import BACKBONE
from tests.pages.conftest import Shown, Url

CURRENT = view.View("small", "en-de", backbone=BACKBONE)


@pytest.fixture(autouse=True)
def _nothing_cached(small: Dataset) -> None:
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.mark.parametrize(("asked", "section"), [("", "sets"), ("features", "features"), ("<b>", "sets")])
def test_the_url_says_which_section_is_drawn(
    module: Callable[[str], ModuleType], shown: Shown, url: Url, monkeypatch: pytest.MonkeyPatch,
    asked: str, section: str,
) -> None:  # fmt: skip
    page = module("data")
    url["section"] = asked
    monkeypatch.setattr(view, "current", lambda: CURRENT)
    drawn: list[Any] = []
    for name, (title, _) in page.SECTIONS.items():
        monkeypatch.setitem(page.SECTIONS, name, (title, lambda current, name=name: drawn.append((name, current))))
    page.main()
    assert drawn == [(section, CURRENT)] and shown.of("title") == ["Data"]
    assert shown.widget("section")["given"] == ("Section", list(page.SECTIONS))
    assert shown.of("markdown") == ["**Small** (small)"] and shown.of("caption") == [], "nothing is told about it"
    assert list(page.SECTIONS) == ["sets", "import", "collect", "health", "features", "pictures"], "names of links"


@pytest.mark.parametrize("levels", [["info", "warning", "error", "info"], ["info"], []])
def test_findings_are_listed_the_worst_first(shown: Shown, monkeypatch: pytest.MonkeyPatch, levels: list[str]) -> None:
    found = [
        Finding(level, f"area {number}", f"text {number}", f"step {number}") for number, level in enumerate(levels)
    ]
    monkeypatch.setattr(load, "findings", lambda name: found)
    data_health.findings(CURRENT)
    assert shown.options("dataframe")[0]["hide_index"] is True
    (table,) = shown.of("dataframe")
    order = [number for level in ("error", "warning", "info") for number, own in enumerate(levels) if own == level]
    assert table["area"].tolist() == [f"area {number}" for number in order]
    assert table["level"].tolist() == [levels[number] for number in order]
    marks = {"error": "✕", "warning": "!", "info": "·"}
    assert table[""].tolist() == [marks[levels[number]] for number in order]
    assert table["what"].tolist() == [f"text {number}" for number in order]
    assert table["next step"].tolist() == [f"step {number}" for number in order]
    bad = len(levels) == 4
    assert shown.of("warning") == ["Findings that need a look: 2."] * bad
    assert shown.of("success") == ["Nothing is missing, broken or unlicensed."] * (not bad)
    assert shown.of("caption") == [draw.safe("The same in a terminal: python -m cldi_core check --dataset small")]


@pytest.mark.parametrize("level", ["warning", "info"])
def test_missing_features_lead_to_what_makes_them(
    shown: Shown, url: Url, monkeypatch: pytest.MonkeyPatch, level: str
) -> None:
    monkeypatch.setattr(load, "findings", lambda name: [Finding(level, "features", "2 pictures have no features")])
    data_health.findings(CURRENT)
    buttons = shown.options("button")
    assert len(buttons) == (level == "warning")
    for button in buttons:
        button["on_click"](**button["kwargs"])
        assert url["section"] == "features"


def test_pictures_are_counted_by_where_they_are_from(shown: Shown, small: Dataset) -> None:
    data_licences.licences(CURRENT)
    counts, _ = shown.of("dataframe")
    assert counts["pictures"].tolist() == [17] and counts["licence"].tolist() == ["CC0-1.0"]
    assert counts.columns.tolist() == ["provider", "author", "licence", "source_url", "page", "pictures"]
    assert counts["page"].isna().all(), "no address of the web"
    assert shown.options("dataframe")[0]["column_config"]["page"]["type_config"]["type"] == "link"


@pytest.mark.parametrize(("language", "word", "count"), [("en", "run", 3), ("de", "Köter", 1)])
def test_the_pictures_of_one_word_have_each_its_licence(
    shown: Shown,
    url: Url,
    small: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    word: str,
    count: int,
) -> None:
    url |= {"language": language, "pictures": word}
    monkeypatch.setattr(load, "strip", lambda name, ids: f"strip of {' '.join(ids)}")
    wordlists.write_list(small.path / "lexicon" / "en-xh.tsv", [wordlists.Row("dog", "inja", "N")])
    data_licences.licences(CURRENT)
    assert "xh" in load.opened("small").languages, "a language without pictures"
    assert shown.widget("language")["given"] == ("Language", ["en", "de"])
    assert shown.widget("pictures")["given"] == ("Word", sorted(small.members(language)))
    assert (st.session_state["language"], st.session_state["pictures"]) == (language, word)
    table = shown.of("dataframe")[1]
    ids = list(small.members(language)[word])
    assert table["id"].tolist() == ids and len(ids) == count
    assert table["picture"].tolist() == [f"strip of {key}" for key in ids]
    known = small.pictures.table.loc[ids]
    pd.testing.assert_frame_equal(table[["licence", "author", "width"]], known[["licence", "author", "width"]])
    assert shown.of("caption") == [draw.safe(f"{count} picture{'s' * (count > 1)} of “{word}”.")]
    assert shown.options("dataframe")[1]["hide_index"] is True
    assert shown.options("dataframe")[1]["column_config"]["picture"]["type_config"]["type"] == "image"


def test_without_pictures_there_is_the_command_that_imports_them(
    shown: Shown, small: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(small.pictures), "ids", PictureIds.of([]))
    data_licences.licences(CURRENT)
    assert shown.of("info") == [draw.safe("There are no pictures yet.")] and shown.of("dataframe") == []
    assert shown.of("code") == ["python -m cldi_core import-folder DIR --dataset small"]


@pytest.mark.parametrize(("asked", "rows"), [("", slice(2)), ("2", slice(2, 3)), ("-1", slice(2)), ("9", slice(2, 3))])
def test_of_many_pictures_a_page_is_listed_and_all_are_counted(
    shown: Shown, url: Url, small: Dataset, monkeypatch: pytest.MonkeyPatch, asked: str, rows: slice
) -> None:
    monkeypatch.setattr(data_licences, "ROWS", 2)
    url |= {"language": "en", "pictures": "run", "page": asked}
    data_licences.licences(CURRENT)
    assert shown.of("dataframe")[1]["id"].tolist() == list(small.members("en")["run"])[rows]
    assert shown.of("caption")[0] == draw.safe("3 pictures of “run”.")
