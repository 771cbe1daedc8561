"""The tables of the Results page: figures of methods and controls as text, each with its interval."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from cldi_core import rankers
from cldi_core.data.counting import counted, every, have
from cldi_core.data.csv_safe import as_csv
from cldi_core.data.dataset import POS, SETTINGS
from cldi_core.evaluation import paper, tables
from cldi_core.evaluation.metrics import Interval
from cldi_core.scoring.methods import METHODS

from . import figures, take

FIGURES = {"mrr": "MRR", "p@1": "P@1", "p@10": "P@10"}
NAME, LETTER = 190, 7  # pixels: of the column of methods, and of a letter where something longer stands there
NAMES = {"_index": st.column_config.TextColumn(width=NAME)}


def draw(table: pd.DataFrame, alt: str, name: str) -> None:
    """A table in its full height; ``name`` is that of a download."""
    width = max(NAME, LETTER * max((len(str(label)) for label in table.index), default=0))
    names = {"_index": st.column_config.TextColumn(width=width)}
    take.table(table, name=name, alt=alt, height="content", column_config=names)


def csv(
    kinds: Mapping[str, Sequence[Mapping[str, Any]]],
    dataset: str,
    backbone: str,
    pairs: Sequence[str],
    *,
    same_spelled: bool,
) -> bytes:
    """All figures as CSV, each row with everything that it is of.

    Args:
        kinds: ``"all"``, ``"clean"`` → records of ``tables.table``; pairs: what an average is over.
    """
    about = {"dataset": dataset, "backbone": backbone, "spelled_alike": "kept" if same_spelled else "left out"}
    rows = [
        {**about, "words": kind, "pairs": " ".join(pairs) if record["pair"] == tables.AVERAGE else record["pair"]}
        | dict(record)
        for kind, records in kinds.items()
        for record in records
    ]
    return as_csv(pd.DataFrame(rows))


def csv_name(dataset: str, backbone: str, pairs: Sequence[str], *, same_spelled: bool, clean: bool) -> str:
    """What the CSV is called: ``"results-demo-en-de-efficientnet-lite0-without-alike-and-clean.csv"``."""
    over = pairs[0] if len(pairs) == 1 else f"average-of-{len(pairs)}"
    parts = ["results", dataset, over, backbone, *([] if same_spelled else ["without-alike"])]
    return take.file_name("-".join(map(take.file_name, [*parts, *(["and-clean"] if clean else [])])), ".csv")


def of_all(records: Sequence[Mapping[str, Any]], name: str) -> pd.DataFrame:
    """One figure over all words, those without pictures counted as 0, and coverage: methods down, settings across."""
    rows: dict[str, dict[str, str]] = {}
    for record in records:
        found, method = tables.interval_of(record, f"{name}{tables.ALL}"), rankers.ranker(record["method"])
        column = f"{record['setting']} (n = {found.n})"
        cell = f"{figures.interval_text(found)} · {record['coverage']:.0%}"
        rows.setdefault(method.label, {})[column] = cell if method.ranks_all or name == "p@1" else "–"
    return pd.DataFrame(rows).T


def direction(pairs: Sequence[str]) -> str:
    """``"de→en"``, ``"average of 2: de→en, fr→en"``."""
    named = ", ".join(pair.replace("-", "→") for pair in pairs)
    return named if len(pairs) == 1 else f"average of {len(pairs)}: {named}"


def by_direction(found: Mapping[str, Sequence[Mapping[str, Any]]], name: str) -> pd.DataFrame:
    """One figure of one method: directions down, settings across, each with its n."""
    rows: dict[str, dict[str, str]] = {}
    for way, records in found.items():
        for record in records:
            known = tables.interval_of(record, name)
            rows.setdefault(way, {})[record["setting"]] = f"{figures.interval_text(known)}, n = {known.n}"
    return pd.DataFrame(rows).T


def zeros(record: Mapping[str, Any]) -> str:
    """A sentence: how many queries are covered, and what the MRR is if the others count as 0.

    Args:
        record: of ``tables.table``.
    """
    if record["n"] == record["asked"]:
        return f"{every(record['asked'], 'query')} pictures on both sides."
    known = figures.interval_text(tables.interval_of(record, f"mrr{tables.ALL}"))
    return (
        f"{record['n']} of {counted(record['asked'], 'query')} {have(record['n'])} pictures on both sides "
        f"(coverage {record['coverage']:.2f}); "
        f"with the others counted as 0, {rankers.label(record['method'])} has MRR {known} in place of "
        f"{record['mrr']:.2f}."
    )


def compared(records: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Contenders set against each other, a row for each two and setting.

    Args:
        records: of ``tables.compared``.
    """
    rows = []
    for record in records:
        found = tables.interval_of(record, "mrr")
        rows.append(
            {
                "of": record["setting"],
                "one": record["one"],
                "other": record["other"],
                "difference to other (MRR)": figures.gain_text(found, tables.survives(record)),
                "p": p_text(record["p"]),
                "p (Holm)": p_text(record["p_holm"]),
                "won / lost / level": " / ".join(str(record[name]) for name in ("won", "lost", "level")),
                "n": record["clusters"],
            }
        )
    return pd.DataFrame(rows)


def p_text(p: float) -> str:
    """``"0.013"``, ``"< 0.001"``; ``"–"`` where nothing was compared."""
    return "–" if math.isnan(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"


def figure(records: Sequence[Mapping[str, Any]], name: str) -> pd.DataFrame:
    """One figure: methods down, settings across; n is the number of words.

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


def beside(kinds: Mapping[str, Sequence[Mapping[str, Any]]], name: str) -> pd.DataFrame:
    """One figure of several choices of words: methods and choices down, settings across, each cell with its n.

    Args:
        kinds: what a choice is called → records of ``tables.table`` of one pair or of the average.
    """
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for kind, records in kinds.items():
        for record in records:
            method, found = rankers.ranker(record["method"]), tables.interval_of(record, name)
            known = method.ranks_all or name == "p@1"
            cell = f"{figures.interval_text(found)}, n = {found.n}" if known else "–"
            rows.setdefault((method.label, kind), {})[record["setting"]] = cell
    order = list(dict.fromkeys(label for label, _ in rows))
    ordered = {(label, kind): rows[label, kind] for label in order for kind in kinds if (label, kind) in rows}
    return pd.DataFrame({f"{label}, {kind} words": row for (label, kind), row in ordered.items()}).T


def gains(records: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """By how much each method's MRR is above another's, marked where that survives; n is the number of words.

    Args:
        records: of ``tables.against``.
    """
    rows: dict[str, dict[str, str]] = {}
    for record in records:
        method = rankers.ranker(record["method"])
        if method.ranks_all:
            found = tables.interval_of(record, "mrr")
            column = f"{record['setting']} (n = {found.n})"
            cell = f"{figures.gain_text(found, tables.survives(record))}, p {p_text(record['p_holm'])}"
            rows.setdefault(method.label, {})[column] = cell
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
