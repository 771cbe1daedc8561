"""Explanations: the figures behind one word, and the reason for its rank."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cldi_core.data import wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import rankings
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.features import shards
from cldi_core.insight import explanation
from cldi_core.insight.explanation import Candidate, Explanation
from cldi_core.scoring.imagesets import ImageSets
from cldi_core.scoring.methods import METHODS
from tests import oracles, ranked
from tests.conftest import ABOUT, BACKBONE, picture

NAN = math.nan


@pytest.fixture
def pair(small: Dataset) -> Pair:
    return open_pair(small, BACKBONE, "en-de")


def explained(pair: Pair, word: str, method: str = "avgmax", **scores: float) -> Explanation:
    """Explain a word; ``scores`` (translation → score) replace those of the method."""
    matrices = {name: matrix.copy() for name, matrix in ranked.scores(pair, [method]).items()}
    number = pair.find(word)
    for translation, value in scores.items():
        matrices[method][pair.rows[number], pair.target.row(translation)] = value
    return explanation.explain(pair, number, matrices[method][pair.rows[number]])


def test_candidates_are_all_words_in_order_of_rank(pair: Pair) -> None:
    found = explained(pair, "run")
    row = ranked.scores(pair, ["avgmax"])["avgmax"][pair.source.row("run")]
    assert sorted(candidate.word for candidate in found.candidates) == sorted(pair.target.words)
    known = [candidate for candidate in found.candidates if candidate.word != "Geist"]
    assert found.candidates[-1].word == "Geist" and math.isnan(found.candidates[-1].rank)
    scores = [candidate.score for candidate in known]
    assert scores == sorted((float(score) for score in row if not math.isnan(score)), reverse=True)
    places = dict(zip(pair.target.words, oracles.ranks(row), strict=True))
    assert [candidate.rank for candidate in known] == [places[candidate.word] for candidate in known]
    assert [candidate.word for candidate in found.candidates if candidate.gold] == [c.word for c in found.gold]
    assert {candidate.word for candidate in found.gold} == {"laufen", "rennen"}
    assert found.gold[0].rank < found.gold[1].rank
    sizes = {candidate.word: (candidate.pictures, candidate.pos) for candidate in found.candidates}
    assert sizes["rennen"] == (2, "V") and sizes["Geist"] == (0, "N")


def test_the_facts_of_a_word(pair: Pair) -> None:
    found = explained(pair, "run")
    vectors = pair.source["run"].astype(float)
    assert (found.word, found.pos, found.pictures, found.senses) == ("run", "V", 3, 57)
    assert found.dispersion == pytest.approx(oracles.dispersion(vectors), abs=1e-6)
    best = oracles.maxmax(vectors, pair.target[found.gold[0].word].astype(float))
    assert found.best_cosine == pytest.approx(best, abs=1e-6)
    assert explained(pair, "hat").senses is None
    assert math.isnan(explained(pair, "red").dispersion), "undefined for one picture"


def test_ties_share_a_rank(pair: Pair) -> None:
    found = explained(pair, "red", rot=0.5, Hut=0.5, Hund=0.5, **dict.fromkeys(["Köter", "Hand", "groß"], 0.1))
    ranks = {candidate.word: candidate.rank for candidate in found.candidates}
    better = sum(ranks[word] < ranks["rot"] for word in ("laufen", "rennen"))
    assert ranks["rot"] == ranks["Hut"] == ranks["Hund"] == better + 2


def test_a_right_answer_without_pictures_comes_last(pair: Pair) -> None:
    rows = [*pair.dataset.lexicon("en-de"), wordlists.Row("dog", "Geist", "N"), wordlists.Row("red", "Rotwild", "A")]
    wordlists.write_list(pair.dataset.path / "lexicon" / "en-de.tsv", rows)
    pair = open_pair(Dataset(pair.dataset.path), BACKBONE, "en-de")
    gold = explained(pair, "dog").gold
    assert len(gold) == 3
    assert gold[-1].word == "Geist" and math.isnan(gold[-1].rank) and math.isnan(gold[-1].score)
    assert explained(pair, "red").outcome != "uncovered", "one right answer with pictures is enough"


def test_a_deep_rank_is_found(small: Dataset) -> None:
    """A right answer far below ten is still listed with its rank."""
    rows = [wordlists.Row("dog", "Hund", "N"), *(wordlists.Row("hat", f"w{n}", "N") for n in range(30))]
    wordlists.write_list(small.path / "lexicon" / "en-de.tsv", rows)
    ids = [picture("sun").id, picture("sun", "de").id, *(f"{n:032x}" for n in range(30))]
    matrix = np.eye(2, 4)[[0, 1] + [0] * 30] + 0.01 * np.arange(32)[:, None] * np.eye(1, 4, 2)
    shards.write_shard(next(small.path.glob("features/*/*")), ids, matrix, ABOUT)
    words = [("en", "dog", 0, ids[0]), ("de", "Hund", 0, ids[1]), *(("de", f"w{n}", 0, ids[n + 2]) for n in range(30))]
    from cldi_core.data.dataset import write_words

    write_words(small.path, words)
    found = explained(open_pair(Dataset(small.path), BACKBONE, "en-de"), "dog")
    assert (found.gold[0].rank, found.outcome) == (31, "missed")
    assert (found.ranked, found.shared) == (31, False)
    assert [record["rank"] for record in explanation.as_json(found, 5)["gold"]] == [31]


@pytest.mark.parametrize("word, candidate", [("run", "rennen"), ("run", "groß"), ("hat", "Hut"), ("dog", "Köter")])
def test_the_matches_of_avgmax_add_up_to_its_score(pair: Pair, word: str, candidate: str) -> None:
    found = explanation.matches(pair, word, candidate, "avgmax")
    assert sorted(match.source for match in found) == sorted(pair.source.word_ids(word))
    assert {match.target for match in found} <= set(pair.target.word_ids(candidate))
    assert [match.cosine for match in found] == sorted((match.cosine for match in found), reverse=True)
    score = ranked.scores(pair, ["avgmax"])["avgmax"][pair.source.row(word), pair.target.row(candidate)]
    assert np.mean([match.cosine for match in found]) == pytest.approx(score, abs=1e-6)
    for match in found:
        vectors = pair.source[word][pair.source.word_ids(word).index(match.source)]
        others = pair.target[candidate].astype(float)
        assert match.cosine == pytest.approx(max(oracles.cosine(vectors, other) for other in others), abs=1e-6)


def test_the_match_of_maxmax_is_its_score(pair: Pair) -> None:
    (match,) = explanation.matches(pair, "run", "groß", "maxmax")
    score = ranked.scores(pair, ["maxmax"])["maxmax"][pair.source.row("run"), pair.target.row("groß")]
    assert match.cosine == pytest.approx(score, abs=1e-6)
    assert match.source in pair.source.word_ids("run") and match.target in pair.target.word_ids("groß")


def test_words_without_pictures_have_no_matches(pair: Pair) -> None:
    assert explanation.matches(pair, "ghost", "Hund", "avgmax") == []
    assert explanation.matches(pair, "dog", "Geist", "maxmax") == []


@pytest.mark.parametrize(
    ("rank", "shown", "outcome"),
    [(1, "1", "found"), (1.5, "1½", "nearly"), (10, "10", "nearly"), (10.5, "10½", "missed"), (1627, "1627", "missed"),
     (4 / 3, "1⅓", "nearly"), (2 + 2 / 3, "2⅔", "nearly"), (5 / 4, "1¼", "nearly"), (1626.75, "1626¾", "missed"),
     (4.2, "4.2", "nearly"), (1 + 30 / 29 - 1, "1.1", "nearly"), (2 + 28 / 29, "2.9", "nearly"),
     (NAN, "–", "uncovered")],
)  # fmt: skip
def test_ranks_are_shown_and_named(rank: float, shown: str, outcome: str) -> None:
    assert (explanation.shown_rank(rank), explanation.outcome(rank)) == (shown, outcome)
    assert outcome in explanation.OUTCOMES


def case(rank: float, *, others: tuple[Candidate, ...] = (), **facts: object) -> Explanation:
    """An explanation of the verb “shake” whose right answer “schütteln” has a rank."""
    gold = Candidate("schütteln", rank, NAN if math.isnan(rank) else 0.5, True, "V", 3)
    candidates = tuple(sorted((*others, gold), key=lambda each: (math.isnan(each.rank), each.rank)))
    found = Explanation("shake", "V", candidates, (gold,), rank, 3, 0.4, 8, 0.7)
    return replace(found, **facts)


MILK = Candidate("Milchshake", 1, 0.8, False, "N", 5)


@pytest.mark.parametrize(
    ("found", "winner"),
    [
        (case(1, others=(replace(MILK, rank=2, score=0.4),)), "schütteln"),
        (case(2, others=(MILK,)), "Milchshake"),
        (case(1, learned=True), "schütteln"),
        (case(NAN, pictures=0), None),
        (case(NAN, others=(MILK,)), "Milchshake"),
    ],
)
def test_a_word_has_one_winner(found: Explanation, winner: str | None) -> None:
    assert (found.winner.word if found.winner else None) == winner
    assert not found.shared


def test_a_right_answer_that_shares_the_first_place_wins_and_has_a_rival() -> None:
    tied = case(1.5, others=(replace(MILK, rank=1.5, score=0.5),))
    for ordered in (tied.candidates, tied.candidates[::-1]):
        found = replace(tied, candidates=ordered)
        assert found.winner == found.gold[0] and found.rival is not None and found.rival.word == "Milchshake"
        assert found.shared and found.ranked == 2


def test_two_right_answers_that_share_the_first_place_alone() -> None:
    """Each is at rank 1½, the word is found, and what comes third has not won."""
    first = replace(case(1.5).gold[0], rank=1.5)
    third = replace(MILK, rank=3, score=0.4)
    gold = (first, replace(first, word="rütteln"))
    found = replace(case(1), candidates=(*gold, third), gold=gold)
    assert found.winner == first and found.rival == third and not found.shared
    record = explanation.as_json(found, 3)
    assert (record["winner"]["word"], record["rival"]["word"]) == ("schütteln", "Milchshake")


def test_where_nothing_is_wrong_there_is_no_rival() -> None:
    found = case(1)
    assert found.winner == found.gold[0] and found.rival is None and not found.shared


@pytest.mark.parametrize("method", METHODS)
def test_the_winner_is_that_of_the_rankings(pair: Pair, method: str) -> None:
    """Also where everything ties: the last three words' scores are made equal."""
    scores = ranked.scores(pair, [method])[method].copy()
    known = ~np.isnan(scores)
    scores[4:] = np.where(known[4:], 0.5, np.nan)
    frame = rankings.ranked(pair, scores)
    for number, word in enumerate(frame["winner"]):
        found = explanation.explain(pair, number, scores[pair.rows[number]]).winner
        assert found.word == word if found else pd.isna(word)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("word", ["dog", "hand", "ghost", "run", "red"])
