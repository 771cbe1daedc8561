"""Two or more methods or backbones on the same words: metrics, ranks, and which words each wins or loses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from cldi_core import rankers
from cldi_core.data.counting import counted
from cldi_core.evaluation import tables
from cldi_core.evaluation.significance import DRAWS
from cldi_core.insight import overview
from pages._ui import contenders, draw, figures, frame, glossary, judge_tables, load, result_tables, take, view, words
from pages._ui.contenders import Contender, label

SHOWN = 15


def scored(current: view.View, chosen: list[Contender]) -> dict[str, pd.DataFrame]:
    """The rankings of those contenders that have been scored: label → frame; for the others, the commands that do."""
    found = {one: load.rankings(current.dataset, one[1], current.pair, one[0]) for one in chosen}
    missing = [one for one, frame in found.items() if frame is None]
    if missing:
        draw.unranked(current, "Not all of them are compared", *missing)
    return {label(one): frame for one, frame in found.items() if frame is not None}


def unseen_alone(chosen: list[Contender]) -> tuple[str, ...]:
    """The backbones whose learned contenders must have seen nothing of a word in training; none for all words."""
    trained = sorted({backbone for method, backbone in chosen if rankers.is_trained(method)})
    if not trained:
        return ()
    alone = view.asked("unseen") == "1"
    st.toggle(
        "Only words that the learned methods never saw",
        help="Training saw no picture and no description of what the word and its right answers stand for.",
        **view.widget("unseen", alone, write=lambda on: "1" if on else ""),
    )
    return tuple(trained) if alone else ()


def metrics_table(current: view.View, table: pd.DataFrame, frames: Mapping[str, pd.DataFrame]) -> None:
    """MRR, P@1 and P@10 of each contender on the words that all of them cover, and its own coverage of all words.

    Args:
        table: of ``overview.compare``; frames: the rankings that it was made of, in the order of the contenders.
    """
    rows = []
    for name, rankings in frames.items():
        record, every = overview.figures(table, name), overview.over_all(rankings, current.pos)
        row = {"": name}
        for figure in ("mrr", "p@1", "p@10"):
            row[figure.upper()] = figures.interval_text(tables.interval_of(record, figure))
        row["coverage"] = f"{every['coverage']:.2f}"
        row["MRR, missing as 0"] = figures.interval_text(tables.interval_of(every, f"mrr{tables.ALL}"))
        rows.append(row)
    take.table(pd.DataFrame(rows), name="compare", alt="Figures of the methods compared", hide_index=True)
    st.caption(
        f"{draw.safe(current.pair)} · {words.kinds(current.pos)} · {counted(len(table), 'query')} that all cover · "
        f"95 % intervals over n = {counted(record['clusters'], 'word')}. Coverage and the last column are each "
        f"contender's own: of all queries ({every['asked']}, of {counted(every['asked_clusters'], 'word')}), those "
        "that it does not cover counted as 0.",
        help=glossary.of(current, "mrr", "p", "coverage", "interval"),
    )


def significance(current: view.View, chosen: list[Contender], unseen: tuple[str, ...]) -> None:
    """Each two of the contenders on the same words: difference, p, and words won and lost."""
    records = contenders.compared(current.dataset, current.pair, chosen, overview.parts(current.pos), unseen)
    st.header("Which is better", anchor=False)
    alt = "Each two of the contenders compared"
    take.table(result_tables.compared(records), name="compare-pairs", alt=alt, hide_index=True, height="content")
    st.caption(
        f"On the words that all cover. 95 % intervals by a bootstrap over words ({DRAWS:,} draws; none below 20); "
        "p: how often the difference is as large if the signs of whole words are flipped; Holm: corrected for the "
        f"{tables.family(records)} comparisons of this table. ▲ and ▼ mark those whose p is below .05 then and whose "
        "interval excludes 0. A word is won, lost or level with all its queries together."
    )


def scatter(current: view.View, table: pd.DataFrame, one: Contender, other: Contender) -> None:
    """The ranks of each word under two contenders; a click opens the word."""
    numbered = table.assign(number=range(len(table)))
    event = take.chart(
        figures.rank_scatter(numbered, label(one), label(other), (label(one), label(other))),
        name="compare-ranks",
        alt="Ranks under the two methods",
        key=f"ranks-{current.pair}-{current.pos}-{one}-{other}",
        on_select="rerun",
        selection_mode="points",
    )
    if event.selection.points:
        number = int(event.selection.points[0]["customdata"])
        view.open_word(table["query"].iloc[number], method=one[0], backbone=one[1])


def ranks(winner: Contender, loser: Contender) -> dict[str, Any]:
    """The columns of two contenders' ranks, so narrow that both are seen without scrolling."""
    columns: dict[str, Any] = {
        label(one): st.column_config.NumberColumn(
            contenders.short(one, other), width=100, help=f"The rank of the right answer under {draw.safe(label(one))}"
        )
        for one, other in ((winner, loser), (loser, winner))
    }
    return columns | {"word": st.column_config.TextColumn(width=110), "pos": st.column_config.TextColumn(width=50)}


def wins(current: view.View, table: pd.DataFrame, one: Contender, other: Contender) -> None:
    """The words that each of two contenders ranks much higher; a click opens the word."""
    won, lost = overview.wins(table, label(one), label(other))
    for column, rows, winner, loser in zip(st.columns(2), (won, lost), (one, other), (other, one), strict=True):
        with column:
            st.markdown(f"**{draw.safe(label(winner))} is better** on {counted(len(rows), 'query')}")
            key = f"wins-{winner}-{loser}-{current.pair}-{current.pos}"
            shown = rows.head(SHOWN)
            event = take.table(
                shown[["word", "pos", label(winner), label(loser)]],
                column_config=ranks(winner, loser),
                name="compare-wins",
                alt=f"Words that {label(winner)} ranks higher than {label(loser)}",
                key=key,
                hide_index=True,
                on_select="rerun",
                selection_mode="single-cell",
            )
            if event.selection.cells:
                query = shown["query"].iloc[event.selection.cells[0][0]]
                view.open_word(query, method=winner[0], backbone=winner[1])
            st.caption(f"The {len(shown)} clearest of {len(rows)}; click a row to open the word.")


def beside(chosen: list[Contender]) -> Contender:
    """The one that is looked at beside the first."""
    names = {"@".join(one): one for one in chosen[1:]}
    asked = view.one_of("beside", list(names))
    if len(names) > 1:
        st.selectbox(
            "Beside the first",
            list(names),
            format_func=lambda name: label(names[name]),
            **view.widget("beside", asked),
        )
    return names[asked]


def main() -> None:
    """Draw the page."""
    current = view.current()
    st.title("Compare")
    if not draw.ready(current, "compare"):
        return
    chosen = contenders.chooser(current)
    frames = scored(current, chosen)
    chosen = [contender for contender in chosen if label(contender) in frames]
    if len(chosen) < 2:
        return
    unseen = unseen_alone(chosen)
    for backbone in unseen:
        frames = tables.only(frames, load.never_seen(current.dataset, backbone, current.pair))
    table = overview.compare(frames, current.pos)
    if not len(table):
        st.info("There is no word of these parts of speech that all of them cover.")
        return
    metrics_table(current, table, frames)
    significance(current, chosen, unseen)
    judge_tables.compared(current, chosen)
    one, other = chosen[0], beside(chosen)
    scatter(current, table, one, other)
    wins(current, table, one, other)


frame.draw(main)
