"""Hubs: counts by sorting in a slow loop, skewness by its definition, its interval by leaving words out one by one."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import stdtrit

from cldi_core import rankers
from cldi_core.data import wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.evaluation import rankings, stored_scores
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.insight import hubs
from tests import ranked
from tests.conftest import BACKBONE

TIE = 1e-6


@pytest.fixture
def pair(small: Dataset) -> Pair:
    return open_pair(small, BACKBONE, "en-de")


def slow_counts(matrix: np.ndarray, top: int) -> list[int]:
    """In how many rows each column's mean place, among those within ``TIE`` of it, is at most ``top``."""
    counts = [0] * matrix.shape[1]
    for row in matrix.tolist():
        known = [score for score in row if not math.isnan(score)]
        for column, score in enumerate(row):
            if not math.isnan(score):
                above = sum(other > score + TIE for other in known)
                tied = sum(abs(other - score) <= TIE for other in known)
                counts[column] += above + (tied + 1) / 2 <= top
    return counts


def by_definition(counts: list[float]) -> float:
    mean = sum(counts) / len(counts)
    spread = math.sqrt(sum((one - mean) ** 2 for one in counts) / len(counts))
    return sum((one - mean) ** 3 for one in counts) / len(counts) / spread**3


def test_counts_are_those_of_a_slow_loop_with_ties_and_negative_scores(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "TOP", 3)
    rng = np.random.default_rng(2)
    matrix = -rng.integers(1, 9, (len(pair.source), len(pair.target))).astype(np.float32)  # many ties
    matrix[pair.source.row("big")] = np.nan  # and "ghost" has scores, but none of its right answer
    matrix[:, pair.target.row("Geist")] = np.nan
    frame = rankings.ranked(pair, matrix)
    found = hubs.hubs(pair, matrix, frame)
    counts = dict(zip(pair.target.words, slow_counts(matrix, 3), strict=True))
    assert "Geist" not in set(found["word"]) and len(found) == len(pair.target) - 1
    wins = dict.fromkeys(pair.target.words, 0)
    for place, gold in zip(pair.rows, pair.gold, strict=True):
        row = matrix[place]
        right = max((row[column] for column in gold), default=math.nan)
        if not math.isnan(right) and np.nanmax(row) > right + TIE:
            wins[pair.target.words[int(np.nanargmax(row))]] += 1
    assert sum(wins.values()) > 0
    for row in found.itertuples():
        assert (row.n10, row.wins, row.pos) == (counts[row.word], wins[row.word], pair.target_pos[row.word])
    assert found["n10"].dtype == found["wins"].dtype == np.int32
    told = hubs.hubness(found)
    assert told.words == 6 and told.candidates == len(found)
    assert told.skewness.value == pytest.approx(by_definition([float(one) for one in found["n10"]]))
    assert told.skewness.why == "n too small" and told.never_n == (found["n10"] == 0).sum()


def test_a_skewness_is_that_of_the_definition_and_nothing_where_all_are_alike() -> None:
    for counts in ([0, 0, 0, 9], [1, 2, 3], [5, 5, 5, 0], [1, 1, 2, 9, 30]):
        assert hubs.skewness(np.array(counts)) == pytest.approx(by_definition([float(one) for one in counts]))
    assert math.isnan(hubs.skewness(np.array([3, 3]))) and math.isnan(hubs.skewness(np.zeros(0)))


def test_the_interval_leaves_each_word_out_in_turn() -> None:
    rng = np.random.default_rng(4)
    near = rng.random((30, 12)) < np.linspace(0.05, 0.9, 12) ** 3
    found = hubs.skewness_over_words(near)
    without = [by_definition(np.delete(near, row, axis=0).sum(axis=0).tolist()) for row in range(30)]
    variance = 29 / 30 * sum((one - sum(without) / 30) ** 2 for one in without)
    reach = float(stdtrit(29, 0.975)) * math.sqrt(variance)
    assert found.value == pytest.approx(by_definition(near.sum(axis=0).tolist()))
    assert (found.low, found.high, found.n) == (
        pytest.approx(found.value - reach), pytest.approx(found.value + reach), 30,
    )  # fmt: skip
    assert hubs.skewness_over_words(near[:19]).why == "n too small"
    assert math.isnan(hubs.skewness_over_words(np.ones((30, 4), bool)).value)


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    """Words drawn anew from a population of which the mean skewness is known: some hubs, many plain candidates."""
    rng = np.random.default_rng(8)
    chance = np.clip(0.02 / rng.random(80), 0, 0.9)
    drawn = rng.random((200, 100, 80)) < chance
    truth = np.mean([hubs.skewness(one.sum(axis=0)) for one in drawn])
    found = [hubs.skewness_over_words(one) for one in drawn]
    assert 0.88 < np.mean([one.low <= truth <= one.high for one in found]) < 1


