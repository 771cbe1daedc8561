"""What the page on image pivoting loads: which models there are, and what is handed on to the core."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
import streamlit as st

from cldi_core.data.dataset import Dataset
from cldi_core.pivot import certainty, joint, models, search, sources, standings, translation
from cldi_core.pivot.models import Key
from pages._ui import load, pivot_load, pivot_words, view
from tests.conftest import BACKBONE

KEY = Key(BACKBONE, "en-de", "pivot-sym")
CURRENT = view.View("small", "en-de", backbone=BACKBONE)


@pytest.fixture(autouse=True)
def fresh(small: Dataset) -> None:
    """Nothing is kept from the test before."""
    st.cache_data.clear()
    st.cache_resource.clear()


def known_keys(monkeypatch: pytest.MonkeyPatch, *keys: Key) -> None:
    """These are the models that there are."""

    def keys_of(folder: Path, backbone: str, pair: str, languages: tuple[str, ...], holdout: str) -> list[Key]:
        assert folder.name == "pivot" and languages == tuple(pair.split("-"))
        return [key for key in keys if (key.backbone, key.pair, key.holdout) == (backbone, pair, holdout)]

    monkeypatch.setattr(models, "trained_keys", keys_of)


def test_models_of_both_languages_come_first_then_the_ways_to_hold_out(
    small: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = [
        Key(BACKBONE, "en-de", model, holdout, seed)
        for seed in (0, 1)
        for model, holdout in (("pivot-sym", "items"), ("pivot-sym", "words"), ("vse", "items"), ("vse", "words"))
    ]
    others = [Key("vgg19", "en-de", "vse"), Key(BACKBONE, "en-fr", "vse")]
    known_keys(monkeypatch, *others, *wanted[::-1])
    found = pivot_load.available(CURRENT)
    assert list(found.values()) == wanted
    assert list(found)[:2] == ["items/pivot-sym/0", "words/pivot-sym/0"] and list(found)[-1] == "words/vse/1"


def test_where_else_there_are_models_is_told_to_people(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    assert pivot_load.elsewhere("small") == []
    known_keys(monkeypatch, Key(BACKBONE, "en-de", "vse", "words"))
    assert pivot_load.elsewhere("small") == ["en-de with EfficientNet-Lite0"]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the core is asked of an index whose items are ``"test items"`` or ``"all items"``."""
    found: list[tuple[Any, ...]] = []

    def answer(name: str) -> Callable[..., Any]:
        return lambda given, *others: found.append((name, *others)) or [f"{name} of {given.name}"]

    index = SimpleNamespace(name="the index", keys=lambda scope: f"{scope} items")
    monkeypatch.setattr(pivot_load, "index", lambda name, key: index)
    for name in ("pictures", "descriptions", "of_picture", "plane", "place"):
        monkeypatch.setattr(search, name, answer(name))
    for name in ("examples", "reading", "described", "trials"):
        monkeypatch.setattr(certainty, name, answer(name))
    monkeypatch.setattr(certainty, "certainty", lambda *given: given)
    return found


def test_questions_go_to_the_core_with_the_items_that_are_looked_through(asked: list[tuple[Any, ...]]) -> None:
    here = ("small", KEY)
    assert pivot_load.pictures(*here, "cow", "en", "test") == ["pictures of the index"]
    assert pivot_load.descriptions(*here, "cow", ("en", "de"), "all") == ["descriptions of the index"]
    assert pivot_load.of_picture(*here, "p1", "de", "test") == ["of_picture of the index"]
    assert pivot_load.plane(*here, "de", "all") == ["plane of the index"]
    assert pivot_load.examples(*here, "en", "all") == ["examples of the index"]
    assert pivot_load.reading(*here, "cow", "en") == ["reading of the index"]
    assert pivot_load.described(*here, "cow", "en", "test") == ["described of the index"]
    sure: Any = pivot_load.certainty(*here, "en", "test", "cow", "all", 0.5)
    assert sure == (["trials of the index"], "cow", "all", 0.5)
    assert pivot_load.place(*here, "de", "all", "cow") == ["place of the index"]
    assert asked == [
        ("pictures", "cow", "en", "test items", 15), ("descriptions", "cow", ("en", "de"), "all items", 12),
        ("of_picture", "p1", "de", "test items", 8), ("plane", "all items", "de"),
        ("examples", "en", "all items"), ("reading", "cow", "en"), ("described", "cow", "en", "test items"),
        ("trials", "en", "test items"), ("place", ["plane of the index"], "cow", "de"),
    ]  # fmt: skip


def test_a_model_is_opened_on_the_corpus_of_its_pair(small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = translation.models_folder(load.opened("small"))
    monkeypatch.setattr(sources, "of_dataset", lambda dataset, *given: (dataset.name, *given))
    monkeypatch.setattr(joint, "open_read", lambda *given: given)
    monkeypatch.setattr(search, "index", lambda *given: given)
    corpus = ("small", BACKBONE, "en-de")
    assert pivot_load.index("small", KEY) == (corpus, (folder, KEY, ("en", "de")))


FRAME = pd.DataFrame(
    {"task": ["text→text", "text→picture", "text→text", "text→text"], "language": ["de→en", "en", "en→de", "de→en"]}
)


def test_figures_are_of_the_ranks_that_stand(monkeypatch: pytest.MonkeyPatch, small: Dataset) -> None:
    kept = SimpleNamespace(frame=FRAME, stale={})
    told: list[tuple[Any, ...]] = []
    monkeypatch.setattr(pivot_load, "ranks", lambda *given: told.append(given) or kept)
    monkeypatch.setattr(standings, "standing", lambda frame, *given: ["standing", *given])
    monkeypatch.setattr(standings, "margins", lambda frame, *given: ["margins", *given])
    assert pivot_load.tested("small", KEY, "text→text") == ["de→en", "en→de"], "each once, in their order"
    assert pivot_load.standing("small", KEY, "text→text", "de→en", 2) == ["standing", "text→text", "de→en", 2]
    assert pivot_load.standing("small", KEY, "text→text", "de→en") == ["standing", "text→text", "de→en", None]
    assert pivot_load.margins("small", KEY, "text→picture", "en") == ["margins", "pivot-sym", "text→picture", "en"]
    assert set(told) == {("small", BACKBONE, "en-de", "items")}
    st.cache_data.clear()
    kept.frame = None
    assert pivot_load.tested("small", KEY, "text→text") == pivot_load.standing("small", KEY, "text→text", "en") == []
    assert pivot_load.margins("small", KEY, "text→picture", "en") is None


@pytest.mark.parametrize("stale", [{}, {"vse": (0, 2), "ridge": (1,)}])
def test_ranks_that_do_not_stand_are_named_with_the_command_that_measures_them(
    monkeypatch: pytest.MonkeyPatch, small: Dataset, stale: dict[str, tuple[int, ...]]
) -> None:
    corpus = SimpleNamespace(again=lambda **named: f"again {named}")
    monkeypatch.setattr(pivot_load, "corpus", lambda *given: corpus)
    monkeypatch.setattr(pivot_load, "ranks", lambda *given: SimpleNamespace(frame=None, stale=stale))
    said = pivot_words.left_out({"VSE": (0, 2), "Ridge regression": (1,)})
    found = pivot_load.left_out("small", KEY)
    assert found == ((said, "again {'holdout': 'items'}") if stale else ("", ""))
