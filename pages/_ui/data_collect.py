"""Image search for the words of a list: a dry run, then a collection to start, watch, stop and go on with."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cldi_core.collect import job
from cldi_core.collect.job import CollectionJob, Wanted
from cldi_core.collect.keys import missing_keys
from cldi_core.collect.planning import MOST, Plan, plan
from cldi_core.collect.providers import PROVIDERS
from cldi_core.collect.run import check_contact
from cldi_core.data.wordlists import pair_languages
from cldi_core.errors import CldiError, CollectError

from . import act, data_words, load, take, view
from .foreign import safe

EVERY = 1.0  # seconds between two looks at a collection
WANTED = "collection wanted"  # of the session
PROVIDER, PER_WORD, SIDES, CONTACT, REQUESTS, MEGABYTES, REPLACE = (
    f"collect {name}" for name in ("provider", "per word", "languages", "contact", "requests", "megabytes", "replace")
)


def draw(current: view.View) -> None:
    """The section of the Data page."""
    if not current.pair:
        st.info(data_words.NO_LIST_TO_COLLECT)
        return
    if act.allowed():
        _ask(current)
        act.said("collect")
        _dry_run(current)
    else:
        st.info(act.closed())
    jobs = job.jobs(load.opened(current.dataset))
    if jobs:
        st.header("Collections")
        busy = any(one.is_active for one in jobs.values())
        st.fragment(_watch, run_every=EVERY if busy else None)(current.dataset, busy)


def _ask(current: view.View) -> None:
    with st.form("collect", border=True):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.selectbox(
                "From", list(PROVIDERS), format_func=lambda name: PROVIDERS[name].label, key=PROVIDER, width=230
            )
            st.number_input("Pictures a word", 1, MOST, 50, key=PER_WORD, width=130)
            st.pills("Languages", pair_languages(current.pair), selection_mode="multi", key=SIDES,
                     default=pair_languages(current.pair))  # fmt: skip
            st.number_input("At most requests", 0, 10_000_000, 0, key=REQUESTS, width=150, help=data_words.NO_LIMIT)
            st.number_input("At most MB", 0, 10_000_000, 0, key=MEGABYTES, width=130, help=data_words.NO_LIMIT)
        st.text_input("Your e-mail address or page", key=CONTACT, max_chars=200, help=data_words.CONTACT)
        st.checkbox(data_words.REPLACE, key=REPLACE)
        st.form_submit_button(
            "Dry run", icon=":material/calculate:", on_click=ask, args=(current.dataset, current.pair)
        )


def ask(name: str, pair: str) -> None:
    """See what the form would cost; for callbacks.  Nothing is asked of anybody."""

    def do() -> list[str]:
        state = st.session_state
        wanted = Wanted(
            pair, str(state[PROVIDER]), int(state[PER_WORD]), str(state.get(CONTACT) or "").strip(),
            tuple(state.get(SIDES) or ()), bool(state.get(REPLACE)), int(state.get(REQUESTS) or 0),
            int(state.get(MEGABYTES) or 0) * 1_000_000,
        )  # fmt: skip
        _planned(name, wanted)
        st.session_state[WANTED] = (name, wanted)
        return []

    st.session_state.pop(WANTED, None)
    act.attempt(do, "collect")


def _planned(name: str, wanted: Wanted) -> Plan:
    return plan(load.opened(name), wanted.pair, wanted.provider, wanted.per_word, languages=wanted.languages,
                replace=wanted.replace)  # fmt: skip


def _dry_run(current: view.View) -> None:
    """What was asked to be calculated, and the button that begins it."""
    name, wanted = st.session_state.get(WANTED, ("", None))
    if name != current.dataset or wanted is None or wanted.pair != current.pair:
        return
    found = _planned(name, wanted)
    with st.container(border=True):
        st.markdown(f"**{safe(data_words.planned(found))}**")
        st.caption(safe(data_words.provider(found.provider)))
        take.table(pd.DataFrame(data_words.plan(found), columns=["what", "how much"]), name="dry-run", hide_index=True,
                   alt="What the collection would take", height="content")  # fmt: skip
        for variable in found.missing_keys:
            st.text_input(safe(variable), type="password", key=_key(variable), help=data_words.KEY)
        st.button("Start", type="primary", icon=":material/play_arrow:", key="collect start", on_click=begin,
                  args=(name, wanted, found.missing_keys), disabled=not found.todo)  # fmt: skip


def begin(name: str, wanted: Wanted, variables: tuple[str, ...] = ()) -> None:
    """Begin or go on with a collection; for callbacks.

    Args:
        variables: of keys that the server's environment lacks; what was typed for them is kept nowhere.
    """

    def do() -> list[str]:
        check_contact(wanted.contact)
        places = {variable: (_key(variable), _key(variable, wanted.provider)) for variable in variables}
        typed = {variable: [st.session_state.pop(key, "") for key in keys] for variable, keys in places.items()}
        keys = {variable: next((str(key).strip() for key in own if key), "") for variable, own in typed.items()}
        if lost := [variable for variable, key in keys.items() if not key]:
            raise CollectError(data_words.no_key(PROVIDERS[wanted.provider], lost))
        job.start(load.opened(name), wanted, keys, act.who())
        st.session_state.pop(WANTED, None)
        return []

    act.attempt(do, "collect")


def stop(name: str, provider: str) -> None:
    """End a collection; for callbacks."""
    act.attempt(lambda: job.cancel(load.opened(name), provider), "collect")


def _key(variable: str, provider: str = "") -> str:
    """The widget of a key: that of the dry run, or that beside the collection from a provider."""
    return f"key {variable} {provider}".rstrip()


def _watch(name: str, busy: bool) -> None:
    try:
        jobs = job.jobs(load.opened(name))
    except CldiError as error:  # a fragment reports its own errors, as the frame never sees them
        st.error(safe(str(error)))
        return
    if busy != any(one.is_active for one in jobs.values()):
        st.rerun()  # the whole page: it looks again and again only while something runs
    act.said("collect")
    for one in jobs.values():
        _one(name, one)


def _one(name: str, one: CollectionJob) -> None:
    shown = safe(f"{PROVIDERS[one.provider].label}, {one.wanted.pair}: {data_words.collecting(one)}")
    if one.error:
        st.warning(safe(f"{PROVIDERS[one.provider].label}: {one.error}"))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(one.share, shown)
        if not act.allowed():
            return
        if one.is_active:
            st.button("Stop", key=f"stop {one.provider}", icon=":material/stop:", on_click=stop,
                      args=(name, one.provider))  # fmt: skip
        elif one.state != "done":
            lost = missing_keys(PROVIDERS[one.provider])
            for variable in lost:
                st.text_input(safe(variable), type="password", key=_key(variable, one.provider), width=220,
                              help=data_words.KEY, placeholder=data_words.KEY_ASKED)  # fmt: skip
            st.button("Go on", key=f"go on {one.provider}", icon=":material/play_arrow:", on_click=begin,
                      args=(name, one.wanted, lost))  # fmt: skip
