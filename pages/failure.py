"""What explains failure: all words at once, and whether anything that is known of them closes the gap."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages._ui import draw, failure_load, failure_predictors, failure_winners, frame, view

# Of the URL → what it is called, and what draws it.
TOPICS: dict[str, tuple[str, Callable[[view.View], None]]] = {
    "predictors": ("What predicts failure", failure_predictors.draw),
    "winners": ("Who beats the verbs", failure_winners.draw),
}


def main() -> None:
    """Draw the page."""
    current = view.current()
    st.title("What explains failure?")
    if not draw.ready(current, "explain"):
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(
            "Section",
            list(TOPICS),
            format_func=lambda topic: TOPICS[topic][0],
            required=True,
            label_visibility="collapsed",
            **view.widget("topic", view.one_of("topic", list(TOPICS))),
        )
        failure_load.scope_control(current)
    TOPICS[view.one_of("topic", list(TOPICS))][1](current)


frame.draw(main)
