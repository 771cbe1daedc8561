"""The figure of a map: groups in colours, what is not chosen in grey, labels of places, and what is looked for by name.

Words never go into a hover template: they are untrusted, and Plotly reads HTML there.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from cldi_core.insight.map_labels import Label
from cldi_core.insight.map_selection import Corners

from .figures import COLOURS, GREY, LANGUAGE_COLOURS, OUTCOME_COLOURS
from .foreign import in_figure

HEIGHT = 520  # pixels: ends above the fold of 720
UNCHOSEN = "rgba(140, 140, 140, 0.28)"
RING = "#56B4E9"  # seen on light and dark ground, and no part of speech's
GROUND = "rgba(255, 255, 255, 0.82)"
RIM = 0.03  # of an axis, so that points at the rim are whole
NAMED = 6  # chosen points that have their names beside them, at most

Group = tuple[str, str, NDArray[np.bool_]]


def group_colour(colouring: str, value: str, languages: Sequence[str]) -> str:
    """The colour of a group on the map."""
    if colouring == "language":
        return LANGUAGE_COLOURS[list(languages).index(value) % len(LANGUAGE_COLOURS)]
    return (COLOURS if colouring == "pos" else OUTCOME_COLOURS)[value]


def scatter_map(
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    numbers: NDArray[np.integer],
    groups: Sequence[Group],
    hover: Sequence[str],
    joins: NDArray[np.floating] | None = None,
) -> go.Figure:
    """A map of words or pictures.

    Args:
        x, y: float32 coordinates; numbers: an id per point for selections; hover: its text.
        groups: (label, colour, bool mask), one trace each.
        joins: float (m, 2, 2), pairs of points to join by lines.
    """
    figure = go.Figure()
    if joins is not None and len(joins):
        gaps = np.concatenate([joins, np.full((len(joins), 1, 2), np.nan)], axis=1).reshape(-1, 2)
        line = {"color": GREY, "width": 1}
        figure.add_trace(
            go.Scattergl(x=gaps[:, 0], y=gaps[:, 1], mode="lines", line=line, hoverinfo="skip", name="translations")
        )
    texts = np.array([in_figure(text) for text in hover], object)
    for label, colour, mask in groups:
        figure.add_trace(
            go.Scattergl(
                x=x[mask].astype(np.float32),
                y=y[mask].astype(np.float32),
                mode="markers",
                marker={"color": colour, "size": 6, "opacity": 0.75},
                name=label,
                customdata=numbers[mask].astype(np.int32),
                hovertext=texts[mask].tolist(),
                hoverinfo="text",
            )
        )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.update_layout(
        height=620,
        margin={"l": 0, "r": 0, "t": 30, "b": 0},
        dragmode="lasso",
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "itemsizing": "constant"},
    )
    return figure


def framed(figure: go.Figure, limits: NDArray[np.floating], labels: Sequence[Label]) -> go.Figure:
    """Give a map its axes and the labels of its places."""
    for update, (low, high) in zip((figure.update_xaxes, figure.update_yaxes), limits.tolist(), strict=True):
        beyond = RIM * (high - low) or 0.5
        update(range=[low - beyond, high + beyond])
    for label in labels:
        figure.add_annotation(
            x=label.x, y=label.y, text=in_figure(label.text), showarrow=False, bgcolor=GROUND, borderpad=1,
            font={"size": 12, "color": "#222222"},
        )  # fmt: skip
    figure.update_layout(height=HEIGHT, margin={"l": 0, "r": 0, "t": 48, "b": 0})
    return figure


def mark(
    figure: go.Figure, x: NDArray[np.floating], y: NDArray[np.floating], names: Sequence[str], corners: Corners
) -> go.Figure:
    """Show what is chosen: the area that was drawn, or rings around a few points with their names."""
    if corners:
        left, up = zip(*corners, corners[0], strict=True)
        line = {"color": RING, "width": 2}
        figure.add_trace(
            go.Scatter(x=left, y=up, mode="lines", line=line, hoverinfo="skip", showlegend=False, name="chosen")
        )
    elif len(names):
        marker = {"symbol": "circle-open", "size": 15, "color": RING, "line": {"width": 3}}
        figure.add_trace(
            go.Scattergl(x=x, y=y, mode="markers", marker=marker, hoverinfo="skip", showlegend=False, name="chosen")
        )
        for name, (across, along) in dict(zip(names[:NAMED], zip(x, y, strict=True), strict=False)).items():
            figure.add_annotation(
                x=float(across), y=float(along), text=f"<b>{in_figure(name)}</b>", showarrow=True, arrowcolor=RING,
                bgcolor=GROUND, font={"size": 13, "color": "#222222"}, ax=0, ay=-28,
            )  # fmt: skip
    return figure
