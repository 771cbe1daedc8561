"""Retrieval and the controls that a learned model has to beat."""

from __future__ import annotations

import itertools
import math
import zlib
from collections import Counter

import numpy as np
import pytest

from cldi_core.pivot import controls, retrieval
from cldi_core.pivot.text import BUCKETS


def rank_of(scores: list[float], right: list[bool]) -> float:
    """Literally: how many are better; then those as good come in any order, each as likely as the others."""
    best = max(score for score, own in zip(scores, right, strict=True) if own)
    equal = [own for score, own in zip(scores, right, strict=True) if abs(score - best) <= 1e-6]
    firsts = [order.index(True) for order in itertools.permutations(equal)]
    return sum(score > best + 1e-6 for score in scores) + 1 + sum(firsts) / len(firsts)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_ranks_follow_the_definition(kind: type) -> None:
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 6, (40, 9)) / 10 + rng.choice([0, 4e-7], (40, 9))  # many ties
    right = rng.random((40, 9)) < 0.3
    right[:, 0] |= ~right.any(axis=1)
    expected = [rank_of(*pair) for pair in zip(scores.tolist(), right.tolist(), strict=True)]
    np.testing.assert_allclose(retrieval.best_ranks(scores.astype(kind), right), expected, rtol=1e-12)
    np.testing.assert_allclose(retrieval.best_ranks(scores.astype(kind).T.copy().T, right), expected, rtol=1e-12)


def test_what_cannot_be_ranked_is_refused() -> None:
    with pytest.raises(ValueError, match="nan"):
        retrieval.best_ranks(np.array([[np.nan, 1]]), np.array([[True, False]]))
    with pytest.raises(ValueError, match="no right answer"):
        retrieval.best_ranks(np.array([[0.0, 1]]), np.array([[False, False]]))
    with pytest.raises(ValueError, match="no right answer"):
        retrieval.best_ranks(np.zeros((2, 2)), np.array([[True, False], [False, False]]))


@pytest.mark.parametrize(("candidates", "right"), [(20, 1), (20, 3), (7, 7)])
def test_chance_is_what_random_orders_give(candidates: int, right: int) -> None:
    rng = np.random.default_rng(0)
    gold = np.zeros((4000, candidates), bool)
    gold[:, :right] = True
    ranks = retrieval.best_ranks(rng.random((4000, candidates)), gold)
    for k, share in retrieval.chance(candidates, right).items():
        assert (ranks <= k).mean() == pytest.approx(share, abs=0.03)
    assert np.median(ranks) == pytest.approx(retrieval.median_of_chance(candidates, right), abs=1)


def test_the_median_of_chance() -> None:
    assert [retrieval.median_of_chance(n) for n in (1, 2, 238, 239)] == [1, 1.5, 119.5, 120]


@pytest.mark.parametrize("candidates", range(1, 8))
def test_chance_and_its_median_are_those_of_all_orders(candidates: int) -> None:
    """The right answers stand in any places, each choice of places as likely as the others."""
    for right in range(1, candidates + 1):
        best = [min(places) for places in itertools.combinations(range(1, candidates + 1), right)]
        expected = {k: np.mean([rank <= k for rank in best]) for k in (1, 2, 5, 10)}
        assert retrieval.chance(candidates, right, (1, 2, 5, 10)) == pytest.approx(expected)
        assert retrieval.median_of_chance(candidates, right) == np.median(best)
    assert retrieval.chance(candidates) == pytest.approx({k: min(k / candidates, 1) for k in (1, 5, 10)})
    assert math.isnan(retrieval.median_of_chance(0))


TEXTS = ["red cow", "blue cow", "red sun", "blue sun"]


def test_ridge_finds_what_pictures_show() -> None:
    rng = np.random.default_rng(0)
    shown = np.array([[1, 0, 1, 0], [0, 1, 1, 0], [1, 0, 0, 1], [0, 1, 0, 1]], float)
    basis = rng.normal(size=(4, 30))
    train = np.concatenate([shown @ basis + 0.1 * rng.normal(size=(4, 30)) for _ in range(20)])
    model = controls.Ridge(train, TEXTS * 20, penalty=0.1)
    test = shown @ basis + 0.1 * rng.normal(size=(4, 30))
    scores = model.scores(TEXTS, test)
    assert scores.shape == (4, 4) and (scores.argmax(axis=1) == np.arange(4)).all()
    assert (np.abs(scores) <= 1 + 1e-9).all()
    assert not model.scores(["violin"], test).any(), "of a text of unknown words nothing is known"


def test_ridge_is_the_closed_form() -> None:
    rng = np.random.default_rng(1)
    features = rng.normal(size=(4, 6))
    model = controls.Ridge(features, TEXTS, penalty=2.0)
    rows = features / np.linalg.norm(features, axis=1, keepdims=True)
    rows = rows - rows.mean(axis=0)
    wanted = model.tfidf.transform(TEXTS).toarray()
    gradient = rows.T @ (rows @ model.weights - wanted) + 2.0 * model.weights
    np.testing.assert_allclose(gradient, 0, atol=1e-10)


@pytest.mark.parametrize("texts", [[], ["", "…"]], ids=["no texts", "no words"])
def test_without_words_ridge_knows_nothing(texts: list[str]) -> None:
    model = controls.Ridge(np.ones((len(texts), 5)), texts)
    assert not model.scores(["red cow", "", "x"], np.eye(5)).any()


def test_tfidf_is_counts_by_rarity_in_unit_rows() -> None:
    known = ["a cow", "A sun", "a cow"]
    found = controls.tfidf(known)
    columns = found.get_feature_names_out().tolist()
    assert sorted(columns) == ["a", "cow", "sun"]
    rarity = {"a": 1, "cow": math.log(3 / 2) + 1, "sun": math.log(3) + 1}
    rows = found.transform(["a sun, a SUN; a sun's cow", "cow!", "violin", ""]).toarray()
    expected = [{"a": 3, "sun": 2 * rarity["sun"], "cow": rarity["cow"]}, {"cow": 1}, {}, {}]
    for row, weights in zip(rows, expected, strict=True):
        length = math.sqrt(sum(weight**2 for weight in weights.values())) or 1
        assert row.tolist() == pytest.approx([weights.get(word, 0) / length for word in columns], abs=1e-12)


def cosine(one: Counter[int], other: Counter[int]) -> float:
    lengths = [math.sqrt(sum(count**2 for count in each.values())) for each in (one, other)]
    return sum(count * other[part] for part, count in one.items()) / (lengths[0] * lengths[1] or 1)


def buckets(text: str) -> Counter[int]:
    """The buckets of the n-grams of three to five characters of a text's words, with marks at their borders."""
    marked = [f"<{word}>" for word in text.casefold().replace(",", " ").split()]
    parts = [word[i : i + n] for word in marked for n in (3, 4, 5) for i in range(len(word) - n + 1)]
    return Counter(zlib.crc32(part.encode()) % BUCKETS for part in parts)


def test_spelling_is_the_cosine_of_the_counts_of_ngrams() -> None:
    left = ["elephant", "cow", "", "a elephant, banana", "ананас"]
    right = ["Elefant", "Ananas a a", "elephant", "…", "Kuh", "банан"]
    found = controls.spelling(left, right)
    expected = [[cosine(buckets(one), buckets(other)) for other in right[:3]] for one in left]
    np.testing.assert_allclose(found[:, :3], expected, atol=1e-12)
    assert found.shape == (5, 6) and not found[2].any() and not found[:, 3].any()
    assert found[0, 2] == pytest.approx(1) and 0 < found[0, 0] < 1 and found[4, 5] > 0
