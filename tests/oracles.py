"""Literal definitions of the numeric core: slow loops in float64, written from the papers and not from the code.

A language is a list with one entry per word, the word's pictures: a list of feature vectors, possibly empty.
A picture of several words simply stands in several entries.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Collection, Sequence

import numpy as np

Vector = Sequence[float]
Pictures = Sequence[Vector]
EQUAL = 1e-6  # cosines closer than this count as equal, as the code promises


def unit(x: Vector) -> list[float]:
    length = math.hypot(*(float(v) for v in x))
    return [float(v) / length if length else 0.0 for v in x]


def cosine(x: Vector, y: Vector) -> float:
    return sum(a * b for a, b in zip(unit(x), unit(y), strict=True))


def avgmax(source: Pictures, target: Pictures) -> float:
    return sum(max(cosine(i, j) for j in target) for i in source) / len(source)


def maxmax(source: Pictures, target: Pictures) -> float:
    return max(cosine(i, j) for i in source for j in target)


def mean_cosine(source: Pictures, target: Pictures) -> float:
    return sum(cosine(i, j) for i in source for j in target) / (len(source) * len(target))


def cnn_mean(source: Pictures, target: Pictures) -> float:
    def mean(pictures: Pictures) -> list[float]:
        return [sum(float(v) for v in column) / len(pictures) for column in zip(*pictures, strict=True)]

    return cosine(mean(source), mean(target))


def cnn_max(source: Pictures, target: Pictures) -> float:
    def largest(pictures: Pictures) -> list[float]:
        return [max(float(v) for v in column) for column in zip(*pictures, strict=True)]

    return cosine(largest(source), largest(target))


PAIRWISE: dict[str, Callable[[Pictures, Pictures], float]] = {
    "avgmax": avgmax,
    "maxmax": maxmax,
    "cnn-mean": cnn_mean,
    "cnn-max": cnn_max,
}


def table(measure: Callable[[Pictures, Pictures], float], source: list[Pictures], target: list[Pictures]) -> np.ndarray:
    """The measure of every source word with every target word, nan where one has no pictures."""
    return np.array([[measure(s, t) if len(s) and len(t) else math.nan for t in target] for s in source])


def knn_row(pictures: Pictures, target: list[Pictures]) -> list[float]:
    """Vote shares of one source word: every picture has one vote, which the owners of its nearest picture divide."""
    votes = [math.nan if len(t) == 0 else 0.0 for t in target]
    for picture in pictures:
        best = {word: max(cosine(picture, j) for j in t) for word, t in enumerate(target) if len(t)}
        owners = [word for word, value in best.items() if value > max(best.values()) - EQUAL]
        for word in owners:
            votes[word] += 1 / len(owners) / len(pictures)
    return votes if len(pictures) else [math.nan] * len(target)


def knn(source: list[Pictures], target: list[Pictures]) -> np.ndarray:
    return np.array([knn_row(pictures, target) for pictures in source])


def united_cluster(pictures: Pictures, labels: Sequence[int], target: list[Pictures]) -> list[Vector]:
    """The cluster with the largest vote share; between equal shares the larger one, then the first."""
    clusters = [[p for p, own in zip(pictures, labels, strict=True) if own == label] for label in sorted(set(labels))]

    def share(cluster: list[Vector]) -> float:
        return round(max(v for v in knn_row(cluster, target) if not math.isnan(v)), 9)

    return max(clusters, key=lambda cluster: (share(cluster), len(cluster))) if clusters else []


def answers(shares: Sequence[float], tie_break: Sequence[float]) -> set[int]:
    """The columns with the most votes and, among those, the highest mean cosine."""
    known = [column for column, share in enumerate(shares) if not math.isnan(share)]
    top = max(shares[column] for column in known)
    first = [column for column in known if shares[column] > top - 1e-9]
    nearest = max(tie_break[column] for column in first)
    return {column for column in first if tie_break[column] > nearest - EQUAL}


def dispersion(pictures: Pictures) -> float:
    n = len(pictures)
    if n < 2:
        return math.nan
    return 2 / (n * (n - 1)) * sum(1 - cosine(pictures[k], pictures[j]) for j in range(n) for k in range(j))


def ranks(scores: Sequence[float]) -> list[float]:
    """The rank of every candidate: the mean of the places that it shares with all that are within ``EQUAL`` of it."""

    def rank(score: float) -> float:
        above = sum(other > score + EQUAL for other in scores)
        tied = sum(abs(other - score) <= EQUAL or other == score for other in scores)
        return math.nan if math.isnan(score) else above + (tied + 1) / 2

    return [rank(float(score)) for score in scores]


def gold_ranks(scores: Sequence[Sequence[float]], gold: Sequence[Collection[int]]) -> list[float]:
    """Where the first right answer is to be expected if all within ``EQUAL`` of the best come in random order."""

    def rank(row: Sequence[float], right: Collection[int]) -> float:
        known = [row[column] for column in set(right) if not math.isnan(row[column])]
        if not known:
            return math.nan
        above = sum(score > max(known) + EQUAL for score in row)
        tied, ours = (sum(abs(score - max(known)) <= EQUAL for score in some) for some in (row, known))
        return above + (tied + 1) / (ours + 1)

    return [rank(row, right) for row, right in zip(scores, gold, strict=True)]


def bootstrap(rows: list[list[float]], draws: list[list[int]]) -> list[float]:
    """The mean over pairs (columns) of the means over words (rows), for each draw of row numbers."""
    return [mean_of_means([rows[i] for i in draw]) for draw in draws]


def mean_of_means(rows: list[list[float]]) -> float:
    columns = [[v for v in column if not math.isnan(v)] for column in zip(*rows, strict=True)]
    means = [sum(column) / len(column) for column in columns if column]
    return sum(means) / len(means)


def chance(candidates: int, right: int) -> float:
    """The mean of 1/(best rank of the first ``right`` candidates) over all orders of the candidates."""
    orders = list(itertools.permutations(range(candidates)))
    return sum(1 / (1 + min(order.index(answer) for answer in range(right))) for order in orders) / len(orders)
