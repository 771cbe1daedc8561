"""Risk–coverage: do numbers that need no right answer tell found words from missed ones?"""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cldi_core import rankers
from cldi_core.data.counting import counted
from cldi_core.data.dataset import POS, SETTINGS
from cldi_core.insight import confidence
from cldi_core.insight.confidence import CONFIDENCES, Area

from . import curve_figures, curve_load, curve_words, evidence_load, figures, glossary, result_tables, take, view
from .foreign import safe

WITHIN = "within"  # the parameter of the URL: the part of speech whose curves are drawn


def draw(current: view.View) -> None:
    """The curves of all confidences, what they do within parts of speech, and the areas under every method."""
    asked = (current.dataset, current.backbone, current.pair)
    frame = curve_load.answers(*asked, current.method)
    st.markdown(
        "Could one keep the words of which a method is sure and leave the others? Four numbers say how sure, and none "
        "looks at a right answer: the dispersion of the word's pictures (low is sure; Kiela et al. 2014), the "
        "winner's margin over the next candidate, the share of the word's pictures that vote for KNN's winner, and the "
        "ceiling, how well half of its pictures find the other half.",
        help=glossary.of(current, "dispersion", "ceiling"),
    )
    if frame is None or not len(frame):
        evidence_load.missing(current, "Nothing is shown")
        return
    areas = curve_load.areas(*asked, current.method)
    if not areas:
        st.info("There are too few words to say whether any of these numbers tells.")
        return
    _curves(current, frame, areas)
    _within(current, frame, areas)
    _methods(current)


def _curves(current: view.View, frame: pd.DataFrame, areas: list[Area]) -> None:
    there = list(dict.fromkeys(one.setting for one in areas))
    chosen = view.one_of(WITHIN, there)
    st.segmented_control("Words", there, format_func=_kind, **view.widget(WITHIN, chosen))
    rows = frame[frame["pos"].isin(SETTINGS[chosen])]
    right = rows["right"].to_numpy()
    told = curve_words.sure(areas)
    own = {one.confidence: one for one in areas if one.setting == chosen}
    take.chart(
        curve_figures.risk(
            {name: confidence.curve(confidence.sure(rows, name), right) for name in own},
            confidence.perfect_curve(right),
            next(iter(own.values())).random,
        ),
        name=f"risk-coverage {current.pair} {current.method} {chosen}",
        key=f"risk-{current.pair}-{current.method}-{current.backbone}-{chosen}",
        alt=f"Risk against coverage under {rankers.label(current.method)}, {_kind(chosen)}, n = {len(rows)}. {told}",
    )
    st.markdown(safe(f"{told} {curve_words.within(areas)}"))


def _within(current: view.View, frame: pd.DataFrame, areas: list[Area]) -> None:
    """By how much each confidence is better than a random order, over all words and within parts of speech."""
    rows: dict[str, dict[str, str]] = {}
    for one in areas:
        column = f"{_kind(one.setting)} (n = {one.n}, random {one.random:.2f})"
        rows.setdefault(CONFIDENCES[one.confidence].label, {})[column] = figures.gain_text(one.difference)
    st.header(f"Difference to a random order (area under the curve), {safe(rankers.label(current.method))}")
    take.table(
        pd.DataFrame(rows).T,
        name=f"confidence {current.pair} {current.method}",
        height="content",
        column_config=result_tables.NAMES,
        alt="Difference of each confidence to a random order (area under the risk–coverage curve)",
    )
    unknown = max((one.unknown for one in areas), default=0)
    st.caption(
        "The area is the mean share of wrong answers among the words that are kept, over all shares one could keep. "
        "▼ is better than chance and ▲ worse; with 95 % intervals by bootstrap over words. A number that only "
        "tells verbs from nouns is better than chance over all words and not within a part of speech. "
        "n counts queries. Four numbers are looked at, so even if all told nothing one would be marked now and then."
        + (f" Up to {counted(unknown, 'query')} without a number count as the least sure." if unknown else "")
    )
    st.markdown("**What is kept** if the surest half of all words is")
    kept = {CONFIDENCES[name].label: confidence.kept_by_pos(frame, name) for name in confidence.known(frame)}
    shares = {
        label: {f"{POS[letter]}s (n = {n})": f"{share:.0%}" for letter, (share, n) in own.items()}
        for label, own in kept.items()
    }
    take.table(
        pd.DataFrame(shares).T,
        name=f"kept {current.pair} {current.method}",
        height="content",
        column_config=result_tables.NAMES,
        alt="Share of each part of speech among the surest half of all words",
    )


def _methods(current: view.View) -> None:
    """The areas under every method."""
    found = curve_load.areas_of_methods(current.dataset, current.backbone, current.pair)
    shown = {
        rankers.label(way): {
            "random": f"{own[0].random:.2f}",
            **{CONFIDENCES[one.confidence].label: figures.interval_text(one.area) for one in own},
            "perfect": f"{own[0].perfect:.2f}",
            "n": str(own[0].n),
        }
        for way, own in found.items()
        if own
    }
    st.header("Area under the curve, every method")
    take.table(
        pd.DataFrame(shown).T,
        name=f"areas {current.pair}",
        height="content",
        column_config=result_tables.NAMES,
        alt="Area under the risk–coverage curve of each confidence by method",
    )
    st.caption("Lower is better: compare a row's figures with its random and its perfect order, not with other rows.")


def _kind(setting: str) -> str:
    letters = SETTINGS[setting]
    return "all words" if len(letters) > 1 else f"{POS[letters[0]]}s"
