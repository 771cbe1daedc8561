"""Plotly figures, all in one look: direct labels, intervals, axes that start where the quantity starts.

Words never go into a hover template: they are untrusted, and Plotly reads HTML there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

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
    marker = {"size": 9, "symbol": "diamond-open", "color": colours}
    figure.add_trace(
        go.Scatter(
            x=x, y=y, mode="markers", marker=marker, name="in the paper", hovertemplate="%{y:.2f}<extra></extra>"
        )
    )
    figure.update_xaxes(tickvals=list(range(len(names))), ticktext=[METHODS[name].label for name in names])
    figure.update_yaxes(range=[0, 1], title="MRR")
    return layout(figure, "How well words translate", "MRR with 95 % interval over n words", 390)


def _too_few(found: Sequence[metrics.Interval]) -> str:
    """What the legend says of figures without an interval."""
    return next((f" ({one.why})" for one in found if one.why), "")


def histogram(frame: pd.DataFrame, language: str) -> go.Figure:
    """Dispersion by part of speech, one language: shares, so that kinds of different size compare."""
    figure = go.Figure()
    for letter, name in POS.items():
        values = frame.loc[(frame["pos"] == letter) & (frame["language"] == language), "dispersion"].dropna()
        if len(values):
            figure.add_trace(
                go.Histogram(
                    x=values,
                    xbins={"start": 0, "end": 2.05, "size": 0.05},  # 1 − cosine is at most 2
                    histnorm="probability",
                    name=f"{name}s, n = {len(values)}",
                    marker={"color": COLOURS[letter]},
                    opacity=0.55,
                    hovertemplate="%{x}: %{y:.0%}<extra></extra>",
                )
            )
    figure.update_layout(barmode="overlay")
    highest = frame.loc[frame["language"] == language, "dispersion"].max()
    figure.update_xaxes(title="dispersion", range=[0, float(np.fmax(highest, 1))])
    figure.update_yaxes(title="share of the words", tickformat=".0%", rangemode="tozero")
    return layout(figure, f"Dispersion, {language}", "mean distance between the pictures of a word", 320)


def against_rank(table: pd.DataFrame) -> go.Figure:
    """Dispersion against reciprocal rank; found words filled, others hollow."""
    figure = go.Figure()
    for letter, name in POS.items():
        rows = table[table["pos"] == letter]
        if len(rows):
            found = rows["rank"] <= 1
            hollow = {"color": "rgba(0,0,0,0)", "line": {"color": COLOURS[letter], "width": 1.5}}
            for part, marker, label in (
                (rows[found], {"color": COLOURS[letter]}, f"{name}s, n = {len(rows)}"),
                (rows[~found], hollow, ""),
            ):
                trace = _points(
                    part["dispersion"].to_numpy(),
                    (1 / part["rank"]).to_numpy(),
                    part["word"].tolist(),
                    part["number"].to_numpy(),
                    {"size": 7, "opacity": 0.8, **marker},
                    label,
                )
                figure.add_trace(trace.update(showlegend=bool(label)))
    figure.update_xaxes(title="dispersion of the source word's pictures", rangemode="tozero")
    figure.update_yaxes(title="1 / rank of the right answer", range=[-0.03, 1.05])
    return layout(figure, "Dispersion against reciprocal rank", "a click opens the word; filled: found", 400)


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
                _points(
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


def scatter_map(
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    numbers: NDArray[np.integer],
    groups: Sequence[tuple[str, str, NDArray[np.bool_]]],
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
        figure.add_trace(_points(x[mask], y[mask], texts[mask].tolist(), numbers[mask], marker, label))
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.update_layout(
        height=620,
        margin={"l": 0, "r": 0, "t": 30, "b": 0},
        dragmode="lasso",
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "itemsizing": "constant"},
    )
    return figure


def _points(
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    words: Sequence[str],
    numbers: NDArray[np.integer],
    marker: dict[str, Any],
    name: str,
) -> go.Scattergl:
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


def group_colour(colouring: str, value: str, languages: Sequence[str]) -> str:
    """The colour of a group on the map."""
    if colouring == "language":
        return LANGUAGE_COLOURS[list(languages).index(value) % len(LANGUAGE_COLOURS)]
    return (COLOURS if colouring == "pos" else OUTCOME_COLOURS)[value]
