"""The frame of every page: the sidebar's choices, and what goes wrong as one line."""

from __future__ import annotations

import logging
import secrets
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import streamlit as st

from cldi_core import rankers
from cldi_core.data.dataset import Dataset
from cldi_core.errors import CldiError, DatasetError
from cldi_core.scoring import methods
from pages._ui import draw, frame, keep, load, view
from tests.conftest import BACKBONE
from tests.pages.conftest import Shown, Url

ROOT = Path(__file__).resolve().parents[2]
CURRENT = view.View("small", "en-de", "NA", "maxmax+csls", BACKBONE)


@pytest.fixture(autouse=True)
def fresh(small: Dataset) -> None:
    """Nothing is kept from the test before."""
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def visited(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> Shown:
    """A visitor who looks at ``CURRENT``."""
    st.session_state["view"] = CURRENT
    monkeypatch.setattr(st, "context", SimpleNamespace(url="http://x.example/word"))
    return shown


def broken(*given: Any, **named: Any) -> Any:
    raise DatasetError("it is *broken*")


def test_the_sidebar_shows_the_view_among_what_there_is(visited: Shown) -> None:
    frame.sidebar(CURRENT, ["small", "other"])
    assert {key: st.session_state[key] for key in frame.KEYS} == {
        "dataset": "small", "pair": "en-de", "pos": ["N", "A"], "method": "maxmax+csls", "backbone": BACKBONE
    }  # fmt: skip
    assert visited.widget("dataset")["given"] == ("Data set", ["small", "other"])
    assert [visited.widget("dataset")["format_func"](name) for name in ("small", "other")] == ["Small", "other"]
    assert visited.widget("pair")["given"] == ("Language pair", ["en-de", "de-en"])
    assert visited.widget("backbone")["given"] == ("Backbone", [BACKBONE])
    assert visited.widget("backbone")["format_func"](BACKBONE) == "EfficientNet-Lite0"
    _, ways = visited.widget("method")["given"]
    assert ways == list(dict.fromkeys([*load.offered("small", BACKBONE, "en-de"), "maxmax+csls"]))
    assert visited.widget("method")["format_func"]("maxmax+csls") == rankers.label("maxmax+csls")
    kinds = visited.widget("pos")
    assert kinds["given"] == ("Part of speech", ["N", "V", "A"]) and kinds["selection_mode"] == "multi"
    assert [kinds["format_func"](letter) for letter in "NVA"] == ["Nouns", "Verbs", "Adjectives"]
    assert visited.of("code") == [view.link(CURRENT)]
    assert visited.options("code")[0] == {"language": None, "wrap_lines": True}


def test_a_method_that_is_composed_is_among_those_that_are_offered(
    visited: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "offered", lambda *given: ["avgmax", "knn"])
    frame.sidebar(CURRENT, ["small"])
    assert visited.widget("method")["given"] == ("Method", ["avgmax", "knn", "maxmax+csls"])
    frame.sidebar(replace(CURRENT, method="knn"), ["small"])
    assert visited.calls[-1][0] == "code" and [
        given for name, given, options in visited.calls if options.get("key") == "method"
    ][1] == ("Method", ["avgmax", "knn"])


def test_every_page_is_registered_under_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[dict[str, Any]] = []
    monkeypatch.setattr(st, "Page", lambda file, **options: made.append({"file": file, **options}) or options["title"])
    monkeypatch.setattr(st, "navigation", lambda pages, position: (position, pages))
    titles = [*frame.PAGES.values()]
    assert frame.navigation() == ("hidden", [titles[0], *titles]), "the menu is our own"
    assert [one.get("default", False) for one in made] == [True, *[False] * len(titles)]
    assert made[0]["file"] == made[1]["file"] and made[0]["url_path"] not in frame.PAGES, "the first by its name, too"
    for one in made[1:]:
        assert one["file"] == f"pages/{one['url_path']}.py" and (ROOT / one["file"]).is_file()


def test_the_menu_leads_to_every_page_with_this_view(page: Page, visited: Shown, url: Url) -> None:
    url |= {"dataset": "small", "pos": "V", "top": "30"}
    frame.run()
    links = visited.of("page_link")
    assert links == [f"pages/{name}.py" for name in frame.PAGES]
    assert [options["label"] for options in visited.options("page_link")] == [*frame.PAGES.values()]
    for title, options in zip(frame.PAGES.values(), visited.options("page_link"), strict=True):
        assert options["query_params"] == view.current().params() | ({"top": "30"} if title == "Word" else {})


def test_a_page_is_of_one_look_at_the_files(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    inside: list[object] = []
    page.does = lambda: inside.append(keep._run.get())
    frame.run()
    assert inside != [None] and keep._run.get() is None


@pytest.mark.parametrize(("chosen", "pos"), [(["V"], "V"), (["N", "A"], "NA"), ([], "NVA")])
def test_no_part_of_speech_means_all(visited: Shown, url: Url, chosen: list[str], pos: str) -> None:
    frame.sidebar(CURRENT, ["small"])
    st.session_state["pos"] = chosen
    visited.widget("pos")["on_change"]()
    assert url["pos"] == pos == view.current().pos


def test_what_there_is_nothing_of_has_nothing_chosen(visited: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "choices", broken)
    monkeypatch.setattr(load, "offered", broken)
    frame.sidebar(view.View("small"), ["small"])
    assert (st.session_state["pair"], st.session_state["backbone"]) == (None, None)
    assert visited.widget("pair")["given"][1] == visited.widget("backbone")["given"][1] == []
    assert visited.widget("method")["given"][1] == methods.offered(), "each once"


@pytest.mark.parametrize("count", [0, 1, 4, 5, 6, 9])
def test_data_sets_that_cannot_be_opened_are_named_but_the_shown_one(
    visited: Shown, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    failed = {"small": "shown", **{f"*{number}*": "why" for number in range(count)}}
    monkeypatch.setattr(load, "listed", lambda: SimpleNamespace(failed=failed))
    frame.failures(CURRENT)
    lines = visited.of("warning")
    assert lines[:5] == [draw.safe(f"*{number}*: why") for number in range(min(count, 5))]
    assert lines[5:] == ([f"{count - 5} more data sets cannot be opened."] if count > 5 else [])


class Page:
    """A page that does what a test says."""

    title, url_path = "Word", "word"

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.runs = 0
        self.does: Any = lambda: None
        self.styles: list[Path] = []
        monkeypatch.setattr(frame, "navigation", lambda: self)
        monkeypatch.setattr(st, "html", self.styles.append)

    def run(self) -> None:
        self.runs += 1
        assert frame._in_frame.get(), "a page is drawn inside the frame"
        self.does()


@pytest.fixture
def page(visited: Shown, monkeypatch: pytest.MonkeyPatch) -> Page:
    return Page(monkeypatch)


def test_a_page_is_drawn_below_what_the_link_got_wrong(page: Page, visited: Shown, url: Url) -> None:
    url |= {"dataset": "small", "pair": "*x*"}
    page.does = lambda: visited.call("markdown", "the page")
    frame.run()
    assert page.styles == [frame.STYLE] and "{" in frame.STYLE.read_text("utf-8")
    assert page.runs == 1 and visited.of("error") == [] and not frame._in_frame.get()
    assert visited.of("warning") == [draw.safe("There is no pair “*x*” here; showing en-de.")]
    names = [name for name, *_ in visited.calls]
    assert names.index("warning") < names.index("markdown")


def test_nothing_stands_beside_what_is_presented(page: Page, visited: Shown, url: Url) -> None:
    url |= {"dataset": "small", "present": "1", "pair": "*x*"}
    frame.run()
    assert page.runs == 1 and url["present"] == "1" and len(visited.of("warning")) == 1
    assert visited.of("selectbox") == visited.of("pills") == visited.of("page_link") == []


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (CldiError("*it* is\nnot there"), draw.safe("*it* is\nnot there")),
        (
            ValueError("secret"),
            "This page could not be drawn (ValueError); the server's log says more of request REQUEST.",
        ),
    ],
)
def test_whatever_goes_wrong_is_one_line(
    page: Page,
    visited: Shown,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    line: str,
) -> None:
    def fail() -> None:
        raise error

    page.does = fail
    monkeypatch.setattr(secrets, "token_hex", lambda count: "REQUEST")
    frame.run()
    assert visited.of("error") == [line] and not frame._in_frame.get()
    logged = [record for record in caplog.records if record.name == "cldi" and record.levelname == "ERROR"]
    assert all("request REQUEST" in record.getMessage() for record in logged)
    assert [record.exc_info is not None for record in logged] == [True] * isinstance(error, ValueError)


def test_a_data_set_that_cannot_be_opened_says_so_below_the_sidebar(
    page: Page, visited: Shown, small: Dataset, url: Url
) -> None:
    (small.path / "dataset.toml").write_text("broken = [", "utf-8")
    url["dataset"] = "small"
    frame.run()
    assert page.runs == 0 and len(visited.of("error")) == 1
    assert visited.widget("dataset")["given"][1] == ["small"], "another one can be chosen"


def test_without_a_data_set_there_is_the_command_that_makes_one(
    page: Page, visited: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load, "names", list)
    frame.run()
    assert page.runs == 0 and visited.of("info") == ["There is no data set yet."]
    assert len(visited.of("page_link")) >= len(frame.PAGES), "the menu is there"
    assert visited.of("title") == ["CLDI Explorer"] and visited.options("code") == [{"language": "bash"}]
    (command,) = visited.of("code")
    assert not command.startswith("Start") and "cldi_core" in command and visited.of("selectbox") == []


def test_a_page_that_runs_alone_registers_all_and_begins_again(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    class AgainError(Exception):
        """As Streamlit ends a run."""

    def again() -> None:
        done.append("again")
        raise AgainError

    monkeypatch.setattr(st, "rerun", again)
    monkeypatch.setattr(frame, "navigation", lambda: done.append("registered"))
    with pytest.raises(AgainError):
        frame.draw(lambda: done.append("drawn"))
    assert done == ["registered", "again"]
    token = frame._in_frame.set(True)
    frame.draw(lambda: done.append("drawn"))
    frame._in_frame.reset(token)
    assert done == ["registered", "again", "drawn"]


def test_each_run_is_logged_with_what_came_of_it(
    page: Page, visited: Shown, caplog: pytest.LogCaptureFixture, small: Dataset
) -> None:
    def fail(error: Exception) -> None:
        raise error

    caplog.set_level(logging.INFO, "cldi")
    for does in (lambda: None, lambda: fail(CldiError("x")), lambda: fail(ValueError("x"))):
        page.does = does
        frame.run()
    runs = [record for record in caplog.records if record.getMessage() == "page"]
    assert [record.outcome for record in runs] == ["drawn", "refused", "failed"]
    assert all(record.page and record.ms >= 0 for record in runs)
