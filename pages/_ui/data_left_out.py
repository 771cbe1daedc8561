"""What is left out of a data set, and the clicks that leave something out or take it back."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from cldi_core.data import left_out
from cldi_core.data.left_out import Item

from . import act, data_load, data_tables, data_words, load, take, view

LISTED = 200  # items that are shown at once, with their pictures
DONE = "something was left out"  # of the session


def draw(current: view.View) -> None:
    """The list, and what takes back what is ticked in it."""
    name, found = current.dataset, data_load.left_out(current.dataset)
    st.header("Left out")
    act.said("health")
    if st.session_state.get(DONE) == name:
        st.info(data_words.STALE)
        st.code(load.command(name, "score"), language="bash")
    if not found:
        st.caption(data_words.NOTHING_LEFT_OUT)
        return
    numbers = data_tables.page("out", len(found), LISTED)
    shown = found[::-1][numbers.start : numbers.stop]
    frame = pd.DataFrame(
        {
            "picture": [load.strip(name, [one.item.picture]) if one.item.picture else None for one in shown],
            "what": [data_words.ITEMS[one.item.kind] for one in shown],
            "language": [one.item.language for one in shown],
            "word": [one.item.word for one in shown],
            "why": [one.reason for one in shown],
            "since (UTC)": [one.time.replace("T", " ").removesuffix("Z") for one in shown],
            "id": [one.item.picture for one in shown],
        }
    )
    ticked = {"on_select": "rerun", "selection_mode": "multi-row"} if act.allowed() else {}
    event = take.table(
        frame, name=f"left-out-{name}", key=f"left out {len(found)} {numbers.start}", hide_index=True, row_height=56,
        **ticked, alt="What is left out, the last first",
        column_config={"picture": st.column_config.ImageColumn(width=70)},
    )  # fmt: skip
    data_tables.pager("out", numbers, len(found), LISTED, "items, the last first")
    if not act.allowed():
        return
    chosen = [shown[row].item for row in event.selection.rows if row < len(shown)]
    with st.container(horizontal=True):
        st.button(
            f"Take back {len(chosen)}" if chosen else "Take back", icon=":material/undo:", key="take back",
            disabled=not chosen, on_click=take_back, args=(name, chosen), help="Tick rows of the table first",
        )  # fmt: skip
        everything = [one.item for one in found]
        st.button(f"Take back all ({len(found):,})", key="take back all", on_click=take_back, args=(name, everything))


def leave_out(name: str, items: Sequence[Item], reason: str) -> None:
    """Leave some items out; for callbacks."""

    def do() -> list[str]:
        count = left_out.leave_out(load.opened(name), items, reason)
        st.session_state[DONE] = name
        return [data_words.left_out(count, reason)]

    act.attempt(do, "health")


def take_back(name: str, items: Sequence[Item]) -> None:
    """Leave some items out no longer; for callbacks."""

    def do() -> list[str]:
        count = left_out.take_back(load.opened(name), items)
        st.session_state[DONE] = name
        return [data_words.taken_back(count)]

    act.attempt(do, "health")
