"""What imports did: a report drawn whole, and those that a data set keeps."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cldi_core.imports.report import Report

from . import data_load, data_words, take, view
from .foreign import safe

LISTED = 500  # notes of a report
SHOWN = 20  # reports, the newest


def kept(current: view.View) -> None:
    """The reports of earlier imports, the newest first; one at a time is drawn."""
    st.subheader("Reports of earlier imports")
    found = data_load.reports(current.dataset)
    if not found:
        st.caption(data_words.NO_REPORTS)
        return
    titles = [data_words.heading(report) for report in found[:SHOWN]]
    places = list(range(len(titles)))
    place = st.selectbox(
        "Report", places, format_func=titles.__getitem__, key=f"report of {current.dataset} {len(found)}"
    )
    if len(found) > SHOWN:
        st.caption(f"The newest {SHOWN} of {len(found)}; all are in the folder imports of the data set.")
    one(found[place or 0], f"report-{place}")


def one(report: Report, key: str) -> None:
    """A report: how it ended, what was counted, and what was left out and changed.

    Args:
        key: what its tables are called, which nothing else on the page is.
    """
    (st.success if report.is_complete else st.warning)(safe(data_words.outcome(report)))
    if report.format:
        st.caption(safe(f"Taken for: {report.format}"))
    for remark in report.remarks:
        st.markdown(safe(remark))
    counted, kinds = data_words.counts(report.counts), data_words.kinds(report)
    left, right = st.columns([2, 3])
    if counted:
        with left:
            frame = pd.DataFrame(counted, columns=["counted", "number"])
            take.table(frame, name=f"{key}-counts", hide_index=True, alt="What was counted", height="content")
    if kinds:
        with right:
            take.table(pd.DataFrame(kinds), name=f"{key}-kinds", hide_index=True, height="content",
                       alt="What was left out and changed, by kind")  # fmt: skip
    found = data_words.notes(report)
    if found:
        with st.expander(f"Each of them ({len(found):,})"):
            take.table(pd.DataFrame(found[:LISTED]), name=f"{key}-notes", csv=pd.DataFrame(found), hide_index=True,
                       alt="Everything that was left out or changed")  # fmt: skip
            if len(found) > LISTED:
                st.caption(f"The first {LISTED}; the download has all {len(found):,}.")
