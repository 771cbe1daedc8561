"""Tables of results against their definition, computed by hand from made-up ranks."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import metrics, tables
from cldi_core.evaluation.pairs import open_pair
from tests import oracles
from tests.conftest import BACKBONE

NAN = math.nan


def frame(ranks: dict[str, float], same: tuple[str, ...] = ()) -> pd.DataFrame:
    """Rankings with only the columns that the tables need: query → rank."""
    return pd.DataFrame(
        {
            "query": list(ranks),
            "pos": [query[-1] for query in ranks],
            "rank": list(ranks.values()),
            "same_spelled": [query in same for query in ranks],
        }
    )


DE = {"dog.N": 1.0, "cow.N": 4.0, "hat.N": NAN, "run.V": 12.0, "red.A": 2.0, "hand.N": 1.0}
FR = {"dog.N": 3.0, "cow.N": 1.0, "hat.N": 10.0, "run.V": NAN, "red.A": 1.5}


@pytest.fixture
def records() -> list[dict]:
    return tables.table({"en-de": {"avgmax": frame(DE)}, "en-fr": {"avgmax": frame(FR)}})


def one(records: list[dict], pair: str, setting: str, method: str = "avgmax") -> dict:
    (found,) = [r for r in records if (r["pair"], r["setting"], r["method"]) == (pair, setting, method)]
    return found


def test_every_pair_and_setting_has_one_record(records: list[dict]) -> None:
    assert [(record["pair"], record["setting"]) for record in records] == [
        (pair, setting) for pair in ("en-de", "en-fr", "average") for setting in ("ALL", "NN", "VB", "ADJ")
    ]
    figures = {f"{name}{end}" for name in ("mrr", "p@1", "p@10") for end in ("", "_low", "_high")}
    assert set(records[0]) == {"pair", "method", "setting", "n", "coverage"} | figures


@pytest.mark.parametrize("setting, letter", [("ALL", "NVA"), ("NN", "N"), ("VB", "V"), ("ADJ", "A")])
@pytest.mark.parametrize("pair, ranks", [("en-de", DE), ("en-fr", FR)])
def test_one_pair_is_the_mean_over_covered_words(
    records: list[dict], pair: str, ranks: dict[str, float], setting: str, letter: str
) -> None:
    asked = [rank for query, rank in ranks.items() if query[-1] in letter]
    known = [rank for rank in asked if not math.isnan(rank)]
    record = one(records, pair, setting)
    assert record["n"] == len(known)
    assert record["coverage"] == len(known) / len(asked)
    if not known:
        assert math.isnan(record["mrr"]) and math.isnan(record["p@10"])
        return
    assert record["mrr"] == pytest.approx(sum(1 / rank for rank in known) / len(known))
    assert record["p@1"] == pytest.approx(sum(rank <= 1 for rank in known) / len(known))
    assert record["p@10"] == pytest.approx(sum(rank <= 10 for rank in known) / len(known))
    assert record["mrr_low"] <= record["mrr"] <= record["mrr_high"]


def test_the_average_is_the_mean_of_the_pairs_means(records: list[dict]) -> None:
    for setting in ("ALL", "NN", "ADJ"):
        for figure in ("mrr", "p@1", "p@10"):
            means = [one(records, pair, setting)[figure] for pair in ("en-de", "en-fr")]
            assert one(records, "average", setting)[figure] == pytest.approx(sum(means) / 2)
    pooled = [1 / rank for rank in [*DE.values(), *FR.values()] if not math.isnan(rank)]
    assert one(records, "average", "ALL")["mrr"] != pytest.approx(sum(pooled) / len(pooled)), "no pooled mean"


def test_the_average_counts_all_queries_of_all_pairs(records: list[dict]) -> None:
    average = one(records, "average", "ALL")
    assert average["n"] == 5 + 4
    assert average["coverage"] == 9 / 11


def test_a_pair_without_covered_words_does_not_spoil_the_average(records: list[dict]) -> None:
    assert math.isnan(one(records, "en-fr", "VB")["mrr"])
    assert one(records, "average", "VB")["mrr"] == pytest.approx(1 / 12)


def test_a_method_that_one_pair_lacks_is_in_no_average() -> None:
    both = {"a": frame({"cow.N": 1, "run.V": 4}), "b": frame({"cow.N": 2, "run.V": 8})}
    found = tables.table({"en-de": both, "en-fr": {"a": both["a"]}})
    assert {(record["pair"], record["method"]) for record in found} == {
        ("en-de", "a"), ("en-de", "b"), ("en-fr", "a"), ("average", "a")
    }  # fmt: skip
    assert tables.against({"en-de": both, "en-fr": {"a": both["a"]}}, "a") == []


def test_one_pair_has_no_average() -> None:
    assert {record["pair"] for record in tables.table({"en-de": {"avgmax": frame(DE)}})} == {"en-de"}


def test_same_spelled_words_can_be_left_out() -> None:
    frames = {"en-de": {"avgmax": frame(DE, same=("hand.N",))}}
    assert one(tables.table(frames), "en-de", "NN")["n"] == 3
    without = one(tables.table(frames, same_spelled=False), "en-de", "NN")
    assert (without["n"], without["coverage"]) == (2, 2 / 3)
    assert without["mrr"] == pytest.approx((1 + 1 / 4) / 2)


def test_methods_stand_side_by_side() -> None:
    frames = {"en-de": {"avgmax": frame(DE), "maxmax": frame(DE | {"dog.N": 5.0})}}
    records = tables.table(frames, ks=(1, 5))
    assert one(records, "en-de", "NN")["p@1"] == pytest.approx(2 / 3)
    assert one(records, "en-de", "NN", "maxmax")["p@1"] == pytest.approx(1 / 3)
    assert one(records, "en-de", "NN", "maxmax")["p@5"] == 1


def test_intervals_are_the_quantiles_of_a_bootstrap_over_words(records: list[dict]) -> None:
    words = list(DE)
    table = [[1 / DE[word], 1 / FR.get(word, NAN)] for word in words]
    rng = np.random.default_rng(0)
    draws = [rng.integers(0, len(words), len(words)).tolist() for _ in range(4000)]
    low, high = np.quantile(oracles.bootstrap(table, draws), [0.025, 0.975])
    record = one(records, "average", "ALL")
    assert record["mrr_low"] == pytest.approx(low, abs=0.03)
    assert record["mrr_high"] == pytest.approx(high, abs=0.03)


def test_the_same_call_gives_the_same_intervals() -> None:
    frames = {"en-de": {"avgmax": frame(DE)}}
    assert tables.table(frames) == tables.table(frames)
    other = one(tables.table(frames, seed=1), "en-de", "NN")
    assert other["mrr"] == one(tables.table(frames), "en-de", "NN")["mrr"]


def test_nothing_asked_is_not_an_error() -> None:
    record = one(tables.table({"en-de": {"avgmax": frame({"dog.N": NAN})}}), "en-de", "ALL")
    assert (record["n"], record["coverage"]) == (0, 0.0) and math.isnan(record["mrr"])
    record = one(tables.table({"en-de": {"avgmax": frame({"dog.N": NAN})}}), "en-de", "VB")
    assert record["n"] == 0 and math.isnan(record["coverage"])


def test_the_rank_table_joins_by_query_not_by_position() -> None:
    shuffled = frame(dict(reversed(FR.items())))
    table = tables.rank_table({"en-de": frame(DE), "en-fr": shuffled})
    np.testing.assert_array_equal(table[:, 0], list(DE.values()))
    np.testing.assert_array_equal(table[:, 1], [*FR.values(), NAN])


def test_chance_counts_right_answers_and_candidates_with_pictures(small: Dataset) -> None:
    pair = open_pair(small, BACKBONE, "en-de")
    # eight candidates with pictures; "dog" and "run" have two right answers, four words have one, "ghost" has none
    expected = (2 * metrics.chance(8, 2) + 4 * metrics.chance(8, 1)) / 6
    assert tables.chance(pair) == pytest.approx(expected)


def test_the_noun_gap_is_the_difference_of_the_means() -> None:
    gap = tables.noun_gap({"en-de": frame(DE), "en-fr": frame(FR)}, "A")
    nouns = ((1 + 1 / 4 + 1) / 3 + (1 / 3 + 1 + 1 / 10) / 3) / 2
    assert gap.value == pytest.approx(nouns - (1 / 2 + 1 / 1.5) / 2)
    assert gap.low <= gap.value <= gap.high
    missing = tables.noun_gap({"en-de": frame({"dog.N": 1.0})}, "V")
    assert isinstance(missing, metrics.Interval) and math.isnan(missing.value)


def test_methods_are_set_against_one_on_the_same_words() -> None:
    better = dict.fromkeys(DE, 1.0) | {"hat.N": NAN}
    worse = {query: rank + 1 for query, rank in FR.items()}
    frames = {
        "en-de": {"avgmax": frame(DE), "good": frame(better), "same": frame(DE)},
        "en-fr": {"avgmax": frame(FR), "good": frame(FR), "same": frame(FR)},
    }
    found = {(record["method"], record["setting"]): record for record in tables.against(frames)}
    assert {method for method, _ in found} == {"good", "same"}
    gain = sum(1 - 1 / rank for rank in (1, 4, 12, 2, 1)) / 5
    record = found["good", "ALL"]
    assert record["mrr"] == pytest.approx(gain / 2)  # the mean of both pairs, French gains nothing
    assert record["mrr_low"] <= record["mrr"] <= record["mrr_high"] and record["n"] == 9
    assert [found["same", "ALL"][name] for name in ("mrr", "mrr_low", "mrr_high")] == [0, 0, 0]
    frames["en-fr"]["good"] = frame(worse)
    assert tables.against({"en-fr": frames["en-fr"]})[0]["mrr"] < 0
    (nouns,) = [
        record
        for record in tables.against(frames, same_spelled=True)
        if (record["method"], record["setting"]) == ("good", "VB")
    ]
    assert nouns["n"] == 1


def test_words_spelled_alike_can_be_left_out_of_the_comparison() -> None:
    one, other = frame(DE, same=("run.V",)), frame(dict.fromkeys(DE, 1.0), same=("run.V",))
    found = {
        row["setting"]: row["n"] for row in tables.against({"en-de": {"avgmax": one, "x": other}}, same_spelled=False)
    }
    assert found == {"ALL": 4, "NN": 3, "VB": 0, "ADJ": 1}
