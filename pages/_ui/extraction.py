"""The backbones of a data set: where their features come from, and extractions to start, watch and end."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from cldi_core.data import permissions
from cldi_core.data.dataset import Dataset
from cldi_core.errors import CldiError
from cldi_core.features import background
from cldi_core.features.backbones import BACKBONES, TIMM, label
from cldi_core.features.background import ExtractionJob
from cldi_core.scoring.hardware import devices

from . import act, draw, load, take, words

EVERY = 1.0  # seconds between two looks at an extraction
PROBLEM, CHANGED = "extraction problem", "extraction changed"  # keys of the session
LISTED = 500  # pictures that failed


def panel(name: str) -> None:
    """The section of the Data page."""
    st.subheader("Backbones")
    dataset = load.opened(name)
    if dataset.backbones:
        _cards(name, dataset)
    else:
        st.info("No features have been extracted yet.")
    if act.allowed():
        _start(name)
    _watch(name, any(job.is_active for job in background.jobs(dataset).values()))


def _cards(name: str, dataset: Dataset) -> None:
    cards = [load.provenance_of(name, backbone) for backbone in dataset.backbones]
    jobs = background.jobs(dataset)
    columns = st.columns(min(len(cards), 3))
    for place, card in enumerate(cards):
        with columns[place % len(columns)].container(border=True):
            st.markdown(f"**{draw.safe(card.label)}**")
            job = jobs.get(card.name)
            for line in words.provenance(card, job.made if job else None):
                st.caption(draw.safe(line))
    failed = [{"backbone": card.label, **row} for card in cards for row in card.failed]
    if failed:
        st.markdown(f"Pictures without features, and why ({len(failed)}):")
        shown = pd.DataFrame(failed[:LISTED])[["backbone", "file", "reason", "id"]]
        take.table(shown, name="failed-pictures", hide_index=True, alt="Pictures that could not be used")


def _start(name: str) -> None:
    with st.form("extract", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Extract features",
            list(BACKBONES),
            format_func=label,
            accept_new_options=True,
            width=300,
            key="extract backbone",
            help=f"One of the list, or {TIMM}NAME for any network of the timm library.",
        )
        st.selectbox("on", devices(), width=110, key="extract device")
        st.form_submit_button("Start", icon=":material/play_arrow:", on_click=_begin, args=(name,))
    problem = st.session_state.pop(PROBLEM, "") if CHANGED not in st.session_state else ""
    if problem:
        st.error(draw.safe(problem))
    st.caption("It runs on its own: you may go to other pages, close this one, or stop the server.")


def _begin(name: str) -> None:
    chosen, device = st.session_state["extract backbone"], st.session_state["extract device"]
    _tried(background.start, name, chosen or "", device)


def _tried(action: Callable[..., None], name: str, *given: str) -> None:
    """Do what a button asks for; what is wrong with it is shown by the run that follows."""
    st.session_state[CHANGED] = True
    try:
        permissions.refuse()
        action(load.opened(name), *given)
    except CldiError as error:
        st.session_state[PROBLEM] = str(error)


def _watch(name: str, busy: bool) -> None:
    st.fragment(_under_way, run_every=EVERY if busy else None)(name, busy)


def _under_way(name: str, busy: bool) -> None:
    if st.session_state.pop(CHANGED, False):
        st.rerun()  # the whole page: it looks again and again only while something runs
    try:
        jobs = background.jobs(load.opened(name))
    except CldiError as error:  # a fragment reports its own errors, as the frame never sees them
        st.error(draw.safe(str(error)))
        return
    for job in jobs.values():
        _one(name, job)
    if busy and not any(job.is_active for job in jobs.values()):
        st.rerun()  # the cards have changed


def _one(name: str, job: ExtractionJob) -> None:
    shown = label(job.backbone)
    if job.state == "failed":
        st.error(draw.safe(f"{shown}: {job.error}"))
    if job.state == "starting":
        st.progress(0.0, draw.safe(f"{shown}: starting … {job.said[:120]}"))
    elif job.state in ("running", "interrupted") or job.done < job.total:
        _bar(name, job, draw.safe(f"{shown}: {words.progress(job)}"))


def _bar(name: str, job: ExtractionJob, told: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(job.share, told)
        if not act.allowed():
            return
        text, icon, action = (
            ("Cancel", "stop", background.cancel) if job.is_active else ("Go on", "play_arrow", background.start)
        )
        st.button(
            text,
            key=f"{text} {job.backbone}",
            icon=f":material/{icon}:",
            on_click=_tried,
            args=(action, name, job.backbone),
        )
