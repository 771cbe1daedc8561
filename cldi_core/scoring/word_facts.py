"""What one source word's pictures have with all candidates: measured once, asked of many subsets of the pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cldi_core.errors import FeatureError
from cldi_core.scoring import Scores, best_match_few, knn
from cldi_core.scoring.imagesets import ImageSets, Numbers, unit_rows
from cldi_core.scoring.methods import Options, find_method
from cldi_core.scoring.pooling import aggregate
from cldi_core.scoring.scores import score
from cldi_core.scoring.ties import TIE

Floats = NDArray[np.float64]
Masks = NDArray[np.bool_]
TOGETHER = 4  # pictures whose maxima are looked up by which of them are kept: 2 ** 4 rows


@dataclass(frozen=True)
class TargetFacts:
    """What depends on the candidates alone; each is made when first asked for, and may be kept for many words.

    On 774 words of 3,430 pictures with 1280 features ``means`` and ``maxima`` took 65 ms each and 4 MB, ``centres``
    130 ms and 8 MB; they grow with the memberships and with words × features.
    """

    target: ImageSets

    @cached_property
    def missing(self) -> Masks:
        """bool (n_target,): the words without pictures."""
        found: Masks = self.target.sizes == 0
        return found

    @cached_property
    def means(self) -> NDArray[np.float32]:
        """float32 (n_target, dim): unit rows, the direction of each word's mean feature vector."""
        return unit_rows(aggregate(self.target, "mean"))

    @cached_property
    def maxima(self) -> NDArray[np.float32]:
        """float32 (n_target, dim): unit rows, the direction of each word's component-wise maximum."""
        return unit_rows(aggregate(self.target, "max"))

    @cached_property
    def centres(self) -> Floats:
        """float64 (n_target, dim): the mean of each word's unit rows; its product with a unit row is a mean cosine."""
        return aggregate(self.target, "mean", unit=True)


@dataclass(frozen=True)
class WordFacts:
    """What one source word's n pictures have with all candidates; each is made when first asked for."""

    source: ImageSets
    word: str
    target: TargetFacts

    @cached_property
    def rows(self) -> Numbers:
        """int64 (n,): the pictures' rows of the features."""
        return self.source.rows(self.word)

    @cached_property
    def pictures(self) -> ImageSets:
        """Every picture of the word as a word of its own."""
        return alone(self.source, self.rows)

    @cached_property
    def best(self) -> NDArray[np.float32]:
        """float32 (n, n_target): the best cosine of each picture in each candidate, to the last bit that which scoring
        uses; -inf where the candidate has no pictures."""
        return best_cosines(self.pictures, self.target.target)

    @cached_property
    def known_best(self) -> Floats:
        """``best`` in float64, 0 where the candidate has no pictures: so that it can be multiplied."""
        return np.where(self.target.missing, 0, self.best).astype(np.float64)

    @cached_property
    def votes(self) -> Floats:
        """float64 (n, n_target): how each picture's vote is divided (``best_match``)."""
        return votes(self.best)

    @cached_property
    def unit(self) -> NDArray[np.float32]:
        """float32 (n, dim): unit rows."""
        return unit_rows(self.source.features[self.rows])

    @cached_property
    def alike(self) -> Floats:
        """float64 (n, n_target): the mean cosine of each picture with the candidate's, 0 without any."""
        return self.unit.astype(np.float64) @ self.target.centres.T

    @cached_property
    def clusters(self) -> Masks:
        """bool (n_clusters, n): which pictures each cluster of KNN-C has."""
        options = Options()
        labels = knn.labels(self.unit, options.k, options.seed)
        found: Masks = labels == np.unique(labels)[:, None]
        return found

    @cached_property
    def gram(self) -> Floats:
        """float64 (n, n): the cosines of the pictures with each other."""
        exact = unit_rows(self.source.features[self.rows], np.float64)
        found: Floats = exact @ exact.T
        return found

    @cached_property
    def scaled(self) -> Floats:
        """float64 (n, dim): the features, divided by one power of two so that none is huge or tiny."""
        return scaled(self.source, self.rows)


Facts = TargetFacts | WordFacts  # what may be kept: for many words, or for many questions about one


def facts_of(source: ImageSets, target: ImageSets, word: str, facts: Facts | None) -> WordFacts:
    """What is to be known of a word, made of what was kept.

    Raises:
        UnknownNameError: a word that is not there; ValueError: facts of another word or of other candidates.
    """
    if isinstance(facts, WordFacts):
        if (facts.source, facts.word, facts.target.target) != (source, word, target):
            raise ValueError(f"these are facts of {facts.word!r}, or of other candidates; {word!r} was asked for")
        return facts
    if facts is not None and facts.target is not target:
        raise ValueError("these are facts of other candidates")
    return WordFacts(source, word, facts or TargetFacts(target))


def scaled(sets: ImageSets, rows: Numbers) -> Floats:
    """Some pictures' features, divided by one power of two so that none is huge: float64 (n, dim), within ±1, exact."""
    values = sets.features[rows].astype(np.float64)
    _, exponent = np.frexp(np.abs(values).max(initial=0))
    found: Floats = np.ldexp(values, -exponent)
    return found


