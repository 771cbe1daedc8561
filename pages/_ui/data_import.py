"""The import wizard of the Data page: what comes in, and what was found in it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from . import act, data_folders, data_lists, data_preview, view

# Of the URL → what it is called, and what asks for it.
SOURCES: dict[str, tuple[str, Callable[[view.View], None]]] = {
    "lists": ("Word lists", data_lists.ask),
    "pictures": ("Pictures in folders", data_folders.ask),
}


def draw(current: view.View) -> None:
    """The steps, one below the other."""
    source = view.one_of("source", list(SOURCES))
    st.segmented_control(
        "What comes in", list(SOURCES), format_func=lambda name: SOURCES[name][0], required=True,
        label_visibility="collapsed", **view.widget("source", source, then=data_preview.drop),
    )  # fmt: skip
    SOURCES[source][1](current)
    act.said("import")
    data_preview.preview(current)
