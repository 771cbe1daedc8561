"""KNN and KNN-C: how votes become scores; clusters and the three readings, on pictures whose clusters are known."""

from __future__ import annotations

import numpy as np
import pytest

from cldi_core.errors import FeatureError
from cldi_core.scoring import knn
from cldi_core.scoring.imagesets import ImageSets
from cldi_core.scoring.knn import STEP, break_ties
from cldi_core.scoring.scores import score
from cldi_core.scoring.ties import TIE
from tests import oracles

AXES = np.eye(8, dtype=np.float32)


def around(axis: int, n: int) -> np.ndarray:
    """``n`` different pictures close to one axis: a cluster no k-means can miss."""
    noise = np.random.default_rng(axis).normal(size=(n, 8)) * 0.01
    return (AXES[axis] + noise).astype(np.float32)


def sets_of(*arrays: object) -> ImageSets:
    return ImageSets.from_arrays([f"w{row}" for row in range(len(arrays))], [np.asarray(a) for a in arrays])


MIXED = np.vstack([around(0, 6), around(1, 4), around(2, 5)])


@pytest.mark.parametrize("seed", [0, 1, 7])
def test_separate_clusters_are_found(seed: int) -> None:
    found = knn.labels(MIXED, 3, seed)
    assert found.dtype == np.int64
    parts = [set(found[start:stop].tolist()) for start, stop in ((0, 6), (6, 10), (10, 15))]
    assert [len(part) for part in parts] == [1, 1, 1]
    assert set.union(*parts) == {0, 1, 2}


@pytest.mark.parametrize(("rows", "expected"), [([0], 1), ([0, 0, 0, 0], 1), ([0, 1, 0, 1], 2), ([2, 1, 0], 3)])
def test_no_more_clusters_than_distinct_pictures(rows: list[int], expected: int) -> None:
    found = knn.labels(AXES[rows], 3, 0)
    assert sorted(set(found.tolist())) == list(range(expected))
    np.testing.assert_array_equal(found[:, None] == found, np.equal.outer(rows, rows))


def test_same_seed_same_clusters() -> None:
    rows = np.random.default_rng(3).normal(size=(40, 4)).astype(np.float32)
    np.testing.assert_array_equal(knn.labels(rows, 5, 1), knn.labels(rows, 5, 1))


def test_the_seed_matters_where_clusters_are_not_clear() -> None:
    rows = np.random.default_rng(3).normal(size=(200, 4)).astype(np.float32)
    same = [np.equal.outer(*[knn.labels(rows, 9, seed)] * 2) for seed in (0, 1)]
    assert (same[0] != same[1]).any()


def test_split_divides_each_word_among_its_clusters() -> None:
    sets = sets_of(MIXED, np.zeros((0, 8)), AXES[[3, 3]])
    parts, owner, cluster_of = knn.split(sets, 3, 0)
    assert [parts.members[parts.offsets[label] : parts.offsets[label + 1]].tolist() for label in range(4)] == [
        sets.members[cluster_of == label].tolist() for label in range(4)
    ]
    assert owner.tolist() == [0, 0, 0, 2]
    assert sorted(parts.sizes[:3].tolist()) == [4, 5, 6]
    assert sorted(parts.members.tolist()) == sorted(sets.members.tolist())


def test_the_most_united_cluster_decides() -> None:
    """Most votes go to w0, but only the cluster on axis 2 has all of its votes in one place, w2."""
    rest = AXES[1]
    scattered = [AXES[0] + 0.02 * AXES[3], AXES[0] + 0.02 * AXES[4], AXES[0], AXES[0], AXES[0]]
    source = sets_of([*scattered, rest, rest, AXES[2], AXES[2]])
    target = sets_of([AXES[0], AXES[1]], [scattered[0], AXES[1]], [AXES[2]], [scattered[1]])
    assert score(source, target, "knn").argmax() == 0
    found = score(source, target, "knn-c", k=3)[0]
    np.testing.assert_allclose(found, [0, 0, 1, 0], atol=1e-6)


