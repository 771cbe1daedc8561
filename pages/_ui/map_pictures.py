"""Points of the map as their pictures, where few enough are in view; and which part of it is.

The browser says which part of the map it shows, and gets the pictures of that part alone.  It lays them over the chart,
which stays as it is: to zoom and to move draws nothing anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from cldi_core.errors import CldiError
from cldi_core.insight import map_view
from cldi_core.insight.maps import Map

from . import load, map_figures, view
from .component import component
from .foreign import plain, safe

KEY = "map pictures"
_STATE = "map part"
_mount = component("map_pictures")


def part(key: str, shown: Map, chosen: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    """The part of a map that is in view; ``None`` for all of it.

    All of it is shown where nothing of what is chosen would be seen, as when a word is looked for.
    """
    known, told = st.session_state.get(_STATE, ("", None))
    kept = told if known == key else None
    if kept is not None and chosen.any() and not map_view.within(shown.xy[chosen], kept).any():
        kept = None
        st.session_state[_STATE] = (key, None)
    return kept


@st.fragment
def show(
    current: view.View, shown: Map, drawn: NDArray[np.bool_], groups: Sequence[map_figures.Group], key: str
) -> None:
    """Draw the pictures of the part in view; when another part is, this alone is run again.

    Args:
        drawn: bool (n,), the points that the chart has; groups: with their colours; key: of the chart.
    """

    def moved() -> None:
        sent = st.session_state[KEY].get("part")
        if isinstance(sent, dict) and sent.get("map") == key:
            st.session_state[_STATE] = (key, map_view.window(sent))

    known, told = st.session_state.get(_STATE, ("", None))
    whole = map_figures.ranges(shown.limits)
    seen = told if known == key and told is not None else whole
    try:
        made = pictures(current, shown, drawn, groups, seen)
    except CldiError as error:  # a fragment reports its own errors, as the frame never sees them
        st.error(safe(str(error)))
        return
    _mount(key=KEY, data={"map": key, "whole": whole.tolist(), "pictures": made}, on_part_change=moved, height=1)


def pictures(
    current: view.View,
    shown: Map,
    drawn: NDArray[np.bool_],
    groups: Sequence[map_figures.Group],
    seen: NDArray[np.float64],
) -> list[dict[str, Any]]:
    """What the browser draws of each point: its number, place, picture, colour and name; of one of words, its word."""
    pair = load.pair_of(current.dataset, current.backbone, current.pair)
    ids = map_view.pictures(shown, pair, map_view.few(shown, drawn, seen))
    files = load.thumbnails(current.dataset, list(ids.values()))
    named = "id" not in shown.table
    return [
        {
            "number": row,
            "x": float(shown.xy[row, 0]),
            "y": float(shown.xy[row, 1]),
            "url": files[key],
            "colour": next((colour for _, colour, mask in groups if mask[row]), map_figures.GREY),
            "name": plain(shown.table["label"].iloc[row]),
            "word": plain(shown.table["word"].iloc[row]) if named else "",
        }
        for row, key in ids.items()
        if key in files
    ]
