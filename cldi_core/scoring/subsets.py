"""A source word's scores if only some of its pictures were its set: as scoring from scratch has them, many at once.

What a picture has with every candidate is measured once (``word_facts``); the scores of a subset of the pictures follow
from it in closed form.  KNN-C clusters every subset anew, optimal transport solves every subset, and a method that
somebody has added scores every subset as a word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from cldi_core.scoring import Scores, knn
from cldi_core.scoring.hubness import fuse, neighbourhood
from cldi_core.scoring.imagesets import ImageSets, unit_rows
from cldi_core.scoring.methods import CSLS, ISF, RRF, SINKHORN, Method, Options, find_method
from cldi_core.scoring.products import products
from cldi_core.scoring.scores import score
from cldi_core.scoring.typicality import NOTHING
from cldi_core.scoring.word_facts import (
    Facts,
    Floats,
    Masks,
    WordFacts,
    alone,
    as_words,
    best_cosines,
    checked,
    facts_of,
    log_sum,
    subset_maxima,
    united,
    whole,
)

Rows = NDArray[np.floating]  # (k, n_target)
NUMBERS = 1 << 22  # that are in memory at once, some of them a few times
SCORES = 1 << 18  # that are made at once, so that they stay in the processor's cache

# How many subsets take about 0.15 s: measured with words of 20 pictures against 774 words of 3,430 pictures with 1280
# features (demo, en-de) on two busy cores, rounded down.
COST = {
    "avgmax": 4000,
    "maxmax": 4000,
    "cnn-mean": 2000,
    "cnn-max": 2000,
    "knn": 400,
    "knn-c": 15,
    "avgmax-sym": 400,
    "avgmax-typical": 1500,
    "sinkhorn": 1,
    "sinkhorn-short": 5,
}
# Of all of a word's pictures, these have the scores of the pass over all words to the last bit.
EXACT = frozenset({"avgmax", "maxmax", "avgmax-typical"})
OTHERS = 20  # of a method that somebody has added: each subset is scored as a word
CORRECTING = 3000  # so many rows are corrected for hubness in that time
RANKING = 1600  # so many rows are ranked, to be fused
COST_WORDS = 774  # how many candidates that was; more of them cost more


class Subsets:
    """The scores of one source word with all candidates, for subsets of its pictures.

    Prepared once: with the pass over the candidates' pictures that one word needs, and, under a method that corrects
    for hubness, with one look at the whole matrix of its base.  Only this word changes: the other source words, whose
    scores such a method needs, keep all their pictures.
    """

    def __init__(
        self,
        source: ImageSets,
        target: ImageSets,
        word: str,
        method: str,
        bases: Mapping[str, Scores],
        facts: Facts | None = None,
    ) -> None:
        """Prepare a word.

        Args:
            bases: method → score matrix float32 (len(source), len(target)), of the methods that this one is made from,
                and those that these are; what is needed and not there is scored.
            facts: of the same target or word, to be kept where more is asked for.

        Raises:
            UnknownNameError: a method or a word that is not there; FeatureError: a matrix of other words.
        """
        self._prepare(facts_of(source, target, word, facts), find_method(method), bases)

    def _prepare(self, facts: WordFacts, method: Method, bases: Mapping[str, Scores]) -> None:
        self.facts, self.method = facts, method
        self.bases = [self._of(facts, base, bases) for base in method.bases]
        self._correct: Callable[[Floats], Floats] | None = None
        correction = correction_of(method)
        if correction:
            matrix = whole(facts.source, facts.target.target, method.bases[0], bases)
            others = np.delete(matrix.astype(np.float64), facts.source.row(facts.word), axis=0)
            self._correct = CORRECTED[correction](others)

    @classmethod
    def _of(cls, facts: WordFacts, name: str, bases: Mapping[str, Scores]) -> Subsets:
        made = cls.__new__(cls)
        made._prepare(facts, find_method(name), bases)
        return made

    @property
    def cost(self) -> int:
        """How many subsets may be scored in one go, so that it takes about 0.15 s with the demo (at least 1)."""
        return max(1, int(min(1.0, COST_WORDS / len(self.facts.target.target)) / self._share()))

    def _share(self) -> float:
        """The share of the 0.15 s that one subset takes."""
        if not self.bases:
            return 1 / COST.get(self.method.name, OTHERS)
        own = 1 / CORRECTING if self._correct is not None else len(self.bases) / RANKING
        return own + sum(base._share() for base in self.bases)

    def scores(self, kept: Masks) -> Floats:
        """The word's row of scores if only these pictures were its set.

        Args:
            kept: bool (k, n_pictures), in the order of the word's set.

        Returns:
            float64 (k, n_target), float32 numbers, within 1e-6 of those of scoring each subset as a word in the place
            of the whole one; nan for a candidate without pictures, and in the row of an empty subset.

        Raises:
            FeatureError: masks of another shape or type.
        """
        kept = checked(kept, len(self.facts.rows))
        found = np.full((len(kept), len(self.facts.target.target)), np.nan)
        some = np.flatnonzero(kept.any(axis=1))
        if not len(some) or self.facts.target.missing.all():
            return found
        width = max(found.shape[1], self.facts.source.dim)
        step = max(1, SCORES // width)
        for start in range(0, len(some), step):
            own = some[start : start + step]
            found[own] = self._rows(kept[own])
        return found

    def _rows(self, kept: Masks) -> Floats:
        if self._correct is not None:
            rows: Rows = self._correct(self.bases[0]._rows(kept))
        elif self.bases:
            rows = fuse([base._rows(kept) for base in self.bases], **RRF)
        else:
            known = PLAIN.get(self.method.name)
            rows = known(self.facts, kept) if known else _as_words(self.facts, kept, self.method.name)
        bounded = rows.astype(np.float32)
        found = np.clip(bounded, *self.method.bounds, out=bounded).astype(np.float64)
        found[:, self.facts.target.missing] = np.nan
        return found


def correction_of(method: Method) -> str:
    """The name of the correction that makes a method from its base: ``"csls"``, ``"isf"``, or ``""``."""
    suffix = method.name.removeprefix(f"{method.bases[0]}+") if method.bases else ""
    return suffix if suffix in CORRECTED else ""


def _shares(kept: Masks) -> Floats:
    """What each picture of each subset weighs: float64 (k, n), rows sum to 1."""
    found: Floats = kept / kept.sum(axis=1, keepdims=True)
    return found


def _avgmax(facts: WordFacts, kept: Masks) -> Rows:
    # Divided at the end: the sum of a few float32 numbers is exact, and so the pass has the same to the last bit.
    found: Floats = (kept.astype(np.float64) @ facts.known_best) / kept.sum(axis=1, keepdims=True)
    return found


def _maxmax(facts: WordFacts, kept: Masks) -> Rows:
    return subset_maxima(facts.best, kept)


def _cnn_mean(facts: WordFacts, kept: Masks) -> Rows:
    # The cosines could be had without a product for each subset, but not with the rounding that other words' have.
    return products(unit_rows(kept.astype(np.float64) @ facts.scaled), facts.target.means)


def _cnn_max(facts: WordFacts, kept: Masks) -> Rows:
    features = facts.source.features[facts.rows]
    exact = features if features.dtype == np.float64 else features.astype(np.float32)
    return products(unit_rows(subset_maxima(exact, kept)), facts.target.maxima)


def _knn(facts: WordFacts, kept: Masks) -> Rows:
    shares = _shares(kept)
    found = np.empty((len(kept), len(facts.target.target)), np.float32)
    step = max(1, knn.CHUNK_NUMBERS // found.shape[1])
    for start in range(0, len(kept), step):
        own = shares[start : start + step]
        found[start : start + step] = knn.break_ties(own @ facts.votes, own @ facts.alike)
    return found


def _knn_c(facts: WordFacts, kept: Masks) -> Rows:
    options = Options()
    deciding = np.zeros_like(kept)
    for mask, own in zip(kept, deciding, strict=True):
        found = knn.labels(facts.unit[mask], options.k, options.seed)
        clusters = np.zeros((found.max() + 1, len(mask)), bool)
        clusters[found, np.flatnonzero(mask)] = True
        clusters = clusters[clusters.any(axis=1)]
        own[:] = clusters[united(_shares(clusters) @ facts.votes, clusters.sum(axis=1))]
    return _knn(facts, deciding)


def _typical(facts: WordFacts, kept: Masks) -> Rows:
    # In 32 bits and one picture after the other, as the pass has the products: a rank can turn on the last bit.
    weights, best = typical_weights(facts.gram, kept).astype(np.float32), facts.known_best.astype(np.float32)
    found = np.zeros((len(kept), best.shape[1]))
    for own, row in zip(weights.T, best, strict=True):
        found += own[:, None] * row
    return found


def typical_weights(gram: Floats, kept: Masks) -> Floats:
    """``typicality`` of the pictures of each subset: cosines (n, n), bool (k, n) → float64 (k, n), rows sum to 1."""
    count = kept.sum(axis=1, keepdims=True)
    mean = (kept.astype(np.float64) @ gram - np.diag(gram)) / np.maximum(count - 1, 1)
    clipped = np.where(kept & (mean > NOTHING), mean, 0)  # one picture alone has no other: 0
    total = clipped.sum(axis=1, keepdims=True)
    found: Floats = np.where(total > 0, clipped / np.where(total > 0, total, 1), kept / count)
    return found


def _sym(facts: WordFacts, kept: Masks) -> Rows:
    target = facts.target.target
    used, places = np.unique(target.members, return_inverse=True)
    places = places.reshape(-1)
    cosines = best_cosines(facts.pictures, alone(target, used))
    full = np.flatnonzero(~facts.target.missing)
    sums = np.zeros((len(kept), len(target)))
    step = max(1, NUMBERS // len(target.members))
    for start in range(0, len(kept), step):
        nearest = subset_maxima(cosines, kept[start : start + step])[:, places]
        sums[start : start + step, full] = np.add.reduceat(nearest, target.offsets[full], axis=1, dtype=np.float64)
    backward = (sums / np.maximum(target.sizes, 1)).astype(np.float32)  # rounded where the pass rounds
    return (_avgmax(facts, kept).astype(np.float32) + backward) / 2


def _sinkhorn(facts: WordFacts, kept: Masks) -> Rows:
    from cldi_core.scoring.transport import sinkhorn

    return sinkhorn(as_words(facts.source, facts.word, kept), facts.target.target, **SINKHORN)  # type: ignore[arg-type]


def _as_words(facts: WordFacts, kept: Masks, method: str) -> Rows:
    return score(as_words(facts.source, facts.word, kept), facts.target.target, method)


PLAIN: dict[str, Callable[[WordFacts, Masks], Rows]] = {
    "avgmax": _avgmax,
    "maxmax": _maxmax,
    "cnn-mean": _cnn_mean,
    "cnn-max": _cnn_max,
    "knn": _knn,
    "knn-c": _knn_c,
    "avgmax-sym": _sym,
    "avgmax-typical": _typical,
    "sinkhorn": _sinkhorn,
}


def _csls(others: Floats) -> Callable[[Floats], Floats]:
    """How a row is corrected beside those of the other words, (n_source - 1, n_target), which stay as they are."""
    k = int(CSLS["k"])
    known = np.where(np.isnan(others), -np.inf, others)
    if len(known) > k:
        known = np.partition(known, len(known) - k, axis=0)[len(known) - k :]
    found = ~np.isneginf(known)
    count, total = found.sum(axis=0), np.where(found, known, 0).sum(axis=0)
    full = count == k
    lowest = np.where(full, known.min(axis=0, initial=np.inf), 0)

    def correct(rows: Floats) -> Floats:
        # The row's score takes the place of the lowest of the k, or is one more where there are fewer.
        sums = np.where(full, total - lowest + np.maximum(lowest, rows), total + rows)
        found: Floats = 2 * rows - neighbourhood(rows, k)[:, None] - sums / np.where(full, k, count + 1)
        return found

    return correct


def _isf(others: Floats) -> Callable[[Floats], Floats]:
    beta = ISF["beta"]
    rest = log_sum(beta * others)

    def correct(rows: Floats) -> Floats:
        likelihood: Floats = beta * rows - np.logaddexp(rest, np.where(np.isnan(rows), 0, beta * rows))
        return likelihood

    return correct


CORRECTED: dict[str, Callable[[Floats], Callable[[Floats], Floats]]] = {"csls": _csls, "isf": _isf}
