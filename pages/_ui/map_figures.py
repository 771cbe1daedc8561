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

from .figures import COLOURS, GREY, LANGUAGE_COLOURS, OUTCOME_COLOURS, points
from .foreign import in_figure

HEIGHT = 470  # pixels: ends above the fold of 720
UNCHOSEN = "rgba(140, 140, 140, 0.28)"
RING = "#56B4E9"  # seen on light and dark ground, and no part of speech's
INK = {"light": "#1a1a1a", "dark": "#f0f0f0"}  # of labels
HALO = "auto"  # around letters, in the colour that they stand out from: read over points, in light and dark
RIM = 0.03  # of an axis, so that points at the rim are whole
RINGED = 60  # chosen points that have rings, at most
NAMED = 6  # names beside them, at most

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
    texts = np.asarray(hover, object)
    for label, colour, mask in groups:
        marker = {"color": colour, "size": 6, "opacity": 0.75}
        figure.add_trace(points(x[mask], y[mask], texts[mask].tolist(), numbers[mask], marker, label))
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.update_layout(
        height=620,
        margin={"l": 0, "r": 0, "t": 30, "b": 0},
        dragmode="lasso",
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "itemsizing": "constant"},
    )
    return figure


def ranges(limits: NDArray[np.floating]) -> NDArray[np.float64]:
    """The axes of a whole map whose places end at ``limits``: float (2, 2), where x and y begin and end."""
    beyond = RIM * (limits[:, 1] - limits[:, 0])
    beyond[beyond == 0] = 0.5
    return np.stack([limits[:, 0] - beyond, limits[:, 1] + beyond], axis=1).astype(np.float64)


def framed(
    figure: go.Figure, axes: NDArray[np.floating], labels: Sequence[Label], theme: str | None = None
) -> go.Figure:
    """Give a map its axes and the labels of its places.

    Args:
        axes: float (2, 2), where x and y begin and end; theme: "light" or "dark", else as Plotly has it.
    """
    figure.update_xaxes(range=axes[0].tolist())
    figure.update_yaxes(range=axes[1].tolist())
    for label in labels:
        figure.add_annotation(x=label.x, y=label.y, text=in_figure(label.text), showarrow=False)
    figure.update_layout(height=HEIGHT, margin={"l": 0, "r": 0, "t": 48, "b": 0})
    figure.update_annotations(font={"size": 13, "shadow": HALO, "color": INK.get(theme or "")})
    return figure


def mark(
    figure: go.Figure, x: NDArray[np.floating], y: NDArray[np.floating], names: Sequence[str], corners: Corners
) -> go.Figure:
    """Show what is chosen: the area that was drawn, or rings around a few points with their names."""
    if corners:
        across, up = zip(*corners, corners[0], strict=True)
        line = {"color": RING, "width": 2}
        figure.add_trace(
            go.Scatter(x=across, y=up, mode="lines", line=line, hoverinfo="skip", showlegend=False, name="chosen")
        )
    elif 0 < len(names) <= RINGED:
        marker = {"symbol": "circle-open", "size": 15, "color": RING, "line": {"width": 3}}
        figure.add_trace(
            go.Scattergl(x=x, y=y, mode="markers", marker=marker, hoverinfo="skip", showlegend=False, name="chosen")
        )
        places = dict(zip(reversed(names), reversed(list(zip(x.tolist(), y.tolist(), strict=True))), strict=True))
        for name, (across, up) in places.items() if len(places) <= NAMED else ():
            figure.add_annotation(
                x=across, y=up, text=f"<b>{in_figure(name)}</b>", showarrow=True, arrowcolor=RING, ax=0, ay=-28
            )
    return figure
