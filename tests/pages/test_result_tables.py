"""The tables of the Results page: which figure stands where, and what stands in place of one."""

from __future__ import annotations

import io
import math
from typing import Any

import pandas as pd
import pytest

from cldi_core.data.dataset import SETTINGS
from cldi_core.evaluation import paper
from cldi_core.evaluation.metrics import NOTHING, Interval
from cldi_core.scoring.methods import METHODS
from pages._ui import result_tables
from tests.pages.conftest import Shown


def record(method: str, setting: str, value: float, n: int = 30, **also: Any) -> dict[str, Any]:
    """One record of ``tables.table`` whose figures differ."""
    found: dict[str, Any] = {"method": method, "setting": setting, "pair": "en-de", "n": n, "clusters": n}
    found |= {"asked": n, "asked_clusters": n, "coverage": 1.0, "p": 0.001, "p_holm": 0.01}
    for number, name in enumerate(("mrr", "p@1", "p@10", "mrr_all", "p@1_all", "p@10_all")):
        more = number % 3 / 10 - 0.1 * (number > 2)
        found |= Interval(value + more, value - 0.05 + more, value + 0.05 + more, n).record(name)
    return found | also


RECORDS = [
    record("avgmax", "ALL", 0.5, 30), record("avgmax", "NN", 0.6, 20),
    record("knn", "ALL", 0.3, 30), record("knn", "NN", 0.4, 20),
    record("spelling", "ALL", 0.2, 33), record("spelling", "NN", 0.1, 20),
]  # fmt: skip


@pytest.mark.parametrize(("name", "more"), [("mrr", 0), ("p@1", 0.1), ("p@10", 0.2)])
def test_methods_stand_below_each_other_and_settings_beside(name: str, more: float) -> None:
    table = result_tables.figure(RECORDS, name)
    assert table.columns.tolist() == ["ALL (n = 30)", "NN (n = 20)"]
    assert table.index.tolist() == ["AVGMAX", "KNN", "Spelling"]

    def text(value: float) -> str:
        return f"{value + more:.2f} [{value + more - 0.05:.2f}, {value + more + 0.05:.2f}]"

    # KNN names one answer only, so there is nothing but P@1; spelling covers more words than pictures do.
    named = [text(0.3), text(0.4)] if name == "p@1" else ["–", "–"]
    assert table.to_numpy().tolist() == [
        [text(0.5), text(0.6)], named, [f"{text(0.2)}, n = 33", text(0.1)]
    ]  # fmt: skip


def test_figures_are_named_as_records_and_people_name_them() -> None:
    assert result_tables.FIGURES == {"mrr": "MRR", "p@1": "P@1", "p@10": "P@10"}


def test_gains_are_of_methods_that_rank_everything() -> None:
    found = result_tables.gains(
        [record("maxmax", "ALL", 0.1), record("knn", "ALL", 0.2), record("maxmax", "NN", -0.2, 29, p_holm=0.06)]
    )
    assert found.columns.tolist() == ["ALL (n = 30)", "NN (n = 29)"] and found.index.tolist() == ["MAXMAX"]
    assert found.loc["MAXMAX"].tolist() == ["▲ +0.10 [0.05, 0.15], p 0.010", "-0.20 [-0.25, -0.15], p 0.060"]


def test_words_without_pictures_have_a_table_of_their_own() -> None:
    also = {"asked": 40, "asked_clusters": 38, "coverage": 0.75}
    table = result_tables.of_all([record("avgmax", "ALL", 0.5, **also), record("knn", "ALL", 0.3, **also)], "mrr")
    assert table.columns.tolist() == ["ALL (n = 38)"]
    assert table["ALL (n = 38)"].tolist() == ["0.40 [0.35, 0.45] · 75%", "–"], "KNN has no MRR"
    assert result_tables.zeros(record("avgmax", "ALL", 0.5, **also)) == (
        "30 of 40 queries have pictures on both sides (coverage 0.75); with the others counted as 0, AVGMAX has MRR "
        "0.40 [0.35, 0.45] in place of 0.50."
    )
    assert result_tables.zeros(record("avgmax", "ALL", 0.5)) == "All 30 queries have pictures on both sides."
    assert result_tables.zeros(record("avgmax", "ALL", 0.5, 1)) == "The one query has pictures on both sides."


def test_directions_stand_below_each_other() -> None:
    found = {result_tables.direction(pairs): [record("avgmax", "ALL", value), record("avgmax", "NN", value, 20)]
             for pairs, value in ((("en-de",), 0.5), (("de-en", "fr-en"), 0.6))}  # fmt: skip
    table = result_tables.by_direction(found, "p@1")
    assert table.index.tolist() == ["en→de", "average of 2: de→en, fr→en"] and table.columns.tolist() == ["ALL", "NN"]
    assert table.to_numpy().tolist()[1] == ["0.70 [0.65, 0.75], n = 30", "0.70 [0.65, 0.75], n = 20"]


