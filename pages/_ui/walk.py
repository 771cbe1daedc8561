"""The words of the Word page one after the other: filtered by what became of them, sorted by rank."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from . import draw, view, words

HELP = "Found: the right answer is first. Nearly: 2nd to 10th. Missed: deeper."


def chooser(current: view.View, rows: pd.DataFrame, *, ranked: bool) -> str:
    """Search, filter and previous/next.

    Args:
        rows: of ``overview.by_rank``, at least one.
        ranked: whether their ranks are known; else there is nothing to filter by.

    Returns:
        The id of the query that is shown.
    """
    ids = rows["query"].tolist()
    chosen = _asked(current.word, ids)
    place = ids.index(chosen)
    labels = {
        query: f"{word} · {words.kinds(pos)}" + (f" · {words.place(rank)}" if ranked else "")
        for query, word, pos, rank in zip(rows["query"], rows["word"], rows["pos"], rows["rank"], strict=True)
    }
    with st.container(horizontal=True, vertical_alignment="center"):
        st.selectbox(
            "Word",
            ids,
            format_func=labels.__getitem__,
            width=330,
            label_visibility="collapsed",
            **view.widget("word", chosen, candidate=""),
        )
        _step("Previous", "left", ids, place, -1)
        _step("Next", "right", ids, place, 1)
        if ranked:
            outcome(current)
        st.caption(f"{place + 1} of {len(ids)}, {'by rank' if ranked else 'in alphabetical order'}")
    return chosen


def _asked(word: str, ids: list[str]) -> str:
    """The query that the view names by its id or its word alone, or the first."""
    named = word if word in ids else next((one for one in ids if one.rpartition(".")[0] == word), "")
    if word and not named:
        st.caption(f"“{draw.safe(word)}” is not among these words; showing the first.")
    return named or ids[0]


def _step(label: str, side: str, ids: list[str], place: int, by: int) -> None:
    there = 0 <= place + by < len(ids)
    st.button(
        label,
        icon=f":material/chevron_{side}:",
        shortcut=side.capitalize(),
        disabled=not there,
        on_click=view.go,
        kwargs={"word": ids[place + by] if there else ids[place], "candidate": ""},
    )


def outcome(current: view.View) -> None:
    """Which words to walk through."""
    st.segmented_control(
        "Show",
        list(view.SHOWS),
        format_func=view.SHOWS.__getitem__,
        label_visibility="collapsed",
        help=HELP,
        **view.widget("show", current.show, write=lambda chosen: chosen or "all"),
    )