def test_every_word_has_valid_json(pair: Pair, word: str, method: str) -> None:
    found = explained(pair, word, method)
    record = json.loads(json.dumps(explanation.as_json(found, 3), allow_nan=False))
    assert {"word", "pos", "outcome", "gold", "candidates", "pictures", "dispersion", "senses", "best_cosine"} <= set(
        record
    )
    assert (record["shared"], record["ranked"]) == (found.shared, found.ranked)
    assert len(record["candidates"]) == 3
    assert {"word", "rank", "score", "gold", "pos"} == set(record["candidates"][0])
    assert {"word", "rank", "score"} <= set(record["gold"][0])
    if word == "ghost":
        assert record["gold"][0]["rank"] is None and record["dispersion"] is None and record["outcome"] == "uncovered"
        assert record["winner"] is None
    else:
        assert record["winner"]["word"] == found.winner.word


def test_best_cosines_are_those_of_maxmax(pair: Pair) -> None:
    maxmax = ranked.scores(pair, ["maxmax"])["maxmax"]
    for row, word in enumerate(pair.source.words):
        own = [explanation.best_cosine(pair, word, candidate) for candidate in pair.target.words]
        np.testing.assert_allclose(own, maxmax[row], atol=1e-6)  # also nan for words without pictures


def test_the_outcomes_of_the_tiny_set(pair: Pair) -> None:
    """Each is one outcome and no other, and follows from where the loop finds the best right answer."""
    matrix, expected = ranked.scores(pair, ["avgmax"])["avgmax"], dict[str, float]()
    for number, query in enumerate(pair.queries):
        place = oracles.gold_ranks(matrix[pair.rows[number]][None].tolist(), [set(pair.gold[number])])[0]
        found = explained(pair, query.id)
        assert found.rank == place or (math.isnan(found.rank) and math.isnan(place))
        expected[query.word] = place
    outcomes = {word: explained(pair, word).outcome for word in expected}
    assert outcomes["ghost"] == "uncovered"
    assert {word for word, outcome in outcomes.items() if outcome == "found"} == {
        word for word, place in expected.items() if place == 1
    }
    assert {word for word, outcome in outcomes.items() if outcome == "nearly"} == {
        word for word, place in expected.items() if 1 < place <= 10
    }


