"""The tables of the Results page: figures of methods and controls as text, each with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from cldi_core import rankers
from cldi_core.data.dataset import POS, SETTINGS
from cldi_core.evaluation import paper, tables
from cldi_core.evaluation.metrics import Interval
from cldi_core.scoring.methods import METHODS

from . import figures

FIGURES = {"mrr": "MRR", "p@1": "P@1", "p@10": "P@10"}
NAMES = {"_index": st.column_config.TextColumn(width=190)}  # room for the longest name of a method


def draw(table: pd.DataFrame, alt: str) -> None:
    """A table in its full height."""
    st.dataframe(table, height="content", column_config=NAMES, alt=alt)


def figure(records: Sequence[Mapping[str, Any]], name: str) -> pd.DataFrame:
    """One figure: methods down, settings across; n is the number of English words.

    Args:
        records: of ``tables.table``; name: one of ``FIGURES``.
    """
    rows: dict[str, dict[str, str]] = {}
    counts: dict[str, int] = {}
    for record in records:
        found = tables.interval_of(record, name)
        cell = figures.interval_text(found)
        method = rankers.ranker(record["method"])
        n = counts.setdefault(record["setting"], found.n)
        if found.n != n:  # spelling needs no pictures, so it covers more words
            cell += f", n = {found.n}"
        column = f"{record['setting']} (n = {n})"
        rows.setdefault(method.label, {})[column] = cell if method.ranks_all or name == "p@1" else "–"
    return pd.DataFrame(rows).T


def gains(records: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """By how much each method's MRR is above another's; n is the number of English words.

    Args:
        records: of ``tables.against``.
    """
    rows: dict[str, dict[str, str]] = {}
    for record in records:
        method = rankers.ranker(record["method"])
        if method.ranks_all:
            found = tables.interval_of(record, "mrr")
            column = f"{record['setting']} (n = {found.n})"
            rows.setdefault(method.label, {})[column] = figures.gain_text(found)
    return pd.DataFrame(rows).T


def gaps(found: Mapping[str, Mapping[str, Interval]]) -> pd.DataFrame:
    """How far nouns are above other parts of speech: method → part of speech → how far."""
    return pd.DataFrame(
        {
            rankers.label(name): {
                f"nouns above {POS[letter]}s (MRR)": figures.interval_text(gap) for letter, gap in own.items()
            }
            for name, own in found.items()
        }
    ).T


def published(name: str) -> pd.DataFrame:
    """One figure of the paper's Table 2."""
    place = list(FIGURES).index(name)
    rows = {METHODS[way].label: {s: row[s][place] for s in SETTINGS} for way, row in paper.TABLE_2.items()}
    return pd.DataFrame(rows).T.map(lambda value: "–" if pd.isna(value) else f"{value:.2f}")
