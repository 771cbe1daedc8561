"""The Data page's sections on data sets, on the reports of imports and on what is left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import streamlit as st

from cldi_core.data import dataset, left_out
from cldi_core.data.dataset import Dataset
from cldi_core.data.left_out import Item
from cldi_core.imports import report as reports
from cldi_core.imports.report import Report
from pages._ui import data_load, data_reports, data_sets, data_words, draw
from tests.conftest import BACKBONE, build_small
from tests.pages_data import button, healthy, open_page, texts, unescaped, view_of


@pytest.fixture(autouse=True)
def _nothing_cached(data: Path) -> None:
    st.cache_data.clear()
    st.cache_resource.clear()


def test_all_data_sets_are_listed_and_those_that_cannot_be_used_say_why(small: Dataset, data: Path) -> None:
    build_small(data / "other")
    (data / "other" / "words.parquet").write_bytes(b"broken")
    (data / "worse").mkdir()
    (data / "worse" / "dataset.toml").write_text("broken = [", "utf-8")
    at = healthy(open_page("data", dataset="small"))
    (row,) = at.dataframe[0].value.to_dict("records")
    assert row == {
        "": "▸", "name": "small", "title": "Small", "word lists": "en-de", "pictures": 17,
        "words with pictures": "en 6, de 8", "features": BACKBONE, "licences": "CC0-1.0",
    }  # fmt: skip
    said = [unescaped(line.value) for line in at.main.warning]
    assert said[0].startswith("other cannot be used: words.parquet of 'other' cannot be read (")
    assert said[1].startswith("worse cannot be used: dataset.toml of 'worse' cannot be read")


def test_a_new_data_set_is_started_and_shown(small: Dataset, data: Path) -> None:
    at = healthy(open_page("data"))
    at.main.text_input(key=data_sets.NAME).set_value("my-words")
    at.main.text_input(key=data_sets.TITLE).set_value("My *words*")
    at = healthy(button(at, "Start it").click().run())
    assert dataset.Dataset(data / "my-words").title == "My *words*"
    assert (view_of(at)["dataset"], view_of(at)["section"]) == ("my-words", "import")
    assert data_words.NO_REPORTS in texts(at) and f"**{draw.safe('My *words*')}**" in texts(at)
    for section in ("sets", "health", "features", "pictures"):
        at = open_page("data", dataset="my-words", section=section)
        assert not at.exception and "could not be drawn" not in texts(at)


@pytest.mark.parametrize("typed", ["", "../x", "a/b", "small", "<b>", "-x"])
def test_nonsense_is_one_line_and_writes_nothing(small: Dataset, data: Path, typed: str) -> None:
    before = sorted(data.parent.rglob("*"))
    at = healthy(open_page("data"))
    at.main.text_input(key=data_sets.NAME).set_value(typed)
    at = button(at, "Start it").click().run()
    (error,) = at.main.error
    assert not at.exception and "\n" not in error.value and sorted(data.parent.rglob("*")) == before
    assert "another name" in error.value if typed == "small" else "cannot be the name" in error.value


def test_the_first_data_set_is_started_in_the_app(data: Path) -> None:
    at = healthy(open_page("overview"))
    assert [link.label for link in at.main.get("page_link")] == ["Or start one on the Data page"]
    at = healthy(at.switch_page("pages/data.py").run())
    at.main.text_input(key=data_sets.NAME).set_value("first")
    at = healthy(button(at, "Start it").click().run())
    assert view_of(at)["dataset"] == "first" and dataset.available() == {"first": data / "first"}


def made(number: int = 0, **parts: Any) -> Report:
    """A report of lists, of another minute for each number."""
    report = Report("lists", f"list *{number}*.txt", "three columns", time=f"2026-11-29T10:{number:02}:00+0000")
    report.counts = {"rows": 1200, "pos": {"N": 900, "V": 300}}
    for name, notes in parts.items():
        for what, place in notes:
            getattr(report, name).add(what, place, "*text*")
    return report


def test_reports_are_kept_and_drawn_the_newest_first(small: Dataset) -> None:
    for number in range(3):
        reports.keep(small.path, made(number, missing=[("not a pair", f"line {number}")] * number))
    at = healthy(open_page("data", section="import"))
    chosen = at.main.selectbox(key="report")
    assert [option[:16] for option in chosen.options] == [f"2026-11-29 10:0{number}" for number in (2, 1, 0)]
    assert chosen.options[0].endswith("lists · list *2*.txt · 2 missing")
    assert unescaped(at.main.warning[0].value) == "Not everything is there: 2 missing."
    counted, kinds, notes = (frame.value for frame in at.dataframe)
    assert counted.to_numpy().tolist() == [["rows", "1,200"], ["pos", "N 900, V 300"]]
    assert kinds.to_numpy().tolist() == [["missing", "not a pair", 2]]
    assert notes["where"].tolist() == ["line 2"] * 2 and notes["what"].tolist() == ["*text*"] * 2
    at = healthy(chosen.set_value(list(data_load.reports("small"))[2]).run())
    assert view_of(at)["report"] == list(data_load.reports("small"))[2]
    assert [unescaped(line.value) for line in at.main.success] == ["Everything that was meant is there, as it was."]


def test_every_refused_file_can_be_reached_with_its_reason(small: Dataset) -> None:
    many = [("picture that cannot be used", f"bad {number}.jpg") for number in range(1250)]
    path = reports.keep(small.path, made(missing=many, passed=[("a folder", "x")]))
    st.cache_resource.clear()  # as after a restart
    asked = {"section": "import", "report": path.stem, "why": "picture that cannot be used", "page": "7"}
    at = healthy(open_page("data", **asked))
    assert at.dataframe[-1].value["where"].tolist() == [f"bad {number}.jpg" for number in range(1200, 1250)]
    assert "1,201–1,250 of 1,250" in unescaped(texts(at)) and view_of(at)["page"] == "7"
    at = healthy(next(one for one in at.main.button if one.key == "page back").click().run())
    assert (view_of(at)["page"], at.dataframe[-1].value["where"].iloc[0]) == ("6", "bad 1000.jpg")
    at = healthy(at.main.selectbox(key="why").set_value("a folder").run())
    assert at.dataframe[-1].value["where"].tolist() == ["x"] and "page" not in view_of(at)
    for nonsense in ({"page": "-1"}, {"page": "x" * 99}, {"page": "9" * 9}, {"report": "../x", "why": "<b>"}):
        healthy(open_page("data", **asked | nonsense))


def test_what_was_only_counted_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "NAMED", 2)
    assert data_words.uncounted(made(missing=[("a", "x")] * 5, passed=[("b", "y")])) == (
        "3 more were counted, and are not named one by one."
    )
    assert data_words.uncounted(made(missing=[("a", "x")] * 2)) == ""


def test_what_a_report_tells_in_one_sentence() -> None:
    report = made(passed=[("a folder", "x")], changed=[("white space", "y")] * 2)
    report.junk["Thumbs.db"] = 3
    assert data_words.outcome(report) == (
        "Everything that was meant is there: 1 passed over, 2 changed, 3 junk files (Thumbs.db 3)."
    )
    assert data_words.heading(report) == "2026-11-29 10:00 · lists · list *0*.txt"
    assert len(data_words.notes(report)) == 3 and data_reports.LISTED < reports.NAMED * 3


def test_what_is_left_out_is_listed_and_taken_back(small: Dataset) -> None:
    key = small.members("en")["dog"][0]
    left_out.leave_out(small, [Item(picture=key), Item(language="de", word="Hut")], "Placeholders")
    at = healthy(open_page("data", section="health"))
    table = next(frame for frame in at.dataframe if "since (UTC)" in frame.value)
    assert table.value[["what", "language", "word", "why"]].to_numpy().tolist() == [
        ["a word", "de", "Hut", "Placeholders"], ["a picture", "", "", "Placeholders"],
    ]  # fmt: skip
    assert table.value["picture"].notna().tolist() == [False, True]
    at.session_state[table.key] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    at = healthy(at.run())
    at = healthy(button(at, "Take back 1").click().run())
    assert [one.item for one in left_out.left_out(small)] == [Item(picture=key)]
    assert "1 item taken back." in unescaped(texts(at)) and data_words.STALE in texts(at)
    assert "python -m cldi_core score --dataset small" in [code.value for code in at.main.code]
    at = healthy(button(at, "Take back all (1)").click().run())
    assert left_out.left_out(small) == () and data_load.left_out("small") == ()
    assert data_words.NOTHING_LEFT_OUT in texts(at)
