"""Two or more methods or backbones on the same words: metrics, ranks, and which words each wins or loses."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cldi_core import rankers
from cldi_core.evaluation import tables
from cldi_core.insight import overview
from pages._ui import contenders, draw, figures, frame, judge_tables, load, view, words
from pages._ui.contenders import Contender, label

SHOWN = 15


def open_word(query: str, contender: Contender) -> None:
    """Go to the Word page of a query under one contender."""
    params = view.of_word(query, method=contender[0], backbone=contender[1])
    st.switch_page("pages/word.py", query_params=params)


def scored(current: view.View, chosen: list[Contender]) -> dict[str, pd.DataFrame]:
    """The rankings of those contenders that have been scored: label → frame; for the others, the commands that do."""
    found = {one: load.rankings(current.dataset, one[1], current.pair, one[0]) for one in chosen}
    missing = [one for one, frame in found.items() if frame is None]
    if missing:
        draw.unranked(current, "Not all of them are compared", *missing)
    return {label(one): frame for one, frame in found.items() if frame is not None}


def seen_or_not(current: view.View, table: pd.DataFrame, chosen: list[Contender]) -> pd.DataFrame:
    """All words, or those alone that the learned methods saw nothing of in training."""
    trained = {backbone for method, backbone in chosen if rankers.is_trained(method)}
    alone = st.toggle(
        "Only words that the learned methods never saw",
        key="compare unseen",
        help="Training saw no picture and no description of what the word and its right answers stand for.",
    )
    for backbone in trained if alone else ():
        table = overview.of_queries(table, load.never_seen(current.dataset, backbone, current.pair))
    return table


def metrics_table(current: view.View, table: pd.DataFrame, chosen: list[Contender]) -> None:
    """MRR, P@1 and P@10 of each contender on the words that all of them cover, and the difference to the first."""
    rows = []
    for contender in chosen:
        record = overview.figures(table, label(contender))
        row = {"": label(contender)}
        for name in ("mrr", "p@1", "p@10"):
            row[name.upper()] = figures.interval_text(tables.interval_of(record, name))
        less = overview.difference(table, label(contender), label(chosen[0]))
        row["MRR less the first's"] = "" if contender == chosen[0] else figures.interval_text(less)
        rows.append(row)
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt="Figures of the methods compared")
    st.caption(
        f"{current.pair} · {words.kinds(current.pos)} · {len(table)} queries that all cover · 95 % intervals over "
        f"n = {less.n} English words; the difference is of the same words. If its interval excludes 0, one is better "
        "here."
    )


def scatter(current: view.View, table: pd.DataFrame, one: Contender, other: Contender) -> None:
    """The ranks of each word under two contenders; a click opens the word."""
    numbered = table.assign(number=range(len(table)))
    event = st.plotly_chart(
        figures.rank_scatter(numbered, label(one), label(other), (label(one), label(other))),
        key=f"ranks-{current.pair}-{current.pos}-{one}-{other}",
        on_select="rerun",
        selection_mode="points",
        config=figures.CONFIG,
        alt="Ranks under the two methods",
    )
    if event.selection.points:
        number = int(event.selection.points[0]["customdata"])
        open_word(table["query"].iloc[number], one)


def wins(current: view.View, table: pd.DataFrame, one: Contender, other: Contender) -> None:
    """The words that each of two contenders ranks much higher; a click opens the word."""
    won, lost = overview.wins(table, label(one), label(other))
    for column, rows, winner, loser in zip(st.columns(2), (won, lost), (one, other), (other, one), strict=True):
        with column:
            st.markdown(f"**{draw.safe(label(winner))} is better** on {len(rows)} words")
            key = f"wins-{winner}-{loser}-{current.pair}-{current.pos}"
            shown = rows.head(SHOWN)
            event = st.dataframe(
                shown[["word", "pos", label(winner), label(loser)]],
                key=key,
                hide_index=True,
                on_select="rerun",
                selection_mode="single-cell",
                alt=f"Words that {label(winner)} ranks higher than {label(loser)}",
            )
            if event.selection.cells:
                open_word(shown["query"].iloc[event.selection.cells[0][0]], winner)
            st.caption(f"The {len(shown)} clearest of {len(rows)}; click a row to open the word.")


def main() -> None:
    """Draw the page."""
    current = view.current()
    st.title("Compare")
    if not draw.ready(current, "compare"):
        return
    chosen = contenders.chooser(current)
    if len(chosen) < 2:
        st.info("Choose at least two methods or backbones.")
        return
    frames = scored(current, chosen)
    chosen = [contender for contender in chosen if label(contender) in frames]
    if len(chosen) < 2:
        return
    table = overview.compare(frames, current.pos)
    if any(rankers.is_trained(method) for method, _ in chosen):
        table = seen_or_not(current, table, chosen)
    if not len(table):
        st.info("There is no word of these parts of speech that all of them cover.")
        return
    metrics_table(current, table, chosen)
    judge_tables.compared(current, chosen)
    one, other = chosen[0], chosen[1]
    if len(chosen) > 2:
        other = st.selectbox("Beside the first", chosen[1:], format_func=label)
    scatter(current, table, one, other)
    wins(current, table, one, other)


frame.draw(main)
