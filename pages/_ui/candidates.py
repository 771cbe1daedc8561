"""The ranked candidates of a word: a table in which a click anywhere in a row chooses it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from cldi_core.data.counting import counted
from cldi_core.insight import contrast, story_words
from cldi_core.insight.explanation import Candidate, Explanation, shown_rank
from cldi_core.insight.what_if import Edit

from . import load, take, told, view, words

TOPS = (10, 30, 100)  # candidates listed
ROW = 44  # pixels


def listed(found: Explanation, *chosen: Candidate) -> list[Candidate]:
    """The best candidates, every right answer however deep, and the chosen ones, by rank."""
    shown = list(dict.fromkeys([*found.candidates[: _top()], *found.gold, *chosen]))
    return sorted(shown, key=lambda candidate: (np.isnan(candidate.rank), candidate.rank, -candidate.score))


def _top() -> int:
    return int(view.one_of("top", [str(top) for top in TOPS]))


def table(here: told.Here, edit: Edit, found: Explanation, marked: tuple[Candidate, ...]) -> None:
    """The ranked candidates; those on the board are marked, and a click sets another one on it.

    Args:
        found: the word as it is ranked with what is left out (``edit``).
    """
    name, method = here[0], here[3]
    shown = listed(found, *marked)
    board = {one.word for one in marked}
    gaps = contrast.behind(found, shown)
    made = told.nearest(*here, edit, tuple(row.word for row in shown))
    load.thumbnails(name, [key for own in made for key in own])  # all are read at once; each row finds its own at hand
    rows = pd.DataFrame(
        {
            "▸": ["▸" if row.word in board else "" for row in shown],
            "#": [shown_rank(row.rank) for row in shown],
            "✓": ["✓" if row.gold else "" for row in shown],
            "candidate": [row.word for row in shown],
            "pictures": [load.strip(name, own) for own in made],
            "behind": gaps,
            "score": [row.score for row in shown],
            "POS": [words.kinds(row.pos) for row in shown],
        }
    )
    widest = max((gap for gap in gaps if not np.isnan(gap)), default=0.0)
    st.session_state["candidates shown"] = [row.word for row in shown]
    take.table(
        rows,
        name=f"candidates-{found.word}-{method}",
        key="candidates", hide_index=True,
        row_height=ROW,
        height=ROW * min(len(shown), 12) + 40,
        on_select=_pick,
        selection_mode="single-cell",
        alt=f"Ranked candidates for {found.word}",
        column_config={
            "▸": st.column_config.TextColumn(width=30, help="Stands on the board"),
            "#": st.column_config.TextColumn(width=46),
            "✓": st.column_config.TextColumn(width=30, help="A right answer"),
            "candidate": st.column_config.TextColumn(width=110),
            "pictures": st.column_config.ImageColumn(width=140, help="Those that made its score, the most alike first"),
            "behind": st.column_config.ProgressColumn(
                "behind the winner", format="%.3f", min_value=0.0, max_value=widest or 1.0, width=120,
                help="How far its score is below the first one's",
            ),
            "score": st.column_config.NumberColumn(format="%.3f", width=64),
            "POS": st.column_config.TextColumn(width=80),
        },
    )  # fmt: skip
    _length(found)


def _length(found: Explanation) -> None:
    """How many are listed, beneath the table."""
    best = len(found.candidates[: _top()])
    with st.container(horizontal=True, vertical_alignment="center"):
        st.segmented_control(
            "Candidates listed",
            TOPS,
            required=True,
            label_visibility="collapsed",
            **view.widget("top", _top(), write=lambda chosen: "" if chosen == TOPS[0] else str(chosen)),
        )
        tied = story_words.tied(contrast.tied_first(found))
        st.caption(
            f"{f'{tied} ' if tied else ''}The best {best} of {counted(len(found.candidates), 'candidate')}, and "
            "every right answer. Click a row to set it on the board."
        )


def _pick() -> None:
    cells = st.session_state["candidates"]["selection"]["cells"]
    # Nothing stays chosen: a click on the cell that was clicked last would choose nothing, and what is chosen in the
    # table of one word would be chosen in that of the next.
    st.session_state["candidates"] = {"selection": {"rows": [], "columns": [], "cells": []}}
    if cells:
        view.go(candidate=st.session_state["candidates shown"][cells[0][0]])
