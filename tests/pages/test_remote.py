"""The dashboard over a data set at an address."""

from __future__ import annotations

from pathlib import Path

import pytest
import streamlit as st

from cldi_core.data import remote
from tests.object_store import Elsewhere, elsewhere, store  # noqa: F401 (fixtures)
from tests.pages_data import build_wide, healthy, open_page, score_all, texts


def test_pages_are_of_the_data_set_at_the_address(
    elsewhere: Elsewhere,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = build_wide(tmp_path / "wide")
    score_all(made)
    url = elsewhere.put(made.path)
    monkeypatch.setenv("CLDI_DATASET", url)
    st.cache_data.clear()
    st.cache_resource.clear()
    page = healthy(open_page("word", word="dog.N"))
    assert dict(page.query_params).get("dataset", ["wide"]) in ("wide", ["wide"]) and "dog" in texts(page)
    assert elsewhere.requests["pictures"] and elsewhere.requests["rankings"]
    assert elsewhere.requests["scores"] < len(list(made.path.glob("scores/*/*/*")))
    healthy(open_page("overview"))


def test_an_address_in_the_url_of_a_page_opens_nothing(
    elsewhere: Elsewhere,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = elsewhere.put(build_wide(tmp_path / "wide").path)
    asked: list[str] = []
    monkeypatch.setattr(remote, "folder_of", asked.append)
    st.cache_data.clear()
    st.cache_resource.clear()
    page = open_page("word", dataset=url)
    assert not asked and not page.exception


def test_a_page_says_that_nobody_answers(elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("CLDI_DATASET", "s3://words/wide")
    st.cache_data.clear()
    st.cache_resource.clear()
    page = open_page("overview")
    assert not page.exception and "nobody answers" in texts(page)
