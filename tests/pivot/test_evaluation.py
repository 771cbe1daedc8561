"""Ranks of pictures and descriptions, and the tables that are made of them: against loops."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cldi_core.pivot import evaluation, retrieval
from cldi_core.pivot.corpus import Corpus
from cldi_core.pivot.evaluation import COLUMNS, DRAWS, TASKS
from cldi_core.pivot.scorers import Similarities, Spelling
from cldi_core.pivot.text import Vocabulary
from tests import pivot_data
from tests.pivot_data import LANGUAGES

KNOWN = {"en": Vocabulary(("red", "cow", "sun")), "de": Vocabulary(("rot", "kuh"))}


class Made:
    """Scores that depend on nothing but the text and the picture: the same numbers every time."""

    label = "Made up"

    def __init__(self, name: str = "made", *, right: float = 0.0, silent: Sequence[str] = ()) -> None:
        self.name, self.right, self.silent = name, right, silent
        self.features = pivot_data.corpus().features

    def score(self, text: str, row: int) -> float:
        """Of a text and the number of a picture: an even number, so that there are ties; more for the right one."""
        number = int(text.encode().hex(), 16)
        shape = text.removesuffix(" very")
        own = any(shape.startswith(pivot_data.text(pivot_data.NAMES[row % 40], language)) for language in LANGUAGES)
        return (number * (row % 40 + 7)) % 11 + self.right * own

    def to_pictures(self, texts: Sequence[str], language: str, features: Similarities) -> Similarities | None:
        if language in self.silent:
            return None
        rows = [int((self.features == feature).all(axis=1).argmax()) for feature in features]
        return np.array([[self.score(text, row) for row in rows] for text in texts])

    def to_texts(self, left: Sequence[str], right: Sequence[str], languages: tuple[str, str]) -> Similarities | None:
        return None if self.silent else np.array([[(len(a) * len(b)) % 5 for b in right] for a in left], float)


def slow_ranks(scores: Similarities, right: list[list[int]]) -> list[float]:
    """The rank of the best right answer: those above it, and its part of those beside it; of integers."""
    found = []
    for row, own in zip(scores.tolist(), right, strict=True):
        best = max(row[column] for column in own)
        beside, good = row.count(best), sum(row[column] == best for column in own)
        found.append(sum(score > best for score in row) + (beside + 1) / (good + 1))
    return found


def ranks(corpus: Corpus, *scorers: Made | Spelling, seed: int = 0, keys: Sequence[str] | None = None) -> pd.DataFrame:
    return evaluation.retrieval_ranks(corpus, corpus.split(0).test if keys is None else keys, scorers, KNOWN, seed)


def rows_of(frame: pd.DataFrame, task: str, language: str) -> pd.DataFrame:
    return frame[(frame["task"] == task) & (frame["language"] == language)]


def test_the_frame_has_a_row_for_each_query() -> None:
    frame = ranks(pivot_data.corpus(), Made(), seed=4)
    assert tuple(frame.columns) == COLUMNS and (frame["seed"] == 4).all() and (frame["draw"] == 0).all()
    sizes = frame.groupby(["model", "task", "language"], sort=False).size().to_dict()
    picture = [("made", task, language) for language in LANGUAGES for task in TASKS[:2]]
    assert sizes == dict.fromkeys([*picture, ("made", TASKS[2], "en→de"), ("made", TASKS[2], "de→en")], 10)
    assert (frame["candidates"] == 10).all() and frame["rank"].between(1, 10).all()
    assert set(frame["item"]) == set(pivot_data.corpus().split(0).test)


@pytest.mark.parametrize("asked", [1, 5])
def test_ranks_are_those_of_loops(asked: int) -> None:
    corpus, made = pivot_data.corpus(asked=asked), Made()
    frame, keys = ranks(corpus, made), corpus.split(0).test
    for language, other in (LANGUAGES, LANGUAGES[::-1]):
        texts = [text for key in keys for text in corpus.item[key].asked[language]]
        features = corpus.features[[corpus.item[key].own[language][0] for key in keys]]
        scores = made.to_pictures(texts, language, features)
        own = [list(range(asked * number, asked * (number + 1))) for number in range(len(keys))]
        found = rows_of(frame, TASKS[0], language)
        assert found["rank"].tolist() == slow_ranks(scores, [[number // asked] for number in range(len(texts))])
        assert found["item"].tolist() == [key for key in keys for _ in range(asked)]
        found = rows_of(frame, TASKS[1], language)
        assert found["rank"].tolist() == slow_ranks(scores.T, own), "the best of its descriptions counts"
        assert found["item"].tolist() == list(keys) and (found["candidates"] == 10 * asked).all()
        others = [text for key in keys for text in corpus.item[key].asked[other]]
        between = made.to_texts(texts, others, (language, other))
        found = rows_of(frame, TASKS[2], f"{language}→{other}")
        assert found["rank"].tolist() == slow_ranks(between, [own[number // asked] for number in range(len(texts))])
        assert (found["candidates"] == 10 * asked).all() and len(found) == 10 * asked


def test_what_a_scorer_cannot_compare_is_left_out() -> None:
    corpus = pivot_data.corpus()
    frame = ranks(corpus, Spelling(), Made(silent=("de",)))
    assert set(map(tuple, frame[["model", "task", "language"]].to_numpy().tolist())) == {
        ("spelling", TASKS[2], "en→de"), ("spelling", TASKS[2], "de→en"),
        ("made", TASKS[0], "en"), ("made", TASKS[1], "en"),
    }  # fmt: skip
    for empty in (ranks(corpus), ranks(corpus, Made(silent=LANGUAGES)), ranks(corpus, Made(), keys=())):
        assert tuple(empty.columns) == COLUMNS and not len(empty)
    assert evaluation.table(ranks(corpus)) == []


def test_one_language_is_not_compared_with_itself() -> None:
    alone = replace(pivot_data.corpus(), languages=("en",))
    assert set(ranks(alone, Made())["language"]) == {"en"}


def test_where_items_have_several_pictures_some_are_drawn() -> None:
    corpus = pivot_data.corpus()
    several = replace(
        corpus, items=tuple(replace(item, own={**item.own, "de": item.pictures}) for item in corpus.items)
    )
    frame = ranks(several, Made())
    assert set(rows_of(frame, TASKS[0], "de")["draw"]) == set(range(DRAWS))
    assert set(rows_of(frame, TASKS[0], "en")["draw"]) == {0}
    pd.testing.assert_frame_equal(frame, ranks(several, Made()))
    assert rows_of(frame, TASKS[1], "de").groupby("item").size().eq(DRAWS).all()


def test_the_seed_decides_which_pictures_are_drawn() -> None:
    corpus = pivot_data.corpus()
    items = tuple(replace(item, own=dict.fromkeys(LANGUAGES, item.pictures)) for item in corpus.items)
    corpus, seen = replace(corpus, items=items), {}
    for seed in (0, 0, 1):
        asked: list[list[list[float]]] = []

        class Recorded(Made):
            def to_pictures(self, texts: Sequence[str], language: str, features: Similarities) -> Similarities | None:
                asked.append(features.tolist())  # noqa: B023
                return super().to_pictures(texts, language, features)

        ranks(corpus, Recorded(), seed=seed)
        assert seen.setdefault(seed, asked) == asked and len(asked) == len(LANGUAGES) * DRAWS
        assert len({str(one) for one in asked}) == DRAWS, "each draw has its own"
    assert not {str(one) for one in seen[0]} & {str(one) for one in seen[1]}


def test_unknown_words_are_counted() -> None:
    corpus = pivot_data.corpus()
    frame = ranks(corpus, Made())
    for key in corpus.split(0).test:
        for language, texts in corpus.item[key].asked.items():
            own = [word.casefold().replace("ß", "ss") for text in texts for word in text.split()]
            unknown = sum(word not in KNOWN[language].words for word in own)
            found = rows_of(frame, TASKS[0], language)
            row = found[found["item"] == key].iloc[0]
            assert (row["words"], row["unknown"]) == (len(own), unknown)
        both = rows_of(frame, TASKS[2], "en→de").set_index("item").loc[key]
        assert both["words"] == 4
    record = next(one for one in evaluation.table(frame) if (one["task"], one["language"]) == (TASKS[0], "en"))
    every = [word for key in corpus.split(0).test for word in key.split()]
    assert record["unknown"] == pytest.approx(sum(word not in KNOWN["en"].words for word in every) / len(every))


def ragged() -> pd.DataFrame:
    """Ranks of two models, two seeds with different items, items with one or two queries and several draws."""
    rng = np.random.default_rng(0)
    places = [
        (model, seed, number, draw)
        for model in ("a", "b")
        for seed in (0, 3)
        for number in range(12)
        for draw in range(3)
        for _ in range(1 + number % 2)
    ]
    about = {"task": TASKS[0], "language": "en", "candidates": 18, "words": 2}
    records = [
        {**about, "model": model, "seed": seed, "item": number + 5 * seed, "draw": draw, "unknown": number % 2}
        for model, seed, number, draw in places
    ]
    return pd.DataFrame(records).assign(rank=rng.integers(1, 19, len(places)).astype(float))


def slow_recall(frame: pd.DataFrame, k: int) -> float:
    """The mean over seeds of the mean over items of the share of an item's queries that find it."""
    seeds = []
    for seed in sorted(set(frame["seed"])):
        own = frame[frame["seed"] == seed]
        shares = []
        for item in sorted(set(own["item"])):
            found = [rank <= k for rank in own["rank"][own["item"] == item]]
            shares.append(sum(found) / len(found))
        seeds.append(sum(shares) / len(shares))
    return sum(seeds) / len(seeds)


