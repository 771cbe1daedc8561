"""Word lists for the import wizard: what is asked, and what was found in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from cldi_core.data import dataset as datasets
from cldi_core.imports.given import Given, Source
from cldi_core.imports.lists import Looked
from cldi_core.imports.wanted import WantedLists

from . import data_preview, data_reports, data_words, load, take, view
from .data_preview import Preview
from .foreign import safe

LARGEST = 20  # MB of an upload, which a server keeps in memory
FIRST = 12  # rows that are shown
FILES, PATH, PAIR, POS = "list files", "list path", "list pair", "list pos"  # widgets


def ask(current: view.View) -> None:
    """The form of the first step."""
    with st.form("look at lists", border=True):
        st.file_uploader(
            "Word lists, of any format that people have", key=FILES, accept_multiple_files=True, max_upload_size=LARGEST
        )
        st.caption(data_words.upload_limit(LARGEST))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.text_input("Path on the server's disk", key=PATH, placeholder="instead of an upload", width=420)
            st.text_input("Pair", key=PAIR, placeholder="by the file's name", max_chars=40, width=170,
                          help="As en-de; needed where the name of the file does not say it.")  # fmt: skip
            st.selectbox("No part of speech means", ["", *datasets.POS], key=POS, width=220,
                         format_func=lambda letter: datasets.POS.get(letter, "none (X)"))  # fmt: skip
        st.form_submit_button("Look at it", icon=":material/search:", on_click=look, args=(current.dataset,))


def look(name: str) -> None:
    """Look at the lists that the form says; for callbacks."""
    data_preview.look(name, lambda: _looked(name))


def _looked(name: str) -> Preview | str:
    state, uploaded = st.session_state, st.session_state.get(FILES) or ()
    typed, pair, pos = (str(state.get(key) or "").strip() for key in (PATH, PAIR, POS))
    if not typed and not uploaded:
        return data_words.GIVE_A_LIST
    path = str(data_preview.typed_path(typed)) if typed else ""
    given = Given()
    sources = [given.take(file.name, file.getbuffer()) for file in uploaded]
    wanted = WantedLists((*sources, *([Source(path, path)] if path else [])), pair, pos)
    found = wanted.look(given.folder, load.opened(name))
    return Preview(name, wanted, given, wanted.digest(found), lambda: _draw(found))


def _draw(found: Sequence[Looked]) -> None:
    for number, one in enumerate(found):
        st.markdown(f"**{safe(data_words.looked_list(Path(one.name).name, one.pair))}**")
        data_reports.one(one.report, f"look-{number}")
        rows = pd.DataFrame([(row.source, row.target, row.pos) for row in one.rows[:FIRST]],
                            columns=[*one.pair.split("-"), "POS"])  # fmt: skip
        take.table(rows, name=f"first-rows-{one.pair}", hide_index=True, height="content",
                   alt=f"The first rows of {one.pair}")  # fmt: skip
        st.caption(data_words.first(len(rows), len(one.rows), "row"))
