"""Rows on a plane: PCA, UMAP, exact neighbours, and what is placed among a sample; in blocks, and told of."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from cldi_core.errors import FeatureError
from cldi_core.insight import map_layout
from cldi_core.scoring.feature_rows import FeatureRows
from cldi_core.scoring.imagesets import unit_rows

RNG = np.random.default_rng(3)


def test_pca_finds_the_directions_of_largest_variance() -> None:
    rows = (RNG.normal(size=(50, 6)) * [1, 9, 1, 3, 1, 1]).astype(np.float32)
    found = map_layout.pca(rows)
    assert found.dtype == np.float32 and found.shape == (50, 2)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-4)
    expected = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    for axis in (0, 1):
        values = expected.U[:, axis] * expected.S[axis]
        assert min(np.abs(found[:, axis] - values).max(), np.abs(found[:, axis] + values).max()) < 1e-3


def test_pca_is_repeatable_and_has_fixed_signs() -> None:
    rows = RNG.normal(size=(20, 5)).astype(np.float32)
    first = map_layout.pca(rows)
    np.testing.assert_array_equal(map_layout.pca(rows.copy()), first)
    axes = (rows - rows.mean(axis=0)).T @ first
    assert (axes[np.abs(axes).argmax(axis=0), [0, 1]] > 0).all(), "the largest entry of a direction is positive"
    assert (map_layout.pca(-rows) == -first).all()
    shuffled = RNG.permutation(20)
    np.testing.assert_allclose(map_layout.pca(rows[shuffled]), first[shuffled], atol=1e-4)


def test_pca_of_many_numbers_is_near_the_exact_one_and_the_same_every_time() -> None:
    rows = (RNG.normal(size=(400, 300)) * 0.99 ** np.arange(300)).astype(np.float32)
    first = map_layout.pca(rows)
    np.random.seed(1)  # the state that others share changes nothing
    np.testing.assert_array_equal(map_layout.pca(rows), first)
    exact = np.linalg.svd(rows - rows.mean(axis=0), compute_uv=False)
    np.testing.assert_allclose(np.linalg.norm(first, axis=0), exact[:2], rtol=2e-3)


@pytest.mark.parametrize("shape", [(0, 4), (1, 4), (2, 4), (5, 1), (5, 2)])
def test_pca_of_very_little(shape: tuple[int, int]) -> None:
    found = map_layout.pca(RNG.normal(size=shape).astype(np.float32))
    assert found.shape == (shape[0], 2) and np.isfinite(found).all()
    assert not map_layout.pca(np.ones(shape, np.float32)).any(), "all in one place"


@pytest.fixture
def rows() -> FeatureRows:
    """Features in half precision, in two files, with a spectrum that falls."""
    made = np.abs(RNG.normal(size=(90, 12)) * 0.8 ** np.arange(12) + 0.5).astype(np.float16)
    return FeatureRows([made[:50], made[50:]])


@pytest.mark.parametrize("block", [7, 90])
def test_principal_components_are_the_exact_ones(
    rows: FeatureRows, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(map_layout, "BLOCK", block)
    chosen = np.sort(RNG.choice(90, 60, replace=False))
    mean, axes = map_layout.principal(rows, chosen, 4)
    unit = unit_rows(rows[:])
    oracle = PCA(4, svd_solver="full").fit(unit[chosen].astype(np.float64))
    np.testing.assert_allclose(mean, oracle.mean_, atol=1e-6)
    np.testing.assert_allclose(np.abs(axes.T @ oracle.components_.T), np.eye(4), atol=1e-3)
    assert (axes[np.abs(axes).argmax(axis=0), range(4)] > 0).all(), "signs are fixed"
    told: list[tuple[int, int]] = []
    found = map_layout.project(rows, mean, axes, lambda done, total: told.append((done, total)))
    np.testing.assert_allclose(np.abs(found), np.abs(oracle.transform(unit)), atol=2e-3)
    assert told[-1] == (90, 90) and len(told) == -(-90 // block)


def test_no_more_than_a_block_is_read_at_once(rows: FeatureRows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_layout, "BLOCK", 8)
    monkeypatch.setattr(map_layout, "WHOLE", 20)
    monkeypatch.setattr(map_layout, "umap", lambda rows, *given, **named: rows[:, :2])
    read: list[int] = []
    look = FeatureRows.__getitem__
    monkeypatch.setattr(
        FeatureRows, "__getitem__", lambda self, key: read.append(np.size(self.index[key])) or look(self, key)
    )
    map_layout.lay_out(rows)
    assert max(read) == 8 and sum(read) >= 180


@pytest.mark.parametrize("itself", [True, False])
def test_neighbours_are_the_exact_ones(monkeypatch: pytest.MonkeyPatch, itself: bool) -> None:
    monkeypatch.setattr(map_layout, "COMPARED", 100)  # a row or a few at once
    others = RNG.normal(size=(40, 5)).astype(np.float32)
    others[7] = others[3] = others[21]
    rows = others if itself else RNG.normal(size=(23, 5)).astype(np.float32)
    numbers, distances = map_layout.nearest(rows, others, 6)
    assert numbers.dtype == np.int32 and distances.dtype == np.float32
    wanted, _ = NearestNeighbors(n_neighbors=6, algorithm="brute").fit(others).kneighbors(rows)
    np.testing.assert_allclose(distances, wanted, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(rows[:, None] - others[numbers], axis=2), distances, atol=1e-6)
    if itself:
        np.testing.assert_array_equal(numbers[:, 0], np.arange(40), err_msg="also among equal rows")
        assert not distances[[3, 7, 21], :3].any()


def test_what_is_not_laid_out_lies_beside_its_nearest() -> None:
    places = np.array([[0, 0], [2, 0], [0, 40], [0, 0]], np.float32)
    numbers = np.array([[1, 0], [1, 2], [1, 2], [0, 1], [1, 1]])
    distances = np.array([[1, 1], [1, 1], [1, 2], [1, 1], [0, 5]], np.float32)
    found = map_layout.among(places, numbers, distances)
    reach, half = 1.0, np.linalg.norm([1, 20])
    np.testing.assert_allclose(found[0], [2 - np.tanh(1.0), 0], atol=1e-4, err_msg="towards the other one")
    np.testing.assert_allclose(np.linalg.norm(found[1] - places[1]), reach * np.tanh(half), atol=1e-4)
    assert found[1, 0] < 2 and found[1, 1] > 0
    away = np.linalg.norm(found[2] - places[1])
    assert 0.9 < away < reach, "no further than half way to any other place, however far its next nearest lies"
    np.testing.assert_array_equal(found[3], places[0], err_msg="two places are the same: no room beside them")
    np.testing.assert_allclose(found[4], places[1], atol=1e-4, err_msg="equal to one that was laid out")


def test_many_rows_are_placed_among_a_sample(rows: FeatureRows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_layout, "WHOLE", 40)
    monkeypatch.setattr(map_layout, "FITTED", 30)
    monkeypatch.setattr(map_layout, "PLACED", 25)
    given: list[tuple[tuple[int, ...], ...]] = []

    def umap(fitted: np.ndarray, neighbours: tuple, report: map_layout.Report) -> np.ndarray:
        given.append((fitted.shape, neighbours[0].shape))
        report(200, 200)
        return fitted[:, :2]

    monkeypatch.setattr(map_layout, "umap", umap)
    told: dict[tuple[str, str], tuple[int, int]] = {}

    @contextlib.contextmanager
    def stages(what: str, unit: str) -> Iterator[map_layout.Report]:
        yield lambda done, total: told.update({(what, unit): (done, total)})

    made = map_layout.lay_out(rows, stages, "pictures")
    assert given == [((30, 12), (30, 15))] and (made.method, made.fitted) == ("umap", 30)
    assert told == {
        ("principal components", "pictures"): (90, 90),
        ("neighbours", "pictures"): (30, 30),
        ("laying out", "epochs"): (200, 200),
        ("placing the rest", "pictures"): (60, 60),
    }
    reduced = map_layout.project(rows, *map_layout.principal(rows, map_layout.sample(90, 30)))
    chosen = map_layout.sample(90, 30)
    np.testing.assert_array_equal(made.xy[chosen], reduced[chosen, :2])
    row = np.setdiff1d(np.arange(90), chosen)[11]
    near = np.linalg.norm(reduced[chosen] - reduced[row], axis=1).argmin()
    assert np.linalg.norm(made.xy[chosen] - made.xy[row], axis=1).argmin() == near
    np.testing.assert_array_equal(map_layout.lay_out(rows).xy, made.xy, err_msg="repeatable")
    monkeypatch.setattr(map_layout, "PLACED", 1000)
    np.testing.assert_allclose(
        map_layout.lay_out(rows).xy, made.xy, atol=1e-5, err_msg="however many are placed at once"
    )


def test_few_rows_are_taken_whole(rows: FeatureRows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_layout, "umap", lambda rows, report: rows[:, :2] * 2)
    made = map_layout.lay_out(rows)
    np.testing.assert_array_equal(made.xy, unit_rows(rows[:])[:, :2] * 2)
    assert (made.method, made.fitted, map_layout.lay_out(rows.take(range(16))).method) == ("umap", 90, "pca")


def test_epochs_are_read_from_what_a_bar_writes() -> None:
    told: list[tuple[int, int]] = []
    heard = map_layout._Epochs(lambda done, total: told.append((done, total)))
    for text in ("\r", "\r12/200", "\n", "\r200/200"):
        heard.write(text)
    assert told == [(12, 200), (200, 200)]


def test_umap_refuses_too_few_rows() -> None:
    with pytest.raises(FeatureError, match="more than 16 rows, got 16"):
        map_layout.umap(np.zeros((16, 4), np.float32))


@pytest.mark.slow
def test_umap_is_repeatable() -> None:
    centres = np.repeat(np.eye(3, 10) * 4, 20, axis=0)
    rows = (centres + RNG.normal(size=(60, 10)) * 0.3).astype(np.float32)
    first = map_layout.umap(rows)
    assert first.shape == (60, 2) and first.dtype == np.float32 and np.isfinite(first).all()
    np.testing.assert_array_equal(map_layout.umap(rows), first)
    groups = first.reshape(3, 20, 2)
    spread = np.linalg.norm(groups - groups.mean(axis=1, keepdims=True), axis=2).mean()
    apart = [np.linalg.norm(groups[i].mean(axis=0) - groups[j].mean(axis=0)) for i, j in ((0, 1), (0, 2), (1, 2))]
    assert min(apart) > 2 * spread
