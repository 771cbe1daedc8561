"""What parts of pages are tested with: a stand-in for Streamlit, and the URL of a visitor."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
import streamlit as st

from cldi_core.data.dataset import Dataset
from pages._ui import frame
from tests.pages.watched import Watched
from tests.pages_data import build_ranked, score_all
from tools.browser import Server, browse, serve

LEAVES = (
    "badge", "button", "caption", "code", "dataframe", "download_button", "error", "form_submit_button", "image",
    "info", "markdown", "multiselect", "page_link", "pills", "plotly_chart", "progress", "segmented_control",
    "selectbox", "header", "success", "switch_page", "text_input", "title", "toggle", "warning",
)  # fmt: skip


class Shown:
    """Stands in for what Streamlit draws: keeps every call, and answers with what the session holds for its key.

    Attributes:
        calls: the function, what it was given, and its options, in order.
        answers: function → what it returns, whatever the session holds.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.answers: dict[str, Any] = {}

    def call(self, name: str, *given: Any, **options: Any) -> Any:
        self.calls.append((name, given, options))
        return self.answers.get(name, st.session_state.get(options.get("key")))

    def of(self, name: str) -> list[Any]:
        """What a function was given first, each time."""
        return [given[0] for called, given, _ in self.calls if called == name]

    def options(self, name: str) -> list[dict[str, Any]]:
        """The options of each call of a function."""
        return [options for called, _, options in self.calls if called == name]

    def widget(self, key: str) -> dict[str, Any]:
        """The options of the only widget with this key; ``given`` is what it was given besides."""
        ((given, options),) = [(given, options) for _, given, options in self.calls if options.get("key") == key]
        return {"given": given, **options}


class Url(dict[str, str]):
    """Stands in for ``st.query_params``."""

    def from_dict(self, params: dict[str, str]) -> None:
        self.clear()
        self.update(params)

    def to_dict(self) -> dict[str, str]:
        return dict(self)


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Url:
    """The URL of a visitor without a view."""
    url = Url()
    monkeypatch.setattr(st, "query_params", url)
    return url


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, url: Url) -> Shown:
    """What is drawn, in a session that holds nothing yet."""
    found = Shown()
    for name in LEAVES:
        monkeypatch.setattr(st, name, lambda *given, _name=name, **options: found.call(_name, *given, **options))
    # Streamlit's own would leave its mark on the page of whoever comes next.
    monkeypatch.setattr(st, "form", lambda *given, **options: contextlib.nullcontext())
    monkeypatch.setattr(st, "session_state", {})
    return found


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """The module of a page, without drawing it."""
    monkeypatch.setattr(frame, "draw", lambda main: None)
    return lambda name: importlib.import_module(f"pages.{name}")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, dict[str, dict[str, pd.DataFrame]]]:
    """The data set with known ranks, and its stored rankings: pair → method → frame."""
    made = build_ranked(tmp_path_factory.mktemp("data") / "wide")
    return made, score_all(made)


@pytest.fixture
def wide(built: tuple[Dataset, dict], monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """The data set, as the only one there is."""
    monkeypatch.setenv("CLDI_DATA", str(built[0].path.parent))
    monkeypatch.delenv("CLDI_DATASET", raising=False)
    st.cache_data.clear()
    st.cache_resource.clear()
    return built[0]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A browser, for all tests of a file."""
    with browse() as running:
        yield running


@pytest.fixture(scope="module")
def watching(browser: Any) -> Iterator[Watched]:
    """A page of that browser that is watched, for all tests of a file: what it has loaded once it need not compile."""
    one = Watched(browser)
    yield one
    one.context.close()


@pytest.fixture
def watched(watching: Watched) -> Watched:
    """That page, empty, and nothing seen yet."""
    watching.begin()
    return watching


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running dashboard over the demo, for all tests of a process; nothing in it may end in a traceback."""
    with serve(tmp_path_factory.mktemp("server") / "log.txt") as running:
        yield running
    assert "Traceback" not in running.log()
