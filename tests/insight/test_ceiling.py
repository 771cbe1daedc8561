"""Ceilings of words, against a literal loop over the splits; how they are kept."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd
import pytest

from cldi_core.data import storage, wordlists
from cldi_core.data.dataset import Dataset
from cldi_core.data.queries import Query
from cldi_core.errors import DatasetError, UnknownNameError
from cldi_core.evaluation.pairs import Pair, open_pair
from cldi_core.insight import ceiling
from cldi_core.scoring.imagesets import ImageSets
from tests import oracles
from tests.conftest import BACKBONE, LEXICON


@pytest.fixture
def pair(small: Dataset) -> Pair:
    return open_pair(small, BACKBONE, "en-de")


def made(source: dict[str, list], target: dict[str, list], right: dict[str, list[str]], dataset: Dataset) -> Pair:
    """A pair of features that are given; a query for each word with right answers."""
    own, other = (ImageSets.from_arrays(list(sets), list(sets.values())) for sets in (source, target))
    queries = tuple(Query(word, "N", tuple(answers)) for word, answers in right.items())
    rows = np.array([own.row(query.word) for query in queries], np.int64)
    gold = tuple(tuple(other.row(word) for word in query.right) for query in queries)
    return Pair(dataset, BACKBONE, "en-de", own, other, queries, rows, gold, dict.fromkeys(target, "N"))


def literal(pair: Pair, word: str) -> tuple[float, float, int, int]:
    """The definition: one split, one candidate, one pair of pictures after the other."""
    rows = [list(map(float, row)) for row in pair.source[word]]
    right = {answer for query in pair.queries if query.word == word for answer in query.right}
    others = [pair.target[each] for each in pair.target.words if each not in right and len(pair.target[each])]
    found = []
    for half in ceiling.splits(len(rows)):
        asking = [rows[i] for i in half]
        rest = [rows[i] for i in range(len(rows)) if i not in half]
        scores = [oracles.avgmax(asking, pictures) for pictures in others] + [oracles.avgmax(asking, rest)]
        found += oracles.gold_ranks([scores], [[len(others)]])
    if not found:
        return math.nan, math.nan, 0, 0
    return sum(1 / rank for rank in found) / len(found), median(found), len(found), len(others) + 1


def close(frame: pd.DataFrame, pair: Pair) -> None:
    assert list(frame.columns) == ["word", "mrr", "rank", "splits", "candidates"]
    for row in frame.itertuples(index=False):
        expected = literal(pair, row.word)
        np.testing.assert_allclose([row.mrr, row.rank], expected[:2], rtol=1e-12)
        assert (row.splits, row.candidates) == expected[2:]


def test_against_the_definition_on_the_tiny_data_set(pair: Pair) -> None:
    frame = ceiling.ceilings(pair)
    assert frame["word"].tolist() == list(pair.source.words)
    close(frame, pair)
    ghost = frame.set_index("word").loc["ghost"]
    assert math.isnan(ghost["mrr"]) and math.isnan(ghost["rank"]) and ghost["splits"] == 0
    assert math.isnan(frame.set_index("word").loc["red", "rank"]), "one picture"


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("sign", [1, -1])
def test_against_the_definition_on_ragged_sets(
    small: Dataset, seed: int, sign: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(seed)
    # Halves of the space, so that cosines across the languages are positive only, or negative only.
    source = {f"s{n}": np.abs(rng.normal(size=(n, 5))).astype(np.float32) for n in (0, 1, 2, 3, 4, 5, 9, 14)}
    target = {f"t{n}": sign * np.abs(rng.normal(size=(n, 5))).astype(np.float32) for n in (0, 3, 1, 7, 2, 12)}
    right = {"s4": ["t3", "t0"], "s9": ["t7"], "s0": ["t1"], "s14": ["t12", "t1", "t2"]}
    pair = made(source, target, right, small)
    whole = ceiling.ceilings(pair)
    close(whole, pair)
    # In small blocks, where a word's pictures lie in several and a word is larger than a batch.
    monkeypatch.setattr(ceiling, "TARGET_ROWS", 2)
    monkeypatch.setattr(ceiling, "ROWS", 6)
    pd.testing.assert_frame_equal(ceiling.ceilings(pair), whole)
    monkeypatch.setattr(ceiling, "BEST", 1)
    pd.testing.assert_frame_equal(ceiling.ceilings(pair), whole)


def test_shared_pictures_ties_and_zero_rows(small: Dataset) -> None:
    x, y, z, none = [1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0], [0, 0, 0]
    source = {"twice": [x, x], "two": [x, y], "zero": [none, none], "mixed": [x, x, y, none], "owned": [x, z]}
    target = {"A": [x], "B": [x, y], "C": [none], "D": [x], "E": [y, z]}
    pair = made(source, target, {"twice": ["B"], "two": ["A"]}, small)
    frame = ceiling.ceilings(pair).set_index("word")
    close(frame.reset_index(), pair)
    # The other half has cosine 1 as A and D have: three share the first place.
    assert frame.loc["twice", "rank"] == 2 and frame.loc["twice", "mrr"] == 0.5
    assert frame.loc["zero", "rank"] == 3.5, "6 candidates, all the same"
    assert frame.loc["owned", "rank"] > 1, "others own the picture that asks, the other half does not"


def test_right_answers_of_any_query_of_the_word_are_no_candidates(small: Dataset) -> None:
    rows = [*LEXICON, wordlists.Row("run", "Hund", "N")]
    wordlists.write_list(small.path / "lexicon" / "en-de.tsv", rows)
    pair = open_pair(Dataset(small.path), BACKBONE, "en-de")
    close(ceiling.ceilings(pair), pair)
    assert ceiling.ceiling(pair, "run").candidates == 8 - 3 + 1
    assert ceiling.ceiling(pair, "hat").candidates == 8 - 1 + 1


def test_one_word_alone_and_some_words_are_as_among_all(pair: Pair) -> None:
    frame = ceiling.ceilings(pair)
    for row in frame.itertuples(index=False):
        one = ceiling.ceiling(pair, row.word)
        np.testing.assert_array_equal([one.mrr, one.rank], [row.mrr, row.rank])
        assert (one.splits, one.candidates) == (row.splits, row.candidates)
    some = ceiling.ceilings(pair, ["run", "dog"])
    pd.testing.assert_frame_equal(some, frame.set_index("word").loc[["run", "dog"]].reset_index())
    none = ceiling.ceilings(pair, [])
    assert len(none) == 0 and list(none.columns) == list(frame.columns)
    close(ceiling.ceilings(pair.of_words(["run"])), pair)


def test_words_that_are_not_there(pair: Pair) -> None:
    for call in (lambda: ceiling.ceiling(pair, "cow"), lambda: ceiling.ceilings(pair, ["dog", "cow"])):
        with pytest.raises(UnknownNameError, match="unknown word 'cow'; choose from: dog"):
            call()


@pytest.mark.parametrize("n", range(13))
def test_splits(n: int) -> None:
    found = ceiling.splits(n)
    assert len(found) == len(set(found)) == (min(8, math.comb(n, n // 2)) if n > 1 else 0)
    for half in found:
        assert len(half) == n // 2 and list(half) == sorted(set(half)) and set(half) <= set(range(n))
    if 1 < n < 5:
        assert set(found) == set(itertools.combinations(range(n), n // 2))
    ceiling.splits.cache_clear()
    assert ceiling.splits(n) == found, "the same every time"


def test_they_are_kept_with_a_key_and_a_checksum(
    pair: Pair, reopen: Callable[[], Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ceiling.stored_ceilings(pair) is None
    frame = ceiling.keep_ceilings(pair)
    path = pair.dataset.path / "evidence" / BACKBONE / "en-de" / "ceilings.parquet"
    assert [each for each in (pair.dataset.path / "evidence").rglob("*") if each.is_file()] == [path]
    again = open_pair(reopen(), BACKBONE, "en-de")
    stored = ceiling.stored_ceilings(again)
    assert stored is not None
    pd.testing.assert_frame_equal(stored, frame)
    calls: list[object] = []
    monkeypatch.setattr(ceiling, "ceilings", lambda *given: calls.append(given))
    assert ceiling.keep_ceilings(again).equals(frame) and calls == [], "nothing is computed again"
    for name in ("VERSION", "SPLITS", "SEED"):
        with monkeypatch.context() as other:
            other.setattr(ceiling, name, 99)
            assert ceiling.stored_ceilings(again) is None
    changed = frame.assign(rank=frame["rank"] + 1)
    changed.attrs = dict(frame.attrs)
    changed.to_parquet(path, index=False)
    assert ceiling.stored_ceilings(again) is None, "not what was written"
    path.write_bytes(b"PAR1")
    assert ceiling.stored_ceilings(again) is None


def test_another_word_list_makes_them_stale(pair: Pair, reopen: Callable[[], Dataset]) -> None:
    ceiling.keep_ceilings(pair)
    wordlists.write_list(pair.dataset.path / "lexicon" / "en-de.tsv", [*LEXICON, wordlists.Row("run", "Hund", "N")])
    again = open_pair(reopen(), BACKBONE, "en-de")
    assert ceiling.stored_ceilings(again) is None
    close(ceiling.keep_ceilings(again), again)


def test_a_disk_that_takes_nothing(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(path: Path, save: object) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(storage, "write", refuse)
    close(ceiling.keep_ceilings(pair), pair)
    assert "ceilings of en-de are not kept" in caplog.text
    with pytest.raises(DatasetError, match="ceilings of en-de are not kept"):
        ceiling.keep_ceilings(pair, must_keep=True)
