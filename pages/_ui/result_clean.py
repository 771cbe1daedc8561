"""Figures of clean words beside those of all: a switch of the Results page, and its section."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from cldi_core.data.counting import counted
from cldi_core.evaluation import tables
from cldi_core.insight import clean

from . import draw, load, result_load, result_tables, view

PARAM, ON = "clean", "1"


def switch() -> None:
    """The switch; its state is in the URL."""
    st.toggle(
        "Set clean words beside all words",
        help="Figures also without words that may mislead: few or tiny pictures, placeholders, pictures that both "
        "languages have, words spelled alike or otherwise than their folder.",
        **view.widget(PARAM, view.asked(PARAM) == ON, write=lambda on: ON if on else ""),
    )


def records(current: view.View, pairs: Sequence[str], methods: Sequence[str], same: bool) -> list[dict[str, Any]]:
    """The figures of clean words, as ``load.table`` has those of all; none where the switch is off."""
    if view.asked(PARAM) != ON:
        return []
    return result_load.clean_table(
        current.dataset, current.backbone, tuple(pairs), tuple(methods), same_spelled=same, group=None
    )


def beside(
    current: view.View,
    pairs: Sequence[str],
    every: Sequence[Mapping[str, Any]],
    cleaned: Sequence[Mapping[str, Any]],
    figure: str,
) -> None:
    """The figures of all words and of clean ones, where the switch is on; what was taken away, and why.

    Args:
        every, cleaned: records of one pair or of the average.
    """
    if view.asked(PARAM) != ON:
        return
    group = tables.group_of(pairs)
    st.header("Clean words beside all words")
    if every:
        alt = f"{result_tables.FIGURES[figure]} of all words and of clean words"
        table = result_tables.beside({"all": every, "clean": cleaned}, figure)
        result_tables.draw(table, alt, f"results-clean-{group}-{figure}")
    found = {pair: result_load.suspected(current.dataset, current.backbone, pair) for pair in pairs}
    for pair, one in found.items():
        st.caption(draw.safe(taken(pair, one.findings, one.taken, one.queries)))
    st.caption(
        "Clean: nothing of the word and of its right answers may mislead. Candidates stay what they are, so ranks do "
        "not change; but these are other words, so that not all of a difference need come from what was taken away. "
        "The Data page shows the findings, and leaves their pictures and words out of everything by a click."
    )
    if not all(one.complete for one in found.values()):
        command = load.command(current.dataset, "check")
        draw.empty("Not all pictures have been compared yet, so there may be more to take away.", command)


def taken(pair: str, findings: Mapping[str, int], count: int, of: int) -> str:
    """A sentence: how many queries of a pair are not clean, and how many each finding concerns."""
    why = "; ".join(f"{clean.label(name)}: {number}" for name, number in findings.items() if number)
    several = " A query may count several times." if sum(findings.values()) > count else ""
    return f"{pair}: {count} of {counted(of, 'query')} taken away" + (f" ({why}).{several}" if why else ".")
