"""What kept words from being found, by part of speech: bars, and the words of the one that is chosen."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cldi_core.data.dataset import POS
from cldi_core.insight import word_table
from cldi_core.insight.explanation import shown_rank

from . import cause_figures, take, view
from .foreign import safe

SHOWN = 12  # words that are listed under the bars
COLUMNS = 3
KEY = "causes"


def draw(current: view.View, rows: pd.DataFrame) -> None:
    """The bars and the words of one piece of them.

    Args:
        rows: the table of all words (``word_table.table``).
    """
    st.header("What kept words from being found")
    st.markdown(word_table.sentence(rows))
    counts = word_table.by_cause(rows)
    if not len(counts):
        return
    take.chart(
        cause_figures.causes(counts),
        name=f"causes-{current.pair}-{current.method}",
        key=KEY,
        on_select=_pick,
        selection_mode="points",
        config={"displayModeBar": False},
        alt=f"Causes by part of speech. {word_table.sentence(rows)} The table of all words has the cause of each.",
    )
    names = {f"{row.pos}-{row.cause}": row for row in counts.itertuples()}
    chosen = view.asked("bar") if view.asked("bar") in names else None
    st.selectbox(
        "Words of",
        list(names),
        index=None,
        format_func=lambda name: f"{POS[names[name].pos]}s: {names[name].label} ({names[name].words})",
        placeholder="Click a piece of a bar, or choose one here",
        label_visibility="collapsed",
        **view.widget("bar", chosen),
    )
    if chosen:
        one = names[chosen]
        _words(current, word_table.select(rows, one.pos, word_table.NOT_FIRST, one.cause), one.pos, one.cause)


def _pick() -> None:
    points = st.session_state[KEY]["selection"]["points"]
    if points:
        pos, cause = points[0]["customdata"]
        view.go(bar=f"{pos}-{cause}")


def _words(current: view.View, found: pd.DataFrame, pos: str, cause: str) -> None:
    """Links to the words, the clearest first, and to all of them in the table."""
    shown = found.sort_values(["margin", "query"], na_position="last").head(SHOWN)
    columns = st.columns(COLUMNS)
    for place, row in enumerate(shown.itertuples()):
        rival = f", not {row.rival}" if row.rival and row.outcome != "uncovered" else ""
        rank = f" #{shown_rank(row.rank)}" if row.outcome != "uncovered" else ""
        with columns[place % COLUMNS]:
            st.page_link(
                "pages/word.py",
                label=safe(f"{row.word} → {row.right}{rank}{rival}"),
                query_params=view.of_word(row.query),
            )
    asked = {"part": "words", "outcome": word_table.NOT_FIRST, "cause": cause, "pos": pos}
    st.page_link(
        "pages/results.py",
        label=f"All {len(found)} in the table of all words",
        icon=":material/table:",
        query_params=current.params() | asked,
    )