def test_the_rank_is_that_of_the_rankings_where_right_answers_tie(pair: Pair) -> None:
    """Both right answers share the first place: the word is found, and the list of candidates says so of each."""
    scores = np.zeros((7, 9), np.float32)
    row = pair.source.row("dog")
    scores[row, [pair.target.row("Hund"), pair.target.row("Köter")]] = 0.5
    number = pair.find("dog")
    frame = rankings.ranked(pair, scores)
    found = explanation.explain(pair, number, scores[row])
    assert frame["rank"][number] == found.rank == 1 and found.outcome == "found" and not found.shared
    assert [right.rank for right in found.gold] == [1, 1]
    told = explanation.as_json(found, 3)
    assert told["rank"] == 1 and [(one["rank"], one["gold"]) for one in told["candidates"][:2]] == [(1, True)] * 2


def test_right_answers_stand_before_what_ties_with_them(pair: Pair) -> None:
    """Three words share the first place, two of them right: the rank of the word is the first number of the list."""
    row, number = np.zeros(9, np.float32), pair.find("dog")
    row[[pair.target.row(word) for word in ("rot", "Hund", "Köter")]] = 0.5
    found = explanation.explain(pair, number, row)
    first = [(one.word, one.rank) for one in found.candidates[:3]]
    assert first == [("Hund", 4 / 3), ("Köter", 4 / 3), ("rot", 2)] and found.rank == 4 / 3
    assert found.shared and found.rival == found.candidates[2] and found.winner == found.gold[0]
    others = [one.rank for one in found.candidates[3:]]
    assert others == [6.5] * 6, "those below are where they were"


