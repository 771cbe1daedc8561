"""KNN-C: K-nearest-neighbour votes after clustering the pictures of a word.

Hartmann & Søgaard (2018) write "first cluster images into k clusters, then apply KNN" and leave the rest open.  Three
readings are offered; all cluster unit rows with seeded k-means.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cldi_core.errors import FeatureError, unknown
from cldi_core.scoring.imagesets import ImageSets, unit_rows
from cldi_core.scoring.methods import Options

READINGS = {
    "votes": "each cluster of the source set votes as a KNN of its own; the largest vote share decides",
    "centroids": "the centroids of the source clusters replace the source pictures, then KNN",
    "both": "the centroids of the clusters replace the pictures on both sides, then KNN",
}


def labels(rows: NDArray[np.float32], k: int, seed: int) -> NDArray[np.int64]:
    """Cluster unit rows (n, dim) with k-means: int64 (n,), labels 0 … min(k, number of distinct rows) - 1."""
    from sklearn.cluster import KMeans

    distinct, inverse = np.unique(rows, axis=0, return_inverse=True)
    if len(distinct) <= k:
        return inverse.reshape(-1).astype(np.int64)
    fitted = KMeans(n_clusters=k, n_init=3, random_state=seed).fit(rows)
    found: NDArray[np.int64] = fitted.labels_.astype(np.int64)
    return found


def split(sets: ImageSets, k: int, seed: int) -> tuple[ImageSets, NDArray[np.int64], NDArray[np.int64]]:
    """Every cluster becomes a word of its own.

    Returns:
        The clusters' image sets; int64 (n_clusters,) whose they are; int64 (n_memberships,) each picture's cluster.
    """
    names: list[str] = []
    members, owner = [], []
    cluster_of = np.zeros(len(sets.members), np.int64)
    for row, word in enumerate(sets.words):
        rows = sets.rows(word)
        if not len(rows):
            continue
        found = labels(unit_rows(sets.features[rows]), k, seed)
        for label in np.unique(found):
            cluster_of[np.flatnonzero(found == label) + sets.offsets[row]] = len(names)
            names.append(f"{row}/{label}")
            members.append(rows[found == label].tolist())
            owner.append(row)
    return ImageSets.from_members(names, members, sets.features, sets.ids), np.array(owner, np.int64), cluster_of


def centroids(sets: ImageSets, k: int, seed: int) -> ImageSets:
    """Each word's pictures replaced by the means of its clusters (of unit rows)."""
    arrays = []
    for word in sets.words:
        rows = unit_rows(sets[word])
        found = labels(rows, k, seed) if len(rows) else np.zeros(0, np.int64)
        arrays.append(np.array([rows[found == label].mean(axis=0) for label in np.unique(found)], np.float32))
    return ImageSets.from_arrays(sets.words, arrays)


def replaced(source: ImageSets, target: ImageSets, options: Options) -> tuple[ImageSets, ImageSets]:
    """The image sets that vote as a KNN under the readings that put centroids in the place of pictures."""
    check(options)
    both = options.reading == "both"
    return centroids(source, options.k, options.seed), centroids(target, options.k, options.seed) if both else target


def check(options: Options) -> None:
    """Refuse options that KNN-C cannot have."""
    if options.k < 1:
        raise FeatureError(f"knn-c needs at least 1 cluster, got k={options.k}")
    if options.reading not in READINGS:
        raise unknown("reading of knn-c", options.reading, READINGS)
