"""In which order candidates are worth a judgement, held to a loop over methods and words."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from cldi_core import rankers
from cldi_core.data.dataset import Dataset
from cldi_core.data.judgements import Judgement
from cldi_core.evaluation import judged
from cldi_core.evaluation.pairs import open_pair
from cldi_core.insight import judging
from cldi_core.scoring.ties import TIE
from tests import ranked
from tests.conftest import BACKBONE

METHODS = ("avgmax", "maxmax", "cnn-mean")


def frame(*rows: tuple[str, float, str, str | None]) -> pd.DataFrame:
    """Rankings of some queries: query, rank, right answer, winner."""
    made = pd.DataFrame(rows, columns=["query", "rank", "right", "winner"])
    return made.assign(word=made["query"].str[:-2], pos=made["query"].str[-1])


FRAMES = {
    "one": frame(
        ("a.N", 1, "A", "A"), ("b.N", 4, "B", "X"), ("c.N", 2, "C", "Y"), ("g.N", math.nan, "G", None),
        ("d.V", 10, "D", "X"), ("e.V", 1.5, "E", "E"),
    ),
    "two": frame(
        ("a.N", 3, "A", "X"), ("b.N", 2, "B", "X"), ("c.N", 2, "C", "Z"), ("g.N", math.nan, "G", None),
        ("d.V", 1, "D", "D"), ("e.V", 2, "E", "B"),
    ),
}  # fmt: skip


def slowly(frames: dict[str, pd.DataFrame], out: set[tuple[str, str]]) -> dict[tuple[str, str], tuple[float, int]]:
    """Query and candidate → the sum of what its acceptance moves, and under how many methods."""
    found: dict[tuple[str, str], tuple[float, int]] = {}
    for made in frames.values():
        for row in made.itertuples():
            if not row.rank > 1 or row.winner == row.right or (row.query, row.winner) in out:
                continue
            n = sum(other.pos == row.pos and not math.isnan(other.rank) for other in made.itertuples())
            moved, count = found.get((row.query, row.winner), (0.0, 0))
            found[row.query, row.winner] = moved + (1 - 1 / row.rank) / n, count + 1
    return found


def test_the_order_by_hand() -> None:
    """b → X: (3/4 + 1/2) / 3 nouns; d → X: (9/10) / 2 verbs; e shares the first place under the first method."""
    found = judging.order("en-de", FRAMES, ())
    assert list(zip(found["query"], found["candidate"], strict=True)) == [
        ("d.V", "X"), ("b.N", "X"), ("e.V", "B"), ("a.N", "X"), ("c.N", "Y"), ("c.N", "Z"),
    ]  # fmt: skip
    assert found["moves"].tolist() == pytest.approx([0.45, 1.25 / 3, 0.25, 2 / 9, 1 / 6, 1 / 6])
    assert found["rise"].tolist() == pytest.approx([0.45, 1.25 / 6, 0.25, 2 / 9, 1 / 6, 1 / 6])
    assert found["n"].tolist() == [2, 3, 2, 3, 3, 3]
    assert found["methods"].tolist() == [1, 2, 1, 1, 1, 1] and set(found["of"]) == {2}
    assert list(found.columns) == list(judging.COLUMNS)


def test_what_was_judged_is_out_of_its_own_pair_alone() -> None:
    judged_keys = {("en-de", "d", "V", "X"), ("en-de", "c", "N", "Z"), ("en-fr", "b", "N", "X")}
    found = judging.order("en-de", FRAMES, judged_keys)
    assert list(zip(found["query"], found["candidate"], strict=True)) == [
        ("b.N", "X"), ("e.V", "B"), ("a.N", "X"), ("c.N", "Y"),
    ]  # fmt: skip
    assert set(found["of"]) == {2}


def test_a_query_that_is_closed_under_a_method_is_asked_under_the_others_and_counts_in_n() -> None:
    found = judging.order("en-de", FRAMES, (), {"one": ["b.N", "d.V"], "two": ["a.N"]})
    assert list(zip(found["query"], found["candidate"], strict=True)) == [
        ("e.V", "B"), ("b.N", "X"), ("c.N", "Y"), ("c.N", "Z"),
    ]  # fmt: skip
    assert found["moves"].tolist() == pytest.approx([0.25, 1 / 6, 1 / 6, 1 / 6]) and found["n"].tolist() == [2, 3, 3, 3]


@pytest.mark.parametrize("seed", range(2))
def test_the_order_is_that_of_a_slow_loop(seed: int) -> None:
    random = np.random.default_rng(seed)
    words = [f"w{number}.{'NVA'[number % 3]}" for number in range(40)]
    frames = {}
    for method in "abcd":
        rows = []
        for word in words:
            rank = random.choice([1, 1.5, 2, 3, 30, math.nan])
            rows.append((word, rank, "right", random.choice(["right", "X", "Y"]) if rank > 1 else "right"))
        frames[method] = frame(*rows)
    out = {(words[4], "X"), (words[9], "Y")}
    found = judging.order("en-de", frames, {("en-de", query[:-2], query[-1], word) for query, word in out})
    expected = slowly(frames, out)
    order = sorted(expected, key=lambda key: (-round(expected[key][0], 12), *key))
    assert list(zip(found["query"], found["candidate"], strict=True)) == order
    assert found["moves"].tolist() == pytest.approx([expected[key][0] for key in order])
    assert found["methods"].tolist() == [expected[key][1] for key in order]


@pytest.mark.parametrize("frames", [{}, {"one": FRAMES["one"].head(1)}, {"one": FRAMES["one"].head(0)}])
def test_there_may_be_nothing_to_judge(frames: dict[str, pd.DataFrame]) -> None:
    found = judging.order("en-de", frames, ())
    assert list(found.columns) == list(judging.COLUMNS) and not len(found)


def test_the_figures_move_as_much_as_is_said(small: Dataset) -> None:
    """Each candidate accepted in turn: the MRR of its part of speech rises by what was said, or less where it ties."""
    pair = open_pair(small, BACKBONE, "en-de")
    frames, scores = ranked.rankings(pair, METHODS), ranked.scores(pair, METHODS)

    def mrr(made: pd.DataFrame, pos: str) -> float:
        return float((1 / made.loc[made["pos"] == pos, "rank"]).mean())

    found = judging.order("en-de", frames, ())
    alone = 0
    for row in found.itertuples():
        given = [Judgement("en-de", row.word, row.pos, row.candidate, "acceptable")]
        rises, first = [], []
        for name, made in frames.items():
            after = judged.with_judgements(pair, rankers.ranker(name), made, given)
            if made.set_index("query")["winner"][row.query] == row.candidate:
                rises.append(mrr(after, row.pos) - mrr(made, row.pos))
                own = scores[name][pair.source.row(row.word)]
                first.append(int((own >= np.nanmax(own) - TIE).sum()))
        assert len(rises) == row.methods
        if set(first) == {1}:
            assert sum(rises) == pytest.approx(row.moves)
        else:
            assert 0 < sum(rises) < row.moves
        alone += set(first) == {1}
    assert alone >= 2
