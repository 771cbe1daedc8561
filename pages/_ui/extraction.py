"""The backbones of a data set: where their features come from, what they lack; extractions and scorings to start."""

from __future__ import annotations

from types import ModuleType

import pandas as pd
import streamlit as st

from cldi_core.data.dataset import Dataset
from cldi_core.errors import CldiError
from cldi_core.evaluation import scoring_job
from cldi_core.evaluation.scoring_job import ScoringJob
from cldi_core.features import background
from cldi_core.features.backbones import BACKBONES, TIMM, label
from cldi_core.scoring.hardware import devices

from . import act, data_missing, data_tables, data_words, draw, load, take, words

EVERY = 1.0  # seconds between two looks at what runs
LISTED = 500  # pictures that failed
BACKBONE, OTHER, DEVICE = (f"extract {name}" for name in ("backbone", "other", "device"))  # widgets
Work = background.ExtractionJob | ScoringJob
KINDS: tuple[ModuleType, ...] = (background, scoring_job)  # of work: each has ``jobs``, ``start`` and ``cancel``


def panel(name: str) -> None:
    """The section of the Data page."""
    dataset = load.opened(name)
    if act.allowed():
        _form(name)
    busy = any(job.is_active for _, job in _jobs(dataset))
    act.said("features")
    st.fragment(_under_way, run_every=EVERY if busy else None)(name, busy)  # above the fold, as is what starts it
    data_missing.draw(name, begin)
    st.header("Backbones")
    if dataset.backbones:
        _cards(name, dataset)
    else:
        st.info("No features have been extracted yet.")


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
            _score(name, dataset, card.name)
    failed = [{"backbone": card.label, **row} for card in cards for row in card.failed]
    if failed:
        st.markdown(f"Pictures without features, and why ({len(failed):,}):")
        whole = pd.DataFrame(failed)[["backbone", "file", "reason", "id"]]
        numbers = data_tables.page("page", len(whole), LISTED)
        take.table(whole[numbers.start : numbers.stop], name="failed-pictures", csv=whole, hide_index=True,
                   alt="Pictures that could not be used")  # fmt: skip
        data_tables.pager("page", numbers, len(whole), LISTED, "pictures")


def _score(name: str, dataset: Dataset, backbone: str) -> None:
    """The next step after an extraction: the button that scores, or what is said in its place."""
    if not dataset.pairs:
        st.caption(data_words.NO_LIST_TO_SCORE)
        return
    due = scoring_job.is_due(dataset, backbone)
    if due:
        st.caption(data_words.NOT_SCORED)
    if act.allowed():
        st.button("Score", key=f"score {backbone}", icon=":material/leaderboard:", help=data_words.SCORING,
                  type="primary" if due else "secondary", on_click=score, args=(name, backbone))  # fmt: skip


def _form(name: str) -> None:
    with st.form("extract", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        # What is typed chooses among these: with new ones allowed, Enter would take what was typed for a name.
        st.selectbox(
            "Extract features", list(BACKBONES), format_func=label, filter_mode="contains", width=260, key=BACKBONE
        )
        st.text_input("or with any network of timm", placeholder=f"{TIMM}NAME", max_chars=200, width=230, key=OTHER)
        st.selectbox("on", devices(), width=110, key=DEVICE)
        st.form_submit_button("Start", icon=":material/play_arrow:", on_click=_begin_typed, args=(name,))
    st.caption("It runs on its own: you may go to other pages, close this one, or stop the server.")


def _begin_typed(name: str) -> None:
    state = st.session_state
    typed = str(state.get(OTHER) or "").strip()
    if typed and typed not in BACKBONES and not typed.startswith(TIMM):
        typed = f"{TIMM}{typed}"
    begin(name, typed or str(state.get(BACKBONE) or ""), str(state[DEVICE]))


def begin(name: str, backbone: str, device: str = "cpu") -> None:
    """Begin or go on with an extraction; for callbacks."""
    _start(background, name, backbone, device)


def score(name: str, backbone: str) -> None:
    """Begin or go on with scoring; for callbacks."""
    _start(scoring_job, name, backbone)


def _start(kind: ModuleType, name: str, *given: str) -> None:
    act.attempt(lambda: kind.start(load.opened(name), *given, by=act.who()), "features")


def _cancel(kind: ModuleType, name: str, backbone: str) -> None:
    act.attempt(lambda: kind.cancel(load.opened(name), backbone), "features")


def _jobs(dataset: Dataset) -> list[tuple[ModuleType, Work]]:
    return [(kind, job) for kind in KINDS for job in kind.jobs(dataset).values()]


def _under_way(name: str, busy: bool) -> None:
    try:
        jobs = _jobs(load.opened(name))
    except CldiError as error:  # a fragment reports its own errors, as the frame never sees them
        st.error(draw.safe(str(error)))
        return
    if busy != any(job.is_active for _, job in jobs):
        st.rerun()  # the whole page: it looks again and again only while something runs, and the cards have changed
    act.said("features")
    for kind, job in jobs:
        _one(name, kind, job)


def _one(name: str, kind: ModuleType, job: Work) -> None:
    """What became of one that is under way, or has ended before its end."""
    what = data_words.work(job)
    if job.state == "failed":
        st.error(draw.safe(f"{what}: {job.error}"))
        if not job.total:
            return
    if job.state == "done" and job.done >= job.total:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(job.share, draw.safe(f"{what}: {data_words.progress(job)}"))
        if act.allowed():
            text, icon, action = ("Cancel", "stop", _cancel) if job.is_active else ("Go on", "play_arrow", _start)
            st.button(text, key=f"{text} {what}", icon=f":material/{icon}:", on_click=action,
                      args=(kind, name, job.backbone))  # fmt: skip