def alone(sets: ImageSets, rows: Numbers) -> ImageSets:
    """Pictures (rows of the features) as words of their own."""
    names = [str(place) for place in range(len(rows))]
    return ImageSets(names, sets.features, rows, np.arange(len(rows) + 1), sets.ids, finite=True)


def as_words(sets: ImageSets, word: str, kept: Masks) -> ImageSets:
    """A word with only some of its pictures, many times: bool (k, n) → k words, in the order of the set."""
    rows = sets.rows(word)
    offsets = np.concatenate([[0], np.cumsum(kept.sum(axis=1))]).astype(np.int64)
    members = np.broadcast_to(rows, kept.shape)[kept]
    return ImageSets(
        [str(number) for number in range(len(kept))], sets.features, members, offsets, sets.ids, finite=True
    )


def checked(kept: Masks, n: int) -> Masks:
    """Masks of a word's n pictures: bool (k, n).

    Raises:
        FeatureError: another shape or type.
    """
    found = np.asarray(kept)
    if found.ndim != 2 or found.shape[1] != n or found.dtype != bool:
        raise FeatureError(f"the kept pictures are {found.dtype} {found.shape}; expected bool (subsets, {n})")
    return found


def best_cosines(source: ImageSets, target: ImageSets) -> NDArray[np.float32]:
    """The best cosine of each of some single pictures in each target word: float32, -inf for a word without any."""
    if not len(target.members) or not source.dim:
        return np.full((len(source), len(target)), -np.inf, np.float32)
    if best_match_few.is_few(source):
        found = best_match_few.match(source, target, ["forward"])[0]["forward"]
    else:
        from cldi_core.scoring.best_match import match  # imports torch, which takes a second

        found = match(source, target, ["forward"])[0]["forward"]
    return np.where(target.sizes == 0, np.float32(-np.inf), found)


def votes(best: NDArray[np.float32]) -> Floats:
    """How pictures' votes are divided: best cosines float32 (…, n_words) → float64, rows sum to 1.

    The words within ``TIE`` of the highest share a vote; none is cast where no word has pictures.
    """
    near = (best >= best.max(axis=-1, keepdims=True, initial=-np.inf) - np.float32(TIE)) & ~np.isneginf(best)
    found: Floats = near / np.maximum(near.sum(axis=-1, keepdims=True), 1)
    return found


def subset_maxima(values: NDArray[np.floating], kept: Masks) -> NDArray[np.floating]:
    """The maxima over the kept rows: float (n, m), bool (k, n) → float (k, m), -inf where none is kept.

    Of every few rows the maxima of all their subsets are made first, and then looked up.
    """
    found = np.full((len(kept), values.shape[1]), -np.inf, values.dtype)
    for start in range(0, len(values), TOGETHER):
        some = values[start : start + TOGETHER]
        table = np.full((1 << len(some), values.shape[1]), -np.inf, values.dtype)
        for place, row in enumerate(some):
            half = 1 << place
            np.maximum(table[:half], row, out=table[half : 2 * half])
        which = kept[:, start : start + TOGETHER] @ (1 << np.arange(len(some)))
        np.maximum(found, table[which], out=found)
    return found


def log_sum(values: NDArray[np.floating]) -> Floats:
    """``log Σ exp`` of each column's known values: (n, m) → float64 (m,), -inf where there is none."""
    known = np.where(np.isnan(values), -np.inf, values).astype(np.float64)
    peak = known.max(axis=0, initial=-np.inf)
    peak[np.isneginf(peak)] = 0
    with np.errstate(divide="ignore"):
        found: Floats = np.log(np.exp(known - peak).sum(axis=0)) + peak
    return found


def whole(source: ImageSets, target: ImageSets, method: str, bases: Mapping[str, Scores]) -> Scores:
    """The score matrix of a method that others are made from: the given one, or scored now.

    Raises:
        FeatureError: the given one is of other words.
    """
    if method not in bases:
        return score(source, target, method)
    found = bases[method]
    if found.shape != (len(source), len(target)):
        raise FeatureError(f"the scores of {method!r} have shape {found.shape}; expected {(len(source), len(target))}")
    return found


def word_row(source: ImageSets, target: ImageSets, word: str, method: str, bases: Mapping[str, Scores]) -> Scores:
    """One word's scores, float32 (n_target,): of the given matrix, or scored now, alone where that gives the same."""
    if method in bases or not find_method(method).by_row:
        rows, row = whole(source, target, method, bases), source.row(word)
    else:
        rows, row = score(source.select([word]), target, method), 0
    found: Scores = rows[row]
    return found


def united(shares: Floats, sizes: NDArray[np.integer]) -> int:
    """Which cluster decides under KNN-C: vote shares float64 (n_clusters, n_target) and the clusters' sizes.

    The one whose favourite has the largest share; between equal shares the larger one, then the first (``knn.elect``).
    """
    highest = np.round(shares.max(axis=1), 9)
    return max(range(len(shares)), key=lambda cluster: (highest[cluster], sizes[cluster], -cluster))
