"""Parts of the Results page below its table: words without pictures, gains over AVGMAX, and the other direction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from cldi_core import rankers
from cldi_core.data.counting import counted
from cldi_core.evaluation import tables
from cldi_core.features import backbones

from . import draw, load, result_tables, view


def of_settings(records: Sequence[dict[str, Any]], settings: Sequence[str]) -> list[dict[str, Any]]:
    """The records of some settings."""
    return [record for record in records if record["setting"] in settings]


def of_all_words(records: Sequence[Mapping[str, Any]], figure: str) -> None:
    """The same figures with words that lack pictures counted as 0; one line where none does."""
    lacking = [record for record in records if rankers.ranker(record["method"]).kind != rankers.CONTROL]
    if all(record["n"] == record["asked"] for record in lacking):
        st.caption(
            f"Coverage is 1: no query of {max((record['asked'] for record in records), default=0)} lacks pictures on "
            "either side, so that counting missing ones as 0 would change nothing."
        )
        return
    st.markdown("**With words that lack pictures counted as 0**")
    name = result_tables.FIGURES[figure]
    result_tables.draw(
        result_tables.of_all(records, figure), f"{name} with words that lack pictures counted as 0", "results-all-words"
    )
    st.caption(
        "The table above is of the words whose own pictures and those of a right answer are there: their share of all "
        "queries is the coverage, the percentage here. Here the others count too, as not found; n is of all words."
    )


def beyond(
    current: view.View, pairs: Sequence[str], same: bool, methods: Sequence[str], settings: Sequence[str]
) -> None:
    """By how much each method's MRR is above AVGMAX's, in some settings."""
    records = load.against(current.dataset, current.backbone, pairs, same_spelled=same, ways=methods)
    if not records:
        return
    st.header("Which methods beat AVGMAX")
    drawn = result_tables.gains(of_settings(records, settings))
    result_tables.draw(drawn, "Difference to AVGMAX (MRR)", "results-beyond-avgmax")
    compared = counted(tables.family(records), "comparison")
    st.caption(
        "Difference to AVGMAX (MRR) on the same words, with 95 % intervals over n words, and p by flipping the signs "
        f"of whole words, after Holm's correction for {compared}: all methods in all columns, shown or not. ▲ and ▼ "
        "mark those alone whose p is below .05 then, and whose interval excludes 0."
    )


def directions(current: view.View, pairs: Sequence[str], figure: str, same: bool, settings: Sequence[str]) -> None:
    """The chosen method asked both ways, on the same word lists, in some settings."""
    dataset = load.opened(current.dataset)
    back = dataset.back(current.pair)
    if not back or (figure != "p@1" and not rankers.ranker(current.method).ranks_all):
        return
    other = dataset.alike(back) if len(pairs) > 1 else (back,)
    found: dict[str, list[dict[str, Any]]] = {}
    for way in (tuple(pairs), other):
        group = tables.group_of(way)
        records = load.table(
            current.dataset, current.backbone, way, same_spelled=same, ways=(current.method,), group=group
        )
        if records:
            found[result_tables.direction(way)] = of_settings(records, settings)
    st.header("Both directions")
    if found:
        alt = f"{result_tables.FIGURES[figure]} of the method in both directions"
        result_tables.draw(result_tables.by_direction(found, figure), alt, "results-directions")
        st.caption(
            f"{draw.safe(f'{rankers.label(current.method)} · {backbones.label(current.backbone)}')} · the same word "
            "lists and pictures, asked from either side: the words, their right answers and the number of candidates "
            "change with the direction. n: the words that are asked; in an average into English the English words that "
            "they stand for, as the pictures of one are behind right answers of several languages."
        )
    if result_tables.direction(other) not in found and not rankers.is_trained(current.method):
        options = [part for pair in other for part in ("--pair", pair)]
        command = load.command(
            current.dataset, "score", *options, "--backbone", current.backbone, "--method", current.method
        )
        draw.empty(f"{rankers.label(current.method)} has not been scored yet for {', '.join(other)}.", command)
