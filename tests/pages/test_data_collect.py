"""The Data page on collections: a dry run asks nobody; they are started, watched, stopped and gone on with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import streamlit as st

from cldi_core.collect import job
from cldi_core.collect.job import CollectionJob, Wanted
from cldi_core.collect.journal import folder_of
from cldi_core.collect.planning import plan
from cldi_core.data import permissions, storage
from cldi_core.data.dataset import Dataset
from pages._ui import data_collect, data_words
from tests.pages.test_pages_only_read import snapshot
from tests.pages_data import button, healthy, open_page, unescaped

WANTED = Wanted("en-de", "wikipedia", 5, "me@example.org")


@pytest.fixture(autouse=True)
def _nothing_cached(small: Dataset) -> None:
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What would have been started and ended."""
    found: list[Any] = []
    monkeypatch.setattr(job, "start", lambda dataset, wanted, keys, by: found.append((dataset.name, wanted, keys)))
    monkeypatch.setattr(job, "cancel", lambda dataset, provider: found.append((dataset.name, provider)))
    return found


def opened(**chosen: Any) -> Any:
    """The page after a dry run of some choices."""
    at = healthy(open_page("data", section="collect"))
    at.main.selectbox(key=data_collect.PROVIDER).set_value(chosen.get("provider", "wikipedia"))
    at.main.number_input(key=data_collect.PER_WORD).set_value(5)
    at.main.checkbox(key=data_collect.REPLACE).set_value(True)
    at.main.text_input(key=data_collect.CONTACT).set_value(chosen.get("contact", "me@example.org"))
    at.main.number_input(key=data_collect.MEGABYTES).set_value(chosen.get("megabytes", 0))
    return healthy(button(at, "Dry run").click().run())


def test_a_dry_run_says_what_it_would_take_and_writes_nothing(small: Dataset, done: list[Any]) -> None:
    before = snapshot(small.path)
    at = opened(megabytes=3)
    found = plan(small, "en-de", "wikipedia", 5, replace=True)
    told = dict(at.dataframe[0].value.to_numpy().tolist())
    assert told["requests, at most"] == f"{found.requests:,}" and told["cost, at most"] == "free"
    assert told["words of the list"] == f"{len(found.words)} (en, de)" and "time, at least" in told
    assert done == [] and snapshot(small.path) == before
    healthy(button(at, "Start").click().run())
    wanted = Wanted("en-de", "wikipedia", 5, "me@example.org", ("en", "de"), replace=True, max_bytes=3_000_000)
    assert done == [("small", wanted, {})]


def test_a_key_that_the_server_lacks_is_asked_for_and_kept_nowhere(
    small: Dataset, done: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    (variable,) = plan(small, "en-de", "pexels").missing_keys
    at = opened(provider="pexels")
    field = at.main.text_input(key=f"key {variable}")
    assert field.proto.type == field.proto.PASSWORD
    field.set_value("secret")
    at = healthy(button(at, "Start").click().run())
    assert done[0][2] == {variable: "secret"} and f"key {variable}" not in at.session_state


def test_going_on_asks_for_a_key_that_the_server_lacks(small: Dataset, done: list[Any]) -> None:
    (variable,) = plan(small, "en-de", "pexels").missing_keys
    wanted = Wanted("en-de", "pexels", 5, "me@example.org")
    status(small, "pexels", wanted=vars(wanted), state="stopped", ended="2026-11-29T10:00:00+0000", error="spent")
    at = button(open_page("data", section="collect"), "Go on").click().run()
    assert (
        not at.exception
        and done == []
        and f"needs {variable}: type it beside the button" in unescaped(at.error[0].value)
    )
    field = at.main.text_input(key=f"key {variable} pexels")
    assert field.proto.type == field.proto.PASSWORD
    field.set_value("secret")
    at = healthy(button(at, "Go on").click().run())
    assert done == [("small", wanted, {variable: "secret"})] and not at.session_state[f"key {variable} pexels"]


def test_without_a_contact_nothing_is_started(done: list[Any]) -> None:
    at = button(opened(contact="nobody"), "Start").click().run()
    assert not at.exception and done == [] and "is no contact" in unescaped(at.error[0].value)


def status(dataset: Dataset, provider: str = "wikipedia", **known: Any) -> Path:
    """What a collection that is three words far has written."""
    folder = folder_of(dataset.path, provider)
    folder.mkdir(parents=True)
    numbers = dict.fromkeys(job.NUMBERS, 0) | {"total": 12, "done": 3, "pictures": 14, "lost": 2, "empty": 1}
    about = {"wanted": vars(WANTED), "state": "running", "runner": None, "seconds": 7.0, "ended": "", "error": ""}
    (folder / job.STATUS).write_text(json.dumps({**about, **numbers, **known}), "utf-8")
    return folder


def test_one_that_runs_is_watched_and_stopped(small: Dataset, done: list[Any]) -> None:
    with storage.lock(status(small), "collect"):
        at = healthy(open_page("data", section="collect"))
        (bar,) = at.get("progress")
        assert unescaped(bar.proto.text) == (
            "Wikipedia, en-de: 3 of 12 words, 14 pictures fetched, 2.0 a second, 21 s left, 2 not to be had, "
            "1 word without a picture"
        )
        healthy(button(at, "Stop").click().run())
    assert done == [("small", "wikipedia")]


def test_one_that_was_stopped_says_why_and_is_gone_on_with(small: Dataset, done: list[Any]) -> None:
    status(small, state="stopped", ended="2026-11-29T10:00:00+0000", error="the requests are used up")
    at = open_page("data", section="collect")
    assert "Wikipedia: the requests are used up" in unescaped(at.main.warning[0].value)
    healthy(button(at, "Go on").click().run())
    assert done == [("small", WANTED, {})]


def test_nothing_is_started_or_ended_where_nobody_may(
    small: Dataset, done: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    status(small)
    monkeypatch.setenv(permissions.VARIABLE, "1")
    before = snapshot(small.path)
    at = healthy(open_page("data", section="collect"))
    assert len(at.get("progress")) == 1 and not {one.label for one in at.main.button} & {"Go on", "Stop", "Dry run"}
    data_collect.begin("small", WANTED)
    data_collect.stop("small", "wikipedia")
    data_collect.ask("small", "en-de")
    assert done == [] and snapshot(small.path) == before


def test_a_program_of_ones_own_is_not_offered(small: Dataset) -> None:
    at = healthy(open_page("data", section="collect"))
    assert not [one for one in at.main.selectbox(key=data_collect.PROVIDER).options if "command" in one]
    assert data_words.collecting(CollectionJob(WANTED, state="failed")) == "failed"
