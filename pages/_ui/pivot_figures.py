"""Figures of image pivoting: training curves, and the map of a joint space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from . import map_figures
from .foreign import in_figure

if TYPE_CHECKING:
    from cldi_core.pivot.about import About
    from cldi_core.pivot.search import Plane

PICTURES = "#7F7F7F"
BOTH = "#2B8CC4"  # of what belongs to both languages: one space, or the item that is looked at
CROWDED = 1500  # points from which on they are drawn fainter


def colour(kind: str, languages: Sequence[str]) -> str:
    """The colour of a kind of point: grey for pictures, the languages' elsewhere."""
    return map_figures.group_colour("language", kind, languages) if kind in languages else PICTURES


def curves(spaces: Mapping[str, About], languages: Sequence[str]) -> go.Figure:
    """Loss and validation recall over epochs, the epoch that is kept marked.

    Args:
        spaces: name of a space, such as ``"en+de"`` → what is known of it.
    """
    figure = make_subplots(cols=2, horizontal_spacing=0.08)
    for name, about in spaces.items():
        own = BOTH if len(about.languages) > 1 else colour(name, languages)
        epochs = list(range(1, len(about.curve) + 1))
        for column, values in enumerate(
            ([one.loss for one in about.curve], [one.recall for one in about.curve]), start=1
        ):
            figure.add_trace(
                go.Scatter(
                    x=epochs,
                    y=values,
                    mode="lines",
                    line={"color": own, "width": 2},
                    name=name,
                    showlegend=column == 1 and len(spaces) > 1,
                    hovertemplate="epoch %{x}: %{y:.3f}<extra></extra>",
                ),
                row=1,
                col=column,
            )
            figure.add_trace(
                go.Scatter(
                    x=[epochs[about.best]],
                    y=[values[about.best]],
                    mode="markers",
                    marker={"color": own, "size": 11, "symbol": "diamond"},
                    showlegend=False,
                    hovertemplate="kept: epoch %{x}, %{y:.3f}<extra></extra>",
                ),
                row=1,
                col=column,
            )
    figure.update_xaxes(title="epoch", rangemode="tozero")
    figure.update_yaxes(rangemode="tozero")
    figure.update_yaxes(title="loss of a batch", type="log", dtick=1, col=1)
    figure.update_yaxes(title="recall on validation", col=2)
    figure.update_layout(
        height=300,
        margin={"l": 50, "r": 20, "t": 30, "b": 48},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 1, "xanchor": "right"},
        hoverlabel={"align": "left"},
    )
    return figure


def plane(
    shown: Plane, languages: Sequence[str], chosen: str = "", typed: NDArray[np.float32] | None = None
) -> go.Figure:
    """The map: pictures and descriptions of each language, the chosen item joined, what was typed as a star.

    Points carry their place in ``shown`` as ``customdata``.
    """
    kinds, items = np.array(shown.kinds, object), np.array(shown.items, object)
    groups = [
        (f"{kind}, n = {int((kinds == kind).sum())}", colour(kind, languages), kinds == kind) for kind in shown.means
    ]
    x, y = shown.xy.T
    figure = map_figures.scatter_map(x, y, np.arange(len(kinds)), groups, shown.labels)
    if len(kinds) > CROWDED:
        figure.update_traces(marker={"opacity": 0.45, "size": 5})
    own = items == chosen
    if own.any():
        _joined(figure, shown, own)
    if typed is not None and len(typed):
        marker = {"symbol": "star", "size": 15, "color": BOTH, "line": {"color": "white", "width": 1}}
        figure.add_trace(
            go.Scattergl(x=typed[:, 0], y=typed[:, 1], mode="markers", marker=marker, name="the text", hoverinfo="name")
        )
    figure.update_layout(height=560, dragmode="pan", uirevision="map")
    return figure


def _joined(figure: go.Figure, shown: Plane, own: NDArray[np.bool_]) -> None:
    """Circles around an item's points, and lines from its picture to its descriptions."""
    points = shown.xy[own]
    path = np.concatenate([[points[0], other, [np.nan, np.nan]] for other in points[1:]] or [points[:0]])
    line = {"color": BOTH, "width": 3}
    figure.add_trace(
        go.Scattergl(x=path[:, 0], y=path[:, 1], mode="lines", line=line, hoverinfo="skip", showlegend=False)
    )
    labels = [in_figure(label) for label, mine in zip(shown.labels, own, strict=True) if mine]
    marker = {"symbol": "circle-open", "size": 15, "color": BOTH, "line": {"width": 3}}
    figure.add_trace(
        go.Scattergl(
            x=points[:, 0], y=points[:, 1], mode="markers", marker=marker, name="the chosen item", hovertext=labels,
            hoverinfo="text", customdata=np.flatnonzero(own).astype(np.int32),
        )
    )  # fmt: skip