@pytest.mark.parametrize("seed", range(12))
def test_the_rank_of_a_word_is_that_of_its_best_answer_in_the_list(pair: Pair, seed: int) -> None:
    """Scores of few values, some of them within a tie of each other, some words without pictures."""
    rng = np.random.default_rng(seed)
    row = (rng.integers(0, 3, 9) / 4 + rng.choice([0, 6e-7, 12e-7], 9)).astype(np.float32)
    row[rng.random(9) < 0.2] = NAN
    for query in ("dog", "run"):
        found = explanation.explain(pair, pair.find(query), row)
        assert found.gold[0].rank == found.rank or (math.isnan(found.rank) and math.isnan(found.gold[0].rank))
        assert [one for one in found.candidates if one.gold] == list(found.gold)


def test_an_explanation_as_plain_values() -> None:
    """All of them, by name; six decimals are enough, and nan is nothing."""
    milk = replace(MILK, score=0.812345678)
    found = case(2, others=(milk, Candidate("Geist", NAN, NAN, False, "N", 0)), senses=None)
    right = {"word": "schütteln", "rank": 2, "score": 0.5, "gold": True, "pos": "V"}
    first = {"word": "Milchshake", "rank": 1, "score": 0.812346, "gold": False, "pos": "N"}
    last = {"word": "Geist", "rank": None, "score": None, "gold": False, "pos": "N"}
    expected = {
        "word": "shake", "pos": "V", "outcome": "nearly", "rank": 2, "winner": first,
        "rival": first, "shared": False, "ranked": 2, "gold": [right], "candidates": [first, right, last],
        "pictures": 3, "dispersion": 0.4, "senses": None, "best_cosine": 0.7,
    }  # fmt: skip
    assert explanation.as_json(found, 9) == expected
    assert explanation.as_json(found, 1) == expected | {"candidates": [first]}
    alone = explanation.as_json(case(NAN, pictures=0), 3)
    assert (alone["winner"], alone["rival"], alone["rank"], alone["ranked"]) == (None, None, None, 0)


