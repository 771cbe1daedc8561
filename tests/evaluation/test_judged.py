"""Rankings with judgements, held to ranks of the whole matrix with other right answers, and to another word list."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cldi_core import rankers
from cldi_core.data import judgement_tables, storage, wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.data.judgements import Judgement
from cldi_core.evaluation import judged, metrics, ranking, rankings, stored_scores, tables
from cldi_core.evaluation.pairs import Pair, open_pair
from tests import ranked
from tests.conftest import BACKBONE, build_small
from tests.oracles import gold_ranks

METHODS = ("avgmax", "knn", "avgmax+csls")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    """A pair whose scores are stored."""
    made = open_pair(build_small(tmp_path_factory.mktemp("data") / "small"), BACKBONE, "en-de")
    ranked.rankings(made, METHODS)
    return made


def said(word: str, candidate: str, verdict: str = "acceptable", pair: str = "en-de") -> Judgement:
    return Judgement(pair, *word.split("."), candidate, verdict)


ACCEPTED = [said("run.V", "groß"), said("hat.N", "Hand"), said("hat.N", "Köter"), said("big.A", "rot")]
ACCEPTED += [said("red.A", "rot"), said("ghost.N", "Hund")]  # right already; a word without pictures
WRONG = [said("dog.N", "Köter", "wrong"), said("run.V", "Hut", "wrong"), said("red.A", "rot", "wrong")]
ELSEWHERE = [said("dog.N", "Hut", pair="en-fr"), said("fly.V", "Hut"), said("dog.N", "Baum")]


def oracle(pair: Pair, method: str, given: list[Judgement]) -> dict[str, float]:
    """Ranks by ``gold_ranks`` of the whole matrix; queries without a right answer are left out."""
    matrix = ranked.scores(pair, [method])[method]
    columns = {word: number for number, word in enumerate(pair.target.words)}
    gold = []
    for query in pair.queries:
        right = {columns[word] for word in query.right}
        for one in given:
            if (one.pair, one.word, one.pos) == ("en-de", query.word, query.pos) and one.candidate in columns:
                own = {columns[one.candidate]}
                right = right | own if one.verdict == "acceptable" else right - own
        gold.append(right)
    found = ranking.gold_ranks(matrix[pair.rows], gold)
    return {query.id: rank for query, rank, right in zip(pair.queries, found, gold, strict=True) if right}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("given", [[], ACCEPTED, WRONG, [*ACCEPTED, *WRONG], ELSEWHERE, [*ELSEWHERE, *WRONG]])
def test_ranks_are_those_of_the_whole_matrix(pair: Pair, method: str, given: list[Judgement]) -> None:
    ranker = rankers.ranker(method)
    before = ranked.rankings(pair, [method])[method]
    copy = before.copy()
    found = judged.with_judgements(pair, ranker, before, given)
    expected = oracle(pair, method, given)
    assert list(found["query"]) == list(expected)
    np.testing.assert_array_equal(found["rank"], list(expected.values()))
    assert list(found.columns) == list(before.columns) and (found.dtypes == before.dtypes).all()
    pd.testing.assert_frame_equal(before, copy)  # the stored one is not changed
    changed = judged.right_answers(pair, given)
    rest = ~before["query"].isin(list(changed))
    same = found[~found["query"].isin(list(changed))].reset_index(drop=True)
    pd.testing.assert_frame_equal(same, before[rest].reset_index(drop=True))


@pytest.mark.parametrize("method", METHODS)
def test_it_is_as_if_the_word_list_had_them(pair: Pair, method: str, tmp_path: Path) -> None:
    """Every column, of a data set into which the list with judgements was imported."""
    other = build_small(tmp_path / "small")
    rows = judgement_tables.as_list(other, "en-de", ACCEPTED)
    wordlists.write_list(other.path / "lexicon" / "en-de.tsv", rows)
    expected = ranked.rankings(open_pair(Dataset(other.path), BACKBONE, "en-de"), [method])[method]
    found = judged.with_judgements(pair, rankers.ranker(method), ranked.rankings(pair, [method])[method], ACCEPTED)
    expected.attrs, found.attrs = {}, {}
    pd.testing.assert_frame_equal(found, expected, rtol=0, atol=1e-6)


def test_figures_by_hand(pair: Pair) -> None:
    """MRR and P@1 with and without, from ranks counted one by one."""
    before = ranked.rankings(pair, ["avgmax"])["avgmax"]
    given = [*ACCEPTED, *WRONG]
    after = judged.with_judgements(pair, rankers.ranker("avgmax"), before, given)
    matrix = ranked.scores(pair, ["avgmax"])["avgmax"]
    right = {
        "dog.N": ["Hund"], "hat.N": ["Hut", "Hand", "Köter"], "hand.N": ["Hand"],
        "run.V": ["laufen", "rennen", "groß"], "big.A": ["groß", "rot"],
    }  # fmt: skip
    ranks = []
    for query, words in right.items():
        row = matrix[pair.source.row(query.partition(".")[0])]
        ranks += gold_ranks([list(row)], [[pair.target.row(word) for word in words]])
    (record,) = [one for one in tables.table({"en-de": {"avgmax": after}}) if one["setting"] == "ALL"]
    assert record["n"] == 5, "red has no right answer any more, ghost no pictures"
    assert record["mrr"] == pytest.approx(sum(1 / rank for rank in ranks) / 5)
    assert record["p@1"] == pytest.approx(sum(rank <= 1 for rank in ranks) / 5)
    assert metrics.summarise(before["rank"].to_numpy(), 7).n == 6


def test_ties_and_negative_scores(pair: Pair) -> None:
    """An acceptable candidate that ties with a right one and a wrong one: (3 + 1) / (2 + 1)."""
    scores = np.full(len(pair.target.words), -0.9, np.float32)
    for word in ("laufen", "groß", "Hut"):
        scores[pair.target.row(word)] = -0.5
    frame = rankings.ranked(pair, np.tile(scores, (len(pair.source.words), 1)))
    assert frame.set_index("query")["rank"]["run.V"] == 2
    found = judged.with_judgements(pair, rankers.ranker("avgmax"), frame, [said("run.V", "groß")], lambda word: scores)
    assert found.set_index("query")["rank"]["run.V"] == pytest.approx(4 / 3)


def test_a_method_that_needs_all_words_says_so_where_it_has_none(small: Dataset) -> None:
    pair = open_pair(small, BACKBONE, "en-de")
    ranker = rankers.ranker("avgmax+csls")
    frame = ranked.rankings(pair, ["avgmax", "avgmax+csls"])
    for file in (small.path / "scores").rglob("*.safetensors"):
        file.unlink()
    with pytest.raises(judged.NotJudgedError, match="CSLS with judgements needs the scores of all words"):
        judged.with_judgements(pair, ranker, frame["avgmax+csls"], ACCEPTED)
    for harmless in ([], ELSEWHERE, [said("red.A", "rot", "wrong")]):  # a row that goes needs no scores
        judged.with_judgements(pair, ranker, frame["avgmax+csls"], harmless)
    found = judged.with_judgements(pair, rankers.ranker("avgmax"), frame["avgmax"], ACCEPTED)
    assert dict(zip(found["query"], found["rank"], strict=True)) == pytest.approx(
        oracle(pair, "avgmax", ACCEPTED), nan_ok=True
    )


def test_only_judged_words_are_scored_and_each_once(pair: Pair) -> None:
    asked: list[str] = []

    def row(of: Pair, word: str) -> np.ndarray:
        asked.append(word)
        return np.zeros(len(of.target.words), np.float32)

    ranker = replace(rankers.ranker("avgmax"), name="new", row=row)
    frame = ranked.rankings(pair, ["avgmax"])["avgmax"]
    rows = judged.WordScores(pair, ranker)
    for _ in range(2):
        judged.with_judgements(pair, ranker, frame, ACCEPTED, rows)
    assert sorted(asked) == ["big", "ghost", "hat", "run"]


def test_a_frame_with_judgements_is_never_taken_for_a_stored_one(pair: Pair) -> None:
    ranker = rankers.ranker("avgmax")
    frame = ranked.stored_rankings(pair, ["avgmax"])["avgmax"]
    found = judged.with_judgements(pair, ranker, frame, ACCEPTED)
    assert "key" in frame.attrs and "key" not in found.attrs and found.attrs["device"] == frame.attrs["device"]
    path = pair.dataset.path / "other.parquet"
    storage.write_frame(path, found)
    assert storage.frame_of(path, ranker.full_key(pair)) is None
    path.unlink()
    assert stored_scores.whole_of(pair, ranker) is not None
