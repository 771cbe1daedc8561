"""What the first page shows is there before anybody asks, and it is that page's own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import streamlit as st

from cldi_core import rankers
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import tables
from cldi_core.insight import overview, word_table
from cldi_core.insight import story as stories
from cldi_core.insight.evidence import keep_evidence
from pages._ui import ahead, evidence_load, frame, load, serve, told, view
from tests import ranked
from tests.conftest import BACKBONE
from tests.pages_data import healthy, open_page, pair_of, texts


def test_the_first_page_computes_nothing_that_was_found_ahead(wide: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    for pair in map(pair_of, [wide] * 2, wide.pairs):
        keep_evidence(pair, [rankers.ranker("avgmax")], ranked.scored(pair, ["avgmax"]))
    ahead.first_page()

    def computed(*given: Any, **how: Any) -> Any:
        raise AssertionError("it was found ahead")

    for holder, name in (
        (evidence_load, "find_stories"), (word_table, "table"), (tables, "table"), (overview, "counts"),
    ):  # fmt: skip
        monkeypatch.setattr(holder, name, computed)
    at = healthy(open_page("overview"))
    assert "No word of this pair is a clear example" in texts(at), "what stories there are is known"
    assert "averaged over 2 pairs" in texts(at), "there are figures"


def test_the_word_page_opens_with_what_was_found_ahead(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    keep_evidence(pair_of(small), [rankers.ranker("avgmax")], ranked.scored(pair_of(small), ["avgmax"]))
    ahead.word_page()
    monkeypatch.setattr(stories, "tell", lambda asking: pytest.fail("it was found ahead"))
    at = healthy(open_page("word"))
    assert "A hub is a word that is near many others" in texts(at), "the story is told"
    with pytest.raises(pytest.fail.Exception):
        told.story(small.name, BACKBONE, "en-de", "knn", "run.V")


def test_a_page_that_has_been_drawn_lets_what_comes_next_be_found(
    small: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "shown", threading.Event())
    monkeypatch.setattr(frame, "_drawn", set())
    healthy(open_page("results"))
    assert serve.shown.is_set()


def test_what_is_found_is_of_the_views_direction(wide: Dataset) -> None:
    pairs, records = ahead.found(view.View(wide.name, "en-de", backbone=BACKBONE))
    assert pairs == wide.alike("en-de") and {record["pair"] for record in records} == {tables.AVERAGE}


@pytest.mark.parametrize("broken", ["no data set", "no words", "one that cannot be opened"])
def test_what_is_wrong_is_left_for_the_page_to_say(small: Dataset, broken: str) -> None:
    if broken == "no data set":
        (small.path / "dataset.toml").unlink()
    elif broken == "no words":
        (small.path / "words.parquet").unlink()
    else:
        (small.path / "dataset.toml").write_text("title = \n")
    ahead.first_page()
    ahead.word_page()
    assert load.names() == ([] if broken == "no data set" else ["small"])


@pytest.mark.parametrize("url", ["http://127.0.0.1:8501/", None])
def test_a_browser_shows_the_pictures_of_a_visitors_first_page_before_any_chart(
    url: str | None, module: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    overview_page, slept = module("overview"), []
    monkeypatch.setattr(st, "context", SimpleNamespace(url=url))
    monkeypatch.setattr(st, "session_state", {})
    monkeypatch.setattr(overview_page.time, "sleep", slept.append)
    overview_page.seen_first()
    overview_page.seen_first()
    assert slept == ([overview_page.SHOWING] if url else []), "once, and only where a browser looks"