def test_two_contenders_are_compared_in_a_row() -> None:
    beside = {"one": "AVGMAX", "other": "KNN", "won": 12, "lost": 8, "level": 10}
    first = record("", "together", 0.1, **beside) | {"p": 0.0004, "p_holm": 0.0016}
    second = record("", "verbs", 0.1, 9, **beside) | {"p": math.nan, "p_holm": math.nan}
    table = result_tables.compared([first, second])
    assert table.to_dict("records")[0] == {
        "of": "together", "one": "AVGMAX", "other": "KNN", "difference to other (MRR)": "▲ +0.10 [0.05, 0.15]",
        "p": "< 0.001", "p (Holm)": "0.002", "won / lost / level": "12 / 8 / 10", "n": 30,
    }  # fmt: skip
    assert table.loc[1, ["difference to other (MRR)", "p", "p (Holm)"]].tolist() == ["+0.10 [0.05, 0.15]", "–", "–"]


def test_gaps_have_a_column_for_each_part_of_speech() -> None:
    gap = Interval(0.25, 0.125, 0.375, 40)
    table = result_tables.gaps({"avgmax": {"V": gap, "A": NOTHING}, "identity": {"V": NOTHING, "A": gap}})
    assert table.index.tolist() == ["AVGMAX", "Identity"]
    assert table.columns.tolist() == ["nouns above verbs (MRR)", "nouns above adjectives (MRR)"]
    assert table.to_numpy().tolist() == [["0.25 [0.12, 0.38]", "–"], ["–", "0.25 [0.12, 0.38]"]]


@pytest.mark.parametrize("name", list(result_tables.FIGURES))
def test_the_papers_table_has_its_own_figures(name: str) -> None:
    table = result_tables.published(name)
    assert table.columns.tolist() == list(SETTINGS)
    assert table.index.tolist() == [METHODS[way].label for way in paper.TABLE_2]
    place = {"mrr": 0, "p@1": 1, "p@10": 2}[name]
    for way, own in paper.TABLE_2.items():
        for setting in SETTINGS:
            value = own[setting][place]
            there = value is not None and not math.isnan(value)
            assert table.loc[METHODS[way].label, setting] == (f"{value:.2f}" if there else "–")
    assert "–" in table.to_numpy() or name == "p@1", "KNN has P@1 alone"


def test_a_table_is_drawn_in_its_full_height(shown: Shown) -> None:
    table = result_tables.figure(RECORDS, "mrr")
    result_tables.draw(table, "Figures", "figures")
    ((options,), (given,)) = shown.options("dataframe"), shown.of("dataframe")
    assert given is table and options["height"] == "content" and options["alt"] == "Figures"
    assert options["column_config"]["_index"]["width"] == 190
    long = "CNN-MEAN + inverted softmax, clean words"
    result_tables.draw(table.rename(index={"KNN": long}), "Figures", "figures")
    assert shown.options("dataframe")[1]["column_config"]["_index"]["width"] == 7 * len(long), "it is not cut off"


@pytest.mark.parametrize(
    ("pairs", "same", "clean", "name"),
    [
        (["en-de"], True, False, "results-a_b-en-de-lite0.csv"),
        (["en-de", "en-fr"], False, True, "results-a_b-average-of-2-lite0-without-alike-and-clean.csv"),
    ],
)
def test_a_download_of_all_figures_says_what_it_is_of(pairs: list[str], same: bool, clean: bool, name: str) -> None:
    assert result_tables.csv_name("a/b", "lite0", pairs, same_spelled=same, clean=clean) == name
    kinds = {"all": [record("avgmax", "ALL", 0.5), record("avgmax", "ALL", 0.5, pair="average")]}
    kinds |= {"clean": [record("avgmax", "ALL", 0.4, 7)]} if clean else {}
    rows = pd.read_csv(io.BytesIO(result_tables.csv(kinds, "a/b", "lite0", pairs, same_spelled=same)))
    assert set(rows["dataset"]) == {"a/b"} and set(rows["backbone"]) == {"lite0"}
    assert set(rows["spelled_alike"]) == {"kept" if same else "left out"}
    assert rows["pairs"].tolist()[:2] == ["en-de", " ".join(pairs)]
    assert rows["words"].tolist() == ["all", "all", *["clean"] * clean] and rows["n"].tolist() == [30, 30, *[7] * clean]
    assert rows["mrr"].tolist() == [0.5, 0.5, *[0.4] * clean]
