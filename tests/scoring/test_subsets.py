"""Scores of subsets of a word's pictures, on either side, against scoring image sets that are built from scratch."""

from __future__ import annotations

import numpy as np
import pytest

from cldi_core.errors import FeatureError, UnknownNameError
from cldi_core.evaluation.ranking import rank
from cldi_core.scoring import answer_subsets, subsets, word_facts
from cldi_core.scoring.answer_subsets import MONOTONE, answer_cost, answer_rows, monotone
from cldi_core.scoring.hubness import neighbourhood
from cldi_core.scoring.imagesets import ImageSets
from cldi_core.scoring.methods import METHODS, PLAIN, with_bases
from cldi_core.scoring.scores import score, score_all
from cldi_core.scoring.subsets import Subsets, typical_weights
from cldi_core.scoring.word_facts import TargetFacts, log_sum, subset_maxima, votes
from tests import oracles, oracles_extra
from tests.scoring.test_scores import CASES, EMPTY, S, T, sets_of

NAMES = [method.name for method in PLAIN]
COMPOSED = [*(name for name in METHODS if name not in NAMES), "maxmax+csls", "knn+csls", "knn-c+isf", "sinkhorn+isf",
            "rrf+csls", "rrf=avgmax,cnn-mean", "rrf=avgmax+csls,knn"]  # fmt: skip
AWKWARD = ["empty sets", "zero vectors", "ties", "float16"]
PLAINER = [  # those that differ in more than how numbers are stored
    "ragged", "one picture each", "all empty", "all negative and empty", "only zero vectors", "duplicated pictures",
    "pictures of several words", "huge and tiny",
]  # fmt: skip
SLOW = ("sinkhorn", "sinkhorn-short", "knn-c")  # compared in one awkward case
QUICK = ["avgmax", "cnn-mean", "cnn-max", "knn", "avgmax-typical"]
ASKED = [(case, method) for case in AWKWARD for method in NAMES if method not in SLOW or case == "ties"]
ASKED += [("empty sets", method) for method in COMPOSED if method not in ("knn-c+isf", "sinkhorn+isf")]
ASKED += [(case, method) for case in PLAINER for method in QUICK]


def masks(n: int, seed: int, count: int = 2) -> np.ndarray:
    """Everything, nothing, one picture alone, and some at random."""
    rng = np.random.default_rng(seed)
    alone = np.arange(n) == rng.integers(max(n, 1))
    return np.vstack([np.ones(n, bool), np.zeros(n, bool), alone, rng.random((count, n)) < 0.6])


def lessened(arrays: list, place: int, mask: np.ndarray) -> ImageSets:
    """The image sets of some arrays, one of which has lost pictures."""
    kept = np.asarray(arrays[place])[mask] if len(mask) else EMPTY
    return sets_of([kept if row == place else array for row, array in enumerate(arrays)])


def agrees(found: np.ndarray, expected: np.ndarray, method: str) -> None:
    """As scored from scratch, and of the same ranks; the inverted softmax makes 30 times as much of float32's bits."""
    assert found.shape == expected.shape and found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=4e-6 if "isf" in method else 1e-6)
    if not method.endswith("isf"):
        np.testing.assert_array_equal(rank(found), rank(expected))


def widest(arrays: list) -> int:
    return int(np.argmax([len(array) for array in arrays]))


@pytest.mark.parametrize(("case", "method"), ASKED)
def test_subsets_score_as_words_built_from_scratch(case: str, method: str) -> None:
    source, target = CASES[case]
    own, other = sets_of(source), sets_of(target)
    bases = score_all(own, other, [one.name for one in with_bases([method])])
    row = widest(source)
    kept = masks(len(source[row]), row)
    found = Subsets(own, other, f"w{row}", method, bases).scores(kept)
    for mask, scores in zip(kept, found, strict=True):
        expected = score(lessened(source, row, mask), other, method)[row]
        assert np.isnan(scores).all() or mask.any()
        agrees(scores, expected.astype(np.float64), method)


@pytest.mark.parametrize(("case", "method"), ASKED)
def test_a_candidates_subsets_score_as_words_built_from_scratch(case: str, method: str) -> None:
    source, target = CASES[case]
    own, other = sets_of(source), sets_of(target)
    bases = score_all(own, other, [one.name for one in with_bases([method])])
    row, column = widest(source), widest(target)
    kept = masks(len(target[column]), column, 1)
    asked = (own, other, f"w{row}", f"w{column}", method, kept, bases)
    found = answer_rows(*asked)
    for mask, scores in zip(kept, found, strict=True):
        expected = score(own, lessened(target, column, mask), method)[row]
        assert np.isnan(scores[column]) or mask.any()
        agrees(scores, expected.astype(np.float64), method)


