"""All data sets: what each holds, which cannot be opened and why, and a new one."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from cldi_core.data import starting
from cldi_core.errors import CldiError

from . import act, data_load, data_tables, data_words, load, take, view
from .foreign import safe

NAME, TITLE = "new data set", "new title"  # widgets


def draw(current: view.View) -> None:
    """The section of the Data page."""
    rows, failed = [], []
    for name in load.names():
        try:
            rows.append(_row(name, shown=name == current.dataset))
        except CldiError as error:
            failed.append(data_words.broken(name, str(error)))
    if rows:
        frame = pd.DataFrame(rows)
        take.table(frame, name="data-sets", hide_index=True, alt="All data sets", height="content",
                   column_config={"": st.column_config.TextColumn(width=30), **data_tables.numbers(frame)})  # fmt: skip
        st.caption("Choose one in the sidebar.")
    for line in failed:
        st.warning(safe(line))
    if not rows and not failed:
        st.info("There is no data set yet.")
    if act.allowed():
        _new()


def _row(name: str, *, shown: bool) -> dict[str, Any]:
    """A data set as a row of the table."""
    dataset, found = load.opened(name), data_load.counts(name)
    return {
        "": "▸" if shown else "",
        "name": name,
        "title": dataset.title,
        "word lists": ", ".join(found.queries) or "none",
        "pictures": found.pictures,
        "words with pictures": data_words.by_name(found.words),
        "features": ", ".join(dataset.backbones) or "none",
        "licences": ", ".join(licence or "unknown" for licence in found.licences),
    }


def _new() -> None:
    st.header("A new data set")
    with st.form("new data set form", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input("Name", key=NAME, max_chars=starting.LONGEST, placeholder="my-words", width=240)
        st.text_input("Title, if another", key=TITLE, max_chars=120, width=320)
        st.form_submit_button("Start it", icon=":material/add:", on_click=begin)
    act.said("sets")
    st.caption(safe(data_words.NEW))


def begin() -> None:
    """Make the data set that the form says, and show it."""

    def do() -> list[str]:
        state = st.session_state
        made = starting.start(str(state.get(NAME) or ""), str(state.get(TITLE) or ""))
        view.go(dataset=made.name, section="import")
        return []

    act.attempt(do, "sets")
