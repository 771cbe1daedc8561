"""What imports did: a report drawn whole, and those that a data set keeps."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cldi_core.imports.report import Report

from . import data_load, data_tables, data_words, take, view
from .foreign import safe

LISTED = 200  # notes that are shown at once
WIDTHS = {"": 70, "why": 160, "where": 190, "what": 470}  # pixels; all is seen on a screen of 1280


def kept(current: view.View) -> None:
    """The reports of earlier imports, the newest first; one at a time is drawn."""
    st.header("Reports of earlier imports")
    found = data_load.reports(current.dataset)
    if not found:
        st.caption(data_words.NO_REPORTS)
        return
    name = view.one_of("report", list(found))
    titles = {own: data_words.heading(report) for own, report in found.items()}
    st.selectbox(f"Report ({len(found):,})", list(found), format_func=titles.__getitem__, filter_mode="contains",
                 **view.widget("report", name))  # fmt: skip
    report = found[name]
    _outcome(report, "report")
    rows = pd.DataFrame(data_words.notes(report))
    if rows.empty:
        return
    kinds = [data_words.EVERY, *dict.fromkeys(rows["why"])]
    kind = view.one_of("why", kinds)
    if len(kinds) > 2:
        st.selectbox("Why", kinds, **view.widget("why", kind))
    if kind != data_words.EVERY:
        rows = rows[rows["why"] == kind]
    numbers = data_tables.page("page", len(rows), LISTED)
    _notes(rows, f"{name}-notes", numbers)
    data_tables.pager("page", numbers, len(rows), LISTED, "files and lines; the CSV has all", report=name, why=kind)
    if more := data_words.uncounted(report):
        st.caption(more)


def one(report: Report, key: str) -> None:
    """What was found by a look that has stored nothing yet.

    Args:
        key: what its tables are called, which nothing else on the page is.
    """
    _outcome(report, key)
    rows = pd.DataFrame(data_words.notes(report))
    if not rows.empty:
        with st.expander(f"Each of them ({len(rows):,})"):
            _notes(rows, f"{key}-notes", range(min(LISTED, len(rows))))
            if len(rows) > LISTED:
                st.caption(f"The first {LISTED}; the download has all {len(rows):,}.")


def _outcome(report: Report, key: str) -> None:
    """How an import ended, what was counted, and what was left out and changed, by kind."""
    (st.success if report.is_complete else st.warning)(safe(data_words.outcome(report)))
    if report.format:
        st.caption(safe(f"Taken for: {report.format}"))
    for remark in report.remarks:
        st.markdown(safe(remark))
    counted, kinds = data_words.counts(report.counts), pd.DataFrame(data_words.kinds(report))
    left, right = st.columns([2, 3])
    if counted:
        with left:
            frame = pd.DataFrame(counted, columns=["counted", "number"])
            take.table(frame, name=f"{key}-counts", hide_index=True, alt="What was counted", height="content")
    if not kinds.empty:
        with right:
            take.table(kinds, name=f"{key}-kinds", hide_index=True, height="content",
                       column_config=data_tables.numbers(kinds),
                       alt="What was left out and changed, by kind")  # fmt: skip


def _notes(rows: pd.DataFrame, name: str, numbers: range) -> None:
    """Each thing that was left out or changed: a page of them; the download has all."""
    take.table(rows.iloc[numbers.start : numbers.stop], name=name, csv=rows, hide_index=True,
               alt="Everything that was left out or changed",
               column_config={column: st.column_config.TextColumn(width=width) for column, width in WIDTHS.items()},
    )  # fmt: skip
