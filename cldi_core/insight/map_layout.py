"""Rows of numbers laid out on a plane: PCA, UMAP, and UMAP of a sample among which the rest is placed.

Up to ``WHOLE`` rows UMAP takes them as they are.  Of more, it takes their ``COMPONENTS`` first principal components,
with exact neighbours; of more than ``FITTED`` rows, it takes a seeded sample, and every other row lies where its
nearest ones of the sample do.  No more than a block of the rows is ever in memory.
"""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cldi_core.errors import FeatureError
from cldi_core.scoring.feature_rows import FeatureRows
from cldi_core.scoring.imagesets import unit_rows
from cldi_core.scoring.parallel import numpy_side_by_side

Rows = NDArray[np.floating] | FeatureRows
Report = Callable[[int, int], None]  # how much is done, of how much
Stages = Callable[[str, str], AbstractContextManager[Report]]  # what is done and what is counted → its reports

NEIGHBOURS = 15
PARAMETERS = {"n_neighbors": NEIGHBOURS, "min_dist": 0.1, "random_state": 0}
FEWEST = NEIGHBOURS + 2  # rows that UMAP needs at least
WHOLE = 10_000  # rows that UMAP takes as they are
COMPONENTS = 50  # of more
FITTED = 20_000  # rows of which UMAP makes a map, at most
AMONG = 5  # of the sample, between which the rest is placed
BLOCK = 4096  # rows that are read at once
PLACED = 10_000  # rows that are placed at once
COMPARED = 4_000_000  # distances that are looked at once


@dataclass(frozen=True)
class Layout:
    """Where rows lie.

    Attributes:
        xy: float32 (n, 2).
        method: "umap" or "pca".
        fitted: how many of the n rows the method has seen; the rest was placed among them.
    """

    xy: NDArray[np.float32]
    method: str
    fitted: int


@contextlib.contextmanager
def untold(what: str, unit: str) -> Iterator[Report]:
    """Stages that nobody is told of."""
    yield lambda done, total: None


def lay_out(rows: Rows, stages: Stages = untold, unit: str = "rows") -> Layout:
    """A map of the unit rows of float (n, dim), any scale; what it takes is said in the module's first lines.

    Args:
        stages: told of each step and how far it is; unit: what a row is of.
    """
    count = len(rows)
    if count < FEWEST:
        return Layout(pca(unit_rows(rows[:])), "pca", count)
    if count <= WHOLE:
        with stages("laying out", "epochs") as report:
            return Layout(umap(unit_rows(rows[:]), report=report), "umap", count)
    chosen = sample(count, FITTED)
    with stages("principal components", unit) as report:
        reduced = project(rows, *principal(rows, chosen), report)
    fitted = reduced[chosen]
    with stages("neighbours", unit) as report:
        neighbours = nearest(fitted, fitted, NEIGHBOURS, report)
    with stages("laying out", "epochs") as report:
        places = umap(fitted, neighbours, report)
    xy = np.empty((count, 2), np.float32)
    xy[chosen] = places
    rest = np.setdiff1d(np.arange(count), chosen)
    if len(rest):
        with stages("placing the rest", unit) as report:
            for start in range(0, len(rest), PLACED):
                some = rest[start : start + PLACED]
                xy[some] = among(places, *nearest(reduced[some], fitted, AMONG))
                report(start + len(some), len(rest))
    return Layout(xy, "umap", len(chosen))


def parameters(count: int) -> dict[str, int | float]:
    """What a map of so many rows is made with."""
    return PARAMETERS | ({} if count <= WHOLE else {"components": COMPONENTS, "fitted": FITTED, "among": AMONG})


def sample(count: int, most: int) -> NDArray[np.int64]:
    """Which of ``count`` rows are looked at: all where they are few, else ``most`` by a fixed seed, in order."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(0).choice(count, most, replace=False))


def pca(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The two directions of largest variance: float32 (n, dim) → float32 (n, 2), seeded, with fixed signs.

    The largest entry of a direction is positive.  Found by randomized projections (Halko et al. 2011).
    """
    if (rows == rows[:1]).all():  # nothing, or all in one place
        return np.zeros((len(rows), 2), np.float32)
    from sklearn.decomposition import PCA  # takes a second to import

    count = min(2, *rows.shape)
    found = PCA(count, svd_solver="randomized", random_state=0).fit_transform(rows).astype(np.float32)
    return np.pad(found, ((0, 0), (0, 2 - count)))


