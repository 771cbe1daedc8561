"""The learning curve: how well words translate with few and with many of their pictures."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cldi_core import rankers
from cldi_core.data.counting import counted
from cldi_core.data.dataset import POS, SETTINGS
from cldi_core.features import backbones
from cldi_core.insight import learning

from . import curve_figures, curve_load, curve_words, figures, glossary, load, result_tables, take, view
from . import draw as drawing
from .foreign import safe

METHOD = "curve"  # the parameter of the URL: whose curve is drawn


def draw(current: view.View) -> None:
    """MRR and P@1 against the pictures of each word, by part of speech."""
    asked = (current.dataset, current.backbone, current.pair)
    curve = curve_load.curve(*asked)
    st.markdown(
        "Would more pictures help? Every word of both languages is given 1, 2, 5, … of its pictures, drawn at random; "
        "a word that has fewer keeps all it has.",
        help=glossary.of(current, "mrr", "p"),
    )
    if curve is None:
        drawing.empty(
            f"For {current.pair} no learning curve is stored yet with {backbones.label(current.backbone)}.",
            load.command(current.dataset, "learning-curve", "--pair", current.pair, "--backbone", current.backbone),
        )
        return
    offered = list(dict.fromkeys(curve["method"]))
    chosen = view.asked(METHOD) or current.method
    chosen = chosen if chosen in offered else offered[0]
    st.selectbox("Method", offered, format_func=rankers.label, **view.widget(METHOD, chosen))
    if current.method not in offered:
        options = ("--pair", current.pair, "--backbone", current.backbone, "--method", current.method)
        st.caption(safe(f"There is no curve of {rankers.label(current.method)}."))
        if learning.possible(current.method):
            st.code(load.command(current.dataset, "learning-curve", *options), language="bash")
    points = curve_load.points(*asked, chosen)
    whole = curve_load.kept_whole(*asked)
    told = _told(curve, chosen, whole)
    pair = load.pair_of(*asked)
    most = int(max(pair.source.sizes.max(), pair.target.sizes.max()))
    take.chart(
        curve_figures.learning(points, current.pos, most),
        name=f"learning curve {current.pair} {chosen}",
        key=f"learning-{current.pair}-{chosen}-{current.backbone}-{current.pos}",
        alt=f"MRR and P@1 against the pictures of each word, {rankers.label(chosen)}. {told}",
    )
    st.markdown(safe(told))
    _table(current, chosen, points, whole, pair.languages)
    draws, seed = int(curve["draws"].max()), curve.attrs["seeds"][chosen]
    st.caption(f"Means over {counted(draws, 'draw')} (seed {seed}), with 95 % intervals over words, the bands.")


def _told(curve: pd.DataFrame, method: str, whole: dict[int, tuple[int, int]]) -> str:
    """What the curve shows, in sentences."""
    label = rankers.label(method)
    sizes = [size for size in whole if size != learning.ALL]
    if not sizes:
        return "No word has more than one picture, so there is nothing to take away."
    letters = [letter for letter in POS if (curve["pos"] == letter).any()]
    growth = {letter: learning.growth(curve, method, letter, (sizes[-1], learning.ALL)) for letter in letters}
    told = curve_words.learning(label, growth, sizes[-1])
    return f"{told} {curve_words.gap(label, learning.gaps(curve, method))}".strip()


def _table(
    current: view.View,
    method: str,
    points: list[learning.Point],
    whole: dict[int, tuple[int, int]],
    languages: tuple[str, str],
) -> None:
    """The figures as a table, and how many words keep all they have."""
    rows: dict[str, dict[str, str]] = {}
    for name, label in learning.FIGURES.items():
        for point in points:
            kind = f"{label}, {'all' if len(SETTINGS[point.setting]) > 1 else POS[SETTINGS[point.setting][0]] + 's'}"
            found = getattr(point, name)
            rows.setdefault(f"{kind}, n = {found.n}", {})[_size(point.size)] = figures.interval_text(found)
    for place, language in enumerate(languages):
        label = f"{language} words that keep all"
        rows[label] = {_size(size): f"{own[place]} of {whole[learning.ALL][place]}" for size, own in whole.items()}
    take.table(
        pd.DataFrame(rows).T,
        name=f"learning curve {current.pair} {method}",
        height="content",
        column_config=result_tables.NAMES,
        alt=f"MRR and P@1 by pictures of each word, {rankers.label(method)}",
    )


def _size(size: int) -> str:
    return "all" if size == learning.ALL else str(size)
