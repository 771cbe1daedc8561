"""Word lists without parts of speech, or with others than the three: every page shows them, and none breaks."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from cldi_core import rankers
from cldi_core.commands import main
from cldi_core.data import wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import tables
from cldi_core.evaluation.pairs import open_pair
from cldi_core.insight import play, predictors
from cldi_core.insight.evidence import stored_evidence
from tests import ranked
from tests.conftest import BACKBONE
from tests.pages_data import PAGES, build_wide, healthy, open_page, texts, unescaped, view_of

OTHERS = {"dog", "cow", "fog", "run", "owe", "red", "sea"}


def _made(folder: Path, others: set[str]) -> Dataset:
    """The data set with known ranks, of which some words are of no part of speech, scored by the commands."""
    made = build_wide(folder)
    for pair in made.pairs:
        rows = [row if row.source not in others else wordlists.Row(row.source, row.target, "X")
                for row in made.lexicon(pair)]  # fmt: skip
        wordlists.write_list(made.path / "lexicon" / f"{pair}.tsv", rows)
    for command in ("score", "learning-curve --draws 1"):
        with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
            patch.setattr(
                sys, "argv", ["cldi_core", *command.split(), "--dataset", str(made.path), "--method", "avgmax"]
            )
            main.main()
        assert not ended.value.code
    return Dataset(made.path)


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Dataset]:
    folder = tmp_path_factory.mktemp("data")
    words = {row.source for row in build_wide(folder / "plain").lexicon("en-de")}
    return {"mixed": _made(folder / "mixed", OTHERS), "only": _made(folder / "only", words)}


@pytest.fixture(autouse=True)
def _here(sets: dict[str, Dataset], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLDI_DATA", str(sets["mixed"].path.parent))
    monkeypatch.delenv("CLDI_DATASET", raising=False)
    st.cache_data.clear()
    st.cache_resource.clear()


ASKED = {"pair": "en-de", "method": "avgmax", "backbone": BACKBONE}


@pytest.mark.parametrize(
    ("name", "page"),
    [*(("mixed", page) for page in PAGES), *(("only", page) for page in ("overview", "word", "failure"))],
)
def test_every_page_opens_with_all_words(name: str, page: str) -> None:
    at = healthy(open_page(page, dataset=name, **ASKED))
    assert view_of(at)["pos"] == "NVAX"


@pytest.mark.parametrize("topic", ["winners", "hubs", "pictures", "confidence"])
def test_every_section_on_failure_opens(topic: str) -> None:
    for name in ("mixed", "only"):
        at = healthy(open_page("failure", dataset=name, **ASKED, topic=topic))
        assert "missed others" not in texts(at), "no part of speech is compared with what is none"


def _kinds(at: AppTest) -> list[str]:
    (pills,) = [one for one in at.sidebar.button_group if one.label == "Part of speech"]
    return list(pills.options)


def test_others_can_be_chosen_only_where_there_are_any() -> None:
    at = healthy(open_page("word", dataset="mixed", **ASKED, word="run.X", pos="X"))
    assert _kinds(at) == ["Nouns", "Verbs", "Adjectives", "Others"] and view_of(at)["word"] == "run.X"
    assert "other" in unescaped(texts(at)) and view_of(at)["pos"] == "X"
    plain = healthy(open_page("word", dataset="plain", pair="en-de", backbone=BACKBONE, pos="NVAX"))
    assert _kinds(plain) == ["Nouns", "Verbs", "Adjectives"] and view_of(plain)["pos"] == "NVA"


def test_all_words_are_all_words_of_another_data_set_too() -> None:
    at = healthy(open_page("word", dataset="plain", pair="en-de", backbone=BACKBONE))
    at.sidebar.selectbox(key="dataset").set_value("mixed").run()
    assert view_of(healthy(at))["pos"] == "NVAX"
    at = healthy(open_page("word", dataset="plain", pair="en-de", backbone=BACKBONE, pos="V"))
    at.sidebar.selectbox(key="dataset").set_value("mixed").run()
    assert view_of(healthy(at))["pos"] == "V"


def test_others_are_in_the_figures_of_all_words_alone(sets: dict[str, Dataset]) -> None:
    pair = open_pair(sets["mixed"], BACKBONE, "en-de")
    frames = ranked.stored_rankings(pair, ["avgmax"])
    records = {one["setting"]: one for one in tables.table({"en-de": frames})}
    own = frames["avgmax"]
    assert (own["pos"] == "X").sum() == len(OTHERS)
    assert (
        records["ALL"]["n"] == own["rank"].notna().sum() == sum(records[name]["n"] for name in ("NN", "VB", "ADJ")) + 7
    )
    assert records["ALL"]["mrr"] == pytest.approx((1 / own["rank"]).mean())
    assert set(predictors.frame(stored_evidence(pair, [rankers.ranker("avgmax")])["avgmax"], pair)["pos"]) == {
        "N",
        "V",
        "A",
    }
    assert pair.find("dog") == pair.index["dog.X"]


def test_a_game_of_words_without_parts_of_speech(sets: dict[str, Dataset]) -> None:
    pair = open_pair(sets["only"], BACKBONE, "en-de")
    assert {one.pos for one in play.words(pair, 1)} == {"X"}
    mixed = play.words(open_pair(sets["mixed"], BACKBONE, "en-de"), 1)
    assert {one.pos for one in mixed} == {"N", "V", "A", "X"} and len(mixed) == play.ROUNDS
