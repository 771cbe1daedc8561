"""What the pages say of a data set as a whole."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from cldi_core.data import pictures, wordlists
from cldi_core.data.dataset import Dataset, create
from cldi_core.evaluation import metrics
from cldi_core.evaluation.pairs import open_pair
from cldi_core.insight import dispersions, overview
from tests import oracles
from tests.conftest import BACKBONE, LEXICON, picture

NAN = math.nan


def rankings(rows: list[tuple[str, float, float, bool]]) -> pd.DataFrame:
    """Made-up rankings: query, rank, winner's score, same-spelled."""
    return pd.DataFrame(
        {
            "query": [query for query, *_ in rows],
            "word": [query[:-2] for query, *_ in rows],
            "pos": [query[-1] for query, *_ in rows],
            "rank": [rank for _, rank, _, _ in rows],
            "winner_score": [score for _, _, score, _ in rows],
            "same_spelled": [same for *_, same in rows],
        }
    )


def test_words_pictures_and_licences_are_counted(small: Dataset) -> None:
    pictures.write_shards(small.path / "images", [picture("ring", "fr", 4, "")])
    found = overview.counts(Dataset(small.path))
    assert found.words == {"en": 6, "de": 8} and found.pictures == 18
    assert list(found.licences.items()) == [("CC0-1.0", 17), ("", 1)]
    assert found.queries == {"en-de": {"N": 4, "V": 1, "A": 2}}


def test_the_counts_of_an_empty_set(data: object, small: Dataset) -> None:
    assert overview.counts(create(small.path.parent / "new")) == overview.Counts({}, 0, {}, {})


def test_words_by_rank_of_one_outcome() -> None:
    frame = rankings([("b.N", 2, 0, False), ("a.N", 2, 0, False), ("c.N", NAN, 0, False), ("d.V", 1, 0, False)])
    assert overview.by_rank(frame, "NVA")["query"].tolist() == ["d.V", "a.N", "b.N", "c.N"]
    assert overview.by_rank(frame, "NV", "nearly")["query"].tolist() == ["a.N", "b.N"]
    assert overview.by_rank(frame, "A")["query"].tolist() == []


def test_the_figures_of_a_contender_are_of_the_words_that_all_cover() -> None:
    record = overview.figures(overview.compare({"one": ONE, "two": TWO}, "NVA"), "one")
    assert (record["mrr"], record["p@1"], record["p@10"], record["n"]) == (pytest.approx(0.625), 0.5, 1, 2)


def test_dispersions_of_both_languages(small: Dataset) -> None:
    wordlists.write_list(small.path / "lexicon" / "en-de.tsv", [*LEXICON, wordlists.Row("run", "Hund", "N")])
    pair = open_pair(Dataset(small.path), BACKBONE, "en-de")
    frame = dispersions.dispersions(pair)
    assert len(frame) == 7 + 1 + 9 + 0 + 0
    assert sorted(frame.loc[frame["word"] == "run", "pos"]) == ["N", "V"]
    for language, sets in (("en", pair.source), ("de", pair.target)):
        rows = frame[frame["language"] == language]
        assert set(rows["word"]) == set(sets.words)
        for row in rows.itertuples():
            vectors = sets[row.word].astype(float)
            assert row.pictures == len(vectors)
            assert row.dispersion == pytest.approx(oracles.dispersion(vectors), abs=1e-6, nan_ok=True)


def test_means_and_extremes_by_part_of_speech() -> None:
    frame = pd.DataFrame(
        {"language": "en", "word": list("abcde"), "pos": list("NNNNV"), "dispersion": [0.3, NAN, 0.1, 0.5, 0.2]}
    )
    means = {letter: (interval.value, interval.n) for letter, interval in overview.means_by_pos(frame)}
    assert means["N"] == (pytest.approx(0.3), 3)
    assert means["V"] == (pytest.approx(0.2), 1)
    assert means["A"][1] == 0 and math.isnan(means["A"][0])
    low, high = overview.extremes(frame, "N", 2)
    assert low["word"].tolist() == ["c"] and high["word"].tolist() == ["d"], "“a” would be both"
    assert [len(rows) for rows in overview.extremes(frame, "V")] == [0, 0], "one word is neither"
    assert [len(rows) for rows in overview.extremes(frame, "A")] == [0, 0]
    assert [letter for letter, _ in overview.means_by_pos(frame, letters="VX")] == ["V", "X"]


