"""A page that stands open: nothing is drawn until something is written that pages show, then one line."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import streamlit as st

from cldi_core.data import checksums, judgements, storage
from cldi_core.data.dataset import Dataset
from pages._ui import load, news
from tests.pages.conftest import Shown

JUDGED = judgements.Judgement("en-de", "dog", "N", "Hut", judgements.WRONG)
Written = Callable[[Dataset], object]


@pytest.fixture
def look(small: Dataset, shown: Shown, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[Any]]:
    """Look again, after the page was drawn: → what is drawn."""
    monkeypatch.setattr(st, "container", lambda **how: contextlib.nullcontext())
    seen = {folder: checksums.place(folder) for folder in (small.path, small.home)}

    def call() -> list[Any]:
        shown.calls.clear()
        news._look(seen)
        return [*shown.of("caption"), *shown.of("button")]

    return call


WRITTEN: dict[str, tuple[Written, bool]] = {
    "nothing": (lambda dataset: None, False),
    "a judgement": (lambda dataset: judgements.judge(dataset, "Ada", JUDGED), False),
    "a report": (lambda dataset: storage.write_text(dataset.path / "imports" / "a-lists.json", "{}"), False),
    "a list": (lambda dataset: storage.write_text(dataset.path / "lexicon" / "en-fr.tsv", "dog\tchien\tN\n"), True),
    "ranks": (lambda dataset: storage.write_text(dataset.path / "rankings/lite/en-de/knn.parquet", "x"), True),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_what_pages_show_is_news_and_nothing_else(look: Callable[[], list[Any]], small: Dataset, name: str) -> None:
    write, is_news = WRITTEN[name]
    assert look() == []
    write(small)
    assert look() == ([news.TEXT, "Reload"] if is_news else [])
    assert look() == ([news.TEXT, "Reload"] if is_news else []), "until the page is drawn again"


def test_the_button_draws_the_page_again(
    look: Callable[[], list[Any]], small: Dataset, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []
    monkeypatch.setattr(st, "rerun", lambda: drawn.append("page"))
    shown.answers["button"] = True
    look()
    assert drawn == []
    storage.write_text(small.path / "words.parquet", "x")
    look()
    assert drawn == ["page"]


def test_a_page_looks_at_one_file_of_each_folder_now_and_then(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(load, "opened", lambda name: small)
    monkeypatch.setattr(st, "fragment", lambda function, run_every: asked.append((function, run_every)) or asked.append)
    news.watch("small")
    assert asked == [(news._look, news.EVERY), {small.path: checksums.place(small.path)}]
    assert news.EVERY >= 30 and checksums.place(small.path).size == (small.path / checksums.LOG).stat().st_size


def test_what_was_written_since_is_named_until_another_list_takes_its_place(tmp_path: Path) -> None:
    assert checksums.place(tmp_path) == checksums.Place()
    storage.write_text(tmp_path / "dataset.toml", "title = 'a'\n")
    assert checksums.written_since(tmp_path, checksums.Place()) == ("dataset.toml",)
    before = checksums.place(tmp_path)
    for name in ("words.parquet", "words.parquet", "senses.tsv"):
        storage.write_text(tmp_path / name, "x")
    assert checksums.written_since(tmp_path, before) == ("words.parquet", "senses.tsv")
    (tmp_path / "other").write_bytes((tmp_path / checksums.LOG).read_bytes())
    (tmp_path / "other").replace(tmp_path / checksums.LOG)
    assert checksums.written_since(tmp_path, before) == ()
    (tmp_path / checksums.LOG).unlink()
    assert checksums.written_since(tmp_path, before) == ()
