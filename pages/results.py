"""Table 2 for this data set: all methods and controls, with intervals and n, as a CSV too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from cldi_core.data.dataset import POS, SETTINGS
from cldi_core.evaluation import controls, paper, tables
from cldi_core.features import backbones
from cldi_core.scoring import methods
from cldi_core.scoring.methods import METHODS
from pages._ui import draw, figures, frame, load, view

NAMES = {"_index": st.column_config.TextColumn(width=190)}  # room for the longest name of a method
FIGURES = {"mrr": "MRR", "p@1": "P@1", "p@10": "P@10"}


def label(name: str) -> str:
    """What people see of a method or control."""
    return controls.CONTROLS[name].label if name in controls.CONTROLS else methods.label(name)


def table(records: list[dict[str, Any]], figure: str) -> pd.DataFrame:
    """One figure: methods down, settings across, each with its interval."""
    rows: dict[str, dict[str, str]] = {}
    counts: dict[str, int] = {}
    for record in records:
        cell = figures.interval_text(tables.interval_of(record, figure))
        ranks_all = record["method"] not in METHODS or METHODS[record["method"]].ranks_all
        n = counts.setdefault(record["setting"], record["n"])
        if record["n"] != n:  # spelling needs no pictures, so it covers more words
            cell += f", n = {record['n']}"
        column = f"{record['setting']} (n = {n})"
        rows.setdefault(label(record["method"]), {})[column] = cell if ranks_all or figure == "p@1" else "–"
    return pd.DataFrame(rows).T


def main() -> None:
    """Draw the page."""
    current = view.current()
    st.title("Results")
    if not draw.ready(current, "show"):
        return
    dataset = load.opened(current.dataset)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        figure = st.segmented_control("Figure", list(FIGURES), default="mrr", format_func=FIGURES.get, required=True)
        scope = st.segmented_control(
            "Pairs", ["this pair", "average"], default="this pair", required=True, disabled=len(dataset.pairs) < 2
        )
        same = st.toggle("Keep words spelled alike in both languages", value=True)
    pairs = dataset.pairs if scope == "average" else (current.pair,)
    learned = load.learned(current.dataset, current.backbone, current.pair) if scope == "this pair" else []
    ways = (*METHODS, *learned, *controls.CONTROLS)
    records = load.table(current.dataset, current.backbone, pairs, same_spelled=same, ways=ways)
    if not records:
        draw.unscored(current.dataset, current.backbone, records)
        return
    group = tables.AVERAGE if len(pairs) > 1 else current.pair
    shown = [record for record in records if record["pair"] == group]
    st.dataframe(
        table(shown, figure),
        height="content",
        column_config=NAMES,
        alt=f"{FIGURES[figure]} by method and part of speech",
    )
    draw.unscored(current.dataset, current.backbone, records, (*METHODS, *learned))
    chances = [load.chance(current.dataset, current.backbone, pair) for pair in pairs]
    st.caption(
        f"{draw.safe(dataset.title)} · {group} · {backbones.label(current.backbone)} · "
        f"95 % bootstrap intervals over source words · chance MRR {sum(chances) / len(chances):.3f} · "
        f"KNN and KNN-C name one answer only, so they have P@1 alone · scores: {precision(shown)}."
    )
    csv = pd.DataFrame(records).to_csv(index=False).encode()
    st.download_button("CSV", csv, f"results-{current.dataset}-{group}.csv", "text/csv", icon=":material/download:")
    if learned:
        unseen_words(current, learned, figure, same)
    beyond(current, pairs, same, (*METHODS, *learned))
    reading(shown, current, pairs, same)
    st.subheader("The paper's Table 2")
    place = list(FIGURES).index(figure)
    rows = {METHODS[name].label: {s: row[s][place] for s in SETTINGS} for name, row in paper.TABLE_2.items()}
    published = pd.DataFrame(rows).T.map(lambda value: "–" if pd.isna(value) else f"{value:.2f}")
    st.dataframe(published, alt="Table 2 of the paper")
    st.caption(
        "Hartmann & Søgaard (2018), averaged over de, es, fr, it and ru; web images, VGG19. Other words and "
        "pictures than here: compare the pattern, not the digits."
    )
    st.subheader("Methods")
    for method in (*METHODS.values(), *(methods.LEARNED[name] for name in learned)):
        st.markdown(f"**{method.label}** — {draw.safe(method.about)}")
        st.code(method.formula, language=None, wrap_lines=True)
        st.caption(draw.safe(method.source))


def precision(records: Sequence[dict[str, Any]]) -> str:
    """``"exact"``, or both ways of computing where some are fast."""
    return ", ".join(sorted({record["precision"] for record in records} - {""})) or "unknown"


def unseen_words(current: view.View, learned: Sequence[str], figure: str, same: bool) -> None:
    """The same figures on the words alone that the learned methods saw nothing of in training."""
    ways = (*METHODS, *learned, *controls.CONTROLS)
    records = load.table(current.dataset, current.backbone, (current.pair,), same_spelled=same, ways=ways, unseen=True)
    records = [record for record in records if record["n"]]
    st.subheader("Words that the learned methods never saw")
    if not records:
        st.info("There is none: every word, or one of its right answers, stands for something that training saw.")
        return
    st.dataframe(
        table(records, figure),
        height="content",
        column_config=NAMES,
        alt=f"{FIGURES[figure]} on words that the learned methods never saw",
    )
    st.caption(
        "All methods on the same words: of what the word and its right answers stand for, training saw no picture and "
        "no description. The table above is of all words, these among them; the two are not to be mixed."
    )


def beyond(current: view.View, pairs: Sequence[str], same: bool, ways: Sequence[str]) -> None:
    """By how much each method's MRR is above AVGMAX's."""
    records = load.against(current.dataset, current.backbone, pairs, same_spelled=same, ways=ways)
    if not records:
        return
    st.subheader("Which methods beat AVGMAX")
    rows: dict[str, dict[str, str]] = {}
    for record in records:
        if methods.find(record["method"]).ranks_all:
            column = f"{record['setting']} (n = {record['n']})"
            rows.setdefault(label(record["method"]), {})[column] = figures.gain_text(tables.interval_of(record, "mrr"))
    st.dataframe(pd.DataFrame(rows).T, height="content", column_config=NAMES, alt="MRR above that of AVGMAX")
    st.caption(
        "MRR less that of AVGMAX on the same words, with 95 % intervals; ▲ and ▼ mark those that exclude 0. Many "
        "comparisons are made here: one or two such marks are to be expected by chance."
    )


def reading(shown: list[dict[str, Any]], current: view.View, pairs: Sequence[str], same: bool) -> None:
    """How far nouns are above the others, with and without looking at pictures."""
    present = {record["method"] for record in shown}
    known = [name for name in controls.CONTROLS if name in present]
    # A learned method is there only for the pairs that it was trained on.
    own = [current.method] if current.method in present or current.method not in methods.LEARNED else []
    st.subheader("How far nouns are above the others")
    gaps = {
        label(name): {
            f"nouns above {POS[letter]}s (MRR)": figures.interval_text(
                load.noun_gap(current.dataset, current.backbone, pairs, name, letter, same_spelled=same)
            )
            for letter in ("V", "A")
        }
        for name in (*own, *known)
    }
    st.dataframe(pd.DataFrame(gaps).T, alt="How far nouns are above verbs and adjectives")
    for name in known:
        st.caption(f"**{controls.CONTROLS[name].label}** (control): {draw.safe(controls.CONTROLS[name].about)}")
    if known:
        st.caption(
            "A gap that a control shows too, without looking at a picture, says nothing about what can be seen: it "
            "comes with the words and with how their pictures were chosen."
        )


frame.draw(main)
