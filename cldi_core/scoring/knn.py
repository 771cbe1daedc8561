"""KNN and KNN-C: the votes of a word's pictures, or of its clusters', as scores.

The pass (``best_match``) counts the votes: every picture has one, for the word that holds its nearest picture.  Here is
who votes, and how votes become scores.

Hartmann & Søgaard (2018) write of KNN-C "first cluster images into k clusters, then apply KNN" and leave the rest open.
Three readings are offered; all cluster unit rows with seeded k-means.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cldi_core.errors import FeatureError, unknown_name
from cldi_core.scoring import Scores
from cldi_core.scoring.imagesets import ImageSets, unit_rows
from cldi_core.scoring.methods import Options
from cldi_core.scoring.pooling import aggregate
from cldi_core.scoring.ties import TIE

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

READINGS = {
    "votes": "each cluster of the source set votes as a KNN of its own; the largest vote share decides",
    "centroids": "the centroids of the source clusters replace the source pictures, then KNN",
    "both": "the centroids of the clusters replace the pictures on both sides, then KNN",
}
STEP = 2 * TIE  # between places among equal shares: wide enough to be no tie
CHUNK_NUMBERS = 1 << 18  # scores that are looked at together


@dataclass(frozen=True)
class Ballot:
    """Who votes, and for whom.

    Attributes:
        sets: the image sets that vote: source words, or their clusters.
        voter: int64 (n_source_memberships,), the row of ``sets`` that each source picture votes with.
        word: int64 (len(sets),), the source word that each of them belongs to.
        words: how many source words there are.
    """

    sets: ImageSets
    voter: NDArray[np.int64]
    word: NDArray[np.int64]
    words: int


def ballot(source: ImageSets, method: str, options: Options) -> Ballot:
    """Who votes under ``"knn"`` (every word) or ``"knn-c"`` (each of its clusters)."""
    if method == "knn":
        voter = np.repeat(np.arange(len(source)), source.sizes)
        return Ballot(source, voter, np.arange(len(source)), len(source))
    check_options(options)
    sets, owner, cluster = split(source, options.k, options.seed)
    return Ballot(sets, cluster, owner, len(source))


def elect(ballot: Ballot, votes: NDArray[np.float64], target: ImageSets) -> Scores:
    """Scores from votes: float64 (n_voters, n_target), which is changed → float32 (n_source_words, n_target).

    A word gets the vote shares of its most united voter: the one whose favourite has the largest share of its votes;
    between equal shares the larger one, then the first.  Equal shares of target words are told apart by the mean cosine
    of all cross pairs of the voter's and the target word's pictures, see ``break_ties``.
    """
    votes /= np.maximum(ballot.sets.sizes, 1)[:, None]
    order = np.lexsort((-np.arange(len(votes)), ballot.sets.sizes, np.round(votes.max(axis=1), 9)))
    winner = np.zeros(ballot.words, np.int64)
    winner[ballot.word[order]] = order  # the last assignment to a word stands
    others = aggregate(target, "mean", unit=True)
    result = np.empty((ballot.words, len(target)), np.float32)
    step = max(1, CHUNK_NUMBERS // max(len(target), 1))  # breaking ties takes ten times the memory of the shares
    for start in range(0, len(result), step):
        own = winner[start : start + step]
        alike = aggregate(ballot.sets, "mean", own, unit=True) @ others.T
        result[start : start + step] = break_ties(votes[own], alike)
    return result


def break_ties(shares: NDArray[np.float64], tie_break: NDArray[np.float64]) -> Scores:
    """Vote shares plus ``STEP`` for each place in ``tie_break`` among equal shares, row by row, the lowest without.

    Shares are equal, and so are tie-breaks, that come within ``TIE`` of the next one in order; words that are equal in
    both stay tied.  No word is lifted over a larger share, nor to within ``TIE`` of it: where there is no room for
    every place of a block, its last ones share one.

    Args:
        shares, tie_break: float64 (n, n_target).

    Returns:
        float32 (n, n_target); a largest share that only one word has is unchanged.
    """
    order = np.lexsort((tie_break, _classes(shares)), axis=-1)
    share, tie = (np.take_along_axis(values, order, -1) for values in (shares, tie_break))
    new_share = np.diff(share, axis=-1, prepend=-np.inf) > TIE
    places = np.cumsum(new_share | (np.diff(tie, axis=-1, prepend=-np.inf) > TIE), axis=-1)
    first, last = _ends(new_share)
    base = np.take_along_axis(share, first, -1)
    lowest, highest = (np.take_along_axis(places, end, -1) for end in (first, last))
    above = np.take_along_axis(np.pad(share, ((0, 0), (0, 1)), constant_values=np.inf), last + 1, -1)
    room = np.maximum(np.floor((above - base) / STEP) - 1, 0)  # places above the lowest one
    lifted = base + STEP * np.maximum(places - np.maximum(highest - room, lowest), 0)
    result = np.empty(shares.shape, np.float32)
    np.put_along_axis(result, order, lifted.astype(np.float32), -1)
    return result


def _classes(shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """Which shares of a row are equal: 0 for the lowest, 1 for the next, …; of the same shape."""
    order = np.argsort(shares, axis=-1)
    ordered = np.take_along_axis(shares, order, -1)
    found = np.empty(shares.shape, np.int64)
    np.put_along_axis(found, order, np.cumsum(np.diff(ordered, axis=-1, prepend=-np.inf) > TIE, axis=-1), -1)
    return found


def _ends(new: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the block that each place of a row is in begins and ends (the last one); ``new``: where one begins."""
    count = new.shape[-1]
    first = np.maximum.accumulate(np.where(new, np.arange(count), 0), axis=-1)
    closes = np.pad(new[:, 1:], ((0, 0), (0, 1)), constant_values=True)
    last = np.minimum.accumulate(np.where(closes, np.arange(count), count)[:, ::-1], axis=-1)[:, ::-1]
    return first, last


@functools.cache
def _threads() -> ThreadpoolController:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()  # it looks through all libraries that are loaded, so once


def labels(rows: NDArray[np.float32], k: int, seed: int) -> NDArray[np.int64]:
    """Cluster unit rows (n, dim) with k-means: int64 (n,), labels 0 … min(k, number of distinct rows) - 1."""
    from sklearn.cluster import KMeans

    distinct, inverse = np.unique(rows, axis=0, return_inverse=True)
    if len(distinct) <= k:
        return inverse.reshape(-1).astype(np.int64)
    # One word's pictures are too few to share: threads that wait for each other took ten times as long on busy cores.
    with _threads().limit(limits=1, user_api="openmp"):
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
    check_options(options)
    both = options.reading == "both"
    return centroids(source, options.k, options.seed), centroids(target, options.k, options.seed) if both else target


def check_options(options: Options) -> None:
    """Refuse options that KNN-C cannot have."""
    if options.k < 1:
        raise FeatureError(f"knn-c needs at least 1 cluster, got k={options.k}")
    if options.reading not in READINGS:
        raise unknown_name("reading of knn-c", options.reading, READINGS)
