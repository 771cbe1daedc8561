"""Data sets: what there is, what comes in, whether it is sound, and what is computed of it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages._ui import (
    act,
    data_collect,
    data_health,
    data_import,
    data_left_out,
    data_licences,
    data_preview,
    data_queue,
    data_reports,
    data_sets,
    data_suspects,
    draw,
    extraction,
    frame,
    load,
    view,
)


def health(current: view.View) -> None:
    """Whether the data set is sound."""
    data_health.findings(current)
    data_suspects.suspects(current)
    data_left_out.draw(current)
    data_health.counts(current)


def imports(current: view.View) -> None:
    """What comes in, and what came in before."""
    if act.allowed():
        data_import.draw(current)
    else:
        st.info(act.closed())
    data_preview.watch(current)
    data_reports.kept(current)


# Of the URL → what it is called, and what draws it.
SECTIONS: dict[str, tuple[str, Callable[[view.View], None]]] = {
    "sets": ("Data sets", data_sets.draw),
    "import": ("Import", imports),
    "collect": ("Collect", data_collect.draw),
    "health": ("Health", health),
    "features": ("Features", lambda current: extraction.panel(current.dataset)),
    "pictures": ("Pictures and licences", data_licences.licences),
}


def main() -> None:
    """Draw the page."""
    st.title("Data")
    if not load.names():  # the only page that is of use then
        data_sets.draw(view.View())
        return
    current = view.current()
    section = view.one_of("section", list(SECTIONS))
    st.segmented_control(
        "Section",
        list(SECTIONS),
        format_func=lambda name: SECTIONS[name][0],
        required=True,
        label_visibility="collapsed",
        **view.widget("section", section),
    )
    dataset = load.opened(current.dataset)
    st.markdown(f"**{draw.safe(dataset.title)}** ({draw.safe(dataset.name)})")
    if about := str(dataset.info.get("about", "")):
        st.caption(draw.safe(about))
    data_queue.draw()
    SECTIONS[section][1](current)


frame.draw(main)
