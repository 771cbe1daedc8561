"""How each picture of a source word made its score with one candidate, under every method.

A score is taken apart into a share of each source picture and, by name, what is no picture's: the sum of them all is
the score.  The shares are computed from the method's definition, never as what is left of the score.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from cldi_core.scoring import Scores, knn
from cldi_core.scoring.hubness import fuse, neighbourhood
from cldi_core.scoring.imagesets import ImageSets, Numbers
from cldi_core.scoring.methods import CSLS, ISF, RRF, SHORT, SHORT_BASE, SINKHORN, Method, find_method
from cldi_core.scoring.scores import score
from cldi_core.scoring.subsets import correction_of
from cldi_core.scoring.ties import TIE, ranks
from cldi_core.scoring.typicality import typicality
from cldi_core.scoring.word_facts import (
    Facts,
    Floats,
    WordFacts,
    alone,
    best_cosines,
    facts_of,
    log_sum,
    scaled,
    united,
    whole,
    word_row,
)

Parts = tuple[tuple[str, float], ...]
NEAR_SOURCE = "neighbourhood of the source word"
NEAR_CANDIDATE = "neighbourhood of the candidate"
ALL_WORDS = "all source words with the candidate"
PLACE = "place among equal shares"
ROUNDING = "rounding of the score to 32 bits"
NOTHING = 1e-8  # of a score; less is not worth a part of its own
RANK = "rank under {}"
BELOW = "place below the short list"
WHOLE = "not taken apart under this method"


@dataclass(frozen=True)
class Attribution:
    """One score, taken apart: ``Σ shares + correction`` is ``score``, within 1e-6 of the larger of 1 and its size.

    Attributes:
        score: as the method has it; nan for a word or a candidate without pictures, and then all arrays are empty.
        shares: float64 (n,), what each picture of the source word gave, in the order of its set.
        match: int64 (n,), the place, among the candidate's pictures, of the one that each is set beside: its best
            match, the first of equal ones; under optimal transport the one that gets most of its weight.
        cosines: float32 (n,), their cosines.
        parts: what is no picture's, by name.
    """

    score: float
    shares: Floats
    match: Numbers
    cosines: NDArray[np.float32]
    parts: Parts

    @property
    def correction(self) -> float:
        """What is no picture's: the sum of the parts."""
        return float(sum(value for _, value in self.parts))


@dataclass(frozen=True)
class _Two:
    """A source word and a candidate, both with pictures, and what methods need to know of them."""

    word: WordFacts
    candidate: str
    bases: Mapping[str, Scores]

    @property
    def source(self) -> ImageSets:
        return self.word.source

    @property
    def target(self) -> ImageSets:
        return self.word.target.target

    @cached_property
    def cosines(self) -> NDArray[np.float32]:
        """float32 (n, m): of all pairs of their pictures, to the last bit those that scoring uses."""
        return best_cosines(self.word.pictures, alone(self.target, self.target.rows(self.candidate)))

    @cached_property
    def best(self) -> Floats:
        """float64 (n,): each source picture's best cosine."""
        found: Floats = self.cosines.max(axis=1).astype(np.float64)
        return found

    @property
    def count(self) -> int:
        """How many pictures the source word has."""
        return len(self.word.rows)


@dataclass(frozen=True)
class _Made:
    """A score with its shares.

    Attributes:
        match: where it is not each picture's best one.
        rounding: the score less the exact one, where it was rounded more than once (sums of a thousand float32
            products were 4e-7 off): nothing beside a cosine, but the inverted softmax makes thirty times as much of it.
    """

    score: float
    shares: Floats
    parts: Parts = ()
    match: Numbers | None = None
    rounding: float = 0.0


def attribution(
    source: ImageSets,
    target: ImageSets,
    word: str,
    candidate: str,
    method: str,
    bases: Mapping[str, Scores],
    facts: Facts | None = None,
) -> Attribution:
    """Take the score of a source word with one candidate apart.

    AVGMAX: each picture's best cosine, over n.  MAXMAX: the best pair (the first of equal ones) has it all.  CNN-MEAN:
    a cosine with a mean is the mean of products, one of each picture.  CNN-MAX: each dimension's product is that of the
    picture whose feature is the maximum; equal ones divide it.  KNN: each picture's vote, over n; the step that tells
    equal shares apart is a part.  KNN-C: the same for the cluster that decides, other pictures gave nothing.  AVGMAX
    both ways: half is AVGMAX's, and each picture of the candidate gives its half to its best match (equal ones divide
    it).  AVGMAX weighted: weight times best cosine.  Optimal transport: what each picture's weight moves, times the
    cosines; below a short list, AVGMAX both ways with the step down to it as a part.  CSLS and the inverted softmax:
    the base's shares, times 2 or β, and the neighbourhoods as parts.  Rank
    fusion: ranks make it, not pictures; the shares are 0, and each fused method is a part.

    Args:
        bases: method → score matrix float32 (len(source), len(target)), of the methods that this one is made from;
            what is needed and not there is scored.
        facts: of the same target or word, to be kept where more is asked for.

    Raises:
        UnknownNameError: a word, candidate or method that is not there; FeatureError: a matrix of other words.
    """
    made = find_method(method)
    two = _Two(facts_of(source, target, word, facts), candidate, bases)
    if not two.count or not len(target.rows(candidate)):
        return Attribution(np.nan, np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.float32), ())
    found = _made(two, made)
    match = _first_best(two.cosines) if found.match is None else found.match
    cosines = two.cosines[np.arange(two.count), match]
    return Attribution(found.score, found.shares, match.astype(np.int64), cosines, found.parts)


