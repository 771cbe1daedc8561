"""Elections: the votes of a word's pictures, or of its clusters', as scores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cldi_core.scoring import knn_clusters
from cldi_core.scoring.imagesets import ImageSets
from cldi_core.scoring.methods import Options

Matrix = NDArray[np.float32]
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
    voter = np.repeat(np.arange(len(source)), source.sizes)
    if method == "knn":
        return Ballot(source, voter, np.arange(len(source)), len(source))
    knn_clusters.check(options)
    sets, owner, label = knn_clusters.split(source, options.k, options.seed)
    return Ballot(sets, label, owner, len(source))


def elect(ballot: Ballot, votes: NDArray[np.float64], alike: NDArray[np.float64]) -> Matrix:
    """Scores from votes: float64 (n_voters, n_target), which is changed → float32 (n_source_words, n_target).

    ``alike``, of the same shape, breaks ties: the mean cosine of all cross pairs of a voter's and a target's pictures.

    A word gets the vote shares of its most united voter: the one whose favourite has the largest share of its votes;
    between equal shares the larger one, then the first.
    """
    votes /= np.maximum(ballot.sets.sizes, 1)[:, None]
    shares = votes
    order = np.lexsort((-np.arange(len(shares)), ballot.sets.sizes, np.round(shares.max(axis=1), 9)))
    winner = np.zeros(ballot.words, np.int64)
    winner[ballot.word[order]] = order  # the last assignment to a word stands
    result = np.empty((ballot.words, shares.shape[1]), np.float32)
    step = max(1, CHUNK_NUMBERS // max(shares.shape[1], 1))  # breaking ties takes ten times the memory of the shares
    for start in range(0, len(result), step):
        own = winner[start : start + step]
        result[start : start + step] = break_ties(shares[own], alike[own])
    return result


def break_ties(shares: NDArray[np.float64], tie_break: NDArray[np.float64]) -> Matrix:
    """Vote shares plus an infinitesimal step for each place in ``tie_break`` among equal shares, row by row.

    The steps are a few units in the last place of float32 (at least 2e-9), too small to lift a word over a larger
    share; words with equal shares and equal ``tie_break`` stay tied.
    """
    shares, tie_break = np.round(shares, 9), np.round(tie_break, 7)
    order = np.lexsort((tie_break, shares), axis=-1)
    share = np.take_along_axis(shares, order, -1)
    tie = np.take_along_axis(tie_break, order, -1)
    new_share = np.diff(share, axis=-1, prepend=-1) != 0
    steps = np.cumsum(new_share | (np.diff(tie, axis=-1, prepend=-2) != 0), axis=-1)
    first = np.maximum.accumulate(np.where(new_share, steps, 0), axis=-1)
    rounded = share.astype(np.float32)
    lifted = rounded + (steps - first) * np.maximum(2 * np.spacing(rounded), np.float32(2e-9))
    result = np.empty(shares.shape, np.float32)
    np.put_along_axis(result, order, lifted.astype(np.float32), -1)
    return result
