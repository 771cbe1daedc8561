"""Every share of every picture against the method's definition, and their sum against the score."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from cldi_core.errors import FeatureError, UnknownNameError
from cldi_core.scoring import attribution as module
from cldi_core.scoring import knn
from cldi_core.scoring.attribution import Attribution, attribution
from cldi_core.scoring.imagesets import unit_rows
from cldi_core.scoring.methods import METHODS, PLAIN, with_bases
from cldi_core.scoring.scores import score, score_all
from cldi_core.scoring.word_facts import TargetFacts
from tests import oracles, oracles_extra
from tests.oracles import EQUAL, Pictures, cosine
from tests.scoring.test_scores import CASES, EMPTY, FEW, S, T, sets_of
from tests.scoring.test_transport_plan import slow_plan

COMPOSED = ["maxmax+csls", "knn+csls", "knn-c+isf", "cnn-max+isf", "sinkhorn+isf", "avgmax-sym+isf", "rrf+csls",
            "avgmax-typical+isf", "rrf=avgmax,cnn-mean", "rrf=avgmax+csls,knn-c"]  # fmt: skip
EVERY = [*METHODS, *COMPOSED]


def lengths(x: list[float]) -> float:
    return math.hypot(*x) or 1.0


def avgmax(source: Pictures, target: list[Pictures], column: int) -> list[float]:
    return [max(cosine(i, j) for j in target[column]) / len(source) for i in source]


def maxmax(source: Pictures, target: list[Pictures], column: int) -> list[float]:
    best = [max(cosine(i, j) for j in target[column]) for i in source]
    return [value if place == best.index(max(best)) else 0.0 for place, value in enumerate(best)]


def cnn_mean(source: Pictures, target: list[Pictures], column: int) -> list[float]:
    s, t = ([sum(map(float, axis)) / len(x) for axis in zip(*x, strict=True)] for x in (source, target[column]))
    return [
        sum(float(a) * b for a, b in zip(i, t, strict=True)) / len(source) / lengths(s) / lengths(t) for i in source
    ]


def cnn_max(source: Pictures, target: list[Pictures], column: int) -> list[float]:
    s, t = ([max(map(float, axis)) for axis in zip(*x, strict=True)] for x in (source, target[column]))
    shares = [0.0] * len(source)
    for axis, (a, b) in enumerate(zip(s, t, strict=True)):
        owners = [place for place, i in enumerate(source) if float(i[axis]) == a]
        for place in owners:
            shares[place] += a * b / len(owners) / lengths(s) / lengths(t)
    return shares


def voting(source: Pictures, target: list[Pictures], column: int) -> list[float]:
    return [oracles.knn_row([picture], target)[column] / len(source) for picture in source]


def voting_clusters(source: Pictures, target: list[Pictures], column: int) -> list[float]:
    labels = knn.labels(unit_rows(np.array(source)), 3, 0).tolist()
    clusters = {label: [i for i, own in zip(source, labels, strict=True) if own == label] for label in labels}

    def strength(label: int) -> tuple[float, int, int]:
        votes = [v for v in oracles.knn_row(clusters[label], target) if not math.isnan(v)]
        return round(max(votes), 9), len(clusters[label]), -label

    deciding = max(clusters, key=strength)
    votes = iter(voting(clusters[deciding], target, column))
    return [next(votes) if label == deciding else 0.0 for label in labels]


def both_ways(source: Pictures, target: list[Pictures], column: int) -> list[float]:
    shares = [share / 2 for share in avgmax(source, target, column)]
    for j in target[column]:
        alike = [cosine(i, j) for i in source]
        owners = [place for place, value in enumerate(alike) if value > max(alike) - EQUAL]
        for place in owners:
            shares[place] += max(alike) / 2 / len(target[column]) / len(owners)
    return shares


def weighted(source: Pictures, target: list[Pictures], column: int) -> list[float]:
    best = avgmax(source, target, column)
    return [w * value * len(source) for w, value in zip(oracles_extra.typicality(source), best, strict=True)]


def moved(source: Pictures, target: list[Pictures], column: int) -> list[float]:
    plan = slow_plan(list(source), list(target[column]), 0.05)
    return [
        sum(p * cosine(i, j) for p, j in zip(row, target[column], strict=True))
        for i, row in zip(source, plan, strict=True)
    ]


SHARES: dict[str, Callable[[Pictures, list[Pictures], int], list[float]]] = {
    "avgmax": avgmax, "maxmax": maxmax, "cnn-mean": cnn_mean, "cnn-max": cnn_max, "knn": voting,
    "knn-c": voting_clusters, "avgmax-sym": both_ways, "avgmax-typical": weighted, "sinkhorn": moved,
    "sinkhorn-short": moved,  # all of so few candidates are listed
}  # fmt: skip
FACTOR = {"csls": 2.0, "isf": 30.0}
SCALED = {"huge": 1e-300, "tiny": 1e300}  # the oracles square


def pairs(source: list, target: list, count: int) -> list[tuple[int, int]]:
    known = [(row, column) for row, own in enumerate(source) for column, t in enumerate(target) if len(own) and len(t)]
    order = np.random.default_rng(len(known)).permutation(len(known))
    return [known[place] for place in order[:count]]


def made(source: list, target: list, method: str) -> tuple[dict, Callable[[int, int], Attribution]]:
    own, other = sets_of(source), sets_of(target)
    bases = score_all(own, other, [one.name for one in with_bases([method])])
    facts = TargetFacts(other)
    return bases, lambda row, column: attribution(own, other, f"w{row}", f"w{column}", method, bases, facts)


AWKWARD = ["empty sets", "zero vectors", "duplicated pictures", "float16"]
MOVED = ("sinkhorn", "sinkhorn-short")
SLOW = (*MOVED, "knn-c")  # compared in the awkward cases alone
QUICK = [name for name in SHARES if name not in SLOW]
ASKED = [(case, method) for case in CASES for method in (EVERY if case in AWKWARD else QUICK)]


@pytest.mark.parametrize(("case", "method"), ASKED)
def test_shares_and_correction_sum_to_the_score(case: str, method: str) -> None:
    source, target = CASES[case]
    bases, ask = made(source, target, method)
    for row, column in pairs(source, target, 3):
        found, expected = ask(row, column), float(bases[method][row, column])
        near = 1e-6 * max(1.0, abs(expected))
        assert found.score == pytest.approx(expected, abs=near)
        assert found.shares.sum() + found.correction == pytest.approx(expected, abs=near)
        assert found.shares.shape == found.match.shape == found.cosines.shape == (len(source[row]),)
        assert (found.shares.dtype, found.match.dtype, found.cosines.dtype) == (np.float64, np.int64, np.float32)


@pytest.mark.parametrize(("method", "case"), [(one, case) for case, one in ASKED if one in SHARES])
def test_shares_are_those_of_the_definition(method: str, case: str) -> None:
    source, target = CASES[case]
    _, ask = made(source, target, method)
    scale = SCALED.get(case, 1.0)
    others = [(np.asarray(t, np.float64) * scale).tolist() for t in target]
    for row, column in pairs(source, target, 2):
        pictures = (np.asarray(source[row], np.float64) * scale).tolist()
        found, expected = ask(row, column), SHARES[method](pictures, others, column)
        np.testing.assert_allclose(found.shares, expected, rtol=0, atol=1e-5 if method in MOVED else 1e-6)
        alike = [[cosine(i, j) for j in others[column]] for i in pictures]
        own = [values[place] for values, place in zip(alike, found.match, strict=True)]
        np.testing.assert_allclose(found.cosines, own, atol=1e-6)
        if method not in MOVED:
            np.testing.assert_allclose(found.cosines, [max(values) for values in alike], atol=1e-6)


def test_the_slow_shares_are_of_every_plain_method() -> None:
    assert list(SHARES) == [method.name for method in PLAIN] == list(module.PLAIN)


@pytest.mark.parametrize("base", ["avgmax", "knn", "cnn-mean", "rrf"])
@pytest.mark.parametrize("correction", FACTOR)
def test_a_correction_is_the_neighbourhoods_and_scales_the_base(base: str, correction: str) -> None:
    source, target = [S[1], EMPTY, *S], [*T, EMPTY]
    bases, ask = made(source, target, f"{base}+{correction}")
    _, ask_base = made(source, target, base)
    matrix = bases[base].astype(float).tolist()
    for row, column in pairs(source, target, 6):
        found, plain = ask(row, column), ask_base(row, column)
        np.testing.assert_allclose(found.shares, FACTOR[correction] * plain.shares, atol=1e-12)
        np.testing.assert_array_equal(found.match, plain.match)
        others = [line[column] for line in matrix]
        if correction == "csls":
            highest = [sorted(oracles_extra.known(values))[-10:] for values in (matrix[row], others)]
            expected = {module.NEAR_SOURCE: -np.mean(highest[0]), module.NEAR_CANDIDATE: -np.mean(highest[1])}
        else:
            expected = {module.ALL_WORDS: -math.log(sum(math.exp(30 * s) for s in oracles_extra.known(others)))}
        expected |= {name: FACTOR[correction] * value for name, value in plain.parts}
        parts = dict(found.parts)
        assert abs(parts.pop(module.ROUNDING, 0.0)) < 2e-5
        assert parts == pytest.approx(expected, abs=1e-6)


def test_a_fusion_is_made_by_ranks_and_not_by_pictures() -> None:
    source, target = S, [*T, T[0]]
    bases, ask = made(source, target, "rrf=avgmax,knn")
    for row, column in pairs(source, target, 8):
        found = ask(row, column)
        assert not found.shares.any()
        ranks = [oracles.ranks(bases[base][row].tolist())[column] for base in ("avgmax", "knn")]
        expected = {"rank under AVGMAX": 1 / (60 + ranks[0]), "rank under KNN": 1 / (60 + ranks[1])}
        assert dict(found.parts) == pytest.approx(expected, abs=1e-9)


def test_the_step_among_equal_shares_is_bounded_by_the_next_share() -> None:
    """So many candidates without a vote that not all places fit below the smallest share."""
    rng = np.random.default_rng(0)
    shares, alike = np.zeros(900), rng.normal(size=900)
    shares[3], shares[5] = 1e-3, 1.0
    lifted = knn.break_ties(shares[None], alike[None])[0]
    for column in [3, 5, int(alike.argmax()), int(alike.argmin()), *range(20)]:
        assert shares[column] + knn.STEP * module._place(shares, alike, column) == pytest.approx(
            lifted[column], abs=1e-7
        )


def test_equal_pictures_divide_what_they_tie_for() -> None:
    """A doubled picture: the first has MAXMAX, both have half of a maximum and half of a best match."""
    source, target = [FEW[[0, 0, 1]]], [FEW[[0]], FEW[[0, 2]]]
    half = 2**-0.5 / 2
    divided = {
        "maxmax": [1, 0, 0],
        "cnn-max": [half, half, 0],
        "avgmax-sym": [1 / 6 + 1 / 4, 1 / 6 + 1 / 4, 0],
        "knn": [1 / 6, 1 / 6, 1 / 6],
    }
    for method, expected in divided.items():
        _, ask = made(source, target, method)
        np.testing.assert_allclose(ask(0, 0).shares, expected, atol=1e-6)


def test_the_match_under_transport_is_where_most_weight_goes() -> None:
    x = np.array([[1.0, 0.1], [1.0, 0.0]])
    source, target = sets_of([x]), sets_of([np.array([[1.0, 0.0], [0.0, 1.0]])])
    assert attribution(source, target, "w0", "w0", "avgmax", {}).match.tolist() == [0, 0]
    found = attribution(source, target, "w0", "w0", "sinkhorn", {})
    assert found.match.tolist() == [1, 0]
    assert found.cosines[0] == pytest.approx(0.1 / math.hypot(1, 0.1), abs=1e-6)


@pytest.mark.parametrize("method", EVERY)
def test_words_without_pictures_have_nothing_to_take_apart(method: str) -> None:
    _, ask = made([S[1], EMPTY], [T[0], EMPTY], method)
    for row, column in [(1, 0), (0, 1), (1, 1)]:
        found = ask(row, column)
        assert math.isnan(found.score) and found.parts == () and found.correction == 0
        assert len(found.shares) == len(found.match) == len(found.cosines) == 0


@pytest.mark.parametrize("method", ["avgmax", *COMPOSED])
def test_what_is_not_given_is_scored(method: str) -> None:
    source, target = sets_of(S), sets_of(T)
    found = attribution(source, target, "w2", "w1", method, {})
    assert found.score == pytest.approx(float(score(source, target, method)[2, 1]), abs=1e-6)
    assert found.shares.sum() + found.correction == pytest.approx(found.score, abs=1e-6 * max(1, abs(found.score)))


def test_names_and_matrices_that_do_not_fit_are_refused() -> None:
    source, target = sets_of(S), sets_of(T)
    for word, candidate, method in [("x", "w0", "avgmax"), ("w0", "x", "avgmax"), ("w0", "w0", "x")]:
        with pytest.raises(UnknownNameError, match="unknown"):
            attribution(source, target, word, candidate, method, {})
    with pytest.raises(FeatureError, match=r"'avgmax' have shape \(1, 5\); expected \(4, 5\)"):
        attribution(source, target, "w0", "w0", "avgmax+csls", {"avgmax": np.zeros((1, 5), np.float32)})