def test_shares_of_words_by_steps_of_dispersion() -> None:
    """Multiples of the step begin one, whatever their binary fractions are; nothing lies outside."""
    multiples = [number / 20 for number in range(41)]
    for value in multiples:
        found = overview.shares(pd.DataFrame({"pos": ["N", "V"], "dispersion": [value, 0.01]}), "N")
        assert found.shape == (40,) and found[min(round(value * 20), 39)] == found.sum() == 1
    found = overview.shares(pd.DataFrame({"pos": list("NNNN"), "dispersion": [0.12, 0.149, 0.31, NAN]}), "N")
    assert found[[2, 6]].tolist() == pytest.approx([2 / 3, 1 / 3])
    assert overview.shares(pd.DataFrame({"pos": ["N"], "dispersion": [NAN]}), "N").sum() == 0


def test_which_parts_of_speech_are_no_more_dispersed_than_nouns() -> None:
    frame = pd.DataFrame({"word": list("abcd"), "pos": list("NVAA"), "dispersion": [0.4, 0.5, 0.3, 0.5]})
    assert overview.as_dispersed(frame, "NVAX") == ["A"]
    assert overview.as_dispersed(frame, "VA") == overview.as_dispersed(frame[1:], "NVA") == []


ONE = rankings([("dog.N", 1, 0, False), ("cow.N", 4, 0, False), ("run.V", 2, 0, False), ("hat.N", NAN, 0, False)])
TWO = rankings([("cow.N", 2, 0, False), ("dog.N", 2, 0, False), ("run.V", NAN, 0, False), ("hat.N", 1, 0, False)])


def test_comparisons_are_of_the_same_words() -> None:
    table = overview.compare({"one": ONE, "two": TWO}, "NVA")
    assert table[["query", "one", "two"]].to_numpy().tolist() == [["dog.N", 1, 2], ["cow.N", 4, 2]]
    assert overview.compare({"one": ONE}, "V")["query"].tolist() == ["run.V"]


def test_what_a_contender_covers_of_all_words_is_its_own() -> None:
    record = overview.over_all(ONE, "NV")
    assert (record["n"], record["asked"], record["coverage"]) == (3, 4, 0.75)
    assert record["mrr_all"] == pytest.approx((1 + 1 / 4 + 1 / 2 + 0) / 4)
    assert overview.over_all(TWO, "V")["mrr_all"] == 0
    assert overview.parts("NA") == [("together", "NA"), ("nouns", "N"), ("adjectives", "A")]
    assert overview.parts("V") == [("verbs", "V")]


def test_wins_are_split_and_sorted() -> None:
    table = overview.compare({"one": ONE, "two": TWO}, "NVA")
    won, lost = overview.wins(table, "one", "two")
    assert (won["query"].tolist(), lost["query"].tolist()) == (["dog.N"], ["cow.N"])
    again, back = overview.wins(table, "two", "one")
    assert (again["query"].tolist(), back["query"].tolist()) == (["cow.N"], ["dog.N"])
    assert [len(rows) for rows in overview.wins(table, "one", "one")] == [0, 0]


def test_rankings_are_joined_with_the_dispersion_of_the_source_word() -> None:
    frame = pd.DataFrame(
        {"language": ["en", "en", "en", "de"], "word": ["dog", "cow", "run", "hat"],
         "dispersion": [0.1, NAN, 0.3, 0.9]}
    )  # fmt: skip
    table = overview.with_dispersion(ONE, frame, "NV")
    assert table[["query", "dispersion", "number"]].to_numpy().tolist() == [["dog.N", 0.1, 0], ["run.V", 0.3, 1]]


def test_means_are_over_words() -> None:
    rng = np.random.default_rng(0)
    words = [f"w{number}" for number in range(25)]
    frame = pd.DataFrame({"language": "en", "word": words, "pos": "N", "dispersion": rng.uniform(0, 2, 25),
                          "senses": rng.integers(0, 40, 25).astype(float)})  # fmt: skip
    for column, span in (("dispersion", (0, 2)), ("senses", metrics.ANY)):
        (_, nouns), *_ = overview.means_by_pos(frame, column)
        assert (
            nouns == metrics.interval(frame[column].to_numpy(), words, span=span)
            and nouns.low < nouns.value < nouns.high
        )


