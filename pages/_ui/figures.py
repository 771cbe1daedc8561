"""Plotly figures, all in one look: direct labels, intervals, axes that start where the quantity starts.

Words never go into a hover template: they are untrusted, and Plotly reads HTML there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio
from numpy.typing import NDArray
from streamlit.elements.lib.streamlit_plotly_theme import configure_streamlit_plotly_theme

from cldi_core.data.dataset import POS, SETTINGS
from cldi_core.evaluation import metrics, paper, tables
from cldi_core.scoring.methods import METHODS

from .foreign import in_figure

# Okabe & Ito (2008): told apart by colour-blind eyes.  Orange and sky blue are darker: 3:1 on white as on black.
COLOURS = {"N": "#0072B2", "V": "#D55E00", "A": "#009E73", "X": "#3A96CC"}
LANGUAGE_COLOURS = ("#CC79A7", "#C28500")
OUTCOME_COLOURS = {"found": "#009E73", "nearly": "#C28500", "missed": "#D55E00", "uncovered": "#8C8C8C"}
GREY = "rgba(140, 140, 140, 0.45)"
RANKS = [digit * 10**power for power in range(7) for digit in (1, 2, 5)]  # named on the axes of ranks
SETTING_COLOURS = {name: COLOURS[letters[0]] for name, letters in SETTINGS.items() if name != "ALL"}
CONFIG = {"displaylogo": False, "toImageButtonOptions": {"format": "png", "scale": 2}}
if "streamlit" not in pio.templates:  # the look of charts: ``serve`` lets Streamlit start without Plotly
    configure_streamlit_plotly_theme()


def layout(figure: go.Figure, title: str, note: str, height: int) -> go.Figure:
    """What all figures look alike in; the second line of the title is the note."""
    figure.update_layout(
        title={"text": f"{title}<br><sup>{note}</sup>", "x": 0, "xanchor": "left", "y": 0.97, "yanchor": "top"},
        height=height,
        margin={"l": 50, "r": 20, "t": 62, "b": 48},
        # Beneath the axis, where it takes as many lines as a narrow window needs: above, it would meet the title.
        legend={"orientation": "h", "yref": "container", "y": 0, "yanchor": "bottom", "x": 0, "title": None},
        hoverlabel={"align": "left"},
    )
    return figure


def errors(intervals: Iterable[metrics.Interval], scale: float = 1, **style: Any) -> dict[str, Any]:
    """Error bars of figures that are drawn ``scale`` times as large, none where there is no interval."""
    known = list(intervals)
    return {
        "type": "data",
        "symmetric": False,
        "array": [None if one.why else scale * (one.high - one.value) for one in known],  # None draws no bar
        "arrayminus": [None if one.why else scale * (one.value - one.low) for one in known],
        "thickness": 2,
        **style,
    }


def finding(records: Sequence[Mapping[str, Any]], group: str) -> go.Figure:
    """MRR by part of speech for the paper's methods, with intervals, and its own figures as hollow diamonds.

    Without records its figures stand alone.
    """
    figure = go.Figure()
    shown = [setting for setting in SETTINGS if setting != "ALL"]
    names = [name for name in paper.TABLE_2 if METHODS[name].ranks_all]
    for offset, setting in enumerate(shown):
        rows = {row["method"]: row for row in records if row["pair"] == group and row["setting"] == setting}
        rows = {name: rows[name] for name in names if name in rows}
        found = [tables.interval_of(row, "mrr") for row in rows.values()]
        label = POS[SETTINGS[setting][0]]
        figure.add_trace(
            go.Scatter(
                x=[names.index(name) + (offset - 1) * 0.18 for name in rows],
                y=[row["mrr"] for row in rows.values()],
                error_y=errors(found),
                mode="markers",
                marker={"size": 11, "color": SETTING_COLOURS[setting]},
                cliponaxis=False,  # a point at 0 or 1 is whole
                name=f"{label}s, n = {found[0].n}{_too_few(found)}" if found else f"{label}s",
                hovertext=[f"MRR {interval_text(one)}" for one in found],
                hoverinfo="text",
            )
        )
    published = [
        (place + (offset - 1) * 0.18 + 0.07, paper.TABLE_2[name][setting][0], SETTING_COLOURS[setting])
        for place, name in enumerate(names)
        for offset, setting in enumerate(shown)
    ]
    x, y, colours = zip(*published, strict=True)
    # Hollow ones are seen by their line alone, which a thin one is not on a dark ground.
    marker = {"size": 11, "symbol": "diamond-open", "color": colours, "line": {"width": 2.5}}
    hover = "%{y:.2f}<extra></extra>"
    figure.add_trace(
        go.Scatter(x=x, y=y, mode="markers", marker=marker, cliponaxis=False, name="in the paper", hovertemplate=hover)
    )
    figure.update_xaxes(tickvals=list(range(len(names))), ticktext=[METHODS[name].label for name in names])
    figure.update_yaxes(range=[0, 1], title="MRR")
    made = layout(figure, "How well words translate", "MRR with 95 % interval over n words", 390)
    return made.update_layout(legend_y=1.04)  # above a point at 1


def _too_few(found: Sequence[metrics.Interval]) -> str:
    """What the legend says of figures without an interval."""
    return next((f" ({one.why})" for one in found if one.why), "")


def rank_scatter(table: pd.DataFrame, one: str, other: str, labels: tuple[str, str]) -> go.Figure:
    """Ranks of the same queries under two contenders, logarithmic; below the line ``other`` is better."""
    figure = go.Figure()
    top = float(max(table[[one, other]].to_numpy().max(), 10)) if len(table) else 10.0
    line = {"color": GREY, "dash": "dot"}
    figure.add_trace(go.Scatter(x=[1, top], y=[1, top], mode="lines", line=line, hoverinfo="skip", showlegend=False))
    for letter, name in POS.items():
        rows = table[table["pos"] == letter]
        if len(rows):
            figure.add_trace(
                points(
                    rows[one].to_numpy(),
                    rows[other].to_numpy(),
                    rows["word"].tolist(),
                    rows["number"].to_numpy(),
                    {"color": COLOURS[letter], "size": 7, "opacity": 0.7},
                    f"{name}s, n = {len(rows)}",
                )
            )
    limits = [-0.05, float(np.log10(top)) + 0.05]
    for update, label in ((figure.update_xaxes, labels[0]), (figure.update_yaxes, labels[1])):
        update(type="log", range=limits, tickvals=RANKS, title=f"rank, {in_figure(label)}")
    return layout(
        figure, "Ranks of the right answer", "below the line the second is better; a click opens the word", 440
    )


def points(
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    words: Sequence[str],
    numbers: NDArray[np.integer],
    marker: dict[str, Any],
    name: str,
) -> go.Scattergl:
    """Points of a chart that can be clicked.

    Args:
        x, y: where they stand, drawn as float32; words: what each says when it is pointed at.
        numbers: what a click on each tells; marker: of Plotly; name: in the legend.
    """
    return go.Scattergl(
        x=x.astype(np.float32),
        y=y.astype(np.float32),
        mode="markers",
        marker=marker,
        name=name,
        customdata=numbers.astype(np.int32),
        hovertext=[in_figure(word) for word in words],
        hoverinfo="text",
    )


def interval_text(interval: metrics.Interval) -> str:
    """``"0.57 [0.54, 0.60]"``, or ``"0.57 (n too small)"``."""
    return interval.text(lambda figure, digits: f"{round(figure, digits) + 0.0:.{digits}f}")


def gain_text(interval: metrics.Interval, side: int | None = None) -> str:
    """``"▲ +.04 [.02, .06]"``, marked where the interval as it is written excludes 0.

    Args:
        side: 1, -1 or 0 where something else decides which mark it gets, such as ``tables.survives``.
    """
    mark = {1: "▲ ", -1: "▼ "}.get(interval.side() if side is None else side, "")
    sign = "+" if round(interval.value, interval.digits) > 0 else ""
    return f"{mark}{sign}{interval_text(interval)}"
