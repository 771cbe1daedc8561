"""The backbones of a data set: their cards, and extractions to start, watch and end."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cldi_core import jobs
from cldi_core.backbones import BACKBONES, TIMM, label
from cldi_core.dataset import Dataset
from cldi_core.errors import CldiError
from cldi_core.hardware import devices
from cldi_core.progress import Progress

from . import draw, load

EVERY = 1.0  # seconds between two looks at an extraction
LISTED = 500  # pictures that failed


def panel(name: str) -> None:
    """The section of the Data page."""
    st.subheader("Backbones")
    dataset = load.opened(name)
    if dataset.backbones:
        _cards(name, dataset)
    else:
        st.info("No features have been extracted yet.")
    _start(dataset)
    _watch(name, any(progress.running for progress in jobs.under_way(dataset).values()) or bool(jobs.starting(dataset)))


def _cards(name: str, dataset: Dataset) -> None:
    cards = [load.card(name, backbone) for backbone in dataset.backbones]
    st.dataframe(
        pd.DataFrame(
            {
                "backbone": [card.label for card in cards],
                "layer": [card.layer for card in cards],
                "numbers": [card.dim for card in cards],
                "pictures": [card.pictures for card in cards],
                "failed": [len(card.failed) for card in cards],
                "computed": [card.finished or "not recorded" for card in cards],
                "on": [f"{card.device}, {card.arithmetic}" for card in cards],
                "took": [card.took for card in cards],
                "weights": [card.weights[:12] for card in cards],
                "trained on": [card.source for card in cards],
                "licence of the weights": [card.licence for card in cards],
                "preprocessing": [card.preprocessing for card in cards],
            }
        ),
        hide_index=True,
        alt="Backbones with features",
    )
    failed = [{"backbone": card.label, **row} for card in cards for row in card.failed]
    if failed:
        st.caption(f"Pictures without features, and why ({len(failed)}):")
        columns = ["backbone", "file", "reason", "id"]
        st.dataframe(pd.DataFrame(failed[:LISTED])[columns], hide_index=True, alt="Pictures that could not be used")


def _start(dataset: Dataset) -> None:
    with st.form("extract", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        backbone = st.selectbox(
            "Extract features",
            list(BACKBONES),
            format_func=label,
            accept_new_options=True,
            width=300,
            help=f"One of the list, or {TIMM}NAME for any network of the timm library.",
        )
        device = st.selectbox("on", devices(), width=110)
        if st.form_submit_button("Start", icon=":material/play_arrow:") and backbone:
            try:
                jobs.start(dataset, backbone, device)
            except CldiError as error:
                st.error(draw.safe(str(error)))
    st.caption("It runs on its own: you may go to other pages, close this one, or stop the server.")


def _watch(name: str, busy: bool) -> None:
    st.fragment(_under_way, run_every=EVERY if busy else None)(name, busy)


def _under_way(name: str, busy: bool) -> None:
    try:
        dataset = load.opened(name)
        found = jobs.under_way(dataset)
        for backbone in jobs.starting(dataset):
            st.progress(0.0, draw.safe(f"{label(backbone)}: starting … {jobs.said(dataset, backbone)[:120]}"))
        for backbone, progress in found.items():
            _one(dataset, backbone, progress)
        for backbone, line in jobs.failed(dataset).items():
            st.error(draw.safe(f"{label(backbone)}: {line}"))
    except CldiError as error:  # a fragment reports its own errors, as the frame never sees them
        st.error(draw.safe(str(error)))
        return
    if busy and not jobs.starting(dataset) and not any(progress.running for progress in found.values()):
        st.rerun()  # the cards have changed


def _one(dataset: Dataset, backbone: str, progress: Progress) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(progress.share, draw.safe(f"{label(backbone)}: {progress.sentence}"))
        if progress.running:
            if st.button("Cancel", key=f"cancel {backbone}", icon=":material/stop:"):
                jobs.cancel(dataset, backbone)
                st.rerun(scope="fragment")
        elif st.button("Go on", key=f"continue {backbone}", icon=":material/play_arrow:"):
            jobs.start(dataset, backbone)
            st.rerun()
