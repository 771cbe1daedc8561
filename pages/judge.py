"""Judge: which wrong winners are acceptable after all, in the order in which that moves the figures most."""

from __future__ import annotations

import streamlit as st

from cldi_core.data.judgements import MAX_NAME
from pages._ui import act, draw, frame, judge_act, judge_list, judge_next, judge_tables, view

INTRODUCTION = (
    "Word lists are short: a candidate that wins may be a good translation that the list does not have. Judge the "
    "winners of missed words; what you find acceptable counts as a further right answer in the figures “with” your "
    "judgements, and nothing changes in those without."
)
KEPT = "in a file beside the data set that everybody here can see"


def name(current: view.View) -> None:
    """Ask under which name judgements are kept."""
    own = act.own_name()
    with st.form("judge name", border=True):
        if own:
            st.markdown(f"Your judgements are kept as **{draw.safe(own)}**, {KEPT}.")
        else:
            st.text_input(
                "Your name", key="judge name field", max_chars=MAX_NAME,
                help=f"Your judgements are kept under it, {KEPT}.",
            )  # fmt: skip
        st.form_submit_button("Begin", type="primary", on_click=judge_act.begin, args=(current, "judge name field"))
    if not own:
        st.caption("Judged here before? Choose your name under “Judgements” in the sidebar, or type it again.")


def main() -> None:
    """Draw the page."""
    current = view.current()
    st.title("Judge")
    st.caption(INTRODUCTION)
    judge_act.said()
    if not draw.ready(current, "judge"):
        return
    if not act.allowed(act.JUDGE):
        st.info(act.closed(act.JUDGE))
    elif current.judge and act.is_own(current.judge):
        judge_next.draw_next(current)
    else:
        name(current)
    if not current.judge:
        return
    judge_tables.beside(current)
    judge_list.draw(current)


frame.draw(main)
