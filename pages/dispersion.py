"""How much the pictures of a word differ among themselves, and whether that decides its fate."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cldi_core import rankers
from cldi_core.data.counting import counted
from cldi_core.data.dataset import POS
from cldi_core.evaluation import paper
from cldi_core.insight import overview
from pages._ui import dispersion_figures, draw, figures, frame, glossary, load, take, view

PICTURES = 6  # of each word at the ends


def means(spread: pd.DataFrame, language: str, letters: str) -> None:
    """Mean dispersion, and for English the senses, by part of speech beside the paper's."""
    rows = spread[spread["language"] == language]
    measures = {"dispersion": ("dispersion", paper.DISPERSION)}
    if rows["senses"].notna().any():
        measures["senses"] = ("WordNet senses", paper.SENSES)
    for column, (label, published) in measures.items():
        found = overview.means_by_pos(rows, column, letters)
        table = {
            "part of speech": [POS[letter] for letter, _ in found],
            label: [figures.interval_text(interval) for _, interval in found],
            "in the paper": [f"{published[letter]:.2f}" if letter in published else "–" for letter, _ in found],
            "n": [interval.n for _, interval in found],
        }
        take.table(
            pd.DataFrame(table),
            name=f"{column}-{language}",
            hide_index=True,
            alt=f"Mean {label} by part of speech, {language}",
        )


def extremes(current: view.View, spread: pd.DataFrame, language: str) -> None:
    """The words of lowest and highest dispersion with their pictures, as in the paper's Table 3; each opens its word.

    Args:
        language: the one that words are asked in.
    """
    st.header("The lowest and the highest")
    st.caption("Click a word to see what becomes of it.")
    rows = spread[spread["language"] == language]
    for column, letter in zip(st.columns(max(len(current.pos), 2)), current.pos, strict=False):
        with column:
            st.markdown(f"**{POS[letter].capitalize()}s**")
            _ends(current, rows, letter)


def _ends(current: view.View, rows: pd.DataFrame, letter: str) -> None:
    """Both ends of a part of speech."""
    ends = overview.extremes(rows, letter)
    if not len(ends[0]):
        n = int((rows["dispersion"].notna() & (rows["pos"] == letter)).sum())
        st.caption(f"{counted(n, f'{POS[letter]} has', f'{POS[letter]}s have')} two pictures or more: no ends.")
        return
    members = load.opened(current.dataset).members(rows["language"].iloc[0])
    published = paper.TABLE_3.get(letter, ((), ()))
    for title, own, known in zip(("lowest", "highest"), ends, published, strict=True):
        told = "; in the paper, English: " + ", ".join(f"{word} {v:.2f}" for word, v in known) if known else ""
        st.caption(title + told)
        for word, value in zip(own["word"], own["dispersion"], strict=True):
            query = view.of_word(f"{word}.{letter}")
            st.page_link("pages/word.py", label=draw.safe(f"{word} · {value:.2f}"), query_params=query)
            draw.row(current.dataset, members[word][:PICTURES], word, width=46)


def against(current: view.View, spread: pd.DataFrame) -> None:
    """Dispersion of the source word against its reciprocal rank."""
    st.header("Does dispersion decide?")
    rankings = load.rankings(current.dataset, current.backbone, current.pair, current.method)
    if rankings is None:
        draw.unranked(current, "Ranks are not shown", (current.method, current.backbone))
        return
    table = overview.with_dispersion(rankings, spread, current.pos)
    if not len(table):
        st.info("No word of these parts of speech has a rank and a dispersion.")
        return
    event = take.chart(
        dispersion_figures.against_rank(table),
        name=f"dispersion-rank-{current.pair}-{current.method}",
        key=f"against-{current.pair}-{current.method}-{current.pos}-{current.backbone}",
        on_select="rerun",
        selection_mode="points",
        alt="Dispersion against reciprocal rank",
    )
    if event.selection.points:
        query = table["query"].iloc[int(event.selection.points[0]["customdata"])]
        view.open_word(query)
    correlation = overview.rank_correlation(table)
    st.caption(
        f"Spearman's ρ between dispersion and 1/rank: {figures.interval_text(correlation)}, "
        f"n = {counted(correlation.n, 'word')}; {draw.safe(_kinds(current.pos))}, {draw.safe(current.pair)}, "
        f"{draw.safe(rankers.label(current.method))}. Below 0: words whose pictures differ more are found less."
    )


def _kinds(letters: str) -> str:
    """``"nouns, verbs"``."""
    return ", ".join(f"{POS[letter]}s" for letter in letters)


def of_icons(spread: pd.DataFrame, letters: str) -> str:
    """What has to be said where the pictures are emoji, of the parts of speech that are shown."""
    text = (
        "Drawn icons vary less than photographs, and a word's pictures here are a few emoji by several artists. So "
        "dispersion is lower than in the paper"
    )
    alike = _kinds("".join(overview.as_dispersed(spread, letters))).replace(", ", " and ")
    more = f", and nouns have no less of it than {alike}" if alike else ""
    return f"{text}{more}; don't read the difference to the paper's column as a failed replication."


def main() -> None:
    """Draw the page."""
    current = view.current()
    st.title("Dispersion")
    if not draw.ready(current, "measure"):
        return
    st.markdown(
        "Dispersion is the mean of 1 − cosine over all pairs of a word's pictures: 0 if they are all alike. "
        "In the paper the pictures of verbs and adjectives differ more among themselves than those of nouns.",
        help=glossary.of(current, "dispersion"),
    )
    spread = load.dispersions(current.dataset, current.backbone, current.pair)
    if spread is None:
        draw.unprepared(current, "Dispersions are not shown")
        return
    pair = load.pair_of(current.dataset, current.backbone, current.pair)
    for column, language in zip(st.columns(2), pair.languages, strict=True):
        with column:
            take.chart(
                dispersion_figures.ridges(spread, language, current.pos),
                name=f"dispersion-{current.pair}-{language}",
                key=f"histogram-{language}",
                alt=f"Shares of {_kinds(current.pos)} by dispersion, {language}",
            )
            means(spread, language, current.pos)
    if any("emoji" in str(dataset_value).lower() for dataset_value in load.opened(current.dataset).info.values()):
        st.caption(of_icons(spread[spread["language"] == pair.languages[0]], current.pos))
    extremes(current, spread, pair.languages[0])
    against(current, spread)


frame.draw(main)