def test_one_cluster_is_knn() -> None:
    rng = np.random.default_rng(5)
    source = sets_of(*(rng.normal(size=(n, 6)) for n in (4, 7, 1)))
    target = sets_of(*(rng.normal(size=(n, 6)) for n in (3, 2, 5, 1)))
    np.testing.assert_array_equal(score(source, target, "knn-c", k=1), score(source, target, "knn"))


def test_between_equal_shares_the_larger_cluster_decides() -> None:
    source = sets_of(np.vstack([around(0, 3), around(1, 5), around(2, 2)]))
    target = sets_of(AXES[[0]], AXES[[1]], AXES[[2]])
    np.testing.assert_allclose(score(source, target, "knn-c")[0], [0, 1, 0], atol=STEP)


def test_tie_break_does_not_choose_the_cluster() -> None:
    """Both clusters give 1/32 to their favourites; the tie-break of the smaller one must not make it win."""
    large, small, extra = AXES[0], AXES[1], np.random.default_rng(0).normal(size=(32, 8)).astype(np.float32)
    target = sets_of(*([large] for _ in range(32)), *([small, other] for other in extra))
    found = score(sets_of([large, large, small]), target, "knn-c", k=2)[0]
    np.testing.assert_allclose(found, [1 / 32] * 32 + [0] * 32, atol=32 * STEP)


@pytest.mark.parametrize("seed", [0, 5])
@pytest.mark.parametrize("k", [2, 3, 6])
def test_k_and_seed_reach_the_clusters(k: int, seed: int) -> None:
    rng = np.random.default_rng(9)
    source = [rng.normal(size=(n, 4)).astype(np.float32) for n in (12, 5, 9)]
    target = [rng.normal(size=(n, 4)).astype(np.float32) for n in (6, 8, 3, 4)]
    units = [np.array([oracles.unit(row) for row in array], np.float32) for array in source]
    united = [
        oracles.united_cluster(array, knn.labels(rows, k, seed).tolist(), target)
        for array, rows in zip(source, units, strict=True)
    ]
    found = score(sets_of(*source), sets_of(*target), "knn-c", k=k, seed=seed)
    np.testing.assert_allclose(found, oracles.knn(united, target), atol=len(target) * STEP)


def test_centroids_replace_the_source_pictures() -> None:
    """Six pictures, but three centroids: w0 has 4 of 6 votes as KNN and 1 of 3 by centroids."""
    source, target = sets_of(np.vstack([around(0, 4), AXES[[1, 2]]])), sets_of(AXES[[0]], AXES[[1, 2]])
    np.testing.assert_allclose(score(source, target, "knn")[0], [4 / 6, 2 / 6], atol=1e-6)
    np.testing.assert_allclose(score(source, target, "knn-c", reading="centroids")[0], [1 / 3, 2 / 3], atol=1e-6)


def test_centroids_on_both_sides() -> None:
    """w0 owns the picture itself but in a wide cluster; by centroids w1 is nearer."""
    source, target = sets_of(AXES[[0]]), sets_of(AXES[[0, 1, 2]], [AXES[0] + 0.2 * AXES[3]])
    assert score(source, target, "knn-c", k=1, reading="centroids").argmax() == 0
    assert score(source, target, "knn-c", k=1, reading="both").argmax() == 1


@pytest.mark.parametrize("reading", knn.READINGS)
def test_empty_words_score_nan_in_every_reading(reading: str) -> None:
    found = score(sets_of(MIXED, np.zeros((0, 8))), sets_of(np.zeros((0, 8)), AXES[[1]]), "knn-c", reading=reading)
    np.testing.assert_allclose(found, [[np.nan, 1], [np.nan, np.nan]], atol=1e-6)


def test_no_clusters_are_refused() -> None:
    with pytest.raises(FeatureError, match=r"at least 1 cluster, got k=0"):
        score(sets_of(MIXED), sets_of(AXES[[0]]), "knn-c", k=0)


# Ties of votes