def principal(
    rows: Rows, chosen: NDArray[np.int64], count: int = COMPONENTS
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The mean and the first principal axes of the unit rows of some rows, with fixed signs.

    The covariance is summed up block by block and taken apart exactly.  The largest entry of an axis is positive.

    Args:
        rows: float (n, dim), any scale; chosen: int64, the numbers of those that are looked at, at least one.

    Returns:
        float32 (dim,) and float32 (dim, min(count, dim)).
    """
    dim = rows.shape[1]
    shift = unit_rows(rows[chosen[:BLOCK]]).mean(axis=0)  # near the mean, so that little is lost when it is taken away
    total, products = np.zeros(dim), np.zeros((dim, dim))
    for start in range(0, len(chosen), BLOCK):
        block = unit_rows(rows[chosen[start : start + BLOCK]]) - shift
        total += block.sum(axis=0, dtype=np.float64)
        products += block.T @ block
    mean = total / len(chosen)
    _, vectors = np.linalg.eigh(products / len(chosen) - np.outer(mean, mean))
    axes = vectors[:, ::-1][:, :count]
    largest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    return (shift + mean).astype(np.float32), (axes * np.sign(largest)).astype(np.float32)


def project(
    rows: Rows, mean: NDArray[np.float32], axes: NDArray[np.float32], report: Report | None = None
) -> NDArray[np.float32]:
    """Unit rows along axes: float (n, dim), any scale; float32 (dim,), (dim, m) → float32 (n, m), read in blocks."""
    found = np.empty((len(rows), axes.shape[1]), np.float32)
    for start in range(0, len(rows), BLOCK):
        block = unit_rows(rows[start : start + BLOCK])
        found[start : start + BLOCK] = (block - mean) @ axes
        if report:
            report(start + len(block), len(rows))
    return found


def nearest(
    rows: NDArray[np.float32], others: NDArray[np.float32], count: int, report: Report | None = None
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The nearest of ``others`` of each row, by euclidean distance, found exactly; the nearest first.

    Where both are the same array, each row is its own nearest, also among equal ones.

    Args:
        rows: float32 (n, dim); others: float32 (m, dim), m > count.

    Returns:
        int32 (n, count), numbers of ``others``, and float32 (n, count), their distances.
    """
    numbers = np.empty((len(rows), count), np.int32)
    distances = np.empty((len(rows), count), np.float32)
    half = np.einsum("ij,ij->i", others, others) / 2
    step = max(1, COMPARED // len(others))

    def look(start: int) -> int:
        block = rows[start : start + step]
        far = half - block @ others.T  # half of the squared distance, less what is the same for all of a row
        if rows is others:
            far[np.arange(len(block)), start + np.arange(len(block))] = -np.inf
        found = np.argpartition(far, count - 1, axis=1)[:, :count]
        # Again from the differences: equal rows are then at no distance.
        away = np.sqrt(((block[:, None] - others[found]) ** 2).sum(axis=2))
        first = np.isneginf(np.take_along_axis(far, found, axis=1))
        order = np.lexsort((found, away, ~first))
        numbers[start : start + step] = np.take_along_axis(found, order, axis=1)
        distances[start : start + step] = np.take_along_axis(away, order, axis=1)
        return start + len(block)

    with numpy_side_by_side() as each:
        for done in each(look, range(0, len(rows), step)):
            if report:
                report(done, len(rows))
    return numbers, distances


def among(
    places: NDArray[np.float32], numbers: NDArray[np.integer], distances: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The places of rows that were not laid out: each beside its nearest one, on the side of its next nearest.

    It lies from there towards the mean of the others, weighted by 1 / distance², and no further than half way to any
    other place: between places that are far apart there is nothing that it would be near to.

    Args:
        places: float32 (m, 2); numbers, distances: (n, k), as ``nearest`` has them.

    Returns:
        float32 (n, 2).
    """
    from scipy.spatial import cKDTree

    # Relative to the nearest, so that nothing is divided by 0.
    weights = ((distances[:, :1] + 1e-6) / (distances + 1e-6)) ** 2
    weights /= weights.sum(axis=1, keepdims=True)
    first = places[numbers[:, 0]]
    towards = np.einsum("nk,nkd->nd", weights, places[numbers]) - first
    reach = cKDTree(places).query(places, 2)[0][numbers[:, 0], 1] / 2
    length = np.linalg.norm(towards, axis=1)
    # Never quite as far, so that those of one direction do not all end in one place.
    step = reach * np.tanh(np.divide(length, reach, out=np.zeros_like(reach), where=reach > 0))
    share = np.divide(step, length, out=np.zeros_like(reach), where=length > 0)
    found: NDArray[np.float32] = (first + share[:, None] * towards).astype(np.float32)
    return found


def umap(
    rows: NDArray[np.float32],
    neighbours: tuple[NDArray[np.int32], NDArray[np.float32]] | None = None,
    report: Report | None = None,
) -> NDArray[np.float32]:
    """UMAP with euclidean distance (McInnes et al. 2018), seeded: float32 (n, dim) → float32 (n, 2).

    Args:
        neighbours: as ``nearest`` has them, each row its own first; without them UMAP looks for its own.
        report: told of its epochs.
    """
    if len(rows) < FEWEST:
        raise FeatureError(f"UMAP needs more than {FEWEST - 1} rows, got {len(rows)}; the map shows PCA instead")
    from umap import UMAP  # compiles for seconds when imported: never from a page

    own: dict[str, Any] = {} if neighbours is None else {"precomputed_knn": neighbours}
    if report:  # what UMAP would print is heard and not shown
        bar = {"file": _Epochs(report), "mininterval": 0.5, "bar_format": "{n_fmt}/{total_fmt}"}
        own |= {"verbose": True, "tqdm_kwds": bar}
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # advice on its own initialisation, for which a reader has no use
        found: NDArray[np.float32] = UMAP(n_jobs=1, **PARAMETERS, **own).fit_transform(rows).astype(np.float32)
    return found


class _Epochs:
    """A file that UMAP's bar is written to: it reports the epochs that the bar names."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def write(self, text: str) -> None:
        """Take what the bar says now, such as ``"12/200"``."""
        if found := re.search(r"(\d+)/(\d+)", text):
            self.report(int(found[1]), int(found[2]))

    def flush(self) -> None:
        """There is nothing to wait for."""
