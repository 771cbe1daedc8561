"""Figures of hubs, learning curves and risk–coverage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from cldi_core.data.dataset import POS, SETTINGS
from cldi_core.evaluation.metrics import Interval
from cldi_core.insight.confidence import CONFIDENCES
from cldi_core.insight.learning import ALL, FIGURES, Point

from .figures import COLOURS, GREY, RANKS, interval_text
from .foreign import in_figure

BEFORE, AFTER = "#D55E00", "#0072B2"
# Okabe & Ito (2008), and a dash, so that the lines are told apart without colours too.
LINES = {
    "margin": ("#0072B2", "solid"),
    "votes": ("#009E73", "dash"),
    "ceiling": ("#CC79A7", "dashdot"),
    "dispersion": ("#D55E00", "longdash"),
}
BASELINE = "#7F7F7F"
HEIGHT = 380


def hubs(named: Mapping[str, pd.DataFrame], even: float, last: Mapping[str, str]) -> go.Figure:
    """How many candidates stand in so many words' first ten or more, both axes logarithmic.

    Args:
        named: label of a method → ``hubs.distribution``, at most two; even: what N₁₀ would be if all had as many; last:
            label → the candidate of the largest N₁₀, written at the end of the line.
    """
    figure = go.Figure()
    most = 10.0
    looks = ((BEFORE, 9), (AFTER, -9))  # colour, and how far the name at the end stands above the line
    for (label, told), (colour, above) in zip(named.items(), looks, strict=False):
        shown = told[told["n10"] > 0]
        most = max(most, float(shown["n10"].max()) if len(shown) else most)
        figure.add_trace(
            go.Scatter(
                x=shown["n10"],
                y=shown["candidates"],
                mode="lines+markers",
                line={"color": colour, "width": 2, "shape": "vh"},
                marker={"size": 4},
                name=in_figure(label),
                hovertemplate="%{y} candidates in the first ten of %{x} words or more<extra></extra>",
            )
        )
        if len(shown):
            end = shown.iloc[-1]
            figure.add_annotation(
                x=float(np.log10(end["n10"])), y=float(np.log10(end["candidates"])), text=in_figure(last[label]),
                showarrow=False, xanchor="left", xshift=8, yshift=above, font={"color": colour},
            )  # fmt: skip
    if even > 0:
        figure.add_vline(x=even, line={"color": GREY, "dash": "dot"})
        figure.add_annotation(
            x=float(np.log10(even)), y=1, yref="paper", text=f"even: {even:.1f} each", showarrow=False, xanchor="left",
            xshift=4, yanchor="top",
        )  # fmt: skip
    figure.update_xaxes(
        type="log",
        tickvals=RANKS,
        range=[-0.05, float(np.log10(most)) + 0.3],
        title="N₁₀: in how many words' first ten",
    )
    figure.update_yaxes(type="log", tickvals=RANKS, title="candidates with so much or more")
    return _look(figure, HEIGHT)


def learning(points: Sequence[Point], letters: str, pictures: int) -> go.Figure:
    """MRR and P@1 against the pictures of each word, a line and a band for each part of speech.

    Args:
        letters: the parts of speech that are drawn; pictures: how many the word with most of them has.
    """
    sizes = sorted({one.size for one in points if one.size != ALL})
    everything = 2.0 * (sizes[-1] if sizes else 1)
    place = {size: float(size) for size in sizes} | {ALL: everything}
    figure = make_subplots(
        cols=len(FIGURES), shared_yaxes=True, horizontal_spacing=0.05, subplot_titles=[*FIGURES.values()]
    )
    for setting, own in SETTINGS.items():
        shown = [one for one in points if one.setting == setting]
        if len(own) == 1 and own[0] in letters and shown:
            for column, name in enumerate(FIGURES, start=1):
                found: list[Interval] = [getattr(one, name) for one in shown]
                x = [place[one.size] for one in shown]
                label = f"{POS[own[0]]}s, n = {found[0].n}" + (f" ({found[0].why})" if found[0].why else "")
                _line(figure, column, x, found, COLOURS[own[0]], label)
    texts = [*map(str, sizes), f"all (≤ {pictures})"]
    figure.update_xaxes(type="log", tickvals=[*place.values()], ticktext=texts, title="pictures of each word")
    figure.update_yaxes(rangemode="tozero")
    return _look(figure, HEIGHT)


def _line(figure: go.Figure, column: int, x: list[float], found: list[Interval], colour: str, label: str) -> None:
    """One line with the band of its intervals, where it has them."""
    bounds = [(at, one.low, one.high) for at, one in zip(x, found, strict=True) if not one.why]
    if bounds:
        at, low, high = zip(*bounds, strict=True)
        figure.add_trace(
            go.Scatter(
                x=[*at, *reversed(at)], y=[*low, *reversed(high)], fill="toself", mode="none", hoverinfo="skip",
                fillcolor=_faint(colour), showlegend=False, legendgroup=label,
            ),
            row=1, col=column,
        )  # fmt: skip
    figure.add_trace(
        go.Scatter(
            x=x, y=[one.value for one in found], mode="lines+markers", line={"color": colour, "width": 2}, name=label,
            legendgroup=label, showlegend=column == 1, hovertext=[interval_text(one) for one in found],
            hoverinfo="text",
        ),
        row=1, col=column,
    )  # fmt: skip


def risk(
    curves: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]],
    perfect: tuple[NDArray[np.float64], NDArray[np.float64]],
    random: float,
) -> go.Figure:
    """Risk against coverage for each confidence, with that of a random order and of a perfect one.

    Args:
        curves: name of a confidence → coverage and risk (``confidence.curve``).
    """
    figure = go.Figure()
    grey = {"color": BASELINE, "width": 1.5, "dash": "dot"}
    figure.add_trace(
        go.Scatter(x=[0, 1], y=[random, random], mode="lines", line=grey, name="random order", hoverinfo="skip")
    )
    figure.add_trace(
        go.Scatter(
            x=perfect[0], y=perfect[1], mode="lines", line={**grey, "dash": "solid"}, name="perfect order",
            hoverinfo="skip",
        )
    )  # fmt: skip
    for name, (colour, dash) in LINES.items():
        if name in curves:
            figure.add_trace(
                go.Scatter(
                    x=curves[name][0], y=curves[name][1], mode="lines", name=CONFIDENCES[name].label,
                    line={"color": colour, "width": 2, "dash": dash},
                    hovertemplate="%{x:.0%} kept: %{y:.0%} of them wrong<extra></extra>",
                )
            )  # fmt: skip
    figure.update_xaxes(title="share of the words that is kept, the surest first", tickformat=".0%", range=[0, 1])
    figure.update_yaxes(title="share of these that is wrong (1 − P@1)", tickformat=".0%", range=[0, 1.02])
    return _look(figure, 420)


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, 0.16)"


def _look(figure: go.Figure, height: int) -> go.Figure:
    figure.update_layout(
        height=height,
        margin={"l": 50, "r": 20, "t": 56, "b": 48},
        legend={"orientation": "h", "y": 1.08, "yanchor": "bottom", "x": 1, "xanchor": "right", "title": None},
        hoverlabel={"align": "left"},
    )
    return figure
