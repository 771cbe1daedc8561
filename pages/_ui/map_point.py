"""The map as a chart in which one chooses: by lasso, box or click, whichever is in hand."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import streamlit as st

from cldi_core.insight import map_selection
from cldi_core.insight.maps import Map

from . import take, view
from .component import component

KEY = "map point"
_mount = component("map_point")


def chart(figure: go.Figure, shown: Map, *, key: str, name: str, alt: str) -> None:
    """Draw a map; what is chosen in it goes into the URL."""

    def drawn() -> None:
        choose(event(st.session_state[key], shown))

    def clicked() -> None:
        sent = st.session_state[KEY].get("row")
        number = sent.get("number") if isinstance(sent, dict) and sent.get("map") == key else None
        choose(map_selection.point(shown, number) if isinstance(number, int) else None)

    with st.container(key="map-chart", gap=None):
        take.chart(
            figure,
            name=name,
            key=key,
            on_select=drawn,
            selection_mode=("points", "box", "lasso"),
            alt=alt,
            config={"scrollZoom": True},
        )
        _mount(key=KEY, data={"map": key}, on_row_change=clicked, height=1)


def event(told: Any, shown: Map) -> map_selection.Chosen | None:
    """What was chosen in a chart: the last area that was drawn, else the point that was clicked."""
    selection = told["selection"]
    areas = [*selection.get("box", []), *selection.get("lasso", [])]
    if areas:
        return map_selection.area(shown, areas[-1]["x"], areas[-1]["y"])
    clicked = [point["customdata"] for point in selection.get("points", []) if "customdata" in point]
    return map_selection.point(shown, int(clicked[0])) if clicked else None


def choose(chosen: map_selection.Chosen | None) -> None:
    """Write what was chosen into the URL; nothing changes where nothing was."""
    if chosen is not None:
        view.go(chosen=chosen.text(), search="")
