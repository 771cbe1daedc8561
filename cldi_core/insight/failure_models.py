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

from cldi_core.data.dataset import POS
from cldi_core.evaluation.metrics import ENOUGH, FEW, LEVEL, NOTHING, Interval
from cldi_core.insight import predictors
from cldi_core.insight.failure_design import Design, design, drawn, resampled
from cldi_core.insight.predictors import PREDICTORS, REFERENCE, Column, Used

if TYPE_CHECKING:
    import pandas as pd

EVENTS = 5  # found (or missed) rows for each coefficient, below which a logistic model is none (Vittinghoff & McCulloch)
RARE = 5  # found (or missed) words of a group, below which its coefficient has no interval
FOLDS = 10
RESULTS = {"found": 1, "missed": 0}
NONE: Mapping[str, str] = {}
PENALTY = 1.0  # of the squared coefficients in cross-validation (scikit-learn's C), so that each fold has an estimate


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
    left = predictors.used(rows.drop(columns=[name for name in PREDICTORS if name not in used.names]))
    made = design(left.rows, left.names)
    events = int(min(made.y[:, 0].sum(), (1 - made.y[:, 0]).sum()))
    if events < EVENTS * made.x.shape[1]:
        rarer = "found" if made.y[:, 0].mean() < 0.5 else "missed"
        why = f"{events} {rarer} queries are too few for {made.x.shape[1]} coefficients"
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
        for level, (mean, size) in constant.iterrows():
            kind = f"{POS[level]}s" if column == "pos" else "queries of this kind"
            what = "are found" if mean else "is found"
            never[f"pos:{level}" if column == "pos" else column] = f"{'all' if mean else 'none'} of {size:.0f} {kind} {what}"
        rows = rows[~rows[column].isin(constant.index)].reset_index(drop=True)
    return rows, never


def _too_few(made: Design, each: int) -> str:
    n, k = made.n_words, made.x.shape[1]
    return f"{n} words are too few for {k} coefficients" if n < max(ENOUGH, each * k) else ""


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
    return Interval(effect, math.nan, math.nan, n) if why else _student(effect, error, n, made.n_words)


MODELS = {"pos": "part of speech alone", "others": "all but part of speech", "all": "all of them"}


def aucs(used: Used, draws: int, seed: int) -> tuple[tuple[Auc, ...], Interval]:
    """The areas under the curve of three models on words that they have not seen, and what part of speech adds to the
    others.

    Words are dealt into ``FOLDS`` parts; each is predicted by a logistic regression of the nine others, which has seen
    none of them under any part of speech or in any language pair.  All three know the language pair.  The intervals
    are of the words predicted, drawn again; the models stay as they are.
    """
    made = design(used.rows, used.names)
    found, n = made.y[:, 0], made.n_words
    if n < ENOUGH or not 0 < found.sum() < len(found):
        return (), NOTHING
    known = predicted(used, made, seed)
    pairs = np.unique(used.rows["pair"].to_numpy(), return_inverse=True)[1]
    weights = drawn(n, draws, seed)[:, made.words]
    values, again = {}, {}
    for name, scores in known.items():
        values[name] = float(concordance(scores, found, pairs, np.ones((1, len(found))))[0])
        again[name] = concordance(scores, found, pairs, weights)
    added = resampled(values["all"] - values["others"], again["all"] - again["others"], n)
    return tuple(Auc(name, MODELS[name], resampled(values[name], again[name], n)) for name in known), added


def predicted(used: Used, made: Design, seed: int) -> dict[str, Column]:
    """Log odds of every row by models that have not seen its word: name of ``MODELS`` → float64 (n,)."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GroupKFold

    kinds = list(made.kinds.values())
    pairs = [place for place in range(1, made.groups) if place not in kinds]
    others = list(range(made.groups, made.x.shape[1]))
    columns = {"pos": [*pairs, *kinds], "others": [*pairs, *others], "all": [*pairs, *kinds, *others]}
    found = made.y[:, 0]
    scores = {name: np.zeros(len(found)) for name in columns}
    folds = GroupKFold(min(FOLDS, made.n_words), shuffle=True, random_state=seed)
    for seen, unseen in folds.split(made.x, found, made.words):
        if len(np.unique(found[seen])) < 2:
            continue  # nothing can be learned of one outcome: all of these are 0
        mean, spread = made.x[seen].mean(axis=0), made.x[seen].std(axis=0)
        x = (made.x - mean) / np.where(spread > 0, spread, 1)
        for name, own in columns.items():
            if own:
                model = LogisticRegression(C=PENALTY, max_iter=1000).fit(x[np.ix_(seen, own)], found[seen])
                scores[name][unseen] = model.decision_function(x[np.ix_(unseen, own)])
    return scores


def concordance(scores: Column, found: Column, pairs: NDArray[np.int64], weights: Column) -> Column:
    """The share of (found, missed) rows of the same language pair of which the found one has the higher score; half of
    a tie counts.

    Args:
        scores, found: float64 (n,); pairs: int64 (n,); weights: float64 (draws, n), how often each row is there.

    Returns:
        float64 (draws,), nan where there is no such pair of rows.
    """
    higher, total = np.zeros(len(weights)), np.zeros(len(weights))
    for pair in np.unique(pairs):
        here = np.flatnonzero(pairs == pair)
        order = here[np.argsort(scores[here], kind="stable")]
        starts = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))
        own = weights[:, order]
        hits, misses = (np.add.reduceat(own * part[order], starts, axis=1) for part in (found, 1 - found))
        below = np.cumsum(misses, axis=1) - misses
        higher += (hits * (below + misses / 2)).sum(axis=1)
        total += hits.sum(axis=1) * misses.sum(axis=1)
    return cast(Column, np.divide(higher, total, out=np.full(len(weights), np.nan), where=total > 0))