def _first_best(values: NDArray[np.floating]) -> Numbers:
    """The place of each row's first value that is equal to its highest one."""
    first: Numbers = (values >= values.max(axis=1, keepdims=True) - np.float32(TIE)).argmax(axis=1)
    return first


def _made(two: _Two, method: Method) -> _Made:
    correction = correction_of(method)
    if correction:
        return CORRECTED[correction](two, _made(two, find_method(method.bases[0])), method.bases[0])
    if method.bases:
        return _fused(two, method)
    return PLAIN[method.name](two) if method.name in PLAIN else _unknown(two, method.name)


def _score(two: _Two, method: str) -> float:
    """The score as it stands in the whole matrix, of a method that looks at the two words alone."""
    return float(score(two.source.select([two.word.word]), two.target.select([two.candidate]), method)[0, 0])


def _unknown(two: _Two, method: str) -> _Made:
    """The score of a method that somebody has added, in one piece: nothing here tells what each picture gave."""
    total = _score(two, method)
    return _Made(total, np.zeros(two.count), ((WHOLE, total),))


def _avgmax(two: _Two) -> _Made:
    return _measured(two, "avgmax", two.best / two.count)


def _measured(two: _Two, method: str, shares: Floats) -> _Made:
    total = float(shares.sum())  # rounding can carry cosines past 1, and scores are cut off there
    return _Made(_score(two, method), shares, rounding=float(np.clip(total, *find_method(method).bounds)) - total)


def _maxmax(two: _Two) -> _Made:
    shares = np.zeros(two.count)
    first = int((two.best >= two.best.max() - TIE).argmax())
    shares[first] = two.best.max()
    return _measured(two, "maxmax", shares)


def _features(two: _Two) -> tuple[Floats, Floats]:
    return two.word.scaled, scaled(two.target, two.target.rows(two.candidate))


def _direction(vector: Floats) -> Floats:
    length = float(np.linalg.norm(vector))
    return vector / length if length > 0 else vector


def _cnn_mean(two: _Two) -> _Made:
    own, other = _features(two)
    length = float(np.linalg.norm(own.sum(axis=0))) or 1.0
    shares = own @ _direction(other.mean(axis=0)) / length
    return _pooled(two, "cnn-mean", shares, own.mean(axis=0), other.mean(axis=0))


def _cnn_max(two: _Two) -> _Made:
    own, other = _features(two)
    highest = own.max(axis=0)
    owners = own == highest
    products = _direction(highest) * _direction(other.max(axis=0))
    return _pooled(two, "cnn-max", (owners / owners.sum(axis=0)) @ products, highest, other.max(axis=0))


def _pooled(two: _Two, method: str, shares: Floats, own: Floats, other: Floats) -> _Made:
    found = _score(two, method)
    return _Made(found, shares, rounding=found - float(_direction(own) @ _direction(other)))


def _knn(two: _Two) -> _Made:
    return _votes(two, np.ones(two.count, bool))


def _knn_c(two: _Two) -> _Made:
    clusters = two.word.clusters
    sizes = clusters.sum(axis=1)
    return _votes(two, clusters[united(clusters @ two.word.votes / sizes[:, None], sizes)])


def _votes(two: _Two, voters: NDArray[np.bool_]) -> _Made:
    column = two.target.row(two.candidate)
    weights = voters / voters.sum()
    shares, alike = weights @ two.word.votes, weights @ two.word.alike
    place = _place(shares, alike, column)
    found = float(knn.break_ties(shares[None], alike[None])[0, column])
    return _Made(found, weights * two.word.votes[:, column], ((PLACE, knn.STEP * place),))


def _place(shares: Floats, alike: Floats, column: int) -> float:
    """How many steps ``knn.break_ties`` lifts one candidate: its place in mean cosine among those of equal shares."""
    order = np.argsort(shares)
    classes = np.empty(len(shares), np.int64)
    classes[order] = np.cumsum(np.diff(shares[order], prepend=-np.inf) > TIE)
    equal = classes == classes[column]
    levels = np.cumsum(np.diff(np.sort(alike[equal]), prepend=-np.inf) > TIE) - 1
    place = levels[np.searchsorted(np.sort(alike[equal]), alike[column])]
    above = shares[classes > classes[column]].min(initial=np.inf)
    room = max(np.floor((above - shares[equal].min()) / knn.STEP) - 1, 0)  # so that none is lifted to a larger share
    return float(max(place - max(levels[-1] - room, 0), 0))


