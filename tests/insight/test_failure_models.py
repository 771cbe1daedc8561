"""The regressions of failure, each figure computed by other means: scipy's optimiser, sums by hand, counting pairs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.stats import t as student

from cldi_core.insight import failure_design, failure_models, predictors
from cldi_core.insight.failure_models import Coefficient, Model
from tests.insight.failure_data import simulated

PAIRS = ("en-de", "en-fr")


@pytest.fixture(scope="module")
def used() -> predictors.Used:
    return predictors.used(simulated("both", 3, nouns=160, verbs=60, pairs=PAIRS))


@pytest.fixture(scope="module")
def logistic(used: predictors.Used) -> Model:
    return failure_models.logistic(used)


def columns(rows: pd.DataFrame, names: tuple[str, ...]) -> np.ndarray:
    """The design, written out: a constant, the second pair, verbs, the predictors by their standard deviations."""
    found = [np.ones(len(rows)), rows["pair"] == "en-fr", rows["pos"] == "V"]
    for name in names:
        values = rows[name]
        found.append(values if name == "same_spelled" else (values - values.mean()) / values.std(ddof=0))
    return np.array([np.asarray(own, float) for own in found]).T


def of(model: Model, name: str) -> Coefficient:
    (found,) = [one for one in model.coefficients if one.name == name]
    return found


def covariance(x: np.ndarray, score: np.ndarray, bread: np.ndarray, words: pd.Series) -> np.ndarray:
    """The sandwich of clusters, a loop over words, with Stata's correction for their number."""
    inverse, meat = np.linalg.inv(bread), np.zeros_like(bread)
    for word in set(words):
        own = (x * score[:, None])[np.asarray(words == word)].sum(axis=0)
        meat += np.outer(own, own)
    (n, k), g = x.shape, words.nunique()
    return inverse @ meat @ inverse * g / (g - 1) * (n - 1) / (n - k)


def test_logistic_regression_is_that_of_an_optimiser(used: predictors.Used, logistic: Model) -> None:
    rows, x = used.rows, columns(used.rows, used.names)
    y = rows["found"].to_numpy()
    best = minimize(lambda b: np.logaddexp(0, x @ b).sum() - y @ (x @ b), np.zeros(x.shape[1]), tol=1e-10).x
    assert logistic.why == "" and (logistic.rows, logistic.words) == (len(rows), 220)
    share = 1 / (1 + np.exp(-x @ best))
    cov = covariance(x, y - share, (x * (share * (1 - share))[:, None]).T @ x, rows["word"])
    reach = student(219).ppf(0.975) * np.sqrt(np.diag(cov))
    for place, name in enumerate(["pos:V", *used.names], start=2):
        interval = of(logistic, name).interval
        assert interval.value == pytest.approx(best[place], abs=1e-4)
        assert interval.high - interval.value == pytest.approx(reach[place], rel=1e-3)
    there, not_there = x.copy(), x.copy()
    there[:, 2], not_there[:, 2] = 1, 0
    effect = np.mean(1 / (1 + np.exp(-there @ best)) - 1 / (1 + np.exp(-not_there @ best)))
    own = logistic.effects["V"]
    assert own.value == pytest.approx(effect, abs=1e-5) and own.n == 60
    moved = []  # the delta method with slopes by small steps
    for place in range(x.shape[1]):
        step = best + 1e-6 * (np.arange(x.shape[1]) == place)
        moved.append(np.mean(1 / (1 + np.exp(-there @ step)) - 1 / (1 + np.exp(-not_there @ step))) - effect)
    slope = np.array(moved) / 1e-6
    error = float(np.sqrt(slope @ cov @ slope))
    assert own.high - own.value == pytest.approx(student(219).ppf(0.975) * error, rel=2e-3)


def test_linear_regression_by_hand(used: predictors.Used) -> None:
    rows, x = used.rows, columns(used.rows, used.names)
    y = rows["log_rank"].to_numpy()
    best = np.linalg.solve(x.T @ x, x.T @ y)
    reach = student(219).ppf(0.975) * np.sqrt(np.diag(covariance(x, y - x @ best, x.T @ x, rows["word"])))
    model = failure_models.linear(used)
    assert [one.name for one in model.coefficients] == ["pos:V", *used.names]
    for place, one in enumerate(model.coefficients, start=2):
        assert one.interval.value == pytest.approx(best[place]) and not one.why
        assert one.interval.high - one.interval.value == pytest.approx(reach[place])


def test_a_kind_that_is_never_found_is_named_and_the_others_are_estimated_without_it() -> None:
    frame = simulated("none", 5, nouns=300, verbs=40)
    frame.loc[frame["pos"] == "V", ["found", "log_rank"]] = 0.0, 1.0
    model = failure_models.logistic(predictors.used(frame))
    own = of(model, "pos:V")
    assert own.why == "none of 40 verbs is found" and np.isnan(own.interval.value) and model.rows == 300
    alone = failure_models.logistic(predictors.used(frame[frame["pos"] == "N"].reset_index(drop=True)))
    assert of(model, "ceiling").interval.value == pytest.approx(of(alone, "ceiling").interval.value)
    assert model.effects == {} and all(abs(one.interval.value) < 5 for one in model.coefficients if not one.why)


