"""Induced dictionaries against their definition, and the thresholds that are chosen for them."""

from __future__ import annotations

import contextlib
import itertools
import math

import numpy as np
import pandas as pd
import pytest

from cldi_core.data import candidates
from cldi_core.data import dataset as datasets
from cldi_core.data.dataset import Dataset
from cldi_core.errors import LexiconError
from cldi_core.evaluation import metrics
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.evaluation.stored_scores import scored
from cldi_core.insight import confidence, lexicon
from cldi_core.rankers import ranker
from cldi_core.scoring.ties import TIE, ranks
from tests.conftest import BACKBONE


@pytest.fixture
def pair(small: Dataset) -> Pair:
    return open_pair(small, BACKBONE, "en-de")


def matrix_of(pair: Pair, seed: int) -> np.ndarray:
    """Scores in few values, so that many tie, also within ``TIE``; nan where a word has no pictures."""
    random = np.random.default_rng(seed)
    shape = len(pair.source), len(pair.target)
    values = random.integers(-3, 3, shape) / 4 + random.uniform(0, TIE / 8, shape)
    values[pair.source.sizes == 0] = np.nan
    values[:, pair.target.sizes == 0] = np.nan
    return values.astype(np.float32)


def frame_of(margin: list[float], right: list[int], words: list[str] | None = None) -> pd.DataFrame:
    """Answers of words of one query each."""
    names = words or [f"w{number}" for number in range(len(margin))]
    return pd.DataFrame({"query": names, "word": names, "pos": "N", "right": np.array(right, float), "margin": margin})


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("top", [1, 3])
def test_the_best_candidates_are_those_of_the_definition(pair: Pair, seed: int, top: int) -> None:
    matrix = matrix_of(pair, seed).astype(np.float64)
    found = list(lexicon.entries(pair, matrix, lexicon.answers(pair, matrix), top=top))
    wanted = []
    for row, word in enumerate(pair.source.words):
        for column, target in enumerate(pair.target.words):
            score = matrix[row, column]
            if not np.isnan(score) and (matrix[row] > score + TIE).sum() < top:
                wanted.append((word, target, ranks(matrix[row][None, :])[0, column], score))
    assert sorted((one.source, one.target, one.rank, one.score) for one in found) == sorted(wanted)
    assert {one.source for one in found} == {"dog", "hat", "hand", "run", "red", "big"}  # and not ghost
    order = [pair.source.words.index(one.source) for one in found]
    assert order == sorted(order)
    for one, other in itertools.pairwise(found):
        assert one.source != other.source or (one.rank <= other.rank and one.score >= other.score)


@pytest.mark.parametrize("seed", range(4))
def test_mutual_nearest_gold_and_margins(pair: Pair, seed: int) -> None:
    matrix = matrix_of(pair, seed).astype(np.float64)
    listed = {(row.source, row.target) for row in pair.dataset.lexicon("en-de")}
    for one in lexicon.entries(pair, matrix, lexicon.answers(pair, matrix), top=2):
        row, column = pair.source.row(one.source), pair.target.row(one.target)
        best = (np.nanmax(matrix[row]), np.nanmax(matrix[:, column]))
        assert one.mutual == all(matrix[row, column] >= value - TIE for value in best)
        assert one.gold == ((one.source, one.target) in listed)
        others = [value for place, value in enumerate(matrix[row]) if place != column and value <= one.score + TIE]
        gap = max(one.score - max(others), 0) if others else math.nan
        assert one.margin == pytest.approx(gap, abs=TIE, nan_ok=True)
    mutual = list(lexicon.entries(pair, matrix, lexicon.answers(pair, matrix, mutual=True), mutual=True))
    assert mutual and all(one.mutual for one in mutual)


def test_the_first_margin_is_that_of_the_evidence(pair: Pair) -> None:
    matrix = scored(pair, [ranker("avgmax")])["avgmax"].matrix
    frame = lexicon.answers(pair, matrix).set_index("word")
    for one in lexicon.entries(pair, matrix, lexicon.answers(pair, matrix)):
        assert one.margin == pytest.approx(frame["margin"][[one.source]].iloc[0], abs=2 * TIE)


def test_only_scores_that_are_stored_are_taken(pair: Pair) -> None:
    with pytest.raises(LexiconError, match=r"score --dataset small --pair en-de .*--method avgmax"):
        lexicon.stored_matrix(pair, ranker("avgmax"))
    made = scored(pair, [ranker("avgmax")])["avgmax"].matrix
    assert np.array_equal(lexicon.stored_matrix(pair, ranker("avgmax")), made, equal_nan=True)


