"""The Results page: what it says is what the core computes, and its switches change every table."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import tables
from cldi_core.insight import hygiene
from cldi_core.scoring.methods import METHODS
from pages._ui import figures, load
from tests.conftest import BACKBONE
from tests.pages_data import RANKS, healthy, open_page, pair_of, texts

pytestmark = pytest.mark.usefixtures("wide")


def read(csv: bytes) -> pd.DataFrame:
    """A CSV of records; what has an interval has no reason why not."""
    table = pd.read_csv(io.BytesIO(csv))
    return table.assign(**{name: table[name].fillna("").astype(str) for name in table if str(name).endswith("_why")})


RANKING = [method.name for method in METHODS.values() if method.ranks_all]  # the family of the table of gains


def gains_of(at: AppTest) -> pd.DataFrame:
    """The table of what beats AVGMAX: the only one with p values."""
    shown = [part.value for part in at.dataframe]
    (found,) = [one for one in shown if one.map(lambda cell: ", p " in str(cell)).to_numpy().any()]
    return found


def csv_of(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """All figures, as the page offers them once it is drawn."""
    offered: list[bytes] = []

    def button(label: str, data: Any, *rest: Any, **options: Any) -> None:
        if label == "All figures as CSV":
            offered.append(data)

    monkeypatch.setattr(st, "download_button", button)
    return offered


def test_the_results_are_those_of_the_core(built: tuple[Dataset, dict], monkeypatch: pytest.MonkeyPatch) -> None:
    offered = csv_of(monkeypatch)
    at = healthy(open_page("results", pair="en-de"))
    records = tables.table({"en-de": built[1]["en-de"]})
    rows = read(offered[0])
    about = rows[["dataset", "backbone", "spelled_alike", "words", "pairs"]].drop_duplicates().to_numpy().tolist()
    assert about == [["wide", BACKBONE, "kept", "all", "en-de"]]
    pd.testing.assert_frame_equal(rows[list(records[0])], pd.DataFrame(records))
    table = at.dataframe[0].value
    assert table.columns.tolist() == ["ALL (n = 20)", "NN (n = 11)", "VB (n = 5)", "ADJ (n = 4)"]
    assert table.index.tolist() == [*(method.label for method in METHODS.values()), "Spelling", "Identity"]
    ranks = np.array([rank for _, rank in RANKS.values()])
    assert table.loc["AVGMAX"].iloc[0].startswith(f"{(1 / ranks).mean():.2f} [")
    assert table.loc["AVGMAX"].iloc[1].endswith(" (n too small)"), "eleven nouns"
    assert table.loc["Spelling"].iloc[0].endswith(", n = 22")
    assert set(table.loc["KNN"]) == {"–"}
    formulas = [code.value for code in at.main.code if "cldi_core score" not in code.value]
    assert formulas == [method.formula for method in METHODS.values()], "controls are told of where their gap is shown"
    gains = gains_of(at)
    methods = [method.label for method in METHODS.values() if method.ranks_all and method.name != "avgmax"]
    assert gains.index.tolist() == methods, "controls are no methods"
    for record in records[:4]:
        text = figures.interval_text(tables.interval_of(record, "mrr"))
        assert table.loc[METHODS[record["method"]].label].iloc[0] == text
    at = healthy(at.main.get("button_group")[1].set_value("p@1").run())
    assert at.dataframe[0].value.loc["AVGMAX"].iloc[0].startswith(f"{(ranks == 1).mean():.2f} [")
    assert "–" not in set(at.dataframe[0].value.loc["KNN"])


def test_the_results_average_pairs_and_leave_out_words_spelled_alike(
    built: tuple[Dataset, dict], monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = csv_of(monkeypatch)
    at = open_page("results", pair="en-fr", method="maxmax")
    at = healthy(at.main.get("button_group")[2].set_value("average").run())
    assert "Wide \\*set\\* · average" in texts(at)
    at = healthy(at.toggle[0].set_value(False).run())
    records = pd.DataFrame(tables.table(built[1], same_spelled=False))
    rows = read(offered[-1])
    pd.testing.assert_frame_equal(rows[list(records)], records)
    assert set(rows["spelled_alike"]) == {"left out"}
    assert rows.groupby("pair")["pairs"].first().to_dict() == {
        "average": "en-de en-fr",
        "en-de": "en-de",
        "en-fr": "en-fr",
    }
    opened = healthy(open_page("results", pair="en-fr", method="maxmax", pairs="average", alike="out"))
    assert [part.value.to_csv() for part in opened.dataframe] == [part.value.to_csv() for part in at.dataframe]
    (gaps,) = [part.value for part in at.dataframe if "nouns above verbs (MRR)" in part.value]
    gap = tables.noun_gap({pair: frames["maxmax"] for pair, frames in built[1].items()}, "V")
    assert gaps.loc["MAXMAX", "nouns above verbs (MRR)"] == figures.interval_text(gap), "no word is spelled alike here"
    means = [tables.chance(pair_of(built[0], name)) for name in ("en-de", "en-fr")]
    assert f"chance MRR {sum(means) / 2:.3f}" in texts(at) and f"{means[0]:.3f}" != f"{means[1]:.3f}"


ALIKE = ("cow", "house", "shake", "red")


def some_alike(frame: pd.DataFrame) -> pd.DataFrame:
    """Rankings in which some words of each part of speech are spelled alike in both languages."""
    return frame.assign(same_spelled=frame["word"].isin(ALIKE))


@pytest.mark.parametrize("scope", ["this", "average"])
def test_words_spelled_alike_can_be_left_out_of_every_table(
    built: tuple[Dataset, dict], monkeypatch: pytest.MonkeyPatch, scope: str
) -> None:
    """The figures, what is above AVGMAX, and the gap of the nouns."""
    found, stored = load.rankings, load.stored_rankings
    monkeypatch.setattr(load, "rankings", lambda *asked: some_alike(found(*asked)))
    monkeypatch.setattr(
        load, "stored_rankings", lambda *asked: {name: some_alike(one) for name, one in stored(*asked).items()}
    )
    pairs = ["en-de", "en-fr"] if scope == "average" else ["en-de"]
    every = {pair: {name: some_alike(frame) for name, frame in built[1][pair].items()} for pair in pairs}
    kept = {pair: {name: one[~one["same_spelled"]] for name, one in own.items()} for pair, own in every.items()}
    at = open_page("results", pair="en-de", method="cnn-max")
    at = healthy(at.main.get("button_group")[2].set_value(scope).run())
    drawn = []
    for same, frames in ((True, every), (False, kept)):
        at = healthy(at.toggle[0].set_value(same).run())
        main, gains = at.dataframe[0].value, gains_of(at)
        (gaps,) = [part.value for part in at.dataframe if "nouns above verbs (MRR)" in part.value]
        record = next(
            one for one in tables.table(frames) if (one["method"], one["setting"]) == ("cnn-max", "NN")
            and one["pair"] == (tables.AVERAGE if len(pairs) > 1 else "en-de")
        )  # fmt: skip
        assert main.loc["CNN-MAX", f"NN (n = {record['clusters']})"] == figures.interval_text(
            tables.interval_of(record, "mrr")
        )
        ranking = {pair: {way: own[way] for way in RANKING} for pair, own in frames.items()}
        gained = {(one["method"], one["setting"]): one for one in tables.against(ranking)}["maxmax", "NN"]
        cell = gains.loc["MAXMAX", f"NN (n = {gained['clusters']})"]
        assert cell.startswith(figures.gain_text(tables.interval_of(gained, "mrr")))
        assert cell.endswith(f", p {gained['p_holm']:.3f}"), "of the family that the table shows"
        for letter, name in (("V", "verbs"), ("A", "adjectives")):
            for method, label in (("cnn-max", "CNN-MAX"), ("identity", "Identity")):
                gap = tables.noun_gap({pair: own[method] for pair, own in frames.items()}, letter)
                assert gaps.loc[label, f"nouns above {name} (MRR)"] == figures.interval_text(gap)
        drawn.append((main.columns.tolist(), gains.columns.tolist(), gaps.loc["CNN-MAX"].tolist()))
    assert all(one != other for one, other in zip(*drawn, strict=True)), "the switch changes every table"


def test_tables_have_the_parts_of_speech_of_the_sidebar(built: tuple[Dataset, dict]) -> None:
    at = healthy(open_page("results", pair="en-de", pos="NA", figure="p@1", clean="1"))
    headings = [[str(column).partition(" (")[0] for column in part.value.columns] for part in at.dataframe]
    gaps = ["nouns above adjectives"]
    assert headings.count(gaps) == 1 and all(own == ["NN", "ADJ"] for own in headings if own != gaps), headings
    everything = healthy(open_page("results", pair="en-de", pos="NVA", figure="p@1"))
    assert [name.partition(" (")[0] for name in everything.dataframe[0].value] == ["ALL", "NN", "VB", "ADJ"]


def test_clean_words_stand_beside_all_words(built: tuple[Dataset, dict], monkeypatch: pytest.MonkeyPatch) -> None:
    own = {"few": frozenset({("de", "Kuh")}), "same-spelled": frozenset({("en", "shake"), ("en", "cow")})}
    monkeypatch.setattr(hygiene, "suspects", lambda dataset, pair: own)
    monkeypatch.setattr(hygiene, "SMALL", 1)  # the pictures of this data set are
    at = healthy(open_page("results", pair="en-de"))
    assert not any("clean words" in str(part.value) for part in at.header)
    tables_before = len(at.dataframe)
    at = healthy(at.toggle[1].set_value(True).run())
    assert at.query_params["clean"] in ("1", ["1"]), "the URL holds it"
    assert "Clean words beside all words" in [part.value for part in at.header]
    pair = pair_of(built[0], "en-de")
    kept = [query.id for query in pair.queries if query.word not in ("shake", "cow") and "Kuh" not in query.right]
    frames = built[1]["en-de"]
    records = tables.table({"en-de": tables.only(frames, kept)})
    (shown,) = [part.value for part in at.dataframe if "AVGMAX, clean words" in part.value.index]
    assert len(at.dataframe) == tables_before + 1
    for record in records:
        if record["method"] in ("avgmax", "cnn-max"):
            method = METHODS[record["method"]]
            found = tables.interval_of(record, "mrr")
            text = f"{figures.interval_text(found)}, n = {found.n}"
            assert shown.loc[f"{method.label}, clean words", record["setting"]] == text
    assert shown.index[:2].tolist() == ["AVGMAX, all words", "AVGMAX, clean words"]
    every = at.dataframe[0].value
    assert shown.loc["AVGMAX, all words", "ALL"] == f"{every.loc['AVGMAX'].iloc[0]}, n = 20"
    taken = len(pair.queries) - len(kept)
    text = texts(at).replace("\\", "")
    assert f"{taken} of {len(pair.queries)} queries taken away" in text and "spelled alike: 2" in text
    again = healthy(open_page("results", pair="en-de", clean="1"))
    assert again.toggle[1].value and any(part.value.equals(shown) for part in again.dataframe), "a link opens the same"
    at = healthy(at.toggle[1].set_value(False).run())
    assert "clean" not in at.query_params and len(at.dataframe) == tables_before