@pytest.mark.parametrize("method", [*NAMES, *(name for name in COMPOSED if name != "knn-c+isf")])
def test_many_words_many_pictures(method: str) -> None:
    """More than ten source words, so that the lowest of ten neighbours gives way; shared pictures; blocks of masks."""
    rng = np.random.default_rng(7)
    pool = np.abs(rng.normal(size=(60, 12))).astype(np.float16)
    own, other = ([pool[rng.choice(60, size)] for size in rng.integers(1, 9, count)] for count in (16, 14))
    source, target = sets_of(own), sets_of(other)
    bases = score_all(source, target, [one.name for one in with_bases([method])])
    facts = TargetFacts(target)
    row, column = widest(own), widest(other)
    kept = masks(len(own[row]), row)[2 if "knn-c" in method else 0 :]
    found = Subsets(source, target, f"w{row}", method, bases, facts).scores(kept)
    for mask, scores in zip(kept, found, strict=True):
        agrees(scores, score(lessened(own, row, mask), target, method)[row].astype(np.float64), method)
    kept = masks(len(other[column]), 1)[2 if "knn-c" in method else 0 :]
    found = answer_rows(source, target, f"w{row}", f"w{column}", method, kept, bases, facts)
    for mask, scores in zip(kept, found, strict=True):
        agrees(scores, score(source, lessened(other, column, mask), method)[row].astype(np.float64), method)


@pytest.mark.parametrize("method", ["avgmax", "cnn-max", "knn", "avgmax-sym", "maxmax+csls", "rrf"])
def test_blocks_do_not_change_scores(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = sets_of(S), sets_of(T)
    kept = masks(7, 3, 20)
    expected = Subsets(source, target, "w2", method, {}).scores(kept)
    answers = answer_rows(source, target, "w2", "w2", "knn", masks(6, 3, 20), {})
    for part in (subsets, answer_subsets):
        monkeypatch.setattr(part, "NUMBERS", 40)
    np.testing.assert_allclose(Subsets(source, target, "w2", method, {}).scores(kept), expected, atol=1e-6)
    np.testing.assert_array_equal(answer_rows(source, target, "w2", "w2", "knn", masks(6, 3, 20), {}), answers)


@pytest.mark.parametrize("count", [1, 3, 4, 5, 9])
def test_maxima_of_subsets(count: int) -> None:
    rng = np.random.default_rng(count)
    values, kept = rng.normal(size=(count, 6)) - 5, rng.random((40, count)) < 0.4
    found = subset_maxima(values, kept)
    for mask, row in zip(kept, found, strict=True):
        expected = [max([-np.inf, *(values[i, j] for i in range(count) if mask[i])]) for j in range(6)]
        np.testing.assert_array_equal(row, expected)


def test_typical_weights_are_those_of_the_words() -> None:
    rng = np.random.default_rng(2)
    pictures = rng.normal(size=(6, 4)) + 0.3
    gram = np.array([[oracles.cosine(i, j) for j in pictures] for i in pictures])
    for mask in [row for row in rng.random((30, 6)) < 0.5 if row.any()]:
        expected = np.zeros(6)
        expected[mask] = oracles_extra.typicality(pictures[mask].tolist())
        np.testing.assert_allclose(typical_weights(gram, mask[None])[0], expected, atol=1e-9)


def test_small_parts_know_of_nothing() -> None:
    nan, low = np.nan, -np.inf
    values = np.array([[1.0, nan, 3.0, 2.0], [nan, nan, nan, nan], [nan, nan, nan, -4.0]])
    np.testing.assert_array_equal(neighbourhood(values, 2), [2.5, nan, -4.0])
    np.testing.assert_array_equal(neighbourhood(values, 9), [2.0, nan, -4.0])
    np.testing.assert_allclose(log_sum(values.T), [np.log(np.exp([1, 2, 3]).sum()), low, -4.0])
    given = votes(np.array([[0.5, 0.5 - 5e-7, 0.2], [low, 0.1, low], [low, low, low]], np.float32))
    np.testing.assert_array_equal(given, [[0.5, 0.5, 0], [0, 1, 0], [0, 0, 0]])


def counterexamples(method: str) -> int:
    """In how many of some small worlds losing a picture lifts a candidate's rank."""
    found = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        source, target = ([rng.normal(size=(size, 3)) for size in rng.integers(1, 5, 6)] for _ in range(2))
        own, other, column = sets_of(source), sets_of(target), widest(target)
        kept = np.vstack([np.ones(len(target[column]), bool), ~np.eye(len(target[column]), dtype=bool)])
        ranks = [rank(row)[column] for row in answer_rows(own, other, "w0", f"w{column}", method, kept, {})]
        found += any(other < ranks[0] for other in ranks[1:])
        if found:
            break
    return found


@pytest.mark.parametrize("method", [*NAMES, "avgmax+csls", "rrf", "rrf=avgmax,maxmax", "rrf=avgmax,knn"])
def test_where_losing_pictures_never_helps_is_known(method: str) -> None:
    assert (counterexamples(method) == 0) == monotone(method)
    assert method not in MONOTONE or monotone(method)


def test_monotone_is_asked_of_methods() -> None:
    assert set(NAMES) > MONOTONE and not monotone("maxmax+csls") and not monotone("avgmax+isf")
    with pytest.raises(UnknownNameError):
        monotone("x")


def test_every_method_has_a_cost() -> None:
    source, target = sets_of(S), sets_of(T)
    assert list(subsets.COST) == list(answer_subsets.ANSWER_COST) == NAMES
    assert [*subsets.PLAIN, "sinkhorn-short"] == NAMES  # which scores each subset as a word
    costs = {method: Subsets(source, target, "w1", method, {}).cost for method in [*NAMES, *COMPOSED]}
    assert all(isinstance(cost, int) and cost >= 1 for cost in costs.values())
    assert costs["avgmax"] == subsets.COST["avgmax"] > costs["avgmax+csls"] > costs["knn+csls"]
    assert costs["rrf=avgmax,cnn-mean"] < min(costs["avgmax"], costs["cnn-mean"])
    assert answer_cost("knn+csls") == answer_cost("rrf+isf") == 0 < answer_cost("avgmax+csls") < answer_cost("avgmax")


def test_more_candidates_cost_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subsets, "COST_WORDS", 1)
    made = Subsets(sets_of(S), sets_of(T), "w1", "avgmax", {})
    assert made.cost == subsets.COST["avgmax"] // len(T)


