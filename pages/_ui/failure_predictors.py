"""What predicts failure: the gap between nouns and others as one picture and one sentence, and what is behind."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from cldi_core.data import concreteness
from cldi_core.data.counting import counted
from cldi_core.data.dataset import POS
from cldi_core.insight.failure import Failure
from cldi_core.insight.failure_models import Model
from cldi_core.insight.predictors import PREDICTORS

from . import failure_figures, failure_load, figures, glossary, load, report_failure, take, view
from .foreign import safe

OUTCOMES = {"found": "the share found", "log_rank": "the depth of ranks"}
BRYSBAERT = "https://doi.org/10.3758/s13428-013-0403-5"


def draw(current: view.View) -> None:
    """The section."""
    if failure_load.missing(current):
        return
    found = failure_load.failure(current)
    kinds = list(dict.fromkeys(pos for pos, _ in found.gaps))
    kinds = [pos for pos in kinds if pos in current.pos] or kinds
    if not kinds:
        st.info("There are not both nouns and other words with pictures, so there is no gap to explain.")
    told = {one.pos: one for one in found.sentences}
    for pos in kinds:
        st.markdown(safe(told[pos].text))
    report_failure.button(current, found, failure_load.scope(current))
    outcomes = dict.fromkeys(told[pos].outcome for pos in kinds)
    for outcome in outcomes:
        _gap(current, found, outcome, [pos for pos in kinds if told[pos].outcome == outcome])
    others = [outcome for outcome in OUTCOMES if outcome not in outcomes]
    if kinds and others:
        with st.expander(f"The same for {OUTCOMES[others[0]]}"):
            _gap(current, found, others[0], kinds)
    _models(found)
    _areas(found)
    _predictors(current, found)


def _gap(current: view.View, found: Failure, outcome: str, kinds: Sequence[str]) -> None:
    named = " and ".join(f"{POS[pos]}s" for pos in kinds)
    take.chart(
        failure_figures.gap(found, outcome, kinds),
        name=f"gap-{outcome}",
        alt=f"How far {named} are from nouns in {OUTCOMES[outcome]}, before and after the rest is held, and matched",
        key=f"gap {outcome} {kinds}",
    )
    shown = outcome == "found" and any(pos in found.found.effects for pos in kinds)
    counts = " · ".join(
        f"{POS[one.pos]}s: {one.found} of {counted(one.queries, 'query')} found, n = {counted(one.words, 'word')}"
        for one in found.counts
    )
    st.caption(
        safe(f"{failure_load.told(current)} · {counts}")
        + (f" · left out, as they lack a number: {counted(found.lacking, 'query')}" if found.lacking else "")
        + ". Each dot is a difference to nouns with its 95 % interval, of draws of words. *Before*: beside the "
        "language pair alone. *All else held*: in a linear model with every predictor below"
        + ("; *logistic*: the average effect in a logistic one, as a check" if shown else "")
        + f". {_matched(found, kinds)}"
    )
    st.markdown("**What makes up the part that goes**")
    take.chart(
        failure_figures.parts(found, outcome, kinds),
        name=f"gap-parts-{outcome}",
        alt=f"What each predictor takes of the gap of {named} in {OUTCOMES[outcome]}",
        key=f"parts {outcome} {kinds}",
    )
    st.caption(
        "Before less all-else-held, split by predictor (Gelbach 2016): its coefficient times how much the words differ "
        "from nouns in it; the parts sum up to the whole. On the side of the gap: it accounts for a part of it; beyond "
        "0 on the other side: it hides a part of it. All of this is association: what goes with failure need not cause "
        "it.",
        help=glossary.of(current, "dispersion", "ceiling", "hub"),
    )


def _matched(found: Failure, kinds: Sequence[str]) -> str:
    """What was matched, and how alike the words are then."""
    texts = []
    for pos in kinds:
        one = found.matched[pos]
        if one.why:
            texts.append(f"{POS[pos].capitalize()}s were not matched: {one.why}.")
            continue
        balance = ", ".join(f"{own.label} {own.before:+.2f} → {own.after:+.2f} SD" for own in one.balance)
        texts.append(
            f"{counted(one.matched, f'{POS[pos]} query')} against {one.nouns} of nouns in the same fifths of "
            f"{', '.join(one.on)} and the same language pair; {one.unmatched} have none (left between them: {balance})."
        )
    return f"*Matched*: {' '.join(texts)}".replace("-", "−")


def _models(found: Failure) -> None:
    st.header("What goes with being found, and with depth")
    models = [model for model in (found.found, found.rank) if model.coefficients]
    if models:
        take.chart(
            failure_figures.coefficients(models),
            name="coefficients",
            alt="Standardised coefficients with intervals of a model of found and of one of the logarithm of the rank",
            key="coefficients",
        )
    notes = [f"The model of {OUTCOMES[one.outcome]} cannot be estimated: {one.why}." for one in _without(found)]
    notes += [
        f"{one.label}: {one.why}, so it has no {'interval' if one.interval.n else 'estimate'} in the model of "
        f"{OUTCOMES[model.outcome]}."
        for model in models
        for one in model.coefficients
        if one.why
    ]
    sizes = ", ".join(f"{counted(model.rows, 'query')} of {counted(model.words, 'word')}" for model in models[:1])
    notes += [f"n = {sizes}."] if sizes else []
    st.caption(
        safe(" ".join(notes))
        + " Logistic regression of found and linear regression of log₁₀ rank, on all of these and the language pair; "
        "95 % intervals are clustered by word. Numbers count by one standard deviation, same spelling and part "
        "of speech from no to yes."
    )


def _without(found: Failure) -> list[Model]:
    return [model for model in (found.found, found.rank) if model.why]


def _areas(found: Failure) -> None:
    st.header("Can it be told beforehand?")
    if not found.aucs:
        st.info("There are too few words, or all or none of them are found, so no model can be tried on unseen ones.")
        return
    rows = {
        "what the model knows": [one.label for one in found.aucs],
        "AUC on unseen words": [figures.interval_text(one.interval) for one in found.aucs],
        "n": [one.interval.n for one in found.aucs],
    }
    take.table(
        pd.DataFrame(rows), name="auc", alt="Areas under the curve of three models on unseen words", hide_index=True
    )
    st.caption(
        "AUC: how often a found word is put above a missed one of the same language pair by a logistic regression that "
        "has seen neither of them; .5 is chance, 1 always. Ten-fold cross-validation in which all queries of a word "
        "are held out together, five times; intervals over n words. What part of speech adds to the others: "
        f"{figures.interval_text(found.adds)}."
    )


def _predictors(current: view.View, found: Failure) -> None:
    with st.expander("What each of them is"):
        known = {name: found.left_out.get(name, "") for name in PREDICTORS}
        rows = {
            "predictor": [PREDICTORS[name].label for name in known],
            "what it is": [PREDICTORS[name].about for name in known],
            "left out because": list(known.values()),
        }
        take.table(
            pd.DataFrame(rows),
            name="predictors",
            alt="The predictors, what they are, and why some are left out",
            hide_index=True,
            column_config={"what it is": st.column_config.TextColumn(width="large")},
        )
    if concreteness.ratings(load.opened(current.dataset)) is None:
        st.caption(
            f"Concreteness is not known here: put `{concreteness.FILE}` (a word, a tab and a number a line, or the "
            f"[table of Brysbaert et al. 2014]({BRYSBAERT}) as it is) into the data set's folder, and it counts. It is "
            "not shipped, as its licence does not say that it may be."
        )
