"""Groups of one word's pictures, against the definition of the silhouette and a search through all partitions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from cldi_core.errors import FeatureError
from cldi_core.scoring import grouping
from cldi_core.scoring.grouping import clusters, silhouette
from cldi_core.scoring.imagesets import unit_rows
from tests import oracles


def bunches(*sizes: int, dim: int = 32, spread: float = 0.15, seed: int = 0) -> np.ndarray:
    """Unit rows around as many directions at right angles, so many around each: float32 (sum of sizes, dim)."""
    rng = np.random.default_rng(seed)
    rows = [
        np.eye(dim)[number] + spread * rng.normal(size=dim) for number, size in enumerate(sizes) for _ in range(size)
    ]
    return unit_rows(np.array(rows, np.float32))


def literal_silhouette(rows: np.ndarray, groups: list[int]) -> list[float]:
    """Rousseeuw's definition, one picture after the other, with the distance 1 - cos."""

    def mean(i: int, members: list[int]) -> float:
        return sum(1 - oracles.cosine(rows[i], rows[j]) for j in members) / len(members)

    found = []
    for i, own in enumerate(groups):
        others = [j for j, group in enumerate(groups) if group == own and j != i]
        if not others or len(set(groups)) == 1:
            found.append(0.0)
            continue
        a = mean(i, others)
        b = min(mean(i, [j for j, g in enumerate(groups) if g == group]) for group in set(groups) - {own})
        found.append((b - a) / max(a, b) if max(a, b) > 1e-12 else 0.0)
    return found


def partition(found: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(found == label).tolist()) for label in set(found.tolist())}


@pytest.mark.parametrize("seed", range(5))
def test_silhouette_against_the_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = unit_rows(rng.normal(size=(9, 5)).astype(np.float32))
    groups = np.array([0, 0, 0, 1, 1, 2, 2, 2, 3])
    expected = literal_silhouette(rows, groups.tolist())
    np.testing.assert_allclose(silhouette(rows @ rows.T, groups), expected, atol=1e-5)


def test_silhouette_of_a_zero_row_and_of_equal_rows() -> None:
    rows = np.array([[1, 0], [1, 0], [0, 0], [0, 1], [0, 0]], np.float32)
    groups = np.array([0, 0, 1, 1, 1])
    np.testing.assert_allclose(silhouette(rows @ rows.T, groups), literal_silhouette(rows, [0, 0, 1, 1, 1]), atol=1e-6)
    assert silhouette(np.ones((4, 4), np.float32), np.array([0, 0, 1, 1])).tolist() == [0, 0, 0, 0]
    assert silhouette(np.ones((3, 3), np.float32), np.zeros(3, np.int64)).tolist() == [0, 0, 0]


@pytest.mark.parametrize("sizes", [(5, 3), (4, 6, 5), (3, 3, 3, 3), (2, 2, 2, 2, 2, 2, 2, 2)])
def test_bunches_are_found_and_the_largest_comes_first(sizes: tuple[int, ...]) -> None:
    found = clusters(bunches(*sizes))
    ends = list(itertools.accumulate(sizes, initial=0))
    assert partition(found) == {frozenset(range(begin, end)) for begin, end in itertools.pairwise(ends)}
    counts = np.bincount(found).tolist()
    assert counts == sorted(sizes, reverse=True)
    firsts = [found.tolist().index(label) for label in range(len(sizes))]
    assert all(one < other for (one, n), (other, m) in itertools.pairwise(zip(firsts, counts, strict=True)) if n == m)


@pytest.mark.parametrize("seed", range(4))
def test_the_number_of_groups_is_that_of_the_best_partition_there_is(seed: int) -> None:
    rows = bunches(3, 2, 2, dim=6, spread=0.25, seed=seed)
    scored = {
        groups: sum(literal_silhouette(rows, list(groups))) / len(rows)
        for groups in itertools.product(range(4), repeat=len(rows))
        if list(dict.fromkeys(groups)) == list(range(len(set(groups)))) and len(set(groups)) > 1
    }
    best = max(scored, key=lambda groups: scored[groups])
    assert scored[best] > grouping.STRUCTURE
    assert partition(clusters(rows)) == partition(np.array(best))


