"""What a name has judged so far: a table to withdraw from, a download, and a table to take in."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from cldi_core.data import judgement_tables
from cldi_core.data.counting import counted
from cldi_core.data.judgements import Judgement

from . import act, judge_act, judge_load, load, take, view, words
from .foreign import safe

LARGEST = max(1, judgement_tables.MAX_BYTES // 1_000_000)  # MB of an upload


def draw(current: view.View) -> None:
    """The table, and what can be done with it."""
    given = judge_load.judgements(current.dataset, judge=current.judge)[::-1]  # the last one first
    st.header(f"Judged by {safe(current.judge)}")
    if given:
        _table(current, given)
    else:
        st.caption("Nothing yet.")
    left, right = st.columns([3, 2], gap="large")
    own = act.allowed(act.JUDGE) and act.is_own(current.judge)
    if own:
        with left:
            _take_in(current)
    with right:
        if given:
            st.download_button(
                "Download as TSV", judgement_tables.to_tsv(given[::-1], current.judge).encode(), file_name(current),
                "text/tab-separated-values", icon=":material/download:",
            )  # fmt: skip
        options = ("--name", current.judge, "--as", "list", "--pair", current.pair)
        st.caption("As a word list, in which what is acceptable is right, for another data set:")
        st.code(load.command(current.dataset, f"judgements export {current.pair}.tsv", *options), language="bash")
        if own or act.allowed():
            with st.popover("Delete all", icon=":material/delete:"):
                st.markdown(
                    f"This deletes {counted(len(given), 'judgement')} of {safe(current.judge)}, those of all pairs, "
                    "and the name."
                )
                st.button("Delete them", key="judge delete", on_click=judge_act.delete, args=(current,))


def _take_in(current: view.View) -> None:
    with st.form("judge take in", clear_on_submit=True, border=True):
        st.file_uploader(
            f"Take in a table (TSV with {', '.join(judgement_tables.NEEDED)})",
            type=["tsv", "txt", "tab"], key="judge table", max_upload_size=LARGEST,
        )  # fmt: skip
        st.form_submit_button("Take in", on_click=judge_act.take_in, args=(current, "judge table"))


def file_name(current: view.View) -> str:
    """What a download is called, whatever the names hold."""
    name = load.opened(current.dataset).name
    return take.file_name("-".join(("judgements", name[:60], current.judge[:60])), ".tsv")


def _table(current: view.View, given: tuple[Judgement, ...]) -> None:
    shown = pd.DataFrame(
        {
            "pair": [one.pair for one in given],
            "word": [one.word for one in given],
            "POS": [words.kinds(one.pos) for one in given],
            "candidate": [one.candidate for one in given],
            "verdict": [one.verdict for one in given],
            "note": [one.note for one in given],
            "when (UTC)": [one.time.replace("T", " ").removesuffix("Z") for one in given],
        }
    )
    event = take.table(
        shown, name=f"judgements-{current.judge}", alt="What was judged so far, the last one first",
        key=f"judged {current.judge} {given[0].time} {len(given)}", hide_index=True, on_select="rerun",
        selection_mode="multi-row",
    )  # fmt: skip
    chosen = [given[row].key for row in event.selection.rows if row < len(given)]
    if not (act.allowed() or (act.allowed(act.JUDGE) and act.is_own(current.judge))):
        return
    st.button(
        f"Withdraw {len(chosen)}" if chosen else "Withdraw", icon=":material/remove_done:", key="withdraw",
        disabled=not chosen, on_click=judge_act.withdraw, args=(current, chosen),
        help="Tick rows of the table first",
    )  # fmt: skip