def test_the_rank_correlation_is_spearmans_over_words() -> None:
    rng = np.random.default_rng(0)
    dispersion = rng.uniform(size=200)
    ranks = np.floor(1 + 50 * dispersion + 20 * rng.uniform(size=200))
    table = pd.DataFrame({"word": np.arange(200) // 2, "dispersion": dispersion, "rank": ranks})
    found = overview.rank_correlation(table)
    assert found.value == pytest.approx(table["dispersion"].corr(-table["rank"], method="spearman"))
    assert -1 <= found.low < found.value < found.high < 0 and found.n == 100
    assert math.isnan(overview.rank_correlation(table[:2]).value)
    assert overview.rank_correlation(table[:30]).why == "n too small"


def test_senses_are_those_of_english_words(small: Dataset) -> None:
    wordlists.write_list(small.path / "lexicon" / "en-de.tsv", [*LEXICON, wordlists.Row("hand", "run", "N")])
    frame = dispersions.dispersions(open_pair(Dataset(small.path), BACKBONE, "en-de"))
    own = frame[frame["language"] == "en"].set_index("word")["senses"]
    assert own["run"] == 57 and math.isnan(own["hat"]) and len(own) == 7
    assert frame.loc[frame["language"] == "de", "senses"].isna().all(), "“run” is no English word here"
    assert list(frame.columns) == ["language", "word", "pos", "dispersion", "pictures", "senses"]
    assert frame["pictures"].tolist()[:4] == [2, 2, 2, 0]


def test_three_extremes_and_equal_ones_by_the_alphabet() -> None:
    frame = pd.DataFrame({"word": list("fedcba"), "pos": list("NNNNNV"), "dispersion": [0.5, 0.5, 0.5, 0.5, 0.1, 0.9]})
    for own in (frame, frame[::-1]):
        low, high = overview.extremes(own, "N")
        assert low["word"].tolist() == ["b", "c"] and high["word"].tolist() == ["f", "e"], "of five, “d” is neither"
    more = pd.concat([frame, frame.assign(word=[f"{word}2" for word in frame["word"]], dispersion=0.9)])
    low, high = overview.extremes(more, "N")
    assert low["word"].tolist() == ["b", "c", "d"] and high["word"].tolist() == ["f2", "e2", "d2"]


def test_all_wins_are_there_the_clearest_first() -> None:
    table = pd.DataFrame({"query": list("abcdef"), "word": list("abcdef"), "pos": "N",
                          "one": [1, 1, 5, 9, 4, 3.0], "two": [9, 9, 2, 1, 4, 2.0]})  # fmt: skip
    won, lost = overview.wins(table, "one", "two")
    assert won["query"].tolist() == ["a", "b"] and lost["query"].tolist() == ["d", "c", "f"]
    assert list(won.columns) == list(lost.columns) == list(table.columns)


def test_comparisons_have_the_word_and_the_part_of_speech_of_each_query() -> None:
    table = overview.compare({"two": TWO, "one": ONE}, "VN")
    assert table.columns.tolist() == ["query", "word", "pos", "two", "one"]
    assert table[["word", "pos"]].to_numpy().tolist() == [["cow", "N"], ["dog", "N"]]


def test_the_figures_of_a_contender_are_those_of_all_parts_of_speech_at_1_and_10() -> None:
    ranks = rankings([("a.N", 1, 0, True), ("b.V", 10, 0, False), ("c.A", 11, 0, False), ("d.A", 2, 0, False)])
    record = overview.figures(overview.compare({"one": ranks}, "NVA"), "one")
    assert (record["method"], record["setting"], record["n"], record["coverage"]) == ("one", "ALL", 4, 1)
    assert (record["p@1"], record["p@10"]) == (0.25, 0.75)


def test_a_word_that_is_asked_twice_keeps_its_one_dispersion() -> None:
    """The same spelling may be a word of both languages: that of the source language counts."""
    frame = pd.DataFrame(
        {"language": ["en", "en", "de"], "word": ["dog"] * 3, "pos": list("NVN"), "dispersion": [0.1, 0.1, 0.9]}
    )  # fmt: skip
    asked = rankings([("dog.N", 1, 0, False), ("dog.V", 3, 0, False), ("dog.A", 5, 0, False), ("cow.N", 2, 0, False)])
    table = overview.with_dispersion(asked, frame, "NV")
    assert list(table.columns) == ["query", "word", "pos", "rank", "dispersion", "number"]
    assert table.to_numpy().tolist() == [["dog.N", "dog", "N", 1, 0.1, 0], ["dog.V", "dog", "V", 3, 0.1, 1]]
    assert overview.with_dispersion(asked, frame[:0], "NV").empty
