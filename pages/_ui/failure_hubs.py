"""Hubs: a few candidates stand in the first ten of many words, before and after CSLS."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from cldi_core import rankers
from cldi_core.data.counting import counted
from cldi_core.features import backbones
from cldi_core.insight import hubs
from cldi_core.insight.evidence import CSLS
from cldi_core.insight.explanation import shown_rank

from . import curve_figures, curve_load, curve_words, figures, glossary, load, result_tables, take, view, words
from . import draw as drawing
from .foreign import safe

PICTURES = 8  # of a hub, shown
WON = 3  # words that a hub wins wrongly, linked


def draw(current: view.View) -> None:
    """The distribution, the skewness of every method, and the greatest hubs with their pictures."""
    method = hubs.uncorrected(current.method)
    asked = (current.dataset, current.backbone, current.pair)
    before = curve_load.hubs(*asked, method)
    # Not everything can be corrected: neither learned methods nor fusions.
    can_be = rankers.exists(f"{method}{CSLS}")
    after = curve_load.hubs(*asked, f"{method}{CSLS}") if can_be else None
    st.markdown(
        "A hub is a candidate that is near to many words; it takes the first place of those whose right answer is near "
        "as well. N₁₀ is the number of words among whose first ten a candidate stands. CSLS makes a candidate worth "
        "less that is near to many words.",
        help=glossary.of(current, "hub", "csls"),
    )
    if before is None:
        _missing(current, method)
        return
    _distribution(current, method, before, after)
    if after is None and can_be:
        _missing(current, f"{method}{CSLS}")
    _methods(current)
    _greatest(current, method, hubs.greatest(before, after))


def _distribution(current: view.View, method: str, before: pd.DataFrame, after: pd.DataFrame | None) -> None:
    named = {rankers.label(method): before}
    if after is not None:
        named[rankers.label(f"{method}{CSLS}")] = after
    found = {label: hubs.hubness(frame) for label, frame in named.items()}
    sizes = curve_load.of_pictures(current.dataset, current.backbone, current.pair, method)
    told = [curve_words.hubness(*next(iter(found.items()))), curve_words.of_pictures(sizes)]
    if after is not None:
        both = (method, f"{method}{CSLS}")
        gained = curve_load.gained(current.dataset, current.backbone, current.pair, both)
        told.append(curve_words.corrected(*found.values(), gained))
    last = {label: _greatest_word(frame) for label, frame in named.items()}
    first = next(iter(found.values()))
    take.chart(
        curve_figures.hubs({label: hubs.distribution(frame) for label, frame in named.items()}, first.even, last),
        name=f"hubs {current.pair} {method}",
        key=f"hubs-{current.pair}-{method}-{current.backbone}",
        alt=f"How many candidates stand in so many words' first ten or more. {' '.join(told)}",
    )
    st.markdown(safe(" ".join(told)))


def _greatest_word(frame: pd.DataFrame) -> str:
    top = hubs.greatest(frame, None, 1)
    return str(top["word"].iloc[0]) if len(top) else ""


def _methods(current: view.View) -> None:
    """The skewness of N₁₀ under every method."""
    found = curve_load.hubness(current.dataset, current.backbone, current.pair)
    shown = {
        rankers.label(way): {
            "skewness of N₁₀": figures.interval_text(one.skewness),
            "largest N₁₀": one.greatest,
            "in nobody's first ten": f"{one.never:.0%} ({one.never_n} of {one.candidates})",
            "places of the top tenth": f"{one.tenth:.0%}",
            "n words": one.words,
        }
        for way, one in found.items()
    }
    st.header("Every method")
    take.table(
        pd.DataFrame(shown).T,
        name=f"hubness {current.pair}",
        height="content",
        column_config=result_tables.NAMES,
        alt=f"Skewness of N₁₀ by method, {current.pair}",
    )
    st.caption(
        "Skewness is 0 where the numbers lie evenly around their mean and the larger the fewer candidates have most of "
        "the places (Radovanović et al. 2010); its 95 % interval is over source words, each left out once. KNN and "
        "KNN-C name one answer; their places below it are a by-product."
    )


def _greatest(current: view.View, method: str, top: pd.DataFrame) -> None:
    """The greatest hubs, each with its pictures and some words that it wins wrongly."""
    st.header(f"The greatest hubs under {safe(rankers.label(method))}")
    pair = load.pair_of(current.dataset, current.backbone, current.pair)
    ranked = load.rankings(current.dataset, current.backbone, current.pair, method)
    for row in top.to_dict("records"):
        about, pictures = st.columns([2, 3], vertical_alignment="center")
        own = pair.target.word_ids(row["word"])
        with about:
            kind = f"{words.kinds(row['pos'])}, {counted(len(own), 'picture')}"
            st.markdown(f"**{safe(row['word'])}** · {kind}  \n{safe(_numbers(row))}")
            if ranked is not None:
                _won(current, method, hubs.won_wrongly(ranked, row["word"]))
        with pictures:
            drawing.row(current.dataset, own[:PICTURES], row["word"], width=60)


def _numbers(row: dict[str, Any]) -> str:
    """``"N₁₀ 176 → 35 · wins 15 → 1 wrongly"``."""
    if pd.isna(row["n10_after"]):
        return f"N₁₀ {row['n10']} · wins {row['wins']} wrongly"
    return f"N₁₀ {row['n10']} → {row['n10_after']:.0f} · wins {row['wins']} → {row['wins_after']:.0f} wrongly"


def _won(current: view.View, method: str, wrongly: pd.DataFrame) -> None:
    """Links to words that a hub wins wrongly, with the hub as the candidate that is looked at."""
    with st.container(horizontal=True, gap="small"):
        for row in wrongly.tail(WON).iloc[::-1].to_dict("records"):
            st.page_link(
                "pages/word.py",
                label=safe(f"{row['word']} ({words.kinds(row['pos'])}) #{shown_rank(row['rank'])}"),
                query_params=view.of_word(row["query"], method=method) | {"candidate": row["winner"]},
            )


def _missing(current: view.View, method: str) -> None:
    options = ("--pair", current.pair, "--backbone", current.backbone, "--method", method)
    drawing.empty(
        f"For {current.pair} nothing is stored yet of hubs under {rankers.label(method)} with "
        f"{backbones.label(current.backbone)}.",
        load.command(current.dataset, "score", *options),
    )