def test_words_that_are_in_no_list_follow_where_all_are_candidates(small: Dataset) -> None:
    words = list(small.words.itertuples(index=False, name=None))
    datasets.write_words(small.path, [*words, ("en", "cat", 0, words[-1][3]), ("de", "Katze", 0, words[0][3])])
    for method in ("avgmax", "avgmax+csls"):
        for choice in candidates.CHOICES:
            pair = open_pair(candidates.choose(small, choice), BACKBONE, "en-de")
            stored = scored(pair, [ranker(method)])[method].matrix
            wider, matrix = lexicon.with_unlisted(pair, ranker(method), stored)
            assert lexicon.unlisted(pair) == ["cat"] * (choice == candidates.ALL)
            if choice == candidates.LISTED or method != "avgmax":
                assert wider is pair and matrix is stored
    pair = open_pair(Dataset(small.path), BACKBONE, "en-de")
    wider, matrix = lexicon.with_unlisted(pair, ranker("avgmax"), lexicon.stored_matrix(pair, ranker("avgmax")))
    assert list(wider.source.words) == [*pair.source.words, "cat"] and len(matrix) == len(wider.source)
    assert np.array_equal(matrix, ranker("avgmax").scores(wider), equal_nan=True)
    frame = lexicon.answers(wider, matrix)
    found = [one for one in lexicon.entries(wider, matrix, frame, top=9) if one.source == "cat"]
    assert len(frame) == 6 and found[-1].source == "cat" and {one.gold for one in found} == {None}
    assert "Katze" in {one.target for one in found}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("precision", [0.3, 0.5, 0.7, 0.9])
def test_the_lowest_margin_of_a_precision_is_that_of_the_definition(seed: int, precision: float) -> None:
    random = np.random.default_rng(seed)
    margin = random.integers(0, 30, 120) / 100
    right = (random.uniform(size=120) < 0.2 + 2 * margin).astype(int)
    frame = frame_of(margin.tolist(), right.tolist())
    reached = [
        value
        for value in sorted(set(margin))
        if (margin >= value).sum() >= metrics.ENOUGH and right[margin >= value].mean() >= precision
    ]
    if not reached:
        with pytest.raises(LexiconError, match=r"the best is 0\.\d\d; ask for less"):
            lexicon.for_precision(frame, precision)
        return
    found = lexicon.for_precision(frame, precision)
    kept = margin >= reached[0]
    assert found.margin == pytest.approx(reached[0]) and found.answers == kept.sum() and found.judged == 120
    assert found.precision.value == pytest.approx(right[kept].mean())
    assert found.precision == metrics.interval(right[kept].astype(float), frame["word"][kept].to_numpy())
    assert found.crossed is not None and found.precision.low <= found.precision.value


def test_precision_is_one_less_the_risk_of_the_curve(pair: Pair) -> None:
    matrix = scored(pair, [ranker("avgmax")])["avgmax"].matrix
    frame = lexicon.answers(pair, matrix)
    coverage, risk = confidence.curve(confidence.sure(frame, "margin"), frame["right"].to_numpy())
    for margin in sorted(set(frame["margin"])):
        found = lexicon.at_margin(frame, margin)
        assert found.precision.value == pytest.approx(1 - risk[found.answers - 1])
        assert found.answers == round(coverage[found.answers - 1] * found.judged)
    assert lexicon.at_margin(frame, -math.inf).answers == len(frame) == found.judged


def test_a_threshold_is_judged_by_words_that_did_not_choose_it() -> None:
    # Noise: whatever is chosen, the words left out are right as often as all are.
    random = np.random.default_rng(3)
    gained = []
    for _ in range(40):
        frame = frame_of(random.permutation(100).astype(float).tolist(), random.integers(0, 2, 100).tolist())
        with contextlib.suppress(LexiconError):
            found = lexicon.for_precision(frame, 0.55)
            if found.crossed is not None and found.crossed.n:
                gained.append(found.precision.value - found.crossed.value)
    assert len(gained) > 10 and np.mean(gained) > 0.03


def test_words_with_several_queries_are_left_out_together() -> None:
    # Each word stands twice with the same answer; were the two apart, the one would tell of the other.
    words = [f"w{number}" for number in range(60)] * 2
    frame = frame_of([1.0] * 120, [1] * 120, words)
    found = lexicon.for_precision(frame, 0.9)
    assert found.precision.n == 60 and found.crossed is not None and found.crossed.n == 60


def test_few_words_have_no_threshold() -> None:
    with pytest.raises(LexiconError, match="19 are there"):
        lexicon.for_precision(frame_of([1.0] * 19, [1] * 19), 0.5)


def test_words_stand_as_they_are_and_muse_splits_at_spaces() -> None:
    made = [
        lexicon.Entry("=cmd", "sich setzen", 1.5, 0.25, 0.0, True, None, 0.5),
        lexicon.Entry("sit down", "'x", 1, 1 / 3, math.nan, False, True, math.nan),
    ]
    assert lexicon.as_tsv(made).splitlines() == [
        "source\ttarget\trank\tscore\tmargin\tmutual\tgold\tprecision",
        "=cmd\tsich setzen\t1.5\t0.25\t0\t1\t\t0.500",
        "sit down\t'x\t1\t0.3333333\t\t0\t1\t",
    ]
    assert lexicon.as_muse(made) == "=cmd sich_setzen\nsit_down 'x\n"
    assert [lexicon.is_joined(one) for one in made] == [True, True]


@pytest.mark.parametrize(("word", "good"), [("cow", True), ("a\tb", False), ("a\nb", False), ("\u202ewoc", False)])
def test_a_word_that_would_break_a_line_is_told_apart(word: str, good: bool) -> None:
    assert lexicon.is_writable(lexicon.Entry("x", word, 1, 0, 0, True, True, 1)) == good
