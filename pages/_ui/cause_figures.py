"""Causes by part of speech: stacked bars, each of which opens its words."""

from __future__ import annotations

import textwrap

import pandas as pd
import plotly.graph_objects as go

from cldi_core.insight.cause_texts import KINDS
from cldi_core.insight.word_table import LABELS, NONE, UNCOVERED

# Okabe & Ito (2008), told apart by colour-blind eyes, and then again with a pattern: (colour, pattern, of the text).
LIGHT, DARK = "#ffffff", "#1a1a1a"
LOOK = {
    "same pictures": ("#CC79A7", "", DARK),
    "owned elsewhere": ("#D55E00", "", DARK),
    "look-alikes": ("#E69F00", "", DARK),
    "tie": ("#F0E442", "", DARK),
    "as many": ("#56B4E9", "", DARK),
    "other things": ("#0072B2", "", LIGHT),
    "near-copies": ("#009E73", "", DARK),
    "cannot find itself": ("#CC79A7", "/", DARK),
    "one picture": ("#F0E442", "/", DARK),
    "unlike": ("#009E73", "/", DARK),
    "anti-hub": ("#56B4E9", "/", DARK),
    "hub": ("#D55E00", "/", DARK),
    "larger set": ("#E69F00", "/", DARK),
    "other part of speech": ("#0072B2", "/", LIGHT),
    "most pictures": ("#CC79A7", "x", DARK),
    NONE: ("#B0B0B0", "", DARK),
    UNCOVERED: ("#6E6E6E", "", LIGHT),
}
WIDE, NARROW = 0.08, 0.02  # shares of a bar that have room for a label, and for a number
LETTERS = 110  # of a label that a whole bar has room for in one line


def causes(counts: pd.DataFrame) -> go.Figure:
    """Stacked bars, one for each part of speech; ``customdata`` of each piece is its part of speech and its cause.

    Args:
        counts: of ``word_table.by_cause``.
    """
    figure = go.Figure()
    for cause, label in LABELS.items():
        own = counts[counts["cause"] == cause]
        if len(own):
            colour, pattern, text = LOOK[cause]
            figure.add_trace(
                go.Bar(
                    y=[_bar(row.pos, row.of) for row in own.itertuples()],
                    x=own["share"],
                    orientation="h",
                    name=label,
                    customdata=[[row.pos, cause] for row in own.itertuples()],
                    text=[_label(label, row.words, row.share) for row in own.itertuples()],
                    hovertext=[
                        f"{label}: {row.words} of {row.of} {KINDS[row.pos][1]} that are not first "
                        f"({row.share:.0%}), {row.found} of {row.found_of} that are"
                        for row in own.itertuples()
                    ],
                    hoverinfo="text",
                    textposition="inside",
                    insidetextanchor="middle",
                    textangle=0,
                    textfont={"color": text, "size": 12},
                    constraintext="none",
                    marker={
                        "color": colour,
                        "pattern": {
                            "shape": pattern,
                            "fillmode": "overlay",
                            "bgcolor": colour,
                            "fgcolor": text,
                            "fgopacity": 0.3,
                            "size": 8,
                        },
                        "line": {"color": "white", "width": 1},
                    },
                )
            )
    bars = [_bar(pos, of) for pos, of in counts[["pos", "of"]].drop_duplicates().itertuples(index=False)]
    figure.update_yaxes(categoryorder="array", categoryarray=bars, autorange="reversed", ticklabelstandoff=6)
    figure.update_xaxes(range=[0, 1], tickformat=".0%", title="share of the words whose right answer is not first")
    figure.update_layout(
        barmode="stack",
        bargap=0.18,
        height=100 + 82 * len(bars) + 24 * (1 + counts["cause"].nunique() // 4),
        margin={"l": 10, "r": 10, "t": 10, "b": 40},
        legend={"orientation": "h", "y": -0.28, "yanchor": "top", "x": 0, "title": None, "traceorder": "normal"},
        clickmode="event+select",
        dragmode=False,
    )
    return figure


def _bar(pos: str, of: int) -> str:
    return f"{KINDS[pos][1]}, n = {of}"


def _label(label: str, words: int, share: float) -> str:
    """What stands in a piece of a bar: its cause and how many, or how many alone, or nothing where there is no room."""
    if share < WIDE:
        return str(words) if share >= NARROW else ""
    lines = textwrap.wrap(label, max(int(LETTERS * share), 10), break_long_words=False, break_on_hyphens=False)
    if len(lines) > 3 or max(map(len, lines)) > LETTERS * share + 2:
        return str(words)
    return "<br>".join([*lines, f"<b>{words}</b>"])