@pytest.mark.parametrize("seed", range(40))
def test_tie_break_orders_equal_shares_only(seed: int) -> None:
    """Pair by pair: the larger share first; among equal ones the larger mean cosine; what is apart is no tie."""
    rng = np.random.default_rng(seed)
    n_pictures, n_words = int(rng.integers(1, 60)), int(rng.integers(2, 200))
    votes = rng.multinomial(n_pictures, np.full(n_words, 1 / n_words), size=4)
    tie_break = np.round(rng.uniform(-1, 1, votes.shape), int(rng.integers(1, 5)))
    lifted = break_ties(votes / n_pictures, tie_break).astype(np.float64)
    for row in range(4):
        difference = lifted[row][:, None] - lifted[row][None]
        found = np.where(np.abs(difference) > TIE, np.sign(difference), 0)
        share = np.sign(votes[row][:, None] - votes[row][None])
        tie = np.sign(tie_break[row][:, None] - tie_break[row][None])
        np.testing.assert_array_equal(found, np.where(share != 0, share, tie))
    assert np.abs(lifted - votes / n_pictures).max() < STEP * n_words


def test_nearly_equal_shares_and_cosines_stay_tied() -> None:
    shares, cosines = np.array([[1 / 3, 1 / 3 + 1e-7, 1 / 3 - 1e-7, 0.0]]), np.array([[0.5, 0.5 + 9e-7, 0.6, 0.9]])
    np.testing.assert_allclose(break_ties(shares, cosines), [[1 / 3, 1 / 3, 1 / 3 + STEP, 0]], atol=2e-7)


@pytest.mark.parametrize("words", [3, 30, 300])
def test_no_step_reaches_a_larger_share(words: int) -> None:
    """100 steps lie between the two shares: of more words than that, the last ones share a place."""
    shares = np.concatenate([np.full(words, 0.25), [0.25 + 100.5 * STEP]])[None]
    lifted = break_ties(shares, np.linspace(-1, 1, words + 1)[None])[0].astype(np.float64)
    assert lifted[words] == np.float32(0.25 + 100.5 * STEP) and lifted[words - 1] < lifted[words] - TIE
    places = np.maximum(np.arange(words) - max(words - 100, 0), 0)
    np.testing.assert_allclose(lifted[:words], 0.25 + STEP * places, atol=1e-7)


def test_equal_shares_are_told_apart_by_the_mean_cosine_of_all_pictures() -> None:
    """Every word holds a nearest picture; the means of the cosines are 1/2, .85, 0 and, for opposite pictures, 0."""
    near, other = AXES[0], AXES[1]
    target = sets_of([near, other], [near, near + other], [near, -near], [near, other, -near, -other])
    found = score(sets_of([near, 2 * near]), target, "knn")[0]
    np.testing.assert_allclose(found, 0.25 + STEP * np.array([1, 2, 0, 0]), atol=2e-7)


@pytest.mark.parametrize("seed", range(5))
def test_centroids_are_means_of_unit_rows(seed: int) -> None:
    """How large a picture's features are says nothing, neither for the clusters nor for their means."""
    rng = np.random.default_rng(seed)
    given = np.vstack([around(0, 4), around(1, 3)])
    found = knn.centroids(sets_of(given * rng.uniform(0.01, 100, (7, 1)), np.zeros((0, 8))), 2, 0)
    units = given / np.linalg.norm(given, axis=1, keepdims=True)
    expected = [units[:4].mean(axis=0), units[4:].mean(axis=0)]
    rows = sorted(found["w0"].tolist(), reverse=True)
    np.testing.assert_allclose(rows, expected, atol=1e-6)
    assert found.sizes.tolist() == [2, 0]


def test_winning_share_of_one_is_exact() -> None:
    assert break_ties(np.array([[0.0, 1.0, 0.0]]), np.array([[0.5, -1.0, 0.9]]))[0, 1] == 1


def test_the_nearest_pictures_within_a_tie_share_a_vote() -> None:
    """Cosines 1, 1 - 5e-7 and 1 - 2e-6 with the one source picture."""
    angles = np.arccos([1, 1 - 5e-7, 1 - 2e-6])
    pictures = [np.stack([np.cos([angle]), np.sin([angle])], axis=1) for angle in angles]
    votes = score(sets_of(np.array([[1.0, 0.0]])), sets_of(*pictures), "knn")[0]
    np.testing.assert_allclose(votes, [0.5, 0.5, 0], atol=2 * STEP)