def test_the_table_is_that_of_loops() -> None:
    frame = ragged()
    records = evaluation.table(frame, (1, 5, 10))
    assert [record["model"] for record in records] == ["a", "b"]
    for record in records:
        own = frame[frame["model"] == record["model"]]
        for k in (1, 5, 10):
            assert record[f"r@{k}"] == pytest.approx(slow_recall(own, k))
            assert record[f"r@{k}_low"] <= record[f"r@{k}"] <= record[f"r@{k}_high"]
            assert record[f"r@{k}_chance"] == pytest.approx(k / 18)
            by_seed = [slow_recall(own[own["seed"] == seed], k) for seed in (0, 3)]
            assert record[f"r@{k}_sd"] == pytest.approx(np.std(by_seed, ddof=1))
        assert record["median_rank"] == np.median(own["rank"])
        assert (record["n"], record["seeds"], record["candidates"]) == (24, 2, 18)
        assert record["unknown"] == pytest.approx(own["unknown"].sum() / own["words"].sum())
    one = evaluation.table(frame[frame["seed"] == 0])[0]
    assert math.isnan(one["r@1_sd"]) and one["n"] == 12


def test_chance_is_one_of_the_candidates() -> None:
    for record in evaluation.table(ranks(pivot_data.corpus(), Made())):
        assert [record[f"r@{k}_chance"] for k in (1, 5, 10)] == pytest.approx([0.1, 0.5, 1.0])


