"""Table 2 for this data set: all methods and controls, with intervals and n; and a table of all words; as CSVs too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from cldi_core import rankers
from cldi_core.data.csv_safe import as_csv
from cldi_core.evaluation import tables
from cldi_core.features import backbones
from pages._ui import (
    draw,
    frame,
    glossary,
    judge_tables,
    load,
    result_clean,
    result_sections,
    result_tables,
    take,
    view,
    word_table,
    words,
)
from pages._ui.result_tables import FIGURES

PARTS = {"methods": "Methods", "words": "All words"}


def main() -> None:
    """Draw the page."""
    current = view.current()
    st.title("Results")
    if not draw.ready(current, "show"):
        return
    part = view.one_of("part", list(PARTS))
    st.segmented_control(
        "Results of",
        list(PARTS),
        format_func=PARTS.__getitem__,
        required=True,
        label_visibility="collapsed",
        **view.widget("part", part),
    )
    if part == "words":
        judge_tables.beside(current)
        word_table.draw(current)
    else:
        methods_part(current)


def methods_part(current: view.View) -> None:
    """The figures of all methods."""
    dataset = load.opened(current.dataset)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        figure = str(
            st.segmented_control("Figure", list(FIGURES), default="mrr", format_func=FIGURES.__getitem__, required=True)
        )
        scope = st.segmented_control(
            "Pairs",
            ["this pair", "average"],
            default="this pair",
            required=True,
            disabled=len(dataset.alike(current.pair)) < 2,
        )
        same = st.toggle("Keep words spelled alike in both languages", value=True)
        result_clean.switch()
    pairs = dataset.alike(current.pair) if scope == "average" else (current.pair,)
    ways = load.ways(current.dataset, current.backbone, pairs)
    records = load.table(current.dataset, current.backbone, pairs, same_spelled=same, ways=ways)
    if not records:
        draw.unscored(current.dataset, current.backbone, records, pairs=pairs)
        return
    methods = [way for way in ways if rankers.ranker(way).kind != rankers.CONTROL]
    summary(current, pairs, records, figure, methods)
    result_clean.beside(current, pairs, ways, figure, same)
    judge_tables.beside(current, pairs, methods, (figure,), same_spelled=same)
    if any(map(rankers.is_trained, ways)) and len(pairs) == 1:
        unseen_words(current, ways, figure, same)
    result_sections.beyond(current, pairs, same, methods)
    result_sections.directions(current, pairs, figure, same)
    reading(records, current, pairs, same)
    published(figure)
    formulas(methods)


def summary(
    current: view.View, pairs: Sequence[str], records: list[dict[str, Any]], figure: str, methods: Sequence[str]
) -> None:
    """All methods and controls in one figure, and everything as a CSV."""
    group = tables.AVERAGE if len(pairs) > 1 else current.pair
    shown = [record for record in records if record["pair"] == group]
    alt = f"{FIGURES[figure]} by method and part of speech"
    result_tables.draw(result_tables.figure(shown, figure), alt, f"results-{group}-{figure}")
    draw.unscored(current.dataset, current.backbone, records, methods, pairs)
    st.caption(
        f"{draw.safe(f'{load.opened(current.dataset).title} · {group} · {backbones.label(current.backbone)}')} · "
        "95 % intervals over n words, each with all its queries: “n too small” below 20, “no spread” where all "
        "have the same figure · "
        f"chance MRR {load.chance(current.dataset, current.backbone, pairs):.3f} · "
        f"KNN and KNN-C name one answer only, so they have P@1 alone.",
        help=glossary.of(current, "mrr", "p", "interval", "coverage"),
    )
    result_sections.of_all_words(shown, figure)
    errors = load.errors(current.dataset, current.backbone, pairs, methods)
    if errors:
        st.caption(draw.safe(words.settled({rankers.label(way): error for way, error in errors.items()})))
    csv = as_csv(pd.DataFrame(records))
    name = f"results-{load.opened(current.dataset).name}-{group}.csv"
    st.download_button("All figures as CSV", csv, name, "text/csv", icon=":material/download:")


def unseen_words(current: view.View, ways: Sequence[str], figure: str, same: bool) -> None:
    """The same figures on the words alone that the learned methods saw nothing of in training."""
    records = load.table(
        current.dataset, current.backbone, (current.pair,), same_spelled=same, ways=ways, unseen_alone=True
    )
    records = [record for record in records if record["n"]]
    st.subheader("Words that the learned methods never saw")
    if not records:
        st.info("There is none: every word, or one of its right answers, stands for something that training saw.")
        return
    alt = f"{FIGURES[figure]} on words that the learned methods never saw"
    result_tables.draw(result_tables.figure(records, figure), alt, "results-never-seen")
    result_sections.of_all_words(records, figure)
    st.caption(
        "All methods on the same words: of what the word and its right answers stand for, training saw no picture and "
        "no description. The table above is of all words, these among them; the two are not to be mixed."
    )


def reading(records: list[dict[str, Any]], current: view.View, pairs: Sequence[str], same: bool) -> None:
    """How far nouns are above the others, with and without looking at pictures."""
    present = {record["method"] for record in records}
    known = [one for one in rankers.RANKERS.values() if one.kind == rankers.CONTROL and one.name in present]
    own = [current.method] if current.method in present or _is_scored(current, pairs) else []
    st.subheader("How far nouns are above the others")
    gaps = {
        name: {
            letter: load.noun_gap(current.dataset, current.backbone, pairs, name, letter, same_spelled=same)
            for letter in ("V", "A")
        }
        for name in (*own, *(control.name for control in known))
    }
    if gaps:
        alt = "How far nouns are above verbs and adjectives"
        take.table(result_tables.gaps(gaps), name="results-nouns-above", alt=alt)
    if not own and not rankers.is_trained(current.method):
        draw.unranked(current, "The chosen method is not shown", (current.method, current.backbone))
    for control in known:
        st.caption(f"**{control.label}** (control): {draw.safe(control.about)}")
    if known:
        st.caption(
            "A gap that a control shows too, without looking at a picture, says nothing about what can be seen: it "
            "comes with the words and with how their pictures were chosen."
        )


def _is_scored(current: view.View, pairs: Sequence[str]) -> bool:
    """Whether a composed method has been scored; a learned one is in the tables of the pairs that it was trained on."""
    if rankers.is_trained(current.method):
        return False
    return all(load.rankings(current.dataset, current.backbone, pair, current.method) is not None for pair in pairs)


def published(figure: str) -> None:
    """The same figure in the paper."""
    st.subheader("The paper's Table 2")
    take.table(result_tables.published(figure), name="results-paper", alt="Table 2 of the paper")
    st.caption(
        "Hartmann & Søgaard (2018), from English, averaged over de, es, fr, it and ru; web images, VGG19. Other words "
        "and pictures than here: compare the pattern, not the digits."
    )


def formulas(methods: Sequence[str]) -> None:
    """What each method does."""
    st.subheader("Methods")
    for method in map(rankers.ranker, methods):
        st.markdown(f"**{method.label}** — {draw.safe(method.about)}")
        st.code(method.formula, language=None, wrap_lines=True)
        st.caption(draw.safe(method.source))


frame.draw(main)
