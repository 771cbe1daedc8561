"""More literal definitions: hubness corrections, optimal transport and picture weights, as slow loops in float64."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from tests.oracles import Pictures, avgmax, cosine, ranks

Scores = Sequence[Sequence[float]]


def known(values: Sequence[float]) -> list[float]:
    return [value for value in values if not math.isnan(value)]


def csls(scores: Scores, k: int) -> list[list[float]]:
    def neighbourhood(values: Sequence[float]) -> float:
        highest = sorted(known(values), reverse=True)[:k]
        return sum(highest) / len(highest) if highest else math.nan

    rows = [neighbourhood(row) for row in scores]
    columns = [neighbourhood(column) for column in zip(*scores, strict=True)]
    return [[2 * s - r - c for s, c in zip(row, columns, strict=True)] for row, r in zip(scores, rows, strict=True)]


def inverted_softmax(scores: Scores, beta: float) -> list[list[float]]:
    """Probabilities, not their logarithms; beta has to be small."""
    sums = [sum(math.exp(beta * s) for s in known(column)) for column in zip(*scores, strict=True)]
    return [
        [math.nan if math.isnan(s) else math.exp(beta * s) / total for s, total in zip(row, sums, strict=True)]
        for row in scores
    ]


def fuse(matrices: Sequence[Scores], k: float) -> list[list[float]]:
    ranked = [[ranks(row) for row in matrix] for matrix in matrices]
    return [
        [sum(1 / (k + matrix[i][j]) for matrix in ranked) for j in range(len(ranked[0][i]))]
        for i in range(len(ranked[0]))
    ]


def soft_minimum(costs: Sequence[float], epsilon: float) -> float:
    """``-epsilon · log(mean of exp(-cost / epsilon))``."""
    least = min(costs)
    return least - epsilon * math.log(sum(math.exp((least - cost) / epsilon) for cost in costs) / len(costs))


def sinkhorn(source: Pictures, target: Pictures, epsilon: float, iterations: int) -> float:
    """The mean cosine under the plan after some iterations on the potentials, rows first; they start at 0."""
    cosines = [[cosine(i, j) for j in target] for i in source]
    n, m = len(source), len(target)
    f, g = [0.0] * n, [0.0] * m
    for _ in range(iterations):
        f = [soft_minimum([1 - cosines[i][j] - g[j] for j in range(m)], epsilon) for i in range(n)]
        g = [soft_minimum([1 - cosines[i][j] - f[i] for i in range(n)], epsilon) for j in range(m)]
    return sum(
        math.exp((f[i] + g[j] - 1 + cosines[i][j]) / epsilon) / (n * m) * cosines[i][j]
        for i in range(n)
        for j in range(m)
    )


def settled(source: Pictures, target: Pictures, epsilon: float) -> float:
    """The same after so many iterations that the potentials stand still (or 20,000); whole rows at a time.

    Remembered: most awkward cases of scoring are the same numbers, held in memory in another way.
    """
    own, others = (tuple(tuple(map(float, picture)) for picture in pictures) for pictures in (source, target))
    return _settled(own, others, epsilon)


@cache
def _settled(source: Pictures, target: Pictures, epsilon: float) -> float:
    cosines = np.array([[cosine(i, j) for j in target] for i in source])
    f, g = np.zeros(len(source)), np.zeros(len(target))
    for _ in range(20_000):
        before = f
        f = -epsilon * np.log(np.exp((cosines - 1 + g) / epsilon).mean(axis=1))
        g = -epsilon * np.log(np.exp((cosines - 1 + f[:, None]) / epsilon).mean(axis=0))
        if np.abs(f - before).max() < 1e-10:
            break
    plan = np.exp((f[:, None] + g - 1 + cosines) / epsilon) / cosines.size
    return float((plan * cosines).sum())


def assignment(source: Pictures, target: Pictures) -> float:
    """The best mean cosine of two sets of the same size paired off."""
    orders = itertools.permutations(target)
    return max(sum(cosine(i, j) for i, j in zip(source, order, strict=True)) / len(source) for order in orders)


def typicality(pictures: Pictures) -> list[float]:
    n = len(pictures)
    means = [
        max(sum(cosine(pictures[i], pictures[j]) for j in range(n) if j != i) / max(n - 1, 1), 0.0) for i in range(n)
    ]
    kept = [mean if mean > 1e-6 else 0.0 for mean in means]
    return [mean / sum(kept) if sum(kept) else 1 / n for mean in kept]


def both_ways(source: Pictures, target: Pictures) -> float:
    return (avgmax(source, target) + avgmax(target, source)) / 2


def typical(source: Pictures, target: Pictures) -> float:
    weights = typicality(source)
    return sum(weight * max(cosine(i, j) for j in target) for weight, i in zip(weights, source, strict=True))


PAIRWISE: dict[str, Callable[[Pictures, Pictures], float]] = {
    "avgmax-sym": both_ways,
    "avgmax-typical": typical,
    "sinkhorn": lambda source, target: settled(source, target, 0.05),
    "sinkhorn-short": lambda source, target: settled(source, target, 0.05),  # of so few candidates all are listed
}
COMPOSED: dict[str, Callable[[Sequence[Scores]], list[list[float]]]] = {
    "csls": lambda given: csls(given[0], 10),
    "isf": lambda given: [[math.log(p) for p in row] for row in inverted_softmax(given[0], 30)],
    "rrf": lambda given: fuse(given, 60),
}
