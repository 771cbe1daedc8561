"""The table of all words: filters that the URL keeps, a download, and a click that opens the word."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cldi_core import rankers
from cldi_core.data.counting import counted
from cldi_core.evaluation.pairs import Pair
from cldi_core.features import backbones
from cldi_core.insight import word_table

from . import evidence_load, glossary, load, take, view, words
from .foreign import safe

OUTCOMES = {"all": "All", word_table.NOT_FIRST: "Not first", "found": "Found", "nearly": "Nearly", "missed": "Missed"}
OUTCOMES |= {"uncovered": "No pictures"}
HEIGHT = 520
# The first column.  Whoever tabs into a table has selected its first cell, and asks for no word: these cells open none.
FIRST = "POS"


def draw(current: view.View) -> None:
    """The table of all words under the chosen method, or what makes it."""
    here = (current.dataset, current.backbone, current.pair)
    rows = evidence_load.all_words(*here, current.method)
    if rows is None:
        evidence_load.missing(current, "There is no table")
        return
    found = _filtered(current, rows)
    if len(found):
        _table(load.pair_of(*here), found, file_name(current), as_rows(current, found))
    else:
        st.info("No word is like that.")
    st.caption(
        f"n = {len(found)} of {counted(len(rows), 'query')} · "
        f"{safe(f'{current.pair} · {words.kinds(current.pos)}')} · "
        f"{rankers.label(current.method)} · {safe(backbones.label(current.backbone))} · click a row to open the word, "
        "a heading to sort. The margin is the right answer's score less that of the best wrong answer; a cause is "
        "named only if it is rarer among words that are found, and of a found word it is what was overcome."
    )


def file_name(current: view.View) -> str:
    """What a download is called: data set, pair, backbone, method and what was filtered by, whatever they hold."""
    name, outcome = load.opened(current.dataset).name, view.one_of("outcome", list(OUTCOMES))
    parts = ["words", name, current.pair, current.backbone, current.method]
    if current.pos != "".join(load.choices(current.dataset)["pos"]):
        parts.append(current.pos)
    parts += [outcome] if outcome != "all" else []
    parts += [view.asked("cause")] if view.asked("cause") in word_table.LABELS else []
    parts += [view.asked("find").strip()] if view.asked("find").strip() else []
    return "-".join(take.file_name(part) for part in parts)


def as_rows(current: view.View, found: pd.DataFrame) -> pd.DataFrame:
    """The words as a download has them: each row with the data set, pair, backbone and method that it is of, and n."""
    about = {
        "dataset": load.opened(current.dataset).name,
        "pair": current.pair,
        "backbone": current.backbone,
        "method": current.method,
        "n": len(found),
    }
    return pd.DataFrame(about, index=found.index).join(found)


def _filtered(current: view.View, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that the URL asks for, and the widgets that change it."""
    outcome = view.one_of("outcome", list(OUTCOMES))
    known = [cause for cause in word_table.LABELS if (rows["cause"] == cause).any()]
    cause = view.asked("cause") if view.asked("cause") in known else None
    find = view.asked("find")[: view.LONGEST]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(
            "Outcome",
            list(OUTCOMES),
            format_func=OUTCOMES.__getitem__,
            required=True,
            **view.widget("outcome", outcome),
        )
        st.selectbox(
            "Cause", known, index=None, format_func=word_table.LABELS.__getitem__, placeholder="any", width=240,
            **view.widget("cause", cause),
        )  # fmt: skip
        st.text_input(
            "Find", placeholder="part of a word", max_chars=view.LONGEST, width=170,
            help="Of the word, the right answer or the best wrong one",
            **view.widget("find", find),
        )  # fmt: skip
    return word_table.select(rows, current.pos, outcome, cause or "", find)


def _table(pair: Pair, found: pd.DataFrame, file: str, csv: pd.DataFrame) -> None:
    source, target = pair.languages
    shown = pd.DataFrame(
        {
            FIRST: found["pos"].map(words.kinds),
            source: found["word"],
            target: found["right"],
            "rank": found["rank"],
            "margin": found["margin"],
            "cause": found["cause"].map(word_table.LABELS).where(found["cause"] != word_table.NONE, ""),
            "best wrong": found["rival"],
            "its POS": found["rival_pos"].map(words.kinds),
            "dispersion": found["dispersion"],
            f"{source} pictures": found["pictures"],
            f"{target} pictures": found["right_pictures"],
            "ceiling": found["ceiling"],
        }
    )
    if shown["ceiling"].isna().all():
        shown = shown.drop(columns="ceiling")
    number = st.column_config.NumberColumn
    event = take.table(
        shown,
        name=file,
        csv=csv,
        key="all words",
        hide_index=True,
        height=HEIGHT,
        on_select="rerun",
        selection_mode="single-cell",
        alt="All words: what became of each, and why",
        column_config={
            FIRST: st.column_config.TextColumn(width=80),
            source: st.column_config.TextColumn(help="Click to open the word"),
            target: st.column_config.TextColumn(help=glossary.of(view.current(), "gold")),
            "rank": number(format="%.4g", help="Of the best right answer; half ranks where words tie"),
            "margin": number(format="%.3f", help=glossary.of(view.current(), "margin")),
            "cause": st.column_config.TextColumn(width=270, help="The strongest, if one stands out"),
            "best wrong": st.column_config.TextColumn(help="The winner, where the right answer is not first"),
            "dispersion": number(format="%.2f", help=glossary.of(view.current(), "dispersion")),
            "ceiling": number(format="%.4g", help=glossary.of(view.current(), "ceiling")),
        },
    )
    clicked = [place for place, column in event.selection.cells if column != FIRST]
    if clicked:
        view.open_word(found["query"].iloc[clicked[0]])