def test_what_cannot_be_estimated_is_no_huge_number() -> None:
    frame = simulated("none", 5, nouns=300, verbs=40)
    parted = frame.assign(found=(frame["ceiling"] > 0.6).astype(float))
    model = failure_models.logistic(predictors.used(parted))
    assert model.why == "found and missed words are told without an error" and model.coefficients == ()
    nearly = parted.assign(found=parted["found"].where(frame.index != 0, 1 - parted["found"]))
    assert not failure_models.separated(_design(nearly)) and failure_models.separated(_design(parted))
    few = frame.assign(found=(frame.index < 9).astype(float))
    few = few.assign(found=few["found"] + (frame["pos"] == "V") * (frame.index % 10 == 0))
    assert "found queries are too few for 7 coefficients" in failure_models.logistic(predictors.used(few)).why
    none = frame.assign(found=frame["found"].where(frame["pos"] == "V", 0.0))
    assert failure_models.logistic(predictors.used(none)).why == "none of 300 nouns is found"
    rare = frame.assign(found=frame["found"].where(frame["pos"] == "N", (frame.index % 20 == 0).astype(float)))
    own = of(failure_models.logistic(predictors.used(rare)), "pos:V")
    assert own.why == "only 2 of them found" and np.isnan(own.interval.low)


def _design(frame: pd.DataFrame) -> failure_design.Design:
    return failure_design.design(frame, predictors.used(frame).names)


def test_the_area_counts_pairs_of_found_and_missed_words_of_the_same_part_and_language_pair() -> None:
    drawn = np.random.default_rng(0)
    n = 60
    scores = drawn.integers(0, 6, (2, n)).astype(float)  # with ties
    found, words = drawn.integers(0, 2, n).astype(float), drawn.integers(0, 25, n)
    strata = drawn.integers(0, 3, (2, n)) + np.array([[0], [3]])
    words[:25] = np.arange(25)

    def counted(weights: np.ndarray) -> float:
        right = total = 0.0
        for repeat in range(2):
            for i in range(n):
                for j in range(n):
                    if found[i] == 1 and found[j] == 0 and strata[repeat, i] == strata[repeat, j]:
                        better = scores[repeat, i] - scores[repeat, j]
                        weight = weights[words[i]] * weights[words[j]]
                        right, total = right + weight * (np.sign(better) + 1) / 2, total + weight
        return right / total

    value, shares = failure_models.concordance(scores, found, strata, words)
    assert value == pytest.approx(counted(np.ones(25))) and shares.sum() == pytest.approx(0, abs=1e-12)
    for word in (0, 7, 24):  # what a word contributes is how the area moves as it counts a little more
        more = np.ones(25)
        more[word] += 1e-6
        assert (counted(more) - value) / 1e-6 == pytest.approx(shares[word], rel=1e-3, abs=1e-6)


def test_the_penalised_regression_is_scikit_learns(used: predictors.Used) -> None:
    from sklearn.linear_model import LogisticRegression

    made = failure_design.design(used.rows, used.names)
    own = failure_models.penalised(made.x[:, 1:], made.y[:, 0])
    other = LogisticRegression(C=1.0, tol=1e-10, max_iter=1000).fit(made.x[:, 1:], made.y[:, 0])
    assert own == pytest.approx([*other.intercept_, *other.coef_[0]], abs=1e-5)


def test_a_word_is_predicted_by_models_that_have_not_seen_it(used: predictors.Used) -> None:
    made = failure_design.design(used.rows, used.names)
    scores, fold = failure_models.predicted(made, 0)
    assert fold.shape == (failure_models.REPEATS, len(used.rows)) and len(np.unique(fold)) == fold.max() + 1
    for repeat in fold:  # a word is in one part, whatever pair it is asked in
        assert pd.Series(repeat).groupby(made.words).nunique().max() == 1
    repeat, number = 1, fold[1].min() + 2
    unseen = fold[repeat] == number
    kept = [1, 2, *range(made.groups, made.x.shape[1])]
    mean, spread = made.x[~unseen].mean(axis=0), made.x[~unseen].std(axis=0)
    x = (made.x - mean)[:, kept] / spread[kept]
    constant, *slopes = failure_models.penalised(x[~unseen], made.y[~unseen, 0])
    assert scores["all"][repeat, unseen] == pytest.approx(constant + x[unseen] @ slopes)


def test_only_words_of_one_part_and_language_pair_are_compared(used: predictors.Used) -> None:
    made = failure_design.design(used.rows, used.names)
    scores, fold = failure_models.predicted(made, 0)
    found, pairs = made.y[:, 0] == 1, used.rows["pair"].to_numpy()
    (_, others, _), _ = failure_models.aucs(used, 0)
    right = total = 0.0
    for own, dealt in zip(scores["others"], fold, strict=True):
        compared = (dealt[:, None] == dealt) & (pairs[:, None] == pairs) & found[:, None] & ~found
        ahead = own[:, None] - own
        right, total = right + ((np.sign(ahead) + 1) / 2)[compared].sum(), total + compared.sum()
    assert others.interval.value == pytest.approx(right / total)


def test_areas_tell_a_cause_from_none() -> None:
    made = predictors.used(simulated("dispersion", 1, nouns=400, verbs=150))
    (pos, others, everything), adds = failure_models.aucs(made, 0)
    assert 0.5 < pos.interval.value < others.interval.value and others.interval.low > 0.55
    assert adds.low < 0 < adds.high and everything.interval.n == 550
    none = predictors.used(simulated("none", 2, nouns=400, verbs=150))
    areas, adds = failure_models.aucs(none, 0)
    assert all(one.interval.low < 0.5 < one.interval.high for one in areas), "no better and no worse than chance"
    assert failure_models.aucs(none, 0)[0] == areas, "the same seed, the same numbers"
