"""The report and the links of the Word page: what a visitor tries is in both."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import streamlit as st

from cldi_core.data.dataset import Dataset
from cldi_core.evaluation.pairs import open_pair
from pages._ui import report_failure, view
from tests import ranked
from tests.conftest import BACKBONE
from tests.insight.test_report import failure_of, harmless
from tests.pages.conftest import Url
from tests.pages_data import board_of, healthy, open_page

HERE = {"dataset": "small", "pair": "en-de", "word": "run.V", "backbone": BACKBONE}
STATES: tuple[dict[str, str], ...] = (
    {},
    {"without": "SOURCE"},
    {"without": "SOURCE,tTARGET", "first": "2"},
    {"candidate": "Hund", "k": "2", "method": "knn-c", "without": "SOURCE"},
    {"candidate": "laufen", "show": "missed", "pos": "V", "method": "maxmax+csls"},
)


@pytest.fixture
def word(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """The tiny data set as the only one, scored by the methods of ``STATES``."""
    monkeypatch.setenv("CLDI_DATA", str(small.path.parent))
    monkeypatch.delenv("CLDI_DATASET", raising=False)
    st.cache_data.clear()
    st.cache_resource.clear()
    pair = open_pair(small, BACKBONE, "en-de")
    names = ["avgmax", "knn-c", "maxmax", "maxmax+csls"]
    ranked.rankings(pair, names, ranked.scored(pair, names))
    return small


def asked_of(state: dict[str, str], data: Dataset) -> dict[str, str]:
    """The parameters of a state, with ids of pictures in their places."""
    pair = open_pair(data, BACKBONE, "en-de")
    ids = {"SOURCE": pair.source.word_ids("run")[0][:8], "TARGET": pair.target.word_ids("rennen")[0][:8]}
    without = state.get("without", "")
    for mark, key in ids.items():
        without = without.replace(mark, key)
    return {**HERE, **state} | ({"without": without} if without else {})


@pytest.mark.parametrize("state", STATES)
def test_a_link_opens_the_same_board_and_the_same_report(
    word: Dataset, monkeypatch: pytest.MonkeyPatch, state: dict[str, str]
) -> None:
    offered: list[Any] = []
    draw = st.download_button

    def button(label: str, data: Any, *rest: Any, **more: Any) -> bool:
        if label == "Report":
            offered.append(data)
        return draw(label, data, *rest, **more)

    monkeypatch.setattr(st, "download_button", button)
    asked = asked_of(state, word)
    first = healthy(open_page("word", **asked))
    (link,) = [code.value for code in first.code if "word=" in code.value]
    again = healthy(open_page("word", **dict(parse_qsl(urlsplit(link).query))))
    assert board_of(first) == board_of(again)
    reports = [data() for data in offered]
    assert len(reports) == 2 and reports[0] == reports[1]
    page = harmless(reports[0])
    assert ("What was tried" in page.text) == ("without" in state), "only what changes the ranks is told"
    assert link.replace("&", "&amp;") in reports[0]
    for name, value in asked.items():
        assert dict(parse_qsl(urlsplit(link).query))[name] == value, name


def test_every_parameter_of_the_word_page_is_in_its_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those that are added later: a link holds all of a view, and all that the page itself has in the URL."""
    params = Url({name: f"x{number}" for number, name in enumerate(view.PAGE_PARAMS)})
    monkeypatch.setattr(st, "query_params", params)
    monkeypatch.setattr(type(st.context), "url", "http://x/word?old=1")
    shown = view.View(**dict.fromkeys(view.PARAMS, "y"))
    assert dict(parse_qsl(urlsplit(view.link(shown)).query)) == dict.fromkeys(view.PARAMS, "y") | params


def test_the_report_of_failure_is_of_the_pairs_that_are_shown(word: Dataset) -> None:
    current, link = view.View("small", "en-de", method="avgmax", backbone=BACKBONE), "http://x/failure?topic=predictors"
    page = harmless(report_failure.made(current, failure_of("hub"), ("en-de",), link))
    assert link in page.text and open_pair(word, BACKBONE, "en-de").key in page.text
