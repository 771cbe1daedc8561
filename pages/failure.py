"""What explains failure: all words at once, and whether anything that is known of them closes the gap."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages._ui import (
    draw,
    failure_confidence,
    failure_hubs,
    failure_load,
    failure_pictures,
    failure_predictors,
    failure_winners,
    frame,
    judge_tables,
    view,
)

# Of the URL → what it is called, and what draws it.
TOPICS: dict[str, tuple[str, Callable[[view.View], None]]] = {
    "predictors": ("What predicts failure", failure_predictors.draw),
    "winners": ("Who beats the verbs", failure_winners.draw),
    "hubs": ("Hubs", failure_hubs.draw),
    "pictures": ("More pictures", failure_pictures.draw),
    "confidence": ("Is it known beforehand?", failure_confidence.draw),
}
POOLED = ("predictors", "winners")  # can be of several pairs at once; the others are of the shown pair


def main() -> None:
    """Draw the page."""
    current = view.current()
    st.title("What explains failure?")
    if not draw.ready(current, "explain"):
        return
    topic = view.one_of("topic", list(TOPICS))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(
            "Section",
            list(TOPICS),
            format_func=lambda topic: TOPICS[topic][0],
            required=True,
            label_visibility="collapsed",
            **view.widget("topic", topic),
        )
        if topic in POOLED:
            failure_load.scope_control(current)
    TOPICS[topic][1](current)
    judge_tables.beside(current)


frame.draw(main)
