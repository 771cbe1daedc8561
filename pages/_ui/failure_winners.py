"""Who beats the verbs: from the part of speech of missed words to that of their winners, and how these are related."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from cldi_core.data.counting import counted
from cldi_core.data.dataset import POS
from cldi_core.insight import winners

from . import failure_figures, failure_load, figures, glossary, take, view, words
from .foreign import safe

KEYS = ("winners flow", "winners relations")  # of the two charts
WORD = "word"  # the column that opens a word; of the first one, whoever tabs into a table has selected a cell


def draw(current: view.View) -> None:
    """The section."""
    if failure_load.missing(current):
        return
    rows = failure_load.winners(current)
    rows = rows[rows["pos"].isin(list(current.pos))]
    if not len(rows):
        st.info("No word of these parts of speech is missed.")
        return
    flows, kinds = winners.flows(rows), winners.kinds(rows)
    for pos in ("V", "A", "N"):
        if text := winners.sentence(flows, pos):
            st.markdown(safe(text))
    _flow(current, flows)
    _relations(kinds)
    _chosen(current, rows, flows, kinds)


def _flow(current: view.View, flows: Sequence[winners.Flow]) -> None:
    take.chart(
        failure_figures.flow(flows),
        name="winners",
        alt="From the part of speech of missed words to that of what beats them; the table has the numbers",
        key=KEYS[0],
        on_select=lambda: _pick(KEYS[0]),
        selection_mode="points",
    )
    st.caption(
        safe(failure_load.told(current))
        + " · Each bar on the left is all missed queries of one part of speech; a band "
        "is the share of them whose best wrong candidate is listed so. Click a dot to see its words.",
        help=glossary.of(current, "candidate", "gold"),
    )
    with st.expander("The numbers"):
        _numbers(flows, "winners-table", {"the winner is": [winners.named(one.rival_pos) for one in flows]})
        st.caption(
            "By chance: the share of such candidates among all wrong ones that have pictures, so what a random winner "
            "would be. Excess: the share less that; ▲ or ▼ where its 95 % interval over words excludes 0."
        )


def _relations(kinds: Sequence[winners.Kind]) -> None:
    st.header("What the winner has to do with the word")
    take.chart(
        failure_figures.relations(kinds),
        name="relations",
        alt="How the winners are related to the missed words; the table has the numbers",
        key=KEYS[1],
        on_select=lambda: _pick(KEYS[1]),
        selection_mode="points",
    )
    there = {one.relation for one in kinds}
    meant = "; ".join(f"*{name}*: {about}" for name, about in winners.RELATIONS.items() if name in there)
    st.caption(
        f"The first that holds counts: {meant}. Grey ticks: of one random wrong candidate of each of these queries. 95 "
        "% intervals over words. Click a bar to see its words."
    )
    with st.expander("The numbers"):
        _numbers(kinds, "relations-table", {"relation": [one.relation for one in kinds]})


def _numbers(found: Sequence[winners.Flow] | Sequence[winners.Kind], name: str, column: dict[str, list[str]]) -> None:
    rows = {
        "missed": [f"{POS[one.pos]}s" for one in found],
        **column,
        "queries": [one.count for one in found],
        "of": [one.of for one in found],
        "share": [figures.interval_text(one.share) for one in found],
        "by chance": [f"{one.chance:.2f}" for one in found],
        "excess": [figures.gain_text(one.excess) for one in found],
        "n words": [one.share.n for one in found],
    }
    take.table(pd.DataFrame(rows), name=name, alt="The shares with intervals, beside chance", hide_index=True)


def _pick(key: str) -> None:
    points = st.session_state[key]["selection"]["points"]
    chosen = [point["customdata"][0] for point in points if point.get("customdata")]
    if chosen:
        view.go(flow=str(chosen[0]))


def _chosen(
    current: view.View, rows: pd.DataFrame, flows: Sequence[winners.Flow], kinds: Sequence[winners.Kind]
) -> None:
    """The words of one band or bar; a click opens one."""
    names = {one.id: f"{POS[one.pos]}s that lose to {winners.named(one.rival_pos)} ({one.count})" for one in flows}
    names |= {one.id: f"{POS[one.pos]}s, {one.relation} ({one.count})" for one in kinds if one.count}
    chosen = view.asked("flow") if view.asked("flow") in names else None
    st.selectbox(
        "Words of",
        list(names),
        index=None,
        format_func=names.__getitem__,
        placeholder="Click a dot or a bar, or choose here, to see the words",
        label_visibility="collapsed",
        **view.widget("flow", chosen),
    )
    if not chosen:
        return
    own = winners.of(rows, chosen)
    shown = pd.DataFrame(
        {
            "pair": own["pair"],
            WORD: own["word"],
            "right answer": own["right"],
            "rank": own["rank"],
            "winner": own["rival"],
            "its POS": own["rival_pos"].map(words.kinds),
            "relation": own["relation"],
        }
    )
    event = take.table(
        shown,
        name=f"words-{chosen.replace(':', '-')}",
        alt=f"The words: {names[chosen]}",
        key=f"words {chosen}",
        hide_index=True,
        on_select="rerun",
        selection_mode="single-cell",
        column_config={"rank": st.column_config.NumberColumn(format="%.4g")},
    )
    st.caption(f"n = {counted(len(own), 'query')}, the nearest first; click a row to open the word.")
    clicked = [place for place, column in event.selection.cells if column != "pair"]
    if clicked:
        row = own.iloc[clicked[0]]
        view.open_word(str(row["query"]), pair=str(row["pair"]))
