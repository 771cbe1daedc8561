"""Figures of the Dispersion page: a ridge for each part of speech, and dispersion against rank."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from cldi_core.data.counting import counted
from cldi_core.data.dataset import POS
from cldi_core.evaluation.metrics import Interval
from cldi_core.insight import overview

from .figures import COLOURS, errors, interval_text, layout, points

RIDGE = 96  # pixels of each


def ridges(frame: pd.DataFrame, language: str, letters: Sequence[str]) -> go.Figure:
    """Dispersion in one language: beneath each other a ridge for each part of speech, all in the same steps and scale.

    Shares of the words, so that kinds of different size compare; below each ridge its mean with the interval.

    Args:
        frame: of ``dispersions.dispersions``; letters: parts of speech, of which those without words are left out.
    """
    rows = frame[frame["language"] == language]
    means = [(letter, mean) for letter, mean in overview.means_by_pos(rows, letters=letters) if mean.n]
    if not means:
        empty = go.Figure().update_xaxes(range=[0, 1], title="dispersion").update_yaxes(visible=False)
        return layout(empty, f"Dispersion, {language}", "no word has two pictures", 200)
    figure = make_subplots(len(means), 1, shared_xaxes=True, vertical_spacing=0.24 / len(means))
    heights = {letter: overview.shares(rows, letter) for letter, _ in means}
    top = max(float(own.max()) for own in heights.values())
    for number, (letter, mean) in enumerate(means, 1):
        figure.add_trace(_ridge(heights[letter], letter, mean.n), number, 1)
        figure.add_trace(_mean(mean, letter, -0.13 * top), number, 1)
        figure.update_yaxes(range=[-0.26 * top, 1.3 * top], row=number)
        # Within the ridge, at its top: there is no legend.
        figure.add_annotation(
            text=f"<b>{POS[letter]}s</b>, n = {mean.n}", showarrow=False,
            x=0, xref="x domain" if number == 1 else f"x{number} domain", xanchor="left",
            y=1, yref="y domain" if number == 1 else f"y{number} domain", yanchor="top",
        )  # fmt: skip
    figure.update_xaxes(range=[0, float(np.fmax(rows["dispersion"].max(), 1))], showgrid=True)
    figure.update_xaxes(title="dispersion", row=len(means))
    ticks = [0, 0.1, 0.2] if top < 0.3 else [0, 0.5, 1]
    figure.update_yaxes(tickformat=".0%", tickvals=ticks, zeroline=True)
    note = "shares of the words; points: means, 95 % intervals"
    return layout(figure, f"Dispersion, {language}", note, 130 + RIDGE * len(means)).update_layout(
        showlegend=False, bargap=0, margin={"t": 70}
    )


def _ridge(shares: np.ndarray, letter: str, n: int) -> go.Bar:
    steps = np.arange(len(shares)) * overview.STEP
    return go.Bar(
        x=steps + overview.STEP / 2,
        y=shares,
        width=overview.STEP,
        marker={"color": COLOURS[letter], "opacity": 0.75, "line": {"width": 0}},
        hovertext=[
            f"{low:.2f} to {low + overview.STEP:.2f}: {share:.0%} of {counted(n, POS[letter])}"
            for low, share in zip(steps, shares, strict=True)
        ],
        hoverinfo="text",
    )


def _mean(mean: Interval, letter: str, y: float) -> go.Scatter:
    return go.Scatter(
        x=[mean.value],
        y=[y],
        error_x=errors([mean]),
        mode="markers",
        marker={"color": COLOURS[letter], "size": 7},
        hovertext=[f"mean {interval_text(mean)}"],
        hoverinfo="text",
    )


def against_rank(table: pd.DataFrame) -> go.Figure:
    """Dispersion against reciprocal rank; found words filled, others hollow."""
    figure = go.Figure()
    for letter, name in POS.items():
        rows = table[table["pos"] == letter]
        if len(rows):
            found = rows["rank"] <= 1
            hollow = {"color": "rgba(0,0,0,0)", "line": {"color": COLOURS[letter], "width": 1.5}}
            figure.add_trace(_points(rows[found], {"color": COLOURS[letter]}, f"{name}s, n = {len(rows)}"))
            figure.add_trace(_points(rows[~found], hollow, ""))
    figure.update_xaxes(title="dispersion of the source word's pictures", rangemode="tozero")
    figure.update_yaxes(title="1 / rank of the right answer", range=[-0.03, 1.05])
    return layout(figure, "Dispersion against reciprocal rank", "a click opens the word; filled: found", 400)


def _points(rows: pd.DataFrame, marker: dict[str, object], name: str) -> go.Scattergl:
    trace = points(
        rows["dispersion"].to_numpy(),
        (1 / rows["rank"]).to_numpy(),
        rows["word"].tolist(),
        rows["number"].to_numpy(),
        {"size": 7, "opacity": 0.8, **marker},
        name,
    )
    return trace.update(showlegend=bool(name))
