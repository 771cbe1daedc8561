"""Figures of the page on failure: the gap and what makes it up, coefficients, and who beats whom."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from cldi_core.data.dataset import POS
from cldi_core.evaluation.metrics import Interval
from cldi_core.insight import failure_sentences, winners
from cldi_core.insight.failure import Failure
from cldi_core.insight.failure_models import Model
from cldi_core.insight.winners import Flow, Kind

from . import figures
from .figures import COLOURS, GREY

AXES = {
    "found": "difference to nouns (P(found), percentage points)",
    "log_rank": "depth of the right answer, times that of nouns",
}
TAKEN = {"found": "of the gap in P(found), in percentage points", "log_rank": "of the gap in depth, as a factor"}
STEPS = np.linspace(0, 1, 31)
GAP_BETWEEN = 0.08  # between two bars of a flow, in bars
SMALL = 0.03  # a share of a bar that has no room for its number


def gap(found: Failure, outcome: str, kinds: Sequence[str]) -> go.Figure:
    """How far each part of speech is from nouns: before, with all else held, and matched; a dot with its interval each.

    Args:
        outcome: ``"found"`` or ``"log_rank"``; kinds: the parts of speech shown.
    """
    figure, names = go.Figure(), []
    for pos in kinds:
        one, matched, kind = found.gaps[pos, outcome], found.matched[pos], f"{POS[pos]}s".capitalize()
        rows = {
            f"{kind}: before": (one.before, "circle-open"),
            f"{kind}: all else held": (one.after, "circle"),
        }
        if outcome == "found" and pos in found.found.effects:
            rows[f"{kind}: the same, logistic"] = (found.found.effects[pos], "x-thin-open")
        own = matched.found if outcome == "found" else matched.log_rank
        rows[f"{kind}: matched nouns"] = (own, "diamond")
        for name, (interval, symbol) in rows.items():
            if not np.isnan(interval.value):
                names.append(name)
                figure.add_trace(_dot(name, interval, outcome, COLOURS[pos], symbol))
    _rows(figure, names, AXES[outcome], 40)
    _zero(figure, outcome)
    return figure


def parts(found: Failure, outcome: str, kinds: Sequence[str]) -> go.Figure:
    """What each predictor takes of the gaps, those of verbs in the order of their size."""
    figure = go.Figure()
    order = [part.label for part in found.gaps[kinds[0], outcome].parts]
    for number, pos in enumerate(kinds):
        for part in found.gaps[pos, outcome].parts:
            shift = 0.16 * (2 * number - len(kinds) + 1)
            name = f"{POS[pos]}s" if part is found.gaps[pos, outcome].parts[0] else ""
            trace = _dot(order.index(part.label) + shift, part.interval, outcome, COLOURS[pos], "circle", numbers=False)
            figure.add_trace(trace.update(name=name, showlegend=bool(name)))
    _rows(figure, [], TAKEN[outcome], 34)
    figure.update_yaxes(tickvals=list(range(len(order))), ticktext=order)
    figure.update_layout(height=110 + 34 * len(order), legend=LEGEND)
    _zero(figure, outcome)
    return figure


def coefficients(models: Sequence[Model]) -> go.Figure:
    """The coefficients of the models side by side; those that have an estimate."""
    titles = {"found": "found: log odds (right: found more)", "log_rank": "log₁₀ rank (right: deeper)"}
    figure = make_subplots(1, len(models), shared_yaxes=True, subplot_titles=[titles[own.outcome] for own in models])
    labels = list(dict.fromkeys(one.label for model in models for one in model.coefficients))
    for column, model in enumerate(models, start=1):
        for one in model.coefficients:
            if not np.isnan(one.interval.value):
                colour = COLOURS.get(one.name.removeprefix("pos:"), "#777777")
                trace = _dot(labels.index(one.label), one.interval, "", colour, "circle", numbers=False)
                figure.add_trace(trace, row=1, col=column)
        figure.add_vline(x=0, line={"color": GREY, "dash": "dot"}, row=1, col=column)
    figure.update_yaxes(tickvals=list(range(len(labels))), ticktext=labels, range=[len(labels) - 0.5, -0.5])
    figure.update_layout(
        height=110 + 30 * len(labels), margin={"l": 10, "r": 20, "t": 40, "b": 40}, showlegend=False, dragmode=False
    )
    return figure


def flow(flows: Sequence[Flow]) -> go.Figure:
    """Bands from each part of speech to that of its winners, as wide as their share of its missed words.

    Each bar on the left is all missed words of one part of speech.  A dot on each band has its ``Flow.id`` as
    ``customdata``: bands themselves cannot be chosen.
    """
    figure = go.Figure()
    sides = {pos: [one for one in flows if one.pos == pos] for pos in POS if any(one.pos == pos for one in flows)}
    order = sorted({one.rival_pos for one in flows}, key=lambda kind: (len(kind), list(POS).index(kind[0]), kind))
    ends = {kind: sum(one.share.value for one in flows if one.rival_pos == kind) for kind in order}
    left = _tops(dict.fromkeys(sides, 1.0))
    right = _tops(ends)
    middle: list[tuple[float, float, Flow]] = []
    for pos, own in sides.items():
        begin = left[pos]
        for number, one in enumerate(sorted(own, key=lambda flow: order.index(flow.rival_pos))):
            width = one.share.value
            end = right[one.rival_pos]
            right[one.rival_pos] += width
            figure.add_trace(_band(begin, end, width, COLOURS[pos]))
            x = (number + 1) / (len(own) + 1)  # one beside the other: thin bands cross in the middle
            middle.append((x, begin + (end - begin) * x**2 * (3 - 2 * x) + width / 2, one))
            begin += width
    figure.add_trace(_dots(middle))
    for pos, top in left.items():
        text = f"missed {POS[pos]}s, n = {sides[pos][0].of}"
        figure.add_annotation(x=0, y=top + 0.5, text=text, xanchor="right", showarrow=False, xshift=-8)
    for kind, top in _tops(ends).items():
        figure.add_annotation(
            x=1,
            y=top + ends[kind] / 2,
            text=f"lose to {winners.named(kind)}",
            xanchor="left",
            showarrow=False,
            xshift=8,
        )
    figure.update_xaxes(visible=False, range=[-0.32, 1.45], fixedrange=True)
    figure.update_yaxes(visible=False, autorange="reversed", fixedrange=True)
    figure.update_layout(
        height=120 + 110 * len(sides),
        margin={"l": 0, "r": 0, "t": 10, "b": 10},
        showlegend=False,
        dragmode=False,
        clickmode="event+select",
    )
    return figure


def relations(kinds: Sequence[Kind]) -> go.Figure:
    """The share of missed words that lose to a candidate so related, a bar for each part of speech; the tick is that of
    random wrong candidates.  ``customdata`` of a bar is its ``Kind.id``."""
    figure = go.Figure()
    order = [name for name in winners.RELATIONS if any(one.relation == name for one in kinds)]
    for pos in dict.fromkeys(one.pos for one in kinds):
        own = [one for one in kinds if one.pos == pos]
        figure.add_trace(
            go.Bar(
                y=[order.index(one.relation) + _offset(pos) for one in own],
                x=[one.share.value for one in own],
                width=0.24,
                orientation="h",
                name=f"{POS[pos]}s, n = {own[0].of}",
                marker={"color": COLOURS[pos]},
                customdata=[[one.id] for one in own],
                error_x=figures.errors([one.share for one in own], thickness=1.5, color="#888888"),
                text=[str(one.count) for one in own],
                textposition="none",
                hovertext=[f"{one.count} of {one.of} missed {POS[pos]}s ({one.share.value:.0%})" for one in own],
                hoverinfo="text",
            )
        )
        figure.add_trace(
            go.Scatter(
                y=[order.index(one.relation) + _offset(pos) for one in own],
                x=[one.chance for one in own],
                mode="markers",
                marker={"symbol": "line-ns-open", "size": 14, "color": "#888888", "line": {"width": 2}},
                hovertext=[f"random wrong candidates: {one.chance:.0%}" for one in own],
                hoverinfo="text",
                name="a random wrong candidate",
                showlegend=pos == kinds[0].pos,
            )
        )
    figure.update_xaxes(range=[0, 1], tickformat=".0%", title="share of the missed words")
    figure.update_yaxes(tickvals=list(range(len(order))), ticktext=order, autorange="reversed")
    figure.update_layout(
        height=130 + 62 * len(order),
        margin={"l": 10, "r": 20, "t": 40, "b": 40},
        legend=LEGEND,
        dragmode=False,
        clickmode="event+select",
        barmode="overlay",
    )
    return figure


LEGEND = {"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "title": None}


def _offset(pos: str) -> float:
    return 0.26 * (list(POS).index(pos) - 1)


def _dot(
    place: object, interval: Interval, outcome: str, colour: str, symbol: str, *, numbers: bool = True
) -> go.Scatter:
    """One figure with its interval, which is left out where there is none."""
    value, low, high = (
        failure_sentences.amount(one, outcome) if outcome else one
        for one in (interval.value, interval.low, interval.high)
    )
    text = failure_sentences.written(interval, outcome) if outcome else interval.text(lambda one, n: f"{one:.{n}f}")
    bounds = not interval.why
    return go.Scatter(
        x=[value],
        y=[place],
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [high - value if bounds else None],
            "arrayminus": [value - low if bounds else None],
            "thickness": 2,
            "color": colour,
        },
        mode="markers+text" if numbers else "markers",
        text=[text],
        textposition="top center",
        textfont={"size": 12},
        cliponaxis=False,
        marker={"size": 11 if numbers else 9, "color": colour, "symbol": symbol, "line": {"width": 2, "color": colour}},
        hovertext=[text],
        hoverinfo="text",
        showlegend=False,
    )


def _rows(figure: go.Figure, names: Sequence[str], title: str, each: int) -> None:
    """A row for each name, the first above."""
    figure.update_yaxes(autorange="reversed", fixedrange=True)
    if names:
        figure.update_yaxes(categoryorder="array", categoryarray=list(names), range=[len(names) - 0.5, -0.7])
    figure.update_xaxes(title=title, fixedrange=True)
    figure.update_layout(
        height=90 + each * max(len(names), 1), margin={"l": 10, "r": 30, "t": 20, "b": 44}, dragmode=False
    )


def _zero(figure: go.Figure, outcome: str) -> None:
    """A line where there is no difference; a logarithmic axis for factors."""
    if outcome == "log_rank":
        figure.update_xaxes(type="log", tickvals=[0.5, 1, 1.5, 2, 3, 5, 10, 20])
    figure.add_vline(x=1 if outcome == "log_rank" else 0, line={"color": GREY, "dash": "dot"})


def _tops(heights: dict[str, float]) -> dict[str, float]:
    """Where each bar begins, from above, so that both sides of a flow are as high."""
    tops, place = {}, 0.0
    for name, height in heights.items():
        tops[name] = place
        place += height + GAP_BETWEEN
    return tops


def _band(begin: float, end: float, width: float, colour: str) -> go.Scatter:
    """A band of one width from a place on the left to one on the right."""
    upper = begin + (end - begin) * STEPS**2 * (3 - 2 * STEPS)
    return go.Scatter(
        x=[*STEPS, *STEPS[::-1]],
        y=[*upper, *(upper + width)[::-1]],
        fill="toself",
        fillcolor=colour,
        opacity=0.45,
        mode="lines",
        line={"width": 0, "color": colour},
        hoverinfo="skip",
    )


def _dots(middle: Sequence[tuple[float, float, Flow]]) -> go.Scatter:
    """What is clicked on: a dot on each band, with its share where there is room."""
    return go.Scatter(
        x=[x for x, _, _ in middle],
        y=[y for _, y, _ in middle],
        mode="markers+text",
        marker={
            "size": 13,
            "color": [COLOURS[one.pos] for _, _, one in middle],
            "line": {"color": "white", "width": 1.5},
        },
        text=[f"{one.share.value:.0%}" if one.share.value >= SMALL else "" for _, _, one in middle],
        textposition="middle right",
        customdata=[[one.id] for _, _, one in middle],
        hovertext=[
            f"{one.count} of {one.of} missed {POS[one.pos]}s lose to {winners.named(one.rival_pos)} "
            f"({one.share.value:.0%}; {one.chance:.0%} of their wrong candidates)"
            for _, _, one in middle
        ],
        hoverinfo="text",
    )
