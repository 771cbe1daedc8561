"""The figure of the Play page: people, chance and methods on the same choices, by part of speech."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import plotly.graph_objects as go

from cldi_core.data.counting import counted
from cldi_core.data.dataset import POS, SETTINGS
from cldi_core.insight.people import CHANCE, Line

from . import figures
from .foreign import in_figure

APART = 0.18  # between parts of speech


def against(lines: Sequence[Line], label: Callable[[str], str], note: str) -> go.Figure:
    """Shares of right choices with their intervals, a column for each who chose, and chance as a dotted line.

    Args:
        label: what people see of a ``Line.who``; note: the second line of the title.
    """
    figure = go.Figure()
    columns = list(dict.fromkeys(line.who for line in lines if line.who != CHANCE))
    for offset, (setting, colour) in enumerate(figures.SETTING_COLOURS.items()):
        own = [line for line in lines if line.setting == setting and line.who in columns and line.answers]
        if not own:
            continue
        figure.add_trace(
            go.Scatter(
                x=[columns.index(line.who) + (offset - 1) * APART for line in own],
                y=[line.share.value for line in own],
                error_y=figures.errors(line.share for line in own),
                mode="markers",
                marker={"size": 11, "color": colour},
                name=f"{POS[SETTINGS[setting][0]]}s, n = {own[0].answers} ({_of_words(own)})",
                hovertext=[f"{in_figure(label(line.who))}: {figures.interval_text(line.share)}" for line in own],
                hoverinfo="text",
            )
        )
    chance = next(line.share.value for line in lines if line.who == CHANCE)
    figure.add_hline(y=chance, line={"color": figures.GREY, "dash": "dot"}, annotation_text="chance")
    figure.update_xaxes(tickvals=list(range(len(columns))), ticktext=[in_figure(label(who)) for who in columns])
    figure.update_yaxes(range=[0, 1.03], title="right choices")
    return figures.layout(figure, "Right choices", in_figure(note), 360)


def _of_words(own: Sequence[Line]) -> str:
    why = own[0].share.why
    return counted(own[0].share.n, "word") + (f", {why}" if why else "")