def test_words_without_pictures_and_no_masks() -> None:
    source, target = sets_of([S[0], EMPTY]), sets_of(T)
    for method in [*NAMES, *COMPOSED]:
        made = Subsets(source, target, "w1", method, {})
        assert made.scores(np.zeros((0, 0), bool)).shape == (0, 5)
        assert np.isnan(made.scores(np.zeros((2, 0), bool))).all()
        rows = answer_rows(source, target, "w1", "w0", method, np.ones((1, 3), bool), {})
        assert rows.shape == (1, 5) and np.isnan(rows).all()
        assert answer_rows(source, target, "w0", "w0", method, np.zeros((0, 3), bool), {}).shape == (0, len(T))


def test_what_does_not_fit_is_refused() -> None:
    source, target = sets_of(S), sets_of(T)
    made = Subsets(source, target, "w1", "avgmax", {})
    for bad in (np.ones((1, 3), bool), np.ones(4, bool), np.ones((1, 4), int)):
        with pytest.raises(FeatureError, match=r"expected bool \(subsets, 4\)"):
            made.scores(bad)
    with pytest.raises(FeatureError, match=r"expected bool \(subsets, 3\)"):
        answer_rows(source, target, "w1", "w0", "avgmax", np.ones((1, 4), bool), {})
    with pytest.raises(FeatureError, match=r"'avgmax' have shape \(1, 5\)"):
        Subsets(source, target, "w1", "avgmax+csls", {"avgmax": np.zeros((1, 5), np.float32)})
    for word, method in [("x", "avgmax"), ("w1", "x")]:
        with pytest.raises(UnknownNameError, match="unknown"):
            Subsets(source, target, word, method, {}).scores(np.ones((1, 4), bool))


def test_facts_of_the_candidates_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = sets_of(S), sets_of(T)
    facts, seen = TargetFacts(target), []
    real = word_facts.aggregate
    monkeypatch.setattr(
        word_facts, "aggregate", lambda sets, *rest, **more: seen.append(rest) or real(sets, *rest, **more)
    )
    for word in source.words:
        Subsets(source, target, word, "rrf=knn,cnn-mean", {}, facts).scores(np.ones((1, len(source[word])), bool))
    assert sorted(seen) == [("mean",), ("mean",)]  # the means and the centres
