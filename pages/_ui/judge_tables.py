"""Figures with somebody's judgements and, beside them, without: what every page with tables calls once.

Nothing is drawn where the view names nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from cldi_core import rankers
from cldi_core.data.counting import counted
from cldi_core.data.dataset import SETTINGS
from cldi_core.evaluation import judged, tables
from cldi_core.insight import overview

from . import draw, figures, glossary, judge_load, judge_words, load, take, view, words
from .contenders import Contender, label
from .result_tables import FIGURES

WITH, WITHOUT = "with", "without"
ABOUT = (
    "With them, acceptable candidates are further right answers, and right answers that were judged wrong are none "
    "(a word without any is left out). What is not marked “with” is without them. They are one reader's opinion of "
    "words that were chosen because they move the figures, not a sample: the rise is no estimate of anything else."
)


def beside(
    current: view.View,
    pairs: Sequence[str] | None = None,
    ways: Sequence[str] | None = None,
    names: Sequence[str] = ("mrr", "p@1"),
    *,
    same_spelled: bool = True,
    settings: Collection[str] = tuple(SETTINGS),
) -> None:
    """A table of figures with and without the judgements of the view's name, by part of speech.

    Args:
        pairs: the figures are averaged over them; the view's own without it.
        ways: the methods; the view's own without it.
        names: of ``FIGURES``.
        same_spelled: keep the words that are spelled alike in both languages; settings: those that have a column.
    """
    if not current.judge:
        return
    over = tuple(pairs or (current.pair,))
    if not _heading(current, over):
        return
    wanted = tuple(ways or (current.method,))
    here = (current.dataset, current.backbone, over)
    group = tables.group_of(over)
    without = load.table(*here, same_spelled=same_spelled, ways=wanted, group=group)
    with_them = load.table(*here, same_spelled=same_spelled, ways=wanted, group=group, judge=current.judge)
    without = [record for record in without if record["setting"] in settings]
    if without:
        name = f"judgements-{current.judge}-{group}"
        take.table(table(with_them, without, names), name=name, alt="Figures with and without judgements",
                   hide_index=True, height="content")  # fmt: skip
    known = {record["method"] for record in with_them}
    _unknown(current, [way for way in wanted if way not in known])
    if len(over) == 1:
        _changed(current, wanted[0] if len(wanted) == 1 else current.method)


def table(
    with_them: Sequence[Mapping[str, Any]], without: Sequence[Mapping[str, Any]], names: Sequence[str]
) -> pd.DataFrame:
    """Two rows for each method and figure, with judgements and without; a column for each setting with its n.

    Args:
        with_them, without: records of ``tables.table`` of one pair or of the average.
    """
    by = {
        kind: {(record["method"], record["setting"]): record for record in records}
        for kind, records in ((WITH, with_them), (WITHOUT, without))
    }
    rows = []
    clusters = {setting: record["clusters"] for (_, setting), record in reversed(list(by[WITHOUT].items()))}
    counts = {setting: clusters[setting] for setting in SETTINGS if setting in clusters}
    for method in dict.fromkeys(record["method"] for record in without):
        for name in names:
            if name != "p@1" and not rankers.ranker(method).ranks_all:
                continue
            for kind in (WITH, WITHOUT):
                row = {"method": rankers.label(method), "figure": FIGURES[name], "judgements": kind}
                for setting, n in counts.items():
                    row[f"{setting} (n = {n})"] = _cell(by[kind].get((method, setting)), name, n)
                rows.append(row)
    return pd.DataFrame(rows)


def _cell(record: Mapping[str, Any] | None, name: str, n: int) -> str:
    if record is None:
        return "not known"
    found = tables.interval_of(record, name)
    return figures.interval_text(found) + (f", n = {found.n}" if found.n != n else "")


def compared(current: view.View, chosen: Sequence[Contender]) -> None:
    """Figures of the Compare page with and without: of the words that all cover, both with judgements and without."""
    if not current.judge or not _heading(current, (current.pair,)):
        return
    frames, missing = {}, []
    for one in chosen:
        here = (current.dataset, one[1], current.pair, one[0])
        with_them, without = load.rankings(*here, judge=current.judge), load.rankings(*here)
        if with_them is None or without is None:
            missing.append(one)
        else:
            frames |= {f"{label(one)}|{WITH}": with_them, f"{label(one)}|{WITHOUT}": without}
    if frames:
        joined, rows = overview.compare(frames, current.pos), []
        for name in frames if len(joined) else ():
            record = overview.figures(joined, name)
            texts = {FIGURES[one]: figures.interval_text(tables.interval_of(record, one)) for one in FIGURES}
            rows.append({"": name.rpartition("|")[0], "judgements": name.rpartition("|")[2], **texts})
        take.table(pd.DataFrame(rows), name=f"judgements-{current.judge}-compared", hide_index=True,
                   alt="Figures of the methods compared, with and without judgements")  # fmt: skip
        st.caption(
            f"{current.pair} · {words.kinds(current.pos)} · n = {counted(len(joined), 'query')} that all "
            "cover with and without them",
            help=glossary.of(current, "mrr", "p", "interval"),
        )
    if missing:
        draw.unranked(current, "With judgements not all of them are known", *missing)


def _heading(current: view.View, pairs: Sequence[str]) -> bool:
    """Whose judgements these are and how many; whether there is any of these pairs."""
    given = judge_load.judgements(current.dataset, judge=current.judge)
    st.markdown(f"**With and without the judgements of {draw.safe(current.judge)}**")
    st.caption(draw.safe(judge_words.counted(given, pairs)) + f". {ABOUT}", help=glossary.of(current, "gold", "mrr"))
    return any(one.pair in pairs for one in given)


def _unknown(current: view.View, missing: Sequence[str]) -> None:
    """The methods whose figures with judgements are not known, and what makes them known."""
    if missing:
        named = ", ".join(rankers.label(way) for way in missing)
        draw.empty(
            f"Not known with judgements, because the scores of all words that they need are not stored: {named}.",
            load.command(current.dataset, "score", "--backbone", current.backbone),
        )


def _changed(current: view.View, method: str) -> None:
    """The words of a pair whose rank judgements change under a method."""
    here = (current.dataset, current.backbone, current.pair, method)
    with_them, without = load.rankings(*here, judge=current.judge), load.rankings(*here)
    if with_them is None or without is None:
        return
    given = judge_load.judgements(current.dataset, judge=current.judge)
    right = judged.right_answers(load.pair_of(*here[:3]), given)
    if not right:
        return
    after, before = (frame.set_index("query")["rank"] for frame in (with_them, without))
    rows = [
        {
            "word": query.rpartition(".")[0],
            "POS": words.kinds(query.rpartition(".")[2]),
            "right answers now": ", ".join(answers) or "none: left out",
            "rank without": words.place(float(before.get(query, float("nan")))),
            "rank with": words.place(float(after[query])) if query in after else "–",
        }
        for query, answers in right.items()
    ]
    with st.expander(f"Words with other right answers: {len(rows)}, under {rankers.label(method)}"):
        take.table(pd.DataFrame(rows), name=f"judged-words-{current.pair}-{method}", hide_index=True,
                   alt="Words whose right answers were judged")  # fmt: skip
