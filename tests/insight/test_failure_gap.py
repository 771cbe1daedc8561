"""The gap between parts of speech: Gelbach's identity, draws one by one, and matching by a slow loop."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from scipy.stats import t as student

from cldi_core.insight import failure_design, failure_gap, failure_matching, predictors
from cldi_core.insight.predictors import Used
from tests.insight.failure_data import TRUTH, simulated

PAIRS = ("en-de", "en-fr")
DRAWS = 40


@pytest.fixture(scope="module")
def used() -> Used:
    frame = simulated("both", 3, nouns=160, verbs=60, pairs=PAIRS)
    frame.loc[frame["word"].isin([f"w{n}" for n in range(40, 80)]), "pos"] = "A"
    return predictors.used(frame)


@pytest.fixture(scope="module")
def weights(used: Used) -> np.ndarray:
    return failure_design.drawn(220, DRAWS, 0)


def fitted(rows: pd.DataFrame, outcome: str, names: tuple[str, ...]) -> dict[str, float]:
    """The coefficients of verbs, adjectives and predictors (as they are), by least squares on rows that are there."""
    columns = {"one": np.ones(len(rows)), "pair": rows["pair"] == "en-fr"}
    columns |= {pos: rows["pos"] == pos for pos in "VA"} | {name: rows[name] for name in names}
    x = np.array([np.asarray(own, float) for own in columns.values()]).T
    return dict(zip(columns, np.linalg.lstsq(x, rows[outcome].to_numpy(), rcond=None)[0], strict=True))


@pytest.mark.parametrize("outcome", ["found", "log_rank"])
@pytest.mark.parametrize("pos", ["V", "A"])
def test_before_after_and_gelbachs_parts(used: Used, weights: np.ndarray, pos: str, outcome: str) -> None:
    gap = failure_gap.gaps(used, weights)[pos, outcome]
    short, long = fitted(used.rows, outcome, ()), fitted(used.rows, outcome, used.names)
    assert gap.before.value == pytest.approx(short[pos]) and gap.after.value == pytest.approx(long[pos])
    for part in gap.parts:  # how much the kinds differ in it, times what it does
        differ = fitted(used.rows, part.name, ())[pos]
        assert part.interval.value == pytest.approx(differ * long[part.name])
    assert sum(part.interval.value for part in gap.parts) == pytest.approx(gap.explained.value, abs=1e-12)
    assert gap.explained.value == pytest.approx(gap.before.value - gap.after.value)
    sizes = [abs(part.interval.value) for part in gap.parts]
    assert sizes == sorted(sizes, reverse=True)


def test_each_draw_is_a_regression_on_the_words_drawn(used: Used, weights: np.ndarray) -> None:
    made = failure_design.design(used.rows, used.names)
    squares, products = failure_gap.sums(made)
    total = failure_gap._solved(
        failure_gap._weighted(weights, squares), failure_gap._weighted(weights, products), made.groups
    )
    for draw in (0, 7):
        times = weights[draw][made.words].astype(int)
        again = used.rows.loc[used.rows.index.repeat(times)]
        short, long = fitted(again, "found", ()), fitted(again, "found", used.names)
        before, after, *parts = (own[draw] for own in failure_gap._of(total, made.kinds["V"], 0))
        assert (before, after) == (pytest.approx(short["V"]), pytest.approx(long["V"]))
        assert sum(parts) == pytest.approx(before - after)


def test_words_are_drawn_whole() -> None:
    weights = failure_design.drawn(30, 5, 1)
    assert weights.shape == (5, 30) and weights.sum(axis=1).tolist() == [30.0] * 5
    assert (weights == failure_design.drawn(30, 5, 1)).all() and (weights != failure_design.drawn(30, 5, 2)).any()
    values = np.arange(12.0).reshape(6, 2)
    summed = failure_design.summed(values, np.array([2, 0, 0, 1, 2, 2]), 3)
    assert summed.tolist() == [[6, 8], [6, 7], [18, 21]]


def test_the_interval_of_draws_is_wider_than_percentiles_and_none_of_few_words() -> None:
    draws = np.random.default_rng(0).normal(size=4000)
    own = failure_design.resampled(0.0, draws, 25)
    low, high = np.quantile(draws, [0.025, 0.975])
    assert own.low < low and own.high > high and own.n == 25
    tail = norm.cdf(np.sqrt(25 / 24) * student(24).ppf(0.025))
    assert (own.low, own.high) == pytest.approx(tuple(np.quantile(draws, [tail, 1 - tail])))
    wide = failure_design.resampled(0.0, draws, 10**6)
    assert (wide.low, wide.high) == (pytest.approx(low, abs=1e-3), pytest.approx(high, abs=1e-3))
    assert failure_design.resampled(0.0, draws, 19).why == "n too small"
    draws[:300] = np.nan
    assert np.isnan(failure_design.resampled(0.0, draws, 25).low), "a group that was often not drawn"


@pytest.mark.parametrize("cause", ["dispersion", "pos", "none"])
def test_a_known_cause_is_within_the_intervals(cause: str) -> None:
    made = predictors.used(simulated(cause, 11))
    weights = failure_design.drawn(950, 300, 0)
    gap = failure_gap.gaps(made, weights)["V", "found"]
    before, after = TRUTH[cause]
    for interval, truth in ((gap.before, before), (gap.after, after), (gap.explained, before - after)):
        assert interval.low < truth < interval.high and interval.n == 150
    assert gap.parts[0].name == ("dispersion" if cause == "dispersion" else gap.parts[0].name)


def test_without_nouns_or_others_there_is_no_gap() -> None:
    frame = simulated("none", 1, nouns=40, verbs=30)
    for pos in "NV":
        made = predictors.used(frame[frame["pos"] == pos].reset_index(drop=True))
        assert failure_gap.gaps(made, failure_design.drawn(len(made.rows), 5, 0)) == {}


def slowly_matched(rows: pd.DataFrame, names: list[str], times: dict[str, int], bounds: dict) -> float:
    """Verbs less nouns of the same stratum, each stratum as often as it has verbs, row by row."""
    strata: dict[tuple, dict[str, list[float]]] = defaultdict(lambda: {"V": [], "N": []})
    for row in rows.to_dict("records"):
        if row["pos"] in "VN":
            cell = tuple(sum(row[name] > bound for bound in bounds[row["pair"], name]) for name in names)
            strata[row["pair"], *cell][row["pos"]] += [row["found"]] * times[row["word"]]
    both = [own for own in strata.values() if own["V"] and own["N"]]
    total = sum(len(own["V"]) for own in both)
    return sum(len(own["V"]) * (np.mean(own["V"]) - np.mean(own["N"])) for own in both) / total


def test_matching_is_that_of_a_slow_loop(used: Used, weights: np.ndarray) -> None:
    names = ["dispersion", "right_dispersion"]
    rows = used.rows
    both = rows[rows["pos"].isin(["V", "N"])]
    bounds = {
        (pair, name): np.quantile(both.loc[both["pair"] == pair, name], [0.2, 0.4, 0.6, 0.8])
        for pair in PAIRS
        for name in names
    }
    own = failure_matching.matched(used, "V", weights)
    words = list(dict.fromkeys(rows["word"]))
    assert own.found.value == pytest.approx(slowly_matched(rows, names, dict.fromkeys(words, 1), bounds))
    draws = [slowly_matched(rows, names, dict(zip(words, map(int, each), strict=True)), bounds) for each in weights]
    again = failure_design.resampled(own.found.value, np.array(draws), own.found.n)
    assert (own.found.low, own.found.high) == (pytest.approx(again.low), pytest.approx(again.high))
    assert own.matched + own.unmatched == 120 and own.unmatched > 0 and own.nouns <= 240
    assert own.on == ("dispersion", "dispersion of the right answer")
    first = own.balance[0]
    verbs, nouns = (rows.loc[rows["pos"] == pos, "dispersion"] for pos in "VN")
    assert (
        first.before == pytest.approx((verbs.mean() - nouns.mean()) / np.sqrt((verbs.var() + nouns.var()) / 2))
        and abs(first.after) < abs(first.before) / 2
    )


def test_nothing_to_match() -> None:
    frame = simulated("none", 1, nouns=40, verbs=30).drop(columns=["dispersion", "right_dispersion"])
    own = failure_matching.matched(predictors.used(frame), "V", np.ones((3, 70)))
    assert own.why == "neither dispersion nor concreteness is known" and own.unmatched == 30
    apart = simulated("none", 1, nouns=40, verbs=30)
    apart["dispersion"] += 5 * (apart["pos"] == "V")
    apart["right_dispersion"] = np.where(apart["pos"] == "V", apart["dispersion"], apart["right_dispersion"] + 30)
    assert failure_matching.matched(predictors.used(apart), "V", np.ones((3, 70))).why == "no noun is like any of them"


def test_concreteness_is_matched_where_it_is_known() -> None:
    frame = simulated("none", 1, nouns=90, verbs=40)
    frame["concreteness"] = np.linspace(1, 5, len(frame))
    own = failure_matching.matched(predictors.used(frame), "V", np.ones((3, 130)))
    assert own.on == ("dispersion", "dispersion of the right answer", "concreteness")