def test_a_simulated_hub_is_the_greatest_and_is_gone_under_csls(pair: Pair) -> None:
    matrix = np.random.default_rng(0).normal(0, 0.1, (len(pair.source), len(pair.target))).astype(np.float32)
    matrix[:, pair.target.row("Hand")] += 5
    before = pd.DataFrame({"word": ["a", "b", "c", "d"], "pos": "N", "n10": [1, 9, 9, 0], "wins": [1, 0, 2, 0]})
    after = pd.DataFrame({"word": ["b", "c", "a"], "pos": "N", "n10": [2, 3, 4], "wins": [0, 1, 0]})
    found = hubs.greatest(before, after, 3)
    assert found["word"].tolist() == ["c", "b", "a"] and found["n10_after"].tolist() == [3, 2, 4]
    assert math.isnan(hubs.compared(before, after)["n10_after"][3])
    assert hubs.greatest(before, None, 1)["n10_after"].isna().all()
    frame = rankings.ranked(pair, matrix)
    hub = hubs.greatest(hubs.hubs(pair, matrix, frame), None, 1).iloc[0]
    wrongly = hubs.won_wrongly(frame, "Hand")
    assert (hub["word"], hub["wins"]) == ("Hand", len(wrongly)) and "hand.N" not in set(wrongly["query"])
    assert wrongly["rank"].is_monotonic_increasing and (wrongly["rank"] > 1).all()


def test_the_distribution_counts_candidates_of_so_much_or_more() -> None:
    told = hubs.distribution(pd.DataFrame({"n10": [0, 0, 3, 7, 3]}))
    assert told.to_dict("list") == {"n10": [0, 3, 7], "candidates": [5, 3, 1], "share": [1.0, 0.6, 0.2]}
    assert hubs.uncorrected("maxmax+csls") == hubs.uncorrected("maxmax") == "maxmax"


def kept(pair: Pair, method: str = "avgmax") -> Path:
    ranker = rankers.ranker(method)
    hubs.keep_hubs(pair, [ranker], stored_scores.scored(pair, [ranker]), must_keep=True)
    return hubs.path_of(pair, method)


def test_what_is_kept_is_what_was_computed_and_stands_until_something_changes(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "TOP", 3)
    ranker, whole = rankers.ranker("avgmax"), kept(pair).read_bytes()
    assert kept(pair).read_bytes() == whole
    matrix = ranked.scores(pair, ["avgmax"])["avgmax"]
    expected = hubs.hubs(pair, matrix, rankings.ranked(pair, matrix))
    found = hubs.stored_hubs(pair, [ranker])["avgmax"]
    pd.testing.assert_frame_equal(found, expected)
    assert hubs.hubness(found).skewness.value == hubs.hubness(expected).skewness.value
    assert found.attrs["words"] == expected.attrs["words"] == 6
    frame = pd.read_parquet(hubs.path_of(pair, "avgmax"))
    frame.loc[0, "n10"] += 1
    frame.to_parquet(hubs.path_of(pair, "avgmax"), index=False)
    assert hubs.stored_hubs(pair, [ranker]) == {}
    assert kept(pair).read_bytes() == whole
    renamed = [wordlists.Row(row.source, row.target, "A" if row.target == "Hut" else row.pos)
               for row in pair.dataset.lexicon("en-de")]  # fmt: skip
    wordlists.write_list(pair.dataset.path / "lexicon" / "en-de.tsv", renamed)
    changed = open_pair(Dataset(pair.dataset.path), BACKBONE, "en-de")
    assert hubs.stored_hubs(changed, [ranker]) == {}


def test_score_keeps_hubs_beside_evidence(pair: Pair) -> None:
    from typer.testing import CliRunner

    from cldi_core.commands.main import app

    told = CliRunner().invoke(app, ["score", "--dataset", pair.dataset.name, "--method", "avgmax+csls"])
    assert told.exit_code == 0, told.output
    assert set(hubs.stored_hubs(pair, map(rankers.ranker, ("avgmax", "avgmax+csls")))) == {"avgmax+csls"}
