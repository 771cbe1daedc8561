"""Table 2 for this data set: all methods and controls, with intervals and n; and a table of all words; as CSVs too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from cldi_core import rankers
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
ONE, AVERAGE = "this", "average"  # of the URL
PAIRS = {ONE: "this pair", AVERAGE: "average"}
OUT = "out"


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
    pairs, figure, same = choices(current)
    ways = load.ways(current.dataset, current.backbone, pairs)
    records = load.table(current.dataset, current.backbone, pairs, same_spelled=same, ways=ways)
    if not records:
        draw.unscored(current.dataset, current.backbone, records, pairs=pairs)
        return
    methods = [way for way in ways if rankers.ranker(way).kind != rankers.CONTROL]
    settings = tables.settings_of(current.pos, load.choices(current.dataset)["pos"])
    shown, cleaned = shown_of(records, pairs, settings), result_clean.records(current, pairs, ways, same)
    summary(current, pairs, shown, figure, methods)
    download(current, pairs, records, cleaned, same)
    result_clean.beside(current, pairs, shown, shown_of(cleaned, pairs, settings), figure)
    judge_tables.beside(current, pairs, methods, (figure,), same_spelled=same, settings=settings)
    if any(map(rankers.is_trained, ways)) and len(pairs) == 1:
        unseen_words(current, ways, figure, same, settings)
    result_sections.beyond(current, pairs, same, methods, settings)
    result_sections.directions(current, pairs, figure, same, settings)
    reading(records, current, pairs, same)
    published(figure, settings)
    formulas(methods)


def choices(current: view.View) -> tuple[tuple[str, ...], str, bool]:
    """What the reader chose, all of it in the URL: the pairs, the figure, and whether words spelled alike are kept."""
    alike, figure = load.opened(current.dataset).alike(current.pair), view.one_of("figure", list(FIGURES))
    several = len(alike) > 1
    over, same = view.one_of("pairs", list(PAIRS) if several else [ONE]), view.asked("alike") != OUT
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(
            "Figure", list(FIGURES), format_func=FIGURES.__getitem__, required=True, **view.widget("figure", figure)
        )
        st.segmented_control(
            "Pairs", list(PAIRS), format_func=PAIRS.__getitem__, required=True, disabled=not several,
            **view.widget("pairs", over),
        )  # fmt: skip
        st.toggle(
            "Keep words spelled alike in both languages",
            **view.widget("alike", same, write=lambda on: "" if on else OUT),
        )
        result_clean.switch()
    return tuple(alike) if over == AVERAGE else (current.pair,), figure, same


def shown_of(records: Sequence[dict[str, Any]], pairs: Sequence[str], settings: Sequence[str]) -> list[dict[str, Any]]:
    """The records of the one pair, or of the average, in some settings."""
    group = tables.group_of(pairs)
    return result_sections.of_settings([record for record in records if record["pair"] == group], settings)


def summary(
    current: view.View, pairs: Sequence[str], shown: list[dict[str, Any]], figure: str, methods: Sequence[str]
) -> None:
    """All methods and controls in one figure.

    Args:
        shown: records of the one pair or of the average, in the settings that are shown.
    """
    group = tables.group_of(pairs)
    alt = f"{FIGURES[figure]} by method and part of speech"
    result_tables.draw(result_tables.figure(shown, figure), alt, f"results-{group}-{figure}")
    draw.unscored(current.dataset, current.backbone, shown, methods, pairs)
    st.caption(
        f"{draw.safe(f'{load.opened(current.dataset).title} · {group} · {backbones.label(current.backbone)}')} · "
        "95 % intervals over n words, each with all its queries: “n too small” below 20, “no spread” where all "
        "have the same figure · "
        f"chance MRR {load.chance(current.dataset, current.backbone, pairs):.3f} · "
        "KNN and KNN-C name one answer only, so they have P@1 alone · columns: the parts of speech of the sidebar, and "
        "ALL where each of them is chosen",
        help=glossary.of(current, "mrr", "p", "interval", "coverage"),
    )
    result_sections.of_all_words(shown, figure)
    errors = load.errors(current.dataset, current.backbone, pairs, methods)
    if errors:
        st.caption(draw.safe(words.settled({rankers.label(way): error for way, error in errors.items()})))


def download(
    current: view.View,
    pairs: Sequence[str],
    records: list[dict[str, Any]],
    cleaned: list[dict[str, Any]],
    same: bool,
) -> None:
    """All figures of all parts of speech as a CSV, of clean words too where these are shown."""
    kinds, dataset = {"all": records, **({"clean": cleaned} if cleaned else {})}, load.opened(current.dataset).name
    csv = result_tables.csv(kinds, dataset, current.backbone, pairs, same_spelled=same)
    name = result_tables.csv_name(dataset, current.backbone, pairs, same_spelled=same, clean=bool(cleaned))
    st.download_button("All figures as CSV", csv, name, "text/csv", icon=":material/download:")


def unseen_words(current: view.View, ways: Sequence[str], figure: str, same: bool, settings: Sequence[str]) -> None:
    """The same figures on the words alone that the learned methods saw nothing of in training."""
    records = load.table(
        current.dataset, current.backbone, (current.pair,), same_spelled=same, ways=ways, unseen_alone=True
    )
    records = result_sections.of_settings([record for record in records if record["n"]], settings)
    st.header("Words that the learned methods never saw")
    if not records:
        st.info("There is none here: each word, or one of its right answers, stands for something that training saw.")
        return
    alt = f"{FIGURES[figure]} on words that the learned methods never saw"
    result_tables.draw(result_tables.figure(records, figure), alt, "results-never-seen")
    result_sections.of_all_words(records, figure)
    st.caption(
        "All methods on the same words: of what the word and its right answers stand for, training saw no picture and "
        "no description. The table above is of all words, these among them; the two are not to be mixed."
    )


def reading(records: list[dict[str, Any]], current: view.View, pairs: Sequence[str], same: bool) -> None:
    """How far nouns are above the other chosen parts of speech, with and without looking at pictures."""
    others = [letter for letter in ("V", "A") if letter in current.pos]
    if not others:
        return
    present = {record["method"] for record in records}
    known = [one for one in rankers.RANKERS.values() if one.kind == rankers.CONTROL and one.name in present]
    own = [current.method] if current.method in present or _is_scored(current, pairs) else []
    st.header("How far nouns are above the others")
    gaps = {
        name: {
            letter: load.noun_gap(current.dataset, current.backbone, pairs, name, letter, same_spelled=same)
            for letter in others
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


def published(figure: str, settings: Sequence[str]) -> None:
    """The same figure in the paper."""
    st.header("The paper's Table 2")
    take.table(result_tables.published(figure)[list(settings)], name="results-paper", alt="Table 2 of the paper")
    st.caption(
        "Hartmann & Søgaard (2018), from English, averaged over de, es, fr, it and ru; web images, VGG19. Other words "
        "and pictures than here: compare the pattern, not the digits."
    )


def formulas(methods: Sequence[str]) -> None:
    """What each method does."""
    with st.expander("**How each method scores: formulas and sources**"):
        for method in map(rankers.ranker, methods):
            st.markdown(f"**{method.label}** — {draw.safe(method.about)}")
            st.code(method.formula, language=None, wrap_lines=True)
            st.caption(draw.safe(method.source))


frame.draw(main)
