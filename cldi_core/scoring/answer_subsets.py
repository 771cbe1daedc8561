"""A candidate's scores with one source word if only some of the candidate's pictures were its set.

Where a score depends on the two words alone (``Method.local``), the other candidates' scores stay as they are.  Under
KNN and KNN-C they do not: votes that the candidate loses move to others, which is why whole rows are given here; and
where it leaves a short list, another takes its place.  A
single score says nothing of that: a candidate that keeps its votes may still lose its place to one that gains some.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from cldi_core.scoring import Scores, knn
from cldi_core.scoring.hubness import fuse, neighbourhood
from cldi_core.scoring.imagesets import ImageSets
from cldi_core.scoring.methods import CSLS, ISF, RRF, Method, find_method
from cldi_core.scoring.pooling import aggregate
from cldi_core.scoring.scores import score
from cldi_core.scoring.subsets import NUMBERS, OTHERS, Rows, correction_of
from cldi_core.scoring.word_facts import (
    Facts,
    Floats,
    Masks,
    WordFacts,
    as_words,
    best_cosines,
    checked,
    facts_of,
    log_sum,
    united,
    votes,
    whole,
    word_row,
)

# Under these methods, leaving pictures of a candidate out can only lower its score and leaves all other candidates'
# where they are, so that it can only lose places: nobody need look there for what would have saved it.  Their scores
# are sums of maxima over the candidate's pictures, in which each maximum has a weight that depends on the source word
# alone and is at least 0 (1/n; 1 for the best pair, a maximum itself; typicality, which is clipped at 0); the maximum
# over a part of a set is at most that over the whole.
# Not KNN and KNN-C: a candidate's vote share can only fall too, but among equal shares (0 above all) its place is that
# of its mean cosine, which rises when a picture that is far from all is left out; and under KNN-C another cluster may
# come to decide.  Not CSLS: its second neighbourhood, which is subtracted, falls as well.  Not the inverted softmax,
# for the same reason.  Not the others: means, of vectors or of the candidate's own best matches, can rise.
MONOTONE = frozenset({"avgmax", "maxmax", "avgmax-typical"})


def monotone(method: str) -> bool:
    """Whether leaving pictures of a candidate out can only worsen its rank: also of a fusion of such methods.

    Raises:
        UnknownNameError: there is no such method.
    """
    made = find_method(method)
    return method in MONOTONE or (bool(made.bases) and not correction_of(made) and all(map(monotone, made.bases)))


# How many subsets of a candidate's pictures take about 0.15 s with the demo (see ``subsets.COST``), by plain method.
ANSWER_COST = {
    "avgmax": 1000,
    "maxmax": 1000,
    "cnn-mean": 1000,
    "cnn-max": 1000,
    "knn": 100,
    "knn-c": 50,
    "avgmax-sym": 1000,
    "avgmax-typical": 1000,
    "sinkhorn": 200,
    "sinkhorn-short": 5,
}


def answer_cost(method: str) -> int:
    """How many subsets of a candidate's pictures are scored in about 0.15 s with the demo.

    0 where each of them needs the whole matrix anew (votes, a short list or a fusion, corrected for hubness), which
    takes seconds.

    Raises:
        UnknownNameError: there is no such method.
    """
    made = find_method(method)
    if correction_of(made):
        return ANSWER_COST.get(made.bases[0], OTHERS) // 20 if find_method(made.bases[0]).local else 0
    if made.bases:
        return min(map(answer_cost, made.bases)) // len(made.bases)
    return ANSWER_COST.get(method, OTHERS)


def answer_rows(
    source: ImageSets,
    target: ImageSets,
    word: str,
    candidate: str,
    method: str,
    kept: Masks,
    bases: Mapping[str, Scores],
    facts: Facts | None = None,
) -> Floats:
    """The word's row of scores if only these of one candidate's pictures were that candidate's set.

    Args:
        kept: bool (k, m), over the candidate's pictures in the order of its set.
        bases: as ``Subsets`` takes them; of a plain method its own matrix spares the scoring of the word's row.
        facts: of the same target or word, to be kept where more is asked for.

    Returns:
        float64 (k, n_target), float32 numbers, within 1e-6 of scoring from scratch; the candidate's is nan where it
        keeps no picture.

    Raises:
        UnknownNameError: a method or a word that is not there; FeatureError: masks or matrices of another shape.
    """
    kept = checked(kept, len(target.rows(candidate)))
    made = find_method(method)
    if not len(kept):
        return np.zeros((0, len(target)))
    asked = _Asked(facts_of(source, target, word, facts), candidate, kept, bases)
    return np.asarray(asked.rows(made), np.float64)


class _Asked:
    """One question: a word, a candidate and the subsets of its pictures."""

    def __init__(self, word: WordFacts, candidate: str, kept: Masks, bases: Mapping[str, Scores]) -> None:
        self.word, self.candidate, self.kept, self.bases = word, candidate, kept, bases
        self.source, self.target = word.source, word.target.target
        self.column = self.target.row(candidate)
        self.variants = as_words(self.target, candidate, kept)

    def rows(self, method: Method) -> Scores:
        """float32 (k, n_target)."""
        correction = correction_of(method)
        if correction:
            base = find_method(method.bases[0])
            return CORRECTED[correction](self, base) if base.local else self.from_scratch(method)
        if method.bases:
            return fuse([self.rows(find_method(base)) for base in method.bases], **RRF)
        if method.votes:
            return self.voted(method)
        return self.local(method) if method.local else np.stack([self.again(one, method)[0] for one in self.lessened()])

    def local(self, method: Method) -> Scores:
        """All is as it was but the candidate's score, which is that of its subsets as words."""
        row = word_row(self.source, self.target, self.word.word, method.name, self.bases)
        found = np.tile(row, (len(self.kept), 1))
        found[:, self.column] = score(self.source.select([self.word.word]), self.variants, method.name)[0]
        return found

    def voted(self, method: Method) -> Scores:
        """The votes of the word's pictures when the candidate's best matches are other ones."""
        facts = self.word
        if not len(facts.rows) or facts.target.missing.all():
            return np.full((len(self.kept), len(self.target)), np.nan, np.float32)
        clusters = _clusters(facts, method)
        own_best = best_cosines(facts.pictures, self.variants).T
        own_alike = (facts.unit.astype(np.float64) @ aggregate(self.variants, "mean", unit=True).T).T
        missing = np.tile(facts.target.missing, (len(self.kept), 1))
        missing[:, self.column] = ~self.kept.any(axis=1)
        found = np.empty(missing.shape, np.float32)
        step = max(1, NUMBERS // facts.best.size)
        for start in range(0, len(found), step):
            span = slice(start, start + step)
            best = np.tile(facts.best, (len(own_best[span]), 1, 1))
            best[:, :, self.column] = own_best[span]
            cast = clusters @ votes(best)  # (subsets, clusters, n_target)
            deciding = [united(shares, (clusters > 0).sum(axis=1)) for shares in cast]
            alike = clusters[deciding] @ facts.alike
            alike[:, self.column] = (clusters[deciding] * own_alike[span]).sum(axis=1)
            found[span] = knn.break_ties(cast[np.arange(len(cast)), deciding], alike)
        nowhere = missing.all(axis=1, keepdims=True)
        return np.where(missing | nowhere, np.float32(np.nan), found)

    def base_rows(self, base: Method) -> tuple[Floats, Floats, Floats]:
        """What a correction needs: the rows, the whole matrix, and the candidate's columns (n_source, k)."""
        matrix = whole(self.source, self.target, base.name, self.bases)
        given = {**self.bases, base.name: matrix}
        rows = _Asked(self.word, self.candidate, self.kept, given).rows(base)
        columns = score(self.source, self.variants, base.name)
        return rows.astype(np.float64), matrix.astype(np.float64), columns.astype(np.float64)

    def lessened(self) -> Iterator[ImageSets]:
        """All candidates, this one with each of its subsets."""
        own = self.target.rows(self.candidate)
        return (self.target.with_rows(self.candidate, own[mask]) for mask in self.kept)

    def again(self, target: ImageSets, method: Method) -> Scores:
        """The word's scores with these candidates, float32 (1, n_target): where the others' places depend on it."""
        return score(self.source.select([self.word.word]), target, method.name)

    def from_scratch(self, method: Method) -> Scores:
        """One whole matrix for each subset: where all words' votes move, and a correction needs all of them."""
        row = self.source.row(self.word.word)
        return np.stack([score(self.source, target, method.name)[row] for target in self.lessened()])


def _clusters(facts: WordFacts, method: Method) -> Floats:
    """What each picture weighs in each cluster that votes: float64 (n_clusters, n), rows sum to 1."""
    if method.name == "knn":
        return np.full((1, len(facts.rows)), 1 / len(facts.rows))
    found: Floats = facts.clusters / facts.clusters.sum(axis=1, keepdims=True)
    return found


def _csls(asked: _Asked, base: Method) -> Scores:
    k = int(CSLS["k"])
    rows, matrix, columns = asked.base_rows(base)
    nearby = np.tile(neighbourhood(matrix.T, k), (len(rows), 1))
    nearby[:, asked.column] = neighbourhood(columns.T, k)
    found: Rows = 2 * rows - neighbourhood(rows, k)[:, None] - nearby
    return found.astype(np.float32)


def _isf(asked: _Asked, base: Method) -> Scores:
    beta = ISF["beta"]
    rows, matrix, columns = asked.base_rows(base)
    total = np.tile(log_sum(beta * matrix), (len(rows), 1))
    total[:, asked.column] = log_sum(beta * columns)
    found: NDArray[np.float64] = beta * rows - np.where(np.isneginf(total), 0, total)
    return found.astype(np.float32)


CORRECTED: dict[str, Callable[[_Asked, Method], Scores]] = {"csls": _csls, "isf": _isf}
