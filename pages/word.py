"""One word: its pictures beside those of a candidate translation, and why the ranking is what it is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from cldi_core.evaluation import runs
from cldi_core.features import backbones
from cldi_core.insight import explanation
from cldi_core.scoring import methods
from pages._ui import draw, frame, load, view

TOPS = (10, 30, 100)  # candidates listed


def walk(current: view.View) -> pd.DataFrame:
    """The queries to walk through: of the chosen parts of speech and outcome, sorted by rank."""
    ranked = load.rankings(current.dataset, current.backbone, current.pair, current.method)
    rows = ranked[ranked["pos"].isin(list(current.pos))]
    if current.show != "all":
        rows = rows[rows["rank"].map(explanation.outcome) == current.show]
    return rows.sort_values(["rank", "query"])


def chooser(current: view.View, rows: pd.DataFrame) -> str:
    """Search, filter and previous/next; returns the query that is shown."""
    ids = rows["query"].tolist()
    chosen = (
        current.word if current.word in ids else next((i for i in ids if i.rpartition(".")[0] == current.word), ids[0])
    )
    if current.word not in ("", chosen, chosen.rpartition(".")[0]):
        st.caption(f"“{draw.safe(current.word)}” is not among these words; showing the first.")
    place = ids.index(chosen)
    labels = {
        query: f"{word} · {draw.pos_names(pos)} · {_rank(rank)}"
        for query, word, pos, rank in zip(rows["query"], rows["word"], rows["pos"], rows["rank"], strict=True)
    }
    st.session_state["word"] = chosen
    with st.container(horizontal=True, vertical_alignment="center"):
        st.selectbox(
            "Word",
            ids,
            key="word",
            format_func=labels.__getitem__,
            on_change=_pick_word,
            width=330,
            label_visibility="collapsed",
        )
        st.button(
            "Previous",
            icon=":material/chevron_left:",
            shortcut="Left",
            disabled=place == 0,
            on_click=view.go,
            kwargs={"word": ids[max(place - 1, 0)], "candidate": ""},
        )
        st.button(
            "Next",
            icon=":material/chevron_right:",
            shortcut="Right",
            disabled=place == len(ids) - 1,
            on_click=view.go,
            kwargs={"word": ids[min(place + 1, len(ids) - 1)], "candidate": ""},
        )
        _shows(current)
        st.caption(f"{place + 1} of {len(ids)}, by rank")
    return str(chosen)


def _rank(rank: float) -> str:
    return "no pictures" if np.isnan(rank) else f"#{explanation.shown_rank(rank)}"


def _shows(current: view.View) -> None:
    st.session_state["show"] = current.show
    st.segmented_control(
        "Show",
        list(view.SHOWS),
        key="show",
        format_func=view.SHOWS.__getitem__,
        on_change=_pick_show,
        label_visibility="collapsed",
        help="Found: the right answer is first. Nearly: 2nd to 10th. Missed: deeper.",
    )


def _pick_word() -> None:
    view.go(word=st.session_state["word"], candidate="")


def _pick_show() -> None:
    view.go(show=st.session_state["show"] or "all")


def sides(pair: runs.Pair, found: explanation.Explanation, chosen: explanation.Candidate) -> None:
    """The two grids; the right answer and the winner are one click each."""
    name = pair.dataset.name
    left, right = st.columns(2, border=True)
    with left:
        st.markdown(f"**{draw.safe(found.word)}** · {pair.languages[0]} · {found.pictures} pictures")
        senses = "" if found.senses is None else f" · {found.senses} WordNet senses"
        spread = "–" if np.isnan(found.dispersion) else f"{found.dispersion:.2f}"
        st.caption(f"dispersion {spread}{senses}")
        draw.grid(name, pair.source.word_ids(found.word), f"{found.word} ({pair.languages[0]})", f"s-{found.word}")
    with right:
        mark = " ✓" if chosen.gold else ""
        st.markdown(
            f"**{draw.safe(chosen.word)}**{mark} · {pair.languages[1]} · {chosen.pictures} pictures · "
            f"rank {explanation.shown_rank(chosen.rank)}"
        )
        with st.container(horizontal=True):
            winner = found.candidates[0]
            offered = [(f"right: {right.word}", right) for right in found.gold]
            offered += [] if winner.gold else [(f"winner: {winner.word}", winner)]
            for label, candidate in offered:
                st.button(
                    f"{draw.safe(label)} #{explanation.shown_rank(candidate.rank)}",
                    key=f"to-{label}",
                    type="primary" if candidate.word == chosen.word else "secondary",
                    on_click=view.go,
                    kwargs={"candidate": candidate.word},
                )
        draw.grid(name, pair.target.word_ids(chosen.word), f"{chosen.word} ({pair.languages[1]})", f"t-{chosen.word}")


def listed(found: explanation.Explanation, chosen: explanation.Candidate) -> list[explanation.Candidate]:
    """The best candidates, every right answer however deep, and the chosen one, by rank."""
    shown = list(dict.fromkeys([*found.candidates[: _top()], *found.gold, chosen]))
    return sorted(shown, key=lambda candidate: (np.isnan(candidate.rank), candidate.rank, -candidate.score))


def _top() -> int:
    return st.session_state.get("candidates listed") or TOPS[0]


def candidates(pair: runs.Pair, found: explanation.Explanation, chosen: explanation.Candidate, method: str) -> None:
    """The ranked candidates; the chosen one is marked, and a click chooses another."""
    shown = listed(found, chosen)
    table = pd.DataFrame(
        {
            "#": [explanation.shown_rank(row.rank) for row in shown],
            "✓": ["✓" if row.gold else "" for row in shown],
            "candidate": [row.word for row in shown],
            "score": [row.score for row in shown],
            "pictures": [load.strip(pair.dataset.name, pair.target.word_ids(row.word)[:4]) for row in shown],
            "POS": [draw.pos_names(row.pos) for row in shown],
        }
    )
    lowest, highest = explanation.score_range(method, shown)
    st.session_state["candidates shown"] = [row.word for row in shown]
    st.session_state["candidates"] = {"selection": {"rows": [shown.index(chosen)], "columns": [], "cells": []}}
    st.dataframe(
        table,
        key="candidates",
        hide_index=True,
        row_height=44,
        height=44 * min(len(shown), 16) + 40,
        on_select=_pick_candidate,
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


def _pick_candidate() -> None:
    rows = st.session_state["candidates"]["selection"]["rows"]
    if rows:
        view.go(candidate=st.session_state["candidates shown"][rows[0]])


def behind(pair: runs.Pair, found: explanation.Explanation, chosen: explanation.Candidate, method: str) -> None:
    """The picture pairs that made the score of the chosen candidate."""
    st.markdown(f"**What made the score of “{draw.safe(chosen.word)}”**")
    st.caption(methods.find(method).about)
    if method in methods.LEARNED:
        st.info(
            "It compares the two words as texts, by what training taught it of their language: no picture is compared."
        )
        return
    matches = explanation.matches(pair, found.word, chosen.word, method)
    if not matches:
        st.info("There are no pictures to compare.")
        return
    draw.matches(pair.dataset.name, matches, (found.word, chosen.word), f"m-{found.word}-{chosen.word}")


def seen(current: view.View, query: str) -> str:
    """Whether training of the learned methods saw anything of what a word and its right answers stand for."""
    unseen = load.unseen(current.dataset, current.backbone, current.pair)
    return "never seen in training" if query in unseen else "seen in training"


def main() -> None:
    """Draw the page."""
    current = view.current()
    if not draw.ready(current, "compare"):
        return
    rows = walk(current)
    if not len(rows):
        st.info(f"No word is “{view.SHOWS[current.show].lower()}” among the chosen parts of speech.")
        _shows(current)
        return
    pair = load.pair_of(current.dataset, current.backbone, current.pair)
    query = chooser(current, rows)
    number = pair.find(query)
    scores, maxmax = (
        load.scores(current.dataset, current.backbone, current.pair, method) for method in (current.method, "maxmax")
    )
    ranked = load.rankings(current.dataset, current.backbone, current.pair, current.method)
    found = explanation.explain(pair, number, scores, maxmax, ranked)
    by_word = {candidate.word: candidate for candidate in found.candidates}
    chosen = by_word.get(current.candidate, found.gold[0])
    colour = {"found": "green", "nearly": "orange", "missed": "red"}.get(found.outcome, "gray")
    label = f"{methods.label(current.method)} · {backbones.label(current.backbone)}"
    st.markdown(
        f"#### {draw.safe(found.word)} → {draw.safe(found.gold[0].word)} "
        f":{colour}-badge[{found.outcome}] :gray-badge[{current.pair} · {draw.pos_names(found.pos)} · {label}]"
        + (f" :violet-badge[{seen(current, query)}]" if current.method in methods.LEARNED else "")
    )
    st.markdown(draw.safe(explanation.verdict(found, current.method)))
    # Read all pictures of the page at once; the parts below find them at hand.
    ids = [key for row in listed(found, chosen) for key in pair.target.word_ids(row.word)[:4]]
    load.thumbnails(current.dataset, [*pair.source.word_ids(found.word), *pair.target.word_ids(chosen.word), *ids])
    sides(pair, found, chosen)
    left, right = st.columns([3, 2])
    with left:
        candidates(pair, found, chosen, current.method)
    with right:
        behind(pair, found, chosen, current.method)


frame.draw(main)
