"""A quiet line on a page that stands open while something new is written into its data set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from cldi_core.data import checksums, layout

from . import load

EVERY = 60.0  # seconds between two looks, each at one file a folder
KEY = "news"  # of what is drawn, for style.css
NONE = ("", "people", "fingerprints")  # parts of a data set that show on no page, or on that of who wrote them
TEXT = "There are new results."


def watch(name: str) -> None:
    """Look now and then whether there is something new; the page is left as it is until its reader asks for it."""
    dataset = load.opened(name)
    seen = {folder: checksums.place(folder) for folder in (dataset.path, dataset.home)}
    st.fragment(_look, run_every=EVERY)(seen)


def _look(seen: Mapping[Path, checksums.Place]) -> None:
    """Nothing, or one line with a button; drawn apart from the page, so that nothing on it moves."""
    written = [name for folder, before in seen.items() for name in checksums.written_since(folder, before)]
    if all(layout.part_of(name) in NONE for name in written):
        return
    with st.container(key=KEY, horizontal=True, vertical_alignment="center", width="content"):
        st.caption(TEXT)
        if st.button("Reload", key=f"{KEY} reload", icon=":material/refresh:", type="tertiary"):
            st.rerun()