def _sym(two: _Two) -> _Made:
    highest = two.cosines.max(axis=0)
    owners = two.cosines >= highest - np.float32(TIE)
    backward = (owners / owners.sum(axis=0)) @ highest.astype(np.float64) / len(highest)
    found = _score(two, "avgmax-sym")
    exact = (float(two.best.mean()) + float(highest.mean(dtype=np.float64))) / 2
    return _Made(found, (two.best / two.count + backward) / 2, rounding=found - exact)


def _typical(two: _Two) -> _Made:
    # In 32 bits, as the pass has the products.
    weights = typicality(two.source.select([two.word.word])).astype(np.float32)
    return _measured(two, "avgmax-typical", (weights * two.cosines.max(axis=1)).astype(np.float64))


def _sinkhorn(two: _Two) -> _Made:
    from cldi_core.scoring.transport import plan_of

    plan = plan_of(two.source, two.target, two.word.word, two.candidate, **SINKHORN)  # type: ignore[arg-type]
    shares = (plan.weights * plan.cosines).sum(axis=1)
    return _Made(_score(two, "sinkhorn"), shares, match=plan.weights.argmax(axis=1))


def _sinkhorn_short(two: _Two) -> _Made:
    from cldi_core.scoring.transport_short import listed, step_down

    base = word_row(two.source, two.target, two.word.word, SHORT_BASE, two.bases)[None]
    chosen = listed(base, SHORT["k"])
    if chosen[0, two.target.row(two.candidate)]:
        return _sinkhorn(two)
    made = _sym(two)
    step = float(
        step_down(base, chosen, word_row(two.source, two.target, two.word.word, "sinkhorn-short", {})[None])[0]
    )
    return replace(made, score=float(np.float32(made.score + step)), parts=((BELOW, step),))


PLAIN: dict[str, Callable[[_Two], _Made]] = {
    "avgmax": _avgmax,
    "maxmax": _maxmax,
    "cnn-mean": _cnn_mean,
    "cnn-max": _cnn_max,
    "knn": _knn,
    "knn-c": _knn_c,
    "avgmax-sym": _sym,
    "avgmax-typical": _typical,
    "sinkhorn": _sinkhorn,
    "sinkhorn-short": _sinkhorn_short,
}


def _times(factor: float, base: _Made) -> tuple[Floats, Parts]:
    return factor * base.shares, tuple((name, factor * value) for name, value in base.parts)


def _cross(two: _Two, base: str) -> tuple[float, Floats, Floats]:
    """The base's score in its matrix, and the row (1, n_target) and column (n_source, 1) in which it stands."""
    matrix = whole(two.source, two.target, base, two.bases)
    row, column = two.source.row(two.word.word), two.target.row(two.candidate)
    own, other = matrix[[row]].astype(np.float64), matrix[:, [column]].astype(np.float64)
    return float(matrix[row, column]), own, other


def _csls(two: _Two, base: _Made, name: str) -> _Made:
    value, row, column = _cross(two, name)
    near = [float(neighbourhood(values, int(CSLS["k"]))[0]) for values in (row, column.T)]
    shares, parts = _times(2, base)
    corrected = float(np.float32(2 * value - near[0] - near[1]))
    return _Made(corrected, shares, (*parts, (NEAR_SOURCE, -near[0]), (NEAR_CANDIDATE, -near[1])), base.match)


def _isf(two: _Two, base: _Made, name: str) -> _Made:
    beta = ISF["beta"]
    value, _, column = _cross(two, name)
    total = float(log_sum(beta * column)[0])
    shares, parts = _times(beta, base)
    if abs(base.rounding) > NOTHING:
        parts = (*parts, (ROUNDING, beta * base.rounding))
    return _Made(float(np.float32(beta * value - total)), shares, (*parts, (ALL_WORDS, -total)), base.match)


CORRECTED: dict[str, Callable[[_Two, _Made, str], _Made]] = {"csls": _csls, "isf": _isf}


def _fused(two: _Two, method: Method) -> _Made:
    column = two.target.row(two.candidate)
    rows = [word_row(two.source, two.target, two.word.word, base, two.bases)[None] for base in method.bases]
    given = [1 / (RRF["k"] + ranks(row)[0, column]) for row in rows]
    parts = tuple(
        (RANK.format(find_method(base).label), float(value)) for base, value in zip(method.bases, given, strict=True)
    )
    return _Made(float(fuse(rows, **RRF)[0, column]), np.zeros(two.count), parts)
