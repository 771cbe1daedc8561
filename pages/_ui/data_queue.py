"""What runs and what waits: the queue of all long work that pages started, of every data set."""

from __future__ import annotations

import streamlit as st

from cldi_core.data import job_queue
from cldi_core.errors import CldiError

from . import act, data_words
from .foreign import safe

EVERY = 2.0  # seconds between two looks, while there is something


def draw() -> None:
    """A line for each job, first come, first served; nothing where there is none."""
    found = job_queue.tickets()
    if found:
        st.fragment(_lines, run_every=EVERY)([one.number for one in found])


def _lines(before: list[int]) -> None:
    try:
        found = job_queue.tickets()
    except CldiError as error:  # a fragment reports its own errors, as the frame never sees them
        st.error(safe(str(error)))
        return
    if not found and before:
        st.rerun()  # the whole page, which does not look any more
    for one in found:
        st.caption(safe(data_words.ticket(one, named=act.allowed())))