def test_words_of_other_languages_have_no_senses_and_what_is_learned_is_known(pair: Pair) -> None:
    scores, number = ranked.scores(pair, ["avgmax"])["avgmax"], pair.find("run")
    row = np.where(np.isnan(scores[0]), np.nan, np.linspace(1, 0, 9)).astype(np.float32)
    found = explanation.explain(pair, number, row, learned=True)
    assert found.learned and found.senses == 57
    plain = explanation.explain(pair, number, row)
    assert not plain.learned and explanation.as_json(found, 9) == explanation.as_json(plain, 9)
    other = replace(pair, name="fr-de")
    other.__dict__["languages"] = ("fr", "de")  # the same words, as if they were French
    assert explanation.explain(other, number, row).senses is None


@pytest.mark.parametrize("method", ["maxmax", "maxmax+csls", "avgmax", "avgmax+csls", "knn", "cnn-max"])
def test_one_match_made_the_score_of_maxmax_and_all_those_of_others(pair: Pair, method: str) -> None:
    found = explanation.matches(pair, "run", "rennen", method)
    assert len(found) == (1 if method.startswith("maxmax") else 3)
    assert found == explanation.matches(pair, "run", "rennen", "avgmax")[: len(found)]


def test_equal_matches_stand_in_the_order_of_their_pictures(pair: Pair) -> None:
    """Every picture of the word is equal to one of the candidate's: sorted by id, whatever order the word has them."""
    ids = [f"{letter}{'0' * 31}" for letter in "cab"]
    same = ImageSets.from_members(["x"], [[0, 1, 2]], np.eye(3, dtype=np.float32), ids)
    found = explanation.matches(replace(pair, source=same, target=same), "x", "x", "avgmax")
    assert [match.source for match in found] == [match.target for match in found] == sorted(ids)


def test_the_place_of_a_tie_is_within_1e_6() -> None:
    """As in ranks: what is 0.9e-6 behind the first is first too, what is 1.1e-6 behind is not."""
    for behind, winner in ((0.9e-6, "schütteln"), (1.1e-6, "Milchshake")):
        right = replace(case(1.5).gold[0], score=0.8 - behind)
        assert replace(case(1.5), candidates=(MILK, right), gold=(right,)).winner.word == winner


def test_a_candidate_is_found_by_its_word_and_by_its_place(pair: Pair) -> None:
    found = explained(pair, "run")
    every = list(found.candidates)
    assert len(found.candidates) == len(every) and found.candidates[1:3] == tuple(every[1:3])
    assert found.candidates[-1] is every[-1] and [found.find(one.word) for one in every] == every
    assert found.find("run") is None
    np.testing.assert_array_equal(found.scores, [one.score for one in every])
    plain = replace(found, candidates=tuple(every))
    assert (plain.find("Geist"), plain.winner, plain.ranked) == (found.find("Geist"), found.winner, found.ranked)
