"""How well a trained model does beside baselines, controls and chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from cldi_core.errors import CldiError
from cldi_core.evaluation.metrics import Interval
from cldi_core.evaluation.tables import interval_of
from cldi_core.pivot.models import Key

from . import draw, figures, load, pivot_load, pivot_words, take, view

TASKS = ("text→picture", "picture→text", "text→text")
WIDTHS = {"model": st.column_config.TextColumn(width=210)}


@st.fragment
def how_well(dataset: str, key: Key) -> None:
    """The section of the page; another task redraws this part alone."""
    st.header("How well", anchor=False)
    try:
        _measured(dataset, key)
    except CldiError as error:  # a fragment reports its own errors, as the frame never sees them
        st.error(draw.safe(str(error)))


def _measured(dataset: str, key: Key) -> None:
    """What was measured of one task, as a sentence and a table."""
    stale, again = pivot_load.left_out(dataset, key)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        task = view.one_of("task", TASKS)
        st.segmented_control("Task", TASKS, required=True, **view.widget("task", task, key="pivot task", tested=""))
        languages = pivot_load.tested(dataset, key, task)
        language = view.one_of("tested", languages or [""])
        if languages:
            st.segmented_control(
                "In", languages, required=True, **view.widget("tested", language, key=f"pivot tested {task}")
            )
    if not languages:
        command = load.command(dataset, "pivot evaluate", "--pair", key.pair, "--backbone", key.backbone)
        draw.empty(stale or "No model has been tested on this task yet.", again or command)
        return
    records = pivot_load.standing(dataset, key, task, language)
    st.markdown(draw.safe(pivot_words.verdict(key, pivot_load.margins(dataset, key, task, language))))
    shown = table(records, key.model)
    take.table(
        shown,
        name=f"pivot-recall-{key.pair}-{task}",
        hide_index=True,
        height="content",
        column_config=WIDTHS,
        alt=f"Recall and median rank, {task}",
    )
    st.caption(pivot_words.footnote(records[0], key.holdout))
    if stale:
        draw.empty(stale, again)


def table(records: Sequence[dict[str, Any]], chosen: str) -> pd.DataFrame:
    """R@k, the median rank and the share of unknown words, a row for each model, control and chance."""
    rows = []
    for one in records:
        chance = one["model"] == "chance"
        row = {"model": f"▸ {one['label']}" if one["model"] == chosen else one["label"]}
        for name in ("r@1", "r@5", "r@10"):
            row[name.upper()] = f"{one[name]:.2f}" if chance else figures.interval_text(interval_of(one, name))
        row["median rank"] = (
            f"{one['median_rank']:.1f}" if chance else rank_text(interval_of(one, "median_rank"), one["n"])
        )
        row |= {"n": one["n"], "seeds": one["seeds"], "words unknown": "" if chance else f"{one['unknown']:.0%}"}
        rows.append(row)
    return pd.DataFrame(rows)


def rank_text(interval: Interval, n: int) -> str:
    """``"17 [12, 22]"``, or ``"17 (n too small)"``."""
    return f"{round(interval.value, 1):g} {interval.bounds(lambda value, _: f'{value:.0f}')}"
