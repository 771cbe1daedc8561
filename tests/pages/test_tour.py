"""The guided tour: five steps that a link opens, each with a claim from the data; the last is the reader's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from cldi_core import rankers
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import paper, tables
from cldi_core.evaluation.pairs import open_pair
from cldi_core.evaluation.rankings import stored_rankings
from pages._ui import figures, tour, view
from tests.conftest import BACKBONE
from tests.pages_data import button, healthy, open_page, texts, unescaped, view_of

DEMO = Path(__file__).resolve().parents[2] / "data" / "demo"
LITE = "efficientnet-lite0"


def said(at: AppTest) -> str:
    (found,) = [one.value for one in at.markdown if " of 5 · " in one.value]
    return unescaped(found)


def follow(at: AppTest, label: str) -> AppTest:
    """The page that a link leads to."""
    (link,) = [one.proto for one in at.get("page_link") if one.proto.label == label]
    return healthy(open_page(link.page or "overview", **dict(parse_qsl(link.query_string))))


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLDI_DATA", str(DEMO.parent))
    monkeypatch.delenv("CLDI_DATASET", raising=False)


@pytest.mark.parametrize("pair", ["en-de", "en-fr"])
def test_five_steps_lead_to_a_word_of_the_readers_own(demo: None, pair: str) -> None:
    at = open_page("overview", dataset="demo", pair=pair)
    button(at, "Take the tour").click().run()
    healthy(at)
    assert view_of(at)["tour"] == "1" and not [one for one in at.button if one.label.startswith("Take the tour")]
    dataset = Dataset(DEMO)
    frames = {
        one: stored_rankings(open_pair(dataset, LITE, one), [rankers.ranker("avgmax")]) for one in dataset.alike(pair)
    }
    rows = {row["setting"]: row for row in tables.table(frames, group=tables.AVERAGE)}
    for setting, kind in (("NN", "nouns"), ("VB", "verbs")):
        known = tables.interval_of(rows[setting], "mrr")
        assert f"{figures.interval_text(known)} for {kind} (n = {known.n})" in said(at)
    assert "Nouns are found more often than verbs" in said(at)
    for number, letter, first in ((2, "N", True), (3, "V", False)):
        at = follow(at, "**Next**")
        word, letters = view_of(at)["word"].rsplit(".", 1)
        ranked = frames[pair]["avgmax"].set_index("query").loc[f"{word}.{letter}"]
        assert (view_of(at)["tour"], letters, ranked["rank"] == 1) == (str(number), letter, first)
        assert f"“{word}” is “{ranked['right']}”." in said(at)
        assert "Show what this is about" not in {one.proto.label for one in at.get("page_link")}
    at = follow(at, "**Next**")
    assert at.title[0].value == "What explains failure?"
    missed = frames[pair]["avgmax"].query("pos == 'V' and rank > 1")
    assert f"Of {len(missed)} verbs that are not found" in said(at)
    at = follow(at, "**Next**")
    assert "Your own question" in said(at) and "**Next**" not in {one.proto.label for one in at.get("page_link")}
    (chooser,) = [one for one in at.selectbox if one.label == f"A word of {pair}"]
    assert len(chooser.options) == len(frames[pair]["avgmax"])
    button(at, "End the tour").click().run()
    assert "tour" not in view_of(at) and not [one for one in at.markdown if " of 5 · " in one.value]


def test_a_step_says_where_it_belongs(demo: None) -> None:
    at = healthy(open_page("dispersion", dataset="demo", pair="en-de", tour="3"))
    at = follow(at, "Show what this is about")
    assert view_of(at)["word"].endswith(".V") and view_of(at)["tour"] == "3"


@pytest.mark.parametrize("asked", ["6", "0", "x", "1; drop"])
def test_nonsense_opens_no_tour(wide: Dataset, asked: str) -> None:
    at = healthy(open_page("map", tour=asked))
    assert " of 5 · " not in texts(at)


@pytest.mark.parametrize("step", ["1", "2", "4", "5"])
def test_data_without_a_clear_case_say_so(wide: Dataset, step: str) -> None:
    """The data set with known ranks has no evidence."""
    at = healthy(open_page(tour.PAGES[step], dataset=wide.name, backbone=BACKBONE, tour=step))
    expected = {"1": "Here nouns and verbs do not differ", "2": "no clear case", "4": "Nothing is stored",
                "5": "Your own question"}  # fmt: skip
    assert expected[step] in said(at)


@dataclass(frozen=True)
class Gap:
    """A difference of which only the side matters."""

    way: int

    def side(self) -> int:
        return self.way


@pytest.mark.parametrize(("way", "claim"), [(1, "than verbs"), (-1, "verbs are found more"), (0, "not differ")])
def test_the_finding_claims_what_the_interval_bears(monkeypatch: pytest.MonkeyPatch, way: int, claim: str) -> None:
    record = {"method": next(iter(paper.TABLE_2)), "mrr": 0.5, "mrr_low": 0.4, "mrr_high": 0.6, "n": 50, "clusters": 50}
    rows = [record | {"setting": setting} for setting in ("NN", "VB")]
    monkeypatch.setattr(tour.load, "opened", lambda name: SimpleNamespace(alike=lambda pair: (pair,)))
    monkeypatch.setattr(tour.load, "table", lambda *given, **also: rows)
    monkeypatch.setattr(tour.load, "noun_gap", lambda *given: Gap(way))
    monkeypatch.setattr(figures, "interval_text", lambda one: "x")
    step = tour.STEPS["1"](view.View("d", "en-de", method=record["method"], backbone="b"))
    assert claim in step.text
