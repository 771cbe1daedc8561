"""Tables of results against their definition, computed by hand from made-up ranks."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from cldi_core.data import wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import metrics, significance, tables
from cldi_core.evaluation.pairs import Pair, open_pair
from tests import oracles
from tests.conftest import BACKBONE, LEXICON

NAN = math.nan


def frame(ranks: dict[str, float], same: tuple[str, ...] = ()) -> pd.DataFrame:
    """Rankings with only the columns that the tables need: query → rank."""
    return pd.DataFrame(
        {
            "query": list(ranks),
            "word": [query[:-2] for query in ranks],
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
    names = [f"{name}{of}" for name in ("mrr", "p@1", "p@10") for of in ("", "_all")]
    figures = {f"{name}{end}" for name in names for end in ("", "_low", "_high", "_why")}
    counts = {"n", "clusters", "coverage", "asked", "asked_clusters"}
    assert set(records[0]) == {"pair", "method", "setting"} | counts | figures


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
    assert record["clusters"] == len(known) and record["mrr_why"] == "n too small"
    assert math.isnan(record["mrr_low"]) and math.isnan(record["p@10_high"])


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


def many(n: int, pos: str = "N", seed: int = 0, missing: float = 0.0) -> dict[str, float]:
    """Ranks of made-up words, some without."""
    rng = np.random.default_rng(seed)
    ranks = rng.integers(1, 40, n).astype(float)
    ranks[rng.random(n) < missing] = NAN
    return {f"w{number}.{pos}": rank for number, rank in enumerate(ranks)}


def test_intervals_are_over_english_words_whatever_they_are_asked_as() -> None:
    """30 nouns, 10 of which are verbs too, in two pairs that cover different ones."""
    pairs = {pair: many(30, "N", seed, 0.3) | many(10, "V", seed + 1) for seed, pair in ((1, "en-de"), (3, "en-fr"))}
    found = tables.table({pair: {"avgmax": frame(ranks)} for pair, ranks in pairs.items()})
    queries = [f"w{number}.{pos}" for pos, count in (("N", 30), ("V", 10)) for number in range(count)]
    values = np.array([[1 / ranks[query] for ranks in pairs.values()] for query in queries])
    record = one(found, "average", "ALL")
    expected = metrics.interval(values, [query[:-2] for query in queries])
    assert tables.interval_of(record, "mrr") == expected and expected.low < expected.high
    covered = {query[:-2] for query, row in zip(queries, values, strict=True) if not np.isnan(row).all()}
    assert record["clusters"] == expected.n == len(covered) < record["n"] == (~np.isnan(values)).sum()
    hits = metrics.interval(np.where(np.isnan(values), NAN, values >= 1 / 10), [query[:-2] for query in queries])
    assert tables.interval_of(record, "p@10") == hits
    verbs = one(found, "average", "VB")
    assert (verbs["n"], verbs["clusters"], verbs["p@1_why"]) == (20, 10, "n too small"), "ten words, not twenty"


def test_records_of_items_are_their_own_clusters() -> None:
    record = {"r@1": 0.5, "r@1_low": 0.4, "r@1_high": 0.6, "n": 30}
    assert tables.interval_of(record, "r@1") == metrics.Interval(0.5, 0.4, 0.6, 30)
    assert tables.interval_of({**record, "clusters": 9}, "r@1").n == 9


def test_a_method_that_finds_every_word_first_is_not_certain() -> None:
    records = tables.table({"en-de": {"avgmax": frame(dict.fromkeys(many(25), 1.0))}})
    for name in ("mrr", "p@1", "p@10"):
        found = tables.interval_of(one(records, "en-de", "NN"), name)
        assert found.value == found.high == 1 and 0.8 < found.low < 0.9


def test_some_queries_are_asked_for_by_their_ids() -> None:
    """A word that is asked as a noun and as a verb is two queries; ids that nobody knows are no error."""
    ranks = {"run.V": 3.0, "run.N": 9.0, "cow.N": 1.0}
    found = tables.only({"a": frame(ranks), "b": frame(ranks | {"cow.N": NAN})}, {"run.N", "cow.N", "run", "x.N"})
    assert [one["query"].tolist() for one in found.values()] == [["run.N", "cow.N"]] * 2
    assert found["a"]["rank"].tolist() == [9, 1] and list(found) == ["a", "b"]
    assert tables.only({"a": frame(ranks)}, [])["a"].empty


def test_nothing_asked_is_not_an_error() -> None:
    record = one(tables.table({"en-de": {"avgmax": frame({"dog.N": NAN})}}), "en-de", "ALL")
    assert (record["n"], record["coverage"]) == (0, 0.0) and math.isnan(record["mrr"])
    record = one(tables.table({"en-de": {"avgmax": frame({"dog.N": NAN})}}), "en-de", "VB")
    assert record["n"] == 0 and math.isnan(record["coverage"])


def test_rank_tables_join_by_query_not_by_position() -> None:
    shuffled = frame(dict(reversed(FR.items())))
    other = frame({query: rank + 1 for query, rank in reversed(DE.items())})
    words, ranks = tables.rank_tables(
        {"en-de": {"a": frame(DE), "b": other}, "en-fr": {"a": shuffled, "b": shuffled}}, ["b", "a"]
    )
    place = {word: row for row, word in enumerate(words)}
    assert sorted(words) == sorted(query[:-2] for query in DE)
    for query, rank in DE.items():
        row = place[query[:-2]]
        np.testing.assert_array_equal(ranks["a"][row], [rank, FR.get(query, NAN)])
        np.testing.assert_array_equal(ranks["b"][row], [rank + 1, FR.get(query, NAN)])


def test_chance_counts_right_answers_and_candidates_with_pictures(small: Dataset) -> None:
    pair = open_pair(small, BACKBONE, "en-de")
    # eight candidates with pictures; "dog" and "run" have two right answers, four words have one, "ghost" has none
    expected = (2 * metrics.chance(8, 2) + 4 * metrics.chance(8, 1)) / 6
    assert tables.chance(pair) == pytest.approx(expected)


def test_chance_is_the_mean_over_queries_that_are_covered(small: Dataset) -> None:
    """Not of the mean number of right answers, nor over words without pictures, nor over answers without."""
    rows = [*LEXICON, wordlists.Row("red", "Hund", "A"), wordlists.Row("red", "Hut", "A"),
            wordlists.Row("red", "Hand", "A"), wordlists.Row("ghost", "Hut", "N"),
            wordlists.Row("dog", "Hut", "V")]  # fmt: skip
    wordlists.write_list(small.path / "lexicon" / "en-de.tsv", rows)
    pair = open_pair(Dataset(small.path), BACKBONE, "en-de")
    pictured = {word for word, size in zip(pair.target.words, pair.target.sizes, strict=True) if size}
    source = {word for word, size in zip(pair.source.words, pair.source.sizes, strict=True) if size}
    right: dict[tuple[str, str], set[str]] = {}
    for row in rows:
        if row.source in source and row.target in pictured:
            right.setdefault((row.source, row.pos), set()).add(row.target)
    counts = [len(answers) for answers in right.values()]
    assert len(set(counts)) > 1 and "ghost" not in source
    expected = sum(oracles.chance(len(pictured), count) for count in sorted(counts)) / len(counts)
    assert tables.chance(pair) == pytest.approx(expected)
    assert tables.chance(pair) != pytest.approx(oracles.chance(len(pictured), round(np.mean(counts))))


def test_the_noun_gap_is_the_difference_of_the_means() -> None:
    gap = tables.noun_gap({"en-de": frame(DE), "en-fr": frame(FR)}, "A")
    nouns = ((1 + 1 / 4 + 1) / 3 + (1 / 3 + 1 + 1 / 10) / 3) / 2
    assert gap.value == pytest.approx(nouns - (1 / 2 + 1 / 1.5) / 2)
    assert (gap.n, gap.why) == (1, "n too small")
    missing = tables.noun_gap({"en-de": frame({"dog.N": 1.0})}, "V")
    assert isinstance(missing, metrics.Interval) and math.isnan(missing.value)


def test_the_noun_gap_knows_words_that_are_nouns_and_verbs() -> None:
    nouns, verbs = many(60, "N"), many(40, "V", seed=1)
    (gap, apart) = (
        metrics.gap(1 / np.array([*nouns.values()]), 1 / np.array([*verbs.values()]), clusters)
        for clusters in ((np.arange(60), np.arange(40)), (None, None))
    )
    assert tables.noun_gap({"en-de": frame(nouns | verbs)}, "V") == pytest.approx(gap) != apart


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
    assert (record["n"], record["clusters"], record["mrr_why"]) == (9, 6, "n too small")
    assert found["same", "ALL"]["mrr"] == 0 and math.isnan(found["same", "ALL"]["mrr_low"])
    frames["en-fr"]["good"] = frame(worse)
    assert tables.against({"en-fr": frames["en-fr"]})[0]["mrr"] < 0
    (nouns,) = [
        record
        for record in tables.against(frames, same_spelled=True)
        if (record["method"], record["setting"]) == ("good", "VB")
    ]
    assert nouns["n"] == 1


def test_differences_are_over_english_words() -> None:
    ranks = many(30, "N") | many(25, "V", seed=2)
    better = {query: max(1, rank - 3) for query, rank in ranks.items()}
    record = tables.against({"en-de": {"avgmax": frame(ranks), "x": frame(better)}})[0]
    words = [query[:-2] for query in ranks]
    expected = metrics.paired(1 / np.array([*better.values()]), 1 / np.array([*ranks.values()]), words)
    assert (record["n"], record["clusters"]) == (55, 30)
    assert tables.interval_of(record, "mrr") == expected and expected.side() == 1
    same = tables.against({"en-de": {"avgmax": frame(ranks), "x": frame(ranks)}})[0]
    assert (same["mrr"], same["mrr_why"]) == (0, "no spread"), "no difference anywhere is no finding"


def test_words_spelled_alike_can_be_left_out_of_the_comparison() -> None:
    one, other = frame(DE, same=("run.V",)), frame(dict.fromkeys(DE, 1.0), same=("run.V",))
    found = {
        row["setting"]: row["n"] for row in tables.against({"en-de": {"avgmax": one, "x": other}}, same_spelled=False)
    }
    assert found == {"ALL": 4, "NN": 3, "VB": 0, "ADJ": 1}


def test_words_without_pictures_can_be_counted_as_nothing(records: list[dict]) -> None:
    """By hand: *hat* in German and *run* in French have none; a word that a list lacks is not asked there."""
    found = one(records, "en-de", "ALL")
    assert (found["asked"], found["asked_clusters"], found["n"], found["coverage"]) == (6, 6, 5, 5 / 6)
    assert found["mrr_all"] == pytest.approx((1 + 1 / 4 + 0 + 1 / 12 + 1 / 2 + 1) / 6)
    assert (found["p@1_all"], found["p@10_all"]) == (pytest.approx(2 / 6), pytest.approx(4 / 6))
    assert one(records, "en-fr", "VB")["mrr_all"] == 0 and math.isnan(one(records, "en-fr", "VB")["mrr"])
    average = one(records, "average", "ALL")
    assert average["mrr_all"] == pytest.approx((found["mrr_all"] + (1 / 3 + 1 + 1 / 10 + 0 + 1 / 1.5) / 5) / 2)
    assert (average["asked"], average["asked_clusters"]) == (11, 6)
    ranks = many(40, missing=0.3)
    record = one(tables.table({"en-de": {"avgmax": frame(ranks)}}), "en-de", "NN")
    every = metrics.interval(np.array([0 if math.isnan(rank) else 1 / rank for rank in ranks.values()]))
    assert tables.interval_of(record, "mrr_all") == every and every.n == 40 > record["clusters"]
    assert math.isnan(one(tables.table({"en-de": {"avgmax": frame({"dog.N": 1})}}), "en-de", "VB")["mrr_all"])


def test_what_beats_another_has_a_p_of_its_own_and_of_its_family() -> None:
    ranks = many(40, "N") | many(25, "V", seed=2)
    better = {query: max(1, rank - 3) for query, rank in ranks.items()}
    other = dict(zip(ranks, np.random.default_rng(5).permutation([*ranks.values()]), strict=True))
    found = tables.against({"en-de": {"avgmax": frame(ranks), "x": frame(better), "y": frame(other)}})
    for record in found:
        letters = tables.SETTINGS[record["setting"]]
        queries = [query for query in ranks if query[-1] in letters]
        new = better if record["method"] == "x" else other
        one_, two = ([1 / of[query] for query in queries] for of in (new, ranks))
        words = [query[:-2] for query in queries]
        alone = significance.compare(np.array(one_), np.array(two), words)
        assert record["p"] == pytest.approx(alone.p) or (not queries and math.isnan(record["p"]))
    known = [record for record in found if not math.isnan(record["p"])]
    np.testing.assert_allclose([r["p_holm"] for r in known], significance.holm([r["p"] for r in known]))
    marks = {(record["method"], record["setting"]): tables.survives(record) for record in found}
    assert (marks["x", "ALL"], marks["y", "ALL"], marks["x", "ADJ"]) == (1, 0, 0)
    assert tables.survives({**found[0], "p_holm": 0.06}) == 0, "an interval above 0 is not enough"
    assert tables.survives({**found[0], "mrr_low": -0.01}) == 0, "nor is p alone"


def test_any_two_are_compared_in_each_setting_on_words_that_all_cover() -> None:
    ranks, fewer = many(30, "N") | many(22, "V", seed=2), many(30, "N", missing=0.2, seed=9) | many(22, "V", seed=3)
    frames = {"en-de": {"a": frame(ranks), "b": frame(fewer), "c": frame(dict.fromkeys(ranks, 2.0))}}
    found = tables.compared(frames, ["a", "b", "c"], settings={"all": "NV", "verbs": "V"})
    assert [(one["setting"], one["one"], one["other"]) for one in found] == [
        (setting, *pair) for setting in ("all", "verbs") for pair in (("a", "b"), ("a", "c"), ("b", "c"))
    ]
    kept = [query for query, rank in fewer.items() if not math.isnan(rank)]
    first, second = np.array([1 / ranks[query] for query in kept]), np.full(len(kept), 0.5)
    alone = significance.compare(first, second, [query[:-2] for query in kept])
    record = found[1]
    assert (record["n"], record["clusters"]) == (len(kept), len({query[:-2] for query in kept}))
    assert vars(tables.interval_of(record, "mrr")) == pytest.approx(vars(alone.difference))
    assert (record["won"], record["lost"], record["level"], record["p"]) == (
        alone.won,
        alone.lost,
        alone.level,
        alone.p,
    )
    np.testing.assert_allclose([r["p_holm"] for r in found], significance.holm([r["p"] for r in found]))


def test_pairs_asked_in_several_languages_are_averaged_over_english_words(small: Dataset) -> None:
    """*Bank* in German and in French are two queries; those of one English word are one cluster."""

    def asked(language: str) -> Pair:
        rows = [wordlists.Row("bank", "Bank", "N"), wordlists.Row("dog", f"{language}-Hund", "N"),
                wordlists.Row("dog", f"{language}-Köter", "N")]  # fmt: skip
        wordlists.write_list(small.path / "lexicon" / f"en-{language}.tsv", rows)
        return open_pair(Dataset(small.path), BACKBONE, f"{language}-en")

    frames = {}
    for language, ranks in {"de": (1.0, 2.0, 4.0), "fr": (5.0, 10.0, NAN)}.items():
        pair = asked(language)
        own = frame(dict(zip((query.id for query in pair.queries), ranks, strict=True)))
        frames[pair.name] = tables.by_english(pair, {"avgmax": own})
    found = one(tables.table(frames), "average", "ALL")
    assert found["mrr"] == pytest.approx(((1 + 1 / 2 + 1 / 4) / 3 + (1 / 5 + 1 / 10) / 2) / 2)
    assert (found["n"], found["asked"], found["clusters"], found["asked_clusters"]) == (5, 6, 2, 2)
    alone = one(tables.table(frames), "de-en", "ALL")
    assert (alone["n"], alone["clusters"]) == (3, 3), "of one pair the words that are asked"
    words, ranks = tables.rank_tables(frames, ["avgmax"])
    assert sorted(words) == ["bank"] * 2 + ["dog"] * 4
    assert (~np.isnan(ranks["avgmax"])).sum(axis=1).max() == 1, "no query is asked in two languages"


@pytest.mark.parametrize(
    ("letters", "kinds", "expected"),
    [
        ("NVA", "NVA", ["ALL", "NN", "VB", "ADJ"]), ("NV", "NVA", ["NN", "VB"]), ("A", "NVA", ["ADJ"]),
        ("NVA", "NVAX", ["NN", "VB", "ADJ"]), ("NVAX", "NVAX", ["ALL", "NN", "VB", "ADJ"]), ("X", "NVAX", ["ALL"]),
        ("N", "N", ["ALL", "NN"]),
    ],
)  # fmt: skip
def test_settings_are_those_of_the_chosen_parts_of_speech(letters: str, kinds: str, expected: list[str]) -> None:
    assert tables.settings_of(letters, kinds) == expected
