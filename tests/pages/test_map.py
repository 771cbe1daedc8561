"""Parts of the Map page: what is drawn, and what the selected points open."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cldi_core.data.dataset import Dataset
from cldi_core.evaluation.pairs import open_pair
from cldi_core.insight import maps
from pages._ui import draw, figures, load, view, words
from tests import ranked
from tests.conftest import BACKBONE
from tests.pages.conftest import Shown
from tests.pages_data import Event

CURRENT = view.View("small", "en-de", "NV", "maxmax", BACKBONE, "found", "dog.N", "Hund")


@pytest.fixture
def page(
    module: Callable[[str], ModuleType], shown: Shown, small: Dataset, monkeypatch: pytest.MonkeyPatch
) -> ModuleType:
    """The page of the tiny data set, whose points lie where a test can count them."""
    pair = open_pair(small, BACKBONE, "en-de")
    frame = ranked.rankings(pair, ["maxmax"])["maxmax"]
    monkeypatch.setattr(view, "current", lambda: CURRENT)
    here = ("small", BACKBONE, "en-de")
    monkeypatch.setattr(load, "pair_of", lambda *given: {here: pair}[given])
    monkeypatch.setattr(load, "rankings", lambda *given: frame)
    monkeypatch.setattr(load, "unranked", lambda *given: frame.assign(rank=np.nan))
    monkeypatch.setattr(load, "coordinates", lambda name, backbone, kind: maps.coordinates(small, backbone, kind))
    shown.answers["plotly_chart"] = Event(selection=Event(points=[], lasso=[], box=[]))
    return module("map")


def choose(monkeypatch: pytest.MonkeyPatch, page: ModuleType, kind: str, colouring: str, *, joined: bool) -> None:
    monkeypatch.setattr(page, "controls", lambda current: (kind, colouring, joined))


@pytest.mark.parametrize("kind", ["words", "pictures"])
@pytest.mark.parametrize("colouring", ["pos", "language", "outcome"])
@pytest.mark.parametrize("joined", [True, False])
def test_the_map_is_that_of_the_core(
    page: ModuleType, shown: Shown, small: Dataset, monkeypatch: pytest.MonkeyPatch, kind: str, colouring: str,
    joined: bool,
) -> None:  # fmt: skip
    choose(monkeypatch, page, kind, colouring, joined=joined and kind == "words")
    page.main()
    pair = load.pair_of("small", BACKBONE, "en-de")
    table, total = maps.points(maps.coordinates(small, BACKBONE, kind), pair, load.rankings(), "NV")
    groups = [
        (words.group(colouring, value, mask), figures.group_colour(colouring, value, ("en", "de")), mask)
        for value, mask in maps.groups(table, colouring, ("en", "de"))
    ]
    assert len(groups) > 0 and len(table) > 3
    joins = maps.joins(table, pair) if joined and kind == "words" else None
    wanted = figures.scatter_map(
        table["x"].to_numpy(), table["y"].to_numpy(), np.arange(len(table)), groups, table["label"].tolist(), joins
    )
    assert shown.of("plotly_chart") == [wanted]
    (options,) = shown.options("plotly_chart")
    assert (options["on_select"], options["selection_mode"]) == ("rerun", ("points", "box", "lasso"))
    assert options["alt"] == f"Map of {kind}, coloured by {page.COLOURINGS[colouring].lower()}"
    command = f"python -m cldi_core project --dataset small --backbone {BACKBONE}"
    assert shown.of("caption")[0].startswith(
        f"{len(table)} of {total} {kind} · {draw.safe(f'PCA; for UMAP run: {command}')}. Near on the map"
    )
    assert shown.of("subheader") == [] and shown.of("title") == ["Map"]


def test_a_map_by_umap_says_so(page: ModuleType, shown: Shown, small: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    made = maps.coordinates(small, BACKBONE, "words")
    made.attrs["method"] = "umap"
    monkeypatch.setattr(load, "coordinates", lambda *given: made)
    choose(monkeypatch, page, "words", "pos", joined=False)
    page.main()
    assert " words · UMAP, seeded. Near on the map" in shown.of("caption")[0]


@pytest.mark.parametrize("colouring", ["pos", "outcome"])
def test_without_ranks_all_but_what_was_found_can_be_shown(
    page: ModuleType, shown: Shown, monkeypatch: pytest.MonkeyPatch, colouring: str
) -> None:
    missing: list[Any] = []
    monkeypatch.setattr(load, "rankings", lambda *given: None)
    monkeypatch.setattr(draw, "unranked", lambda *given: missing.append(given))
    choose(monkeypatch, page, "words", colouring, joined=False)
    page.main()
    unknown = (CURRENT, "What was found or missed is not known", ("maxmax", BACKBONE))
    assert missing == [unknown] * (colouring == "outcome")
    assert len(shown.of("plotly_chart")) == (colouring == "pos")


def test_no_word_of_a_kind_has_pictures(page: ModuleType, shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    choose(monkeypatch, page, "words", "pos", joined=False)
    monkeypatch.setattr(maps, "points", lambda *given: (pd.DataFrame({"x": []}), 0))
    page.main()
    assert shown.of("info") == ["No word of these parts of speech has pictures."] and not shown.of("plotly_chart")


@pytest.mark.parametrize("kind", ["words", "pictures"])
@pytest.mark.parametrize("toggled", [True, False])
def test_translations_are_joined_on_the_map_of_words_alone(
    page: ModuleType, shown: Shown, monkeypatch: pytest.MonkeyPatch, kind: str, toggled: bool
) -> None:
    answers = {"map kind": kind, "map colour": "language"}
    controls: dict[str, Any] = {}

    def control(name: str, offered: list[str], *, key: str, **options: Any) -> str:
        controls[key] = (name, offered, options["default"], options["required"])
        return answers[key]

    monkeypatch.setattr(page.st, "segmented_control", control)
    shown.answers["toggle"] = toggled
    assert page.controls(CURRENT) == (kind, "language", toggled and kind == "words")
    assert controls == {
        "map kind": ("Show", ["words", "pictures"], "words", True),
        "map colour": ("Colour by", ["pos", "language", "outcome"], "pos", True),
    }
    assert shown.widget("map joins")["disabled"] == (kind == "pictures")


@pytest.mark.parametrize("count", [1, maps.SHOWN, maps.SHOWN + 1])
def test_selected_words_are_shown_with_pictures_and_a_link_from_the_source(
    page: ModuleType, shown: Shown, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    members = {f"*w{number}*": [f"{number}-{place}" for place in range(12)] for number in range(count)}
    rows = pd.DataFrame({"word": list(members), "language": ["en", "de"] * (count // 2) + ["en"] * (count % 2)})
    drawn: list[Any] = []
    monkeypatch.setattr(load, "opened", lambda name: SimpleNamespace(members=lambda language: members))
    monkeypatch.setattr(draw, "row", lambda name, ids, alt, *, width: drawn.append((name, ids, alt)))
    page.show_selected(CURRENT, rows, "words")
    first = rows.head(maps.SHOWN)
    assert shown.of("subheader") == [f"{count} words selected"]
    assert drawn == [("small", members[word][:10], word) for word in first["word"]]
    assert shown.of("markdown") == [
        f"**{draw.safe(row.word)}** · {row.language} · 12 pictures" for row in first.itertuples()
    ]
    links = [options["query_params"] for options in shown.options("page_link")]
    assert links == [view.of_word(word) for word in first.loc[first["language"] == "en", "word"]]
    told = f"{maps.SHOWN} of {count} words are shown."
    assert shown.of("caption") == [told] * (count > maps.SHOWN)


def test_selected_pictures_are_a_grid(page: ModuleType, shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr(draw, "grid", lambda *given: drawn.append(given))
    page.show_selected(CURRENT, pd.DataFrame({"id": ["a", "b"]}), "pictures")
    assert drawn == [("small", ["a", "b"], "selected", "map-en-de")]
    assert shown.of("subheader") == ["2 pictures selected"] and shown.of("markdown") == []