def test_pictures_without_structure_are_one_group(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = unit_rows(np.random.default_rng(3).normal(size=(12, 64)).astype(np.float32))
    assert clusters(rows).tolist() == [0] * 12
    monkeypatch.setattr(grouping, "STRUCTURE", 0.0)
    assert clusters(rows).max() > 0, "there are groups, if hardly any"


def test_few_pictures() -> None:
    rows = np.eye(3, dtype=np.float32)
    assert clusters(rows[:0]).tolist() == [] and clusters(rows[:0]).dtype == np.int64
    assert clusters(rows[:0], k=3).tolist() == []
    assert clusters(rows[:1]).tolist() == [0]
    assert clusters(rows[:2]).tolist() == [0, 0]
    assert clusters(rows).tolist() == [0, 0, 0], "all as far apart: no two belong together"
    assert clusters(rows[[0, 1, 1]]).tolist() == [1, 0, 0], "two that are the same, and another"


def test_equal_pictures_zero_rows_and_all_negative_cosines() -> None:
    assert clusters(np.ones((6, 4), np.float32) / 2).tolist() == [0] * 6
    assert clusters(np.zeros((5, 4), np.float32)).tolist() == [0] * 5
    angles = np.radians([0, 120, 240])
    apart = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert clusters(apart).tolist() == [0, 0, 0]
    assert clusters(apart[[0, 1, 2, 0, 1, 1]]).tolist() == [1, 0, 2, 1, 0, 0]


@pytest.mark.parametrize(("k", "groups"), [(1, 1), (2, 2), (3, 3), (4, 3), (99, 3)])
def test_a_given_number_of_groups(k: int, groups: int) -> None:
    rows = bunches(1, 1, 1, spread=0.0)[[2, 0, 1, 1, 1, 0]]
    found = clusters(rows, k=k)
    assert len(set(found.tolist())) == found.max() + 1 == groups
    counts = np.bincount(found).tolist()
    assert counts == sorted(counts, reverse=True)
    if groups == 3:
        assert found.tolist() == [2, 1, 0, 0, 0, 1]


def literal_ward(rows: np.ndarray, k: int) -> set[frozenset[int]]:
    """Ward's procedure: join the two groups that add least to the squared distances from the groups' means."""

    def within(members: frozenset[int]) -> float:
        own = rows[sorted(members)].astype(float)
        return float(((own - own.mean(axis=0)) ** 2).sum())

    groups = {frozenset([place]) for place in range(len(rows))}
    while len(groups) > k:
        one, other = min(
            itertools.combinations(sorted(groups, key=sorted), 2),
            key=lambda two: within(two[0] | two[1]) - within(two[0]) - within(two[1]),
        )
        groups = groups - {one, other} | {one | other}
    return groups


@pytest.mark.parametrize("dim", [4, 300])
@pytest.mark.parametrize("k", [2, 3, 5, 8])
def test_pictures_are_joined_as_ward_joins_them(dim: int, k: int) -> None:
    rows = unit_rows(np.random.default_rng(k).normal(size=(12, dim)).astype(np.float32))
    rows[3] = 0
    rows[5] = rows[4]
    assert partition(clusters(rows, k)) == literal_ward(rows, k)


def test_the_same_groups_every_time() -> None:
    rows = unit_rows(np.random.default_rng(1).normal(size=(20, 8)).astype(np.float32))
    assert clusters(rows, 5).tolist() == clusters(rows.copy(), 5).tolist()
    assert clusters(rows).tolist() == clusters(rows.copy()).tolist()


@pytest.mark.parametrize("k", [0, -1])
def test_no_groups_at_all(k: int) -> None:
    with pytest.raises(FeatureError, match=f"into {k} groups; expected at least 1"):
        clusters(np.eye(3, dtype=np.float32), k)


def test_rows_that_are_none() -> None:
    with pytest.raises(FeatureError, match=r"shape \(3,\); expected \(n_pictures, dim\)"):
        clusters(np.zeros(3, np.float32))
