"""What this is, what was found, what the data are, and words to begin with."""

from __future__ import annotations

import time

import pandas as pd
import streamlit as st

from cldi_core import rankers
from cldi_core.data.dataset import SETTINGS
from cldi_core.evaluation import paper, tables
from cldi_core.features import backbones
from cldi_core.scoring.methods import METHODS
from pages._ui import (
    ahead,
    cause_bars,
    data_load,
    draw,
    evidence_load,
    figures,
    frame,
    glossary,
    judge_tables,
    load,
    result_tables,
    story_cards,
    take,
    tour,
    view,
    words,
)

INTRODUCTION = (
    "Can a computer learn that English *cow* is German *Kuh* by looking at the pictures that stand for each word? "
    "Each word is a set of pictures; to translate it, all words of the other language are ranked by how alike their "
    "pictures are. Hartmann & Søgaard (2018) found that this often works for nouns and hardly for verbs and "
    "adjectives: here you can see why."
)

SEEN, SHOWING = "pictures seen", 0.4  # seconds in which a browser shows pictures that it has


def paper_table() -> pd.DataFrame:
    """The paper's Table 2 (MRR) with readable labels."""
    return pd.DataFrame(
        {
            METHODS[name].label: {setting: row[setting][0] for setting in SETTINGS}
            for name, row in paper.TABLE_2.items()
            if row["ALL"][0] is not None
        }
    ).T


def stories(current: view.View) -> None:
    """Words to begin with, and what kept words from being found."""
    st.header("Begin with a word")
    here = (current.dataset, current.backbone, current.pair, current.method)
    told, rows = evidence_load.stories(*here), evidence_load.all_words(*here)
    if told is None or rows is None:
        evidence_load.missing(current, "No word can be proposed")
        return
    if told:
        story_cards.draw(current.dataset, told)
        st.caption(
            f"{draw.safe(f'{current.pair} · {rankers.label(current.method)} · {backbones.label(current.backbone)}')} · "
            "below each picture of a word stands the nearest one of either answer. Chosen by a rule: the clearest "
            "cases of each part of speech that have no word and nothing depicted in common.",
            help=glossary.of(current, "candidate", "gold"),
        )
        seen_first()
    else:
        st.info("No word of this pair is a clear example: all are few, or found early.")
    cause_bars.draw(current, rows)


def seen_first() -> None:
    """Let the browser of a new visitor show the pictures before a chart comes: it draws nothing while it reads its
    chart library for that, which takes it a second."""
    if st.context.url and SEEN not in st.session_state:  # there is no address where no browser looks
        st.session_state[SEEN] = True
        time.sleep(SHOWING)


def finding(current: view.View) -> None:
    """The figures of all methods that have been scored, averaged over the pairs."""
    dataset = load.opened(current.dataset)
    pairs, records = ahead.found(current)
    group = tables.group_of(pairs)
    if records:
        take.chart(
            figures.finding(records, group),
            name=f"finding-{dataset.name}-{group}",
            key="finding",
            alt="MRR of nouns, verbs and adjectives under the paper's methods",
        )
        over = f"averaged over {len(pairs)} pairs" if len(pairs) > 1 else pairs[0]
        st.caption(
            f"{draw.safe(f'{dataset.title}, {backbones.label(current.backbone)}, {over}')}; "
            "every target word is a candidate, whatever its part of speech. "
            f"{draw.safe(result_tables.zeros(records[0]))} More methods are on the Results page.",
            help=glossary.of(current, "mrr", "interval"),
        )
    draw.unscored(current.dataset, current.backbone, records, paper.TABLE_2, pairs)


def main() -> None:
    """Draw the page."""
    current = view.current()
    st.title("CLDI Explorer")
    st.markdown(INTRODUCTION)
    dataset = load.opened(current.dataset)
    if not draw.ready(current, "show"):
        return
    tour.offer()
    stories(current)
    left, right = st.columns([3, 2], gap="large")
    with left:
        finding(current)
        judge_tables.beside(current, dataset.alike(current.pair), tuple(paper.TABLE_2), ("mrr",))
    with right:
        st.markdown("**In the paper** (MRR, average of five pairs)", help=glossary.of(current, "mrr"))
        take.table(
            paper_table().style.format("{:.2f}"), name="paper-table-2", alt="Table 2 of Hartmann and Søgaard 2018"
        )
        st.caption(
            "Hartmann & Søgaard (2018), Table 2: photographs from a web image search, VGG19, up to 1,771 words. "
            "The numbers are not comparable one by one: other words, other pictures, fewer candidates here."
        )
        st.markdown("**This data set**")
        if about := str(dataset.info.get("about", "")):
            st.caption(draw.safe(about))
        facts = words.facts(data_load.counts(current.dataset))
        take.table(
            pd.DataFrame({"": list(facts), "what": list(facts.values())}),
            name=f"facts-{dataset.name}",
            hide_index=True,
            alt="Facts of the data set",
            column_config={"what": st.column_config.TextColumn(width="large")},
        )
        st.page_link("pages/data.py", label="Who drew the pictures, and their licences", query_params=current.params())


frame.draw(main)
