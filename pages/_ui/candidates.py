"""The ranked candidates of a word: a table in which a click chooses one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from cldi_core.evaluation.pairs import Pair
from cldi_core.insight import explanation
from cldi_core.insight.explanation import Candidate, Explanation, shown_rank

from . import load, view, words

TOPS = (10, 30, 100)  # candidates listed
PICTURES = 4  # of each candidate


def listed(found: Explanation, chosen: Candidate) -> list[Candidate]:
    """The best candidates, every right answer however deep, and the chosen one, by rank."""
    shown = list(dict.fromkeys([*found.candidates[: _top()], *found.gold, chosen]))
    return sorted(shown, key=lambda candidate: (np.isnan(candidate.rank), candidate.rank, -candidate.score))


def _top() -> int:
    return st.session_state.get("candidates listed") or TOPS[0]


def pictures(pair: Pair, candidate: Candidate) -> list[str]:
    """The ids of the pictures that the table shows of a candidate."""
    return list(pair.target.word_ids(candidate.word)[:PICTURES])


def table(name: str, pair: Pair, found: Explanation, chosen: Candidate, method: str) -> None:
    """The ranked candidates; the chosen one is marked, and a click chooses another.

    Args:
        name: of the data set.
    """
    shown = listed(found, chosen)
    rows = pd.DataFrame(
        {
            "#": [shown_rank(row.rank) for row in shown],
            "✓": ["✓" if row.gold else "" for row in shown],
            "candidate": [row.word for row in shown],
            "score": [row.score for row in shown],
            "pictures": [load.strip(name, pictures(pair, row)) for row in shown],
            "POS": [words.kinds(row.pos) for row in shown],
        }
    )
    lowest, highest = explanation.score_range(method, shown)
    st.session_state["candidates shown"] = [row.word for row in shown]
    st.session_state["candidates"] = {"selection": {"rows": [shown.index(chosen)], "columns": [], "cells": []}}
    st.dataframe(
        rows,
        key="candidates",
        hide_index=True,
        row_height=44,
        height=44 * min(len(shown), 16) + 40,
        on_select=_pick,
        selection_mode="single-row",
        alt=f"Ranked candidates for {found.word}",
        column_config={
            "#": st.column_config.TextColumn(width=50),
            "✓": st.column_config.TextColumn(width=34, help="A right answer"),
            "score": st.column_config.ProgressColumn(format="%.3f", min_value=lowest, max_value=highest),
            "pictures": st.column_config.ImageColumn(width=180),
        },
    )
    best = len(found.candidates[: _top()])
    with st.container(horizontal=True, vertical_alignment="center"):
        st.segmented_control(
            "Candidates listed", TOPS, default=TOPS[0], key="candidates listed", label_visibility="collapsed"
        )
        st.caption(
            f"The best {best} of {len(found.candidates)} candidates, and every right answer. Click a row to see it."
        )


def _pick() -> None:
    rows = st.session_state["candidates"]["selection"]["rows"]
    if rows:
        view.go(candidate=st.session_state["candidates shown"][rows[0]])
