"""How much the pictures of a word differ among themselves, and whether that decides its fate."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cldi_core.data.dataset import CLASSES, POS
from cldi_core.evaluation import paper
from cldi_core.insight import overview
from pages._ui import draw, figures, frame, load, take, view


def means(spread: pd.DataFrame, language: str) -> None:
    """Mean dispersion, and for English the senses, by part of speech beside the paper's."""
    rows = spread[spread["language"] == language]
    measures = {"dispersion": ("dispersion", paper.DISPERSION)}
    if rows["senses"].notna().any():
        measures["senses"] = ("WordNet senses", paper.SENSES)
    for column, (label, published) in measures.items():
        found = overview.means_by_pos(rows, column)
        table = {
            "part of speech": [POS[letter] for letter in CLASSES],
            label: [figures.interval_text(interval) for _, interval in found],
            "in the paper": [f"{published[letter]:.2f}" for letter, _ in found],
            "n": [interval.n for _, interval in found],
        }
        take.table(
            pd.DataFrame(table),
            name=f"{column}-{language}",
            hide_index=True,
            alt=f"Mean {label} by part of speech, {language}",
        )


def extremes(current: view.View, spread: pd.DataFrame, language: str) -> None:
    """The words of lowest and highest dispersion with their pictures, as in the paper's Table 3."""
    st.subheader("The lowest and the highest")
    members = load.opened(current.dataset).members(language)
    columns = st.columns(3)
    for column, letter in zip(columns, CLASSES, strict=True):
        low, high = overview.extremes(spread[spread["language"] == language], letter)
        with column:
            st.markdown(f"**{POS[letter].capitalize()}s**")
            published = paper.TABLE_3[letter]
            for title, rows, known in (("lowest", low, published[0]), ("highest", high, published[1])):
                st.caption(f"{title}; in the paper, English: " + ", ".join(f"{word} {v:.2f}" for word, v in known))
                for word, value in zip(rows["word"], rows["dispersion"], strict=True):
                    st.markdown(f"{draw.safe(word)} · {value:.2f}")
                    draw.row(current.dataset, members[word][:6], word, width=46)


def against(current: view.View, spread: pd.DataFrame) -> None:
    """Dispersion of the source word against its reciprocal rank."""
    st.subheader("Does dispersion decide?")
    rankings = load.rankings(current.dataset, current.backbone, current.pair, current.method)
    if rankings is None:
        draw.unranked(current, "Ranks are not shown", (current.method, current.backbone))
        return
    table = overview.with_dispersion(rankings, spread, current.pos)
    if not len(table):
        st.info("No word of these parts of speech has a rank and a dispersion.")
        return
    event = take.chart(
        figures.against_rank(table),
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
        f"n = {correlation.n} words. "
        "Below 0: words whose pictures differ more are found less."
    )


def main() -> None:
    """Draw the page."""
    current = view.current()
    st.title("Dispersion")
    if not draw.ready(current, "measure"):
        return
    st.markdown(
        "Dispersion is the mean of 1 − cosine over all pairs of a word's pictures: 0 if they are all alike. "
        "In the paper the pictures of verbs and adjectives differ more among themselves than those of nouns."
    )
    spread = load.dispersions(current.dataset, current.backbone, current.pair)
    pair = load.pair_of(current.dataset, current.backbone, current.pair)
    for column, language in zip(st.columns(2), pair.languages, strict=True):
        with column:
            take.chart(
                figures.histogram(spread, language),
                name=f"dispersion-{current.pair}-{language}",
                key=f"histogram-{language}",
                alt=f"Histogram of dispersion, {language}",
            )
            means(spread, language)
    if any("emoji" in str(dataset_value).lower() for dataset_value in load.opened(current.dataset).info.values()):
        st.caption(
            "Drawn icons vary less than photographs, and a word's pictures here are a few emoji by several artists. So "
            "dispersion is lower than in the paper, and nouns have no less of it than verbs and adjectives; don't read "
            "the difference between the two columns as a failed replication."
        )
    extremes(current, spread, pair.languages[0])
    against(current, spread)


frame.draw(main)
