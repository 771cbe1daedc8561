"""Regressions of what became of a word, and how well they tell found words from missed ones that they have not seen.

Logistic regression of found and linear regression of log₁₀ rank, on all predictors, part of speech and language pair,
with covariances that allow for whatever the rows of one word have in common (Liang & Zeger 1986), and Student's t of as
many degrees of freedom as there are words less one.

Where a group was never found, or always, its coefficient has no finite estimate: it is named, and the group's rows say
nothing of the others and are left out.  Whether any other mixture of the predictors tells found from missed without
error, so that there is no finite estimate at all, is asked of a linear program (Konis 2007).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from cldi_core.data.counting import counted
from cldi_core.data.dataset import POS
from cldi_core.evaluation.metrics import ENOUGH, FEW, LEVEL, NOTHING, Interval
from cldi_core.insight import predictors
from cldi_core.insight.failure_design import Design, design
from cldi_core.insight.predictors import PREDICTORS, REFERENCE, Column, Used

if TYPE_CHECKING:
    import pandas as pd

EVENTS = (
    5  # found (or missed) rows for each coefficient, below which a logistic model is none (Vittinghoff & McCulloch)
)
RARE = 5  # found (or missed) words of a group, below which its coefficient has no interval
FOLDS, REPEATS = 10, 5
RESULTS = {"found": 1, "missed": 0}
NONE: Mapping[str, str] = {}
PENALTY = 1.0  # of the squared slopes in cross-validation, so that each part has an estimate
STEPS = 30  # of Newton's at most; it takes about six


@dataclass(frozen=True)
class Coefficient:
    """What one predictor does in a model.

    Attributes:
        name: of ``PREDICTORS``, or ``"pos:V"``.
        label: for people.
        interval: by one standard deviation, or from 0 to 1; against nouns for a part of speech.  Of logistic models in
            log odds; of linear ones in log₁₀ ranks.  Its n: words; of a group, the smaller part of them.
        why: why there is no estimate or no interval, ``""`` else.
    """

    name: str
    label: str
    interval: Interval
    why: str = ""


@dataclass(frozen=True)
class Model:
    """A regression.

    Attributes:
        outcome: ``"found"`` (logistic) or ``"log_rank"`` (linear).
        coefficients: parts of speech first, then the predictors; language pairs are in the model and not listed.
        rows, words: what it was estimated on.
        why: why there is no estimate of any, ``""`` else.
        effects: part of speech → how much less (or more) likely it is found than a noun of the same other predictors:
            the average marginal effect over all rows; logistic models only.
    """

    outcome: str
    coefficients: tuple[Coefficient, ...]
    rows: int
    words: int
    why: str
    effects: dict[str, Interval]


@dataclass(frozen=True)
class Auc:
    """How often a found word is put above a missed one of the same language pair, both of them unseen.

    Attributes:
        name: ``"pos"``, ``"others"`` or ``"all"``; label: for people, what the model knows.
        interval: over words; .5 is chance, 1 always.
    """

    name: str
    label: str
    interval: Interval


def label(name: str) -> str:
    """What a column of a design is called."""
    return f"{POS[name[4:]]}s, against nouns" if name.startswith("pos:") else PREDICTORS[name].label


def linear(used: Used) -> Model:
    """The linear regression of log₁₀ rank; above 0: deeper."""
    import statsmodels.api as sm

    rows, made = used.rows, design(used.rows, used.names)
    if why := _too_few(made, EVENTS):
        return Model("log_rank", (), len(rows), made.n_words, why, {})
    groups = {"groups": made.words}
    fitted = sm.OLS(made.y[:, 1], made.x).fit(cov_type="cluster", cov_kwds=groups)
    told = _told(made, fitted.params, fitted.bse, odds=False)
    return Model("log_rank", told, len(rows), made.n_words, "", {})


def logistic(used: Used) -> Model:
    """The logistic regression of found; above 0: found more."""
    import statsmodels.api as sm
    from statsmodels.tools.sm_exceptions import ConvergenceWarning

    rows, never = _without_constant_groups(used)
    n = predictors.clusters(rows)[1] if len(rows) else 0
    if REFERENCE not in set(rows["pos"]):
        why = never.get(f"pos:{REFERENCE}", "there are no nouns to set others against")
        return Model("found", (), len(rows), n, why, {})
    left = predictors.used(rows, used.names)
    made = design(left.rows, left.names)
    events = int(min(made.y[:, 0].sum(), (1 - made.y[:, 0]).sum()))
    if events < EVENTS * made.x.shape[1]:
        rarer = "found" if made.y[:, 0].mean() < 0.5 else "missed"
        why = _few(events, f"{rarer} query", made.x.shape[1])
    else:
        why = _too_few(made, 1) or ("found and missed words are told without an error" if separated(made) else "")
    if not why:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            try:
                fitted = sm.Logit(made.y[:, 0], made.x).fit(
                    disp=0, maxiter=100, cov_type="cluster", cov_kwds={"groups": made.words}
                )
                covariance = np.asarray(fitted.cov_params(), np.float64)
                why = "" if np.isfinite(covariance).all() else "it does not converge"
            except (ConvergenceWarning, np.linalg.LinAlgError, ValueError):
                why = "it does not converge"
    if why:
        return Model("found", (), len(left.rows), made.n_words, why, {})
    told = _told(made, fitted.params, np.sqrt(np.diag(covariance)), odds=True, never=never)
    effects = {pos: _effect(made, pos, fitted.params, covariance) for pos in made.kinds}
    return Model("found", told, len(left.rows), made.n_words, "", effects)


def separated(made: Design) -> bool:
    """Whether some mixture of the columns is never below 0 for found rows nor above it for missed ones, and not 0 for
    all: then the likelihood has no finite maximum (Albert & Anderson 1984)."""
    from scipy.optimize import linprog

    signed = made.x * (2 * made.y[:, :1] - 1)
    found = linprog(-signed.sum(axis=0), A_ub=-signed, b_ub=np.zeros(len(signed)), bounds=(-1, 1), method="highs")
    return bool(found.status == 0 and -found.fun > 1e-6)


def _without_constant_groups(used: Used) -> tuple[pd.DataFrame, dict[str, str]]:
    """The rows of all groups that have both found and missed ones, and why each other group has no coefficient."""
    rows, never = used.rows, {}
    columns = ["pair", "pos", *(name for name in used.names if PREDICTORS[name].yes_no)]
    while len(rows):
        for column in columns:
            shares = rows.groupby(column)["found"].agg(["mean", "size"])
            constant = shares[shares["mean"].isin([0.0, 1.0])]
            if len(constant):
                break
        else:
            break
        for level, mean, size in constant.itertuples():
            kind = f"{POS[level]}s" if column == "pos" else "queries of this kind"
            what = "are found" if mean else "is found"
            never[f"pos:{level}" if column == "pos" else column] = (
                f"{'all' if mean else 'none'} of {size:.0f} {kind} {what}"
            )
        rows = rows[~rows[column].isin(constant.index)].reset_index(drop=True)
    return rows, never


def _too_few(made: Design, each: int) -> str:
    n, k = made.n_words, made.x.shape[1]
    return _few(n, "word", k) if n < max(ENOUGH, each * k) else ""


def _few(number: int, what: str, k: int) -> str:
    are = "is" if number == 1 else "are"
    return f"{counted(number, what)} {are} too few for {counted(k, 'coefficient')}"


def _told(
    made: Design, value: Column, error: Column, *, odds: bool, never: Mapping[str, str] = NONE
) -> tuple[Coefficient, ...]:
    """The coefficients with their intervals, those without an estimate among them."""
    found = {}
    for name, own, its in zip(made.names, map(float, value), map(float, error), strict=True):
        if name and not name.startswith("pair:"):
            n, why = _group(made, name, odds=odds)
            known = Interval(own, math.nan, math.nan, n) if why else _student(own, its, n, made.n_words)
            found[name] = Coefficient(name, label(name), known, why)
    for name, why in never.items():
        if name.startswith("pos:") or name in PREDICTORS:
            found[name] = Coefficient(name, label(name), NOTHING, why)
    order = [*(f"pos:{letter}" for letter in POS), *PREDICTORS]
    return tuple(sorted(found.values(), key=lambda one: order.index(one.name)))


def _group(made: Design, name: str, *, odds: bool) -> tuple[int, str]:
    """How many words a coefficient rests on, and why these are too few for an interval."""
    if not (name.startswith("pos:") or PREDICTORS[name].yes_no):
        return made.n_words, ""
    x, found = made.x[:, made.names.index(name)], made.y[:, 0]
    n = min(len(np.unique(made.words[x == level])) for level in (0, 1))
    if n < ENOUGH:
        return n, FEW
    counts = {what: len(np.unique(made.words[(x == 1) & (found == is_it)])) for what, is_it in RESULTS.items()}
    rarer = min(counts, key=counts.__getitem__)
    return n, f"only {counts[rarer]} of them {rarer}" if odds and counts[rarer] < RARE else ""


def _student(value: float, error: float, n: int, words: int) -> Interval:
    from scipy.special import stdtrit

    reach = float(stdtrit(words - 1, (1 + LEVEL) / 2)) * error
    return Interval.between(value, value - reach, value + reach, n)


def _effect(made: Design, pos: str, value: Column, covariance: Column) -> Interval:
    """The average marginal effect of a part of speech on P(found), with its interval by the delta method."""
    from scipy.special import expit

    there, reference = made.x.copy(), made.x.copy()
    for column in made.kinds.values():
        there[:, column] = reference[:, column] = 0
    there[:, made.kinds[pos]] = 1
    one, other = expit(there @ value), expit(reference @ value)
    slope = ((one * (1 - one))[:, None] * there - (other * (1 - other))[:, None] * reference).mean(axis=0)
    n, why = _group(made, f"pos:{pos}", odds=True)
    effect, error = float((one - other).mean()), float(np.sqrt(slope @ covariance @ slope))
    return NOTHING if why else _student(effect, error, n, made.n_words)


MODELS = {"pos": "part of speech alone", "others": "all but part of speech", "all": "all of them"}


def aucs(used: Used, seed: int) -> tuple[tuple[Auc, ...], Interval]:
    """The areas under the curve of three models on words that they have not seen, and what part of speech adds to the
    others.

    Words are dealt into ``FOLDS`` parts, ``REPEATS`` times; each is predicted by a logistic regression of the nine
    others, which has seen none of them under any part of speech or in any language pair.  All three know the language
    pair.  Only words of one part are compared: models of different parts have different constants, and what has few
    found words left for itself says less of those it is asked for, so that across parts even a model that knows nothing
    seems to be worse than chance.
    """
    made = design(used.rows, used.names)
    found, n = made.y[:, 0], made.n_words
    if n < ENOUGH or not 0 < found.sum() < len(found):
        return (), NOTHING
    pairs = np.unique(used.rows["pair"].to_numpy(), return_inverse=True)[1]
    scores, fold = predicted(made, seed)
    strata = fold * (int(pairs.max()) + 1) + pairs
    values, shares = {}, {}
    for name, own in scores.items():
        values[name], shares[name] = concordance(own, found, strata, made.words)
    if math.isnan(values["all"]):
        return (), NOTHING
    told = [Auc(name, MODELS[name], _of_odds(values[name], _error(shares[name]), n)) for name in scores]
    added = values["all"] - values["others"]
    return tuple(told), _student(added, _error(shares["all"] - shares["others"]), n, n)


def predicted(made: Design, seed: int) -> tuple[dict[str, Column], NDArray[np.int64]]:
    """Log odds of every row by models that have not seen its word: name of ``MODELS`` → float64 (repeats, n); and the
    part that it was in, int64 (repeats, n), no number in two repeats."""
    from sklearn.model_selection import GroupKFold

    kinds = list(made.kinds.values())
    pairs = [place for place in range(1, made.groups) if place not in kinds]
    others = list(range(made.groups, made.x.shape[1]))
    columns = {"pos": [*pairs, *kinds], "others": [*pairs, *others], "all": [*pairs, *kinds, *others]}
    found = made.y[:, 0]
    scores = {name: np.zeros((REPEATS, len(found))) for name in columns}
    fold = np.zeros((REPEATS, len(found)), np.int64)
    for repeat in range(REPEATS):
        dealt = GroupKFold(FOLDS, shuffle=True, random_state=seed + repeat)
        for number, (seen, unseen) in enumerate(dealt.split(made.x, found, made.words)):
            fold[repeat, unseen] = repeat * FOLDS + number
            if len(np.unique(found[seen])) < 2:
                continue  # nothing can be learned of one outcome: all of these are 0
            mean, spread = made.x[seen].mean(axis=0), made.x[seen].std(axis=0)
            x = (made.x - mean) / np.where(spread > 0, spread, 1)
            for name, own in columns.items():
                if own:
                    constant, *slopes = penalised(x[np.ix_(seen, own)], found[seen])
                    scores[name][repeat, unseen] = constant + x[np.ix_(unseen, own)] @ slopes
    return scores, fold


def penalised(x: Column, found: Column) -> Column:
    """Logistic regression with ``PENALTY / 2`` times the sum of the squared slopes, by Newton's method: what
    scikit-learn's ``LogisticRegression(C=1 / PENALTY)`` finds, of so few columns ten times as fast.

    Args:
        x: float64 (n, k), standardised; found: (n,), 0 and 1.

    Returns:
        float64 (1 + k,), the constant first.
    """
    from scipy.special import expit

    columns = np.column_stack([np.ones(len(x)), x])
    penalty = np.diag([0.0, *[PENALTY] * x.shape[1]])
    value = np.zeros(columns.shape[1])
    for _ in range(STEPS):
        share = expit(columns @ value)
        slope = columns.T @ (found - share) - penalty @ value
        step = np.linalg.solve((columns.T * (share * (1 - share))) @ columns + penalty, slope)
        value = value + step
        if np.abs(step).max() < 1e-8:
            break
    return value


def concordance(
    scores: Column, found: Column, strata: NDArray[np.int64], words: NDArray[np.int64]
) -> tuple[float, Column]:
    """The share of (found, missed) rows of one stratum of which the found one has the higher score; half of a tie
    counts.

    Args:
        scores: float64 (repeats, n); found: (n,), 0 or 1; strata: int64 (repeats, n); words: int64 (n,), from 0 on.

    Returns:
        The share, nan where there are no such rows; and what each word contributes to its deviation, float64
        (n_words,): the pairs of rows that it is in, of which more or fewer are right than of all (Obuchowski 1997, who
        did it for clusters after DeLong et al. 1988).
    """
    right, pairs = np.zeros(len(words)), np.zeros(len(words))  # of each row, with all it is compared to
    for own, stratum in zip(scores, strata, strict=True):
        for number in np.unique(stratum):
            here = np.flatnonzero(stratum == number)
            values, hit = own[here], found[here] == 1
            higher = np.sort(values[hit]), np.sort(values[~hit])
            # Of a found row the missed ones below it, of a missed one the found ones above it; half of those beside it.
            below = (np.searchsorted(higher[1], values, "left") + np.searchsorted(higher[1], values, "right")) / 2
            beside = (np.searchsorted(higher[0], values, "left") + np.searchsorted(higher[0], values, "right")) / 2
            right[here] += np.where(hit, below, len(higher[0]) - beside)
            pairs[here] += np.where(hit, len(higher[1]), len(higher[0]))
    total = pairs.sum() / 2
    if not total:
        return math.nan, np.zeros(int(words.max()) + 1)
    value = float(right.sum() / 2 / total)
    return value, cast(Column, np.bincount(words, (right - value * pairs) / total))


def _error(shares: Column) -> float:
    """The standard error of a figure of what each word contributes to it."""
    return float(np.sqrt((shares**2).sum() * len(shares) / (len(shares) - 1)))


def _of_odds(value: float, error: float, n: int) -> Interval:
    """The interval of a share between 0 and 1, made of its log odds."""
    from scipy.special import expit, logit

    if not 0 < value < 1:
        return Interval(value, math.nan, math.nan, n)
    own = _student(float(logit(value)), error / (value * (1 - value)), n, n)
    return Interval(value, float(expit(own.low)), float(expit(own.high)), n)