@pytest.mark.parametrize("task", TASKS)
def test_chance_counts_all_right_answers(task: str) -> None:
    records = evaluation.table(ranks(pivot_data.corpus(asked=5), Made()))
    found = [record for record in records if record["task"] == task]
    candidates, right = (10, 1) if task == TASKS[0] else (50, 5)
    expected = retrieval.chance(candidates, right)
    assert len(found) == 2
    for record in found:
        assert {k: record[f"r@{k}_chance"] for k in expected} == pytest.approx(expected)


def test_chance_does_not_depend_on_the_order_of_seeds() -> None:
    corpus = pivot_data.corpus(asked=5)
    keys = corpus.split(0).test
    frames = [ranks(corpus, Made(), seed=1, keys=keys), ranks(corpus, Made(), seed=0, keys=keys[:4])]
    found = [
        next(one for one in evaluation.table(pd.concat(given)) if one["task"] == TASKS[1])["r@1_chance"]
        for given in (frames, frames[::-1])
    ]
    low, high = sorted(retrieval.chance(candidates, 5)[1] for candidates in (50, 20))
    assert found[0] == pytest.approx(found[1]) and low - 1e-9 <= found[0] <= high + 1e-9


def test_a_model_that_always_finds_is_told_from_one_that_does_not() -> None:
    corpus = pivot_data.corpus()
    frame = ranks(corpus, Made("good", right=100), Made("poor"))
    for task in TASKS[:2]:
        for language in LANGUAGES:
            own = rows_of(frame, task, language)
            gap = slow_recall(own[own["model"] == "good"], 1) - slow_recall(own[own["model"] == "poor"], 1)
            found = evaluation.difference(frame, "good", "poor", task, language, 1)
            back = evaluation.difference(frame, "poor", "good", task, language, 1)
            assert found.value == pytest.approx(gap) and gap > 0.5 and back.value == pytest.approx(-gap)
            assert math.isnan(found.low) and math.isnan(back.high), "10 items are too few to tell"


def test_models_are_told_apart_where_items_are_many() -> None:
    frame = ragged()
    better = frame.assign(rank=np.where(frame["model"] == "a", np.minimum(frame["rank"], 3), frame["rank"]))
    found, back = (evaluation.difference(better, *names, TASKS[0], "en", 5) for names in (("a", "b"), ("b", "a")))
    assert 0 < found.low < found.value < found.high <= 1 and found.value == pytest.approx(-back.value) and back.high < 0


def test_a_model_does_not_differ_from_itself() -> None:
    frame = ragged()
    found = evaluation.difference(frame, "a", "a", TASKS[0], "en")
    assert found.value == 0 and math.isnan(found.low) and math.isnan(found.high), "no interval of zero width"
    for other, task in (("c", TASKS[0]), ("b", TASKS[1])):
        assert math.isnan(evaluation.difference(frame, "a", other, task, "en").value)


def test_models_are_compared_on_the_items_that_both_have() -> None:
    frame = ragged()
    less = frame[(frame["model"] == "a") | (frame["item"] < 6)]
    both = frame[frame["item"] < 6]
    found, expected = (evaluation.difference(one, "a", "b", TASKS[0], "en", 5) for one in (less, both))
    assert found.value == pytest.approx(expected.value)
    own = [slow_recall(both[both["model"] == model], 5) for model in ("a", "b")]
    assert found.value == pytest.approx(own[0] - own[1])


def test_tables_keep_the_order_of_the_frame() -> None:
    frame = ragged().iloc[::-1]
    more = pd.concat([frame.assign(task=task, language=language) for task in TASKS[::-1] for language in ("fr", "en")])
    order = [(model, task, language) for task in TASKS[::-1] for language in ("fr", "en") for model in ("b", "a")]
    assert [(one["model"], one["task"], one["language"]) for one in evaluation.table(more)] == order
    assert list(evaluation.hits(more)) == order
